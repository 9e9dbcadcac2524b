package media

import (
	"time"

	"huawu/mediarelay/media/g711"
)

// Clip is audio ready to send, in both laws. It is never changed, so all calls
// share it.
type Clip struct{ mu, a []byte }

// Playlist is played in order. ID comes back in PlayDone. A looped list has no
// end; it goes on from its last sample to its first without a jump in time.
type Playlist struct {
	ID    uint64
	Clips []Clip
	Loop  bool
	Gap   time.Duration // silence between clips, and before a loop begins again
}

// NewClip codes samples at 8 kHz.
func NewClip(pcm []int16) Clip {
	return Clip{
		mu: g711.EncodeMuTo(make([]byte, 0, len(pcm)), pcm),
		a:  g711.EncodeATo(make([]byte, 0, len(pcm)), pcm),
	}
}

// Duration is how long the clip plays.
func (c Clip) Duration() time.Duration { return sampleTime(len(c.mu)) }

// in returns the clip's codes in a law.
func (c Clip) in(l Law) []byte {
	if l == PCMA {
		return c.a
	}
	return c.mu
}

// sampleTime is how long n samples at 8 kHz last.
func sampleTime(n int) time.Duration { return time.Duration(n) * time.Second / 8000 }

// samples is how many samples at 8 kHz d holds.
func samples(d time.Duration) int { return int(d * 8000 / time.Second) }
