package acd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// A call out begins with the agent: the contact is put CONNECTING together with
// the slot it takes, and the change of it sends the message by which a relay with
// room calls the agent's device. When that answers the relay calls the customer,
// and joins the two as it joins any agent and customer. Everything before that is
// one lease, which ends the contact; whatever comes for it later finds it over.

// Faults of calls out that an agent can do something about.
var (
	ErrNotLoggedIn = fault.New(fault.Conflict, "you are offline: set a status first")
	ErrNoDevice    = fault.New(fault.Conflict, "you have no device to talk on")
	ErrYouAreBusy  = fault.New(fault.Conflict, "you have a contact: finish it first")
	ErrNotCalled   = fault.New(fault.Forbidden, "this number is not called from here: use +, country code and number")
	ErrNoCallerID  = fault.New(fault.Conflict, "the queue has no number to show: its administrator sets one")
	ErrElsewhere   = fault.New(fault.Conflict, "acd: the call is placed already, or over")
)

// CallOut is a call that an agent asks for.
type CallOut struct {
	Agent string
	To    phone.Number
	Queue string // whose number is shown and whose rules hold; "" = the first that the agent serves
}

// dials reports whether agents of a queue may call a number: one in E.164 form,
// of those prefixes in Dials that begin with a plus if there are any; a local one
// only if Dials has it, or has a prefix of it that ends in *.
func (q Queue) dials(n phone.Number) bool {
	number, international := n.Full(), false
	for _, allowed := range q.Dials {
		prefix, any := strings.CutSuffix(allowed, "*")
		international = international || strings.HasPrefix(allowed, "+")
		if number == allowed || (any || strings.HasPrefix(allowed, "+")) && strings.HasPrefix(number, prefix) {
			return n.E164() || strings.Trim(number, "0123456789") == ""
		}
	}
	return n.E164() && !international
}

// Call lets an agent call somebody. The agent's slot is taken with the contact in
// one transaction, so that nothing is offered meanwhile.
func (r *Router) Call(ctx context.Context, tenant string, o CallOut) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for range maxTries {
		a, err := r.Agent(ctx, tenant, o.Agent)
		if err != nil {
			return nil, err
		}
		queue, err := routing.outbound(a, o)
		if err != nil {
			return nil, err
		}
		c, err := r.callOf(a, queue, o.To)
		if err != nil {
			return nil, err
		}
		claim, err := bind(a, c.Offer, c.ID, false)
		if err != nil {
			return nil, ErrYouAreBusy
		}
		if !a.Busy() {
			claim.Set[agent.AttrClaimed] = contact.Micros(c.Initiated)
		}
		err = r.transact(ctx, string(c.Offer), c.Put(), claim)
		var refused *cloud.Refused
		if errors.As(err, &refused) && refused.Lost() {
			continue // read again
		}
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "acd: call out")
		}
		r.run.Log.InfoContext(ctx, "calls out", "tenant", tenant, "contact", string(c.ID), "agent", a.ID, "queue", queue.ID)
		if a.Ready() {
			r.follow(ctx, "call out", r.deleteRow(ctx, r.keyOfFree(a, routing), a.Epoch))
		}
		return c, nil
	}
	return nil, fault.New(fault.Conflict, "acd: agent %s changes all the time", o.Agent)
}

// outbound returns the queue for a call out, or why there is none.
func (r *Routing) outbound(a *agent.Agent, o CallOut) (Queue, error) {
	id := o.Queue
	if id == "" {
		serves := slices.Clone(r.Profiles[a.Profile].Queues)
		slices.SortStableFunc(serves, func(x, y ProfileQueue) int { return x.Priority - y.Priority })
		for _, q := range serves {
			if id == "" || r.Queues[id].CallerID == "" {
				id = q.Queue
			}
		}
	}
	q, err := r.Queue(id)
	switch {
	case err != nil:
		return q, err
	case a.State == agent.Offline:
		return q, ErrNotLoggedIn
	case a.Device.User == "":
		return q, ErrNoDevice
	case !a.CanCall():
		return q, ErrYouAreBusy
	case !q.dials(o.To):
		return q, ErrNotCalled
	case q.CallerID == "":
		return q, ErrNoCallerID
	}
	return q, nil
}

// callOf is the contact of a call out as it begins.
func (r *Router) callOf(a *agent.Agent, q Queue, to phone.Number) (*contact.Contact, error) {
	now := contact.Instant(r.run.Now())
	c := &contact.Contact{Tenant: a.Tenant, ID: contact.ID(r.run.NewID()), State: contact.Initiated, Epoch: 1,
		Channel: contact.Voice, Method: contact.Outbound, Customer: to, Priority: DefaultPriority, Initiated: now,
		Offer: contact.OfferID(r.run.NewID()), OfferAgent: a.ID, Attempts: 1, Record: q.Record}
	enterQueue(c, q)
	c.System = q.callerID()
	return c, c.Move(contact.Connecting, now)
}

// callerID is the number that calls of a queue show.
func (q Queue) callerID() phone.Number {
	n, err := phone.Parse(q.CallerID)
	if err != nil {
		return phone.Number{}
	}
	return n
}

// place sends the message by which a relay calls the agent's device of a contact
// whose customer is still to be called. A phone rings like for any offer; a
// softphone of an agent who wants the call answers by itself.
func (r *Router) place(ctx context.Context, c *contact.Contact) error {
	d, err := r.device(ctx, c)
	if err != nil || d.User == "" {
		return err
	}
	purpose, ring := sma.PurposeAgent, contact.DeviceSeconds
	if c.Method == contact.Callback {
		purpose = sma.PurposeCallback
	}
	if c.State == contact.Offered {
		ring = c.RingSeconds
	}
	return r.send(ctx, sma.CallQueue, 0, sma.Place{Tenant: c.Tenant, TransactionID: string(c.ID), Purpose: purpose,
		To: d.User, Agent: c.OfferAgent, AutoAnswer: d.Kind != agent.Phone, CallerID: c.System.Full(), RingSeconds: ring,
		ValidSeconds: int(contact.PlaceWait / time.Second), Attributes: sma.Attributes{sma.AttrOffer: string(c.Offer)}})
}

// Placed notes that a relay is about to begin the call of a contact: it may only
// if this returns no error, so that of several messages one makes a call. Again by
// the same relay is no change. ErrElsewhere: another one has it, or nobody wants
// it any more.
func (r *Router) Placed(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID, relay string) (*contact.Contact, error) {
	return r.step(ctx, contactStep{tenant: tenant, id: id, decide: func(c *contact.Contact) (bool, error) {
		if c.Offer != offer || !c.ToCall() || c.State != contact.Offered && c.State != contact.Connecting || c.AgentLeg != "" {
			return false, ErrElsewhere
		}
		if c.Relay == relay {
			return false, nil
		}
		if c.Relay != "" {
			return false, ErrElsewhere
		}
		c.Relay = relay
		return true, nil
	}})
}

// placeLease is how long all may take from the begin of a call out to the
// customer's answer.
const placeLease = contact.PlaceWait + (contact.DeviceSeconds+contact.DialSeconds)*time.Second + ConnectLease

// connectTime is how long a contact may be CONNECTING.
func connectTime(c *contact.Contact) time.Duration {
	if c.ToCall() {
		return placeLease
	}
	return ConnectLease
}

// placeOver ends a call out that no relay had room for in time.
func (r *Router) placeOver(ctx context.Context, c *contact.Contact) error {
	if !c.ToCall() || c.Relay != "" || c.State != contact.Connecting {
		return nil
	}
	return r.Unreached(ctx, c, contact.Expired)
}

// Unreached ends a call out whose customer was not reached. A callback is tried
// again at its old place if it may be; its agent has done nothing wrong and stays
// available. One that was ended by somebody else meanwhile stays so.
func (r *Router) Unreached(ctx context.Context, c *contact.Contact, why contact.Reason) error {
	offer := c.Offer
	for range maxTries {
		next := *c
		next.Excluded = slices.Clone(c.Excluded)
		again, err := next.TryAgain(why, r.run.Now())
		if err != nil {
			return err
		}
		if !again {
			_, err := r.EndTalk(ctx, c, why)
			if errors.Is(err, ErrOffer) {
				return nil
			}
			return err
		}
		done, err := r.tryAgain(ctx, c, &next)
		if err != nil || done {
			return err
		}
		if c, err = r.Contact(ctx, c.Tenant, c.ID); err != nil || c.Offer != offer || !c.ToCall() || Over(c) {
			return ignoreMissing(err)
		}
	}
	return fault.New(fault.Conflict, "acd: contact %s changes all the time", c.ID)
}

// tryAgain writes that a callback waits again; false means that something has
// changed meanwhile.
func (r *Router) tryAgain(ctx context.Context, old, next *contact.Contact) (bool, error) {
	writes := []cloud.Write{next.Update(old)}
	was, err := r.Agent(ctx, old.Tenant, old.OfferAgent)
	if err != nil && !errors.Is(err, ErrNoAgent) {
		return false, err
	}
	var freed *agent.Agent
	if err == nil {
		a, idle := was.Clone(), was.Idle
		if a.Release(old.Offer, r.run.Now()) {
			if !idle.IsZero() {
				a.Idle = idle
			}
			writes, freed = append(writes, a.Update(was)), a
		}
	}
	err = r.transact(ctx, r.run.NewID(), writes...)
	var refused *cloud.Refused
	switch {
	case errors.As(err, &refused) && refused.Lost():
		return false, nil
	case err != nil:
		return false, fault.Wrap(fault.KindOf(err), err, "acd: try again")
	}
	r.follow(ctx, "try again", r.publish(ctx, next))
	if freed != nil {
		routing, err := r.Routing(ctx, old.Tenant)
		if err == nil {
			err = r.publishAgent(ctx, routing, freed)
		}
		r.follow(ctx, "try again", err)
	}
	return true, nil
}
