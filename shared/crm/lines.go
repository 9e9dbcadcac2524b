package crm

import (
	"sync"
	"time"
)

// A receiver that hangs or fails must not take the time of the others. So a slow
// one gets few attempts at the same time, and one that fails in a row rests.
const (
	slowAfter   = 2 * time.Second
	slowLines   = 3
	restAfter   = 3 // failures in a row
	restFirst   = 30 * time.Second
	restLongest = 5 * time.Minute
)

// lines knows, in this process only, how the endpoints behave.
type lines struct {
	mu   sync.Mutex
	open map[string]*line
}

type line struct {
	busy   int
	since  time.Time // when the attempt that is under way longest began, about
	fails  int       // in a row
	rested time.Time // no attempt before it
}

func (l *lines) of(e Endpoint) *line {
	name := e.Tenant + "|" + e.ID
	if l.open[name] == nil {
		l.open[name] = &line{}
	}
	return l.open[name]
}

// take returns 0 if an attempt may begin, which leave or done must end, else how
// long to wait.
func (l *lines) take(e Endpoint, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.of(e)
	if wait := x.rested.Sub(now); wait > 0 {
		return wait
	}
	if x.busy >= slowLines && now.Sub(x.since) > slowAfter {
		return waitStep
	}
	if x.busy == 0 {
		x.since = now
	}
	x.busy++
	if x.fails >= restAfter { // one tries; the others rest until it is known what came of it
		x.rested = now.Add(deliveryTimeout)
	}
	return 0
}

// leave gives back a line that was not used.
func (l *lines) leave(e Endpoint, taken bool) {
	if !taken {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.of(e)
	x.busy--
	x.rested = time.Time{}
}

// done gives a line back and learns from the attempt.
func (l *lines) done(e Endpoint, took bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.of(e)
	x.busy--
	x.since = now
	if took {
		x.fails, x.rested = 0, time.Time{}
		return
	}
	x.fails++
	if n := x.fails - restAfter; n >= 0 {
		x.rested = now.Add(min(restFirst<<min(n, 10), restLongest))
	}
}
