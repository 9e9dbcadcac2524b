package ivr

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/hours"
)

// Faults of hours of operation that a flow asks for.
var (
	errNoHours    = fault.New(fault.NotFound, "ivr: no such hours of operation")
	errQueueHours = fault.New(fault.NotFound, "ivr: the queue has no hours of operation")
)

// PutHours returns the write that stores hours of operation under an id,
// replacing older ones; version must differ from theirs. The hours must be
// valid: see hours.New.
func PutHours(tenant, id string, h hours.Hours, version int64) (cloud.Write, error) {
	document, err := json.Marshal(h)
	if err != nil {
		return cloud.Write{}, fault.Wrap(fault.Internal, err, "ivr: encode hours")
	}
	return cloud.Write{Key: hoursKey(tenant, id), Put: cloud.Item{contact.AttrVersion: version, "name": h.Name, "document": string(document)}}, nil
}

func hoursKey(tenant, id string) cloud.Key { return acd.ConfigKey(tenant, "HOURS#"+id) }

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
	h, known, err := s.hours.get(ctx, c.tenant, id)
	if err != nil {
		return nil, err
	}
	if !known {
		return interp.Refused{Cause: errNoHours}, nil
	}
	return interp.HoursAnswer{Hours: h}, nil
}

// hoursMemory keeps hours of operation for configAge.
type hoursMemory struct {
	table cloud.Table
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	held map[cloud.Key]heldHours
}

type heldHours struct {
	at    time.Time
	hours hours.Hours
	known bool
}

// An attribute of a contact may name the hours, so the memory and the keys of
// the table, which takes 1,024 bytes, are bounded.
const (
	maxHours    = 1000
	maxHoursKey = 512
)

// get returns hours by their id or ARN; known is false if there are none, or
// if they are invalid: then the log says what is wrong with them.
func (m *hoursMemory) get(ctx context.Context, tenant, ref string) (h hours.Hours, known bool, err error) {
	key := hoursKey(tenant, flow.ResourceID(ref))
	if len(key.Sort) > maxHoursKey {
		return hours.Hours{}, false, nil
	}
	m.mu.Lock()
	held, ok := m.held[key]
	m.mu.Unlock()
	if age := m.now().Sub(held.at); ok && age >= 0 && age < configAge {
		return held.hours, held.known, nil
	}
	i, err := m.table.Get(ctx, key, false)
	if err != nil {
		if ok {
			return held.hours, held.known, nil // better old hours than none
		}
		return hours.Hours{}, false, fault.Wrap(fault.KindOf(err), err, "ivr: read hours")
	}
	fresh := m.parse(ctx, tenant, ref, i)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil || len(m.held) >= maxHours {
		m.held = map[cloud.Key]heldHours{}
	}
	m.held[key] = fresh
	return fresh.hours, fresh.known, nil
}

func (m *hoursMemory) parse(ctx context.Context, tenant, ref string, i cloud.Item) heldHours {
	out := heldHours{at: m.now()}
	if i == nil {
		m.log.WarnContext(ctx, "hours of operation not found", "tenant", tenant, "hours", ref)
		return out
	}
	h, err := hours.Parse([]byte(i.Str("document")))
	if err != nil {
		m.log.ErrorContext(ctx, "hours of operation are invalid", "tenant", tenant, "hours", ref, "error", err.Error())
		return out
	}
	out.hours, out.known = h, true
	return out
}
