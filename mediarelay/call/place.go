package call

import (
	"cmp"
	"errors"
	"time"

	"github.com/google/uuid"

	"huawu/mediarelay/hook"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Outbound is a call that the relay begins.
type Outbound struct {
	ID         string // the TransactionId
	Tenant     string
	First      Target        // who is called first: URI, Kind, AutoAnswer
	From       string        // number to show
	Ring       time.Duration // how long it rings; 0: 30 s
	Attributes sma.Attributes
}

// Place begins a call. It returns ErrBusy if there is no room for it and Conflict
// if it is up already; both say nothing about later. Before anybody is called the
// call is in the journal and the function was asked (NEW_OUTBOUND_CALL). On a
// route with extensions the function may answer with a hang-up: then it is not
// called, which makes one call of several messages for it.
//
// A number is LEG-A. An agent's device is LEG-B, as it is in every call: LEG-A is
// then whoever CallAndBridge calls next.
func (c *Calls) Place(out Outbound) error {
	if out.ID == "" || out.Tenant == "" || out.First.URI == "" {
		return fault.New(fault.Invalid, "call: id, tenant and whom to call are needed")
	}
	in := Inbound{ID: out.ID, Tenant: out.Tenant, From: out.From}
	if out.First.Kind == ToTrunk {
		in.To = out.First.URI
	}
	one := newCall(c, in)
	one.out, one.attributes = &out, out.Attributes
	return c.launch(one)
}

func (c *call) beginOut() {
	id, err := uuid.NewV7()
	if err != nil {
		c.log.Error("call not placed: no id", "error", err)
		c.done = true
		return
	}
	p := &party{id: id.String(), first: true, from: c.out.From, to: c.out.First.URI, headers: c.out.First.Headers}
	if c.out.First.Kind == ToAgent {
		p.tag = sma.LegB
	}
	c.addParty(p)
	c.log.Info("call is placed", "leg", string(p.tag))
	c.after(c.calls.cfg.MaxDuration, func() { c.hangUpAll("max_duration") })
	c.ask(&ask{kind: sma.NewOutboundCall, about: p, gate: true})
	c.settle()
}

// allowed calls whom the call is for, unless the function does not want it, or
// could not be asked.
func (c *call) allowed(a *ask, r sma.Response, err error) {
	p := a.about
	if err != nil && !errors.Is(err, hook.ErrAnswer) {
		c.calls.count.failed.Add(1)
		c.log.Error("call not placed: no answer", "error", err)
		c.legEnded(p, LegEvent{LegID: p.id, Kind: Failed, Code: 503})
		return
	}
	if c.extended() && len(r.Actions) > 0 && r.Actions[0].Type == sma.TypeHangup {
		c.log.Info("call not placed: the function does not want it")
		p.ended = true
		return
	}
	if p.leaving {
		c.legEnded(p, LegEvent{LegID: p.id, Kind: Ended, Code: 487})
		return
	}
	c.dialFirst(p)
}

func (c *call) dialFirst(p *party) {
	to := c.out.First
	to.CallID, to.LegID, to.Tenant, to.CallerID = c.id, p.id, c.in.Tenant, p.from
	p.watch = func(e LegEvent) { c.firstLeg(p, e) }
	leg, err := c.calls.cfg.Dialer.Dial(c.calls.base, to, c.notify)
	if err != nil {
		c.log.Warn("call not placed: not reachable", "kind", string(fault.KindOf(err)), "error", err)
		c.legEnded(p, LegEvent{LegID: p.id, Kind: Failed, Code: statusOf(err)})
		return
	}
	p.leg, p.audio = leg, c.calls.cfg.Mixer.Audio(leg)
	c.changed = true
	c.after(cmp.Or(c.out.Ring, sma.DefaultCallTimeout*time.Second), func() {
		if !p.up && !p.ended && !p.leaving {
			p.code = 408
			c.drop(p, "no_answer")
		}
	})
}

// firstLeg handles what the leg reports that the call is placed with.
func (c *call) firstLeg(p *party, e LegEvent) {
	switch e.Kind {
	case Ringing:
		if !c.rang {
			c.rang = true
			c.ask(&ask{kind: sma.Ringing, about: p})
		}
	case Answered:
		p.watch = nil
		c.log.Info("leg answered", "leg", string(p.tag))
		c.changed = true
		c.ask(&ask{kind: sma.CallAnswered, about: p, gate: true})
	}
}
