package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

// entityOffer is the one entity of deltas that has no versions of its own: they
// are its contact's.
const entityOffer = "offer"

// Count is a message of event.LiveQueue to oneself: count a tenant's queues for
// whoever looks at its floor.
type Count struct {
	Tenant string `json:"countTenant"`
	Second int64  `json:"second"` // Unix: what changed before it is in the count
}

// settle is how long after a contact is complete its row is in the lists, from
// which service levels are counted.
const settle = 3 * time.Second

// HandleMessage takes a message of event.LiveQueue. It may come late, twice and
// in any order.
func (s *Service) HandleMessage(ctx context.Context, body []byte) error {
	var own struct {
		Count
		Resync
	}
	if bytes.Contains(body, []byte(`"countTenant"`)) || bytes.Contains(body, []byte(`"resync"`)) { // a hint: a name may contain it
		if json.Unmarshal(body, &own) == nil && own.Tenant != "" {
			return s.count(ctx, own.Count)
		}
		if own.Connection != "" {
			return s.resync(ctx, own.Resync)
		}
	}
	l, err := event.ReadLive(body)
	if err != nil {
		return err
	}
	tenant := l.Item.Key().Tenant()
	if tenant == "" {
		return errNoChange
	}
	if watched, err := s.isWatched(ctx, tenant); err != nil || !watched {
		return err
	}
	if c := contact.FromItem(l.Item); c != nil {
		return s.tellContact(ctx, l, c)
	}
	if left := contact.LeftFromItem(l.Item); left != nil {
		return s.tellLeft(ctx, l, left)
	}
	if t := contact.TalkFromItem(l.Item); t != nil {
		return s.tellTalk(ctx, l, t)
	}
	if a := agent.FromItem(l.Item); a != nil {
		return s.tellAgent(ctx, l, a)
	}
	return errNoChange
}

var errNoChange = fault.New(fault.Invalid, "live: a change of neither a contact nor an agent")

// tellContact tells the agent first: an offer waits for it.
func (s *Service) tellContact(ctx context.Context, l event.Live, c *contact.Contact) error {
	var errs []error
	if c.OfferAgent != "" {
		errs = append(errs, s.tellOwner(ctx, l, c))
	}
	if l.Was != "" && l.Was != c.OfferAgent {
		errs = append(errs, s.tellMe(ctx, c.Tenant, l.Was, func(conn) (delta, error) { return contactDelta(l, c, Me, nil), nil }))
	}
	var state any
	if f := view.FloorContactOf(c); f != nil {
		state = f
	}
	bound := c.OfferAgent != "" || l.Was != ""
	errs = append(errs, s.tellFloor(ctx, c.Tenant, func() (delta, bool) { return contactDelta(l, c, Floor, state), bound }, c.State == contact.Completed))
	return errors.Join(errs...)
}

// tellOwner tells the agent that a contact is bound to. What an agent sees
// depends on the role alone.
func (s *Service) tellOwner(ctx context.Context, l event.Live, c *contact.Contact) error {
	seen := map[auth.Role]delta{}
	return s.tellMe(ctx, c.Tenant, c.OfferAgent, func(to conn) (delta, error) {
		if d, ok := seen[to.who.Role]; ok {
			return d, nil
		}
		o, now, err := s.views.Part(ctx, to.who, c, false)
		if err != nil {
			return delta{}, err
		}
		d := contactDelta(l, c, Me, nil)
		switch {
		case o != nil:
			d.Entity, d.State = entityOffer, o
		case now != nil:
			d.State = now
		}
		seen[to.who.Role] = d
		return d, nil
	})
}

// tellLeft tells the agent who handed a contact over of the after-contact work.
func (s *Service) tellLeft(ctx context.Context, l event.Live, left *contact.Contact) error {
	d := contactDelta(l, left, Me, nil)
	d.Entity, d.ID = view.EntityLeft, string(left.Offer)
	err := s.tellMe(ctx, left.Tenant, left.OfferAgent, func(to conn) (delta, error) {
		now, err := s.views.LeftPart(ctx, to.who, left)
		if now != nil {
			d.State = now
		}
		return d, err
	})
	d.Topic, d.State = Floor, nil
	if f := view.FloorContactOf(left); f != nil {
		d.State = f
	}
	return errors.Join(err, s.tellFloor(ctx, left.Tenant, func() (delta, bool) { return d, true }, left.State == contact.Completed))
}

func contactDelta(l event.Live, c *contact.Contact, t Topic, state any) delta {
	return delta{Type: "delta", Topic: t, TS: l.At.UTC(), Entity: view.EntityContact, ID: string(c.ID), From: l.From, V: c.Version, State: state}
}

// tellAgent tells an agent of itself, and the floor of the agent.
func (s *Service) tellAgent(ctx context.Context, l event.Live, a *agent.Agent) error {
	d := delta{Type: "delta", Topic: Me, TS: l.At.UTC(), Entity: view.EntityAgent, ID: a.ID, From: l.From, V: a.Version, State: view.StandingOf(a)}
	err := s.tellMe(ctx, a.Tenant, a.ID, func(conn) (delta, error) { return d, nil })
	d.Topic, d.State = Floor, view.FloorAgentOf(a)
	return errors.Join(err, s.tellFloor(ctx, a.Tenant, func() (delta, bool) { return d, true }, false))
}

func (s *Service) tellMe(ctx context.Context, tenant, agent string, of func(conn) (delta, error)) error {
	to, err := s.watching(ctx, tenant, Me, agent)
	if err != nil || len(to) == 0 {
		return err
	}
	return s.sendAll(ctx, to, func(c conn) ([]byte, error) {
		d, err := of(c)
		if err != nil {
			return nil, err
		}
		return encode(d)
	})
}

// tellFloor tells those who look at the floor, if any do, and has the queues
// counted anew.
func (s *Service) tellFloor(ctx context.Context, tenant string, of func() (delta, bool), completed bool) error {
	to, err := s.watching(ctx, tenant, Floor, "")
	if err != nil || len(to) == 0 {
		return err
	}
	if d, ok := of(); ok {
		text, e := encode(d)
		if e != nil {
			return e
		}
		err = s.sendAll(ctx, to, func(conn) ([]byte, error) { return text, nil })
	}
	err = errors.Join(err, s.ask(ctx, tenant, time.Second))
	if completed {
		err = errors.Join(err, s.ask(ctx, tenant, settle))
	}
	return err
}

// ask has a tenant's queues counted after a while, once for each second: what
// changes within a second is in one count. The message is the clock, so that no
// function has to wait.
func (s *Service) ask(ctx context.Context, tenant string, after time.Duration) error {
	second, what := s.now().Add(after).Unix(), asking{tenant, after}
	s.mu.Lock()
	known := s.asked[what] >= second
	s.asked[what] = max(s.asked[what], second)
	s.mu.Unlock()
	if known {
		return nil
	}
	body, err := json.Marshal(Count{tenant, second})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "live: encode count")
	}
	err = s.queue.Send(ctx, event.LiveQueue, cloud.Message{Body: body, Delay: after})
	return fault.Wrap(fault.KindOf(err), err, "live: ask for a count")
}

// count counts the queues and tells the floor, unless somebody has for this
// second: several functions may have asked.
func (s *Service) count(ctx context.Context, n Count) error {
	key := cloud.Key{Part: n.Tenant + "|LIVE#count", Sort: sortRow}
	_, err := s.table.Write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: "second", Op: "<", Value: n.Second}}, Put: countItem(n)})
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() && refused.Each[0].Old == nil { // the first ever
		_, err = s.table.Write(ctx, cloud.Write{Key: key, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: countItem(n)})
	}
	if errors.As(err, &refused) && refused.Lost() {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "live: take a count")
	}
	to, err := s.watching(ctx, n.Tenant, Floor, "")
	if err != nil || len(to) == 0 {
		return err
	}
	queues, err := s.views.FloorQueues(ctx, n.Tenant)
	if err != nil {
		return err
	}
	var errs []error
	for _, q := range queues {
		text, err := encode(delta{Type: "delta", Topic: Floor, TS: q.At, Entity: view.EntityQueue, ID: q.ID, V: q.Version(), State: q})
		if err != nil {
			return err
		}
		errs = append(errs, s.sendAll(ctx, to, func(conn) ([]byte, error) { return text, nil }))
	}
	return errors.Join(errs...)
}

func countItem(n Count) cloud.Item {
	return cloud.Item{"v": int64(1), "second": n.Second, cloud.AttrTTL: n.Second + int64(Life/time.Second)}
}
