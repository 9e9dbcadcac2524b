package media

import "time"

const (
	tick = int64(time.Millisecond)
	// spare is a rest of a tick too short to sleep.
	spare = int64(20 * time.Microsecond)
	// tooLate is when a frame's time has passed so far that it is left out.
	tooLate = int64(60 * time.Millisecond)
)

// clock gives a worker the time in nanoseconds of the system's monotonic clock,
// and the wall time that goes with it. Wall time does not jump while calls are
// up, so recordings keep their length when the system's clock is set.
type clock struct {
	base time.Time
	mono int64
}

func newClock() clock { return clock{time.Now(), monotonic()} }

func (c clock) now() int64 { return c.mono + int64(time.Since(c.base)) }

func (c clock) wall(at int64) time.Time {
	return c.base.Add(time.Duration(at - c.mono)).Round(0).UTC()
}

func (c clock) unixNano(at int64) int64 { return c.base.UnixNano() + at - c.mono }
