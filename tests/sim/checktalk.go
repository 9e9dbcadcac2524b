package sim

import (
	"slices"

	"huawu/shared/contact"
)

// plain reports whether nothing fails or waits in this run, so that what one sees
// the others see at once.
func (k *checker) plain() bool {
	f := k.w.opt.Faults
	return k.w.deaths == 0 && k.w.crash.at == 0 && k.w.opt.Yields+k.w.opt.Pauses+k.w.opt.Aborts == 0 && k.w.opt.Skew == 0 &&
		f.Conflict+f.Throttle+f.Down+f.Lost+f.RepeatEvents == 0 && !k.w.opt.Timers && k.w.opt.Never == 0 && f.DieAfter == 0
}

// talkChanged checks a talk of more than two: each of its versions is as a talk
// has to be, and whoever takes part holds a slot.
func (k *checker) talkChanged(t *contact.Talk) {
	was := k.talks[t.ID]
	if was != nil && t.Version <= was.Version {
		return
	}
	k.talks[t.ID] = t
	if err := t.Check(); err != nil {
		k.fault("I-3: %v", err)
	}
	for _, p := range t.Parties {
		o := k.offer(p.ID)
		if was == nil || was.Party(p.ID) == nil {
			k.Parties++
		}
		if o.contact != "" && o.contact != t.ID || o.agent != "" && o.agent != p.Agent {
			k.fault("I-3: party %s is of two", p.ID)
		}
		o.contact, o.agent, o.outside, o.excused = t.ID, p.Agent, p.Agent == "", true
	}
}

// leftChanged follows a segment that its agent has left.
func (k *checker) leftChanged(l *contact.Contact) {
	was := k.left[l.Offer]
	switch {
	case was == nil:
		was = &contact.Contact{}
	case l.Version <= was.Version:
		return
	case was.State == contact.Completed:
		k.fault("I-7: segment %d of %s changed after its end", l.Segment, l.ID)
	case was.State != l.State && !contact.CanMove(was.State, l.State):
		k.fault("segment %d of %s went %s→%s", l.Segment, l.ID, was.State, l.State)
	}
	for _, o := range k.left {
		if o.ID == l.ID && o.Offer != l.Offer && o.Segment == l.Segment {
			k.fault("I-7: segment %d of %s is of two", l.Segment, l.ID)
		}
	}
	k.left[l.Offer] = l
	if was.State != l.State {
		k.leftSince[l.Offer] = k.w.clock.Now()
	}
	if who := k.person(l.OfferAgent); who != nil && l.State == contact.Ended && was.State != contact.Ended {
		who.finishes(l)
	}
}

// together checks I-3 where it counts: whom the customer hears has the contact,
// or takes part in it.
func (k *checker) together(id contact.ID, agents []string) {
	c := k.contacts[id]
	if c == nil || c.OfferAgent == "" || c.State == contact.Offered {
		return
	}
	of := []string{c.OfferAgent}
	if k.w.callers[string(id)].plan.talked || c.Talk || c.Segment > 0 {
		if !k.plain() {
			return // what the relay does follows the table, and the checker sees both late
		}
		for _, o := range k.offers {
			if o.contact == id && !o.freed {
				of = append(of, o.agent)
			}
		}
	} else if len(agents) > 1 {
		k.fault("I-3: %s talks to %v", id, agents)
	}
	for _, a := range agents {
		if !slices.Contains(of, a) {
			k.fault("I-3: %s talks to %s and belongs to %v", id, a, of)
		}
	}
}

// pickedUp checks I-2 where it counts: nobody is called to two talks at once.
func (k *checker) pickedUp(c *call, l *leg) {
	if l.agent == nil || !k.plain() {
		return
	}
	for _, o := range k.w.relay.calls {
		for _, other := range o.legs {
			if other != l && other.agent == l.agent && other.up && !other.ended {
				k.fault("I-2: %s is called for %s and talks in %s", l.agent.id, c.id, o.id)
			}
		}
	}
}
