package call

import (
	"math"
	"time"

	"huawu/mediarelay/media"
)

// The tones of the Chinese network (GB/T 3380): 450 Hz throughout. They are
// what a caller hears where a route names no prompt.
const (
	toneHz   = 450
	toneRate = 8000
)

// tones are made once and shared by all calls of a relay.
type tones struct {
	ringback   media.Clip // 1 s on, 4 s off
	congestion media.Clip // 0.7 s on, 0.7 s off, three times
	cover      media.Clip // a soft tick every two seconds
}

func makeTones() tones {
	return tones{
		ringback:   tone(0.1, time.Second, 4*time.Second, 1),
		congestion: tone(0.1, 700*time.Millisecond, 700*time.Millisecond, 3),
		cover:      tone(0.02, 60*time.Millisecond, 1940*time.Millisecond, 1),
	}
}

// tone is a sine of a level (1 is full scale), on and off, so many times. Its
// ends are ramped over 5 ms, so that it does not click.
func tone(level float64, on, off time.Duration, times int) media.Clip {
	sounding, silent := samples(on), samples(off)
	pcm := make([]int16, 0, times*(sounding+silent))
	ramp := float64(toneRate / 200)
	for range times {
		for i := range sounding {
			gain := min(1, float64(i)/ramp, float64(sounding-i)/ramp)
			pcm = append(pcm, int16(gain*level*math.MaxInt16*math.Sin(2*math.Pi*toneHz*float64(i)/toneRate)))
		}
		pcm = append(pcm, make([]int16, silent)...)
	}
	return media.NewClip(pcm)
}

func samples(d time.Duration) int { return int(d * toneRate / time.Second) }
