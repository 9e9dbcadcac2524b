// Package metric computes the numbers of a contact centre from raw events: who was
// offered, answered, abandoned, how long it took, and which share in time, each by
// Huawu's definition or in the dialect of another system. It decides what a number
// means and says so; where events come from, and how numbers are shown, it leaves
// to others. It is pure: the same events give the same numbers in any order, all
// at once or one by one.
package metric

import (
	"math"
	"slices"
	"time"
)

// Kind is what happened.
type Kind string

// The kinds.
const (
	Enqueued     Kind = "enqueued"
	Answered     Kind = "answered"           // a person was joined
	Abandoned    Kind = "abandoned"          // the customer left while queued
	FlowOut      Kind = "flow_out"           // it left the queue for another place
	Callback     Kind = "callback_requested" // the customer is to be called back
	HoldStarted  Kind = "hold_start"
	HoldEnded    Kind = "hold_end"
	Disconnected Kind = "disconnected"
	WorkEnded    Kind = "acw_end" // after-contact work
)

// Event is one thing that happened to one placement of a contact in a queue.
type Event struct {
	ID        string // the same for each delivery of one event
	Kind      Kind
	Contact   string
	Placement int // 0 for the first queue of the contact, 1 for the next …
	Queue     string
	At        time.Time
}

// Options are what definitions leave open; they are printed with the numbers.
type Options struct {
	Target     time.Duration // of the service level; 0 = 20 s
	ShortAfter time.Duration // an abandon up to this is short; 0 = 5 s
	Interval   time.Duration // 0 = 15 min
}

func (o Options) defaults() Options {
	if o.Target == 0 {
		o.Target = 20 * time.Second
	}
	if o.ShortAfter == 0 {
		o.ShortAfter = 5 * time.Second
	}
	if o.Interval == 0 {
		o.Interval = 15 * time.Minute
	}
	return o
}

// Slot is a queue in an interval; a contact counts where it was enqueued.
type Slot struct {
	Queue string
	From  time.Time
}

// Numbers are the counts of a slot, from which every dialect is computed.
type Numbers struct {
	Offered         int `json:"offered"`
	Answered        int `json:"answered"`
	AnsweredInTime  int `json:"answeredInTime"`
	Abandoned       int `json:"abandoned"`
	AbandonedInTime int `json:"abandonedInTime"` // within the target
	ShortAbandoned  int `json:"shortAbandoned"`
	FlowOuts        int `json:"flowOuts"`
	Callbacks       int `json:"callbacks"`
	CallbacksInTime int `json:"callbacksInTime"`
	Handled         int `json:"handled"` // answered and over, after-contact work included

	Waits   time.Duration `json:"-"` // of the answered, together
	Abandon time.Duration `json:"-"` // of the abandoned
	Talk    time.Duration `json:"-"` // of the handled, without hold
	Hold    time.Duration `json:"-"`
	Work    time.Duration `json:"-"` // after contact
}

// add adds o times sign to n.
func (n *Numbers) add(o Numbers, sign int) {
	for _, p := range [][2]*int{{&n.Offered, &o.Offered}, {&n.Answered, &o.Answered}, {&n.AnsweredInTime, &o.AnsweredInTime}, {&n.Abandoned, &o.Abandoned},
		{&n.AbandonedInTime, &o.AbandonedInTime}, {&n.ShortAbandoned, &o.ShortAbandoned}, {&n.FlowOuts, &o.FlowOuts}, {&n.Callbacks, &o.Callbacks},
		{&n.CallbacksInTime, &o.CallbacksInTime}, {&n.Handled, &o.Handled}} {
		*p[0] += sign * *p[1]
	}
	for _, p := range [][2]*time.Duration{{&n.Waits, &o.Waits}, {&n.Abandon, &o.Abandon}, {&n.Talk, &o.Talk}, {&n.Hold, &o.Hold}, {&n.Work, &o.Work}} {
		*p[0] += time.Duration(sign) * *p[1]
	}
}

// Plus returns the numbers of both.
func (n Numbers) Plus(o Numbers) Numbers {
	n.add(o, 1)
	return n
}

// facts are what is known of one placement.
type facts struct {
	queue    string
	at       map[Kind]time.Time // the first of each kind; holds apart
	holds    []time.Time        // begins and ends, sorted
	seen     map[string]bool    // ids
	holdKind map[time.Time]int  // +1 begin, -1 end
}

func newFacts() *facts {
	return &facts{at: map[Kind]time.Time{}, seen: map[string]bool{}, holdKind: map[time.Time]int{}}
}

// take notes an event; again is no change.
func (f *facts) take(e Event) bool {
	if f.seen[e.ID] {
		return false
	}
	f.seen[e.ID] = true
	switch e.Kind {
	case HoldStarted, HoldEnded:
		step := 1
		if e.Kind == HoldEnded {
			step = -1
		}
		if f.holdKind[e.At] == 0 && !slices.Contains(f.holds, e.At) {
			n, _ := slices.BinarySearchFunc(f.holds, e.At, time.Time.Compare)
			f.holds = slices.Insert(f.holds, n, e.At)
		}
		f.holdKind[e.At] += step
		return true
	case Enqueued:
		f.queue = e.Queue
	}
	if was, ok := f.at[e.Kind]; !ok || e.At.Before(was) {
		f.at[e.Kind] = e.At
	}
	return true
}

// held returns how long the customer was on hold until an instant.
func (f *facts) held(until time.Time) (total time.Duration) {
	depth, from := 0, time.Time{}
	for _, at := range f.holds {
		if at.After(until) {
			break
		}
		was := depth
		depth = max(0, depth+f.holdKind[at])
		switch {
		case was == 0 && depth > 0:
			from = at
		case was > 0 && depth == 0:
			total += at.Sub(from)
		}
	}
	if depth > 0 {
		total += until.Sub(from)
	}
	return total
}

// slot returns where a placement counts; ok is false until it is known.
func (f *facts) slot(o Options) (Slot, bool) {
	at, ok := f.at[Enqueued]
	return Slot{f.queue, at.UTC().Truncate(o.Interval)}, ok
}

// numbers returns what a placement contributes. Of two ends the earlier counts.
func (f *facts) numbers(o Options) (n Numbers) {
	began := f.at[Enqueued]
	n.Offered = 1
	end, wait := Kind(""), time.Duration(math.MaxInt64)
	for _, k := range []Kind{Answered, Abandoned, Callback, FlowOut} {
		if at, ok := f.at[k]; ok && at.Sub(began) < wait {
			end, wait = k, max(0, at.Sub(began))
		}
	}
	inTime := 0
	if wait <= o.Target {
		inTime = 1
	}
	switch end {
	case Answered:
		n.Answered, n.AnsweredInTime, n.Waits = 1, inTime, wait
		f.handled(&n)
	case Abandoned:
		n.Abandoned, n.AbandonedInTime, n.Abandon = 1, inTime, wait
		if wait <= o.ShortAfter {
			n.ShortAbandoned = 1
		}
	case Callback:
		n.Callbacks, n.CallbacksInTime = 1, inTime
	case FlowOut:
		n.FlowOuts = 1
	}
	return n
}

// handled adds the times of a contact that is over.
func (f *facts) handled(n *Numbers) {
	joined, over := f.at[Answered], f.at[Disconnected]
	if over.IsZero() || over.Before(joined) {
		return
	}
	n.Handled = 1
	n.Hold = f.held(over)
	n.Talk = over.Sub(joined) - n.Hold
	if done := f.at[WorkEnded]; done.After(over) {
		n.Work = done.Sub(over)
	}
}
