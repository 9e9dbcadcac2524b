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
	changes, err := event.ReadLive(body)
	if err != nil {
		return err
	}
	var errs []error
	var tenants []string
	of := map[string][]event.Live{}
	for _, l := range changes {
		tenant := l.Item.Key().Tenant()
		if tenant == "" {
			errs = append(errs, errNoChange)
			continue
		}
		if of[tenant] == nil {
			tenants = append(tenants, tenant)
		}
		of[tenant] = append(of[tenant], l)
	}
	for _, tenant := range tenants {
		errs = append(errs, s.tell(ctx, tenant, of[tenant]))
	}
	return errors.Join(errs...)
}

// news is what changes of a tenant have to tell: each agent's pages, and the floor.
// All of it that concerns one page is one frame.
type news struct {
	agents    []string // in the order of the changes
	of        map[string][]deltaOf
	floor     []delta
	counts    bool // queues are to be counted anew
	completed bool // a contact
}

// deltaOf makes a change of what a connection may see of it.
type deltaOf func(conn) (delta, error)

func (n *news) me(agent string, d deltaOf) {
	if n.of[agent] == nil {
		n.agents = append(n.agents, agent)
	}
	n.of[agent] = append(n.of[agent], d)
}

// tell tells agents first: an offer waits for that.
func (s *Service) tell(ctx context.Context, tenant string, changes []event.Live) error {
	mine, err := s.isWatched(ctx, watched{tenant, Me})
	if err != nil {
		return err
	}
	floor, err := s.isWatched(ctx, watched{tenant, Floor})
	if err != nil || !mine && !floor {
		return err
	}
	n := &news{of: map[string][]deltaOf{}}
	var errs []error
	for _, l := range changes {
		errs = append(errs, s.gather(ctx, n, l))
	}
	if mine {
		for _, agent := range n.agents {
			errs = append(errs, s.tellMe(ctx, tenant, agent, n.of[agent]))
		}
	}
	if floor {
		errs = append(errs, s.tellFloor(ctx, tenant, n))
	}
	return errors.Join(errs...)
}

func (s *Service) gather(ctx context.Context, n *news, l event.Live) error {
	if c := contact.FromItem(l.Item); c != nil {
		s.ofContact(ctx, n, l, c)
		return nil
	}
	if left := contact.LeftFromItem(l.Item); left != nil {
		s.ofLeft(ctx, n, l, left)
		return nil
	}
	if t := contact.TalkFromItem(l.Item); t != nil {
		return s.ofTalk(ctx, n, l, t)
	}
	if a := agent.FromItem(l.Item); a != nil {
		ofAgent(n, l, a)
		return nil
	}
	if sent := agent.NoticeFromItem(l.Item); sent != nil {
		return s.ofNotice(ctx, n, l, sent)
	}
	return errNoChange
}

// ofNotice tells everyone whom a supervisor's message is for.
func (s *Service) ofNotice(ctx context.Context, n *news, l event.Live, sent *agent.Notice) error {
	shown, err := s.views.NoticeOf(ctx, sent)
	if err != nil {
		return err
	}
	to, err := s.views.Audience(ctx, sent)
	if err != nil {
		return err
	}
	d := delta{Type: "delta", Topic: Me, TS: l.At.UTC(), Entity: view.EntityNotice, ID: sent.ID, V: 1, State: shown}
	for _, id := range to {
		n.me(id, func(conn) (delta, error) { return d, nil })
	}
	return nil
}

var errNoChange = fault.New(fault.Invalid, "live: a change of neither a contact nor an agent")

func (s *Service) ofContact(ctx context.Context, n *news, l event.Live, c *contact.Contact) {
	if c.OfferAgent != "" {
		n.me(c.OfferAgent, s.ownerDelta(ctx, l, c))
	}
	if l.Was != "" && l.Was != c.OfferAgent {
		n.me(l.Was, func(conn) (delta, error) { return contactDelta(l, c, Me, nil), nil })
	}
	if c.OfferAgent != "" || l.Was != "" {
		var state any
		if f := view.FloorContactOf(c); f != nil {
			state = f
		}
		n.floor = append(n.floor, contactDelta(l, c, Floor, state))
	}
	n.counts, n.completed = true, n.completed || c.State == contact.Completed
}

// ownerDelta is what the agent is told that a contact is bound to. What an agent
// sees depends on the role alone.
func (s *Service) ownerDelta(ctx context.Context, l event.Live, c *contact.Contact) deltaOf {
	seen := map[auth.Role]delta{}
	return func(to conn) (delta, error) {
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
	}
}

// ofLeft tells the agent who handed a contact over of the after-contact work.
func (s *Service) ofLeft(ctx context.Context, n *news, l event.Live, left *contact.Contact) {
	d := contactDelta(l, left, Me, nil)
	d.Entity, d.ID = view.EntityLeft, string(left.Offer)
	mine := d
	n.me(left.OfferAgent, func(to conn) (delta, error) {
		d := mine
		now, err := s.views.LeftPart(ctx, to.who, left)
		if now != nil {
			d.State = now
		}
		return d, err
	})
	d.Topic = Floor
	if f := view.FloorContactOf(left); f != nil {
		d.State = f
	}
	n.floor = append(n.floor, d)
	n.counts, n.completed = true, n.completed || left.State == contact.Completed
}

func contactDelta(l event.Live, c *contact.Contact, t Topic, state any) delta {
	return delta{Type: "delta", Topic: t, TS: l.At.UTC(), Entity: view.EntityContact, ID: string(c.ID), From: l.From, V: c.Version, State: state}
}

// ofAgent tells an agent of itself, and the floor of the agent. What is told is
// whole, so it needs nothing that was told before: changes that no page shows are
// not told.
func ofAgent(n *news, l event.Live, a *agent.Agent) {
	d := delta{Type: "delta", Topic: Me, TS: l.At.UTC(), Entity: view.EntityAgent, ID: a.ID, V: a.Version, State: view.StandingOf(a)}
	mine := d
	n.me(a.ID, func(conn) (delta, error) { return mine, nil })
	d.Topic, d.State = Floor, view.FloorAgentOf(a)
	n.floor, n.counts = append(n.floor, d), true
}

func (s *Service) tellMe(ctx context.Context, tenant, agent string, all []deltaOf) error {
	to, err := s.watching(ctx, tenant, Me, agent)
	if err != nil || len(to) == 0 {
		return err
	}
	return s.sendAll(ctx, to, func(c conn) ([][]byte, error) {
		own := make([]delta, len(all))
		for n, of := range all {
			var err error
			if own[n], err = of(c); err != nil {
				return nil, err
			}
		}
		return encodeDeltas(own)
	})
}

// tellFloor tells those who look at the floor, if any do, and has the queues
// counted anew.
func (s *Service) tellFloor(ctx context.Context, tenant string, n *news) error {
	if !n.counts {
		return nil
	}
	to, err := s.watching(ctx, tenant, Floor, "")
	if err != nil || len(to) == 0 {
		return err
	}
	frames, err := encodeDeltas(n.floor)
	if err != nil {
		return err
	}
	err = errors.Join(s.sendAll(ctx, to, func(conn) ([][]byte, error) { return frames, nil }), s.ask(ctx, tenant, time.Second))
	if n.completed {
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
	var all []delta
	for _, q := range queues {
		all = append(all, delta{Type: "delta", Topic: Floor, TS: q.At, Entity: view.EntityQueue, ID: q.ID, V: q.Version(), State: q})
	}
	frames, err := encodeDeltas(all)
	if err != nil {
		return err
	}
	return s.sendAll(ctx, to, func(conn) ([][]byte, error) { return frames, nil })
}

func countItem(n Count) cloud.Item {
	return cloud.Item{"v": int64(1), "second": n.Second, cloud.AttrTTL: n.Second + int64(Life/time.Second)}
}
