package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// schedule runs operations of routing side by side and decides, request by
// request, which of them goes on: unlike a World, which lets one function happen
// in the middle of another, it tries orders in which both go on in turn.
type schedule struct {
	t     *testing.T
	cloud *localcloud.Cloud
	clock *localcloud.Clock
	dice  *rand.Rand
	ids   int
	runs  []*process
	idle  chan *process // one that has come to its next request, or its end

	loseOwner bool // the first machine that comes to own a lease is lost
}

// process is one operation under way.
type process struct {
	name string
	next chan struct{} // lets it make one request
	left int           // requests until it is killed; 0 = never
	dead bool
	over bool
}

// gated is a table whose requests wait for their turn.
type gated struct {
	cloud.Table
	s *schedule
	r *process
}

var errKilled = fault.New(fault.Internal, "the machine is gone")

// turn waits until the request may be made, or says that the machine is gone.
func (g *gated) turn() error {
	if g.r.dead {
		return errKilled
	}
	g.s.idle <- g.r
	<-g.r.next
	if g.r.left > 0 {
		g.r.left--
		g.r.dead = g.r.left == 0
	}
	if g.r.dead {
		return errKilled
	}
	return nil
}

// Get is the table's.
func (g *gated) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	if err := g.turn(); err != nil {
		return nil, err
	}
	return g.Table.Get(ctx, k, strong)
}

// Query is the table's.
func (g *gated) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	if err := g.turn(); err != nil {
		return nil, nil, err
	}
	return g.Table.Query(ctx, q)
}

// Write is the table's.
func (g *gated) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	if err := g.turn(); err != nil {
		return nil, err
	}
	i, err := g.Table.Write(ctx, w)
	if err == nil && w.Set["owner"] != nil && g.s.loseOwner {
		g.s.loseOwner, g.r.dead = false, true
	}
	return i, err
}

// Transact is the table's.
func (g *gated) Transact(ctx context.Context, token string, w ...cloud.Write) error {
	if err := g.turn(); err != nil {
		return err
	}
	return g.Table.Transact(ctx, token, w...)
}

func newSchedule(t *testing.T, seed uint64, agents, contacts int) *schedule {
	t.Helper()
	clock := localcloud.NewClock(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC))
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: seed, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: relayID}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &schedule{t: t, cloud: c, clock: clock, dice: rand.New(rand.NewPCG(seed, 9)), idle: make(chan *process)}
	writes := []cloud.Write{
		acd.Queue{ID: "loans", Group: "main", RingSeconds: ringSeconds}.Put(Tenant),
		acd.Profile{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}.Put(Tenant),
	}
	for n := range agents {
		a := agent.Agent{Tenant: Tenant, ID: agentName(n), State: agent.Offline, Profile: "loans", Voice: agent.Slots{Max: 1}}
		writes = append(writes, a.Put())
	}
	for n := range contacts {
		c := contact.Contact{Tenant: Tenant, ID: callID(n), State: contact.InFlow, Channel: contact.Voice}
		writes = append(writes, c.Put())
	}
	for _, w := range writes {
		if _, err := c.Table().Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func callID(n int) contact.ID { return contact.ID(fmt.Sprintf("01a1f7f8-0000-7000-8000-%012d", n)) }

func (s *schedule) runtime() acd.Runtime {
	return acd.Runtime{Now: s.clock.Now, Rand: func() float64 { return 0 }, Log: discard(), Sleep: func(context.Context, time.Duration) error { return nil },
		NewID: func() string { s.ids++; return string(callID(1000 + s.ids)) }}
}

// begin starts an operation on a machine of its own.
func (s *schedule) begin(name string, do func(*acd.Router) error) *process {
	r := &process{name: name, next: make(chan struct{})}
	s.runs = append(s.runs, r)
	router := acd.NewRouter(&gated{s.cloud.Table(), s, r}, s.cloud.Queue(), s.runtime())
	go func() {
		_ = do(router) // refused or killed: what holds in the end is what counts
		r.over = true
		s.idle <- r
	}()
	<-s.idle
	return r
}

// finish lets all go on, one request of one of them at a time: every second order
// by chance alone, the others by priorities that change a few times, which finds
// what needs one of them to stand still for long (Burckhardt et al., "A randomized
// scheduler with probabilistic guarantees of finding bugs", 2010).
func (s *schedule) finish(byPriority bool) {
	priority := s.dice.Perm(len(s.runs))
	changes := map[int]bool{}
	for range 3 {
		changes[s.dice.IntN(60)] = true
	}
	for step := 0; ; step++ {
		best, live := -1, []int(nil)
		for n, r := range s.runs {
			if r.over {
				continue
			}
			live = append(live, n)
			if best < 0 || priority[n] > priority[best] {
				best = n
			}
		}
		switch {
		case len(live) == 0:
			return
		case !byPriority:
			best = live[s.dice.IntN(len(live))]
		case changes[step]:
			priority[best] = -step
		}
		s.runs[best].next <- struct{}{}
		<-s.idle
	}
}

// apart returns an error if a contact waits and an agent is free, or a slot does
// not tell the truth.
func (s *schedule) apart(agents, contacts int) error {
	waits, offered := 0, map[contact.OfferID]bool{}
	for n := range contacts {
		i, err := s.cloud.Table().Get(s.t.Context(), contact.Key(Tenant, callID(n)), true)
		if err != nil {
			return err
		}
		switch c := contact.FromItem(i); c.State {
		case contact.Queued:
			waits++
		case contact.Offered:
			offered[c.Offer] = true
		}
	}
	free := 0
	for n := range agents {
		i, err := s.cloud.Table().Get(s.t.Context(), agent.Key(Tenant, agentName(n)), true)
		if err != nil {
			return err
		}
		a := agent.FromItem(i)
		if a.Ready() {
			free++
		}
		for o := range a.Offers {
			if !offered[o] {
				return fmt.Errorf("I-2: %s holds %s, which no contact has", a.ID, o)
			}
			delete(offered, o)
		}
	}
	switch {
	case len(offered) > 0:
		return fmt.Errorf("I-2: offers that no agent holds: %v", offered)
	case waits > 0 && free > 0:
		return fmt.Errorf("I-4: %d wait and %d are free, and nobody looks", waits, free)
	}
	return nil
}

// stream hands every change to two consumers side by side, as the shards of a
// stream are read, until there are no new ones.
func (s *schedule) stream(byPriority bool) error {
	var told [2][]events.DynamoDBEventRecord
	shard := func(r events.DynamoDBEventRecord) int {
		part := r.Change.Keys[cloud.AttrPart].String()
		return int(part[len(part)-1]) % 2
	}
	err := s.cloud.Subscribe(localcloud.Consumer{Name: "acd", Handler: func(_ context.Context, e events.DynamoDBEvent) (none events.DynamoDBEventResponse, err error) {
		for _, r := range e.Records {
			told[shard(r)] = append(told[shard(r)], r)
		}
		return none, nil
	}})
	for err == nil {
		if _, err = s.cloud.Drain(s.t.Context(), 1000); err != nil || len(told[0])+len(told[1]) == 0 {
			break
		}
		s.runs = nil
		for n := range told {
			records := told[n]
			told[n] = nil
			s.begin("consumer", func(r *acd.Router) error {
				_, err := lambdaevent.StreamBatch(s.t.Context(), events.DynamoDBEvent{Records: records}, func(ctx context.Context, c lambdaevent.Change) error {
					return r.HandleChange(ctx, c.Old, c.New)
				})
				return err
			})
		}
		s.finish(byPriority)
	}
	return err
}

// TestOperationsInTurn tries orders of requests by chance: enqueues, agents who
// become free, and an offer that ends, all at once. Without a crash no pair is left
// although nobody reads the stream; with one machine lost anywhere, none once the
// stream was read.
func TestOperationsInTurn(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("one machine is lost %v", killed), func(t *testing.T) {
			t.Parallel()
			for n := range *orders {
				seed := uint64(n + 1)
				if *order != 0 {
					seed = *order
				}
				if err := inTurn(t, seed, killed); err != nil {
					t.Fatalf("order %d: %v", seed, err)
				}
			}
		})
	}
}

func inTurn(t *testing.T, seed uint64, killed bool) error {
	const agents, contacts = 3, 4
	s := newSchedule(t, seed, agents, contacts)
	ctx := t.Context()
	for n := range contacts {
		s.begin("enqueue", func(r *acd.Router) error {
			_, err := r.Enqueue(ctx, Tenant, callID(n), acd.Request{Queue: "loans"})
			return err
		})
	}
	for n := range agents {
		s.begin("available", func(r *acd.Router) error {
			_, err := r.SetStatus(ctx, Tenant, agentName(n), agent.Available, "")
			return err
		})
	}
	switch {
	case killed && seed%4 == 3: // an owner is gone, and nobody has come far
		lease := cloud.Write{Key: cloud.Key{Part: Tenant + "|M#main", Sort: "LEASE"},
			Put: cloud.Item{"owner": "gone", "beat": int64(1), "dirty": int64(1), "epoch": int64(1), "v": int64(1)}}
		if _, err := s.cloud.Table().Write(ctx, lease); err != nil {
			return err
		}
		for _, r := range s.runs {
			r.left = 1 + s.dice.IntN(8)
		}
	case killed && seed%4 > 1:
		s.loseOwner = true
	case killed:
		s.runs[s.dice.IntN(len(s.runs))].left = 1 + s.dice.IntN(25)
	}
	byPriority := seed%2 == 0
	s.finish(byPriority)
	if killed {
		if err := s.stream(byPriority); err != nil {
			return err
		}
	}
	return s.apart(agents, contacts)
}
