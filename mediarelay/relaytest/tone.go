// Package relaytest is the other side of the relay: a carrier's gateway and a
// desk phone that place and take real calls, speak, press keys and recognise
// what they hear. Tests use it, and so does `huawu call demo`. It decides nothing
// about a call; what happened in one is for the caller to judge.
package relaytest

import (
	"math"
	"time"
)

// rate is the sample rate of the telephone.
const rate = 8000

// Tone returns samples of one frequency at a level well below clipping.
func Tone(hz float64, d time.Duration) []int16 {
	pcm := make([]int16, int(d*rate/time.Second))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	return pcm
}

// Loudness is the root mean square of samples, 0 to 32767.
func Loudness(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

// Share is how much of the power of samples lies at a frequency, 0 to 1, by
// Goertzel's algorithm. A pure tone of that frequency has about 1.
func Share(pcm []int16, hz float64) float64 {
	if len(pcm) == 0 {
		return 0
	}
	k := 2 * math.Cos(2*math.Pi*hz/rate)
	var s1, s2, power float64
	for _, x := range pcm {
		s := float64(x) + k*s1 - s2
		s2, s1 = s1, s
		power += float64(x) * float64(x)
	}
	if power == 0 {
		return 0
	}
	at := s1*s1 + s2*s2 - k*s1*s2
	return min(1, 2*at/(power*float64(len(pcm))))
}

// Frequency returns the strongest frequency between 100 and 3,400 Hz, to 1 Hz,
// and its share of the power. Give it at least 100 ms.
func Frequency(pcm []int16) (hz, share float64) {
	look := func(from, to, step float64) {
		for f := from; f <= to; f += step {
			if s := Share(pcm, f); s > share {
				hz, share = f, s
			}
		}
	}
	look(100, 3400, 4)
	look(hz-3, hz+3, 1)
	return hz, share
}
