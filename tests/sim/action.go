package sim

import (
	"time"

	"huawu/shared/contact"
	"huawu/shared/sma"
)

// start begins an action of a call.
func (c *call) start(a sma.Action) {
	w, l := c.relay.w, c.leg(a.Parameters)
	run := &running{a, l}
	c.running = run
	later := func(d time.Duration, then func()) {
		w.inProcess(d, func() {
			if c.running == run {
				then()
			}
		})
	}
	if l.ended && a.Type != sma.TypeHangup {
		c.failed(a, sma.InvalidActionParameter, "")
		return
	}
	if l.inbound {
		l.up = l.up || a.Type != sma.TypeHangup
	}
	switch p := a.Parameters.(type) {
	case *sma.SpeakAndGetDigits:
		c.collect(a, later)
	case *sma.Speak, *sma.PlayAudio, *sma.Pause:
		later(2*time.Second, func() { c.last(a) })
	case *sma.PlayLoop:
		c.looping = true
		if l.mode != sma.ModeHold {
			w.callers[c.id].waits()
		}
		if p.InterruptAfterMs > 0 {
			later(time.Duration(p.InterruptAfterMs)*time.Millisecond, func() {
				c.done(a, func(d *sma.ActionData) { d.Huawu = &sma.Outcome{Interrupted: true} })
			})
		}
	case *sma.CallAndBridge:
		c.dial(a, p, later)
	case *sma.ConferenceJoin:
		l.mode = sma.ModeTalk
		c.join()
		c.last(a)
	case *sma.ConferenceUpdate:
		l.mode = p.Mode
		c.last(a)
	case *sma.StartCallRecording:
		if c.recorded {
			c.failed(a, sma.InvalidActionParameter, "")
			return
		}
		c.recorded = true
		c.done(a, func(d *sma.ActionData) {
			d.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/" + c.id}
		})
	case *sma.HangUp:
		c.running = nil
		c.end(l)
	default:
		c.failed(a, sma.InvalidActionParameter, "")
	}
}

// collect lets the caller type, or not.
func (c *call) collect(a sma.Action, later func(time.Duration, func())) {
	caller := c.relay.w.callers[c.id]
	later(caller.thinks, func() {
		if caller.digit == "" {
			c.failed(a, sma.InvalidActionParameter, "")
			return
		}
		c.done(a, func(d *sma.ActionData) { d.ReceivedDigits = sma.Text(caller.digit) })
	})
}

// dial lets an agent's device ring.
func (c *call) dial(a sma.Action, p *sma.CallAndBridge, later func(time.Duration, func())) {
	w := c.relay.w
	b := &leg{id: w.newID(), tag: "LEG-B", to: string(p.Endpoints[0].URI), from: string(p.CallerIDNumber)}
	c.legs = append(c.legs, b)
	c.running.leg = b
	offer := p.Huawu.OfferID
	for _, who := range w.agents {
		if who.id == p.Huawu.AgentID {
			b.agent = who
		}
	}
	wait, answers := b.agent.picksUp(bool(p.Huawu.AutoAnswer))
	limit := time.Duration(p.CallTimeoutSeconds) * time.Second
	if !answers || wait >= limit {
		if w.rand.Float64() < w.opt.Mute {
			return // it rings and rings: the relay's own timer is broken
		}
		later(min(wait, limit), func() {
			b.ended = true
			c.failed(a, sma.CallNotAnswered, offer)
		})
		return
	}
	later(wait, func() {
		if b.ended {
			return
		}
		b.up = true
		c.note()
		c.done(a, func(d *sma.ActionData) { d.Huawu = &sma.Outcome{OfferID: offer, Answered: true} })
	})
}

// join begins the talk when both are in it.
func (c *call) join() {
	a, b := c.legs[0], c.legs[len(c.legs)-1]
	if a == b || a.mode != sma.ModeTalk || b.mode != sma.ModeTalk || a.ended || b.ended || c.joined {
		return
	}
	c.joined, c.looping = true, false
	w := c.relay.w
	for _, l := range c.legs[1:] {
		if l != b && l.mode == sma.ModeTalk && !l.ended {
			w.checker.fault("I-3: %s talks to %s and %s", c.id, l.agent.id, b.agent.id)
		}
	}
	caller := w.callers[c.id]
	w.checker.talks(c.id, b.agent.id)
	w.inProcess(caller.talks, func() {
		if !c.joined || a.ended || b.ended {
			return
		}
		if caller.agentEnds {
			caller.over(contact.AgentLeft)
			c.end(b)
		} else {
			caller.over(contact.CustomerLeft)
			c.end(a)
		}
	})
}
