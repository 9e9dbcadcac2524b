package acd

import (
	"context"
	"errors"
	"slices"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/hours"
)

// Overflow is a queue whose agents help one who waits in another, and from when.
// It needs no row of its own: the queues are of one group, so one round sees both.
type Overflow struct {
	Queue string
	After time.Duration // in whole seconds, since the contact came
}

// overflow returns whose agents help contacts of q, one after the other. A circle
// ends where it began, and a queue of another group cannot help.
func (r *Routing) overflow(q Queue) (all []Overflow) {
	seen := map[string]bool{q.ID: true}
	after := time.Duration(0)
	for q.Overflow != "" && q.OverflowSeconds > 0 && !seen[q.Overflow] {
		next, ok := r.Queues[q.Overflow]
		if !ok || next.Group != q.Group {
			break
		}
		seen[next.ID] = true
		after += time.Duration(q.OverflowSeconds) * time.Second
		all = append(all, Overflow{next.ID, after})
		q = next
	}
	return all
}

// away returns the queue of another group that takes contacts of q which wait too
// long, and how long that is: agents of another group cannot help, as its rounds do
// not see them. Queues of the own group between the two help before.
func (r *Routing) away(q Queue) (to string, after time.Duration) {
	group := q.Group
	for seen := map[string]bool{q.ID: true}; q.Overflow != "" && q.OverflowSeconds > 0 && !seen[q.Overflow]; {
		next, ok := r.Queues[q.Overflow]
		if !ok {
			break
		}
		seen[next.ID] = true
		after += time.Duration(q.OverflowSeconds) * time.Second
		if next.Group != group {
			return next.ID, after
		}
		q = next
	}
	return "", 0
}

func overflowItem(all []Overflow) []any {
	out := make([]any, len(all))
	for n, o := range all {
		out[n] = map[string]any{"queue": o.Queue, "after": int64(o.After / time.Second)}
	}
	return out
}

func overflowFrom(v any) (all []Overflow) {
	list, _ := v.([]any)
	for _, e := range list {
		m, _ := e.(map[string]any)
		i := cloud.Item(m)
		all = append(all, Overflow{i.Str("queue"), time.Duration(i.Int("after")) * time.Second})
	}
	return all
}

// Faults of queues that take no more contacts.
var (
	// ErrFull is returned for a queue in which as many wait as may.
	ErrFull = fault.New(fault.Conflict, "acd: the queue is full")
	// ErrClosed is returned for a queue outside its hours of operation.
	ErrClosed = fault.New(fault.Conflict, "acd: the queue is closed")
)

// admit returns the queue in which a new contact is to wait that was sent to q:
// itself, or where it sends what comes after hours, or what is too much for it. If
// none takes it the error is why q does not. A circle is followed once.
func (r *Router) admit(ctx context.Context, tenant string, routing *Routing, q Queue) (Queue, error) {
	var why error
	for seen := map[string]bool{}; !seen[q.ID]; {
		seen[q.ID] = true
		next, refused, err := r.passOn(ctx, tenant, routing, q)
		if err != nil {
			return q, err
		}
		if next == "" && refused == nil {
			return q, nil
		}
		why = cmpOr(why, refused)
		found, ok := routing.Queues[next]
		if !ok {
			return q, cmpOr(why, ErrNoQueue)
		}
		q = found
	}
	return q, cmpOr(why, ErrFull)
}

// passOn tells where a queue sends a contact that comes now: next is "" if it takes it
// itself; refused is why it would not.
func (r *Router) passOn(ctx context.Context, tenant string, routing *Routing, q Queue) (next string, refused, err error) {
	if h, ok := routing.Hours[q.Hours]; ok && q.AfterHours != "" && !h.Open(r.run.Now()) {
		if q.AfterHours == Refuse {
			return "", ErrClosed, nil
		}
		return q.AfterHours, ErrClosed, nil
	}
	limit := q.MaxWaiting
	if q.Overflow != "" && q.OverflowDepth > 0 && (limit == 0 || q.OverflowDepth < limit) {
		limit = q.OverflowDepth
	}
	if limit == 0 {
		return "", nil, nil
	}
	n, err := r.depth(ctx, tenant, routing, q, max(limit, q.MaxWaiting))
	switch {
	case err != nil:
		return "", nil, err
	case q.MaxWaiting > 0 && n >= q.MaxWaiting:
		return q.Overflow, ErrFull, nil
	case n >= limit:
		if _, ok := routing.Queues[q.Overflow]; ok {
			return q.Overflow, nil, nil
		}
	}
	return "", nil, nil
}

// depth counts who waits in a queue, up to a limit.
func (r *Router) depth(ctx context.Context, tenant string, routing *Routing, q Queue, limit int) (int, error) {
	v := &view{router: r}
	err := v.count(ctx, tenant, q.Group, routing, []string{rowWaiting + q.ID + "#"}, func() int { return limit - len(v.waiting) })
	return len(v.waiting), err
}

// readHours reads the hours of operation that decide where new contacts go.
func (r *Routing) readHours(ctx context.Context, t cloud.Table, tenant string) error {
	r.Hours = map[string]hours.Hours{}
	for _, id := range sorted(r.Queues) {
		q := r.Queues[id]
		if q.AfterHours == "" || q.Hours == "" {
			continue
		}
		if _, known := r.Hours[q.Hours]; known {
			continue
		}
		i, err := t.Get(ctx, HoursKey(tenant, q.Hours), false)
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "acd: read hours")
		}
		if h, err := hours.Parse([]byte(i.Str("document"))); err == nil {
			r.Hours[q.Hours] = h
		}
	}
	return nil
}

// dismiss ends contacts that have waited longer than their queue lets, which the
// relay is told by whoever sees the change, and takes others to the queue of another
// group that their wait leads to.
func (r *Router) dismiss(ctx context.Context, tenant string, routing *Routing, now time.Time, v *view) error {
	var errs []error
	gone := map[cloud.Key]bool{}
	for _, w := range v.waiting {
		switch {
		case !w.Until.IsZero() && !w.Until.After(now):
			gone[w.key] = true
			errs = append(errs, r.giveUp(ctx, tenant, w, contact.QueueTimeout))
		case !w.AwayAt.IsZero() && !w.AwayAt.After(now):
			moved, err := r.takeAway(ctx, tenant, routing, w, w.Away)
			gone[w.key] = moved
			errs = append(errs, err)
		}
	}
	if len(gone) > 0 {
		v.drop(gone)
	}
	return errors.Join(errs...)
}

// giveUp ends a contact that waits as its row tells, and no other.
func (r *Router) giveUp(ctx context.Context, tenant string, w Waiting, why contact.Reason) error {
	c, err := r.Contact(ctx, tenant, w.Contact)
	if err != nil {
		return ignoreMissing(err)
	}
	if c.State != contact.Queued || c.Epoch != w.Epoch {
		return r.deleteRow(ctx, w.key, w.Epoch)
	}
	was := c.Epoch
	c, err = r.step(ctx, contactStep{tenant: tenant, id: c.ID, seen: c, decide: func(c *contact.Contact) (bool, error) {
		if c.State != contact.Queued || c.Epoch != was {
			return false, nil
		}
		c.Reason, c.Disconnected = why, contact.Instant(r.run.Now())
		return true, c.Move(contact.Completed, r.run.Now())
	}})
	if err != nil || c.State != contact.Completed {
		return err
	}
	r.run.Log.WarnContext(ctx, "given up", "tenant", tenant, "contact", string(c.ID), "queue", c.Queue, "reason", string(why))
	return r.afterCompletion(ctx, c, true)
}

// takeAway lets a contact wait in another queue, as if it had come there when it
// came; done is false if that queue does not take it now.
func (r *Router) takeAway(ctx context.Context, tenant string, routing *Routing, w Waiting, to string) (done bool, err error) {
	target, ok := routing.Queues[to]
	if !ok {
		return false, nil
	}
	if admitted, err := r.admit(ctx, tenant, routing, target); err != nil || admitted.ID != to {
		if fault.KindOf(err) == fault.Conflict {
			err = nil // full, or closed
		}
		return false, err
	}
	c, err := r.step(ctx, contactStep{tenant: tenant, id: w.Contact, decide: func(c *contact.Contact) (bool, error) {
		if c.State != contact.Queued || c.Epoch != w.Epoch {
			return false, nil
		}
		c.Passed = append(slices.Clone(c.Passed), c.Queue)
		enterQueue(c, target)
		c.Epoch++
		c.Rank, c.Moved = target.Rank(c.Priority, c.Enqueued), contact.Instant(r.run.Now())
		return true, nil
	}})
	if err != nil {
		return false, ignoreMissing(err)
	}
	if err := r.deleteRow(ctx, w.key, w.Epoch); err != nil {
		return true, err
	}
	if c.State == contact.Queued && c.Queue == to {
		r.run.Log.InfoContext(ctx, "overflows", "tenant", tenant, "contact", string(c.ID), "from", w.Queue, "to", to)
		return true, r.publishContact(ctx, routing, c)
	}
	return true, nil
}

// leavesAt is when a contact that waits is taken to another queue; zero if never, or if
// that is due and the queue does not take it: whoever looks next tries again.
func leavesAt(w Waiting, now time.Time) time.Time {
	if w.AwayAt.After(now) {
		return w.AwayAt
	}
	return time.Time{}
}
