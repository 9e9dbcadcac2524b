package localcloud

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
)

// message is one message of a queue as it is stored.
type message struct {
	id      [16]byte
	nonce   [16]byte // of the last receive: only its receipt is valid
	body    []byte
	sent    time.Time
	first   time.Time // of the first receive; zero before
	visible time.Time
	count   int
	ghost   bool // deleted, but comes once more
}

func (m message) uuid() string { return uuid.UUID(m.id).String() }

func (m message) receipt() string {
	return base64.RawURLEncoding.EncodeToString(append(m.id[:], m.nonce[:]...))
}

func messageKey(queue string, id [16]byte) []byte { return append(appendPart(nil, queue), id[:]...) }

func dueKey(queue string, at time.Time, id [16]byte) []byte {
	b := binary.BigEndian.AppendUint64(appendPart(nil, queue), uint64(at.UnixNano()))
	return append(b, id[:]...)
}

func (m message) store(tx kv.Tx, queue string) {
	i := cloud.Item{"body": m.body, "sent": m.sent.UnixNano(), "visible": m.visible.UnixNano(), "count": int64(m.count), "nonce": m.nonce[:], "ghost": m.ghost}
	if !m.first.IsZero() {
		i["first"] = m.first.UnixNano()
	}
	tx.Put(spaceMessage, messageKey(queue, m.id), attr.Encode(i))
	tx.Put(spaceDue, dueKey(queue, m.visible, m.id), []byte{})
}

func (m message) forget(tx kv.Tx, queue string) {
	tx.Delete(spaceMessage, messageKey(queue, m.id))
	tx.Delete(spaceDue, dueKey(queue, m.visible, m.id))
}

func load(tx kv.Tx, queue string, id [16]byte) (message, bool) {
	b := tx.Get(spaceMessage, messageKey(queue, id))
	if b == nil {
		return message{}, false
	}
	i, err := attr.Decode(b)
	if err != nil {
		return message{}, false
	}
	m := message{id: id, count: int(i.Int("count")), ghost: i.Bool("ghost")}
	m.body, _ = i["body"].([]byte)
	m.sent = time.Unix(0, i.Int("sent")).UTC()
	m.visible = time.Unix(0, i.Int("visible")).UTC()
	if first := i.Int("first"); first != 0 {
		m.first = time.Unix(0, first).UTC()
	}
	nonce, _ := i["nonce"].([]byte)
	copy(m.nonce[:], nonce)
	return m, true
}

// held returns the message of a receipt, if no later receive made it invalid.
func held(tx kv.Tx, queue, receipt string) (message, bool) {
	id, nonce, ok := parseReceipt(receipt)
	if !ok {
		return message{}, false
	}
	m, ok := load(tx, queue, id)
	return m, ok && m.nonce == nonce
}

// randomID returns a UUID (version 4) by the cloud's own chance.
func (c *Cloud) randomID() [16]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], c.rand.Uint64())
	binary.BigEndian.PutUint64(b[8:], c.rand.Uint64())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b
}

// release makes what was in flight visible again: the pollers that held it died
// with the process that had the store open before.
func (c *Cloud) release() error {
	now := c.now()
	return c.store.Update(func(tx kv.Tx) error {
		type place struct {
			queue string
			m     message
		}
		var flying []place
		tx.Ascend(spaceMessage, nil, func(k, _ []byte) bool {
			n := int(binary.BigEndian.Uint16(k))
			var id [16]byte
			copy(id[:], k[2+n:])
			queue := string(k[2 : 2+n])
			if m, ok := load(tx, queue, id); ok && m.count > 0 && m.visible.After(now) {
				flying = append(flying, place{queue, m})
			}
			return true
		})
		for _, f := range flying {
			f.m.forget(tx, f.queue)
			f.m.visible = now
			f.m.store(tx, f.queue)
		}
		return nil
	})
}
