package acd

import (
	"context"
	"time"

	"huawu/shared/contact"
)

// Move takes a contact that waits to another queue, or gives it another priority,
// criteria or age, at once. It keeps when it came: whoever waited longer stays
// ahead. A contact that does not wait is contact.ErrStep; one that is there
// already stays as it is.
func (r *Router) Move(ctx context.Context, tenant string, id contact.ID, q Request) (*contact.Contact, error) {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	queue, err := routing.Queue(q.Queue)
	if err != nil {
		return nil, err
	}
	var was *contact.Contact
	c, err := r.step(ctx, contactStep{tenant: tenant, id: id, decide: func(c *contact.Contact) (bool, error) {
		if c.State != contact.Queued {
			return false, contact.ErrStep
		}
		old := *c
		was = &old
		c.Priority = cmpOr(q.Priority, c.Priority)
		rank := queue.Rank(c.Priority, c.FirstCame().Add(-time.Duration(q.Age)*time.Second))
		if c.Queue == queue.ID && c.Rank == rank && q.Steps == nil {
			was = nil
			return false, nil
		}
		enterQueue(c, queue)
		c.Epoch++
		c.Rank, c.Steps = rank, q.steps()
		return true, nil
	}})
	if err != nil || was == nil {
		return c, err
	}
	r.follow(ctx, "move", r.deleteRow(ctx, waitingKey(was, routing.shards(was.Group)), was.Epoch))
	r.follow(ctx, "move", r.publishContact(ctx, routing, c))
	return c, nil
}
