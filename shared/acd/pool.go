package acd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/contact"
)

// pool is what one Match knows, in an order that finds the next pair without
// looking at all that wait or at all who are free. Contacts that the same agents
// may have now are one class, of which only the first counts; agents of one
// profile stand in the order in which they are chosen, and in groups of those who
// have the same levels of the skills that a class needs.
type pool struct {
	now      time.Time
	profiles map[string]Profile
	agents   []Free
	taken    []bool
	left     int // agents not taken
	classes  []*class
	benches  map[benchKey]*bench
	byID     map[string]int             // of the agents; nil until somebody asks: see index
	delays   map[string][]time.Duration // of each queue, rising, without 0
	later    time.Time
}

// class is contacts in order of service. All of them may be given to the same
// agents; one that excludes agents, or asks for certain ones, is alone in its class.
type class struct {
	queues  []string // its own, then those whose agents help by now
	stages  []int    // how many of each queue's delays are over
	channel contact.Channel
	needs   map[string]int
	skills  []string // names in needs, in order
	least   bool
	only    []string           // ids of the agents it asks for; empty: anybody
	not     []contact.Excluded // of a class of one
	size    int                // of list, once all are classified
	list    []*Waiting
	next    int
	wakes   time.Time // when one of them may be in another class; zero: never
}

func (c *class) head() *Waiting { return c.list[c.next] }
func (c *class) over() bool     { return c.next == len(c.list) }

// benchKey names agents of one profile who have room on one channel.
type benchKey struct {
	profile string
	channel contact.Channel
}

// bench is agents, by their indices in the pool.
type bench struct {
	all    []int
	groups map[string][]*group // by names of skills
}

// group is agents of a bench with the same levels of some skills.
type group struct {
	levels []int
	sum    int
	idle   line  // by idle time
	least  *line // by occupancy; nil until somebody asks: see lineOf
}

// line is agents in the order in which they are chosen.
type line struct {
	all  []int
	next int
}

func newPool(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile) *pool {
	m := &pool{now: now, profiles: profiles, agents: free, taken: make([]bool, len(free)), left: len(free),
		benches: map[benchKey]*bench{}, delays: map[string][]time.Duration{}}
	voice := map[string]*bench{} // of most agents there is nothing else to know
	for n := range free {
		f := &free[n]
		if b := voice[f.Profile]; b != nil && f.Rooms == nil {
			b.all = append(b.all, n)
			continue
		}
		for _, channel := range channels() {
			if f.room(channel) == 0 {
				continue
			}
			key := benchKey{f.Profile, channel}
			b := m.benches[key]
			if b == nil {
				b = &bench{groups: map[string][]*group{}}
				m.benches[key] = b
			}
			if b.all = append(b.all, n); channel == contact.Voice {
				voice[f.Profile] = b
			}
		}
	}
	m.noteDelays()
	m.classify(waiting)
	return m
}

// index returns the place of an agent among those who are free.
func (m *pool) index(agent string) (n int, ok bool) {
	if m.byID == nil {
		m.byID = make(map[string]int, len(m.agents))
		for n := range m.agents {
			m.byID[m.agents[n].Agent] = n
		}
	}
	n, ok = m.byID[agent]
	return n, ok
}

// noteDelays notes the delays by which profiles of free agents serve queues.
func (m *pool) noteDelays() {
	done := map[string]bool{}
	for key := range m.benches {
		if done[key.profile] {
			continue
		}
		done[key.profile] = true
		for _, q := range m.profiles[key.profile].Queues {
			if q.Delay > 0 && !slices.Contains(m.delays[q.Queue], q.Delay) {
				m.delays[q.Queue] = append(m.delays[q.Queue], q.Delay)
			}
		}
	}
	for _, d := range m.delays {
		slices.Sort(d)
	}
}

// lineup is the classes of one queue, by what tells them apart.
type lineup struct {
	queue   string
	delays  []time.Duration
	classes map[string]*class
}

// classify puts contacts into classes. Nearly all are found in one they belong to by
// a key that is made in place, as there may be tens of thousands.
func (m *pool) classify(waiting []Waiting) {
	queues := map[string]*lineup{}
	in := make([]*class, len(waiting)) // the class of each; nil: it is not to be matched yet
	var key []byte
	var q *lineup
	for n := range waiting {
		w := &waiting[n]
		if w.From.After(m.now) {
			m.note(w.From)
			continue
		}
		if q == nil || q.queue != w.Queue {
			if q = queues[w.Queue]; q == nil {
				q = &lineup{w.Queue, m.delays[w.Queue], map[string]*class{}}
				queues[w.Queue] = q
			}
		}
		needs, only, until := w.asks(m.now)
		not := w.excluded(m.now)
		stage := stageOf(w, q.delays, m.now)
		key = append(strconv.AppendInt(key[:0], int64(stage), 10), w.channel()...)
		key = strconv.AppendBool(append(key, 0), w.LeastBusy)
		key = appendNeeds(key, needs)
		var help []string
		var stages []int
		if len(w.Overflow) > 0 {
			var next time.Time
			help, stages, key, next = m.helpers(w, append(key, 0))
			until = sooner(until, next)
		}
		c := q.classes[string(key)]
		if special := len(not)+len(only) > 0; c == nil || special {
			c = &class{queues: append([]string{w.Queue}, help...), stages: append([]int{stage}, stages...), channel: w.channel(), needs: needs, skills: sorted(needs), least: w.LeastBusy, only: only, not: not}
			m.classes = append(m.classes, c)
			if !special {
				q.classes[string(key)] = c
			}
		}
		c.size++
		in[n] = c
		c.wakes = sooner(c.wakes, until)
	}
	m.line(waiting, in)
}

// line puts contacts in order within their classes.
func (m *pool) line(waiting []Waiting, in []*class) {
	lists := make([]*Waiting, len(waiting))
	for _, c := range m.classes {
		c.list, lists = lists[:0:c.size], lists[c.size:]
	}
	for n, c := range in {
		if c != nil {
			c.list = append(c.list, &waiting[n])
		}
	}
	for _, c := range m.classes {
		if !slices.IsSortedFunc(c.list, inOrder) {
			slices.SortFunc(c.list, inOrder)
		}
	}
}

// excluded returns whom w is not to be offered to at a time.
func (w *Waiting) excluded(now time.Time) (not []contact.Excluded) {
	for _, e := range w.Excluded {
		if e.Until.After(now) {
			not = append(not, e)
		}
	}
	return not
}

// inOrder compares contacts by their order of service.
func inOrder(a, b *Waiting) int {
	if n := strings.Compare(a.Rank, b.Rank); n != 0 {
		return n // nearly always
	}
	return cmp.Or(a.Enqueued.Compare(b.Enqueued), cmp.Compare(a.Contact, b.Contact))
}

// helpers returns the queues whose agents help w by now, and when there is one
// more. It adds them to the key of w's class.
func (m *pool) helpers(w *Waiting, key []byte) (queues []string, stages []int, with []byte, next time.Time) {
	for _, o := range w.Overflow {
		if from := w.Enqueued.Add(o.After); from.After(m.now) {
			next = sooner(next, from)
			continue
		}
		stage := stageOf(w, m.delays[o.Queue], m.now)
		queues, stages = append(queues, o.Queue), append(stages, stage)
		key = append(append(key, o.Queue...), 0)
		key = append(strconv.AppendInt(key, int64(stage), 10), 0)
	}
	return queues, stages, key, next
}

// sooner returns the earlier of two times, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// stageOf returns how many of a queue's delays are over for w.
func stageOf(w *Waiting, delays []time.Duration, now time.Time) int {
	n := 0
	for _, d := range delays {
		if w.Enqueued.Add(d).After(now) {
			break
		}
		n++
	}
	return n
}

// appendNeeds adds levels of skills to a key, in one order.
func appendNeeds(b []byte, needs map[string]int) []byte {
	add := func(skill string) {
		b = append(append(append(b, 0), skill...), 0)
		b = strconv.AppendInt(b, int64(needs[skill]), 10)
	}
	if len(needs) < 2 { // mostly
		for skill := range needs {
			add(skill)
		}
		return b
	}
	for _, skill := range sorted(needs) {
		add(skill)
	}
	return b
}
