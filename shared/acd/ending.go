package acd

import (
	"context"
	"errors"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// End notes that the call of a contact is over, and why. After a talk the agent
// has time for after-contact work; without one the contact is complete: it
// abandoned, or a flow served it. Again is no change: the first reason stays.
func (r *Router) End(ctx context.Context, tenant string, id contact.ID, why contact.Reason) (*contact.Contact, error) {
	return r.end(ctx, contactStep{tenant: tenant, id: id}, why, "")
}

// EndSeen is End of a contact as it was just read.
func (r *Router) EndSeen(ctx context.Context, c *contact.Contact, why contact.Reason) (*contact.Contact, error) {
	return r.end(ctx, contactStep{tenant: c.Tenant, id: c.ID, seen: c}, why, "")
}

// EndTalk is EndSeen only if the contact has not gone on to another agent since,
// which is ErrOffer.
func (r *Router) EndTalk(ctx context.Context, c *contact.Contact, why contact.Reason) (*contact.Contact, error) {
	return r.end(ctx, contactStep{tenant: c.Tenant, id: c.ID, seen: c}, why, c.Offer)
}

func (r *Router) end(ctx context.Context, s contactStep, why contact.Reason, of contact.OfferID) (*contact.Contact, error) {
	was := contact.Queued
	s.whole = true
	s.decide = func(c *contact.Contact) (bool, error) {
		if of != "" && c.Offer != of {
			return false, ErrOffer
		}
		if Over(c) {
			return false, nil
		}
		was = c.State
		now := r.run.Now()
		c.StopHold(now)
		c.Reason, c.Disconnected = why, contact.Instant(now)
		if c.State == contact.Connected && c.WrapsUp() {
			c.WrapUp(now)
			return true, c.Move(contact.Ended, now)
		}
		return true, c.Move(contact.Completed, now)
	}
	c, err := r.step(ctx, s)
	if err != nil {
		return c, err
	}
	if c.State == contact.Completed {
		r.follow(ctx, "end", r.afterCompletion(ctx, c, was == contact.Queued))
	}
	return c, nil
}

// Finish ends after-contact work: with a disposition by the agent, with "" when
// its time is over. The contact is complete, its record put, the agent free.
// Again is no change: the first disposition stays. A contact that is not yet in
// after-contact work is contact.ErrStep.
func (r *Router) Finish(ctx context.Context, tenant string, id contact.ID, disposition string) (*contact.Contact, error) {
	return r.finish(ctx, contactStep{tenant: tenant, id: id}, disposition)
}

// FinishSeen is Finish of a contact as it was just read.
func (r *Router) FinishSeen(ctx context.Context, c *contact.Contact, disposition string) (*contact.Contact, error) {
	return r.finish(ctx, contactStep{tenant: c.Tenant, id: c.ID, seen: c}, disposition)
}

func (r *Router) finish(ctx context.Context, s contactStep, disposition string) (*contact.Contact, error) {
	s.decide = func(c *contact.Contact) (bool, error) {
		if c.State == contact.Completed {
			return false, nil
		}
		if c.State != contact.Ended {
			return false, contact.ErrStep
		}
		c.Disposition = disposition
		return true, c.Move(contact.Completed, r.run.Now())
	}
	c, err := r.step(ctx, s)
	if err != nil {
		return c, err
	}
	r.follow(ctx, "finish", r.afterCompletion(ctx, c, false))
	return c, nil
}

// afterCompletion does what follows a completed contact, each step only if it
// is still to be done: it deletes the row of one who waited, frees the agent and
// puts the record. A crash before it is made good by the stream consumer, which
// takes the record as the sign that all before it was done: so the record is put
// only then.
func (r *Router) afterCompletion(ctx context.Context, c *contact.Contact, waited bool) error {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return err
	}
	if waited && c.Rank != "" {
		if err := r.deleteRow(ctx, waitingKey(c, routing.shards(c.Group)), c.Epoch); err != nil {
			return err
		}
	}
	var a *agent.Agent
	if c.Offer != "" {
		if a, err = r.release(ctx, c); err != nil {
			return err
		}
	}
	err = r.putRecord(ctx, c, a)
	if a != nil {
		err = errors.Join(err, r.publishAgent(ctx, routing, a))
	}
	return err
}

// release frees the slot that a completed contact holds at its agent, and
// returns the agent as it then stands. An offer that was never answered does not
// cost an agent the place among the longest idle.
func (r *Router) release(ctx context.Context, c *contact.Contact) (*agent.Agent, error) {
	a, err := r.stepAgent(ctx, c.Tenant, c.OfferAgent, func(a *agent.Agent) (bool, error) {
		idle := a.Idle
		if !a.Release(c.Offer, r.run.Now()) {
			return false, nil
		}
		if c.AgentJoined.IsZero() && !idle.IsZero() {
			a.Idle = idle
		}
		return true, nil
	})
	if errors.Is(err, ErrNoAgent) { // deleted meanwhile
		return nil, nil
	}
	return a, err
}

// putRecord puts the record of a completed contact, if there is none.
func (r *Router) putRecord(ctx context.Context, c *contact.Contact, a *agent.Agent) error {
	flow, err := r.get(ctx, contact.FlowKey(c.Tenant, c.ID))
	if err != nil {
		return err
	}
	rec := contact.Record{Contact: *c, Attributes: contact.Attributes(flow), Path: contact.Path(flow), Told: contact.ToldFrom(flow)}
	if a != nil {
		rec.Username, rec.Profile = a.Username, a.Profile
	}
	_, err = r.write(ctx, rec.Put())
	if _, lost := lostTo(err); lost == nil {
		return nil // it is there
	}
	return err
}

// SetStatus sets an agent's state, at once if no contact is bound to the agent,
// else as soon as the last one is done. status names an Away. A free agent who
// becomes Available is offered what waits.
func (r *Router) SetStatus(ctx context.Context, tenant, id string, to agent.State, status string) (*agent.Agent, error) {
	if to == agent.Missed || !agent.CanMove(agent.Offline, to) {
		return nil, agent.ErrStep
	}
	var old *agent.Agent
	a, err := r.stepAgent(ctx, tenant, id, func(a *agent.Agent) (bool, error) {
		old = a.Clone()
		return setStatus(a, to, status, r.run.Now())
	})
	if err != nil {
		return nil, err
	}
	if to == agent.Available {
		r.follow(ctx, "status", r.enlist(ctx, tenant))
	}
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		r.follow(ctx, "status", err)
		return a, nil
	}
	if old != nil && old.Ready() && !a.Ready() {
		r.follow(ctx, "status", r.deleteRow(ctx, r.keyOfFree(old, routing), old.Epoch))
	}
	r.follow(ctx, "status", r.publishAgent(ctx, routing, a))
	return a, nil
}

// setStatus changes an agent as SetStatus says; false if it is so already.
func setStatus(a *agent.Agent, to agent.State, status string, now time.Time) (bool, error) {
	if to != agent.Away {
		status = ""
	}
	if a.Busy() {
		if to == a.State && status == a.Status { // a wish that was taken back
			to, status = "", ""
		}
		same := a.NextState == to && a.NextStatus == status
		a.NextState, a.NextStatus = to, status
		return !same, nil
	}
	if a.State == to && a.Status == status {
		return false, nil
	}
	was := a.State
	if err := a.Move(to, now); err != nil {
		return false, err
	}
	a.Status, a.NextState, a.NextStatus = status, "", ""
	a.Epoch++
	if to == agent.Available {
		a.Idle = contact.Instant(now)
		if was == agent.Offline || a.From.IsZero() {
			a.Come(now)
		}
	}
	return true, nil
}

// publishAgent puts the row of an agent with room and runs a round.
func (r *Router) publishAgent(ctx context.Context, routing *Routing, a *agent.Agent) error {
	group := routing.Profiles[a.Profile].Group
	if !a.Ready() || group == "" {
		return nil
	}
	if err := r.putRow(ctx, freeWrite(a, group, routing.shards(group))); err != nil {
		return err
	}
	return r.Round(ctx, a.Tenant, group)
}

func (r *Router) keyOfFree(a *agent.Agent, routing *Routing) cloud.Key {
	group := routing.Profiles[a.Profile].Group
	return freeKey(a, group, routing.shards(group))
}
