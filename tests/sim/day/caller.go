package main

import (
	"errors"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
)

// call is one caller, from the first ring until the contact is deleted.
type call struct {
	id       contact.ID
	queue    *queue
	priority int
	agent    *person // who talks to the caller, or did
	over     bool    // the call is
	why      contact.Reason

	// What the table says, as the checker saw it.
	state     contact.State
	rank      string
	enqueued  time.Time
	waits     time.Time // since when it waits without an offer; zero: it does not
	offer     contact.OfferID
	excluded  []contact.Excluded
	offers    int
	completed int
	records   []string // sort keys
	leaves    bool     // it will be deleted
}

// Habits of callers.
const (
	inFlow   = 8 * time.Second // mean time that the menu takes
	selfies  = 0.03            // of the callers are served by the flow
	patience = 150 * time.Second
	talk     = 250 * time.Second
	hangsUp  = 0.7 // of the talks are ended by the caller
)

// arrive lets a caller ring up, and the next one after him.
func (w *world) arrive() {
	if !w.now().Before(w.end) {
		return
	}
	gap := w.rand.ExpFloat64() / (float64(w.Calls) / 3600 * load(w.hourOf(w.now())))
	w.after(time.Duration(gap*float64(time.Second)), w.arrive)
	c := &call{id: contact.ID(w.newID()), queue: w.centre.queue(w.rand), priority: acd.DefaultPriority}
	if w.rand.IntN(20) == 0 {
		c.priority = vip
	}
	w.calls[c.id] = c
	w.day.Calls++
	w.try(func() error {
		now := contact.Instant(w.now())
		err := w.desk.Begin(w.ctx, &contact.Contact{Tenant: tenant, ID: c.id, State: contact.InFlow, Since: now, Initiated: now, ToSystem: now,
			Channel: contact.Voice, Method: contact.Inbound, Language: "zh-CN"})
		if err == nil || errors.Is(err, acd.ErrExists) { // its own, whose answer was lost
			w.after(w.logNormal(inFlow, 0.5), func() { w.choose(c) })
		}
		return err
	})
}

// choose is the end of the menu: the flow has served the caller, or lets the caller
// wait as long as patience lasts.
func (w *world) choose(c *call) {
	if w.rand.Float64() < selfies {
		w.hangUp(c, contact.FlowEnded)
		return
	}
	w.try(func() error {
		_, err := w.desk.Enqueue(w.ctx, tenant, c.id, acd.Request{Queue: c.queue.id, Priority: c.priority})
		return err
	})
	w.after(5*time.Second+time.Duration(w.rand.ExpFloat64()*float64(patience)), func() {
		if c.agent == nil {
			w.hangUp(c, contact.CustomerLeft)
		}
	})
}

// hangUp ends a call; a second end is none.
func (w *world) hangUp(c *call, why contact.Reason) {
	if c.over {
		return
	}
	c.over, c.why = true, why
	w.try(func() error {
		_, err := w.desk.End(w.ctx, tenant, c.id, why)
		return err
	})
}

// rings is an offer that reaches an agent's desk; it may come twice.
func (w *world) rings(c *call, offer contact.OfferID, p *person) {
	if c == nil || p == nil || p.rung == offer || c.offer != offer {
		return
	}
	p.rung, p.reached = offer, w.now()
	if p.ghost {
		return // nobody is there to see it
	}
	switch x := w.rand.Float64(); {
	case x < declines:
		w.after(w.between(time.Second, 5*time.Second), func() {
			w.day.Declined++
			w.try(func() error { return w.desk.Reject(w.ctx, tenant, c.id, offer) })
		})
	case x < declines+misses:
		w.day.Missed++
		if w.rand.IntN(3) > 0 { // the relay's timer comes first, if the relay is there
			w.after(ringSeconds*time.Second, func() { w.try(func() error { return w.desk.Expire(w.ctx, tenant, c.id, offer) }) })
		}
	default:
		w.after(time.Second+w.logNormal(2*time.Second, 0.5), func() { w.accept(c, offer, p) })
	}
}

// accept is an agent who takes an offer, and the talk that follows.
func (w *world) accept(c *call, offer contact.OfferID, p *person) {
	if p.ghost {
		return
	}
	w.try(func() error {
		got, err := w.desk.Accept(w.ctx, tenant, c.id, offer)
		if err == nil && got.State == contact.Connecting {
			w.after(w.between(200*time.Millisecond, 600*time.Millisecond), func() { w.join(c, offer, p) })
		}
		return err
	})
}

// join is the relay's word that both are connected.
func (w *world) join(c *call, offer contact.OfferID, p *person) {
	w.try(func() error {
		got, err := w.desk.Joined(w.ctx, tenant, c.id, offer, "")
		if err != nil || got.State != contact.Connected || c.agent != nil {
			return err
		}
		if got.OfferAgent != p.id {
			w.checker.fault("I-3: %s talks to %s and belongs to %s", c.id, p.id, got.OfferAgent)
		}
		c.agent = p
		w.day.answered(w.now().Sub(c.enqueued))
		if w.connected.IsZero() && !w.lostAt.IsZero() && p.reached.After(w.lostAt) {
			w.connected = w.now()
		}
		w.after(w.logNormal(talk, 0.6), func() { w.part(c, p) })
		return nil
	})
}

// part ends a talk, and the work after it.
func (w *world) part(c *call, p *person) {
	why := contact.CustomerLeft
	if w.rand.Float64() > hangsUp {
		why = contact.AgentLeft
	}
	w.hangUp(c, why)
	if w.rand.Float64() < forgets {
		return // the timer ends it
	}
	w.after(w.logNormal(acw, 0.5), func() {
		w.try(func() error {
			_, err := w.desk.Finish(w.ctx, tenant, c.id, "resolved")
			return err
		})
	})
}
