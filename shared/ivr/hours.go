package ivr

import (
	"context"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

// Faults of hours of operation that a flow asks for.
var (
	errNoHours    = fault.New(fault.NotFound, "ivr: no such hours of operation")
	errQueueHours = fault.New(fault.NotFound, "ivr: the queue has no hours of operation")
)

// checkHours looks up the hours a flow names, else those of its queue. Unknown
// ones take the error branch: neither open nor closed would be true.
func (s *Service) checkHours(ctx context.Context, c *call, a interp.CheckHours) (interp.Event, error) {
	id := a.HoursID
	if id == "" {
		routing, err := s.router.Routing(ctx, c.tenant)
		if err != nil {
			return nil, err
		}
		q, err := routing.Queue(a.QueueID)
		if err != nil {
			return interp.Refused{Cause: err}, nil
		}
		if id = q.Hours; id == "" {
			s.run.Log.WarnContext(ctx, "the queue has no hours of operation", "tenant", c.tenant, "queue", q.ID)
			return interp.Refused{Cause: errQueueHours}, nil
		}
	}
	h, known, err := s.router.Hours(ctx, c.tenant, flow.ResourceID(id))
	if err != nil {
		return nil, err
	}
	if !known {
		return interp.Refused{Cause: errNoHours}, nil
	}
	return interp.HoursAnswer{Hours: h}, nil
}
