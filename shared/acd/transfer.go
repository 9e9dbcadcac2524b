package acd

import (
	"context"
	"errors"
	"slices"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// A transfer is one transaction: the contact goes on as its next segment, what
// its agent has left gets an item of its own, and whoever is to have it next is
// bound to it. So there is no moment in which nobody is responsible for the
// customer, and a second command finds the first: the offer is over.

// Faults of transfers that an agent can do something about.
var (
	ErrAgentBusy = fault.New(fault.Conflict, "the agent is busy: choose another agent, or a queue")
	ErrAgentAway = fault.New(fault.Conflict, "the agent is not available: choose another agent, or a queue")
	ErrSelf      = fault.New(fault.Conflict, "you have the contact: choose another agent, or a queue")
	ErrTalk      = fault.New(fault.Conflict, "somebody else takes part: complete or cancel the consult, or leave the conference")
)

// TransferToQueue lets the customer of a talk wait in a queue, at the place of
// one who comes now with the contact's priority, and not for the agent who had it
// for a while. c is the contact as the agent of its offer has it.
func (r *Router) TransferToQueue(ctx context.Context, c *contact.Contact, queueID string) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	queue, err := routing.Queue(queueID)
	if err != nil {
		return nil, err
	}
	c, err = r.pass(ctx, c, contact.AgentLeft, func(c, left *contact.Contact) ([]cloud.Write, error) {
		now := contact.Instant(r.run.Now())
		c.Epoch++
		enterQueue(c, queue)
		c.Enqueued, c.Rank = now, queue.Rank(c.Priority, now)
		c.Excluded = append(c.Excluded, contact.Excluded{Agent: left.OfferAgent, Until: now.Add(Exclusion)})
		return nil, c.Move(contact.Queued, now)
	})
	if err != nil {
		return c, err
	}
	r.follow(ctx, "transfer", r.publishContact(ctx, routing, c))
	return c, nil
}

// enterQueue sets what a queue decides of a contact.
func enterQueue(c *contact.Contact, q Queue) {
	c.Queue, c.Group, c.Needs, c.ACWSeconds, c.ACWManual = q.ID, q.Group, q.Needs, q.ACWSeconds, q.manual()
}

// TransferToAgent offers the customer of a talk to one agent. If that agent does
// not take it, it goes back to who sent it, or waits at its old place.
func (r *Router) TransferToAgent(ctx context.Context, c *contact.Contact, agentID string) (*contact.Contact, error) {
	if agentID == c.OfferAgent {
		return nil, ErrSelf
	}
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	var to *agent.Agent
	var offer contact.OfferID // of the last try: an earlier one may have been lost
	c, err = r.pass(ctx, c, contact.AgentLeft, func(c, left *contact.Contact) ([]cloud.Write, error) {
		if to, err = r.Agent(ctx, c.Tenant, agentID); err != nil {
			return nil, err
		}
		offer = contact.OfferID(r.run.NewID())
		c.Offer, c.OfferAgent, c.FromOffer = offer, to.ID, left.Offer
		c.RingSeconds, c.Attempts = routing.ring(c.Queue), 1
		claim, err := bind(to, c.Offer, c.ID, true)
		return []cloud.Write{claim}, errors.Join(err, c.Move(contact.Offered, r.run.Now()))
	})
	if err != nil || c.Offer != offer {
		return c, err
	}
	r.follow(ctx, "transfer", r.deleteRow(ctx, r.keyOfFree(to, routing), to.Epoch))
	return c, nil
}

// TransferToNumber calls a number outside for the customer of a talk. If nobody
// answers there it is as after TransferToAgent.
func (r *Router) TransferToNumber(ctx context.Context, c *contact.Contact, to phone.Number) (*contact.Contact, error) {
	return r.pass(ctx, c, contact.AgentLeft, func(c, left *contact.Contact) ([]cloud.Write, error) {
		c.Offer, c.FromOffer, c.RingSeconds, c.Attempts = contact.OfferID(r.run.NewID()), left.Offer, contact.DialSeconds, 1
		c.Dial, left.Dial, c.Method = to, to, contact.External
		return nil, c.Move(contact.Offered, r.run.Now())
	})
}

// TransferToFlow lets a flow go on with the customer of a talk, from its start.
// Whether there is such a flow is for the caller to know.
func (r *Router) TransferToFlow(ctx context.Context, c *contact.Contact, flow string) (*contact.Contact, error) {
	return r.pass(ctx, c, contact.AgentLeft, func(c, _ *contact.Contact) ([]cloud.Write, error) {
		c.Flow, c.Queue, c.Group, c.Rank, c.Needs, c.Steps = flow, "", "", "", nil, nil
		return nil, c.Move(contact.InFlow, r.run.Now())
	})
}

// ring is how long an offer of a queue rings, in seconds.
func (r *Routing) ring(queue string) int {
	if q, err := r.Queue(queue); err == nil {
		return q.RingSeconds
	}
	return 20
}

// pass takes a contact from the agent who talks to its customer: on decides who
// gets it, and what is written besides. It is decided anew after a lost race.
func (r *Router) pass(ctx context.Context, c *contact.Contact, why contact.Reason, on func(c, left *contact.Contact) ([]cloud.Write, error)) (*contact.Contact, error) {
	offer, old := c.Offer, c
	if c.Channel == contact.Task {
		return nil, ErrNoCall
	}
	for range maxTries {
		if old.Offer != offer || old.State != contact.Connected {
			return old, r.passedBefore(ctx, old, offer)
		}
		if err := r.alone(ctx, old); err != nil {
			return nil, err
		}
		next := *old
		next.Excluded = slices.Clone(old.Excluded)
		left := next.Leave(why, next.NewSegment(), r.run.Now())
		more, err := on(&next, left)
		if err != nil {
			return nil, err
		}
		done, err := r.commitPass(ctx, old, &next, left, more)
		if err != nil || done {
			return &next, err
		}
		if old, err = r.Contact(ctx, c.Tenant, c.ID); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "acd: contact %s changes all the time", c.ID)
}

// commitPass writes a transfer; false means that something has changed meanwhile.
func (r *Router) commitPass(ctx context.Context, old, next, left *contact.Contact, more []cloud.Write) (bool, error) {
	next.Version++
	writes := append([]cloud.Write{next.Update(old), left.Put()}, more...)
	err := r.transact(ctx, r.run.NewID(), writes...)
	var refused *cloud.Refused
	switch {
	case err == nil:
		r.run.Log.InfoContext(ctx, "transferred", "tenant", next.Tenant, "contact", string(next.ID), "from", left.OfferAgent, "to", next.OfferAgent, "state", string(next.State), "segment", next.Segment)
		if left.State == contact.Completed {
			r.follow(ctx, "transfer", r.afterCompletion(ctx, left, false))
		}
		return true, nil
	case errors.As(err, &refused) && refused.Lost():
		return false, nil
	}
	return false, fault.Wrap(fault.KindOf(err), err, "acd: transfer")
}

// passedBefore tells a command that came twice, or whose answer was lost, from
// one for a talk that is over.
func (r *Router) passedBefore(ctx context.Context, c *contact.Contact, offer contact.OfferID) error {
	left, err := r.Left(ctx, c.Tenant, c.ID, offer)
	switch {
	case err != nil:
		return err
	case left == nil:
		return contact.ErrStep
	}
	return nil
}

// bind returns the write that gives an agent's slot to an offer. want: only to
// one who is available. It relies on what the agent was read with.
func bind(a *agent.Agent, offer contact.OfferID, id contact.ID, want bool) (cloud.Write, error) {
	switch {
	case a.Voice.Free() == 0:
		return cloud.Write{}, ErrAgentBusy
	case want && a.State != agent.Available:
		return cloud.Write{}, ErrAgentAway
	}
	return cloud.Write{Key: agent.Key(a.Tenant, a.ID),
		If: []cloud.Cond{{Attr: agent.AttrState, Op: "=", Value: string(a.State)}, {Attr: agent.AttrEpoch, Op: "=", Value: a.Epoch},
			{Attr: agent.AttrVoiceUsed, Op: "<", Value: int64(a.Voice.Max)}},
		Set: cloud.Item{agent.AttrOffer(offer): string(id)},
		Add: map[string]int64{agent.AttrVersion: 1, agent.AttrVoiceUsed: 1}}, nil
}

// giveBack offers a contact that one agent or number did not take to who sent it:
// to an agent who still does after-contact work of it, or is available again.
// done is false if the contact is to wait instead, or has changed.
func (r *Router) giveBack(ctx context.Context, old *contact.Contact) (done bool, err error) {
	if old.FromOffer == "" || old.State != contact.Offered {
		return false, nil
	}
	sender, err := r.Agent(ctx, old.Tenant, old.From)
	if err != nil {
		return false, ignoreMissing(err)
	}
	left, err := r.Left(ctx, old.Tenant, old.ID, old.FromOffer)
	if err != nil || left == nil {
		return false, err
	}
	now, c := r.run.Now(), *old
	c.GiveBack(contact.OfferID(r.run.NewID()), now)
	if err := c.Move(contact.Offered, now); err != nil {
		return false, err
	}
	writes := []cloud.Write{c.Update(old)}
	again, closed, ok := resumed(sender, left, c.Offer, now)
	if ok {
		writes = append(writes, again, closed.Update(left))
	} else if again, err = bind(sender, c.Offer, c.ID, true); err != nil {
		return false, nil // busy or away: it waits
	} else {
		writes = append(writes, again)
	}
	if w, held, err := r.missedWrite(ctx, old, now); err != nil {
		return false, err
	} else if held {
		writes = append(writes, w)
	}
	err = r.transact(ctx, r.run.NewID(), writes...)
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() {
		return false, nil
	}
	if err == nil && ok {
		r.follow(ctx, "give back", r.afterCompletion(ctx, closed, false))
	}
	return err == nil, fault.Wrap(fault.KindOf(err), err, "acd: give back")
}

// resumed returns the writes by which an agent in after-contact work of a
// segment has its contact offered again: the slot goes from one offer to the
// other, and the segment is complete.
func resumed(sender *agent.Agent, left *contact.Contact, offer contact.OfferID, now time.Time) (cloud.Write, *contact.Contact, bool) {
	if _, held := sender.Offers[left.Offer]; !held || left.State != contact.Ended {
		return cloud.Write{}, nil, false
	}
	closed := *left
	if closed.Move(contact.Completed, now) != nil {
		return cloud.Write{}, nil, false
	}
	return cloud.Write{Key: agent.Key(sender.Tenant, sender.ID), If: []cloud.Cond{{Attr: agent.AttrOffer(left.Offer), Op: "present"}},
		Set: cloud.Item{agent.AttrOffer(offer): string(left.ID)}, Remove: []string{agent.AttrOffer(left.Offer)},
		Add: map[string]int64{agent.AttrVersion: 1}}, &closed, true
}

// missedWrite is missed for the agent of an offer, if it has one.
func (r *Router) missedWrite(ctx context.Context, c *contact.Contact, now time.Time) (w cloud.Write, held bool, err error) {
	if c.OfferAgent == "" {
		return w, false, nil
	}
	a, err := r.Agent(ctx, c.Tenant, c.OfferAgent)
	if err != nil {
		return w, false, ignoreMissing(err)
	}
	w, held = missed(a, c.Offer, now)
	return w, held, nil
}

// passed sends the relay what follows of a contact that went on to somebody else.
func (r *Router) passed(ctx context.Context, was, c *contact.Contact) error {
	if was.Offer == "" || was.Offer == c.Offer {
		return nil
	}
	switch was.State {
	case contact.Connected:
		err := r.command(ctx, c, c.Offer, sma.VerbTalk, nil, ConnectLease)
		if c.State == contact.Offered && !c.Dial.IsZero() {
			err = errors.Join(err, r.command(ctx, c, c.Offer, sma.VerbRing, nil, ConnectLease))
		}
		return err
	case contact.Offered:
		if c.State == contact.Offered {
			return r.command(ctx, c, was.Offer, sma.VerbUnring, nil, ConnectLease)
		}
	}
	return nil
}
