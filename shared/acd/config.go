package acd

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/hours"
)

// configAge is how old configuration in memory may be.
const configAge = 30 * time.Second

// PriorityMode is how a queue's priorities work.
type PriorityMode string

// The modes. Strict bands are Connect's: all of a band before any of the next.
// With credit a priority counts as time waited, so nobody starves.
const (
	Strict PriorityMode = "strict"
	Credit PriorityMode = "credit"
)

// DefaultPriority is Connect's; 1 is first, 99 last.
const DefaultPriority = 5

// Queue is where contacts wait.
type Queue struct {
	ID            string
	Name          string
	Group         string // routing group: queues and profiles connected by agents
	RingSeconds   int    // how long an offer rings; 0 = 20
	ACWSeconds    int    // time for after-contact work; 0 = none, unless it is manual
	Mode          PriorityMode
	CreditSeconds int // with Credit: what one step of priority is worth
	Record        bool
	Needs         map[string]int // least level of each skill
	Hours         string         // id of its hours of operation; "" = none are set

	WrapUp   WrapUp   // when after-contact work ends
	Required []string // what an agent has to have set before it does: FieldDisposition, FieldNote

	LeastBusy       bool     // of agents who fit alike the least occupied, not the longest idle
	MaxWaiting      int      // contacts that may wait; 0 = any number
	MaxWaitSeconds  int      // how long one may wait; 0 = for ever
	Overflow        string   // queue of the same group whose agents help; "" = none
	OverflowSeconds int      // they help one who has waited so long; 0 = never for that
	OverflowDepth   int      // new contacts go there once so many wait; 0 = never for that
	CallerID        string   // number that calls out show; "" = there are none
	Dials           []string // what may be called: see Queue.dials; nil = any number in E.164 form
	CallFirst       string   // who is called first in callbacks: FirstCustomer, or FirstAgent; "" = the agent
	AfterHours      string   // what becomes of new contacts outside Hours: "" they wait, Refuse, or a queue that they go to
}

// WrapUp is when after-contact work ends.
type WrapUp string

// The policies. Where something is required, time does not end it either: the
// agent has yet to set it.
const (
	WrapTimed  WrapUp = ""       // when its time is over, or the agent says so
	WrapManual WrapUp = "manual" // when the agent says so
)

// Fields that a queue may require.
const (
	FieldDisposition = "disposition" // one of those that the queue has
	FieldNote        = "note"
)

// manual reports whether time does not end after-contact work of a queue.
func (q Queue) manual() bool { return q.WrapUp == WrapManual || len(q.Required) > 0 }

// Refuse, as Queue.AfterHours: the flow takes its error branch.
const Refuse = "refuse"

// ProfileQueue is one queue that a routing profile serves.
type ProfileQueue struct {
	Queue    string
	Priority int           // 1 to 99; a lower one is served first
	Delay    time.Duration // a contact must have waited so long
}

// Profile is a routing profile: which queues an agent serves, and how.
type Profile struct {
	ID     string
	Name   string
	Group  string
	Queues []ProfileQueue
}

// Group is a routing group.
type Group struct {
	ID     string
	Shards int // partitions its rows are spread over; 0 = 1
	// Exact gives a contact that need not wait to the longest idle agent even where
	// very many are idle: else to one of those who are longest idle.
	Exact bool
}

// Sort keys of configuration items.
const (
	sortQueue   = "QUEUE#"
	sortProfile = "PROFILE#"
	sortGroup   = "GROUP#"
)

// ConfigKey returns the key of a configuration item, for example "QUEUE#loans".
func ConfigKey(tenant, sort string) cloud.Key { return cloud.Key{Part: tenant + "|CFG", Sort: sort} }

// Put returns the write that stores q, replacing an older one.
func (q Queue) Put(tenant string) cloud.Write {
	return cloud.Write{Key: ConfigKey(tenant, sortQueue+q.ID), Put: cloud.Item{contact.AttrVersion: int64(1), "name": q.Name, "group": q.Group,
		"ringSeconds": int64(q.RingSeconds), "acwSeconds": int64(q.ACWSeconds), "mode": string(q.Mode), "creditSeconds": int64(q.CreditSeconds),
		"record": q.Record, "needs": contact.LevelsItem(q.Needs), "hours": q.Hours,
		"leastBusy": q.LeastBusy, "maxWaiting": int64(q.MaxWaiting), "maxWaitSeconds": int64(q.MaxWaitSeconds), "overflow": q.Overflow,
		"overflowSeconds": int64(q.OverflowSeconds), "overflowDepth": int64(q.OverflowDepth), "afterHours": q.AfterHours, "callerId": q.CallerID, "dials": q.Dials,
		"callFirst": q.CallFirst, "wrapUp": string(q.WrapUp), "required": q.Required}}
}

// Put returns the write that stores p, replacing an older one.
func (p Profile) Put(tenant string) cloud.Write {
	list := make([]any, len(p.Queues))
	for n, q := range p.Queues {
		list[n] = map[string]any{"queue": q.Queue, "priority": int64(q.Priority), "delaySeconds": int64(q.Delay / time.Second)}
	}
	return cloud.Write{Key: ConfigKey(tenant, sortProfile+p.ID), Put: cloud.Item{contact.AttrVersion: int64(1), "name": p.Name, "group": p.Group, "queues": list}}
}

// Put returns the write that stores g, replacing an older one. The number of
// shards must not change while anybody waits or is free.
func (g Group) Put(tenant string) cloud.Write {
	return cloud.Write{Key: ConfigKey(tenant, sortGroup+g.ID), Put: cloud.Item{contact.AttrVersion: int64(1), "shards": int64(g.Shards), "exact": g.Exact}}
}

// Routing is the routing configuration of one tenant at one time. It is never
// changed, only replaced.
type Routing struct {
	Queues   map[string]Queue
	Profiles map[string]Profile
	Groups   map[string]Group
	Hours    map[string]hours.Hours // those that decide where new contacts go
}

// ErrNoQueue is returned for a queue that is not configured.
var ErrNoQueue = fault.New(fault.NotFound, "acd: no such queue")

// Queue returns a queue by its id, or by an ARN that ends in it.
func (r *Routing) Queue(id string) (Queue, error) {
	if n := strings.LastIndex(id, "/"); n >= 0 {
		id = id[n+1:]
	}
	if q, ok := r.Queues[id]; ok {
		return q, nil
	}
	return Queue{}, ErrNoQueue
}

func (r *Routing) shards(group string) int { return max(1, r.Groups[group].Shards) }

// configMemory keeps the configuration of tenants for configAge.
type configMemory struct {
	table   cloud.Table
	patient cloud.Table // the same, whose reads are tried again
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	held    map[string]heldRouting
	windows map[cloud.Key]heldHours
}

type heldRouting struct {
	at      time.Time
	routing *Routing
}

// Routing returns the routing configuration of a tenant, at most 30 s old. If
// it cannot be read, an older one goes on being used at once; without one the
// read is tried again, as nobody is offered to anybody before it succeeds.
func (r *Router) Routing(ctx context.Context, tenant string) (*Routing, error) {
	return r.config.get(ctx, tenant)
}

func (m *configMemory) get(ctx context.Context, tenant string) (*Routing, error) {
	m.mu.Lock()
	held, ok := m.held[tenant]
	m.mu.Unlock()
	if age := m.now().Sub(held.at); ok && age >= 0 && age < configAge {
		return held.routing, nil
	}
	fresh, err := read(ctx, m.from(ok), tenant)
	if err != nil {
		if ok {
			return held.routing, nil
		}
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == nil {
		m.held = map[string]heldRouting{}
	}
	m.held[tenant] = heldRouting{m.now(), fresh}
	return fresh, nil
}

// from returns the table to read from: the patient one if nothing older is held
// that could be used instead.
func (m *configMemory) from(held bool) cloud.Table {
	if held {
		return m.table
	}
	return m.patient
}

// read reads what a configMemory holds of a tenant.
func read(ctx context.Context, t cloud.Table, tenant string) (*Routing, error) {
	out, err := readRouting(ctx, t, tenant, false)
	if err != nil {
		return nil, err
	}
	return out, out.readHours(ctx, t, tenant)
}

// ReadRouting reads the routing configuration of a tenant as it is stored now,
// without hours.
func ReadRouting(ctx context.Context, t cloud.Table, tenant string) (*Routing, error) {
	return readRouting(ctx, t, tenant, true)
}

func readRouting(ctx context.Context, t cloud.Table, tenant string, strong bool) (*Routing, error) {
	out := &Routing{Queues: map[string]Queue{}, Profiles: map[string]Profile{}, Groups: map[string]Group{}}
	for _, prefix := range []string{sortGroup, sortProfile, sortQueue} {
		var after cloud.Cursor
		for {
			page, next, err := t.Query(ctx, cloud.Query{Part: tenant + "|CFG", From: prefix, To: prefix + "\uffff", After: after, Strong: strong})
			if err != nil {
				return nil, fault.Wrap(fault.KindOf(err), err, "acd: read configuration")
			}
			for _, i := range page {
				out.add(prefix, strings.TrimPrefix(i.Str(cloud.AttrSort), prefix), i)
			}
			if after = next; after == nil {
				break
			}
		}
	}
	return out, nil
}

func (r *Routing) add(prefix, id string, i cloud.Item) {
	num := func(name string) int { return int(i.Int(name)) }
	switch prefix {
	case sortQueue:
		q := Queue{ID: id, Name: i.Str("name"), Group: i.Str("group"), RingSeconds: num("ringSeconds"), ACWSeconds: num("acwSeconds"),
			Mode: PriorityMode(i.Str("mode")), CreditSeconds: num("creditSeconds"), Record: i.Bool("record"), Needs: contact.LevelsFrom(i["needs"]), Hours: i.Str("hours"),
			LeastBusy: i.Bool("leastBusy"), MaxWaiting: num("maxWaiting"), MaxWaitSeconds: num("maxWaitSeconds"), Overflow: i.Str("overflow"),
			OverflowSeconds: num("overflowSeconds"), OverflowDepth: num("overflowDepth"), AfterHours: i.Str("afterHours"), CallerID: i.Str("callerId"), CallFirst: i.Str("callFirst")}
		q.Dials, _ = i["dials"].([]string)
		q.Required, _ = i["required"].([]string)
		q.WrapUp = WrapUp(i.Str("wrapUp"))
		if q.RingSeconds <= 0 {
			q.RingSeconds = 20
		}
		r.Queues[id] = q
	case sortProfile:
		p := Profile{ID: id, Name: i.Str("name"), Group: i.Str("group")}
		list, _ := i["queues"].([]any)
		for _, e := range list {
			m, _ := e.(map[string]any)
			q := cloud.Item(m)
			p.Queues = append(p.Queues, ProfileQueue{q.Str("queue"), int(q.Int("priority")), time.Duration(q.Int("delaySeconds")) * time.Second})
		}
		r.Profiles[id] = p
	case sortGroup:
		r.Groups[id] = Group{ID: id, Shards: num("shards"), Exact: i.Bool("exact")}
	}
}

// Rank returns the place of a contact that came at a time with a priority: a
// string whose order is the order of service. All waiting contacts age alike,
// so it never needs to be written again.
func (q Queue) Rank(priority int, enqueued time.Time) string {
	priority = min(max(priority, 1), 99)
	band, from := priority, enqueued.UnixMicro()
	if q.Mode == Credit {
		band = DefaultPriority
		from -= int64(DefaultPriority-priority) * int64(q.CreditSeconds) * 1e6
	}
	return fmt.Sprintf("%02d.%016d", band, max(0, from))
}

// sorted returns the keys of a map in order.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
