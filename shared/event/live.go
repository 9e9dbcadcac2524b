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

// several is the body of a message that carries more than one change.
type several struct {
	Changes []json.RawMessage `json:"changes"`
}

// maxLive bounds a message of several changes, in bytes: SQS bills each 64 KiB.
const maxLive = 60 << 10

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

// Tell passes on those of a batch of changes that a page may show, in as few
// messages as they fit in. It comes before HandleChange of each: somebody waits
// for what a page shows. It may be called again with the same ones.
func (p *Publisher) Tell(ctx context.Context, batch []Change) error {
	if !p.live {
		return nil
	}
	var all []json.RawMessage
	size := 0
	for _, ch := range batch {
		l, ok := liveOf(ch)
		if !ok {
			continue
		}
		one, err := json.Marshal(l)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "event: encode live change")
		}
		if len(all) > 0 && size+len(one) > maxLive {
			if err := p.sendLive(ctx, all); err != nil {
				return err
			}
			all, size = nil, 0
		}
		all, size = append(all, one), size+len(one)
	}
	return p.sendLive(ctx, all)
}

func (p *Publisher) sendLive(ctx context.Context, all []json.RawMessage) error {
	var body []byte
	switch len(all) {
	case 0:
		return nil
	case 1:
		body = all[0]
	default:
		var err error
		if body, err = json.Marshal(several{all}); err != nil {
			return fault.Wrap(fault.Internal, err, "event: encode live changes")
		}
	}
	err := p.queue.Send(ctx, LiveQueue, cloud.Message{Body: body})
	return fault.Wrap(fault.KindOf(err), err, "event: send live changes")
}

// liveOf returns a change as pages are told of it; ok is false if none may show
// it. Told is of an agent what a page shows otherwise than before, of a segment
// that was left and of a talk each change, of a contact those while an agent is
// bound to it and those by which a queue grows or shrinks.
func liveOf(ch Change) (l Live, ok bool) {
	l = Live{At: ch.At, From: ch.Old.Int(contact.AttrVersion), Item: ch.New}
	if c := contact.FromItem(ch.New); c != nil {
		was := contact.FromItem(ch.Old)
		if was == nil {
			was = &contact.Contact{}
		}
		if c.OfferAgent == "" && was.OfferAgent == "" && (c.State == contact.Queued) == (was.State == contact.Queued) {
			return l, false
		}
		l.Was = was.OfferAgent
	} else if t := contact.TalkFromItem(ch.New); t != nil {
		l.Before = agentsOf(contact.TalkFromItem(ch.Old))
	} else if a := agent.FromItem(ch.New); a != nil {
		return l, !alike(agent.FromItem(ch.Old), a)
	} else if contact.LeftFromItem(ch.New) == nil && agent.NoticeFromItem(ch.New) == nil {
		return l, false
	}
	return l, true
}

// alike reports whether an agent looks the same on every page as before: what
// slots hold is told by the contacts.
func alike(was, a *agent.Agent) bool {
	return was != nil && was.State == a.State && was.Status == a.Status && was.Since.Equal(a.Since) && was.NextState == a.NextState &&
		was.NextStatus == a.NextStatus && was.Device == a.Device && was.Profile == a.Profile && was.Name == a.Name && was.Username == a.Username
}

// ReadLive reads a message of LiveQueue: one change, or several in their order.
func ReadLive(body []byte) ([]Live, error) {
	var s several
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "event: read live changes")
	}
	if len(s.Changes) == 0 {
		s.Changes = []json.RawMessage{body}
	}
	all := make([]Live, len(s.Changes))
	for n, one := range s.Changes {
		var err error
		if all[n], err = readLive(one); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readLive(body []byte) (Live, error) {
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
