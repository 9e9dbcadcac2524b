package trunk

import (
	"slices"
	"sync"
	"time"

	"huawu/shared/fault"
)

// ErrFull is returned by Enter when a trunk has no room for another call or
// gets too many new ones at once. SIP answers 503 with Retry-After.
var ErrFull = fault.New(fault.Throttled, "trunk: no room for another call")

// Gate counts the calls of every trunk against its limits. It is safe for
// concurrent use.
type Gate struct {
	now  func() time.Time
	mu   sync.Mutex
	used map[string]*use // tenant|id
}

type use struct {
	calls  int
	tokens float64 // new calls allowed at once; at most one second's worth, at least one
	filled time.Time
}

// NewGate returns a gate that reads the time from now.
func NewGate(now func() time.Time) *Gate {
	return &Gate{now: now, used: map[string]*use{}}
}

// Enter counts a new call of the trunk, or returns ErrFull. The call's end is
// told by leave, which may be called more than once.
func (g *Gate) Enter(t Trunk) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := t.Tenant + "|" + t.ID
	u := g.used[key]
	if u == nil {
		u = &use{tokens: max(1, t.CPS), filled: g.now()}
		g.used[key] = u
	}
	if t.MaxCalls > 0 && u.calls >= t.MaxCalls {
		return nil, ErrFull
	}
	if t.CPS > 0 {
		now := g.now()
		u.tokens = min(max(1, t.CPS), u.tokens+now.Sub(u.filled).Seconds()*t.CPS)
		u.filled = now
		if u.tokens < 1 {
			return nil, ErrFull
		}
		u.tokens--
	}
	u.calls++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		u.calls--
		g.mu.Unlock()
	}), nil
}

// Room reports whether Enter would take a call now.
func (g *Gate) Room(t Trunk) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.used[t.Tenant+"|"+t.ID]
	if u == nil {
		return true
	}
	return (t.MaxCalls <= 0 || u.calls < t.MaxCalls) && (t.CPS <= 0 || min(max(1, t.CPS), u.tokens+g.now().Sub(u.filled).Seconds()*t.CPS) >= 1)
}

// Calls returns how many calls of a trunk are up.
func (g *Gate) Calls(t Trunk) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if u := g.used[t.Tenant+"|"+t.ID]; u != nil {
		return u.calls
	}
	return 0
}

// shunTime is how long an address that failed is tried last.
const shunTime = 30 * time.Second

// Health remembers which addresses did not answer, so that the next call does
// not wait for them again. It is safe for concurrent use.
type Health struct {
	now  func() time.Time
	mu   sync.Mutex
	shun map[string]time.Time // until when
}

// NewHealth returns a Health that reads the time from now.
func NewHealth(now func() time.Time) *Health {
	return &Health{now: now, shun: map[string]time.Time{}}
}

// Failed notes that an address did not answer or answered 503.
func (h *Health) Failed(addr string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shun[addr] = h.now().Add(shunTime)
}

// Worked notes that an address answered.
func (h *Health) Worked(addr string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.shun, addr)
}

// Order returns the addresses with those that failed lately last, else as given.
// None is left out: when all failed, trying is better than refusing.
func (h *Health) Order(addrs []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	good, bad := make([]string, 0, len(addrs)), []string(nil)
	for _, a := range addrs {
		switch until, failed := h.shun[a]; {
		case failed && until.After(now):
			bad = append(bad, a)
		default:
			delete(h.shun, a)
			good = append(good, a)
		}
	}
	return slices.Concat(good, bad)
}
