package event

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// LiveQueue carries what pages show at this moment to those who show it.
const LiveQueue = "live"

// Live is one change of an agent or a contact on its way to pages. It carries the
// item as it stands after the change, so that nobody has to read it again before
// an offer rings.
type Live struct {
	At   time.Time  `json:"at"`            // when the table took the change
	From int64      `json:"from"`          // version before it
	Was  string     `json:"was,omitempty"` // agent that a contact was bound to before
	Item cloud.Item `json:"item"`
	// Before are the agents who took part in a talk before the change.
	Before []string `json:"before,omitempty"`
}

func agentsOf(t *contact.Talk) (all []string) {
	if t == nil {
		return nil
	}
	for _, p := range t.Parties {
		if p.Agent != "" {
			all = append(all, p.Agent)
		}
	}
	return all
}

// ToLive makes the publisher tell pages, too, by way of LiveQueue.
func (p *Publisher) ToLive() *Publisher {
	p.live = true
	return p
}

// tellLive passes a change on if a page may show it: of an agent, of a segment that
// was left and of a talk each one, of a contact those while an agent is bound to it and those by which a queue grows
// or shrinks.
func (p *Publisher) tellLive(ctx context.Context, ch Change) error {
	if !p.live {
		return nil
	}
	l := Live{At: ch.At, From: ch.Old.Int(contact.AttrVersion), Item: ch.New}
	if c := contact.FromItem(ch.New); c != nil {
		was := contact.FromItem(ch.Old)
		if was == nil {
			was = &contact.Contact{}
		}
		if c.OfferAgent == "" && was.OfferAgent == "" && (c.State == contact.Queued) == (was.State == contact.Queued) {
			return nil
		}
		l.Was = was.OfferAgent
	} else if t := contact.TalkFromItem(ch.New); t != nil {
		l.Before = agentsOf(contact.TalkFromItem(ch.Old))
	} else if agent.FromItem(ch.New) == nil && contact.LeftFromItem(ch.New) == nil {
		return nil
	}
	body, err := json.Marshal(l)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "event: encode live change")
	}
	err = p.queue.Send(ctx, LiveQueue, cloud.Message{Body: body})
	return fault.Wrap(fault.KindOf(err), err, "event: send live change")
}

// ReadLive reads a message of LiveQueue.
func ReadLive(body []byte) (Live, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var l Live
	if err := d.Decode(&l); err != nil {
		return Live{}, fault.Wrap(fault.Invalid, err, "event: read live change")
	}
	for name, v := range l.Item {
		var err error
		if l.Item[name], err = cloud.Value(whole(v)); err != nil {
			return Live{}, fault.Wrap(fault.Invalid, err, "event: attribute of live change")
		}
	}
	return l, nil
}

// whole makes the numbers in v those of an item. What is none becomes nil, which
// no item holds.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil
		}
		return n
	case []any:
		for n := range v {
			v[n] = whole(v[n])
		}
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	}
	return v
}
