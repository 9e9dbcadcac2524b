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
	byID     map[string]int
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
	order  [2]line // by idle time, by occupancy
}

// line is agents in the order in which they are chosen.
type line struct {
	all  []int
	next int
}

func newPool(now time.Time, waiting []Waiting, free []Free, profiles map[string]Profile) *pool {
	m := &pool{now: now, profiles: profiles, agents: free, taken: make([]bool, len(free)), left: len(free),
		benches: map[benchKey]*bench{}, byID: make(map[string]int, len(free)), delays: map[string][]time.Duration{}}
	for n := range free {
		f := &free[n]
		m.byID[f.Agent] = n
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
			b.all = append(b.all, n)
		}
	}
	m.noteDelays()
	m.classify(waiting)
	return m
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

// classKey tells classes apart whose contacts need not be looked at one by one.
type classKey struct {
	queue   string
	channel contact.Channel
	needs   string
	least   bool
	stage   int
	over    string // queues whose agents help, with their stages
}

func (m *pool) classify(waiting []Waiting) {
	known := map[classKey]*class{}
	for n := range waiting {
		w := &waiting[n]
		if w.From.After(m.now) {
			m.note(w.From)
			continue
		}
		needs, only, until := w.asks(m.now)
		var not []contact.Excluded
		for _, e := range w.Excluded {
			if e.Until.After(m.now) {
				not = append(not, e)
			}
		}
		key := classKey{queue: w.Queue, channel: w.channel(), needs: signature(needs), least: w.LeastBusy, stage: m.stageOf(w, w.Queue)}
		var help []string
		var stages []int
		if len(w.Overflow) > 0 {
			var next time.Time
			help, stages, key.over, next = m.helpers(w)
			until = sooner(until, next)
		}
		c := known[key]
		if special := len(not)+len(only) > 0; c == nil || special {
			c = &class{queues: append([]string{w.Queue}, help...), stages: append([]int{key.stage}, stages...), channel: key.channel, needs: needs, skills: sorted(needs), least: key.least, only: only, not: not}
			m.classes = append(m.classes, c)
			if !special {
				known[key] = c
			}
		}
		c.list = append(c.list, w)
		c.wakes = sooner(c.wakes, until)
	}
	for _, c := range m.classes {
		if !slices.IsSortedFunc(c.list, inOrder) {
			slices.SortFunc(c.list, inOrder)
		}
	}
}

// inOrder compares contacts by their order of service.
func inOrder(a, b *Waiting) int {
	return cmp.Or(strings.Compare(a.Rank, b.Rank), a.Enqueued.Compare(b.Enqueued), cmp.Compare(a.Contact, b.Contact))
}

// helpers returns the queues whose agents help w by now, and when there is one
// more.
func (m *pool) helpers(w *Waiting) (queues []string, stages []int, over string, next time.Time) {
	for _, o := range w.Overflow {
		if from := w.Enqueued.Add(o.After); from.After(m.now) {
			next = sooner(next, from)
			continue
		}
		stage := m.stageOf(w, o.Queue)
		queues, stages = append(queues, o.Queue), append(stages, stage)
		over += o.Queue + "\x00" + strconv.Itoa(stage) + "\x00"
	}
	return queues, stages, over, next
}

// sooner returns the earlier of two times, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (m *pool) stageOf(w *Waiting, queue string) int {
	n := 0
	for _, d := range m.delays[queue] {
		if w.Enqueued.Add(d).After(m.now) {
			break
		}
		n++
	}
	return n
}

func signature(needs map[string]int) string {
	if len(needs) == 0 {
		return ""
	}
	var b []byte
	for _, skill := range sorted(needs) {
		b = append(append(b, skill...), 0)
		b = append(strconv.AppendInt(b, int64(needs[skill]), 10), 0)
	}
	return string(b)
}
