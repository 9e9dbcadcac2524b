package acd

import (
	"context"
	"slices"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Supervision is how a supervisor takes part in a talk.
type Supervision string

// TakeOver is to have the contact oneself; the other supervisions are
// contact.ModeListen, ModeWhisper and ModeBarge.
const TakeOver Supervision = "takeover"

// ErrNotWaiting is returned for a contact that does not wait.
var ErrNotWaiting = fault.New(fault.Conflict, "the contact does not wait in a queue")

// Supervise lets a supervisor take part in a talk, or changes how: the device of
// one who is not there yet is called. It binds the supervisor's slot, whatever
// the supervisor's status.
func (r *Router) Supervise(ctx context.Context, c *contact.Contact, agentID string, how Supervision) (*contact.Contact, *contact.Talk, error) {
	party := contact.Party{ID: contact.OfferID(r.run.NewID()), Kind: contact.Supervisor, Agent: agentID, Mode: contact.Mode(how), Over: how == TakeOver}
	if party.Over {
		party.Mode = contact.ModeListen // until the leg is there
	}
	return r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		if s.con.OfferAgent == agentID {
			return false, ErrSelf
		}
		if stale(s.con, s.talk) {
			s.talk.Parties, s.talk.Consult, s.talk.Aside = nil, "", false
		}
		s.talk.Told = false
		if n := slices.IndexFunc(s.talk.Parties, func(p contact.Party) bool { return p.Agent == agentID && p.Kind == contact.Supervisor }); n >= 0 {
			return s.superviseOn(&s.talk.Parties[n], how)
		}
		if err := s.talk.Ask(s.con, party, s.now); err != nil {
			return false, err
		}
		a, err := r.Agent(ctx, c.Tenant, agentID)
		if err != nil {
			return false, err
		}
		w, err := bind(a, party.ID, c.ID, false)
		s.binds = append(s.binds, w)
		if a.State == agent.Available {
			s.claimed = append(s.claimed, a)
		}
		return err == nil, err
	})
}

// superviseOn changes how a supervisor takes part who does already.
func (s *talkStep) superviseOn(p *contact.Party, how Supervision) (changed bool, err error) {
	switch {
	case how != TakeOver:
		return s.talk.Set(p.ID, contact.Mode(how), s.now)
	case p.State != contact.PartyTalking:
		changed, p.Over = !p.Over, true
		return changed, nil
	}
	s.left, err = s.talk.HandOver(s.con, p.ID, contact.Barged, s.now)
	return err == nil, err
}

// StopSupervising lets a supervisor leave; one who is not there is no change.
func (r *Router) StopSupervising(ctx context.Context, c *contact.Contact, agentID string) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		n := slices.IndexFunc(s.talk.Parties, func(p contact.Party) bool { return p.Agent == agentID && p.Kind == contact.Supervisor })
		if n < 0 {
			return false, nil
		}
		_, err := s.talk.Drop(s.con, s.talk.Parties[n].ID, s.now)
		s.talk.Told = false
		return true, err
	})
}

// MoveToQueue lets a waiting contact wait in another queue, at the place that its
// time and priority give it there.
func (r *Router) MoveToQueue(ctx context.Context, c *contact.Contact, queueID string) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	queue, err := routing.Queue(queueID)
	if err != nil {
		return nil, err
	}
	for range maxTries {
		if c.State != contact.Queued {
			return nil, ErrNotWaiting
		}
		if c.Queue == queue.ID {
			return c, nil
		}
		moved := *c
		moved.Epoch++
		enterQueue(&moved, queue)
		moved.Rank = queue.Rank(moved.Priority, moved.Enqueued)
		i, err := r.write(ctx, moved.Update(c))
		if err == nil {
			stored := contact.FromItem(i)
			r.follow(ctx, "move", r.deleteRow(ctx, waitingKey(c, routing.shards(c.Group)), c.Epoch))
			r.follow(ctx, "move", r.publishContact(ctx, routing, stored))
			return stored, nil
		}
		if i, err = lostTo(err); err != nil {
			return nil, err
		}
		if c = contact.FromItem(i); c == nil {
			return nil, ErrNoContact
		}
	}
	return nil, fault.New(fault.Conflict, "acd: contact %s changes all the time", c.ID)
}

// SendDigits lets the relay send digits to the customer's leg of a talk.
func (r *Router) SendDigits(ctx context.Context, c *contact.Contact, digits string) error {
	if c.State != contact.Connected {
		return contact.ErrNotTalking
	}
	return r.command(ctx, c, c.Offer, sma.VerbDigits, sma.Attributes{sma.ArgDigits: digits}, ConnectLease)
}
