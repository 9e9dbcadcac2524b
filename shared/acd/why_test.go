package acd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

func TestEveryOfferSaysWhy(t *testing.T) {
	w := newWorld(t)
	w.configure(
		Queue{ID: "english", Group: "main", Needs: map[string]int{"english": 3}, Overflow: "loans", OverflowSeconds: 90}.Put(tenant),
		Profile{ID: "second", Group: "main", Queues: []ProfileQueue{{"loans", 2, 0}, {"english", 1, 45 * time.Second}}}.Put(tenant))
	w.addAgent("ann", "second", map[string]int{"english": 4})
	w.addAgent("bob", "loans", map[string]int{"english": 2})
	w.addAgent("cat", "loans", map[string]int{"english": 3})
	w.status("bob", agent.Available)
	w.begin("c1")
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "english"}))
	came := w.contact("c1").Enqueued
	w.settle(10 * time.Second)
	w.status("cat", agent.Available)
	w.settle(25 * time.Second) // cat lets it pass
	w.status("ann", agent.Available)
	w.settle(20 * time.Second) // until ann's delay is over
	w.wantsState("c1", contact.Offered, "")

	e, err := w.router.Explain(w.ctx, tenant, "c1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range e.Choices {
		got = append(got, fmt.Sprintf("%s after %.0f s for %s since %.0f s: priority %d level %d, free %d fits %d skills %d delayed %d",
			c.Agent, c.At.Sub(came).Seconds(), c.Cause, c.Since.Sub(came).Seconds(), c.Priority, c.Level, c.Free, c.Fits, c.Skills, c.Delayed))
	}
	want := []string{
		"cat after 10 s for agent since 10 s: priority 2 level 3, free 2 fits 0 skills 1 delayed 0",
		"ann after 45 s for delay since 45 s: priority 1 level 4, free 2 fits 0 skills 1 delayed 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("choices\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if e.Attempts != 2 || e.Agent != "ann" || e.State != "OFFERED" {
		t.Errorf("explanation %+v", e)
	}
}

func TestOneWhoWaitsIsToldWhatKeepsEachAgent(t *testing.T) {
	w := newWorld(t)
	w.configure(Profile{ID: "late", Group: "main", Queues: []ProfileQueue{{"loans", 1, 10 * time.Minute}}}.Put(tenant),
		Profile{ID: "other", Group: "main", Queues: []ProfileQueue{{"cards", 1, 0}}}.Put(tenant))
	for id, profile := range map[string]string{"away": "loans", "busy": "loans", "late": "late", "other": "other", "out": "loans", "unskilled": "loans"} {
		w.addAgent(id, profile, nil)
		w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: ConfigKey(tenant, roster+id), Put: cloud.Item{"v": int64(1), "agent": id}}))
	}
	w.status("busy", agent.Available)
	w.call("first", "loans")
	w.must(w.router.SetStatus(w.ctx, tenant, "away", agent.Away, "lunch"))
	for _, id := range []string{"late", "other", "unskilled"} {
		w.status(id, agent.Available)
	}
	w.begin("ahead")
	w.begin("c1")
	steps := []contact.Step{{Needs: map[string]int{"english": 2}}}
	w.must(w.router.Enqueue(w.ctx, tenant, "ahead", Request{Queue: "loans", Steps: steps, Priority: 1}))
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans", Steps: steps}))
	e, err := w.router.Explain(w.ctx, tenant, "c1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range e.Agents {
		got = append(got, strings.TrimSpace(o.Agent+" "+o.Why+" "+o.Detail))
	}
	want := "away away lunch; busy busy; late delay; other queue; out offline; unskilled skills english"
	if strings.Join(got, "; ") != want || e.Ahead != 1 {
		t.Errorf("%d ahead, agents %s, want %s", e.Ahead, strings.Join(got, "; "), want)
	}
}

func TestACallbackThatWaitsIsExplained(t *testing.T) {
	w := newWorld(t)
	const shop = `{"timeZone":"UTC","days":[[],[],[],[],[],[{"from":540,"to":1080}],[]]}`
	w.configure(cloud.Write{Key: ConfigKey(tenant, "HOURS#shop"), Put: cloud.Item{"v": int64(1), "document": shop}},
		cloud.Write{Key: ConfigKey(tenant, roster+"lin"), Put: cloud.Item{"v": int64(1), "agent": "lin"}},
		Queue{ID: "loans", Group: "main", Hours: "shop", CallerID: "95000", CallFirst: FirstCustomer}.Put(tenant))
	w.status("lin", agent.Available)
	for _, tt := range [][2]string{{"2026-11-20T17:00:00Z", "customer"}, {"2026-11-20T19:00:00Z", "time 2026-11-27T09:00:00Z"}} {
		at, want := tt[0], tt[1]
		now, err := time.Parse(time.RFC3339, at)
		w.must(now, err)
		w.clock.AdvanceTo(now)
		id := w.callsBack(contact.ID("c"+at[11:13]), CallBack{})
		e, err := w.router.Explain(w.ctx, tenant, id)
		if err != nil || len(e.Agents) != 1 {
			t.Fatalf("%+v, %v", e, err)
		}
		got := e.Agents[0].Why
		if !e.Agents[0].Expires.IsZero() {
			got += " " + e.Agents[0].Expires.Format(time.RFC3339)
		}
		w.is(at, got, want)
		if live, err := w.router.Sweep(w.ctx, tenant); err != nil || live != (want == "customer") {
			t.Errorf("at %s a sweep is wanted soon: %v, %v", at, live, err)
		}
		w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, contact.Micros(w.contact(id).Calling), contact.BadDestination))
	}
}
