// Package replay runs a recorded day through the real matcher in virtual time, so
// that two configurations can be compared on the same callers. It decides when
// what was recorded happens again: arrivals, patience, talks, after-contact work
// and shifts. Who gets whom it leaves to acd.Match, and what the numbers mean to
// metric.
package replay

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/metric"
)

// Arrival is a contact of the day.
type Arrival struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"` // when it was enqueued
	Queue    string         `json:"queue"`
	Priority int            `json:"priority,omitempty"` // 0 = acd.DefaultPriority
	Needs    map[string]int `json:"needs,omitempty"`
	Patience time.Duration  `json:"patience,omitempty"` // it leaves after so long; 0 = it was never seen to leave
	Talk     time.Duration  `json:"talk"`               // hold included
	Work     time.Duration  `json:"work,omitempty"`     // after-contact work
}

// Shift is the time in which an agent wants contacts.
type Shift struct {
	Agent   string         `json:"agent"`
	Profile string         `json:"profile"`
	Skills  map[string]int `json:"skills,omitempty"`
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to"`
}

// Config is a configuration to try.
type Config struct {
	Queues   []acd.Queue   `json:"queues"`
	Profiles []acd.Profile `json:"profiles"`
	Answer   time.Duration `json:"answer"` // from offer to joined
}

// Day is what was recorded.
type Day struct {
	Arrivals []Arrival `json:"arrivals"`
	Shifts   []Shift   `json:"shifts"`
}

// Result is what the day would have been.
type Result struct {
	Queues  map[string]metric.Numbers
	Busy    time.Duration // of all agents: offers, talks, after-contact work
	Staffed time.Duration // of all shifts
	Order   []string      // contacts in the order in which they got an agent
	Waiting int           // still there at the end
	Longest time.Duration // wait of one who got an agent or left
	Options metric.Options
	Held    map[string]acd.Calibration // how far estimates of the wait held, made as each contact came, by queue
}

// Occupancy returns the share of staffed time that agents were busy.
func (r Result) Occupancy() float64 {
	if r.Staffed == 0 {
		return 0
	}
	return float64(r.Busy) / float64(r.Staffed)
}

// kinds of what is due.
type kind int

const (
	shiftBegins kind = iota
	arrives
	joined
	talked
	worked
	gives // the caller has no patience left
	looks // a delay may be over
	shiftEnds
)

// due is something that happens at a time.
type due struct {
	at   time.Time
	n    int // order of those at one time
	kind kind
	id   string
}

type schedule []due

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	return cmp.Or(s[i].at.Compare(s[j].at), cmp.Compare(s[i].kind, s[j].kind), cmp.Compare(s[i].n, s[j].n)) < 0
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push adds an element; it is for package heap.
func (s *schedule) Push(x any) { *s = append(*s, x.(due)) }

// Pop removes the last element; it is for package heap.
func (s *schedule) Pop() any {
	all := *s
	last := all[len(all)-1]
	*s = all[:len(all)-1]
	return last
}

// run is a day under way.
type run struct {
	config   Config
	queues   map[string]acd.Queue
	profiles map[string]acd.Profile
	arrivals map[string]Arrival
	shifts   map[string]Shift // by agent and begin
	now      time.Time
	due      schedule
	order    int
	waiting  []acd.Waiting
	free     []acd.Free
	on       map[string]int    // shifts that an agent is in
	with     map[string]string // agent of a contact
	at       map[string]time.Time
	waited   map[string]time.Duration // by a contact that has an agent
	numbers  *metric.Stream
	next     time.Time         // looks that are due
	paced    map[string]*paced // by queue
	out      Result
}

// Run lets the day happen under a configuration.
func Run(d Day, c Config, o metric.Options) (Result, error) {
	r := &run{config: c, queues: map[string]acd.Queue{}, profiles: map[string]acd.Profile{}, arrivals: map[string]Arrival{}, shifts: map[string]Shift{},
		on: map[string]int{}, with: map[string]string{}, at: map[string]time.Time{}, waited: map[string]time.Duration{}, numbers: metric.NewStream(o), paced: map[string]*paced{},
		out: Result{Queues: map[string]metric.Numbers{}, Held: map[string]acd.Calibration{}, Options: o}}
	for _, q := range c.Queues {
		r.queues[q.ID] = q
	}
	for _, p := range c.Profiles {
		r.profiles[p.ID] = p
	}
	if err := r.plan(d); err != nil {
		return Result{}, err
	}
	for r.due.Len() > 0 {
		e := heap.Pop(&r.due).(due)
		r.now = e.at
		r.happens(e)
		if r.due.Len() == 0 || r.due[0].at.After(r.now) { // all of one instant is seen at once
			r.match()
		}
	}
	r.out.Waiting = len(r.waiting)
	for _, q := range c.Queues {
		r.out.Queues[q.ID] = r.numbers.Total(q.ID)
		r.out.Held[q.ID] = r.paceOf(q.ID).held
	}
	return r.out, nil
}

// plan writes down what is known of the day, and refuses what cannot be.
func (r *run) plan(d Day) error {
	for _, a := range d.Arrivals {
		if _, ok := r.queues[a.Queue]; !ok {
			return fault.New(fault.Invalid, "replay: contact %s: no queue %q", a.ID, a.Queue)
		}
		if _, twice := r.arrivals[a.ID]; twice || a.ID == "" || a.Talk < 0 || a.Work < 0 || a.Patience < 0 {
			return fault.New(fault.Invalid, "replay: contact %q is there twice, or has a negative time", a.ID)
		}
		r.arrivals[a.ID] = a
		r.plans(a.At, arrives, a.ID)
	}
	for n, s := range d.Shifts {
		if _, ok := r.profiles[s.Profile]; !ok {
			return fault.New(fault.Invalid, "replay: agent %s: no profile %q", s.Agent, s.Profile)
		}
		if s.To.Before(s.From) {
			return fault.New(fault.Invalid, "replay: agent %s: a shift ends before it begins", s.Agent)
		}
		id := fmt.Sprint(n)
		r.shifts[id] = s
		r.out.Staffed += s.To.Sub(s.From)
		r.plans(s.From, shiftBegins, id)
		r.plans(s.To, shiftEnds, id)
	}
	return nil
}

func (r *run) plans(at time.Time, k kind, id string) {
	r.order++
	heap.Push(&r.due, due{at, r.order, k, id})
}

// happens does what is due.
func (r *run) happens(e due) {
	switch e.kind {
	case shiftBegins:
		s := r.shifts[e.id]
		if r.on[s.Agent]++; r.on[s.Agent] == 1 {
			r.frees(s)
		}
	case shiftEnds:
		s := r.shifts[e.id]
		r.on[s.Agent]--
		r.free = slices.DeleteFunc(r.free, func(f acd.Free) bool { return f.Agent == s.Agent && r.on[s.Agent] == 0 })
	case arrives:
		r.arrive(r.arrivals[e.id])
	case gives:
		r.leave(e.id)
	case joined:
		r.tell(e.id, metric.Answered)
		r.plans(r.now.Add(r.arrivals[e.id].Talk), talked, e.id)
	case talked:
		r.tell(e.id, metric.Disconnected)
		r.plans(r.now.Add(r.arrivals[e.id].Work), worked, e.id)
	case worked:
		r.done(e.id)
	case looks: // match does it
	}
}

func (r *run) arrive(a Arrival) {
	q := r.queues[a.Queue]
	needs := a.Needs
	if needs == nil {
		needs = q.Needs
	}
	w := acd.Waiting{Contact: contact.ID(a.ID), Queue: a.Queue, Rank: q.Rank(cmp.Or(a.Priority, acd.DefaultPriority), a.At), Enqueued: a.At, Needs: needs}
	r.expect(w)
	r.waiting = append(r.waiting, w)
	r.tell(a.ID, metric.Enqueued)
	if a.Patience > 0 {
		r.plans(a.At.Add(a.Patience), gives, a.ID)
	}
}

func (r *run) leave(id string) {
	n := slices.IndexFunc(r.waiting, func(w acd.Waiting) bool { return string(w.Contact) == id })
	if n < 0 {
		return // it got an agent
	}
	r.longest(r.waiting[n].Enqueued)
	r.came(r.waiting[n], false)
	r.waiting = slices.Delete(r.waiting, n, n+1)
	r.tell(id, metric.Abandoned)
}

func (r *run) longest(since time.Time) { r.out.Longest = max(r.out.Longest, r.now.Sub(since)) }

// done frees the agent of a contact, unless the shift is over.
func (r *run) done(id string) {
	r.tell(id, metric.WorkEnded)
	r.out.Busy += r.now.Sub(r.at[id])
	r.freed(id)
	name := r.with[id]
	delete(r.with, id)
	delete(r.at, id)
	if r.on[name] == 0 {
		return
	}
	for _, s := range r.shifts {
		if s.Agent == name && !s.From.After(r.now) && s.To.After(r.now) {
			r.frees(s)
			return
		}
	}
}

func (r *run) frees(s Shift) {
	r.free = append(r.free, acd.Free{Agent: s.Agent, Profile: s.Profile, Idle: r.now, Skills: s.Skills, Slots: 1})
}

// match lets the product's matcher pair who waits with who is free.
func (r *run) match() {
	if len(r.waiting) == 0 || len(r.free) == 0 {
		return
	}
	pairs, later := acd.Match(r.now, r.waiting, r.free, r.profiles)
	for _, p := range pairs {
		id := string(p.Waiting.Contact)
		r.waiting = slices.DeleteFunc(r.waiting, func(w acd.Waiting) bool { return w.Contact == p.Waiting.Contact })
		r.free = slices.DeleteFunc(r.free, func(f acd.Free) bool { return f.Agent == p.Free.Agent })
		r.with[id], r.at[id] = p.Free.Agent, r.now
		r.longest(p.Waiting.Enqueued)
		r.came(p.Waiting, true)
		r.out.Order = append(r.out.Order, id)
		r.plans(r.now.Add(r.config.Answer), joined, id)
	}
	if later.After(r.now) && (!r.next.After(r.now) || later.Before(r.next)) {
		r.next = later
		r.plans(later, looks, "")
	}
}

func (r *run) tell(id string, k metric.Kind) {
	r.numbers.Add(metric.Event{ID: id + string(k), Kind: k, Contact: id, Queue: r.arrivals[id].Queue, At: r.now})
}
