package sim

import (
	"time"

	"huawu/shared/sma"
)

// start begins an action of a call.
func (c *call) start(a sma.Action) {
	w, l := c.relay.w, c.leg(a.Parameters)
	run := &running{action: a, leg: l}
	c.running = run
	later := func(d time.Duration, then func()) {
		w.inProcess(d, func() {
			if c.running == run {
				then()
			}
		})
	}
	if l.ended && a.Type != sma.TypeHangup {
		c.failed(a, sma.InvalidActionParameter)
		return
	}
	l.up = l.up || l.inbound && a.Type != sma.TypeHangup
	switch p := a.Parameters.(type) {
	case *sma.SpeakAndGetDigits:
		c.collect(a, later)
	case *sma.Speak, *sma.PlayAudio, *sma.Pause:
		later(2*time.Second, func() { c.last(a) })
	case *sma.SendDigits:
		later(time.Second, func() { c.last(a) })
	case *sma.PlayLoop:
		c.loop(a, l, p)
	case *sma.CallAndBridge:
		c.dial(a, p)
	case *sma.ConferenceJoin:
		c.take(l, p.ConferenceID, p.Mode)
		c.last(a)
	case *sma.ConferenceUpdate:
		c.update(a, l, p)
	case *sma.ConferenceLeave:
		if l.room == p.ConferenceID {
			l.room = ""
			c.joined = c.joins()
		}
		c.last(a)
	case *sma.StartCallRecording:
		c.record(a)
	case *sma.StopCallRecording:
		c.recorded = false
		c.done(a, nil)
	case *sma.HangUp:
		c.hangUp(l)
	default:
		c.failed(a, sma.InvalidActionParameter)
	}
}

// update changes how a leg takes part in the conference that it is in.
func (c *call) update(a sma.Action, l *leg, p *sma.ConferenceUpdate) {
	if l.room != p.ConferenceID {
		c.failed(a, sma.InvalidActionParameter)
		return
	}
	c.take(l, l.room, p.Mode)
	c.last(a)
}

// loop lets a leg hear music; the list goes on.
func (c *call) loop(a sma.Action, l *leg, p *sma.PlayLoop) {
	w := c.relay.w
	if c.hears(l) {
		c.failed(a, sma.InvalidActionParameter)
		return
	}
	c.running, l.music = nil, true
	if l.tag == legA && l.room == "" {
		w.callers[c.id].waits()
	}
	if p.InterruptAfterMs > 0 {
		w.inProcess(time.Duration(p.InterruptAfterMs)*time.Millisecond, func() {
			if l.music && !l.ended {
				c.ask(question{kind: sma.ActionSuccessful, gate: true,
					data: &sma.ActionData{Type: a.Type, Parameters: a.Parameters, Huawu: &sma.Outcome{Interrupted: true}}})
			}
		})
	}
}

// hears reports whether a leg hears another.
func (c *call) hears(l *leg) bool {
	for _, o := range c.legs {
		if o != l && l.mode != sma.ModeHold && o.talksIn(l.room) {
			return true
		}
	}
	return false
}

func (c *call) record(a sma.Action) {
	if c.recorded {
		c.failed(a, sma.InvalidActionParameter)
		return
	}
	c.recorded = true
	c.done(a, func(d *sma.ActionData) {
		d.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/" + c.id}
	})
}

// collect lets the caller type, or not.
func (c *call) collect(a sma.Action, later func(time.Duration, func())) {
	caller := c.relay.w.callers[c.id]
	later(caller.thinks, func() {
		if caller.digit == "" {
			c.failed(a, sma.InvalidActionParameter)
			return
		}
		c.done(a, func(d *sma.ActionData) { d.ReceivedDigits = sma.Text(caller.digit) })
	})
}
