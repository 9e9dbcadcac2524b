package call

import (
	"sync"
	"sync/atomic"
	"time"
)

// gate lets calls in at a rate, with a burst of one second.
type gate struct {
	rate float64 // per second; 0 sets no limit
	mu   sync.Mutex
	room float64
	last time.Time
}

func (g *gate) enter(now time.Time) bool {
	if g.rate <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	burst := max(g.rate, 1)
	if g.last.IsZero() {
		g.room = burst
	} else if gone := now.Sub(g.last); gone > 0 {
		g.room = min(burst, g.room+gone.Seconds()*g.rate)
	}
	g.last = now
	if g.room < 1 {
		return false
	}
	g.room--
	return true
}

type counters struct {
	started, ended, refused     atomic.Uint64
	asked, failed, invalid      atomic.Uint64
	updates, dropped, repeated  atomic.Uint64
	actions, failedActions      atomic.Uint64
	fallbacks, covers, overLong atomic.Uint64
	journal, panics             atomic.Uint64
}

// Counters is what the calls of a relay have counted since it started.
type Counters struct {
	Live            int    // up now
	Started, Ended  uint64 // calls
	Refused         uint64 // by admission
	Asked           uint64 // events sent to the function
	AskFailed       uint64 // events without an answer
	InvalidAnswers  uint64
	Updates         uint64 // commands given to a call
	DroppedUpdates  uint64 // expired, malformed or for no call
	RepeatedUpdates uint64
	Actions         uint64 // begun
	FailedActions   uint64
	Fallbacks       uint64 // calls that fell back
	Covers          uint64 // times a slow function was covered
	OverLimit       uint64 // calls that reached the limit of invocations
	JournalErrors   uint64
	Panics          uint64 // calls that ended by a bug
}

// Count returns the counters.
func (c *Calls) Count() Counters {
	n := &c.count
	return Counters{
		Live: c.Len(), Started: n.started.Load(), Ended: n.ended.Load(), Refused: n.refused.Load(),
		Asked: n.asked.Load(), AskFailed: n.failed.Load(), InvalidAnswers: n.invalid.Load(),
		Updates: n.updates.Load(), DroppedUpdates: n.dropped.Load(), RepeatedUpdates: n.repeated.Load(),
		Actions: n.actions.Load(), FailedActions: n.failedActions.Load(),
		Fallbacks: n.fallbacks.Load(), Covers: n.covers.Load(), OverLimit: n.overLong.Load(), JournalErrors: n.journal.Load(), Panics: n.panics.Load(),
	}
}
