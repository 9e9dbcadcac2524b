package localcloud

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"time"
	"unicode/utf8"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// Limits of a queue, as SQS has them.
const (
	maxDelay     = 15 * time.Minute
	maxVisible   = 12 * time.Hour
	maxWait      = 20 * time.Second
	maxBody      = 256 << 10
	maxReceive   = 10
	defaultLives = 4 * 24 * time.Hour
)

// QueueOptions make a queue. Its messages are kept under its name even while no
// option names it.
type QueueOptions struct {
	Name       string
	MaxReceive int           // receives after which a message goes to DeadLetter; 0 = never
	DeadLetter string        // must be a queue too
	Retention  time.Duration // messages older than this are dropped; 0 = 4 days
}

// Queue returns the queues.
func (c *Cloud) Queue() cloud.Queue { return (*queues)(c) }

type queues Cloud

// AddQueue makes a queue, or changes one of the same name.
func (c *Cloud) AddQueue(o QueueOptions) {
	o.Retention = cmp.Or(o.Retention, defaultLives)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queues[o.Name] = o
}

// queueOptions returns what is known of a queue.
func (c *Cloud) queueOptions(name string) (QueueOptions, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.queues[name]
	if !ok {
		return o, fault.New(fault.NotFound, "queue %q", name)
	}
	return o, nil
}

// Send implements cloud.Queue.
func (q *queues) Send(ctx context.Context, queue string, m cloud.Message) error {
	if m.Delay < 0 || m.Delay > maxDelay {
		return fault.New(fault.Invalid, "queue %s: delay %v", queue, m.Delay)
	}
	if len(m.Body) == 0 || len(m.Body) > maxBody || !allowed(m.Body) {
		return fault.New(fault.Invalid, "queue %s: body of %d bytes is empty, too long or no text", queue, len(m.Body))
	}
	c := (*Cloud)(q)
	v, err := c.begin(ctx, Call{Op: OpSend, Name: queue})
	if err != nil {
		return err
	}
	if v == Throttle {
		return throttled(OpSend)
	}
	if err := c.put(queue, m.Body, wholeSeconds(m.Delay)); err != nil {
		return err
	}
	c.countSent(queue)
	return c.ack(OpSend, v)
}

// allowed reports whether a body holds only the characters that SQS takes.
func allowed(body []byte) bool {
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		if (r == utf8.RuneError && n == 1) || (r < 0x20 && r != '\t' && r != '\n' && r != '\r') || r == 0xfffe || r == 0xffff {
			return false
		}
		body = body[n:]
	}
	return true
}

// wholeSeconds rounds up, since SQS counts in seconds.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// put sends a message in a commit of its own.
func (c *Cloud) put(queue string, body []byte, delay time.Duration) error {
	if _, err := c.queueOptions(queue); err != nil {
		return err
	}
	id := c.randomID()
	err := c.store.Update(func(tx kv.Tx) error {
		c.enqueue(tx, queue, id, body, c.now(), delay)
		return nil
	})
	if err == nil {
		c.sent.raise()
	}
	return storeError(err)
}

// enqueue adds a message within a commit. Its caller raises sent afterwards.
func (c *Cloud) enqueue(tx kv.Tx, queue string, id [16]byte, body []byte, now time.Time, delay time.Duration) {
	m := message{id: id, body: body, sent: now, visible: now.Add(delay)}
	m.store(tx, queue)
}

// Receive implements cloud.Queue.
func (q *queues) Receive(ctx context.Context, queue string, max int, wait, visible time.Duration) ([]cloud.Received, error) {
	if max < 1 || max > maxReceive || wait < 0 || wait > maxWait || visible < 0 || visible > maxVisible {
		return nil, fault.New(fault.Invalid, "queue %s: receive %d, wait %v, visible %v", queue, max, wait, visible)
	}
	c := (*Cloud)(q)
	v, err := c.begin(ctx, Call{Op: OpReceive, Name: queue})
	if err != nil {
		return nil, err
	}
	if v == Throttle {
		return nil, throttled(OpReceive)
	}
	got, err := c.await(ctx, queue, max, wait, wholeSeconds(visible))
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(lost(OpReceive, v), c.alive()); err != nil {
		return nil, err
	}
	out := make([]cloud.Received, len(got))
	for i, m := range got {
		out[i] = cloud.Received{ID: m.uuid(), Receipt: m.receipt(), Body: m.body, Count: m.count, Waited: m.first.Sub(m.sent)}
	}
	return out, nil
}

// await takes messages and waits for the first. A simulation does not wait: its
// time stands still meanwhile.
func (c *Cloud) await(ctx context.Context, queue string, max int, wait, visible time.Duration) ([]message, error) {
	deadline := c.now().Add(wait)
	for {
		arrived := c.sent.wait()
		got, err := c.take(queue, max, visible)
		left := deadline.Sub(c.now())
		if err != nil || len(got) > 0 || left <= 0 || c.opt.Manual {
			return got, err
		}
		if due := c.due(queue); !due.IsZero() {
			left = min(left, due.Sub(c.now()))
		}
		if !pauseFor(ctx, left, arrived) {
			return nil, contextError(ctx)
		}
	}
}

// pauseFor waits for a time, or something that happens before. It reports false
// if ctx ends.
func pauseFor(ctx context.Context, d time.Duration, happens <-chan struct{}) bool {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-happens:
	case <-t.C:
	}
	return true
}

// Delete implements cloud.Queue.
func (q *queues) Delete(ctx context.Context, queue, receipt string) error {
	c := (*Cloud)(q)
	v, err := c.beginReceipt(ctx, OpDelete, queue, receipt)
	if err != nil {
		return err
	}
	if err := c.remove(queue, receipt); err != nil {
		return err
	}
	return c.ack(OpDelete, v)
}

// Extend implements cloud.Queue.
func (q *queues) Extend(ctx context.Context, queue, receipt string, visible time.Duration) error {
	if visible < 0 || visible > maxVisible {
		return fault.New(fault.Invalid, "queue %s: visible %v", queue, visible)
	}
	c := (*Cloud)(q)
	v, err := c.beginReceipt(ctx, OpExtend, queue, receipt)
	if err != nil {
		return err
	}
	err = c.store.Update(func(tx kv.Tx) error {
		m, ok := held(tx, queue, receipt)
		now := c.now()
		if !ok || !m.visible.After(now) {
			return fault.New(fault.Invalid, "queue %s: the message is not in flight", queue)
		}
		m.forget(tx, queue)
		m.visible = now.Add(wholeSeconds(visible))
		m.store(tx, queue)
		return nil
	})
	if err != nil {
		return storeError(err)
	}
	c.sent.raise()
	return c.ack(OpExtend, v)
}

func (c *Cloud) beginReceipt(ctx context.Context, op Op, queue, receipt string) (Verdict, error) {
	if _, _, ok := parseReceipt(receipt); !ok {
		return Pass, fault.New(fault.Invalid, "queue %s: receipt", queue)
	}
	v, err := c.begin(ctx, Call{Op: op, Name: queue})
	if err == nil && v == Throttle {
		err = throttled(op)
	}
	if err == nil {
		_, err = c.queueOptions(queue)
	}
	return v, err
}

// remove deletes the message of a receipt that is still valid. By chance of
// Faults.RepeatMessages it comes once more all the same.
func (c *Cloud) remove(queue, receipt string) error {
	again := c.chance(c.fault().RepeatMessages)
	err := c.store.Update(func(tx kv.Tx) error {
		m, ok := held(tx, queue, receipt)
		if !ok {
			return nil
		}
		m.forget(tx, queue)
		if again && !m.ghost {
			m.ghost = true
			m.store(tx, queue)
		}
		return nil
	})
	return storeError(err)
}

// take receives up to max visible messages. Those received too often go to the
// dead-letter queue, those too old are dropped.
func (c *Cloud) take(queue string, max int, visible time.Duration) ([]message, error) {
	o, err := c.queueOptions(queue)
	if err != nil {
		return nil, err
	}
	if due := c.due(queue); due.IsZero() || due.After(c.now()) {
		return nil, nil // most polls find nothing and need no commit
	}
	var got []message
	err = c.store.Update(func(tx kv.Tx) error {
		now := c.now()
		got = nil
		for _, m := range c.visible(tx, queue, now, max) {
			m.forget(tx, queue)
			switch {
			case c.age(m.sent) > o.Retention:
			case o.MaxReceive > 0 && m.count >= o.MaxReceive && o.DeadLetter != "":
				c.enqueue(tx, o.DeadLetter, m.id, m.body, now, 0)
			default:
				m.count++
				if m.first.IsZero() {
					m.first = now
				}
				m.nonce = c.randomID()
				m.visible = now.Add(visible)
				m.store(tx, queue)
				got = append(got, m)
			}
		}
		return nil
	})
	if err == nil && o.DeadLetter != "" {
		c.sent.raise()
	}
	return got, storeError(err)
}

// visible returns up to max messages that are visible: the oldest first, or any
// if order is at fault or in a simulation, as a queue promises none.
func (c *Cloud) visible(tx kv.Tx, queue string, now time.Time, max int) []message {
	anyOrder := c.fault().Reorder || c.opt.Manual
	window := max
	if anyOrder {
		window = 64
	}
	prefix := appendPart(nil, queue)
	var found []message
	tx.Ascend(spaceDue, prefix, func(k, _ []byte) bool {
		if !bytes.HasPrefix(k, prefix) || len(found) == window || unixTime(k[len(prefix):]).After(now) {
			return false
		}
		var id [16]byte
		copy(id[:], k[len(prefix)+8:])
		if m, ok := load(tx, queue, id); ok {
			found = append(found, m)
		}
		return true
	})
	if anyOrder {
		c.mu.Lock()
		c.rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		c.mu.Unlock()
	}
	return found[:min(len(found), max)]
}

// due returns when the next message of a queue is or becomes visible, zero if it
// is empty.
func (c *Cloud) due(queue string) time.Time { return c.dueAfter(queue, time.Unix(0, 0)) }

// dueAfter is due of the messages that are not visible before an instant.
func (c *Cloud) dueAfter(queue string, after time.Time) time.Time {
	var at time.Time
	prefix := appendPart(nil, queue)
	_ = c.store.View(func(tx kv.Tx) error { // a broken store shows at the next write
		from := append(bytes.Clone(prefix), bytes8(uint64(after.UnixNano()+1))...)
		tx.Ascend(spaceDue, from, func(k, _ []byte) bool {
			if bytes.HasPrefix(k, prefix) {
				at = unixTime(k[len(prefix):])
			}
			return false
		})
		return nil
	})
	return at
}

// Depth returns how many messages a queue holds, delayed and in flight included.
func (c *Cloud) Depth(queue string) int {
	n := 0
	prefix := appendPart(nil, queue)
	_ = c.store.View(func(tx kv.Tx) error {
		tx.Ascend(spaceDue, prefix, func(k, _ []byte) bool {
			if !bytes.HasPrefix(k, prefix) {
				return false
			}
			n++
			return true
		})
		return nil
	})
	return n
}

func parseReceipt(receipt string) (id, nonce [16]byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(receipt)
	if err != nil || len(b) != 32 {
		return id, nonce, false
	}
	copy(id[:], b)
	copy(nonce[:], b[16:])
	return id, nonce, true
}
