package sim

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// place takes the messages of calls that the relay is to begin.
func (r *relay) place(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdaevent.QueueBatch(ctx, e, func(_ context.Context, m lambdaevent.Message) error {
		var p sma.Place
		if err := json.Unmarshal(m.Body, &p); err != nil {
			return err
		}
		if r.calls[p.TransactionID] != nil || p.Late(r.w.clock.Now().Sub(m.Sent)) {
			return nil
		}
		c := &call{relay: r, id: p.TransactionID, attributes: p.Attributes, seen: map[string]bool{}}
		l := c.add(&leg{id: r.w.newID(), tag: "LEG-B", from: p.CallerID, to: p.To, first: true, agent: r.w.checker.person(p.Agent)})
		c.placed = p
		r.calls[c.id] = c
		c.note()
		c.ask(question{kind: sma.NewOutboundCall, gate: true, leg: l})
		return nil
	})
}

// allowed calls the agent's device, unless the function does not want the call.
func (c *call) allowed(r sma.Response) {
	l, w := c.legs[0], c.relay.w
	if len(r.Actions) > 0 && r.Actions[0].Type == sma.TypeHangup {
		l.ended = true
		c.note()
		return
	}
	wait, answers := l.agent.picksUp(c.placed.AutoAnswer)
	limit := time.Duration(c.placed.RingSeconds) * time.Second
	w.inProcess(min(wait, limit), func() {
		switch {
		case l.ended:
		case !answers || wait >= limit:
			w.checker.excuse(contact.OfferID(c.attributes[sma.AttrOffer]))
			c.end(l, byRelay)
		default:
			l.up = true
			c.note()
			w.checker.pickedUp(c, l)
			c.ask(question{kind: sma.CallAnswered, gate: true, leg: l})
		}
	})
}
