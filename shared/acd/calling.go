package acd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// A callback whose customer is called first waits like any other, with its row at
// its place, but is offered to nobody. When its turn is near a relay calls the
// customer; whoever answers waits on the line from then on, at the same place. The
// epoch tells one call of several apart: it goes up when a call is begun, when it
// is answered, and when it was in vain.

// callLease is how long all may take from the wish to call a customer to the
// customer's answer.
const callLease = contact.PlaceWait + contact.DialSeconds*time.Second + ConnectLease

// turn reports whether the customer of a callback is to be called now: the wait at
// its place will be over by about when the telephone is picked up. free: an agent
// who may have it is free. Where the pace of a queue is not known, it is called
// when nobody is before it and somebody serves the queue.
func turn(ahead int, p Pace, ring time.Duration, free, staffed bool) bool {
	if free {
		return true
	}
	if w := Estimate(ahead, p); w.Known {
		return w.Mean <= ring
	}
	return ahead == 0 && staffed
}

// sides parts who waits into those who may be offered, and callbacks whose
// customers come first. What is outside its hours waits until they begin.
func (v *view) sides(ctx context.Context, tenant string, now time.Time) (offered, calls []Waiting, err error) {
	if !v.special {
		return v.waiting, nil, nil
	}
	for n := range v.waiting {
		w := &v.waiting[n]
		if err := v.router.waitForHours(ctx, tenant, w, now); err != nil {
			return nil, nil, err
		}
		if w.CallFirst {
			calls = append(calls, *w)
		} else {
			offered = append(offered, *w)
		}
	}
	return offered, calls, nil
}

// waitForHours lets a callback outside its hours wait until they begin.
func (r *Router) waitForHours(ctx context.Context, tenant string, w *Waiting, now time.Time) error {
	if w.Window == "" || !w.Calling.IsZero() {
		return nil
	}
	opens, err := r.config.opens(ctx, tenant, w.Window, maxTime(w.From, now))
	if opens.After(now) {
		w.From = opens
	}
	return err
}

// due reports whether anybody waits who may be served by now: callbacks wait for
// days for their hours, and nothing is to be done for them meanwhile.
func (v *view) due(ctx context.Context, tenant string, now time.Time) bool {
	_, _, err := v.sides(ctx, tenant, now)
	return err != nil || slices.ContainsFunc(v.waiting, func(w Waiting) bool { return !v.special || !w.From.After(now) })
}

// callCustomers calls the customers whose turn it is, of those that a round has
// found, once it has given away what it could. later is when to look again.
func (r *Router) callCustomers(ctx context.Context, tenant string, routing *Routing, v *view, calls []Waiting) (later time.Time, err error) {
	if len(calls) == 0 {
		return later, nil
	}
	now := r.run.Now()
	pairs, _ := matchSome(now, calls, v.free, routing.Profiles, len(v.free)+1)
	slices.SortFunc(calls, func(a, b Waiting) int { return inOrder(&a, &b) })
	var errs []error
	for _, w := range calls {
		if w.From.After(now) {
			later = sooner(later, w.From)
			continue
		}
		if !w.Calling.IsZero() {
			continue // it has its timer
		}
		free := slices.ContainsFunc(pairs, func(p Pair) bool { return p.Waiting.Contact == w.Contact })
		ahead, pace := v.before(&w, now), r.pace(ctx, tenant, routing.Queues[w.Queue])
		staffed := pace.Agents > 0
		if !staffed && !free && ahead == 0 {
			if staffed, err = r.staffed(ctx, tenant, routing, w.Queue); err != nil {
				return later, err
			}
		}
		if turn(ahead, pace, time.Duration(routing.ring(w.Queue))*time.Second, free, staffed) {
			errs = append(errs, r.callCustomer(ctx, tenant, w))
		}
	}
	return later, errors.Join(errs...)
}

// pace is how a queue is served, as far as it is known.
func (r *Router) pace(ctx context.Context, tenant string, q Queue) Pace {
	if r.run.Pace == nil {
		return Pace{}
	}
	p, err := r.run.Pace(ctx, tenant, q)
	r.follow(ctx, "pace", err)
	return p
}

// before counts who is served before w in its queue.
func (v *view) before(w *Waiting, now time.Time) (n int) {
	for k := range v.waiting {
		o := &v.waiting[k]
		if o.Queue == w.Queue && !o.From.After(now) && o.Contact != w.Contact && inOrder(o, w) < 0 {
			n++
		}
	}
	return n
}

// staffed reports whether somebody who serves a queue takes contacts, if only
// after the one that is there now.
func (r *Router) staffed(ctx context.Context, tenant string, routing *Routing, queue string) (found bool, err error) {
	err = r.Roster(ctx, tenant, func(a *agent.Agent) error {
		serves := slices.ContainsFunc(routing.Profiles[a.Profile].Queues, func(q ProfileQueue) bool { return q.Queue == queue })
		found = found || serves && a.State == agent.Available && a.NextState == ""
		return nil
	})
	return found, err
}

// callCustomer notes that the customer of a callback is to be called; whoever sees
// the change asks a relay to.
func (r *Router) callCustomer(ctx context.Context, tenant string, w Waiting) error {
	epoch := w.Epoch
	var old *contact.Contact
	c, err := r.step(ctx, contactStep{tenant: tenant, id: w.Contact, decide: func(c *contact.Contact) (bool, error) {
		if !c.CallFirst() || c.Epoch != epoch || !c.Calling.IsZero() {
			return false, nil
		}
		was := *c
		old = &was
		c.Epoch++
		c.Calling = contact.Instant(r.run.Now())
		return true, nil
	}})
	switch {
	case err != nil:
		return ignoreMissing(err)
	case old == nil || c.Epoch != epoch+1 || c.Calling.IsZero():
		return r.deleteRow(ctx, w.key, epoch) // it has moved on
	}
	r.run.Log.InfoContext(ctx, "the customer is called", "tenant", tenant, "contact", string(c.ID), "queue", c.Queue, "try", c.Tries.Made+1)
	return r.replaceRow(ctx, c)
}

// replaceRow puts the row of a contact that goes on waiting in place of the one
// before.
func (r *Router) replaceRow(ctx context.Context, c *contact.Contact) error {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return err
	}
	return r.putRow(ctx, waitingWrite(c, routing))
}

// placeCustomer sends the message by which a relay calls the customer of a
// callback, and sets the timer that ends the call.
func (r *Router) placeCustomer(ctx context.Context, c *contact.Contact) error {
	return errors.Join(
		r.send(ctx, sma.CallQueue, 0, sma.Place{Tenant: c.Tenant, TransactionID: string(c.ID), Purpose: sma.PurposeCallback, To: c.Customer.Full(),
			CallerID: c.System.Full(), RingSeconds: contact.DialSeconds, ValidSeconds: int(contact.PlaceWait / time.Second),
			Attributes: sma.Attributes{sma.AttrCall: strconv.FormatInt(contact.Micros(c.Calling), 10)}}),
		r.arm(ctx, Timer{Kind: TimerCall, Tenant: c.Tenant, Contact: c.ID, Call: contact.Micros(c.Calling)}, callLease))
}

// callTimer ends a call of a customer of which nothing was heard.
func (r *Router) callTimer(ctx context.Context, c *contact.Contact, t Timer) error {
	if !calls(c, t.Call) {
		return nil
	}
	if clock := (&contact.Contact{Since: c.Calling}); r.early(clock, t) {
		return r.rearm(ctx, clock, t)
	}
	why := contact.NoAnswer
	if c.Relay == "" {
		why = contact.Expired
	}
	return r.CustomerUnreached(ctx, c.Tenant, c.ID, t.Call, why)
}

// calls reports whether the customer of c is being called by a certain call.
func calls(c *contact.Contact, call int64) bool {
	return c.CallFirst() && !c.Calling.IsZero() && contact.Micros(c.Calling) == call
}

// CustomerPlaced is Placed for a call that begins with the customer, which
// sma.AttrCall names.
func (r *Router) CustomerPlaced(ctx context.Context, tenant string, id contact.ID, call int64, relay string) (*contact.Contact, error) {
	return r.step(ctx, contactStep{tenant: tenant, id: id, decide: func(c *contact.Contact) (bool, error) {
		if !calls(c, call) || c.Relay != "" && c.Relay != relay {
			return false, ErrElsewhere
		}
		if c.Relay == relay {
			return false, nil
		}
		c.Relay = relay
		return true, nil
	}})
}

// CustomerAnswered lets the customer who was called wait on the line, at the place
// of the callback. Again is no change; ErrElsewhere: nobody wants the call any more.
func (r *Router) CustomerAnswered(ctx context.Context, tenant string, id contact.ID, call int64) (*contact.Contact, error) {
	c, err := r.step(ctx, contactStep{tenant: tenant, id: id, decide: func(c *contact.Contact) (bool, error) {
		if c.CustomerFirst && !c.ToSystem.IsZero() && c.Calling.IsZero() && !Over(c) {
			return false, nil // asked again
		}
		if !calls(c, call) {
			return false, ErrElsewhere
		}
		c.Epoch++
		c.ToSystem, c.Calling, c.NotBefore = contact.Instant(r.run.Now()), time.Time{}, time.Time{}
		return true, nil
	}})
	if err == nil && c.State == contact.Queued {
		r.follow(ctx, "customer answered", r.publish(ctx, c))
	}
	return c, err
}

// CustomerUnreached ends a call of a customer that was in vain: the callback is
// tried again later at its place if it may be, else it is over. A call that no
// relay had room for was no try.
func (r *Router) CustomerUnreached(ctx context.Context, tenant string, id contact.ID, call int64, why contact.Reason) error {
	ended := false
	c, err := r.step(ctx, contactStep{tenant: tenant, id: id, decide: func(c *contact.Contact) (bool, error) {
		ended = false
		if !calls(c, call) {
			return false, nil
		}
		if why == contact.Expired {
			c.Calling, c.NotBefore = time.Time{}, contact.Instant(r.run.Now().Add(contact.PlaceWait))
			c.Epoch++
			return true, nil
		}
		again, err := c.TryAgain(why, r.run.Now())
		if again || err != nil {
			return again, err
		}
		ended = true
		c.Reason, c.Disconnected, c.Calling = why, contact.Instant(r.run.Now()), time.Time{}
		return true, c.Move(contact.Completed, r.run.Now())
	}})
	switch {
	case err != nil:
		return ignoreMissing(err)
	case ended:
		r.follow(ctx, "customer not reached", r.afterCompletion(ctx, c, true))
	case c.State == contact.Queued:
		r.follow(ctx, "customer not reached", r.publish(ctx, c))
	}
	return nil
}

// calls ends the calls of customers that neither the stream nor a timer has.
func (s *sweeper) calls(ctx context.Context, v *view) error {
	var errs []error
	for _, w := range v.waiting {
		if w.Calling.IsZero() {
			continue
		}
		if s.now.Sub(s.since("call "+string(w.Contact)+w.Calling.String())) < callLease+ringGrace {
			continue
		}
		errs = append(errs, s.r.CustomerUnreached(ctx, s.tenant, w.Contact, contact.Micros(w.Calling), contact.NoAnswer))
	}
	return errors.Join(errs...)
}
