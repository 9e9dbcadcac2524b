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
	"sync/atomic"
	"syscall"
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
	cloud    *localcloud.Cloud
	router   *acd.Router
	requests atomic.Int64 // of the router to the table
	agents   int
	calls    int
}

// slow is a table whose requests are counted, and take as long as DynamoDB's.
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
	if err := s.wait(context.WithValue(ctx, twice{}, true)); err != nil {
		return err
	}
	return s.Table.Transact(ctx, token, w...)
}

// twice marks a request that takes twice as long.
type twice struct{}

// New opens a centre; each request of its router takes latency, and half as much
// again by chance.
func New(ctx context.Context, latency time.Duration) (*Centre, error) {
	c, err := localcloud.Open(localcloud.Options{Seed: 1, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	x := &Centre{cloud: c}
	t := slow{c.Table(), func(ctx context.Context) error {
		x.requests.Add(1)
		if latency == 0 {
			return nil
		}
		takes := latency + time.Duration(rand.Int64N(int64(latency)/2+1))
		if ctx.Value(twice{}) != nil {
			takes *= 2
		}
		return pause(ctx, takes)
	}}
	x.router = acd.NewRouter(t, c.Queue(), acd.Runtime{Now: time.Now, NewID: newID, Rand: rand.Float64, Sleep: pause, Log: slog.New(slog.DiscardHandler), Parallel: 20})
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

// Crowd puts the rows of so many who are free, and of so many who wait, none of whom
// fits another: the free serve queues 0 to 8, the others wait in 9 to 17.
func (x *Centre) Crowd(ctx context.Context, free, waiting int) error {
	put := func(sort string, row cloud.Item) error {
		row[contact.AttrVersion], row[contact.AttrEpoch] = int64(1), int64(1)
		_, err := x.cloud.Table().Write(ctx, cloud.Write{Key: cloud.Key{Part: tenant + "|G#main#0", Sort: sort}, Put: row})
		return err
	}
	now := time.Now()
	for n := range free {
		if err := put(fmt.Sprintf("F#%s#%016d#free%06d", queue(n%9), contact.Micros(now)+int64(n), n), cloud.Item{"slots": int64(1)}); err != nil {
			return err
		}
	}
	for n := range waiting {
		came := now.Add(time.Duration(n) * time.Microsecond)
		if err := put(fmt.Sprintf("W#%s#%s#waits%06d", queue(9+n%9), acd.Queue{}.Rank(acd.DefaultPriority, came), n), cloud.Item{"enq": contact.Micros(came)}); err != nil {
			return err
		}
	}
	return nil
}

// Stand counts who is free for a queue and who waits in it, as the product reads it.
func (x *Centre) Stand(ctx context.Context, q int) (free, waiting int, err error) {
	f, err := x.router.Figures(ctx, tenant, queue(q))
	return f.Free, f.Waiting, err
}

// Cost is what something took.
type Cost struct {
	Time     time.Duration
	CPU      time.Duration // of the whole process
	Requests int64         // to the table
}

// Of measures the cost of something.
func (x *Centre) Of(do func() error) (Cost, error) {
	began, spent, requests := time.Now(), cpu(), x.requests.Load()
	err := do()
	return Cost{time.Since(began), cpu() - spent, x.requests.Load() - requests}, err
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Rounds measures n agents' coming to a queue in which nobody waits, each followed
// by a round: what all the others cost that agent.
func (x *Centre) Rounds(ctx context.Context, n, q int) (Cost, error) {
	names, err := x.Agents(ctx, n, q, false)
	if err != nil {
		return Cost{}, err
	}
	return x.Of(func() error {
		for _, id := range names {
			if err := x.Available(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
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
// what that cost.
func (x *Centre) Pairs(ctx context.Context, n int) (Cost, error) {
	for i := range n {
		if _, err := x.Call(ctx, i); err != nil {
			return Cost{}, err
		}
	}
	var names []string
	for i := range n {
		more, err := x.Agents(ctx, 1, i, false)
		if err != nil {
			return Cost{}, err
		}
		names = append(names, more...)
	}
	return x.Of(func() error {
		for _, id := range names {
			if err := x.Available(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
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
