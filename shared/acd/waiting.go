package acd

import (
	"context"
	"errors"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Request is how a contact is to be queued.
type Request struct {
	Queue    string          // id or ARN
	Channel  contact.Channel // of the contact; "" = voice
	Priority int             // 1 to 99; 0 = DefaultPriority
	Age      int             // seconds to be taken as waited before, for the order of service
	Language string          // BCP 47; "" = as it is
	Record   bool            // the talk is to be recorded
	Whispers bool            // flows are to be heard before agent and customer are joined

	Came time.Time // when it first came, by a place that was kept; zero = now

	Steps     []contact.Step // what it asks for besides its queue's needs
	Preferred string         // agent whom it is kept for …
	PreferFor time.Duration  // … so long, in whole seconds
}

// steps returns the steps of a request, the preferred agent first.
func (q Request) steps() []contact.Step {
	if q.Preferred == "" || q.PreferFor < time.Second {
		return q.Steps
	}
	return append([]contact.Step{{For: q.PreferFor, Agents: []string{q.Preferred}}}, q.Steps...)
}

// enters lets a contact wait in a queue from now on.
func (q Request) enters(c *contact.Contact, queue Queue, at time.Time) error {
	now := contact.Instant(at)
	if err := c.Move(contact.Queued, now); err != nil {
		return err
	}
	c.Epoch++
	c.Queue, c.Group, c.Needs, c.Record, c.ACWSeconds = queue.ID, queue.Group, queue.Needs, q.Record, queue.ACWSeconds
	c.Whispers, c.ACWManual = q.Whispers, queue.manual()
	c.Priority, c.Enqueued, c.Excluded, c.Steps, c.NotBefore = cmpOr(q.Priority, DefaultPriority), now, nil, q.steps(), time.Time{}
	c.Language, c.Moved, c.Passed = cmpOr(q.Language, c.Language), time.Time{}, nil
	c.Came = time.Time{}
	if !q.Came.IsZero() && q.Came.Before(now) {
		c.Came = contact.Instant(q.Came)
	}
	c.Rank = queue.Rank(c.Priority, c.FirstCame().Add(-time.Duration(q.Age)*time.Second))
	return nil
}

// ErrExists is returned by Begin for a contact that is there.
var ErrExists = fault.New(fault.Conflict, "acd: the contact exists")

// Begin puts a new contact. One that is there stays as it is and is ErrExists:
// another one's, or one's own whose answer was lost.
func (r *Router) Begin(ctx context.Context, c *contact.Contact) error {
	_, err := r.write(ctx, c.Put())
	if _, lost := lostTo(err); err != nil && lost == nil {
		return ErrExists
	}
	return fault.Wrap(fault.KindOf(err), err, "acd: begin contact")
}

// Enqueue lets a contact wait in a queue, or in the one that takes what comes too
// late or is too much for it, and looks for an agent. A contact that waits, or is
// further, stays as it is. ErrFull and ErrClosed: nobody takes it. Of one that is
// offered at once, without waiting, what routing has written is returned.
func (r *Router) Enqueue(ctx context.Context, tenant string, id contact.ID, q Request) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	queue, err := routing.Queue(q.Queue)
	if err != nil {
		return nil, err
	}
	if queue, err = r.admit(ctx, tenant, routing, queue); err != nil {
		return nil, err
	}
	first := &contact.Contact{Tenant: tenant, ID: id, State: contact.InFlow, Channel: cmpOr(q.Channel, contact.Voice)} // nearly always it waits for the first time
	offered, seen := r.atOnce(ctx, routing, queue, q, first)
	if offered != nil {
		return offered, nil
	}
	c, err := r.step(ctx, contactStep{tenant: tenant, id: id, guess: first, seen: seen, decide: func(c *contact.Contact) (bool, error) {
		if c.State == contact.Queued || c.Live() {
			return false, nil
		}
		return true, q.enters(c, queue, r.run.Now())
	}})
	if err != nil {
		return c, err
	}
	r.follow(ctx, "enqueue", r.publishContact(ctx, routing, c))
	return c, nil
}

func cmpOr[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

// publishContact puts the row of a waiting contact and runs a round.
func (r *Router) publishContact(ctx context.Context, routing *Routing, c *contact.Contact) error {
	if c.State != contact.Queued {
		return nil
	}
	if err := r.putRow(ctx, waitingWrite(c, routing)); err != nil {
		return err
	}
	return r.Round(ctx, c.Tenant, c.Group)
}

// follow logs the failure of what follows an operation that is done. It is no
// failure of the operation: the stream consumer does it again.
func (r *Router) follow(ctx context.Context, step string, err error) {
	if err != nil {
		r.run.Log.WarnContext(ctx, "left to the stream", "step", step, "kind", string(fault.KindOf(err)), "error", err.Error())
	}
}

// Accept binds the contact of an offer to its agent: the relay has ConnectLease
// to join them. Again is no change; an offer that is over is ErrOffer.
func (r *Router) Accept(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID) (*contact.Contact, error) {
	return r.Answered(ctx, tenant, id, offer, "")
}

// Answered is Accept by a device that was picked up: leg is the CallId of its leg.
func (r *Router) Answered(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID, leg string) (*contact.Contact, error) {
	offered := &contact.Contact{Tenant: tenant, ID: id, State: contact.Offered, Offer: offer}
	c, err := r.step(ctx, contactStep{tenant: tenant, id: id, guess: offered, decide: func(c *contact.Contact) (bool, error) {
		if c.Offer != offer || offer == "" || Over(c) {
			return false, ErrOffer
		}
		if c.State == contact.Connecting && c.ToCall() && c.AgentLeg == "" && leg != "" { // who called, or accepted before
			c.AgentLeg = leg
			return true, nil
		}
		if c.State != contact.Offered {
			return false, nil
		}
		c.AgentLeg = leg
		return true, c.Move(contact.Connecting, r.run.Now())
	}})
	if err == nil && c.Channel == contact.Task && c.State == contact.Connecting { // nothing is to be joined
		return r.JoinedSeen(ctx, c, "", c.Recording)
	}
	return c, err
}

// Joined notes that the relay has joined customer and agent; recording says
// where the recording goes, "" for none. Again is no change.
func (r *Router) Joined(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID, recording string) (*contact.Contact, error) {
	return r.JoinedLeg(ctx, tenant, id, offer, "", recording)
}

// JoinedLeg is Joined where the CallId of the agent's leg is known.
func (r *Router) JoinedLeg(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID, leg, recording string) (*contact.Contact, error) {
	accepted := &contact.Contact{Tenant: tenant, ID: id, State: contact.Connecting, Offer: offer}
	return r.joined(ctx, contactStep{tenant: tenant, id: id, guess: accepted}, offer, leg, recording)
}

// JoinedSeen is JoinedLeg of a contact as it was just read.
func (r *Router) JoinedSeen(ctx context.Context, c *contact.Contact, leg, recording string) (*contact.Contact, error) {
	return r.joined(ctx, contactStep{tenant: c.Tenant, id: c.ID, seen: c}, c.Offer, leg, recording)
}

func (r *Router) joined(ctx context.Context, s contactStep, offer contact.OfferID, leg, recording string) (*contact.Contact, error) {
	s.decide = func(c *contact.Contact) (bool, error) {
		if c.Offer != offer || offer == "" {
			return false, ErrOffer
		}
		if c.State != contact.Connecting {
			return false, nil
		}
		now := r.run.Now()
		if c.ToCall() {
			c.ToSystem = contact.Instant(now)
		}
		c.AgentJoined, c.Dequeued, c.AgentLeg, c.Recording = contact.Instant(now), contact.Instant(now), cmpOr(leg, c.AgentLeg), recording
		return true, c.Move(contact.Connected, now)
	}
	return r.step(ctx, s)
}

// Hold marks the customer of a talk as on hold, or as back.
func (r *Router) Hold(ctx context.Context, tenant string, id contact.ID, on bool) (*contact.Contact, error) {
	return r.step(ctx, contactStep{tenant: tenant, id: id, whole: true, decide: func(c *contact.Contact) (bool, error) {
		if c.State != contact.Connected {
			return false, fault.Wrap(fault.Conflict, contact.ErrStep, "hold in %s", c.State)
		}
		if on != c.Hold.Since.IsZero() {
			return false, nil // as it is
		}
		if on {
			c.StartHold(r.run.Now())
		} else {
			c.StopHold(r.run.Now())
		}
		return true, nil
	}})
}

// Expire ends an offer that nobody took: the contact waits again at its old
// place, not for this agent for a while, and the agent is Missed. An offer that
// is over or was accepted stays as it is.
func (r *Router) Expire(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID) error {
	return r.unbind(ctx, tenant, id, offer, contact.Offered)
}

// Reject is Expire by the agent's own wish.
func (r *Router) Reject(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID) error {
	return r.unbind(ctx, tenant, id, offer, contact.Offered)
}

// Unjoin ends an accepted offer whose legs could not be joined, as Expire does.
func (r *Router) Unjoin(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID) error {
	return r.unbind(ctx, tenant, id, offer, contact.Connecting)
}

// unbind takes a contact from the agent of an offer, if it is in a state with
// this offer, and lets it wait again; in one transaction, so that the agent is
// never free before the contact waits, nor bound after.
func (r *Router) unbind(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID, in contact.State) error {
	for range maxTries {
		old, err := r.Contact(ctx, tenant, id)
		if err != nil {
			return err
		}
		if old.Offer != offer || offer == "" || old.State != in {
			if old.State == contact.Queued { // perhaps our own, whose answer was lost
				return r.publish(ctx, old)
			}
			return nil
		}
		if old.ToCall() && (old.Method == contact.Outbound || in == contact.Connecting) {
			return r.Unreached(ctx, old, contact.NoAnswer)
		}
		done, err := r.giveBack(ctx, old)
		if err == nil && !done {
			done, err = r.tryUnbind(ctx, old)
		}
		if err != nil || done {
			return err
		}
	}
	return fault.New(fault.Conflict, "acd: contact %s changes all the time", id)
}

func (r *Router) tryUnbind(ctx context.Context, old *contact.Contact) (done bool, err error) {
	now := r.run.Now()
	c := *old
	c.Excluded = append([]contact.Excluded(nil), old.Excluded...)
	if err := c.Requeue(now, now.Add(Exclusion)); err != nil {
		return false, err
	}
	writes := []cloud.Write{c.Update(old)}
	was, err := r.Agent(ctx, old.Tenant, old.OfferAgent)
	if err != nil && !errors.Is(err, ErrNoAgent) {
		return false, err
	}
	if err == nil {
		if w, ok := missed(was, old.Offer, now); ok {
			writes = append(writes, w)
		}
	}
	err = r.transact(ctx, r.run.NewID(), writes...)
	var refused *cloud.Refused
	switch {
	case err == nil:
		r.run.Log.InfoContext(ctx, "offer over", "tenant", c.Tenant, "contact", string(c.ID), "agent", old.OfferAgent, "offer", string(old.Offer))
		r.follow(ctx, "expire", r.publish(ctx, &c))
		return true, nil
	case errors.As(err, &refused) && refused.Lost():
		return false, nil // read again
	}
	return false, fault.Wrap(fault.KindOf(err), err, "acd: end offer")
}

// missed returns the write that takes an agent's slot from an offer that passed.
// The agent is Missed, or in the state that was asked for while it rang.
func missed(was *agent.Agent, offer contact.OfferID, now time.Time) (cloud.Write, bool) {
	a := was.Clone()
	wish := a.NextState
	if !a.Release(offer, now) {
		return cloud.Write{}, false
	}
	if wish == "" && agent.CanMove(a.State, agent.Missed) {
		if a.Move(agent.Missed, now) != nil {
			return cloud.Write{}, false
		}
	}
	return a.Update(was), true
}

// publish is publishContact with the current configuration.
func (r *Router) publish(ctx context.Context, c *contact.Contact) error {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return err
	}
	return r.publishContact(ctx, routing, c)
}
