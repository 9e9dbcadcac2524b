package ivr

import (
	"context"
	"errors"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

// request is how a flow lets its contact wait. Criteria that cannot be served are
// not observed: the queue's own needs are, and the log says so.
func (s *Service) request(ctx context.Context, c *call, m *memory, q acd.Queue, a interp.Enqueue) acd.Request {
	steps, err := acd.ParseCriteria(a.Criteria)
	if err != nil {
		s.run.Log.WarnContext(ctx, "routing criteria are not observed", "contact", string(c.id), "queue", q.ID, "error", err.Error())
	}
	rec := m.state.Recording
	return acd.Request{Queue: q.ID, Channel: contact.Voice, Priority: a.Priority, Age: a.TimeShift, Language: m.state.Language,
		Record: rec.Agent || rec.Customer || !rec.Set && q.Record, Steps: steps, Whispers: whispers(m.state)}
}

// putInQueue lets a contact wait, or moves one that waits.
func (s *Service) putInQueue(ctx context.Context, c *call, q acd.Request, move bool) (*contact.Contact, error) {
	if move {
		return s.router.Move(ctx, c.tenant, c.id, q)
	}
	return s.router.Enqueue(ctx, c.tenant, c.id, q)
}

// refusal is what a flow is told of a queue that did not take its contact; ok is
// false for what may pass.
func refusal(err error) (event interp.Refused, ok bool) {
	switch {
	case errors.Is(err, acd.ErrFull):
		return interp.Refused{Branch: flow.QueueAtCapacity, Cause: err}, true
	case fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.NotFound:
		return interp.Refused{Cause: err}, true
	}
	return interp.Refused{}, false
}
