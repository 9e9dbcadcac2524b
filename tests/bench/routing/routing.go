// Package routing measures the product's rounds over an embedded cloud: how many
// pairs a second a group makes, how long an offer takes at a rate of claims, and
// what one round costs beside how many wait and are free. It decides how the
// queues stand when the clock starts; what a round is, acd decides.
package routing

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// tenant and the sizes of the centre that is measured.
const (
	tenant = "demo"
	queues = 20
)

// Centre is a cloud in memory with so many queues, each with a profile that serves
// it alone.
type Centre struct {
	cloud  *localcloud.Cloud
	router *acd.Router
	agents int
	calls  int
}

// slow is a table whose requests take as long as DynamoDB's.
type slow struct {
	cloud.Table
	wait func(context.Context) error
}

// Get is the table's.
func (s slow) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Table.Get(ctx, k, strong)
}

// Query is the table's.
func (s slow) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	if err := s.wait(ctx); err != nil {
		return nil, nil, err
	}
	return s.Table.Query(ctx, q)
}

// Write is the table's.
func (s slow) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Table.Write(ctx, w)
}

// Transact is the table's; a transaction takes twice as long.
func (s slow) Transact(ctx context.Context, token string, w ...cloud.Write) error {
	for range 2 {
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
	return s.Table.Transact(ctx, token, w...)
}

// New opens a centre; each request of its router takes latency, and half as much
// again by chance.
func New(ctx context.Context, latency time.Duration) (*Centre, error) {
	c, err := localcloud.Open(localcloud.Options{Seed: 1, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	var t cloud.Table = c.Table()
	if latency > 0 {
		t = slow{t, func(ctx context.Context) error {
			return pause(ctx, latency+time.Duration(rand.Int64N(int64(latency)/2+1)))
		}}
	}
	x := &Centre{cloud: c, router: acd.NewRouter(t, c.Queue(), acd.Runtime{Now: time.Now, NewID: newID, Rand: rand.Float64, Sleep: pause, Log: slog.New(slog.DiscardHandler), Parallel: 20})}
	for q := range queues {
		name := queue(q)
		for _, w := range []cloud.Write{
			acd.Queue{ID: name, Group: "main", RingSeconds: 20}.Put(tenant),
			acd.Profile{ID: name, Group: "main", Queues: []acd.ProfileQueue{{Queue: name, Priority: 1}}}.Put(tenant),
		} {
			if _, err := c.Table().Write(ctx, w); err != nil {
				return nil, err
			}
		}
	}
	return x, nil
}

func queue(n int) string { return fmt.Sprintf("q%02d", n%queues) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Agents adds agents of a queue who are available, or not yet.
func (x *Centre) Agents(ctx context.Context, n, q int, ready bool) ([]string, error) {
	var names []string
	for range n {
		a := agent.Agent{Tenant: tenant, ID: fmt.Sprintf("a%06d", x.agents), State: agent.Offline, Profile: queue(q), Voice: agent.Slots{Max: 1}}
		x.agents++
		names = append(names, a.ID)
		if _, err := x.cloud.Table().Write(ctx, a.Put()); err != nil {
			return nil, err
		}
		if ready {
			if err := x.Available(ctx, a.ID); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// Available makes an agent available, which is followed by a round.
func (x *Centre) Available(ctx context.Context, id string) error {
	_, err := x.router.SetStatus(ctx, tenant, id, agent.Available, "")
	return err
}

// Call lets a contact wait in a queue, which is followed by a round, and returns
// its id.
func (x *Centre) Call(ctx context.Context, q int) (contact.ID, error) {
	id := contact.ID(newID())
	x.calls++
	c := contact.Contact{Tenant: tenant, ID: id, State: contact.InFlow, Since: contact.Instant(time.Now()), Channel: contact.Voice}
	if _, err := x.cloud.Table().Write(ctx, c.Put()); err != nil {
		return id, err
	}
	_, err := x.router.Enqueue(ctx, tenant, id, acd.Request{Queue: queue(q)})
	return id, err
}

// Round is the cost of the round that an agent's coming runs while so many others
// are free in other queues and so many contacts wait that nobody free serves.
func (x *Centre) Round(ctx context.Context, q int) (took time.Duration, err error) {
	names, err := x.Agents(ctx, 1, q, false)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = x.Available(ctx, names[0])
	return time.Since(began), err
}

// Offers measures, at a rate of claims a second, how long it takes from a contact's
// wish to wait until the claim is done, and returns the times in order.
func (x *Centre) Offers(ctx context.Context, rate, n int) ([]time.Duration, error) {
	took := make([]time.Duration, n)
	var errs = make([]error, n)
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range n {
		<-tick.C
		all.Go(func() {
			began := time.Now()
			_, errs[i] = x.Call(ctx, i)
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}

// Pairs lets n agents come while n contacts wait for one of them each, and returns
// how many pairs a second were made.
func (x *Centre) Pairs(ctx context.Context, n int) (float64, error) {
	for i := range n {
		if _, err := x.Call(ctx, i); err != nil {
			return 0, err
		}
	}
	var names []string
	for i := range n {
		more, err := x.Agents(ctx, 1, i, false)
		if err != nil {
			return 0, err
		}
		names = append(names, more...)
	}
	began := time.Now()
	for _, id := range names {
		if err := x.Available(ctx, id); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// Bound returns how many agents hold an offer, to see that what was measured
// happened.
func (x *Centre) Bound(ctx context.Context) (n int, err error) {
	for i := range x.agents {
		item, err := x.cloud.Table().Get(ctx, agent.Key(tenant, fmt.Sprintf("a%06d", i)), true)
		if err != nil {
			return 0, err
		}
		if a := agent.FromItem(item); a != nil && a.Busy() {
			n++
		}
	}
	return n, nil
}
