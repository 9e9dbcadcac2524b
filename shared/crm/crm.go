// Package crm delivers events to tenants' endpoints as signed webhooks
// (Standard Webhooks 1.0.0). It decides when an event is sent, again, or given
// up, in which order, and which addresses may be reached. What an event is and
// says is left to event and contact.
//
// Each event of an entity is a durable row per endpoint until it is delivered.
// Messages on the queue only wake a row: they may come late, twice or out of
// order. An attempt holds a lease on its row, so that two workers do not send
// the same at once; every attempt bears the same id, so that a receiver that
// gets it twice after a crash can tell.
package crm

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
)

// Queue is the queue that brings events and wakes rows.
const Queue = "crm"

const (
	// lease is longer than a delivery can take.
	lease = deliveryTimeout + 15*time.Second
	// longest is the longest delay of a queue; longer ones are chained.
	longest = 15 * time.Minute
	// patience is how long an earlier event of the entity is waited for that
	// has not come here at all: its message is on its way, perhaps for the
	// third time. It is longer than the queue tries before a message goes to
	// the dead letters.
	patience = 15 * time.Minute
	// waitStep is how soon an event looks again for one before it.
	waitStep = 2 * time.Second
)

// Config is what a service works with besides its ports.
type Config struct {
	Client   *http.Client // NewClient's
	Guard    Guard
	Instance contact.Instance
	Now      func() time.Time
	Log      *slog.Logger
	Parallel int // deliveries at the same time; 0 or 1: one after the other
}

// Service delivers events.
type Service struct {
	Config
	table     cloud.Table
	queue     cloud.Queue
	keys      cloud.Keys
	endpoints *Endpoints
	lines     lines
}

// New returns a service over the ports.
func New(t cloud.Table, q cloud.Queue, k cloud.Keys, c Config) *Service {
	return &Service{Config: c, table: t, queue: q, keys: k, endpoints: NewEndpoints(t, c.Now), lines: lines{open: map[string]*line{}}}
}

// job wakes one row.
type job struct {
	Tenant   string `json:"tenant"`
	Endpoint string `json:"endpoint"`
	Entity   string `json:"entity"`
	Seq      int64  `json:"seq"`
}

// body is what a queue message holds: an event, or a job.
type body struct {
	event.Message
	Deliver *job `json:"deliver,omitempty"`
}

// HandleAll handles messages side by side, so that a slow receiver holds up no
// other, and returns one error (or nil) for each.
func (s *Service) HandleAll(ctx context.Context, bodies [][]byte) []error {
	return s.each(len(bodies), func(n int) error { return s.Handle(ctx, bodies[n]) })
}

// each calls do for 0 to n-1, at most Parallel at the same time, and waits for
// all of them.
func (s *Service) each(n int, do func(int) error) []error {
	errs := make([]error, n)
	if s.Parallel <= 1 {
		for i := range errs {
			errs[i] = do(i)
		}
		return errs
	}
	slots := make(chan struct{}, s.Parallel)
	var wait sync.WaitGroup
	for i := range errs {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(i)
		})
	}
	wait.Wait()
	return errs
}

// Handle handles one message. An error means that it must come again.
func (s *Service) Handle(ctx context.Context, raw []byte) error {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return fault.Wrap(fault.Invalid, err, "crm: read message")
	}
	if b.Deliver != nil {
		return s.resume(ctx, *b.Deliver)
	}
	m := b.Message
	if m.Tenant == "" || m.ID == "" || m.Entity == "" || (m.Record == nil) == (m.Detail == nil) {
		return fault.New(fault.Invalid, "crm: message is no event")
	}
	return s.spread(ctx, m)
}

// spread puts a row of the event for each endpoint that wants it, and delivers.
func (s *Service) spread(ctx context.Context, m event.Message) error {
	all, err := s.endpoints.list(ctx, m.Tenant)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(e Endpoint) bool { return !e.Wants(m.Type) })
	return errors.Join(s.each(len(all), func(n int) error { return s.begin(ctx, all[n], newRow(m, all[n].ID, s.Now())) })...)
}

// begin puts a new row. If nothing stands in the way the row is put with a lease
// and delivered at once: so an ordinary delivery is two writes.
func (s *Service) begin(ctx context.Context, e Endpoint, r row) error {
	wait, err := s.obstacle(ctx, e, r)
	if err != nil {
		return err
	}
	if wait == 0 {
		r.lease = r.created.Add(lease)
	}
	item, err := r.item()
	if err != nil {
		return err
	}
	_, err = s.table.Write(ctx, cloud.Write{Key: r.key(), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: item})
	if refusedFor(err) {
		s.lines.leave(e, wait == 0)
		return s.resume(ctx, job{r.tenant, r.endpoint, r.entity, r.seq}) // the event came twice
	}
	if err != nil {
		s.lines.leave(e, wait == 0)
		return fault.Wrap(fault.KindOf(err), err, "crm: put delivery")
	}
	if wait > 0 {
		return s.wake(ctx, r, wait)
	}
	return s.attempt(ctx, e, r)
}

// resume goes on with a row that is there: it delivers if it is time, nobody
// else does, and nothing stands in the way; else it comes back later.
func (s *Service) resume(ctx context.Context, j job) error {
	item, err := s.table.Get(ctx, rowKey(j.Tenant, j.Endpoint, j.Entity, j.Seq), true)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "crm: read delivery")
	}
	if item == nil || state(item.Str(attrState)) != pending {
		return nil
	}
	r, err := rowFrom(item, j.Tenant, j.Endpoint, j.Entity, j.Seq)
	if err != nil {
		return err
	}
	e, known, err := s.endpoints.find(ctx, r.tenant, r.endpoint)
	if err != nil {
		return err
	}
	if !known || !e.Enabled {
		return s.giveUp(ctx, r, "endpoint is gone or disabled")
	}
	if wait := r.lease.Sub(s.Now()); wait > 0 {
		return s.wake(ctx, r, wait)
	}
	if wait := r.due.Sub(s.Now()); wait > 0 {
		back, err := s.recovered(ctx, r)
		if err != nil {
			return err
		}
		if !back {
			return s.wake(ctx, r, wait)
		}
	}
	wait, err := s.obstacle(ctx, e, r)
	if err != nil {
		return err
	}
	if wait > 0 {
		return s.wake(ctx, r, wait)
	}
	held := cloud.Cond{Attr: attrLease, Op: "=", Value: millis(r.lease)}
	r.lease = s.Now().Add(lease)
	_, err = s.table.Write(ctx, cloud.Write{Key: r.key(), If: []cloud.Cond{held, {Attr: attrState, Op: "=", Value: string(pending)}},
		Set: cloud.Item{attrLease: millis(r.lease)}, Add: map[string]int64{attrVersion: 1}})
	if err != nil {
		s.lines.leave(e, true)
		if refusedFor(err) {
			return s.wake(ctx, r, waitStep) // another worker was first
		}
		return fault.Wrap(fault.KindOf(err), err, "crm: lease delivery")
	}
	return s.attempt(ctx, e, r)
}

// obstacle returns how long to wait before the row may be tried: for an earlier
// event of the entity, or for a line to the endpoint. With 0 it has taken a
// line, which attempt gives back.
func (s *Service) obstacle(ctx context.Context, e Endpoint, r row) (time.Duration, error) {
	for _, p := range r.before {
		if !e.Wants(p.Type) || p.At.Before(e.Since) {
			continue
		}
		item, err := s.table.Get(ctx, rowKey(r.tenant, r.endpoint, r.entity, p.Seq), true)
		if err != nil {
			return 0, fault.Wrap(fault.KindOf(err), err, "crm: read earlier delivery")
		}
		switch {
		case item == nil && s.Now().Sub(r.created) < patience:
			return waitStep, nil
		case item == nil || state(item.Str(attrState)) != pending:
		default: // next wakes r when that one had trouble; this is for when it had none
			return max(waitStep, s.Now().Sub(r.created)/2, fromMillis(item.Int(attrDue)).Sub(s.Now())+waitStep), nil
		}
	}
	return s.lines.take(e, s.Now()), nil
}

// wake sends a message that resumes the row after a time. A longer one than a
// queue can bear comes back in between.
func (s *Service) wake(ctx context.Context, r row, wait time.Duration) error {
	b, err := json.Marshal(struct {
		Deliver job `json:"deliver"`
	}{job{r.tenant, r.endpoint, r.entity, r.seq}})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "crm: encode job")
	}
	wait = min(max(wait, time.Second), longest)
	err = s.queue.Send(ctx, Queue, cloud.Message{Body: b, Delay: wait.Round(time.Second)})
	return fault.Wrap(fault.KindOf(err), err, "crm: send job")
}

// recovered reports whether the row's endpoint was found alive after the row's
// latest attempt: what waits then need not wait for its hour.
func (s *Service) recovered(ctx context.Context, r row) (bool, error) {
	if r.attempts == 0 {
		return false, nil
	}
	health, err := s.table.Get(ctx, healthKey(r.tenant, r.endpoint), false)
	if err != nil {
		return false, fault.Wrap(fault.KindOf(err), err, "crm: read health")
	}
	return !health.Bool("failing") && fromMillis(health.Int("recovered")).After(r.last), nil
}

// refusedFor reports whether a write was refused by its condition.
func refusedFor(err error) bool {
	var refused *cloud.Refused
	return errors.As(err, &refused) && refused.Lost()
}
