package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/tests/sim/history"
)

// race is T-01 in real time: many clients ask for everything at once, each with a
// router of its own, over one table.
type race struct {
	t      *testing.T
	cloud  *localcloud.Cloud
	asked  *history.Recorder
	table  cloud.Table // whose history is kept
	desk   *history.Desk
	agents int

	mu   sync.Mutex
	live []contact.ID
	old  []contact.OfferID // offers that were seen once
}

// claims is a table that tells the desk of claims.
type claims struct {
	cloud.Table
	desk *history.Desk
}

// Transact is the table's.
func (c claims) Transact(ctx context.Context, token string, all ...cloud.Write) error {
	offer, isClaim := all[0].Set[contact.AttrOffer].(string)
	if !isClaim {
		return c.Table.Transact(ctx, token, all...)
	}
	_, id, _ := contact.ParseKey(all[0].Key)
	var err error
	if c.desk.Claim(id, contact.OfferID(offer), func() error { err = c.Table.Transact(ctx, token, all...); return err }); err != nil {
		return err
	}
	return nil
}

func newRace(t *testing.T, agents int) *race {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{Seed: 1, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: relayID}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r := &race{t: t, cloud: c, asked: history.New(), desk: history.NewDesk(), agents: agents}
	r.table = r.asked.Table(c.Table())
	for _, put := range configuration() {
		r.must(c.Table().Write(t.Context(), put))
	}
	for n := range agents {
		a := agent.Agent{Tenant: Tenant, ID: agentName(n), State: agent.Offline, Profile: "loans", Voice: agent.Slots{Max: 1}, Device: agent.Device{Kind: agent.Phone}}
		r.must(r.table.Write(t.Context(), a.Put()))
		r.must(r.router(1).SetStatus(t.Context(), Tenant, a.ID, agent.Available, ""))
	}
	return r
}

func agentName(n int) string { return fmt.Sprintf("agent-%03d", n) }

func (r *race) must(_ any, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *race) router(seed uint64) *acd.Router {
	dice := rand.New(rand.NewPCG(seed, 3))
	return acd.NewRouter(claims{r.table, r.desk}, r.cloud.Queue(), acd.Runtime{Now: time.Now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Rand: dice.Float64, Log: slog.New(slog.DiscardHandler),
		Sleep: func(ctx context.Context, d time.Duration) error { return ctx.Err() }})
}

// client does so many operations by chance.
func (r *race) client(ctx context.Context, seed uint64, ops int) {
	router, dice := r.router(seed), rand.New(rand.NewPCG(seed, 5))
	for range ops {
		switch n := dice.IntN(100); {
		case n < 3:
			to := []agent.State{agent.Available, agent.Available, agent.Away, agent.Offline}[dice.IntN(4)]
			_, _ = router.SetStatus(ctx, Tenant, agentName(dice.IntN(r.agents)), to, "")
		case n < 20:
			r.calls(ctx, router)
		default:
			r.does(ctx, router, dice)
		}
	}
}

// calls lets a contact come and wait.
func (r *race) calls(ctx context.Context, router *acd.Router) {
	id := contact.ID(uuid.Must(uuid.NewV7()).String())
	_, _ = r.desk.Do(id, history.Begin, "", func() (*contact.Contact, error) {
		c := contact.Contact{Tenant: Tenant, ID: id, State: contact.InFlow, Since: contact.Instant(time.Now()), Initiated: contact.Instant(time.Now()), Channel: contact.Voice, ACWSeconds: 5}
		return nil, router.Begin(ctx, &c)
	})
	r.mu.Lock()
	r.live = append(r.live, id)
	if len(r.live) > 60 { // the oldest are left alone
		r.live = slices.Delete(r.live, 0, 1)
	}
	r.mu.Unlock()
	_, _ = r.desk.Do(id, history.Enqueue, "", func() (*contact.Contact, error) { return router.Enqueue(ctx, Tenant, id, acd.Request{Queue: "loans"}) })
}

// does does something to one of the contacts.
func (r *race) does(ctx context.Context, router *acd.Router, dice *rand.Rand) {
	r.mu.Lock()
	if len(r.live) == 0 {
		r.mu.Unlock()
		return
	}
	id := r.live[dice.IntN(len(r.live))]
	offer := contact.OfferID("none")
	if len(r.old) > 0 && dice.IntN(10) == 0 {
		offer = r.old[dice.IntN(len(r.old))]
	}
	r.mu.Unlock()
	if c, err := router.Contact(ctx, Tenant, id); err == nil && offer == "none" && c.Offer != "" {
		offer = c.Offer
		r.mu.Lock()
		r.old = append(r.old, offer)
		r.mu.Unlock()
	}
	step := func(v history.Verb, do func() (*contact.Contact, error)) { _, _ = r.desk.Do(id, v, offer, do) }
	switch n := dice.IntN(10); {
	case n < 3:
		step(history.Accept, func() (*contact.Contact, error) { return router.Accept(ctx, Tenant, id, offer) })
	case n < 4:
		step(history.Expire, func() (*contact.Contact, error) { return nil, router.Reject(ctx, Tenant, id, offer) })
	case n < 6:
		step(history.Join, func() (*contact.Contact, error) { return router.Joined(ctx, Tenant, id, offer, "") })
	case n < 8:
		step(history.End, func() (*contact.Contact, error) { return router.End(ctx, Tenant, id, contact.CustomerLeft) })
	default:
		step(history.Finish, func() (*contact.Contact, error) { return router.Finish(ctx, Tenant, id, "resolved") })
	}
}

// TestClientsRace is T-01: ten clients with so many operations each. What each was
// told is explained by one order for every contact, and what the table was asked
// by one for every item.
func TestClientsRace(t *testing.T) {
	r := newRace(t, racingAgents)
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() { r.client(t.Context(), uint64(n+10), *ops) })
	}
	all.Wait()
	contacts, ops, err := r.desk.Check()
	if err != nil {
		t.Error(err)
	}
	if err := history.Check(r.asked.Histories(), time.Minute); err != nil {
		t.Error(err)
	}
	t.Logf("%d operations on %d contacts", ops, contacts)
	r.wants(t)
}

// wants breaks the desk's history in the ways in which a broken centre would show.
func (r *race) wants(t *testing.T) {
	t.Helper()
	broken := map[string]func(porcupine.Operation) []porcupine.Operation{
		"lost":  func(porcupine.Operation) []porcupine.Operation { return nil },
		"twice": func(o porcupine.Operation) []porcupine.Operation { return []porcupine.Operation{o, o} },
	}
	for name, change := range broken {
		found := 0
		for _, ops := range r.desk.Histories() {
			n := history.Relied(ops)
			if n < 0 {
				continue
			}
			bad := slices.Concat(ops[:n], change(ops[n]), ops[n+1:])
			if found++; history.Explains(bad) {
				t.Errorf("a claim that is %s in a history is not noticed: %v", name, bad)
			}
		}
		if found == 0 {
			t.Errorf("no claim to be %s", name)
		}
	}
}
