package acd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// world is a tenant over a cloud in memory, on a clock that stands still.
type world struct {
	*testing.T
	ctx     context.Context
	cloud   *localcloud.Cloud
	clock   *localcloud.Clock
	router  *Router
	stream  bool // the stream is consumed
	updates []sma.Update
	dialled []sma.Place
	ids     int
}

const tenant = "demo"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), clock: localcloud.NewClock(noon)}
	w.open(nil)
	for _, put := range []cloud.Write{
		Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: 20, ACWSeconds: 30, Record: true}.Put(tenant),
		Queue{ID: "cards", Name: "Cards", Group: "main", ACWSeconds: 0}.Put(tenant),
		Queue{ID: "english", Name: "English", Group: "main", Needs: map[string]int{"english": 3}}.Put(tenant),
		Profile{ID: "loans", Group: "main", Queues: []ProfileQueue{{"loans", 1, 0}, {"english", 2, 0}}}.Put(tenant),
		Profile{ID: "all", Group: "main", Queues: []ProfileQueue{{"cards", 1, 0}, {"loans", 2, 30 * time.Second}}}.Put(tenant),
	} {
		w.must(w.cloud.Table().Write(w.ctx, put))
	}
	w.addAgent("lin", "loans", nil)
	w.settle(0)
	return w
}

// open opens the cloud, or opens it again after a death.
func (w *world) open(old *localcloud.Cloud) {
	opt := localcloud.Options{Manual: true, Seed: 1, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		Queues: []localcloud.QueueOptions{{Name: TimerQueue}, {Name: "relay-1"}, {Name: sma.CallQueue}}}
	var err error
	if old == nil {
		w.cloud, err = localcloud.Open(opt)
	} else {
		w.cloud, err = old.Reopen(opt)
	}
	if err != nil {
		w.Fatal(err)
	}
	w.router = NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime())
	w.stream = true
	err = w.cloud.Subscribe(localcloud.Consumer{Name: "acd", Handler: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error {
			if !w.stream {
				return nil
			}
			return w.router.HandleChange(ctx, c.Old, c.New)
		})
	}})
	if err != nil {
		w.Fatal(err)
	}
	for queue, handle := range map[string]func(context.Context, []byte) error{
		TimerQueue: func(ctx context.Context, b []byte) error { return w.router.HandleTimer(ctx, b) },
		sma.CallQueue: func(_ context.Context, b []byte) error {
			var p sma.Place
			err := json.Unmarshal(b, &p)
			w.dialled = append(w.dialled, p)
			return err
		},
		"relay-1": func(_ context.Context, b []byte) error {
			var u sma.Update
			err := json.Unmarshal(b, &u)
			w.updates = append(w.updates, u)
			return err
		},
	} {
		err := w.cloud.Poll(localcloud.Poller{Queue: queue, Handler: func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			return lambdaevent.QueueBatch(ctx, e, func(ctx context.Context, m lambdaevent.Message) error { return handle(ctx, m.Body) })
		}})
		if err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) runtime() Runtime {
	return Runtime{Now: w.clock.Now, NewID: w.id, Sleep: func(context.Context, time.Duration) error { return nil },
		Rand: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) id() string {
	w.ids++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", w.ids)
}

func (w *world) must(_ any, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// settle lets time go on by d and delivers all that is due.
func (w *world) settle(d time.Duration) {
	w.Helper()
	if err := w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(d), 10000); err != nil {
		w.Fatal(err)
	}
}

func (w *world) addAgent(id, profile string, skills map[string]int) {
	w.Helper()
	a := agent.Agent{Tenant: tenant, ID: id, State: agent.Offline, Username: id, Profile: profile, Skills: skills,
		Device: agent.Device{Kind: agent.Phone, User: id}, Voice: agent.Slots{Max: 1}}
	w.must(w.cloud.Table().Write(w.ctx, a.Put()))
}

// call begins a contact and lets it wait in a queue.
func (w *world) call(id contact.ID, queue string) {
	w.Helper()
	w.begin(id)
	w.must(w.router.Enqueue(w.ctx, tenant, id, Request{Queue: queue, Record: true}))
}

func (w *world) begin(id contact.ID) {
	w.Helper()
	c := &contact.Contact{Tenant: tenant, ID: id, State: contact.InFlow, Since: w.clock.Now(), Channel: contact.Voice, Method: contact.Inbound,
		Customer: phone.MustParse("+8613800135678"), System: phone.MustParse("95000"), Relay: "relay-1", Initiated: w.clock.Now(), ToSystem: w.clock.Now()}
	if err := w.router.Begin(w.ctx, c); err != nil && !errors.Is(err, ErrExists) { // its answer may be lost
		w.Fatal(err)
	}
}

func (w *world) status(id string, to agent.State) {
	w.Helper()
	w.must(w.router.SetStatus(w.ctx, tenant, id, to, ""))
}

func (w *world) contact(id contact.ID) *contact.Contact {
	w.Helper()
	c, err := w.router.Contact(w.ctx, tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) agent(id string) *agent.Agent {
	w.Helper()
	a, err := w.router.Agent(w.ctx, tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// talk brings a contact of agent lin to Connected.
func (w *world) talk(id contact.ID) {
	w.Helper()
	w.call(id, "loans")
	w.status("lin", agent.Available)
	c := w.contact(id)
	w.must(w.router.Accept(w.ctx, tenant, id, c.Offer))
	w.must(w.router.Joined(w.ctx, tenant, id, c.Offer, "bucket/x"))
}

// nth lets the n-th request that changes something meet a fault; seen counts them.
func (w *world) nth(n int, verdict localcloud.Verdict) (seen *int) {
	seen = new(int)
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op != localcloud.OpWrite && c.Op != localcloud.OpTransact && c.Op != localcloud.OpSend {
			return localcloud.Pass
		}
		if *seen++; *seen == n {
			return verdict
		}
		return localcloud.Pass
	}})
	return seen
}

// wants compares where a contact and an agent stand with what a test expects:
// "QUEUED" or "OFFERED lin", and "AVAILABLE 1" with the slots in use.
func (w *world) wants(id contact.ID, state, agentID, stands string) {
	w.Helper()
	c := w.contact(id)
	got := string(c.State)
	if c.OfferAgent != "" {
		got += " " + c.OfferAgent
	}
	if got != state {
		w.Errorf("contact %s is %q, want %q", id, got, state)
	}
	a := w.agent(agentID)
	if got := fmt.Sprint(a.State, " ", a.Voice.Used); got != stands || len(a.Offers) != a.Voice.Used {
		w.Errorf("agent %s is %q with offers %v, want %q", agentID, got, a.Offers, stands)
	}
}

// rows returns the rows of the group, short: "F lin" and "W c1".
func (w *world) rows() string {
	w.Helper()
	page, _, err := w.cloud.Table().Query(w.ctx, cloud.Query{Part: shardPart(tenant, "main", 0), Strong: true})
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, i := range page {
		parts := strings.Split(i.Str(cloud.AttrSort), "#")
		all = append(all, parts[0]+" "+parts[len(parts)-1])
	}
	return strings.Join(all, ", ")
}

// records returns how many records a contact has.
func (w *world) records(id contact.ID) (n int) {
	w.Helper()
	page, _, err := w.cloud.Table().Query(w.ctx, cloud.Query{Part: contact.Key(tenant, id).Part, From: contact.SortRecord, To: contact.SortRecord + "\uffff"})
	if err != nil {
		w.Fatal(err)
	}
	return len(page)
}

// verbs returns the commands the relay got so far, and forgets them.
func (w *world) verbs() string {
	var all []string
	for _, u := range w.updates {
		all = append(all, u.Arguments[sma.ArgVerb])
	}
	w.updates = nil
	slices.Sort(all)
	return strings.Join(all, " ")
}

// units prints what a stretch of work cost.
func units(t *testing.T, title string, m map[string]float64) float64 {
	t.Helper()
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %g", kind, m[kind]))
	}
	t.Logf("%s: %g (%s)", title, localcloud.Sum(m), strings.Join(parts, ", "))
	return localcloud.Sum(m)
}
