package metric

import "time"

// placement names one stay of a contact in one queue.
type placement struct {
	contact string
	n       int
}

// Stream takes events one by one, in any order, and knows the numbers at any time.
type Stream struct {
	opt     Options
	of      map[placement]*facts
	numbers map[Slot]Numbers
	revised map[Slot]int
	sealed  time.Time
}

// NewStream returns a stream without events.
func NewStream(o Options) *Stream {
	return &Stream{opt: o.defaults(), of: map[placement]*facts{}, numbers: map[Slot]Numbers{}, revised: map[Slot]int{}}
}

// Add takes an event. One that comes again changes nothing; one that comes late
// corrects the slot that it belongs to.
func (s *Stream) Add(e Event) {
	key := placement{e.Contact, e.Placement}
	f := s.of[key]
	if f == nil {
		f = newFacts()
		s.of[key] = f
	}
	before, counted := f.slot(s.opt)
	var old Numbers
	if counted {
		old = f.numbers(s.opt)
	}
	if !f.take(e) {
		return
	}
	after, counts := f.slot(s.opt)
	if counted {
		s.change(before, old, -1)
	}
	if counts {
		s.change(after, f.numbers(s.opt), 1)
	}
	if counts && after.From.Before(s.sealed) {
		s.revised[after]++
	}
}

func (s *Stream) change(at Slot, n Numbers, sign int) {
	sum := s.numbers[at]
	sum.add(n, sign)
	if sum == (Numbers{}) {
		delete(s.numbers, at)
		return
	}
	s.numbers[at] = sum
}

// Seal says that the intervals before an instant were reported: what changes them
// afterwards is counted as a revision.
func (s *Stream) Seal(before time.Time) { s.sealed = before }

// Revisions returns how often a slot was corrected after it was sealed.
func (s *Stream) Revisions(at Slot) int { return s.revised[at] }

// Slots returns the numbers of every slot that has any.
func (s *Stream) Slots() map[Slot]Numbers {
	out := make(map[Slot]Numbers, len(s.numbers))
	for k, n := range s.numbers {
		out[k] = n
	}
	return out
}

// Total returns the numbers of a queue over all intervals; "" is every queue.
func (s *Stream) Total(queue string) (sum Numbers) {
	for k, n := range s.numbers {
		if queue == "" || k.Queue == queue {
			sum = sum.Plus(n)
		}
	}
	return sum
}

// Batch computes the numbers of events from scratch: each placement from all that
// is known of it.
func Batch(o Options, events []Event) map[Slot]Numbers {
	o = o.defaults()
	all := map[placement]*facts{}
	for _, e := range events {
		key := placement{e.Contact, e.Placement}
		if all[key] == nil {
			all[key] = newFacts()
		}
		all[key].take(e)
	}
	out := map[Slot]Numbers{}
	for _, f := range all {
		if at, ok := f.slot(o); ok {
			out[at] = out[at].Plus(f.numbers(o))
		}
	}
	return out
}
