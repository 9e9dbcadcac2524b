package ivr

import (
	"context"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/phone"
)

// callBack lets the caller be called back by whoever is free then. What cannot be
// called takes the flow's error branch, as do callbacks by one certain agent.
func (s *Service) callBack(ctx context.Context, c *call, m *memory, a interp.CreateCallback) (interp.Event, error) {
	if a.QueueID == "" {
		return s.refuse(ctx, c, m, errUnserved), nil
	}
	to, err := phone.Parse(a.Number)
	if err != nil {
		return s.refuse(ctx, c, m, acd.ErrCallback), nil
	}
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil {
		return nil, err
	}
	_, err = s.router.CallBack(ctx, con, acd.CallBack{To: to, Queue: a.QueueID, Delay: a.Delay,
		Tries: contact.Tries{Max: a.MaxAttempts, Pause: a.RetryDelay}})
	switch fault.KindOf(err) {
	case "":
		return interp.Done{}, nil
	case fault.Invalid, fault.NotFound, fault.Conflict:
		return s.refuse(ctx, c, m, err), nil
	}
	return nil, err
}
