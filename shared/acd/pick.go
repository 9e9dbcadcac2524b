package acd

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/contact"
)

// byHead is classes, the one whose first contact is served first on top.
type byHead []*class

func (h byHead) Len() int           { return len(h) }
func (h byHead) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h byHead) Less(i, j int) bool { return inOrder(h[i].head(), h[j].head()) < 0 }

// Push adds an element; it is for package heap.
func (h *byHead) Push(x any) { *h = append(*h, x.(*class)) }

// Pop removes the last element; it is for package heap.
func (h *byHead) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// match makes up to limit pairs.
func (m *pool) match(limit int) (pairs []Pair) {
	for _, priority := range m.priorities() {
		serving := m.serving(priority)
		var waiting byHead
		for _, c := range m.classes {
			if !c.over() && slices.ContainsFunc(c.queues, func(q string) bool { return len(serving[q]) > 0 }) {
				waiting = append(waiting, c)
			}
		}
		heap.Init(&waiting)
		for len(waiting) > 0 && m.left > 0 && len(pairs) < limit {
			c := waiting[0]
			best := m.best(c, serving)
			if best < 0 {
				heap.Pop(&waiting) // what the first may not have, no other of the class may
				continue
			}
			pairs = append(pairs, Pair{*c.head(), m.agents[best]})
			m.taken[best] = true
			m.left--
			if c.next++; c.over() {
				heap.Pop(&waiting)
			} else {
				heap.Fix(&waiting, 0)
			}
		}
	}
	return pairs
}

// priorities returns the distinct priorities of the profiles of free agents, in order.
func (m *pool) priorities() []int {
	seen := map[int]bool{}
	for key := range m.benches {
		for _, q := range m.profiles[key.profile].Queues {
			seen[q.Priority] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// server is a profile that serves a queue.
type server struct {
	profile string
	delay   time.Duration
}

// serving returns who serves each queue at a priority.
func (m *pool) serving(priority int) map[string][]server {
	all, done := map[string][]server{}, map[string]bool{}
	for key := range m.benches {
		if done[key.profile] {
			continue
		}
		done[key.profile] = true
		named := map[string]bool{}
		for _, q := range m.profiles[key.profile].Queues {
			if q.Priority == priority && !named[q.Queue] {
				named[q.Queue] = true
				all[q.Queue] = append(all[q.Queue], server{key.profile, q.Delay})
			}
		}
	}
	return all
}

// best returns the agent for the first of a class, -1 if there is none.
func (m *pool) best(c *class, serving map[string][]server) int {
	best := -1
	take := func(n int) {
		if n >= 0 && (best < 0 || m.better(c, n, best)) {
			best = n
		}
	}
	for k, queue := range c.queues {
		for _, s := range serving[queue] {
			if m.waits(c, k, s.delay) {
				continue
			}
			if len(c.only) == 0 {
				take(m.bestOf(c, s.profile))
				continue
			}
			for _, id := range c.only {
				if n, ok := m.index(id); ok && m.agents[n].Profile == s.profile && m.fits(c, n) {
					take(n)
				}
			}
		}
	}
	return best
}

// waits reports whether a delay of the k-th queue of a class is not over.
func (m *pool) waits(c *class, k int, delay time.Duration) bool {
	return delay > 0 && !slices.Contains(m.delays[c.queues[k]][:c.stages[k]], delay)
}

// fits reports whether an agent of a profile that serves the queue may have the
// contact of a class of one.
func (m *pool) fits(c *class, n int) bool {
	f := &m.agents[n]
	return !m.taken[n] && f.room(c.channel) > 0 && Skilled(f.Skills, c.needs) && !m.excluded(c, n)
}

func (m *pool) excluded(c *class, n int) bool {
	return slices.ContainsFunc(c.not, func(e contact.Excluded) bool { return e.Agent == m.agents[n].Agent })
}

// bestOf returns the best agent of a profile for a class, -1 if there is none.
func (m *pool) bestOf(c *class, profile string) int {
	b := m.benches[benchKey{profile, c.channel}]
	if b == nil {
		return -1
	}
	best, sum := -1, 0
	for _, g := range m.groups(b, c.skills) {
		if best >= 0 && g.sum < sum {
			break
		}
		if !g.reaches(c) {
			continue
		}
		if n := m.first(c, m.lineOf(g, c.least)); n >= 0 && (best < 0 || m.better(c, n, best)) {
			best, sum = n, g.sum
		}
	}
	return best
}

func (g *group) reaches(c *class) bool {
	for n, skill := range c.skills {
		if g.levels[n] < c.needs[skill] {
			return false
		}
	}
	return true
}

// lineOf returns the agents of a group in the order in which they are chosen. Most
// queues never ask for the one by occupancy.
func (m *pool) lineOf(g *group, least bool) *line {
	if !least {
		return &g.idle
	}
	if g.least == nil {
		g.least = &line{all: slices.Clone(g.idle.all)}
		m.inLine(g.least.all, true)
	}
	return g.least
}

func (m *pool) inLine(agents []int, least bool) {
	order := func(a, b int) int { return m.order(least, a, b) }
	if !slices.IsSortedFunc(agents, order) {
		slices.SortFunc(agents, order)
	}
}

// first returns the first of a line who is free, and not excluded by a class.
func (m *pool) first(c *class, l *line) int {
	for l.next < len(l.all) && m.taken[l.all[l.next]] {
		l.next++
	}
	for _, n := range l.all[l.next:] {
		if !m.taken[n] && (len(c.not) == 0 || !m.excluded(c, n)) {
			return n
		}
	}
	return -1
}

// groups returns the agents of a bench by their levels of some skills, the
// highest first.
func (m *pool) groups(b *bench, skills []string) []*group {
	key := strings.Join(skills, "\x00")
	if all, ok := b.groups[key]; ok {
		return all
	}
	known := map[string]*group{}
	var all []*group
	var id []byte
	for _, n := range b.all {
		id = id[:0]
		for _, skill := range skills {
			id = append(strconv.AppendInt(id, int64(m.agents[n].Skills[skill]), 10), 0)
		}
		g := known[string(id)]
		if g == nil {
			g = &group{levels: make([]int, len(skills))}
			for k, skill := range skills {
				g.levels[k] = m.agents[n].Skills[skill]
				g.sum += g.levels[k]
			}
			known[string(id)] = g
			all = append(all, g)
		}
		g.idle.all = append(g.idle.all, n)
	}
	for _, g := range all {
		m.inLine(g.idle.all, false)
	}
	slices.SortStableFunc(all, func(a, b *group) int { return cmp.Compare(b.sum, a.sum) })
	b.groups[key] = all
	return all
}

// order compares agents of the same levels by who is chosen first.
func (m *pool) order(least bool, a, b int) int {
	x, y := &m.agents[a], &m.agents[b]
	if least && x.Occupied != y.Occupied {
		return cmp.Compare(x.Occupied, y.Occupied)
	}
	if n := x.Idle.Compare(y.Idle); n != 0 {
		return n
	}
	return strings.Compare(x.Agent, y.Agent)
}

// better reports whether agent a is to be preferred to b for a class.
func (m *pool) better(c *class, a, b int) bool {
	levels := func(n int) (sum int) {
		for _, skill := range c.skills {
			sum += m.agents[n].Skills[skill]
		}
		return sum
	}
	return cmp.Or(cmp.Compare(levels(b), levels(a)), m.order(c.least, a, b)) < 0
}

// note notes a time at which a pair may fit that does not yet.
func (m *pool) note(at time.Time) {
	if at.After(m.now) && (m.later.IsZero() || at.Before(m.later)) {
		m.later = at
	}
}

// notes notes when pairs of those left over may fit.
func (m *pool) notes() {
	if m.left == 0 {
		return // whoever becomes free looks then
	}
	for _, c := range m.classes {
		if c.over() {
			continue
		}
		for key := range m.benches {
			if key.channel != c.channel {
				continue
			}
			m.notesIn(c, key)
		}
	}
}

// notesIn notes when agents of a bench may fit a class.
func (m *pool) notesIn(c *class, key benchKey) {
	if !c.wakes.IsZero() && m.anyLeft(m.benches[key]) {
		m.note(c.wakes)
	}
	for k, queue := range c.queues {
		for _, q := range m.profiles[key.profile].Queues {
			if q.Queue == queue {
				m.notesOf(c, k, key, q.Delay)
				break
			}
		}
	}
}

// notesOf is notesIn for the k-th queue of a class, which the bench's profile
// serves after a delay.
func (m *pool) notesOf(c *class, k int, key benchKey, delay time.Duration) {
	for _, e := range c.not {
		if n, ok := m.index(e.Agent); ok && m.agents[n].Profile == key.profile && !m.taken[n] && Skilled(m.agents[n].Skills, c.needs) {
			m.note(maxTime(e.Until, c.head().Enqueued.Add(delay)))
		}
	}
	if !m.waits(c, k, delay) {
		return
	}
	if n := m.bestOf(c, key.profile); n < 0 {
		return
	}
	for _, w := range c.list[c.next:] {
		m.note(w.Enqueued.Add(delay))
	}
}

func (m *pool) anyLeft(b *bench) bool {
	return slices.ContainsFunc(b.all, func(n int) bool { return !m.taken[n] })
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
