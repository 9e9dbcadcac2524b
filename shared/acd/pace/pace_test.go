package pace

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/event"
)

var nine = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

type world struct {
	*testing.T
	cloud   *localcloud.Cloud
	clock   *localcloud.Clock
	publish *event.Publisher
	paces   *Paces
	n       int
	told    contact.Told
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, clock: localcloud.NewClock(nine)}
	var err error
	w.cloud, err = localcloud.Open(localcloud.Options{Manual: true, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	table := w.cloud.Table()
	r := acd.NewRouter(table, w.cloud.Queue(), acd.Runtime{Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Rand: func() float64 { return 0 },
		NewID: func() string { return "id" }, Sleep: func(context.Context, time.Duration) error { return nil }})
	w.publish = event.New(table, w.cloud.Queue(), contact.Instance{}, strings.NewReader(strings.Repeat("s", 32)))
	w.paces = New(table, r, w.clock.Now)
	w.put(acd.Queue{ID: "loans", Group: "main", Needs: map[string]int{"loan": 3}}.Put("demo"), acd.Queue{ID: "cards", Group: "main"}.Put("demo"), acd.Queue{ID: "rare", Group: "main"}.Put("demo"),
		acd.Profile{ID: "both", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}, {Queue: "cards", Priority: 1}}}.Put("demo"),
		acd.Profile{ID: "cards", Group: "main", Queues: []acd.ProfileQueue{{Queue: "cards", Priority: 1}}}.Put("demo"))
	return w
}

func (w *world) put(all ...cloud.Write) {
	w.Helper()
	for _, put := range all {
		if _, err := w.cloud.Table().Write(w.Context(), put); err != nil {
			w.Fatal(err)
		}
	}
}

// tells gives the publisher an item as the stream would.
func (w *world) tells(k cloud.Key, i cloud.Item) {
	w.Helper()
	i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
	if err := w.publish.HandleChange(w.Context(), event.Change{ID: fmt.Sprint(w.n), At: w.clock.Now(), New: i}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) agent(id, profile string, state agent.State, skills map[string]int) {
	w.Helper()
	a := &agent.Agent{Tenant: "demo", ID: id, Profile: profile, State: state, Skills: skills, Version: 1, Since: nine}
	w.tells(agent.Key("demo", id), a.Item())
}

// contacts makes n contacts that waited and then talked, or left if bound is 0.
func (w *world) contacts(n int, queue string, waited, bound time.Duration) {
	w.Helper()
	for range n {
		w.n++
		r := &contact.Record{Contact: contact.Contact{Tenant: "demo", ID: contact.ID(fmt.Sprintf("c%04d", w.n)), State: contact.Completed, Initiated: nine, Enqueued: nine, Queue: queue,
			Disconnected: nine.Add(waited), Since: nine.Add(waited + bound), Reason: contact.CustomerLeft}, Told: w.told}
		if bound > 0 {
			r.AgentJoined, r.Dequeued, r.OfferAgent, r.Disconnected = nine.Add(waited), nine.Add(waited), "lin", nine.Add(waited+bound)
		}
		w.tells(contact.RecordKey("demo", r.ID, 0), r.Item())
	}
}

func (w *world) of(queue string) (acd.Pace, Staff) {
	w.Helper()
	routing, err := w.paces.router.Routing(w.Context(), "demo")
	if err != nil {
		w.Fatal(err)
	}
	q, err := routing.Queue(queue)
	if err != nil {
		w.Fatal(err)
	}
	p, s, err := w.paces.Of(w.Context(), "demo", q)
	if err != nil {
		w.Fatal(err)
	}
	return p, s
}

func TestThePaceOfAQueue(t *testing.T) {
	w := newWorld(t)
	w.agent("lin", "both", agent.Available, map[string]int{"loan": 4})
	w.agent("wu", "both", agent.Available, map[string]int{"loan": 2}) // not good enough for loans
	w.agent("ann", "cards", agent.Away, nil)
	w.agent("bo", "cards", agent.Missed, nil)
	w.agent("off", "both", agent.Offline, map[string]int{"loan": 5})
	w.contacts(10, "loans", 30*time.Second, 2*time.Minute)
	w.contacts(6, "loans", time.Minute, 0)
	w.contacts(30, "cards", 0, 6*time.Minute)
	w.contacts(2, "rare", 10*time.Second, time.Minute)
	w.contacts(4, "rare", 10*time.Second, 0)
	w.contacts(3, "", 0, time.Hour) // nobody waited
	tests := []struct {
		queue string
		pace  acd.Pace
		staff Staff
	}{
		{"loans", acd.Pace{Agents: 1, Handle: 2 * time.Minute, Vary: 0.1, Patience: 110 * time.Second}, Staff{Available: 1}},
		{"cards", acd.Pace{Agents: 2, Handle: 6 * time.Minute, Vary: 0.1}, Staff{Available: 2, Away: 1, Missed: 1}},
		{"rare", acd.Pace{Handle: (10*2 + 30*6 + 2) * time.Minute / 42, Vary: 42*(10*2*2+30*6*6+2)/(202.0*202) - 1}, Staff{}},
	}
	for _, tt := range tests {
		t.Run(tt.queue, func(t *testing.T) {
			p, s := w.of(tt.queue)
			if s.At != nine {
				t.Errorf("counted at %s", s.At)
			}
			if math.Abs(p.Vary-tt.pace.Vary) < 1e-9 {
				p.Vary = tt.pace.Vary
			}
			if s.At = (time.Time{}); p != tt.pace || s != tt.staff {
				t.Errorf("%+v %+v, want %+v %+v", p, s, tt.pace, tt.staff)
			}
		})
	}
}

func TestAPaceIsReadAgainByTheClock(t *testing.T) {
	w := newWorld(t)
	if p, s := w.of("cards"); p != (acd.Pace{}) || s.Online() != 0 {
		t.Errorf("of nothing: %+v %+v", p, s)
	}
	w.agent("lin", "cards", agent.Available, nil)
	w.contacts(5, "cards", 0, time.Minute)
	if p, _ := w.of("cards"); p != (acd.Pace{}) {
		t.Errorf("at once: %+v", p)
	}
	w.clock.Advance(staffAge)
	if p, _ := w.of("cards"); p != (acd.Pace{Agents: 1}) {
		t.Errorf("later: %+v", p)
	}
	w.clock.Advance(recentAge)
	want := acd.Pace{Agents: 1, Handle: time.Minute, Vary: 0.1}
	if p, _ := w.of("cards"); p != want {
		t.Errorf("still later: %+v", p)
	}
	w.clock.Advance(recentAge)
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if strings.Contains(c.Key.Part, "|L#") {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	if p, _ := w.of("cards"); p != want {
		t.Errorf("without lists: %+v", p)
	}
}
