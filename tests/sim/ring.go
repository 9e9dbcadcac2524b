package sim

import (
	"slices"
	"time"

	"huawu/shared/contact"
	"huawu/shared/sma"
)

// ringing is a CallAndBridge under way.
type ringing struct {
	action     sma.Action
	offer      string
	leg        *leg // that rings
	background bool // the list went on
	over       bool
}

// dial lets a device or a telephone ring.
func (c *call) dial(a sma.Action, p *sma.CallAndBridge) {
	w := c.relay.w
	of, named := c.leg(p), *p
	named.Target = sma.Target{CallID: of.id, ParticipantTag: sma.Tag(of.tag)} // as events tell it
	a.Parameters = &named
	b := c.add(&leg{id: w.newID(), to: string(p.Endpoints[0].URI), from: string(p.CallerIDNumber)})
	r := &ringing{action: a, leg: b, offer: p.Huawu.OfferID, background: bool(p.Huawu.Background)}
	if r.background {
		c.rings = append(c.rings, r)
		c.running = nil
	} else {
		c.running.ring = r
	}
	wait, answers := w.between(2*time.Second, 8*time.Second), false
	if p.Endpoints[0].BridgeEndpointType == sma.EndpointAWS {
		b.agent = w.checker.person(p.Huawu.AgentID)
		wait, answers = b.agent.picksUp(bool(p.Huawu.AutoAnswer))
	} else {
		answers = w.rand.IntN(4) > 0 // somebody outside
	}
	limit := time.Duration(p.CallTimeoutSeconds) * time.Second
	if !answers || wait >= limit {
		if w.rand.Float64() < w.opt.Mute {
			return // it rings and rings: the relay's own timer is broken
		}
		w.inProcess(min(wait, limit), func() { c.rangOut(r) })
		return
	}
	w.inProcess(wait, func() { c.pickedUp(r) })
}

// rangOut ends a ringing that nobody has answered.
func (c *call) rangOut(r *ringing) {
	if r.over || r.leg.ended || c.fallback {
		return
	}
	c.cancel(r)
	c.relay.w.checker.excuse(contact.OfferID(r.offer))
	c.ask(question{kind: sma.ActionFailed, gate: !r.background, data: &sma.ActionData{Type: r.action.Type, Parameters: r.action.Parameters,
		ErrorType: sma.CallNotAnswered, Huawu: &sma.Outcome{OfferID: r.offer}}})
}

// pickedUp tells that somebody has answered.
func (c *call) pickedUp(r *ringing) {
	if r.over || r.leg.ended || c.fallback {
		return
	}
	c.forget(r)
	r.leg.up = true
	c.note()
	c.relay.w.checker.pickedUp(c, r.leg)
	c.ask(question{kind: sma.ActionSuccessful, waits: r.leg, gate: !r.background, data: &sma.ActionData{Type: r.action.Type, Parameters: r.action.Parameters,
		Huawu: &sma.Outcome{OfferID: r.offer, Answered: true, LegID: r.leg.id}}})
}

// forget takes a ringing out of the call.
func (c *call) forget(r *ringing) {
	r.over = true
	c.rings = slices.DeleteFunc(c.rings, func(o *ringing) bool { return o == r })
	if c.running != nil && c.running.ring == r {
		c.running = nil
	}
}

// cancel ends a ringing, and tells nobody.
func (c *call) cancel(r *ringing) {
	c.forget(r)
	r.leg.ended = true
}

// cancelRings ends what rings in the background.
func (c *call) cancelRings() {
	for _, r := range slices.Clone(c.rings) {
		c.cancel(r)
	}
}

// unring ends what rings for an offer that was withdrawn, if the function left it
// to the relay.
func (c *call) unring(offer string) {
	if run := c.running; run != nil && run.ring != nil && run.ring.offer == offer {
		c.rangOut(run.ring)
	}
	for _, r := range slices.Clone(c.rings) {
		if r.offer == offer {
			c.rangOut(r)
		}
	}
}

// hangUp carries a Hangup action out: a leg that rings in the background stops.
func (c *call) hangUp(l *leg) {
	c.running = nil
	for _, r := range slices.Clone(c.rings) {
		if r.leg == l {
			c.cancel(r)
			return
		}
	}
	if !l.up && !l.first {
		l.ended = true // it rang
		return
	}
	c.end(l, byFunction)
}
