package acd

import (
	"cmp"
	"slices"
	"time"

	"huawu/shared/contact"
)

// Pair is a contact and the agent who is to get it.
type Pair struct {
	Waiting Waiting
	Free    Free
}

// Match decides who gets whom. Queues that a routing profile names with a lower
// priority number go first; among them contacts in the order of their ranks;
// each gets, of the agents who may have it, the one with the highest level of
// the skills it needs, then the longest idle. No contact and no agent is in two
// pairs.
//
// later is the earliest time at which a pair of those left over may fit that does
// not yet, because of a profile's delay or an exclusion; zero if there is none: whoever acts on
// the pairs must come back then, as nothing else will.
//
// It takes O(priorities × contacts × agents) and changes no argument.
func Match(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile) (pairs []Pair, later time.Time) {
	m := matching{now: now, profiles: profiles, free: slices.Clone(free)}
	waiting = slices.Clone(waiting)
	slices.SortFunc(waiting, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), a.Enqueued.Compare(b.Enqueued), cmp.Compare(a.Contact, b.Contact))
	})
	for _, priority := range m.priorities() {
		rest := waiting[:0:0]
		for n, w := range waiting {
			if len(m.free) == 0 {
				rest = append(rest, waiting[n:]...)
				break
			}
			if best := m.best(w, priority); best >= 0 {
				pairs = append(pairs, Pair{w, m.free[best]})
				m.free = slices.Delete(m.free, best, best+1)
			} else {
				rest = append(rest, w)
			}
		}
		waiting = rest
	}
	return pairs, m.later
}

// matching is what one Match knows.
type matching struct {
	now      time.Time
	profiles map[string]Profile
	free     []Free
	later    time.Time
}

// priorities returns the distinct priorities of the profiles of free agents, in order.
func (m *matching) priorities() []int {
	var all []int
	for _, f := range m.free {
		for _, q := range m.profiles[f.Profile].Queues {
			all = append(all, q.Priority)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// best returns the index of the free agent for w at a priority, -1 if none.
func (m *matching) best(w Waiting, priority int) int {
	best := -1
	for n, f := range m.free {
		if m.fits(w, f, priority) && (best < 0 || better(w, f, m.free[best])) {
			best = n
		}
	}
	return best
}

// fits reports whether f may have w now; if it may later, it notes when.
func (m *matching) fits(w Waiting, f Free, priority int) bool {
	for skill, level := range w.Needs {
		if f.Skills[skill] < level {
			return false
		}
	}
	from, serves := time.Time{}, false
	for _, q := range m.profiles[f.Profile].Queues {
		if q.Queue == w.Queue && q.Priority == priority {
			from, serves = w.Enqueued.Add(q.Delay), true
			break
		}
	}
	if !serves {
		return false
	}
	if until := excludedUntil(w.Excluded, f.Agent); until.After(from) {
		from = until
	}
	if !from.After(m.now) {
		return true
	}
	if m.later.IsZero() || from.Before(m.later) {
		m.later = from
	}
	return false
}

func excludedUntil(all []contact.Excluded, agent string) time.Time {
	for _, e := range all {
		if e.Agent == agent {
			return e.Until
		}
	}
	return time.Time{}
}

// better reports whether a is to be preferred to b for w.
func better(w Waiting, a, b Free) bool {
	levels := func(f Free) (sum int) {
		for skill := range w.Needs {
			sum += f.Skills[skill]
		}
		return sum
	}
	return cmp.Or(cmp.Compare(levels(b), levels(a)), a.Idle.Compare(b.Idle), cmp.Compare(a.Agent, b.Agent)) < 0
}
