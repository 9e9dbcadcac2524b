package acd

import (
	"context"
	"errors"
	"fmt"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// Calls that live are the one list of contacts that needs neither rows nor slots:
// each relay writes it into its lease every few seconds. A sweep looks at some of
// them, the next one at the next.

// relayKey is the lease of the n-th relay, from 1.
func relayKey(n int) cloud.Key {
	return cloud.Key{Part: fmt.Sprintf("_|R#relay-%d", n), Sort: contact.SortMeta}
}

// liveCalls looks after contacts whose calls live: one that waits without a row
// gets it, and what no slot shows is ended when it has run over.
func (s *sweeper) liveCalls(ctx context.Context) error {
	var live []string
	for n := 1; ; n++ {
		i, err := s.r.read(ctx, relayKey(n), false)
		if err != nil {
			return err
		}
		if i == nil {
			break
		}
		live = append(live, texts(i["live"])...)
	}
	var errs []error
	for k := range min(sweepRows, len(live)) {
		errs = append(errs, s.liveCall(ctx, contact.ID(live[(s.last.call+k)%len(live)])))
	}
	s.next.call = s.last.call + sweepRows
	return errors.Join(errs...)
}

// texts reads a list of strings.
func texts(v any) (all []string) {
	switch list := v.(type) {
	case []string:
		return list
	case []any:
		for _, e := range list {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// liveCall looks after one contact; of another tenant there is none.
func (s *sweeper) liveCall(ctx context.Context, id contact.ID) error {
	i, err := s.r.read(ctx, contact.Key(s.tenant, id), false)
	c := contact.FromItem(i)
	if err != nil || c == nil {
		return err
	}
	switch {
	case c.State == contact.Queued && s.now.Sub(c.Since) >= oldRow:
		row, err := s.r.get(ctx, waitingKey(c, s.routing.shards(c.Group)))
		if err != nil || row != nil {
			return err
		}
		s.r.run.Log.WarnContext(ctx, "left to the sweep", "tenant", s.tenant, "contact", string(id), "state", string(c.State))
		return s.r.repairContact(ctx, c)
	case c.OfferAgent == "" && (c.State == contact.Offered || c.State == contact.Connecting): // a number is called, or has answered
		return s.runsOver(ctx, c, Timer{Tenant: s.tenant, Contact: id, Offer: c.Offer, Again: maxAgain})
	case c.State == contact.Connected && c.Talk:
		return s.numbers(ctx, c)
	}
	return nil
}

// numbers takes numbers out of a talk that do not answer: no slot shows them.
func (s *sweeper) numbers(ctx context.Context, c *contact.Contact) error {
	t, err := s.r.Talk(ctx, c)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range t.Parties {
		if p.Kind == contact.NumberParty {
			errs = append(errs, s.late(ctx, c, p))
		}
	}
	return errors.Join(errs...)
}

// party ends what an agent's slot is held by for somebody else's talk, if the
// agent did not come, or the talk is over.
func (s *sweeper) party(ctx context.Context, c *contact.Contact, party contact.OfferID) error {
	t, err := s.r.Talk(ctx, c)
	if err != nil {
		return err
	}
	if stale(c, t) {
		if s.since("talk "+string(t.Offer)) == s.now {
			return nil // the stream is about to tell
		}
		return s.r.endTalk(ctx, c)
	}
	if p := t.Party(party); p != nil {
		return s.late(ctx, c, *p)
	}
	return nil
}

// late takes a party out that should be there by now.
func (s *sweeper) late(ctx context.Context, c *contact.Contact, p contact.Party) error {
	if p.State == contact.PartyTalking || s.now.Sub(s.since(string(p.ID)+string(p.State))) < partyTime(p)+ringGrace {
		return nil
	}
	s.r.run.Log.WarnContext(ctx, "left to the sweep", "tenant", s.tenant, "contact", string(c.ID), "party", string(p.Kind), "state", string(p.State))
	_, _, err := s.r.DropParty(ctx, c.Tenant, c.ID, p.ID, Gone{Missed: true})
	return ignoreMissing(err)
}
