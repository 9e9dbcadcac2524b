package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/hours"
)

// Store keeps the routing of tenants: the items that acd reads, and beside them
// every document that was applied, so that one can be put back.
type Store struct {
	Table  cloud.Table
	Roster func(ctx context.Context, tenant string, do func(*agent.Agent) error) error // acd.Router's
	Now    func() time.Time
}

// Faults of changes.
var (
	// ErrChanged is returned for a document that was made of an older one.
	ErrChanged = fault.New(fault.Conflict, "the routing was changed since it was read: read it again, and change that")
	// ErrNoRevision is returned for a revision that is not kept.
	ErrNoRevision = fault.New(fault.NotFound, "there is no such revision of the routing")
)

const (
	maxChanges = 97       // in one transaction, which has 100 writes
	maxBytes   = 300_000  // of a document: an item holds 400 KB
	sortHead   = "SETUP"  // the latest revision
	sortPast   = "SETUP#" // all of them
)

// MaxBytes bounds a document in JSON.
const MaxBytes = maxBytes

// Revision is a document and who put it in force.
type Revision struct {
	Number   int64 // 1 is the first; 0 is what was there before it
	At       time.Time
	By       string // agent
	Document Document
}

// Get returns what is in force. It reads strongly.
func (s Store) Get(ctx context.Context, tenant string) (Revision, error) {
	head, err := s.Table.Get(ctx, acd.ConfigKey(tenant, sortHead), true)
	if err != nil {
		return Revision{}, fault.Wrap(fault.KindOf(err), err, "setup: read")
	}
	routing, err := acd.ReadRouting(ctx, s.Table, tenant)
	if err != nil {
		return Revision{}, err
	}
	all, err := s.hours(ctx, tenant)
	if err != nil {
		return Revision{}, err
	}
	return Revision{head.Int(contact.AttrVersion), contact.FromMicros(head.Int("at")), head.Str("by"), of(routing, all)}, nil
}

// hours returns all hours of operation that are valid.
func (s Store) hours(ctx context.Context, tenant string) (map[string]hours.Hours, error) {
	all := map[string]hours.Hours{}
	first := acd.HoursKey(tenant, "")
	err := s.each(ctx, cloud.Query{Part: first.Part, From: first.Sort, To: first.Sort + "\uffff", Strong: true}, func(i cloud.Item) error {
		if h, err := hours.Parse([]byte(i.Str("document"))); err == nil {
			all[strings.TrimPrefix(i.Str(cloud.AttrSort), first.Sort)] = h
		}
		return nil
	})
	return all, err
}

func (s Store) each(ctx context.Context, q cloud.Query, do func(cloud.Item) error) error {
	for {
		page, next, err := s.Table.Query(ctx, q)
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "setup: read")
		}
		for _, i := range page {
			if err := do(i); err != nil {
				return err
			}
		}
		if q.After = next; next == nil {
			return nil
		}
	}
}

// Plan is what a document would change.
type Plan struct {
	Changes []Change
	Faults  []Finding // with one, nothing is applied
}

// Change is what becomes of one queue, profile, group, or hours.
type Change struct {
	What string // such as "queue loans"
	How  string // added, removed, or what of it becomes what
	put  *cloud.Write
}

// Plan compares a document with what is in force.
func (s Store) Plan(ctx context.Context, tenant string, now Revision, to Document) (p Plan, err error) {
	p.Faults = Check(to)
	p.Changes = slices.Concat(
		compare("group", now.Document.Groups, to.Groups, func(g Group) string { return g.ID }, func(id string, g *Group) cloud.Write {
			return put(g, acd.Group{ID: id}.Put(tenant).Key, func() cloud.Write { return acd.Group{ID: g.ID, Shards: g.Shards, Exact: g.Exact}.Put(tenant) })
		}),
		compare("queue", now.Document.Queues, to.Queues, func(q Queue) string { return q.ID }, func(id string, q *Queue) cloud.Write {
			return put(q, acd.Queue{ID: id}.Put(tenant).Key, func() cloud.Write { return q.Rule().Put(tenant) })
		}),
		compare("profile", now.Document.Profiles, to.Profiles, func(x Profile) string { return x.ID }, func(id string, x *Profile) cloud.Write {
			return put(x, acd.Profile{ID: id}.Put(tenant).Key, func() cloud.Write { return x.Rule().Put(tenant) })
		}),
		compare("hours", now.Document.Hours, to.Hours, func(h Hours) string { return h.ID }, func(id string, h *Hours) cloud.Write {
			return put(h, acd.HoursKey(tenant, id), func() cloud.Write { return hoursWrite(tenant, *h, s.Now()) })
		}),
	)
	if len(p.Changes) > maxChanges {
		p.Faults = append(p.Faults, Finding{"", fmt.Sprintf("%d changes at once, want at most %d: apply them in parts", len(p.Changes), maxChanges)})
	}
	left, err := s.leftBehind(ctx, tenant, p.Changes)
	p.Faults = append(p.Faults, left...)
	return p, err
}

func put[T any](x *T, k cloud.Key, w func() cloud.Write) cloud.Write {
	if x == nil {
		return cloud.Write{Key: k, Delete: true}
	}
	return w()
}

func hoursWrite(tenant string, h Hours, now time.Time) cloud.Write {
	w, err := acd.PutHours(tenant, h.ID, h.Hours, contact.Micros(now))
	if err != nil {
		panic(err) // it was read from JSON
	}
	return w
}

// compare tells what becomes of each of a kind, in the order of their ids.
func compare[T any](kind string, was, is []T, id func(T) string, write func(id string, x *T) cloud.Write) (all []Change) {
	both := map[string][2]*T{}
	for n := range was {
		both[id(was[n])] = [2]*T{&was[n]}
	}
	for n := range is {
		b := both[id(is[n])]
		b[1] = &is[n]
		both[id(is[n])] = b
	}
	for _, name := range sorted(both) {
		b := both[name]
		c := Change{What: kind + " " + name}
		switch {
		case b[0] == nil:
			c.How = "added"
		case b[1] == nil:
			c.How = "removed"
		default:
			if c.How = differences(b[0], b[1]); c.How == "" {
				continue
			}
		}
		w := write(name, b[1])
		c.put = &w
		all = append(all, c)
	}
	return all
}

// differences tells which fields of two values differ as JSON: "ringSeconds 20 → 30".
func differences(a, b any) string {
	x, y := fields(a), fields(b)
	var all []string
	names := maps.Clone(x)
	maps.Copy(names, y)
	for _, name := range sorted(names) {
		if from, to := x[name], y[name]; !bytes.Equal(from, to) {
			all = append(all, name+" "+shown(from)+" → "+shown(to))
		}
	}
	return strings.Join(all, ", ")
}

func fields(v any) map[string]json.RawMessage {
	raw, err := json.Marshal(v)
	out := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("setup: %s is no JSON object: %s", reflect.TypeOf(v), err))
	}
	return out
}

func shown(raw json.RawMessage) string {
	if raw == nil {
		return "–"
	}
	return string(raw)
}

// leftBehind is the agents whose profile would be gone.
func (s Store) leftBehind(ctx context.Context, tenant string, changes []Change) ([]Finding, error) {
	gone := map[string]int{}
	for _, c := range changes {
		if id, ok := strings.CutPrefix(c.What, "profile "); ok && c.How == "removed" {
			gone[id] = 0
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	err := s.Roster(ctx, tenant, func(a *agent.Agent) error {
		if n, ok := gone[a.Profile]; ok {
			gone[a.Profile] = n + 1
		}
		return nil
	})
	var all []Finding
	for _, id := range sorted(gone) {
		if gone[id] > 0 {
			all = append(all, Finding{"profiles." + id, fmt.Sprintf("%d agents have it: give them another profile first", gone[id])})
		}
	}
	return all, err
}

// Apply puts a document in force whose maker has read revision, and returns the
// new one. All of it is in force or nothing; processes follow within 30 s. What
// changes nothing is no new revision. A fault of the document is fault.Invalid.
func (s Store) Apply(ctx context.Context, tenant, by string, to Document, revision int64) (Revision, Plan, error) {
	now, err := s.Get(ctx, tenant)
	if err != nil {
		return now, Plan{}, err
	}
	plan, err := s.Plan(ctx, tenant, now, to)
	switch {
	case err != nil:
		return now, plan, err
	case len(plan.Faults) > 0:
		return now, plan, fault.New(fault.Invalid, "%s", list(plan.Faults))
	case len(plan.Changes) == 0:
		return now, plan, nil
	case now.Number != revision:
		return now, plan, ErrChanged
	}
	next := Revision{now.Number + 1, contact.Instant(s.Now()), by, to}
	writes, err := s.writes(tenant, now, next, plan.Changes)
	if err != nil {
		return now, plan, err
	}
	if err := s.Table.Transact(ctx, "", writes...); err != nil {
		if fault.KindOf(err) == fault.Conflict {
			err = ErrChanged
		}
		return now, plan, err
	}
	return next, plan, nil
}

// writes is one transaction: the head, which no other must have changed, what the
// document changes, and the document itself for later.
func (s Store) writes(tenant string, now, next Revision, changes []Change) ([]cloud.Write, error) {
	head := cloud.Write{Key: acd.ConfigKey(tenant, sortHead), Put: cloud.Item{contact.AttrVersion: next.Number, "at": contact.Micros(next.At), "by": next.By},
		If: []cloud.Cond{{Attr: contact.AttrVersion, Op: "=", Value: now.Number}}}
	all := []cloud.Write{head}
	if now.Number == 0 {
		all[0].If = []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}
		first, err := past(tenant, now)
		if err != nil {
			return nil, err
		}
		all = append(all, first)
	}
	kept, err := past(tenant, next)
	if err != nil {
		return nil, err
	}
	all = append(all, kept)
	for _, c := range changes {
		all = append(all, *c.put)
	}
	return all, nil
}

// past is the write that keeps a revision.
func past(tenant string, r Revision) (cloud.Write, error) {
	raw, err := json.Marshal(r.Document)
	if err != nil {
		return cloud.Write{}, fault.Wrap(fault.Internal, err, "setup: encode")
	}
	if len(raw) > maxBytes {
		return cloud.Write{}, fault.New(fault.Invalid, "the routing has %d bytes, want at most %d", len(raw), maxBytes)
	}
	return cloud.Write{Key: pastKey(tenant, r.Number), Put: cloud.Item{contact.AttrVersion: int64(1), "at": contact.Micros(r.At), "by": r.By, "document": string(raw)}}, nil
}

func pastKey(tenant string, n int64) cloud.Key {
	return acd.ConfigKey(tenant, fmt.Sprintf("%s%09d", sortPast, n))
}

// Past returns a revision that was in force.
func (s Store) Past(ctx context.Context, tenant string, n int64) (Revision, error) {
	i, err := s.Table.Get(ctx, pastKey(tenant, n), true)
	if err != nil {
		return Revision{}, fault.Wrap(fault.KindOf(err), err, "setup: read")
	}
	if i == nil {
		return Revision{}, ErrNoRevision
	}
	r := Revision{Number: n, At: contact.FromMicros(i.Int("at")), By: i.Str("by")}
	if err := json.Unmarshal([]byte(i.Str("document")), &r.Document); err != nil {
		return Revision{}, fault.Wrap(fault.Internal, err, "setup: read a revision")
	}
	return r, nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func list(all []Finding) string {
	text := make([]string, len(all))
	for n, f := range all {
		text[n] = f.String()
	}
	return strings.Join(text, "; ")
}
