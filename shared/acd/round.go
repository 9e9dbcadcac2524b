package acd

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Round matches a group until no pair is left that fits now: it looks, decides,
// claims, and looks on. It ends only after a complete scan found no pair, or once
// another one has taken the rest over: see contend. It must run after every write
// that puts or widens a row. Before it ends it sets a timer at the earliest time
// at which a pair it skipped will fit.
func (r *Router) Round(ctx context.Context, tenant, group string) error {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return err
	}
	v, err := r.look(ctx, tenant, group, routing)
	if err != nil {
		return err
	}
	lost, err := r.match(ctx, tenant, group, routing, v, true)
	if err != nil || !lost {
		return err
	}
	return r.contend(ctx, tenant, group, routing)
}

// whole is Round for those who answer for it that it was done, and hand over to
// nobody.
func (r *Router) whole(ctx context.Context, tenant, group string, routing *Routing) error {
	v, err := r.look(ctx, tenant, group, routing)
	if err != nil {
		return err
	}
	_, err = r.match(ctx, tenant, group, routing, v, false)
	return err
}

// match is a round over what a view has read and can read on. It stops at a
// refused claim if yields is set, and then reports that it lost.
func (r *Router) match(ctx context.Context, tenant, group string, routing *Routing, v *view, yields bool) (lost bool, err error) {
	for turn := 0; ; turn++ {
		if err := v.sweep(ctx); err != nil {
			return false, err
		}
		if turn > 0 && v.beat != nil {
			if err := v.beat(ctx); err != nil {
				return false, err
			}
		}
		now := r.run.Now()
		if err := r.dismiss(ctx, tenant, routing, now, v); err != nil {
			return false, err
		}
		offered, calls, err := v.sides(ctx, tenant, now)
		if err != nil {
			return false, err
		}
		pairs, later := matchSome(now, offered, v.free, routing.Profiles, maxClaims)
		if len(pairs) == 0 {
			more, err := v.more(ctx, routing)
			if err != nil {
				return false, err
			}
			if more {
				continue
			}
			for _, w := range v.waiting {
				later = sooner(sooner(later, w.Until), leavesAt(w, now))
			}
			again, err := r.callCustomers(ctx, tenant, routing, v, calls)
			return false, errors.Join(err, r.armGroup(ctx, tenant, group, sooner(later, again)))
		}
		refused, err := r.claimAll(ctx, tenant, routing, v, pairs)
		if err != nil || refused && yields {
			return refused, err
		}
	}
}

// claimAll claims pairs, and takes out of the view who is bound or was never
// there. Each pair loses at least one of its two, so a round always ends.
// It reports whether one was refused.
func (r *Router) claimAll(ctx context.Context, tenant string, routing *Routing, v *view, pairs []Pair) (refused bool, err error) {
	results, now := make([]claimed, len(pairs)), r.run.Now()
	claim := func(n int) {
		why := choose(now, pairs[n], v.free, routing.Profiles)
		results[n] = r.claimPair(ctx, tenant, routing, pairs[n], why)
	}
	r.each(len(pairs), claim)
	gone := map[cloud.Key]bool{}
	var errs []error
	for n, c := range results {
		gone[pairs[n].Waiting.key], gone[pairs[n].Free.key] = c.contactGone, c.agentGone
		errs = append(errs, c.err)
		refused = refused || c.refused
		if c.rooms != nil {
			v.setRooms(pairs[n].Free.key, c.rooms)
		}
	}
	v.drop(gone)
	return refused, errors.Join(errs...)
}

// each does something for each of n things, several at the same time if the router
// may, and waits for all.
func (r *Router) each(n int, do func(int)) {
	if r.run.Parallel < 2 || n < 2 {
		for k := range n {
			do(k)
		}
		return
	}
	var wait sync.WaitGroup
	limit := make(chan struct{}, r.run.Parallel)
	for k := range n {
		limit <- struct{}{}
		wait.Go(func() {
			do(k)
			<-limit
		})
	}
	wait.Wait()
}

// claimed is what became of a pair.
type claimed struct {
	contactGone, agentGone bool
	refused                bool
	rooms                  map[contact.Channel]Room // what is left of the agent's; nil: nothing
	stands                 *contact.Contact         // as it is stored, if that refused the claim
	err                    error
}

// claimPair claims a pair and deletes the rows that are over: those of both
// after a claim, that of the one who had moved on after a refusal.
func (r *Router) claimPair(ctx context.Context, tenant string, routing *Routing, p Pair, why contact.Choice) claimed {
	out, err := r.claim(ctx, tenant, routing, p, why)
	if err != nil {
		return claimed{err: err}
	}
	if out.contactGone {
		out.err = errors.Join(out.err, r.deleteRow(ctx, p.Waiting.key, p.Waiting.Epoch))
	}
	out.err = errors.Join(out.err, r.freeRowFollows(ctx, p, &out))
	return out
}

// freeRowFollows deletes the row of an agent who has no more room, or notes in it
// what is left.
func (r *Router) freeRowFollows(ctx context.Context, p Pair, out *claimed) error {
	switch {
	case !out.agentGone:
		return nil
	case out.rooms != nil:
		out.agentGone = false
		_, err := r.write(ctx, p.Free.roomsWrite(out.rooms))
		_, err = lostTo(err)
		return err
	}
	return r.deleteRow(ctx, p.Free.key, p.Free.Epoch)
}

// claim gives a contact to an agent in one transaction: both, or neither. It
// relies on the contact still waiting at the epoch its row was written at and on
// the agent having room at its; an attribute or a next status written meanwhile
// does not matter. The rows that point at both follow later and carry the
// epochs, so a late one does no harm.
func (r *Router) claim(ctx context.Context, tenant string, routing *Routing, p Pair, why contact.Choice) (claimed, error) {
	w := p.Waiting
	offer := r.run.NewID()
	ring := 20
	if q, err := routing.Queue(w.Queue); err == nil {
		ring = q.RingSeconds
	}
	return r.bindBoth(ctx, tenant, p, offer, cloud.Write{Key: contact.Key(tenant, w.Contact),
		If: []cloud.Cond{{Attr: contact.AttrState, Op: "=", Value: string(contact.Queued)}, {Attr: contact.AttrEpoch, Op: "=", Value: w.Epoch}},
		Set: cloud.Item{contact.AttrState: string(contact.Offered), contact.AttrSince: contact.Micros(r.run.Now()), contact.AttrOffer: offer,
			contact.AttrOfferAgent: p.Free.Agent, contact.AttrRingSeconds: int64(ring),
			contact.AttrWhy(w.Attempts): why.String()},
		Add: map[string]int64{contact.AttrVersion: 1, contact.AttrAttempts: 1}})
}

// bindBoth does a claim: the contact's write, and the slot of its agent.
func (r *Router) bindBoth(ctx context.Context, tenant string, p Pair, offer string, ofContact cloud.Write) (claimed, error) {
	w, f := p.Waiting, p.Free
	channel := w.channel()
	held := cloud.Item{agent.AttrOffer(contact.OfferID(offer)): agent.OfferValue(channel, w.Contact)}
	if f.idle() {
		held[agent.AttrClaimed] = contact.Micros(r.run.Now())
	}
	err := r.transact(ctx, offer, ofContact,
		cloud.Write{Key: agent.Key(tenant, f.Agent),
			If:  append(f.slotConds(channel), cloud.Cond{Attr: agent.AttrState, Op: "=", Value: string(agent.Available)}, cloud.Cond{Attr: agent.AttrEpoch, Op: "=", Value: f.Epoch}),
			Set: held,
			Add: map[string]int64{agent.AttrVersion: 1, agent.AttrUsed(channel): 1}},
	)
	if err == nil {
		r.run.Log.InfoContext(ctx, "offered", "tenant", tenant, "contact", string(w.Contact), "agent", f.Agent, "offer", offer, "queue", w.Queue)
		return claimed{contactGone: true, agentGone: true, rooms: f.with(channel)}, nil
	}
	return r.lostRace(ctx, err, p, offer)
}

// lostRace says who of a refused pair has moved on. That the contact has the
// very offer means that the claim had been done and its answer was lost.
func (r *Router) lostRace(ctx context.Context, err error, p Pair, offer string) (claimed, error) {
	var refused *cloud.Refused
	if !errors.As(err, &refused) || !refused.Lost() || len(refused.Each) != 2 {
		return claimed{}, fault.Wrap(fault.KindOf(err), err, "acd: claim %s", p.Waiting.Contact)
	}
	c, a := refused.Each[0], refused.Each[1]
	if c.Old.Str(contact.AttrOffer) == offer || a.Old.Str(agent.AttrOffer(contact.OfferID(offer))) != "" {
		return claimed{contactGone: true, agentGone: true}, nil
	}
	out := claimed{contactGone: c.Why == cloud.WhyCondition, agentGone: a.Why == cloud.WhyCondition, refused: true, stands: contact.FromItem(c.Old)}
	if stands := agent.FromItem(a.Old); out.agentGone && stands != nil && stands.Epoch == p.Free.Epoch && stands.Ready() {
		out.rooms = roomsOf(stands) // another one got a slot, and some are left
	}
	if !out.contactGone && !out.agentGone {
		return out, fault.Wrap(fault.Internal, err, "acd: claim %s", p.Waiting.Contact)
	}
	r.run.Log.LogAttrs(ctx, slog.LevelDebug, "claim refused", slog.String("contact", string(p.Waiting.Contact)),
		slog.Bool("contactGone", out.contactGone), slog.Bool("agentGone", out.agentGone))
	return out, nil
}

// armGroup sets a timer for a group at a time, unless one is on its way that
// comes no later.
func (r *Router) armGroup(ctx context.Context, tenant, group string, at time.Time) error {
	if at.IsZero() {
		return nil
	}
	now, key := r.run.Now(), tenant+"|"+group
	r.mu.Lock()
	next, set := r.armed[key]
	r.mu.Unlock()
	if set && next.After(now) && !next.After(at) {
		return nil
	}
	if err := r.arm(ctx, Timer{Kind: TimerGroup, Tenant: tenant, Group: group}, at.Sub(now)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed[key] = at
	return nil
}

// disarm forgets a group's timer that has come.
func (r *Router) disarm(t Timer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.armed, t.Tenant+"|"+t.Group)
}
