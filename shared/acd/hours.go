package acd

import (
	"context"
	"encoding/json"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/hours"
)

// An attribute of a contact may name hours, so what is kept of them in memory and
// their keys in the table, which takes 1,024 bytes, are bounded.
const (
	maxHours    = 1000
	maxHoursKey = 512
)

// sortHours begins the sort key of hours of operation.
const sortHours = "HOURS#"

// HoursKey is the key of hours of operation.
func HoursKey(tenant, id string) cloud.Key { return ConfigKey(tenant, sortHours+id) }

// PutHours returns the write that stores hours of operation under an id,
// replacing older ones; version must differ from theirs. The hours must be
// valid: see hours.New.
func PutHours(tenant, id string, h hours.Hours, version int64) (cloud.Write, error) {
	document, err := json.Marshal(h)
	if err != nil {
		return cloud.Write{}, fault.Wrap(fault.Internal, err, "acd: encode hours")
	}
	return cloud.Write{Key: HoursKey(tenant, id), Put: cloud.Item{contact.AttrVersion: version, "name": h.Name, "document": string(document)}}, nil
}

// Hours returns hours of operation by their id, at most 30 s old; known is false if
// there are none, or if they are invalid: then the log says what is wrong with
// them. If they cannot be read, older ones go on being used.
func (r *Router) Hours(ctx context.Context, tenant, id string) (h hours.Hours, known bool, err error) {
	return r.config.hours(ctx, tenant, id)
}

// heldHours are hours of operation as they were read at a time.
type heldHours struct {
	at    time.Time
	hours hours.Hours
	known bool // there are such hours, and they are valid
}

func (m *configMemory) hours(ctx context.Context, tenant, id string) (h hours.Hours, known bool, err error) {
	key := HoursKey(tenant, id)
	if len(key.Sort) > maxHoursKey {
		return hours.Hours{}, false, nil
	}
	m.mu.Lock()
	held, ok := m.windows[key]
	m.mu.Unlock()
	if age := m.now().Sub(held.at); ok && age >= 0 && age < configAge {
		return held.hours, held.known, nil
	}
	i, err := m.from(ok).Get(ctx, key, false)
	if err != nil {
		if ok {
			return held.hours, held.known, nil // better old hours than none
		}
		return hours.Hours{}, false, fault.Wrap(fault.KindOf(err), err, "acd: read hours")
	}
	fresh := m.parseHours(ctx, tenant, id, i)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.windows == nil || len(m.windows) >= maxHours {
		m.windows = map[cloud.Key]heldHours{}
	}
	m.windows[key] = fresh
	return fresh.hours, fresh.known, nil
}

func (m *configMemory) parseHours(ctx context.Context, tenant, id string, i cloud.Item) heldHours {
	out := heldHours{at: m.now()}
	if i == nil {
		m.log.WarnContext(ctx, "hours of operation not found", "tenant", tenant, "hours", id)
		return out
	}
	h, err := hours.Parse([]byte(i.Str("document")))
	if err != nil {
		m.log.ErrorContext(ctx, "hours of operation are invalid", "tenant", tenant, "hours", id, "error", err.Error())
		return out
	}
	out.hours, out.known = h, true
	return out
}

// opens returns when hours of operation are open from a time on: that time, or the
// next opening. Hours that are not known stop nobody.
func (m *configMemory) opens(ctx context.Context, tenant, id string, from time.Time) (time.Time, error) {
	h, known, err := m.hours(ctx, tenant, id)
	if err != nil || !known || h.Open(from) {
		return from, err
	}
	if next, ok := h.Next(from); ok {
		return next, nil
	}
	return from.Add(closedFor), nil
}

// closedFor is when to look again at hours that do not open within two weeks.
const closedFor = 24 * time.Hour
