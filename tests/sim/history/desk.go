package history

import (
	"errors"
	"slices"
	"sync"

	"github.com/anishathalye/porcupine"

	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Verb is an operation of routing as its caller sees it.
type Verb string

// The verbs. A claim is the router's own; all else is asked for.
const (
	Begin   Verb = "begin"
	Enqueue Verb = "enqueue"
	Claim   Verb = "claim"
	Accept  Verb = "accept"
	Expire  Verb = "expire" // Reject and Expire
	Join    Verb = "join"
	End     Verb = "end"
	Finish  Verb = "finish"
)

// call is an operation of routing; outcome is its error's kind, "" for none.
type call struct {
	verb  Verb
	offer contact.OfferID
}

type outcome struct {
	kind  fault.Kind
	state contact.State // of the contact that was returned, "" for none
}

// Desk records operations of routing, by contact, and checks that they happened
// one after the other for each.
type Desk struct {
	mu   sync.Mutex
	tick int64
	of   map[contact.ID][]porcupine.Operation
}

// NewDesk returns a desk without a history.
func NewDesk() *Desk { return &Desk{of: map[contact.ID][]porcupine.Operation{}} }

// Do does an operation and records it. c is the contact that it returned, nil for
// none.
func (d *Desk) Do(id contact.ID, verb Verb, offer contact.OfferID, do func() (*contact.Contact, error)) (*contact.Contact, error) {
	began := d.now()
	c, err := do()
	out := outcome{kind: fault.KindOf(err)}
	if err == nil {
		out.kind = ""
		if c != nil {
			out.state = c.State
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick++
	d.of[id] = append(d.of[id], porcupine.Operation{Input: call{verb, offer}, Output: out, Call: began, Return: d.tick})
	return c, err
}

// Claim does a claim and records it if it was done: one that was refused has
// changed nothing, and says nothing of this contact alone.
func (d *Desk) Claim(id contact.ID, offer contact.OfferID, do func() error) {
	began := d.now()
	if do() != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick++
	d.of[id] = append(d.of[id], porcupine.Operation{Input: call{Claim, offer}, Output: outcome{}, Call: began, Return: d.tick})
}

func (d *Desk) now() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick++
	return d.tick
}

// Check checks every contact's history and returns how many there are, and how
// many operations.
func (d *Desk) Check() (contacts, operations int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for id, ops := range d.of {
		operations += len(ops)
		if !Explains(ops) {
			errs = append(errs, fault.New(fault.Internal, "history: no order explains what was done with %s: %v", id, tell(ops)))
		}
	}
	return len(d.of), operations, errors.Join(errs...)
}

// Explains reports whether one order explains a history of one contact, in which
// no offer was claimed twice: an offer is minted once.
func Explains(ops []porcupine.Operation) bool {
	claimed := map[contact.OfferID]bool{}
	for _, o := range ops {
		c := o.Input.(call)
		if c.verb == Claim && claimed[c.offer] {
			return false
		}
		claimed[c.offer] = claimed[c.offer] || c.verb == Claim
	}
	return porcupine.CheckOperations(routing(), ops)
}

// Relied returns the index of a claim whose offer was then accepted; -1 if there
// is none.
func Relied(ops []porcupine.Operation) int {
	return slices.IndexFunc(ops, func(o porcupine.Operation) bool {
		c := o.Input.(call)
		return c.verb == Claim && slices.ContainsFunc(ops, func(a porcupine.Operation) bool {
			return a.Input.(call) == call{Accept, c.offer} && a.Output.(outcome).kind == ""
		})
	})
}

// Histories returns what was recorded, by contact.
func (d *Desk) Histories() map[contact.ID][]porcupine.Operation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.of
}

func tell(ops []porcupine.Operation) (all []any) {
	for _, o := range ops {
		all = append(all, o.Input, o.Output)
	}
	return all
}

// stand is where a contact stands in the model of routing.
type stand struct {
	state contact.State
	offer contact.OfferID
}

// routing is the sequential specification of routing for one contact.
func routing() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return stand{} },
		Step: func(s, in, out any) (bool, any) {
			next, kind := do(s.(stand), in.(call))
			o := out.(outcome)
			if kind != o.kind || o.state != "" && o.state != next.state {
				return false, s
			}
			return true, next
		},
	}
}

// do does an operation and says how the contact stands then, and what kind of
// error the caller gets.
func do(s stand, c call) (stand, fault.Kind) {
	mine := c.offer == s.offer && c.offer != ""
	switch c.verb {
	case Begin:
		if s.state != "" {
			return s, fault.Conflict
		}
		return stand{state: contact.InFlow}, ""
	case Enqueue:
		return enqueued(s)
	case Claim:
		if s.state != contact.Queued && s.state != contact.InFlow { // InFlow: the claim is the enqueueing
			return s, fault.Conflict
		}
		return stand{contact.Offered, c.offer}, ""
	case Accept:
		switch {
		case !mine || s.state == contact.Ended || s.state == contact.Completed:
			return s, fault.Conflict
		case s.state == contact.Offered:
			s.state = contact.Connecting
		}
		return s, ""
	case Expire:
		if mine && s.state == contact.Offered {
			return stand{state: contact.Queued}, ""
		}
		return s, ""
	case Join:
		if !mine {
			return s, fault.Conflict
		}
		if s.state == contact.Connecting {
			s.state = contact.Connected
		}
		return s, ""
	}
	return ended(s, c.verb)
}

func enqueued(s stand) (stand, fault.Kind) {
	switch s.state {
	case contact.InFlow:
		return stand{state: contact.Queued}, ""
	case contact.Completed:
		return s, fault.Conflict
	case "":
		return s, fault.NotFound
	}
	return s, ""
}

func ended(s stand, verb Verb) (stand, fault.Kind) {
	switch {
	case s.state == "":
		return s, fault.NotFound
	case verb == End && s.state == contact.Connected:
		s.state = contact.Ended
	case verb == End && s.state != contact.Ended:
		s.state = contact.Completed
	case verb == Finish && s.state == contact.Ended:
		s.state = contact.Completed
	case verb == Finish && s.state != contact.Completed:
		return s, fault.Conflict
	}
	return s, ""
}
