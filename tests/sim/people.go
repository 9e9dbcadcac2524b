package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// caller is one who calls, and what really became of the call.
type caller struct {
	w         *World
	id        string
	dials     string        // "" = the number of loans
	digit     string        // typed in the menu, "" = nothing
	thinks    time.Duration // before it is typed
	patience  time.Duration // in the queue
	talks     time.Duration
	agentEnds bool // the agent hangs up
	holds     bool // the agent puts the caller on hold once
	touched   bool // the contact's item is written by others while it waits

	plan plan // what the agent does in the talk

	waiting   bool
	leaver    contact.Reason // how it ends if the function hangs up now: who was there has left
	why       contact.Reason // of the end; "" while it lives
	anyReason bool           // several ends raced, or nobody could be told
}

// Call lets a caller ring up after a time.
func (w *World) Call(after time.Duration, c caller) {
	c.w, c.id = w, w.newID()
	w.callers[c.id] = &c
	w.after(after, func() {
		if w.dead {
			return
		}
		w.relay.invite(c.id, "+8613800135678", cmp.Or(c.dials, "95000"))
	})
}

// over notes why a call ended; the first reason stays.
func (c *caller) over(why contact.Reason) {
	if why == contact.RelayLost && c.leaver != "" {
		c.anyReason = true // the function may have heard of it before
	}
	if c.why == "" {
		c.why = why
	} else if c.why != why && why == contact.RelayLost {
		c.anyReason = true // it hung up in the moment of the death
	}
}

// waits begins the caller's patience.
func (c *caller) waits() {
	if c.waiting {
		return
	}
	c.waiting = true
	if c.touched { // somebody writes what routing has no interest in
		c.w.inProcess(c.w.between(0, 20*time.Second), func() { c.w.touch(contact.Key(Tenant, contact.ID(c.id)), "lang", "en-US") })
	}
	if c.plan.moves {
		c.w.inProcess(c.w.between(time.Second, 20*time.Second), c.moves)
	}
	c.w.inProcess(c.patience, func() {
		c.waiting = false
		if call := c.w.relay.calls[c.id]; call != nil && !call.joined && !call.customer().ended {
			call.end(call.customer(), byParty)
		}
	})
}

// legEnded notes how a leg of the call ended.
func (c *caller) legEnded(call *call, l *leg, who by) {
	switch {
	case l.tag != legA && who == byParty && l.agent == nil:
		c.leaver = contact.ThirdParty
	case l.tag != legA && who == byParty:
		c.leaver = contact.AgentLeft
	case l.tag != legA:
		c.anyReason = c.anyReason || who == byRelay // to the function it has hung up
	case who == byParty:
		for _, o := range call.legs[1:] {
			c.anyReason = c.anyReason || o.owes // both left, and who was first is for the function to say
		}
		c.over(contact.CustomerLeft)
	default:
		c.over(cmp.Or(c.leaver, contact.FlowEnded))
	}
}

// person is an agent, with the desk and the device.
type person struct {
	w       *World
	id      string
	profile string // "" = loans
	gone    bool   // vanished: the desk is closed and the device left alone
	device  agent.DeviceKind
	picks   time.Duration // how long until the device is picked up, at least
	misses  float64       // chance that it is not
	finish  time.Duration // after-contact work until the agent says so; 0 = never
	comes   time.Duration // when the agent becomes available
	decline float64       // chance that the agent declines in the desk
	touched int           // how often others write the agent's item

	watches map[contact.ID]bool // contacts that the agent has asked to listen to
}

// Agent adds an agent.
func (w *World) Agent(p person) error {
	p.w, p.id = w, fmt.Sprintf("agent-%02d", len(w.agents))
	a := agent.Agent{Tenant: Tenant, ID: p.id, State: agent.Offline, Username: p.id, Profile: cmp.Or(p.profile, "loans"), Voice: agent.Slots{Max: 1},
		Skills: skillsOf(p.profile), Device: agent.Device{Kind: p.device, User: p.id}}
	if _, err := w.recorded(w.cloud.Table()).Write(w.ctx, a.Put()); err != nil {
		return err
	}
	listed := cloud.Write{Key: acd.ConfigKey(Tenant, "AGENT#"+p.id), Put: cloud.Item{contact.AttrVersion: int64(1), "agent": p.id}}
	if _, err := w.cloud.Table().Write(w.ctx, listed); err != nil {
		return err
	}
	who := &p
	w.agents = append(w.agents, who)
	w.after(p.comes, who.available)
	for range p.touched {
		w.after(w.between(0, time.Hour), func() { w.touch(agent.Key(Tenant, p.id), "name", w.newID()) })
	}
	return nil
}

// touch writes an attribute that routing does not decide on: it makes a new
// version, and must not come in anybody's way.
func (w *World) touch(k cloud.Key, attr, value string) {
	_, _ = w.recorded(w.cloud.Table()).Write(w.ctx, cloud.Write{Key: k, Set: cloud.Item{attr: value}, Add: map[string]int64{contact.AttrVersion: 1},
		If: []cloud.Cond{{Attr: contact.AttrState, Op: "!=", Value: string(contact.Completed)}, {Attr: cloud.AttrPart, Op: "present"}}})
}

// act does something in the desk until it succeeds: an agent presses again.
func (p *person) act(do func() error) {
	if p.w.dead {
		p.w.after(time.Second, func() { p.act(do) })
		return
	}
	if do() != nil || p.w.dead {
		p.w.after(2*time.Second, func() { p.act(do) })
	}
}

func (p *person) available() {
	p.gone = false
	p.status(agent.Available)
}

func (p *person) status(to agent.State) {
	p.act(func() error {
		_, err := p.w.machine().desk.SetStatus(p.w.invoked("desk SetStatus"), Tenant, p.id, to, "")
		return err
	})
}

// picksUp returns how long the device rings, and whether it is answered then.
func (p *person) picksUp(byItself bool) (time.Duration, bool) {
	if byItself {
		return 300 * time.Millisecond, !p.gone
	}
	return p.w.between(p.picks, p.picks+3*time.Second), !p.gone && p.w.rand.Float64() >= p.misses
}

// sees is what the desk shows of the agent: it changed.
func (p *person) sees(was, a *agent.Agent) {
	w := p.w
	if a.State == agent.Missed && (was == nil || was.State != agent.Missed) {
		w.after(w.between(2*time.Second, 20*time.Second), p.available)
	}
	for _, offer := range slices.Sorted(maps.Keys(a.Offers)) {
		if was != nil && was.Offers[offer] != "" {
			continue
		}
		p.offered(a.Offers[offer], offer)
	}
}

// offered is what the agent does about a new offer.
func (p *person) offered(id contact.ID, offer contact.OfferID) {
	w := p.w
	switch {
	case p.gone, p.watches[id]:
	case w.opt.Vanish > 0 && w.rand.Float64() < w.opt.Vanish:
		p.gone = true
		w.after(w.between(0, 3*time.Second), func() { p.status(agent.Offline) })
		w.after(w.between(30*time.Second, 2*time.Minute), p.available)
	case w.rand.Float64() < p.decline:
		w.after(time.Second, func() {
			w.checker.excuse(offer)
			p.act(func() error { return p.reject(id, offer) })
		})
	case p.device == agent.Softphone && w.rand.Float64() >= p.misses:
		w.after(w.between(p.picks, p.picks+3*time.Second), func() { p.accept(id, offer) })
		if w.opt.Browsers > 0 && w.rand.Float64() < w.opt.Browsers {
			w.after(w.between(p.picks, p.picks+40*time.Second), func() { p.accept(id, offer) })
		}
	}
}

// reject declines an offer, or to take part in another's talk.
func (p *person) reject(id contact.ID, offer contact.OfferID) error {
	desk, ctx := p.w.machine().desk, p.w.invoked("desk Reject")
	c, err := desk.Contact(ctx, Tenant, id)
	if err == nil && c.Offer != offer {
		_, _, err = desk.DropParty(ctx, Tenant, id, offer, acd.Gone{Missed: true})
	} else if err == nil {
		err = desk.Reject(ctx, Tenant, id, offer)
	}
	if isOver(err) {
		return nil
	}
	return err
}

func (p *person) accept(id contact.ID, offer contact.OfferID) {
	p.act(func() error {
		desk, ctx := p.w.machine().desk, p.w.invoked("desk Accept")
		c, err := desk.Accept(ctx, Tenant, id, offer)
		if isOver(err) { // it may be another's talk that asks for the agent
			_, _, err = desk.AcceptParty(ctx, Tenant, id, offer)
			if isOver(err) {
				return nil
			}
			return err
		}
		if err == nil && (c.Offer != offer || c.OfferAgent != p.id) {
			p.w.checker.fault("I-3: %s could accept %s, which %s has by %s", p.id, offer, c.OfferAgent, c.Offer)
		}
		return err
	})
}

// sees is what the desk shows of a contact of the agent.
func (p *person) seesContact(was, c *contact.Contact) {
	if p.finish > 0 && c.State == contact.Ended && was.State != contact.Ended {
		p.w.after(p.finish, func() {
			p.act(func() error {
				_, err := p.w.machine().desk.Finish(p.w.invoked("desk Finish"), Tenant, c.ID, "resolved")
				if isOver(err) {
					return nil
				}
				return err
			})
		})
	}
	who := p.w.callers[string(c.ID)]
	if c.State != contact.Connected || was.State == contact.Connected {
		return
	}
	if who.holds {
		p.w.after(2*time.Second, func() { p.command(c.ID, sma.VerbHold) })
		p.w.after(5*time.Second, func() { p.command(c.ID, sma.VerbResume) })
	}
	if do := who.plan.talk; do != nil {
		who.plan.talk = nil // once
		p.w.after(p.w.between(time.Second, 5*time.Second), func() { do(p, c.ID) })
	}
}

// command presses a button once; the relay may be gone.
func (p *person) command(id contact.ID, verb string) {
	if p.w.dead {
		return
	}
	desk := p.w.machine().desk
	c, err := desk.Contact(p.w.ctx, Tenant, id)
	if err == nil {
		_ = desk.Command(p.w.ctx, c, verb)
	}
}
