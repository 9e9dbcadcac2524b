// Package acd gives waiting contacts to free agents. It decides who gets whom
// and when an offer is over, and keeps contacts, agents and the rows that point
// at them in step. It leaves what the caller hears to ivr, ringing and joining
// to the relay, and telling the world to event.
//
// A contact and an agent are the truth; rows in a routing group's partition are
// an index of who waits and who is free. A row is written after its owner,
// carries the owner's epoch, and is deleted only at that epoch. Whatever puts or
// widens a row runs a matching round afterwards, so of any two that fit, the one
// that came second finds the first. What a crash leaves undone, the stream
// consumer (HandleChange) does.
package acd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// TimerQueue carries the timers of routing to HandleTimer.
const TimerQueue = "acd"

// Times that are the same for every queue.
const (
	// ConnectLease is how long the relay may take to join the legs of an
	// accepted contact before it is offered again.
	ConnectLease = 10 * time.Second
	// Exclusion is how long a contact is not offered again to the agent who
	// let it pass.
	Exclusion = 60 * time.Second
	// ringGrace is how much later than the relay's own timer the second layer
	// ends an offer.
	ringGrace = 3 * time.Second
	// maxDelay is the longest delay of a queue; longer timers are sent again.
	maxDelay = 15 * time.Minute
)

// Runtime is what routing takes from the machine it runs on.
type Runtime struct {
	Now      func() time.Time
	NewID    func() string                                    // UUIDv7
	Sleep    func(ctx context.Context, d time.Duration) error // until d is over or ctx is
	Rand     func() float64                                   // 0 to 1, for back-off
	Log      *slog.Logger
	Parallel int // claims at the same time; 0 or 1: one after the other

	// Pace tells how a queue was served of late; nil: it is not known.
	Pace func(ctx context.Context, tenant string, q Queue) (Pace, error)
}

// Router carries out the operations of routing. It owns no state but a memory
// of configuration, of timers it has set and of what it has seen of others.
type Router struct {
	table  cloud.Table
	queue  cloud.Queue
	run    Runtime
	config *configMemory

	mu        sync.Mutex
	armed     map[string]time.Time   // group timer that is on its way, by tenant and group
	busy      map[string]time.Time   // when nobody was found free, by tenant and group
	sizes     map[string]partSize    // of groups, by partition
	sightings map[cloud.Key]sighting // of leases that others own
	sweeps    map[string]swept       // by tenant
}

// NewRouter returns a router over a table, and a queue that reaches TimerQueue
// and the relays.
func NewRouter(t cloud.Table, q cloud.Queue, run Runtime) *Router {
	r := &Router{table: t, queue: q, run: run, armed: map[string]time.Time{}, busy: map[string]time.Time{}, sizes: map[string]partSize{},
		sightings: map[cloud.Key]sighting{}, sweeps: map[string]swept{}}
	r.config = &configMemory{table: t, patient: patient{t, r.retry}, now: run.Now, log: run.Log}
	return r
}

// ErrNoContact and ErrNoAgent are returned for an id that does not exist.
var (
	ErrNoContact = fault.New(fault.NotFound, "acd: no such contact")
	ErrNoAgent   = fault.New(fault.NotFound, "acd: no such agent")
)

// ErrOffer is returned for an offer that is over: another agent has the contact,
// it waits again, or it is gone.
var ErrOffer = fault.New(fault.Conflict, "acd: the offer is over")

// Contact reads a contact.
func (r *Router) Contact(ctx context.Context, tenant string, id contact.ID) (*contact.Contact, error) {
	i, err := r.get(ctx, contact.Key(tenant, id))
	if err != nil {
		return nil, err
	}
	if c := contact.FromItem(i); c != nil {
		return c, nil
	}
	return nil, ErrNoContact
}

// Agent reads an agent.
func (r *Router) Agent(ctx context.Context, tenant, id string) (*agent.Agent, error) {
	i, err := r.get(ctx, agent.Key(tenant, id))
	if err != nil {
		return nil, err
	}
	if a := agent.FromItem(i); a != nil {
		return a, nil
	}
	return nil, ErrNoAgent
}

func (r *Router) get(ctx context.Context, k cloud.Key) (cloud.Item, error) {
	return r.read(ctx, k, true)
}

func (r *Router) read(ctx context.Context, k cloud.Key, strong bool) (i cloud.Item, err error) {
	err = r.retry(ctx, func() error {
		i, err = r.table.Get(ctx, k, strong)
		return err
	})
	return i, fault.Wrap(fault.KindOf(err), err, "acd: read %s", k.Sort)
}

// write does one write. Contention and throttling are tried again, and so is a
// lost answer: every write here is conditional, so that a second one finds the
// first.
func (r *Router) write(ctx context.Context, w cloud.Write) (i cloud.Item, err error) {
	err = r.retry(ctx, func() error {
		i, err = r.table.Write(ctx, w)
		return err
	})
	return i, err
}

// transact does writes in one transaction under a token of its own.
func (r *Router) transact(ctx context.Context, token string, w ...cloud.Write) error {
	return r.retry(ctx, func() error { return r.table.Transact(ctx, token, w...) })
}

// send puts a message of JSON on a queue.
func (r *Router) send(ctx context.Context, queue string, delay time.Duration, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "acd: encode message")
	}
	err = r.retry(ctx, func() error { return r.queue.Send(ctx, queue, cloud.Message{Body: body, Delay: delay}) })
	return fault.Wrap(fault.KindOf(err), err, "acd: send to %s", queue)
}

// retry does something again while another try may help, at most maxRetries
// times, with a back-off by chance so that two that collide do not do so again.
func (r *Router) retry(ctx context.Context, do func() error) error {
	for n := 0; ; n++ {
		err := do()
		if err == nil || n == maxRetries || !mayPass(err) {
			return err
		}
		wait := time.Duration(float64(backoff<<n) * (0.5 + r.run.Rand()/2))
		if r.run.Sleep(ctx, wait) != nil {
			return err
		}
	}
}

// patient is a table whose reads are tried again while another try may help.
type patient struct {
	cloud.Table
	retry func(context.Context, func() error) error
}

// Get is the table's.
func (p patient) Get(ctx context.Context, k cloud.Key, strong bool) (i cloud.Item, err error) {
	err = p.retry(ctx, func() error {
		i, err = p.Table.Get(ctx, k, strong)
		return err
	})
	return i, err
}

// Query is the table's.
func (p patient) Query(ctx context.Context, q cloud.Query) (page []cloud.Item, next cloud.Cursor, err error) {
	err = p.retry(ctx, func() error {
		page, next, err = p.Table.Query(ctx, q)
		return err
	})
	return page, next, err
}

const (
	maxRetries = 5
	backoff    = 10 * time.Millisecond
)

// mayPass reports whether the same request may succeed in a moment.
func mayPass(err error) bool {
	var refused *cloud.Refused
	if errors.As(err, &refused) {
		return !refused.Lost()
	}
	switch fault.KindOf(err) {
	case fault.Throttled, fault.Timeout, fault.Unavailable:
		return true
	}
	return false
}
