package acd

import (
	"context"
	"errors"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// A step changes a contact or an agent by one conditional write. What it is
// decided on is either what the caller has just read or can tell, or an
// eventually consistent read, which costs half a strong one and may be stale:
// the write's condition finds that out and returns what is stored. Only "there is
// nothing to do" has no write to find it out, so that is never believed of a read
// that may be stale.

// contactStep is one step of a contact.
type contactStep struct {
	tenant string
	id     contact.ID
	seen   *contact.Contact // as the caller has read it; nil: it is read
	guess  *contact.Contact // state and offer that the contact will have; nil: no guess
	// decide changes the contact. It returns false if there is nothing to do,
	// which it must do too when it sees its own change: the answer to a write may
	// be lost. It may be asked several times.
	decide func(*contact.Contact) (bool, error)
	whole  bool // decided on the whole contact, its hold marks included: any other write makes it start again
}

// write returns the write that takes the stored contact from old to c.
func (s contactStep) write(c, old *contact.Contact) cloud.Write {
	w := c.Update(old)
	if s.whole {
		w.If = append(w.If, cloud.Cond{Attr: contact.AttrVersion, Op: "=", Value: old.Version})
	}
	return w
}

// guessed returns the write of a step that was decided on a guess. An offer is
// never used again, so state and offer say what the epoch does; since must not
// go back.
func guessed(c, guess *contact.Contact) cloud.Write {
	w := c.Update(guess)
	if guess.Offer != "" {
		w.If = []cloud.Cond{{Attr: contact.AttrState, Op: "=", Value: string(guess.State)}, contact.OfferIs(guess.Offer)}
	}
	w.If = append(w.If, cloud.Cond{Attr: contact.AttrSince, Op: "<=", Value: contact.Micros(c.Since)})
	return w
}

// step takes a step of a contact and returns the contact as it then stands.
func (r *Router) step(ctx context.Context, s contactStep) (*contact.Contact, error) {
	var i cloud.Item
	sure, done, err := false, (*contact.Contact)(nil), error(nil)
	if first, w := s.first(); first {
		if done, i, err = r.tryContact(ctx, w); done != nil || err != nil {
			return done, err
		}
		sure = true
	} else {
		i, err = r.read(ctx, contact.Key(s.tenant, s.id), false)
	}
	for range maxTries {
		if err != nil {
			return nil, err
		}
		old, c := contact.FromItem(i), contact.FromItem(i)
		changed := false
		var derr error
		if c != nil {
			changed, derr = s.decide(c)
		}
		if derr == nil && changed {
			if done, i, err = r.tryContact(ctx, s.write(c, old)); done != nil {
				return done, nil
			}
			sure = true
			continue
		}
		if !sure {
			sure = true
			i, err = r.read(ctx, contact.Key(s.tenant, s.id), true)
			continue
		}
		if c == nil {
			return nil, ErrNoContact
		}
		return old, derr
	}
	return nil, fault.New(fault.Conflict, "acd: contact %s changes all the time", s.id)
}

// first returns the write of a step that needs no read, if there is one.
func (s contactStep) first() (ok bool, w cloud.Write) {
	from := s.seen
	if from == nil {
		from = s.guess
	}
	if from == nil {
		return false, w
	}
	c := *from
	changed, err := s.decide(&c)
	if err != nil || !changed {
		return false, w
	}
	if s.seen == nil {
		return true, guessed(&c, from)
	}
	return true, s.write(&c, from)
}

// tryContact does a write of a contact; refused, it returns what is stored.
func (r *Router) tryContact(ctx context.Context, w cloud.Write) (*contact.Contact, cloud.Item, error) {
	stored, err := r.write(ctx, w)
	if err == nil {
		return contact.FromItem(stored), stored, nil
	}
	stored, err = lostTo(err)
	return nil, stored, err
}

// stepAgent is step for an agent.
func (r *Router) stepAgent(ctx context.Context, tenant, id string, decide func(*agent.Agent) (bool, error)) (*agent.Agent, error) {
	sure := false
	i, err := r.read(ctx, agent.Key(tenant, id), false)
	for range maxTries {
		if err != nil {
			return nil, err
		}
		changed, old := false, agent.FromItem(i)
		var a *agent.Agent
		var derr error
		if old != nil {
			a = old.Clone()
			changed, derr = decide(a)
		}
		if derr == nil && changed {
			var stored cloud.Item
			if stored, err = r.write(ctx, a.Update(old)); err == nil {
				return agent.FromItem(stored), nil
			}
			i, err = lostTo(err)
			sure = true
			continue
		}
		if !sure {
			sure = true
			i, err = r.read(ctx, agent.Key(tenant, id), true)
			continue
		}
		if old == nil {
			return nil, ErrNoAgent
		}
		return old, derr
	}
	return nil, fault.New(fault.Conflict, "acd: agent %s changes all the time", id)
}

// maxTries bounds how often one operation starts again.
const maxTries = 8

// lostTo returns the stored item of a single write whose condition failed, and
// any other error as it is.
func lostTo(err error) (cloud.Item, error) {
	var refused *cloud.Refused
	if errors.As(err, &refused) && len(refused.Each) == 1 && refused.Each[0].Why == cloud.WhyCondition {
		return refused.Each[0].Old, nil
	}
	return nil, err
}

// Glance reads a contact as it stands or stood a moment ago, for half of what
// Contact costs. It is for those who believe only what a stale read cannot get
// wrong: enough reports that of a contact, and what it does not is read again.
func (r *Router) Glance(ctx context.Context, tenant string, id contact.ID, enough func(*contact.Contact) bool) (*contact.Contact, error) {
	i, err := r.read(ctx, contact.Key(tenant, id), false)
	if err != nil {
		return nil, err
	}
	if c := contact.FromItem(i); c != nil && enough(c) {
		return c, nil
	}
	return r.Contact(ctx, tenant, id)
}

// Has returns what Glance may believe of a contact that is to be in a state with
// an offer: the write that follows relies on both.
func Has(offer contact.OfferID, states ...contact.State) func(*contact.Contact) bool {
	return func(c *contact.Contact) bool {
		if c.Offer != offer || offer == "" {
			return false
		}
		for _, s := range states {
			if c.State == s {
				return true
			}
		}
		return false
	}
}

// Over reports of a contact what never changes again: its call is over.
func Over(c *contact.Contact) bool { return c.State == contact.Ended || c.State == contact.Completed }
