package acd

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// TimerKind is what a timer ends.
type TimerKind string

// The kinds.
const (
	TimerOffer   TimerKind = "offer"   // an offer rang long enough
	TimerConnect TimerKind = "connect" // the relay's lease to join the legs is over
	TimerACW     TimerKind = "acw"     // the time for after-contact work is over
	TimerParty   TimerKind = "party"   // one who was asked to take part has not come
	TimerPlace   TimerKind = "place"   // no relay has begun a call out
	TimerCall    TimerKind = "call"    // nothing was heard of the call of a customer
	TimerGroup   TimerKind = "group"   // a pair that did not fit may fit now
	TimerSweep   TimerKind = "sweep"   // a tenant is to be swept
)

// Timer is a message of TimerQueue. It names what it is about by offer, so that
// one that comes late or twice finds nothing to do.
type Timer struct {
	Kind    TimerKind       `json:"kind"`
	Tenant  string          `json:"tenant"`
	Contact contact.ID      `json:"contact,omitempty"`
	Offer   contact.OfferID `json:"offer,omitempty"`
	Group   string          `json:"group,omitempty"`
	AfterMS int64           `json:"afterMs"`         // how long it was to wait
	Again   int             `json:"again,omitempty"` // how often it came early and was set again
	Told    bool            `json:"told,omitempty"`  // connect: the relay was told to join once more
	Left    bool            `json:"left,omitempty"`  // acw: of a segment that its agent has left
	State   string          `json:"state,omitempty"` // party: what it waits in
	Call    int64           `json:"call,omitempty"`  // call: which one
}

// arm sets a timer. What is to come later than a queue can delay is kept as a row.
func (r *Router) arm(ctx context.Context, t Timer, after time.Duration) error {
	after = max(0, after)
	t.AfterMS = after.Milliseconds()
	if after > maxDelay {
		return r.keepTimer(ctx, t, after)
	}
	delay := min(after, maxDelay).Truncate(time.Second)
	if delay < after && delay < maxDelay {
		delay += time.Second // queues count whole seconds; never early
	}
	return r.send(ctx, TimerQueue, delay, t)
}

// HandleTimer does what a timer says if what it names still stands so. A timer
// may come late, twice, early or never; body is a Timer in JSON.
func (r *Router) HandleTimer(ctx context.Context, body []byte) error {
	var t Timer
	if err := json.Unmarshal(body, &t); err != nil {
		return fault.Wrap(fault.Invalid, err, "acd: read timer")
	}
	if t.Kind == TimerDevice {
		return r.handleDevice(ctx, body)
	}
	if t.Kind == TimerGroup {
		r.disarm(t) // it may have come early: then the round sets another
		routing, err := r.Routing(ctx, t.Tenant)
		if err != nil {
			return err
		}
		return r.whole(ctx, t.Tenant, t.Group, routing)
	}
	if t.Kind == TimerSweep {
		_, err := r.Sweep(ctx, t.Tenant)
		return err
	}
	return r.due(ctx, t)
}

// due does what a timer of a contact says.
func (r *Router) due(ctx context.Context, t Timer) error {
	switch {
	case t.Left:
		return r.leftTimer(ctx, t)
	case t.Kind == TimerParty:
		return r.partyTimer(ctx, t)
	}
	c, err := r.Glance(ctx, t.Tenant, t.Contact, t.void)
	if err != nil || t.void(c) || c.Offer != t.Offer {
		return ignoreMissing(err)
	}
	switch {
	case t.Kind == TimerOffer && c.State == contact.Offered:
		if r.early(c, t) {
			return r.rearm(ctx, c, t)
		}
		return r.Expire(ctx, t.Tenant, c.ID, t.Offer)
	case t.Kind == TimerConnect && c.State == contact.Connecting:
		if r.early(c, t) {
			return r.rearm(ctx, c, t)
		}
		return r.leaseOver(ctx, c, t)
	case t.Kind == TimerCall:
		return r.callTimer(ctx, c, t)
	case t.Kind == TimerPlace:
		if r.early(c, t) {
			return r.rearm(ctx, c, t)
		}
		return r.placeOver(ctx, c)
	case t.Kind == TimerACW && c.State == contact.Ended:
		if r.early(c, t) {
			return r.rearm(ctx, c, t)
		}
		_, err := r.Finish(ctx, t.Tenant, c.ID, "")
		return err
	}
	return nil
}

// void reports that a contact is beyond what t is about, and never comes back to
// it: so it is known even of a read that may be stale.
func (t Timer) void(c *contact.Contact) bool {
	if c.Offer != t.Offer {
		return c.State == contact.Completed
	}
	switch t.Kind {
	case TimerOffer:
		return c.State != contact.Offered
	case TimerConnect, TimerPlace:
		return c.State != contact.Offered && c.State != contact.Connecting
	}
	return c.State == contact.Completed
}

// leaseOver ends the time that the relay had to join the legs. Perhaps they talk
// and only the word of it was lost: so the relay is told to join once more, and
// the contact offered to others only if that is of no avail.
func (r *Router) leaseOver(ctx context.Context, c *contact.Contact, t Timer) error {
	if t.Told || c.ToCall() {
		return r.Unjoin(ctx, t.Tenant, c.ID, t.Offer)
	}
	t.Told = true
	return errors.Join(
		r.command(ctx, c, c.Offer, sma.VerbJoin, nil, ConnectLease/2),
		r.send(ctx, TimerQueue, ConnectLease/2, t),
	)
}

func ignoreMissing(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil // nothing to end
	}
	return err
}

// early reports whether a timer came before its time, as far as this machine's
// clock can tell. Clocks of two machines may be minutes apart, so a timer is set
// again for that reason only once: a dead offer is held twice its time at most.
func (r *Router) early(c *contact.Contact, t Timer) bool { return t.Again < 1 && r.left(c, t) > 0 }

// left is how long a contact is to stay in its state by this machine's clock,
// and no longer than the timer was set for.
func (r *Router) left(c *contact.Contact, t Timer) time.Duration {
	after := time.Duration(t.AfterMS) * time.Millisecond
	return min(after, c.Since.Add(after).Sub(r.run.Now()))
}

func (r *Router) rearm(ctx context.Context, c *contact.Contact, t Timer) error {
	left := r.left(c, t)
	t.Again++
	if left > maxDelay {
		return r.keepTimer(ctx, t, left)
	}
	return r.send(ctx, TimerQueue, (left + time.Second - 1).Truncate(time.Second), t)
}
