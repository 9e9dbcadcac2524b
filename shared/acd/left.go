package acd

import (
	"context"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Left reads the segment that the agent of an offer has left; nil if there is none.
func (r *Router) Left(ctx context.Context, tenant string, id contact.ID, offer contact.OfferID) (*contact.Contact, error) {
	if offer == "" {
		return nil, nil
	}
	i, err := r.get(ctx, contact.LeftKey(tenant, id, offer))
	return contact.LeftFromItem(i), err
}

// FinishLeft is Finish of a segment that its agent has left.
func (r *Router) FinishLeft(ctx context.Context, left *contact.Contact, disposition string) (*contact.Contact, error) {
	for range maxTries {
		if left.State == contact.Completed {
			break
		}
		c := *left
		c.Disposition = disposition
		if err := c.Move(contact.Completed, r.run.Now()); err != nil {
			return nil, err
		}
		i, err := r.write(ctx, c.Update(left))
		if err != nil {
			if i, err = lostTo(err); err != nil {
				return nil, err
			}
		}
		if left = contact.LeftFromItem(i); left == nil {
			return nil, ErrNoContact
		}
	}
	r.follow(ctx, "finish", r.afterCompletion(ctx, left, false))
	return left, nil
}

// leftChanged completes what a change of a segment that was left asks for.
func (r *Router) leftChanged(ctx context.Context, old cloud.Item, left *contact.Contact) error {
	if was := contact.LeftFromItem(old); was != nil && was.State == left.State {
		return nil
	}
	if left.State == contact.Ended {
		t := timerOf(left, TimerACW)
		t.Left = true
		return r.arm(ctx, t, left.WrapTime())
	}
	return r.repairCompleted(ctx, &contact.Contact{}, left)
}

// leftTimer ends after-contact work of a segment that was left.
func (r *Router) leftTimer(ctx context.Context, t Timer) error {
	left, err := r.Left(ctx, t.Tenant, t.Contact, t.Offer)
	if err != nil || left == nil || left.State != contact.Ended {
		return err
	}
	if r.early(left, t) {
		return r.rearm(ctx, left, t)
	}
	_, err = r.FinishLeft(ctx, left, "")
	return err
}

// LeftBy reads the last segment of a contact that an agent has left; nil if
// there is none.
func (r *Router) LeftBy(ctx context.Context, tenant string, id contact.ID, agentID string) (last *contact.Contact, err error) {
	var page []cloud.Item
	part := contact.LeftKey(tenant, id, "").Part
	err = r.retry(ctx, func() error {
		page, _, err = r.table.Query(ctx, cloud.Query{Part: part, From: contact.SortLeft, To: contact.SortLeft + "\uffff", Strong: true})
		return err
	})
	for _, i := range page {
		if l := contact.LeftFromItem(i); l != nil && l.OfferAgent == agentID && (last == nil || l.Segment > last.Segment) {
			last = l
		}
	}
	return last, fault.Wrap(fault.KindOf(err), err, "acd: read what was left")
}
