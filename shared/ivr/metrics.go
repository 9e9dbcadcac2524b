package ivr

import (
	"context"
	"errors"
	"time"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
)

// metrics are the live figures of a queue. Where Amazon Connect's are up to 10 s
// old, who waits and who is free is of this moment, and who is logged in of some
// seconds ago; ages are whole seconds, whatever stock samples compare them with
// (spec, contracts §2.3).
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
	p, staff, err := s.paces.Of(ctx, c.tenant, f.Queue)
	if err != nil {
		return nil, err
	}
	out := answered(c.tenant, f, p, staff, s.run.Now())
	if a.Place {
		p.Agents = max(p.Agents, f.Free)
		if out.Contact, err = s.place(ctx, c, m, f.Queue.ID, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func answered(tenant string, f acd.Figures, p acd.Pace, staff pace.Staff, now time.Time) interp.MetricsAnswer {
	out := interp.MetricsAnswer{QueueName: f.Queue.Name, QueueARN: contact.ARN("queue", tenant, f.Queue.ID),
		Available: f.Free, Size: f.Waiting, Missed: staff.Missed, NonProductive: staff.Away}
	out.Staffed = max(staff.Available, f.Free) + staff.Missed // who is free was counted just now
	out.Online = out.Staffed + staff.Away
	if !f.Oldest.IsZero() {
		out.OldestAge = max(0, now.Sub(f.Oldest)) // clocks of two machines may disagree
	}
	w := f.Newcomer(p, now)
	out.NewcomerWait, out.WaitKnown = w.Mean, w.Known
	return out
}

// place is where the caller stands and what of the wait may be told after what was
// told before; nil if it does not wait any more. The first estimate of all is kept
// for the day's report of how far they held.
func (s *Service) place(ctx context.Context, c *call, m *memory, queue string, p acd.Pace) (*interp.ContactMetrics, error) {
	at, err := s.router.Place(ctx, c.tenant, c.id, p)
	if errors.Is(err, contact.ErrStep) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now, told := s.run.Now(), m.state.Told
	before, cause := acd.Told{}, ""
	if told.At != 0 && told.Queue == queue {
		before = acd.Told{At: time.Unix(told.At, 0), High: time.Duration(told.High) * time.Second}
		switch {
		case p.Agents < told.Agents:
			cause = interp.CauseFewerAgents
		case at.Position-1 > told.Ahead:
			cause = interp.CauseOvertaken
		}
	}
	w, said := acd.Announce(at.Wait, before, now, cause)
	out := &interp.ContactMetrics{Position: at.Position, Known: w.Known, Low: w.Low, Mean: w.Mean, High: w.High, Told: told}
	if !w.Known {
		return out, nil
	}
	if !before.At.IsZero() && said.At.Add(said.High).After(before.At.Add(before.High)) {
		out.Cause = cause
	}
	out.Told = interp.Told{At: said.At.Unix(), Queue: queue, High: int(said.High / time.Second), Agents: p.Agents, Ahead: at.Position - 1}
	if m.told.IsZero() {
		m.told = contact.Told{At: contact.Instant(now), Soon: at.Wait.Soon, Low: at.Wait.Low, Mean: at.Wait.Mean, High: at.Wait.High}
	}
	return out, nil
}
