package sim

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// journalled is what a process that was killed leaves of a call.
type journalled struct {
	sequence   int
	attributes sma.Attributes
	legs       []leg
}

// note keeps the journal.
func (c *call) note() {
	w := c.relay.w
	if w.dead {
		return
	}
	j := journalled{sequence: c.sequence, attributes: c.attributes}
	for _, l := range c.legs {
		if (l.first || l.up) && (!l.ended || l.owes) {
			j.legs = append(j.legs, *l)
		}
	}
	if len(j.legs) == 0 {
		delete(c.relay.journal, c.id)
		delete(c.relay.calls, c.id)
		return
	}
	c.relay.journal[c.id] = j
}

// restart reports what the process that died has left.
func (r *relay) restart() {
	r.calls = map[string]*call{}
	for _, id := range slices.Sorted(maps.Keys(r.journal)) {
		j := r.journal[id]
		c := &call{relay: r, id: id, sequence: j.sequence, attributes: j.attributes, seen: map[string]bool{}, fallback: true}
		for n := range j.legs {
			l := j.legs[n]
			l.lost = !l.ended
			l.ended, l.owes = true, true
			c.legs = append(c.legs, &l)
			if l.lost && l.tag == legA {
				r.w.callers[id].over(contact.RelayLost)
			}
		}
		r.calls[id] = c
		r.w.checker.excuseCall(contact.ID(id))
		r.w.checker.excuse(contact.OfferID(j.attributes[sma.AttrOffer]))
		for _, l := range slices.SortedStableFunc(slices.Values(c.legs), func(a, b *leg) int { return cmp.Compare(a.order(), b.order()) }) {
			c.report(l)
		}
	}
}

// order is where a leg's end is reported among those of its call: one that was
// lost with the process ended last.
func (l *leg) order() int {
	if l.lost {
		return math.MaxInt
	}
	return l.nth
}

// lists writes the calls that live into the relay's lease, as a relay does every
// few seconds.
func (r *relay) lists() {
	w := r.w
	if !w.dead {
		_, _ = w.cloud.Table().Write(w.ctx, cloud.Write{Key: cloud.Key{Part: "_|R#" + relayID, Sort: contact.SortMeta},
			Set: cloud.Item{"live": slices.Sorted(maps.Keys(r.calls))}, Add: map[string]int64{contact.AttrVersion: 1}}) // what fails, the next one does
	}
	if w.clock.Now().Sub(w.start) < 2*time.Hour {
		w.after(3*time.Second, r.lists)
	}
}

// report asks about the end of a leg.
func (c *call) report(l *leg) {
	d := &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.Target{CallID: l.id, ParticipantTag: sma.Tag(l.tag)}}}
	if l.lost {
		d.Huawu = &sma.Outcome{Reason: sma.ReasonRelayLost}
	}
	c.ask(question{kind: sma.Hangup, data: d, leg: l})
}
