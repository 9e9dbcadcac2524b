package localcloud

import (
	"bytes"
	"slices"
	"time"

	"huawu/shared/cloud/localcloud/internal/kv"
)

// history remembers what was replaced lately, for reads that are behind.
type history struct {
	keep    time.Duration // 0: remember nothing
	changes []replaced    // in the order of at
}

type replaced struct {
	at    time.Time
	space kv.Space
	key   []byte
	was   []byte // nil: there was nothing
}

func (c *Cloud) remember(at time.Time, s kv.Space, key, was []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &c.history
	if h.keep == 0 {
		h.changes = nil
		return
	}
	h.changes = append(h.changes, replaced{at, s, bytes.Clone(key), bytes.Clone(was)})
	drop := 0
	for drop < len(h.changes) && at.Sub(h.changes[drop].at) > h.keep {
		drop++
	}
	h.changes = h.changes[drop:]
}

// past returns, for a read that is behind by chance, the values under prefix
// that have been replaced since; nil stands for absent. Mostly it is empty.
func (c *Cloud) past(s kv.Space, prefix []byte) map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	delay := c.faults.ReadDelay
	if s == spaceIndex {
		delay = c.faults.IndexDelay
	}
	if delay <= 0 || len(c.history.changes) == 0 {
		return nil
	}
	asOf := c.now().Add(-time.Duration(c.rand.Int64N(int64(delay) + 1)))
	old := map[string][]byte{}
	for _, r := range slices.Backward(c.history.changes) { // the oldest after asOf wins
		if r.space == s && r.at.After(asOf) && bytes.HasPrefix(r.key, prefix) {
			old[string(r.key)] = r.was
		}
	}
	return old
}

func sortByAge(t []tokenAge) {
	slices.SortFunc(t, func(a, b tokenAge) int { return a.used.Compare(b.used) })
}
