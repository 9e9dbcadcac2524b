package acd

import (
	"time"
)

// Pair is a contact and the agent who is to get it.
type Pair struct {
	Waiting Waiting
	Free    Free
}

// Match decides who gets whom. Queues that a routing profile names with a lower
// priority number go first; among them contacts in the order of their ranks;
// each gets, of the agents who may have it, the one with the highest level of
// the skills it needs, then the longest idle, or the least occupied if its queue
// says so. No contact and no agent is in two pairs.
//
// later is the earliest time at which a pair of those left over may fit that does
// not yet, because of a profile's delay, an exclusion, or criteria that relax;
// zero if there is none: whoever acts on the pairs must come back then, as
// nothing else will.
//
// To sort what it is given takes it O(contacts + agents); each pair then a look
// at the heads of the classes that differ, not at who waits behind them. It
// changes no argument.
func Match(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile) (pairs []Pair, later time.Time) {
	return matchSome(now, waiting, free, profiles, len(free))
}

// matchSome is Match that stops at so many pairs; later is then of no meaning.
func matchSome(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile, limit int) (pairs []Pair, later time.Time) {
	if len(waiting) == 0 || len(free) == 0 {
		return nil, time.Time{}
	}
	m := newPool(now, waiting, free, profiles)
	pairs = m.match(limit)
	if len(pairs) < limit || limit >= len(free) {
		m.notes()
	}
	return pairs, m.later
}
