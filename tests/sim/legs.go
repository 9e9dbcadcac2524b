package sim

import (
	"fmt"
	"time"

	"huawu/shared/contact"
	"huawu/shared/sma"
)

// legA is the customer's leg.
const legA = "LEG-A"

// leg is one party of a call.
type leg struct {
	id, tag, to, from string
	inbound, up       bool
	first             bool // the call began with it: its end is told although it was never up
	ended             bool
	nth               int  // which of its call's legs it was to end
	owes              bool // its HANGUP was not answered yet
	lost              bool // the process died under it
	agent             *person
	room              string // conference that it is in
	mode              sma.Mode
	music             bool // it hears a loop
}

// talksIn reports whether others in a conference hear a leg.
func (l *leg) talksIn(room string) bool {
	return !l.ended && room != "" && l.room == room && (l.mode == sma.ModeTalk || l.mode == sma.ModeBarge)
}

// customer returns the customer's leg; the first one if it is not there yet.
func (c *call) customer() *leg { return c.legs[0] }

// add takes a leg into the call and gives it a tag.
func (c *call) add(l *leg) *leg {
	for letter := 'A'; l.tag == ""; letter++ {
		tag, taken := fmt.Sprintf("LEG-%c", letter), false
		for _, o := range c.legs {
			taken = taken || o.tag == tag
		}
		if !taken {
			l.tag = tag
		}
	}
	if l.tag == legA {
		c.legs = append([]*leg{l}, c.legs...)
	} else {
		c.legs = append(c.legs, l)
	}
	return l
}

// by says who ends a leg.
type by int

const (
	byParty    by = iota // hangs up
	byFunction           // by a Hangup action
	byRelay              // nobody is there to ask
)

// end ends a leg, and reports it if it ever was a party.
func (c *call) end(l *leg, who by) {
	if l.ended {
		return
	}
	l.ended, l.room, l.music = true, "", false
	c.ends++
	l.nth = c.ends
	c.joined = c.joins()
	c.relay.w.checker.excuseCall(contact.ID(c.id))
	if run := c.running; run != nil && (run.leg == l || l.tag == legA || run.ring != nil && run.ring.leg == l) {
		if run.ring != nil {
			c.cancel(run.ring)
		}
		c.running = nil
	}
	if l.tag == legA || c.living() == 0 {
		c.pending = nil
		c.cancelRings()
		for _, o := range c.legs {
			o.ended = o.ended || !o.up && o != l
		}
	}
	c.relay.w.callers[c.id].legEnded(c, l, who)
	if l.first || l.up {
		l.owes = true
		c.note()
		c.report(l)
	}
}

// joins reports whether the customer hears somebody.
func (c *call) joins() bool {
	a := c.customer()
	if a.tag != legA || !a.talksIn(a.room) {
		return false
	}
	for _, l := range c.legs[1:] {
		if l.talksIn(a.room) {
			return true
		}
	}
	return false
}

// talks reports whether anybody hears another, or the customer is on hold with
// somebody: then a function that is gone ends nothing.
func (c *call) talks() bool {
	a := c.customer()
	for _, l := range c.legs {
		if c.hears(l) || l != a && a.room != "" && l.room != "" {
			return true
		}
	}
	return false
}

// take gives a leg its part in a conference. Whom the customer hears then must
// belong to the contact.
func (c *call) take(l *leg, room string, mode sma.Mode) {
	l.room, l.mode = room, mode
	l.music = l.music && mode == sma.ModeHold
	c.joined = c.joins()
	if !c.joined || l.tag != legA && !l.talksIn(c.customer().room) {
		return
	}
	w := c.relay.w
	var agents []string
	for _, o := range c.legs[1:] {
		if o.talksIn(c.customer().room) && o.agent != nil {
			agents = append(agents, o.agent.id)
		}
	}
	w.checker.together(contact.ID(c.id), agents)
	if !c.timed {
		c.timed = true
		w.inProcess(w.callers[c.id].talks, c.talked)
	}
}

// talked ends a talk that took its time; if customer and agent are apart in this
// moment, or others go on, later.
func (c *call) talked() {
	a, caller := c.customer(), c.relay.w.callers[c.id]
	if a.ended {
		return
	}
	if c.joined && !caller.agentEnds {
		c.end(a, byParty)
		return
	}
	for _, l := range c.legs[1:] {
		if c.joined && l.talksIn(a.room) {
			c.end(l, byParty)
			break
		}
	}
	if c.held++; c.held > 20 && !c.joined { // nobody waits on hold for ever
		c.end(a, byParty)
		return
	}
	c.relay.w.inProcess(15*time.Second, c.talked)
}
