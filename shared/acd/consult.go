package acd

import (
	"context"
	"errors"
	"slices"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
)

// ErrNobody is returned for a consult of a queue that has nobody free.
var ErrNobody = fault.New(fault.Conflict, "nobody is free in that queue now: choose somebody else, or transfer the customer to it")

// Consult asks an agent to help with the talk of c's agent: the customer hears
// music meanwhile. Again is contact.ErrConsults.
func (r *Router) Consult(ctx context.Context, c *contact.Contact, agentID string) (*contact.Contact, *contact.Talk, error) {
	return r.ask(ctx, c, agentID, contact.Party{Kind: contact.AgentParty, Agent: agentID})
}

// ConsultNumber is Consult of a number outside.
func (r *Router) ConsultNumber(ctx context.Context, c *contact.Contact, to phone.Number) (*contact.Contact, *contact.Talk, error) {
	return r.ask(ctx, c, "", contact.Party{Kind: contact.NumberParty, Dial: to})
}

// ConsultQueue is Consult of the agent who would get the next contact of a queue.
func (r *Router) ConsultQueue(ctx context.Context, c *contact.Contact, queueID string) (*contact.Contact, *contact.Talk, error) {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return nil, nil, err
	}
	queue, err := routing.Queue(queueID)
	if err != nil {
		return nil, nil, err
	}
	v, err := r.look(ctx, c.Tenant, queue.Group, routing)
	if err != nil {
		return nil, nil, err
	}
	asks := Waiting{Contact: c.ID, Queue: queue.ID, Needs: queue.Needs}
	v.waiting = append(v.waiting, asks) // so that agents for it are read on
	for {
		pairs, _ := Match(r.run.Now(), []Waiting{asks}, v.free, routing.Profiles)
		if len(pairs) == 0 {
			more, err := v.more(ctx, routing)
			if err != nil || !more {
				return nil, nil, cmpOr(err, ErrNobody)
			}
			continue
		}
		chosen := pairs[0].Free
		con, talk, err := r.Consult(ctx, c, chosen.Agent)
		if err == nil || !isTaken(err) {
			return con, talk, err
		}
		v.free = slices.DeleteFunc(v.free, func(f Free) bool { return f.Agent == chosen.Agent })
	}
}

// isTaken reports whether an agent cannot be asked just now.
func isTaken(err error) bool {
	return errors.Is(err, ErrAgentBusy) || errors.Is(err, ErrAgentAway) || errors.Is(err, contact.ErrTwice)
}

// ask adds a party to the talk of c's agent, and binds its agent if it has one.
func (r *Router) ask(ctx context.Context, c *contact.Contact, agentID string, p contact.Party) (*contact.Contact, *contact.Talk, error) {
	p.ID = contact.OfferID(r.run.NewID())
	return r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		if s.talk.Party(p.ID) != nil { // the answer to our write was lost
			return false, nil
		}
		if s.con.Offer != c.Offer {
			return false, ErrOffer
		}
		if stale(s.con, s.talk) { // of the agent before
			s.talk.Parties, s.talk.Consult, s.talk.Aside = nil, "", false
		}
		s.talk.Told = false
		if err := s.talk.Ask(s.con, p, s.now); err != nil || agentID == "" {
			return err == nil, err
		}
		a, err := r.Agent(ctx, c.Tenant, agentID)
		if err != nil {
			return false, err
		}
		w, err := bind(a, p.ID, c.ID, p.Kind == contact.AgentParty)
		if err != nil {
			return false, err
		}
		s.binds = append(s.binds, w)
		if a.State == agent.Available {
			s.claimed = append(s.claimed, a)
		}
		return true, nil
	})
}

// AcceptParty notes that a party has accepted at its desk: the relay has
// ConnectLease to call its device. One that is over is ErrOffer.
func (r *Router) AcceptParty(ctx context.Context, tenant string, id contact.ID, party contact.OfferID) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, tenant, id, func(s *talkStep) (bool, error) {
		changed, err := s.talk.Accept(party, s.now)
		s.talk.Told = false
		return changed, overIf(err)
	})
}

// AnswerParty notes that the device of a party was picked up, on a leg. One that
// is over is ErrOffer.
func (r *Router) AnswerParty(ctx context.Context, tenant string, id contact.ID, party contact.OfferID, leg string) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, tenant, id, func(s *talkStep) (changed bool, err error) {
		if s.con.Offer == party && s.con.State == contact.Connecting {
			return false, nil // who took over was joined: asked again
		}
		if stale(s.con, s.talk) || s.con.State != contact.Connected {
			return false, ErrOffer
		}
		changed, err = s.talk.Answer(party, leg, s.now)
		s.talk.Told = true
		if p := s.talk.Party(party); err == nil && p.Over {
			s.left, err = s.talk.HandOver(s.con, party, contact.Barged, s.now)
		}
		return changed, overIf(err)
	})
}

func overIf(err error) error {
	if errors.Is(err, contact.ErrNoParty) {
		return ErrOffer
	}
	return err
}

// Gone says why a party is taken out of a talk.
type Gone struct {
	Missed bool // it let its device ring
	Told   bool // the relay gets the answer to its own event
}

// DropParty takes a party out of a talk. One that is out already is no change.
func (r *Router) DropParty(ctx context.Context, tenant string, id contact.ID, party contact.OfferID, how Gone) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, tenant, id, func(s *talkStep) (bool, error) {
		if s.talk.Party(party) == nil {
			return false, nil
		}
		_, err := s.talk.Drop(s.con, party, s.now)
		s.missed, s.talk.Told = how.Missed, how.Told
		return true, err
	})
}

// CancelConsult lets the one who is consulted go: the agent has the customer again.
func (r *Router) CancelConsult(ctx context.Context, c *contact.Contact) (*contact.Contact, *contact.Talk, error) {
	return r.change(ctx, c, func(s *talkStep) error {
		if s.talk.Consult == "" {
			return contact.ErrNoConsult
		}
		_, err := s.talk.Drop(s.con, s.talk.Consult, s.now)
		return err
	})
}

// JoinConsult makes a conference of a consult.
func (r *Router) JoinConsult(ctx context.Context, c *contact.Contact) (*contact.Contact, *contact.Talk, error) {
	return r.change(ctx, c, func(s *talkStep) error { return s.talk.Join(s.con, s.now) })
}

// SwapConsult brings the agent from the consulted to the customer, or back.
func (r *Router) SwapConsult(ctx context.Context, c *contact.Contact) (*contact.Contact, *contact.Talk, error) {
	return r.change(ctx, c, func(s *talkStep) error { return s.talk.Swap(s.con, s.now) })
}

// CompleteConsult hands the customer over to the one who is consulted, or still
// called: the agent is done with the call.
func (r *Router) CompleteConsult(ctx context.Context, c *contact.Contact) (*contact.Contact, *contact.Talk, error) {
	return r.change(ctx, c, func(s *talkStep) (err error) {
		if s.talk.Consult == "" {
			return contact.ErrNoConsult
		}
		s.left, err = s.talk.HandOver(s.con, s.talk.Consult, contact.AgentLeft, s.now)
		return err
	})
}

// LeaveTalk lets the agent of an offer leave a talk of more than two: whoever is
// to have the customer then has. It is ErrAlone if nobody is.
func (r *Router) LeaveTalk(ctx context.Context, c *contact.Contact) (*contact.Contact, *contact.Talk, error) {
	return r.change(ctx, c, func(s *talkStep) (err error) {
		next := s.talk.Successor()
		if next == nil {
			return ErrAlone
		}
		s.left, err = s.talk.HandOver(s.con, next.ID, contact.AgentLeft, s.now)
		return err
	})
}

// ErrAlone says that nobody would have the customer.
var ErrAlone = fault.New(fault.Conflict, "acd: nobody else talks to the customer")

// SetParty changes how a party takes part; again is no change.
func (r *Router) SetParty(ctx context.Context, c *contact.Contact, party contact.OfferID, m contact.Mode) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		if s.con.Offer != c.Offer {
			return false, ErrOffer
		}
		changed, err := s.talk.Set(party, m, s.now)
		s.talk.Told = false
		return changed, err
	})
}

// change changes the talk of c's agent by a command.
func (r *Router) change(ctx context.Context, c *contact.Contact, do func(*talkStep) error) (*contact.Contact, *contact.Talk, error) {
	return r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		if s.con.Offer != c.Offer {
			return false, r.passedBefore(ctx, s.con, c.Offer)
		}
		if s.con.State != contact.Connected {
			return false, contact.ErrNotTalking
		}
		s.talk.Told = false
		return true, do(s)
	})
}
