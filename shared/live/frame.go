package live

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

// MaxFrame bounds what a page may send, in bytes: it only ever names a topic.
const MaxFrame = 1 << 10

// maxPart is the most bytes of a part of a snapshot: with what is around it, it
// stays below the 128 KiB of one message.
const maxPart = 100 << 10

// Frame is what a page sends.
type Frame struct {
	Type  string `json:"type"`
	Topic Topic  `json:"topic,omitempty"`
}

// What a page may send.
const (
	typeSubscribe   = "subscribe"
	typeUnsubscribe = "unsubscribe"
	typeSync        = "sync"
	typePing        = "ping"
)

// Codes of error frames.
const (
	codeBadFrame    = "bad_frame"
	codeTopic       = "unknown_topic"
	codeForbidden   = "forbidden"
	codeUnavailable = "unavailable"
	codeUnknown     = "unknown_connection"
)

// snapshot is the whole state of a topic, or a part of it.
type snapshot struct {
	Type     string        `json:"type"` // snapshot
	Topic    Topic         `json:"topic"`
	TS       time.Time     `json:"ts"` // before it was read
	State    any           `json:"state"`
	Versions view.Versions `json:"versions"`
	More     bool          `json:"more,omitempty"` // the next one goes on with it
}

// delta is one change.
type delta struct {
	Type   string    `json:"type"` // delta
	Topic  Topic     `json:"topic"`
	TS     time.Time `json:"ts"` // of the change
	Entity string    `json:"entity"`
	ID     string    `json:"id"`
	From   int64     `json:"from"`  // version before; 0 = any
	V      int64     `json:"v"`     // version after
	State  any       `json:"state"` // null = gone
}

// deltas is several changes of a topic that came together, in their order.
type deltas struct {
	Type   string            `json:"type"` // deltas
	Topic  Topic             `json:"topic"`
	Deltas []json.RawMessage `json:"deltas"`
}

// encodeDeltas returns changes of one topic as frames: one alone as it is, several
// in as few as they fit in.
func encodeDeltas(all []delta) (frames [][]byte, err error) {
	var together []json.RawMessage
	size := 0
	flush := func() error {
		frame := []byte(nil)
		switch len(together) {
		case 0:
			return nil
		case 1:
			frame = together[0]
		default:
			if frame, err = encode(deltas{"deltas", all[0].Topic, together}); err != nil {
				return err
			}
		}
		frames, together, size = append(frames, frame), nil, 0
		return nil
	}
	for _, d := range all {
		one, err := encode(d)
		if err != nil {
			return nil, err
		}
		if size+len(one) > maxPart {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		together, size = append(together, one), size+len(one)
	}
	err = flush()
	return frames, err
}

// note tells a page to do something: resync, to ask for a snapshot.
type note struct {
	Type  string `json:"type"`
	Topic Topic  `json:"topic"`
}

// trouble is an error that a page is told.
type trouble struct {
	Type   string `json:"type"` // error
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	Topic  Topic  `json:"topic,omitempty"`
}

func troubleFrame(code, detail string, t Topic) ([]byte, error) {
	return encode(trouble{"error", code, detail, t})
}

// encode is JSON that is safe in a page, too: names may be hostile.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return b, fault.Wrap(fault.Internal, err, "live: encode frame")
}

// ReadFrame reads what a page sent.
func ReadFrame(text []byte) (Frame, error) {
	var f Frame
	if len(text) > MaxFrame {
		return f, fault.New(fault.Invalid, "longer than %d bytes", MaxFrame)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return Frame{}, fault.New(fault.Invalid, "no frame in JSON")
	}
	switch f.Type {
	case typePing, typeSubscribe, typeUnsubscribe, typeSync:
		return f, nil
	}
	return Frame{}, fault.New(fault.Invalid, "type is none of subscribe, unsubscribe, sync, ping")
}

// Receive does what a page asks. The answer, if not nil, goes back to it on its
// own connection; snapshots are pushed. An error is one of ours: the page is told
// unavailable by then, and tries again.
func (s *Service) Receive(ctx context.Context, connection string, text []byte) (answer []byte, err error) {
	f, err := ReadFrame(text)
	if err != nil {
		return troubleFrame(codeBadFrame, fault.Wrap(fault.Invalid, err, "frame").Error(), "")
	}
	if f.Type == typePing { // no read for these, which are most
		return []byte(`{"type":"pong"}`), nil
	}
	needs, known := f.Topic.needs()
	if !known {
		return troubleFrame(codeTopic, "topics are me and floor", "")
	}
	c, known, err := s.conn(ctx, connection)
	if err == nil && !known {
		return troubleFrame(codeUnknown, "connect again", f.Topic)
	}
	if err == nil && !c.who.May(needs) {
		return troubleFrame(codeForbidden, "the role has no permission "+string(needs), f.Topic)
	}
	if err == nil {
		err = s.do(ctx, c, f)
	}
	if err == nil {
		return nil, nil
	}
	if fault.KindOf(err) == fault.NotFound { // logged in, but no agent
		return troubleFrame(codeForbidden, "there is no such agent", f.Topic)
	}
	answer, e := troubleFrame(codeUnavailable, "try again later", f.Topic)
	s.log.WarnContext(ctx, "page not served", "type", f.Type, "topic", string(f.Topic), "kind", string(fault.KindOf(err)), "error", err.Error())
	return answer, e
}

func (s *Service) do(ctx context.Context, c conn, f Frame) error {
	switch f.Type {
	case typeUnsubscribe:
		_, err := s.table.Write(ctx, cloud.Write{Key: c.topicKey(f.Topic), Delete: true})
		return fault.Wrap(fault.KindOf(err), err, "live: unsubscribe")
	case typeSubscribe: // first the mark and the row, then the snapshot: nothing is missed in between
		if err := s.watch(ctx, c, f.Topic); err != nil {
			return err
		}
		if _, err := s.table.Write(ctx, cloud.Write{Key: c.topicKey(f.Topic), Put: c.item(s.now().Add(Life + time.Minute))}); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "live: subscribe")
		}
	}
	if f.Topic == Floor {
		return s.showFloor(ctx, c)
	}
	return s.showMe(ctx, c)
}

func (s *Service) showMe(ctx context.Context, c conn) error {
	at := s.now().UTC()
	a, err := s.router.Agent(ctx, c.who.Tenant, c.who.Agent)
	if err != nil {
		return err
	}
	me, versions, err := s.views.Me(ctx, c.who, a)
	if err != nil {
		return err
	}
	text, err := encode(snapshot{Type: "snapshot", Topic: Me, TS: at, State: me, Versions: versions})
	if err != nil {
		return err
	}
	return s.send(ctx, c, text)
}

// showFloor sends a floor in as many parts as it needs.
func (s *Service) showFloor(ctx context.Context, c conn) error {
	at := s.now().UTC()
	f, versions, err := s.views.Floor(ctx, c.who.Tenant)
	if err != nil {
		return err
	}
	for _, p := range parts(f, versions, at) {
		text, err := encode(p)
		if err != nil {
			return err
		}
		if err := s.send(ctx, c, text); err != nil {
			return err
		}
	}
	return nil
}

// parts cuts a floor so that each part fits a message. Queues and statuses are in
// the first.
func parts(f *view.Floor, versions view.Versions, at time.Time) []snapshot {
	var all []snapshot
	part, size := &view.Floor{Agents: []view.FloorAgent{}, Queues: f.Queues, Statuses: f.Statuses, TS: f.TS, AsOf: f.AsOf}, 0
	v := view.Versions{}
	for _, q := range f.Queues {
		v.Take(versions, view.EntityQueue, q.ID)
	}
	for _, a := range f.Agents {
		own := sizeOf(a)
		if size > 0 && size+own > maxPart {
			all = append(all, snapshot{"snapshot", Floor, at, part, v, true})
			part, size, v = &view.Floor{Agents: []view.FloorAgent{}, Queues: []view.FloorQueue{}, Statuses: []view.Choice{}, TS: f.TS, AsOf: f.AsOf}, 0, view.Versions{}
		}
		part.Agents, size = append(part.Agents, a), size+own
		v.Take(versions, view.EntityAgent, a.ID)
		for _, c := range a.Contacts {
			v.Take(versions, view.EntityContact, c.Contact)
			v.Take(versions, view.EntityLeft, c.Left)
		}
	}
	return append(all, snapshot{"snapshot", Floor, at, part, v, false})
}

// sizeOf is how much an agent adds to a frame, versions included.
func sizeOf(a view.FloorAgent) int {
	b, err := json.Marshal(a)
	if err != nil {
		return maxPart
	}
	return len(b) + 80*(1+len(a.Contacts))
}

// IsRefusal reports whether an error of Connect is the opener's fault.
func IsRefusal(err error) bool { return errors.Is(err, ErrTicket) || errors.Is(err, ErrOrigin) }
