package ivr

import (
	"context"

	"huawu/shared/flow/interp"
)

// reorder gives a contact that waits another priority, age or criteria.
func (s *Service) reorder(ctx context.Context, c *call, m *memory, a interp.SetRouting) (interp.Event, error) {
	routing, err := s.router.Routing(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(m.state.Queue.ID)
	if err != nil {
		return interp.Refused{Cause: err}, nil
	}
	_, err = s.router.Move(ctx, c.tenant, c.id, s.request(ctx, c, m, q, interp.Enqueue{QueueID: q.ID, Priority: a.Priority, TimeShift: a.TimeShift, Criteria: a.Criteria}))
	if err == nil {
		return interp.Done{}, nil
	}
	if event, ok := refusal(err); ok {
		return event, nil
	}
	return nil, err
}
