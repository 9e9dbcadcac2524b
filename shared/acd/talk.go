package acd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// A talk of more than two changes in one transaction with everything that goes
// with it: the contact's hold marks, the slot of an agent who comes or goes, the
// after-contact work of one who leaves. What the relay is to do follows from the
// talk as it stands.

// talkStep is one change of a talk, and what it is decided on.
type talkStep struct {
	talk, wasTalk *contact.Talk
	con, wasCon   *contact.Contact
	left          *contact.Contact // the agent's segment, if the contact is handed over
	binds         []cloud.Write    // slots that are taken
	claimed       []*agent.Agent   // whose they are
	why           contact.Reason   // of the segments that end
	missed        bool             // who is taken out has let it ring
	now           time.Time        // not before anything that it is decided on
}

// Talk reads who takes part in a contact besides customer and agent; an empty
// talk if nobody does or did.
func (r *Router) Talk(ctx context.Context, c *contact.Contact) (*contact.Talk, error) {
	t := &contact.Talk{Tenant: c.Tenant, ID: c.ID, Offer: c.Offer}
	if !c.Talk {
		return t, nil
	}
	i, err := r.get(ctx, contact.TalkKey(c.Tenant, c.ID))
	if stored := contact.TalkFromItem(i); stored != nil {
		t = stored
	}
	return t, err
}

// alone reports by its error that more than customer and agent talk.
func (r *Router) alone(ctx context.Context, c *contact.Contact) error {
	t, err := r.Talk(ctx, c)
	if err == nil && !t.Alone() {
		return ErrTalk
	}
	return err
}

// stepTalk reads a contact and its talk, lets decide change them, and writes the
// change if nothing was written meanwhile; if so, it starts again. decide returns
// false if there is nothing to do, which it must do too when it sees its own
// change. Contact and talk are returned as they then stand.
func (r *Router) stepTalk(ctx context.Context, tenant string, id contact.ID, decide func(*talkStep) (bool, error)) (*contact.Contact, *contact.Talk, error) {
	for range maxTries {
		s := &talkStep{why: contact.AgentLeft}
		var err error
		if s.wasCon, err = r.Contact(ctx, tenant, id); err != nil {
			return nil, nil, err
		}
		if s.wasCon.Channel == contact.Task {
			return nil, nil, ErrNoCall
		}
		if s.wasTalk, err = r.Talk(ctx, s.wasCon); err != nil {
			return nil, nil, err
		}
		con := *s.wasCon
		con.Excluded = slices.Clone(con.Excluded)
		s.con, s.talk, s.now = &con, s.wasTalk.Clone(), contact.Instant(r.run.Now())
		changed, err := decide(s)
		if err != nil || !changed {
			return s.wasCon, s.wasTalk, err
		}
		done, err := r.commitTalk(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		if done {
			s.talk.Version++
			return s.con, s.talk, nil
		}
	}
	return nil, nil, fault.New(fault.Conflict, "acd: the talk of contact %s changes all the time", id)
}

// commitTalk writes a step; false means that something has changed meanwhile.
func (r *Router) commitTalk(ctx context.Context, s *talkStep) (bool, error) {
	if err := s.talk.Check(); err != nil {
		return false, err
	}
	writes := append([]cloud.Write{s.talk.Write(s.wasTalk)}, s.binds...)
	if w := contact.Diff(s.wasCon.Item(), s.con.Item()); len(w.Set) > 0 || len(w.Remove) > 0 {
		change := s.con.Update(s.wasCon)
		change.If = append(change.If, cloud.Cond{Attr: contact.AttrVersion, Op: "=", Value: s.wasCon.Version})
		writes = append(writes, change)
		s.con.Version++
	}
	ended, freed, more, err := r.leaving(ctx, s)
	if err != nil {
		return false, err
	}
	err = r.transact(ctx, r.run.NewID(), append(writes, more...)...)
	var refused *cloud.Refused
	switch {
	case err == nil:
	case errors.As(err, &refused) && refused.Lost():
		return false, nil
	default:
		return false, fault.Wrap(fault.KindOf(err), err, "acd: change talk")
	}
	r.run.Log.InfoContext(ctx, "talk", "tenant", s.con.Tenant, "contact", string(s.con.ID), "parties", len(s.talk.Parties), "agent", s.con.OfferAgent, "state", string(s.con.State))
	r.afterTalk(ctx, s, ended, freed)
	return true, nil
}

// leaving returns what is written for those who take part no more: the segment
// of an agent who talked, the slot of one who did not. A party that has the
// contact now keeps its slot.
func (r *Router) leaving(ctx context.Context, s *talkStep) (ended []*contact.Contact, freed []*agent.Agent, writes []cloud.Write, err error) {
	if s.left != nil {
		ended = append(ended, s.left)
		writes = append(writes, s.left.Put())
	}
	for _, p := range s.wasTalk.Parties {
		if p.Agent == "" || s.talk.Party(p.ID) != nil || s.con.Offer == p.ID {
			continue
		}
		if p.Kind == contact.AgentParty && p.State == contact.PartyTalking {
			over := s.talk.Segmented(s.con, p, s.why, s.now)
			ended = append(ended, over)
			writes = append(writes, over.Put())
			continue
		}
		a, err := r.Agent(ctx, s.con.Tenant, p.Agent)
		if err != nil {
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			return nil, nil, nil, err
		}
		if w, now, held := freedWrite(a, p, s); held {
			writes, freed = append(writes, w), append(freed, now)
		}
	}
	return ended, freed, writes, nil
}

// freedWrite frees the slot of a party. One who let it ring is Missed; another
// keeps the place among the longest idle.
func freedWrite(was *agent.Agent, p contact.Party, s *talkStep) (cloud.Write, *agent.Agent, bool) {
	a := was.Clone()
	idle, wish := a.Idle, a.NextState
	if !a.Release(p.ID, s.now) {
		return cloud.Write{}, nil, false
	}
	if !idle.IsZero() && p.State != contact.PartyTalking {
		a.Idle = idle
	}
	if s.missed && p.Kind == contact.AgentParty && wish == "" && agent.CanMove(a.State, agent.Missed) && a.Move(agent.Missed, s.now) != nil {
		return cloud.Write{}, nil, false
	}
	return a.Update(was), a, true
}

// afterTalk does what follows a change, each step only if it is still to be
// done; what a crash leaves undone the stream consumer does.
func (r *Router) afterTalk(ctx context.Context, s *talkStep, ended []*contact.Contact, freed []*agent.Agent) {
	routing, err := r.Routing(ctx, s.con.Tenant)
	if err != nil {
		r.follow(ctx, "talk", err)
		return
	}
	for _, a := range s.claimed {
		r.follow(ctx, "talk", r.deleteRow(ctx, r.keyOfFree(a, routing), a.Epoch))
	}
	for _, over := range ended {
		if over.State == contact.Completed {
			r.follow(ctx, "talk", r.afterCompletion(ctx, over, false))
		}
	}
	for _, a := range freed {
		r.follow(ctx, "talk", r.publishAgent(ctx, routing, a))
	}
}

// talkChanged lets the relay and the timers know of a change of a talk.
func (r *Router) talkChanged(ctx context.Context, old cloud.Item, t *contact.Talk) error {
	was := contact.TalkFromItem(old)
	if was != nil && was.Version >= t.Version {
		return nil
	}
	var errs []error
	for _, p := range t.Parties {
		before := (*contact.Party)(nil)
		if was != nil {
			before = was.Party(p.ID)
		}
		if p.State == contact.PartyTalking || before != nil && before.State == p.State {
			continue
		}
		errs = append(errs, r.armParty(ctx, t, p))
	}
	c, err := r.Contact(ctx, t.Tenant, t.ID)
	if err != nil {
		return errors.Join(append(errs, ignoreMissing(err))...)
	}
	if stale(c, t) {
		return errors.Join(append(errs, r.endTalk(ctx, c))...)
	}
	if !t.Told && c.State == contact.Connected {
		errs = append(errs, r.TellTalk(ctx, c, t.Version))
	}
	return errors.Join(errs...)
}

// TellTalk lets the relay bring the legs to what a talk says since a version.
func (r *Router) TellTalk(ctx context.Context, c *contact.Contact, version int64) error {
	return r.command(ctx, c, c.Offer, sma.VerbTalk, sma.Attributes{sma.ArgSince: strconv.FormatInt(version, 10)}, ConnectLease)
}

// stale reports whether a talk belongs to somebody who does not have the contact
// any more, or to a contact that is over.
func stale(c *contact.Contact, t *contact.Talk) bool {
	return len(t.Parties) > 0 && (Over(c) || t.Offer != c.Offer)
}

// endTalk ends the talk of a contact that is over, or with somebody else: all who
// took part are let go.
func (r *Router) endTalk(ctx context.Context, c *contact.Contact) error {
	if !c.Talk {
		return nil
	}
	_, _, err := r.stepTalk(ctx, c.Tenant, c.ID, func(s *talkStep) (bool, error) {
		if !stale(s.con, s.talk) {
			return false, nil
		}
		if Over(s.con) {
			s.why = s.con.Reason
		}
		s.talk.Parties, s.talk.Consult, s.talk.Aside, s.talk.Told = nil, "", false, true
		return true, nil
	})
	return err
}

// armParty sets the timer that takes a party out which does not come.
func (r *Router) armParty(ctx context.Context, t *contact.Talk, p contact.Party) error {
	return r.arm(ctx, Timer{Kind: TimerParty, Tenant: t.Tenant, Contact: t.ID, Offer: p.ID, State: string(p.State)}, partyTime(p))
}

// partyTime is how long a party that is not there may stay in its state.
func partyTime(p contact.Party) time.Duration {
	switch {
	case p.State == contact.PartyConnecting:
		return ConnectLease
	case p.Kind == contact.NumberParty:
		return contact.DialSeconds*time.Second + ringGrace
	}
	return contact.RingSeconds*time.Second + ringGrace
}

// partyTimer takes a party out that has not come in time.
func (r *Router) partyTimer(ctx context.Context, t Timer) error {
	c, err := r.Contact(ctx, t.Tenant, t.Contact)
	if err != nil {
		return ignoreMissing(err)
	}
	talk, err := r.Talk(ctx, c)
	if err != nil {
		return err
	}
	p := talk.Party(t.Offer)
	if p == nil || string(p.State) != t.State {
		return nil
	}
	if clock := (&contact.Contact{Since: p.Since}); r.early(clock, t) {
		return r.rearm(ctx, clock, t)
	}
	_, _, err = r.DropParty(ctx, c.Tenant, c.ID, t.Offer, Gone{Missed: true})
	return err
}
