package ivr

import (
	"context"

	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
)

// metrics are the live figures of a queue. Where Amazon Connect's are up to 10 s
// old, these are of this moment; ages are whole seconds, whatever stock samples
// compare them with (spec, contracts §2.3).
func (s *Service) metrics(ctx context.Context, c *call, m *memory, a interp.GetMetrics) (interp.Event, error) {
	if a.AgentID != "" || a.Channel != "" && a.Channel != string(contact.Voice) {
		return s.refuse(ctx, c, m, errUnserved), nil
	}
	f, err := s.router.Figures(ctx, c.tenant, a.QueueID)
	if fault.KindOf(err) == fault.NotFound {
		return s.refuse(ctx, c, m, err), nil
	}
	if err != nil {
		return nil, err
	}
	out := interp.MetricsAnswer{QueueName: f.Queue.Name, QueueARN: contact.ARN("queue", c.tenant, f.Queue.ID),
		Available: f.Free, Size: f.Waiting, OnlyAvailable: true}
	if !f.Oldest.IsZero() {
		out.OldestAge = max(0, s.run.Now().Sub(f.Oldest)) // clocks of two machines may disagree
	}
	return out, nil
}
