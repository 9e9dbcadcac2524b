package acd

import (
	"context"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// A contact that comes while nobody waits and an agent is free needs no row that
// others find it by: the claim is its first write. Three write units less than to
// wait for a moment, and one request less until the agent's device rings.
//
// No wake-up is lost, as nothing is published: a contact that no agent was found
// for, or whose claim was refused, waits as any other, with its row and a round
// after it. Order is that of a round, as it is decided on the same rows, read
// strongly: whoever has a row is seen, and if any of them could be served now the
// contact waits behind them.

// longestIdle is of how many agents who fit alike one is taken by chance, if at
// least so many are idle: two contacts that come in one moment then seldom try
// for the same agent. With fewer it is always the longest idle.
const longestIdle = 20

// busyFor is how long it is remembered that a look found nobody free: in a busy
// centre the look would nearly always be for nothing.
const busyFor = 2 * time.Second

// atOnce offers a contact that is to enter a queue to an agent who is free, and
// returns it. It returns nil if the contact has to wait, and then what is known to
// be stored of it, if anything. guess is what the contact is taken for before.
func (r *Router) atOnce(ctx context.Context, routing *Routing, queue Queue, q Request, guess *contact.Contact) (offered, seen *contact.Contact) {
	if r.isBusy(guess.Tenant, queue.Group) {
		return nil, nil
	}
	v, err := r.look(ctx, guess.Tenant, queue.Group, routing)
	if err != nil {
		r.follow(ctx, "look for a free agent", err)
		return nil, nil // it waits: its own write is tried all the same
	}
	now, c := r.run.Now(), *guess
	if q.enters(&c, queue, now) != nil {
		return nil, nil
	}
	w, ok := readWaiting(withKey(waitingWrite(&c, routing)))
	if !ok {
		return nil, nil
	}
	if err := v.agentsFor(ctx, routing, w); err != nil {
		r.follow(ctx, "look for a free agent", err)
		return nil, nil
	}
	p, ok := r.idlest(now, w, v, routing)
	if !ok {
		r.noteBusy(guess.Tenant, queue.Group, len(v.free) == 0)
		return nil, nil
	}
	c.Offer, c.OfferAgent, c.RingSeconds, c.Attempts = contact.OfferID(r.run.NewID()), p.Free.Agent, queue.RingSeconds, 1
	c.Why[0] = choose(now, p, v.free, routing.Profiles).String()
	if c.Move(contact.Offered, now) != nil {
		return nil, nil
	}
	write := guessed(&c, guess)
	write.If = append(write.If, cloud.Cond{Attr: contact.AttrChannel, Op: "=", Value: string(c.Channel)}) // who is free depends on it
	out, err := r.bindBoth(ctx, c.Tenant, p, string(c.Offer), write)
	if err != nil {
		r.follow(ctx, "claim at once", err)
		return nil, nil // done or not: what the contact waits by finds out
	}
	r.follow(ctx, "claim at once", r.freeRowFollows(ctx, p, &out))
	if out.refused {
		return nil, out.stands
	}
	return &c, nil
}

// idlest returns the agent whom a contact gets at once; ok is false if none is
// free for it, or if somebody may be before it.
func (r *Router) idlest(now time.Time, w Waiting, v *view, routing *Routing) (p Pair, ok bool) {
	if !v.noneLeft(rowWaiting, 0) {
		return Pair{}, false // more wait than were read
	}
	if before, _ := matchSome(now, v.waiting, v.free, routing.Profiles, 1); len(before) > 0 {
		return Pair{}, false
	}
	pairs, _ := matchSome(now, repeat(w, longestIdle), v.free, routing.Profiles, longestIdle)
	if len(pairs) == 0 {
		return Pair{}, false
	}
	if len(pairs) == longestIdle && !w.LeastBusy && !routing.Groups[routing.Queues[w.Queue].Group].Exact && alike(now, pairs, routing.Profiles) {
		return pairs[int(r.run.Rand()*longestIdle)%longestIdle], true
	}
	return pairs[0], true
}

// repeat returns n contacts like w: matched, they name its agents in order.
func repeat(w Waiting, n int) []Waiting {
	all := make([]Waiting, n)
	for i := range all {
		all[i] = w
	}
	return all
}

// alike reports whether nothing but who is idle for how long tells the agents of
// pairs of one contact apart.
func alike(now time.Time, pairs []Pair, profiles map[string]Profile) bool {
	first := choose(now, pairs[0], nil, profiles)
	for _, p := range pairs[1:] {
		if c := choose(now, p, nil, profiles); c.Priority != first.Priority || c.Level != first.Level || c.Via != first.Via {
			return false
		}
	}
	return true
}

func (r *Router) isBusy(tenant, group string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, noted := r.busy[tenant+"|"+group]
	age := r.run.Now().Sub(at)
	return noted && age >= 0 && age < busyFor
}

func (r *Router) noteBusy(tenant, group string, busy bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if busy {
		r.busy[tenant+"|"+group] = r.run.Now()
	} else {
		delete(r.busy, tenant+"|"+group)
	}
}
