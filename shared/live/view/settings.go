package view

import (
	"context"
	"strings"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// settingsAge is how old configuration in memory may be.
const settingsAge = 30 * time.Second

// Choice is one thing that an agent can choose: a status, a disposition.
type Choice struct {
	Name   string            `json:"name" doc:"What is stored and sent"`
	Labels map[string]string `json:"labels" doc:"How it is shown, by language (BCP 47); the name where none fits"`
}

// Settings are what a tenant's agents can choose from.
type Settings struct {
	Statuses     []Choice
	Dispositions map[string][]Choice // by queue; AnyQueue for those that have none of their own
	// Within is what counts as answered in time, by queue: the target of the
	// service level.
	Within map[string]time.Duration
	Zone   *time.Location // of the tenant's days
}

// AnyQueue stands for every queue that is not named.
const AnyQueue = "*"

// defaultWithin is the usual target: 80 % in 20 s.
const defaultWithin = 20 * time.Second

// Sort keys of the configuration items.
const (
	sortStatus      = "STATUS#"
	sortDisposition = "DISPOSITIONS#"
	sortDesk        = "DESK"
)

// PutStatus returns the write of a custom status; its place among others is that
// of its key.
func PutStatus(tenant, place string, c Choice) cloud.Write {
	return cloud.Write{Key: acd.ConfigKey(tenant, sortStatus+place), Put: cloud.Item{contact.AttrVersion: int64(1), "name": c.Name, "labels": labels(c)}}
}

// PutDispositions returns the write of how contacts of a queue can end.
func PutDispositions(tenant, queue string, all []Choice) cloud.Write {
	list := make([]any, len(all))
	for n, c := range all {
		list[n] = map[string]any{"name": c.Name, "labels": labels(c)}
	}
	return cloud.Write{Key: acd.ConfigKey(tenant, sortDisposition+queue), Put: cloud.Item{contact.AttrVersion: int64(1), "choices": list}}
}

// PutDesk returns the write of what holds for a whole tenant: the zone of its
// days (IANA; "" = UTC), and in how many seconds a call of a queue is to be
// answered, by queue or AnyQueue.
func PutDesk(tenant, zone string, withinSeconds map[string]int) cloud.Write {
	return cloud.Write{Key: acd.ConfigKey(tenant, sortDesk), Put: cloud.Item{contact.AttrVersion: int64(1), "zone": zone, "withinSeconds": contact.LevelsItem(withinSeconds)}}
}

func labels(c Choice) map[string]any {
	out := map[string]any{}
	for lang, text := range c.Labels {
		out[lang] = text
	}
	return out
}

// Settings returns a tenant's settings, at most 30 s old.
func (v *Views) Settings(ctx context.Context, tenant string) (*Settings, error) {
	return v.settings.get(tenant, v.now(), settingsAge, func() (*Settings, error) { return v.readSettings(ctx, tenant) })
}

func (v *Views) readSettings(ctx context.Context, tenant string) (*Settings, error) {
	s := &Settings{Statuses: []Choice{}, Dispositions: map[string][]Choice{}, Within: map[string]time.Duration{}, Zone: time.UTC}
	for _, prefix := range []string{sortDesk, sortDisposition, sortStatus} {
		err := v.each(ctx, cloud.Query{Part: acd.ConfigKey(tenant, "").Part, From: prefix, To: prefix + "\uffff"}, func(i cloud.Item) {
			s.add(prefix, strings.TrimPrefix(i.Str(cloud.AttrSort), prefix), i)
		})
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "view: read settings")
		}
	}
	return s, nil
}

func (s *Settings) add(prefix, id string, i cloud.Item) {
	switch prefix {
	case sortStatus:
		s.Statuses = append(s.Statuses, choice(i))
	case sortDisposition:
		list, _ := i["choices"].([]any)
		all := []Choice{}
		for _, e := range list {
			m, _ := e.(map[string]any)
			all = append(all, choice(m))
		}
		s.Dispositions[id] = all
	case sortDesk:
		if zone, err := time.LoadLocation(i.Str("zone")); err == nil {
			s.Zone = zone
		}
		for queue, n := range contact.LevelsFrom(i["withinSeconds"]) {
			s.Within[queue] = time.Duration(n) * time.Second
		}
	}
}

func choice(i cloud.Item) Choice {
	c := Choice{Name: i.Str("name"), Labels: map[string]string{}}
	m, _ := i["labels"].(map[string]any)
	for lang, text := range m {
		if s, ok := text.(string); ok {
			c.Labels[lang] = s
		}
	}
	return c
}

// within is the time in which a call of a queue is to be answered.
func (s *Settings) within(queue string) time.Duration {
	for _, q := range []string{queue, AnyQueue} {
		if d := s.Within[q]; d > 0 {
			return d
		}
	}
	return defaultWithin
}

// each calls do for every item that a query finds.
func (v *Views) each(ctx context.Context, q cloud.Query, do func(cloud.Item)) error {
	for {
		page, next, err := v.table.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, i := range page {
			do(i)
		}
		if q.After = next; next == nil {
			return nil
		}
	}
}

// memory keeps what was read of each tenant for a while. What cannot be read
// again goes on being used.
type memory[T any] struct {
	mu   sync.Mutex
	held map[string]held[T]
}

type held[T any] struct {
	at    time.Time
	value T
}

func (m *memory[T]) get(tenant string, now time.Time, age time.Duration, read func() (T, error)) (T, error) {
	m.mu.Lock()
	h, ok := m.held[tenant]
	m.mu.Unlock()
	if old := now.Sub(h.at); ok && old >= 0 && old < age {
		return h.value, nil
	}
	fresh, err := read()
	if err != nil {
		if ok {
			return h.value, nil
		}
		return fresh, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[string]held[T]{}
	}
	m.held[tenant] = held[T]{now, fresh}
	return fresh, nil
}
