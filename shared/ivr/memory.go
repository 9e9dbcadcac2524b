package ivr

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"io"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/journey"
	"huawu/shared/sma"
)

// memory is the flow item of a contact: where its flow stands, and the last
// answer with the Sequence it was given to.
type memory struct {
	version  int64 // 0 = there is no item yet
	sequence int64
	reply    []byte // the answer's JSON
	state    interp.State
	remains  bool // the flow for customers who remain has begun
	segment  int  // of the contact as it is since it was last sent to a flow, and that flow has begun
	path     journey.Path
	told     contact.Told // first
	message  *message     // that the caller is leaving; nil: none
	noted    bool         // something beside the flow's state is to be kept
}

// Attributes of the flow item; contact attributes are contact.AttrAttributes.
const (
	attrSequence = "seq"
	attrReply    = "reply"
	attrState    = "state"
	attrRemains  = "remains"
	attrSegment  = "segment"
	attrMessage  = "message"
)

// maxState bounds what a flow may collect: DynamoDB takes 400 KB an item.
const maxState = 300 << 10

// remember reads the flow item of a call, empty if there is none.
func (s *Service) remember(ctx context.Context, c *call) (*memory, error) {
	i, err := s.table.Get(ctx, contact.FlowKey(c.tenant, c.id), true)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "ivr: read flow state")
	}
	return readMemory(i)
}

func readMemory(i cloud.Item) (*memory, error) {
	m := &memory{version: i.Int(contact.AttrVersion), sequence: i.Int(attrSequence), remains: i.Bool(attrRemains), segment: int(i.Int(attrSegment))}
	if i == nil {
		return m, nil
	}
	m.path, m.told = contact.Path(i), contact.ToldFrom(i)
	if text := i.Str(attrMessage); text != "" {
		if err := json.Unmarshal([]byte(text), &m.message); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "ivr: read message")
		}
	}
	var err error
	if m.reply, err = unpack(i[attrReply]); err != nil {
		return nil, err
	}
	state, err := unpack(i[attrState])
	if err != nil {
		return nil, err
	}
	if m.state, err = interp.ReadState(state); err != nil {
		return nil, err
	}
	m.state.Attributes = contact.Attributes(i)
	return m, nil
}

// answered reports whether the event of c was answered before.
func (m *memory) answered(c *call) bool { return m.version > 0 && m.sequence == int64(c.Sequence) }

// stale reports whether a later event of the call was answered already.
func (m *memory) stale(c *call) bool { return m.version > 0 && m.sequence > int64(c.Sequence) }

// answer returns the answer as it was given.
func (m *memory) answer() (sma.Response, error) {
	r, err := sma.ReadResponse(m.reply)
	return r, fault.Wrap(fault.Internal, err, "ivr: read kept answer")
}

// keep writes the state after an event and the answer to it, if nobody has since
// m was read; it reports false if somebody has.
func (s *Service) keep(ctx context.Context, c *call, m *memory, r sma.Response) (bool, error) {
	item, err := m.item(c, r)
	if err != nil {
		return false, err
	}
	w := cloud.Write{Key: contact.FlowKey(c.tenant, c.id), Put: item, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}
	if m.version > 0 {
		w.If = []cloud.Cond{{Attr: contact.AttrVersion, Op: "=", Value: m.version}}
	}
	_, err = s.table.Write(ctx, w)
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() {
		return false, nil
	}
	return err == nil, fault.Wrap(fault.KindOf(err), err, "ivr: write flow state")
}

func (m *memory) item(c *call, r sma.Response) (cloud.Item, error) {
	reply, err := json.Marshal(r)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "ivr: encode answer")
	}
	bare := m.state
	bare.Attributes = nil // an attribute of the item, for the record and the desk
	state, err := json.Marshal(bare)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "ivr: encode flow state")
	}
	if len(state)+len(reply) > maxState {
		return nil, fault.New(fault.Invalid, "ivr: flow state of %d bytes", len(state)+len(reply))
	}
	large := len(state)+len(reply)+len(m.path) > packFrom
	i := cloud.Item{contact.AttrVersion: m.version + 1, attrSequence: int64(c.Sequence), attrReply: pack(reply, large), attrState: pack(state, large)}
	if m.remains {
		i[attrRemains] = true
	}
	if m.segment > 0 {
		i[attrSegment] = int64(m.segment)
	}
	if m.message != nil {
		text, err := json.Marshal(m.message)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "ivr: encode message")
		}
		i[attrMessage] = string(text)
	}
	if len(m.path) > 0 {
		i[contact.AttrPath] = []byte(m.path)
	}
	if !m.told.IsZero() {
		i[contact.AttrTold] = m.told.String()
	}
	if len(m.state.Attributes) > 0 {
		all := make(map[string]any, len(m.state.Attributes))
		for k, v := range m.state.Attributes {
			all[k] = v
		}
		i[contact.AttrAttributes] = all
	}
	return i, nil
}

// packFrom is the size of state and answer together from which they are packed:
// with key and attributes the item is to stay below 1 KB.
const packFrom = 700

// pack keeps large text small: each KB of the item costs a write unit at each
// step of the flow, and prompts in Chinese take three bytes a character.
func pack(b []byte, large bool) any {
	if !large || len(b) < 100 {
		return string(b)
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return string(b) // it cannot fail; if it does, plain text is right too
	}
	return out.Bytes()
}

// unpack is the inverse of pack.
func unpack(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(v)), 2*maxState))
		return b, fault.Wrap(fault.Internal, err, "ivr: unpack flow state")
	}
	return nil, nil
}
