package call

import (
	"slices"

	"huawu/shared/sma"
)

// legEnded takes a leg out of everything and reports its HANGUP.
func (c *call) legEnded(p *party, e LegEvent) {
	p.ended = true
	c.ends++
	p.nth = c.ends
	if e.Code != 0 && p.code == 0 {
		p.code = e.Code
	}
	if p.reason == "" {
		p.reason = e.Reason
	}
	c.leave(p)
	c.endTape(p)
	p.endLoop()
	if p.listener != nil {
		p.listener.stop()
	}
	p.playing, p.played, p.sending, p.sent, p.typed, p.peerHold = 0, nil, 0, nil, nil, false
	if !p.first && !p.up { // a leg that was called during the call and never answered has no HANGUP
		if p.watch != nil {
			p.watch(e)
		}
		c.changed = true
		return
	}
	c.log.Info("leg ended", "leg", string(p.tag), "status", p.code, "by", c.endedBy(p))
	c.hangup(p)
}

func (c *call) endedBy(p *party) string {
	if p.leaving {
		return "relay"
	}
	return "peer"
}

// hangup asks about a leg's end. What ran on the leg is over; if that cut a list
// short, the rest of it waits for the answer.
func (c *call) hangup(p *party) {
	gate := false
	if s := c.running; s != nil && s.involves(p) {
		c.cut(s)
		gate = true
	}
	c.cancelRings(p)
	data := &sma.ActionData{
		Type:       sma.TypeHangup,
		Parameters: &sma.HangUp{Target: sma.Target{CallID: p.id, ParticipantTag: p.tag}, SipResponseCode: sma.Int(p.code)},
	}
	if reason := c.why(); c.extended() && reason != "" {
		data.Huawu = &sma.Outcome{Reason: reason}
	}
	if c.left() == 0 { // nobody is left for whom an answer could matter
		c.pending = nil
		c.withdraw(func(a *ask) bool { return a.kind != sma.Hangup })
		c.cancelRings(nil)
		for _, other := range c.parties {
			c.drop(other, "caller_gone")
		}
	}
	p.owes = true
	c.ask(&ask{kind: sma.Hangup, about: p, data: data, gate: gate})
	c.changed = true
}

// why is the reason that HANGUP events name where it was neither a party nor
// the function who ended the call.
func (c *call) why() string {
	if c.ending == "" && c.fallback {
		return reasonFallback
	}
	return c.ending
}

// reasonFallback says that the function was gone.
const reasonFallback = "fallback"

// left is how many legs live.
func (c *call) left() int {
	n := 0
	for _, p := range c.parties {
		if p.living() {
			n++
		}
	}
	return n
}

// inOrderOfEnd is the parties with those that ended first before the others: who
// ended a call is known by whose HANGUP is heard first.
func (c *call) inOrderOfEnd() []*party {
	all := slices.Clone(c.parties)
	slices.SortStableFunc(all, func(a, b *party) int {
		switch {
		case a.ended && b.ended:
			return a.nth - b.nth
		case a.ended:
			return -1
		case b.ended:
			return 1
		}
		return 0
	})
	return all
}

// note writes what a later process must know if this one is killed.
func (c *call) note() {
	c.changed = false
	j := c.calls.cfg.Journal
	if j == nil {
		return
	}
	e := Entry{
		TransactionID: c.id, Tenant: c.in.Tenant, Application: c.route.Application, Rule: c.in.TrunkID,
		Extended: c.extended(), Sequence: c.sequence, Attributes: c.attributes,
	}
	for _, p := range c.inOrderOfEnd() {
		if !p.living() && !p.owes && !(p.leaving && !p.ended && (p.first || p.up)) {
			continue
		}
		l := LegEntry{CallID: p.id, Tag: p.tag, Direction: p.participant().Direction, From: p.from, To: p.to, Started: p.started.UTC(), Ended: p.ended}
		if p.ended {
			l.Code, l.Reason = p.code, c.ending
		}
		e.Legs = append(e.Legs, l)
	}
	if err := j.Save(e); err != nil {
		c.calls.count.journal.Add(1)
		c.log.Error("journal: note not written", "error", err)
	}
}
