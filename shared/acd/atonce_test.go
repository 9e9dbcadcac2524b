package acd

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

func TestOneWhoNeedNotWaitIsClaimedByItsFirstWrite(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	w.settle(0)
	w.begin("c1")
	w.cloud.ResetCounters()
	c, err := w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans", Record: true})
	if err != nil || c.State != contact.Offered || c.OfferAgent != "lin" {
		t.Fatalf("Enqueue = %+v, %v", c, err)
	}
	n := w.cloud.Counters()
	if n.Writes["W"] != 0 || localcloud.Sum(n.Writes) != 5 {
		t.Errorf("write units %v, want 4 of the claim and 1 for the agent's row", n.Writes)
	}
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	if rows := w.rows(); rows != "" {
		t.Errorf("rows %q, want none", rows)
	}
	stored := w.contact("c1")
	if stored.Epoch != 1 || stored.Attempts != 1 || stored.Queue != "loans" || !stored.Enqueued.Equal(w.clock.Now()) || stored.Rank == "" || stored.RingSeconds != 20 || !stored.Record {
		t.Errorf("stored %+v", stored)
	}
	e, err := w.router.Explain(w.ctx, tenant, "c1")
	if err != nil || len(e.Choices) != 1 || e.Choices[0].Agent != "lin" || e.Choices[0].Cause != contact.CauseNone || !e.Choices[0].At.Equal(e.Enqueued) || e.Choices[0].Free != 1 {
		t.Errorf("explanation %+v, %v", e, err)
	}
	w.settle(0)
	if got := w.verbs(); got != "ring" {
		t.Errorf("the relay was told %q, want ring", got)
	}
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans"})) // asked again: the answer was lost
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	rank := stored.Rank
	w.settle(30 * time.Second) // nobody answers
	w.wants("c1", "QUEUED", "lin", "MISSED 0")
	if c := w.contact("c1"); c.Rank != rank || c.Epoch != 2 || w.rows() != "W c1" {
		t.Errorf("after the offer: rank %s epoch %d, rows %q; want rank %s, epoch 2 and its row", c.Rank, c.Epoch, w.rows(), rank)
	}
}

// TestWhoCannotBeClaimedAtOnceWaits lets each thing be otherwise than a look at
// the rows found it, or than the claim takes it for.
func TestWhoCannotBeClaimedAtOnceWaits(t *testing.T) {
	tests := []struct {
		name       string
		before     func(w *world)        // with lin available
		meanwhile  func(w *world)        // between the look and the claim
		want, rows string                // of c1
		claims     int                   // that were tried
		epoch      int64                 // of c1
		channel    contact.Channel       // of c1; "" = voice
		queue      string                // "" = loans
		then       func(w *world) string // what else is wrong
	}{
		{name: "nobody is free", before: func(w *world) { w.status("lin", agent.Offline) }, want: "QUEUED", rows: "W c1", epoch: 1},
		{name: "who is free does not serve the queue", queue: "cards", want: "QUEUED", rows: "F lin, W c1", epoch: 1},
		{name: "the agent has gone", meanwhile: func(w *world) { w.status("lin", agent.Offline) }, want: "QUEUED", rows: "W c1", claims: 1, epoch: 1},
		{name: "the agent has gone and come back", meanwhile: func(w *world) { w.status("lin", agent.Offline); w.status("lin", agent.Available) },
			want: "OFFERED lin", rows: "", claims: 2, epoch: 1},
		{name: "the caller has hung up", meanwhile: func(w *world) { w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)) },
			want: "COMPLETED", rows: "F lin", claims: 1, epoch: 0},
		{name: "the contact is no call", channel: contact.Chat, want: "QUEUED", rows: "F lin, W c1", claims: 1, epoch: 1},
		{name: "another waits, whom the agent may have", before: func(w *world) {
			w.begin("c0")
			c0 := w.contact("c0")
			routing, err := w.router.Routing(w.ctx, tenant)
			w.must(routing, err)
			was := *c0
			w.must(nil, Request{}.enters(c0, routing.Queues["loans"], w.clock.Now().Add(-time.Second)))
			w.must(w.cloud.Table().Write(w.ctx, c0.Update(&was)))
			w.must(w.cloud.Table().Write(w.ctx, waitingWrite(c0, routing))) // and its round is still to come
		}, want: "QUEUED", rows: "W c1", claims: 1, epoch: 1, then: func(w *world) string { return string(w.contact("c0").State) + " " + w.contact("c0").OfferAgent }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.stream = false
			w.status("lin", agent.Available)
			if tt.before != nil {
				tt.before(w)
			}
			begin := contact.Contact{Tenant: tenant, ID: "c1", State: contact.InFlow, Since: w.clock.Now(), Channel: cmpOr(tt.channel, contact.Voice)}
			w.must(nil, w.router.Begin(w.ctx, &begin))
			table, claims := w.router.table, 0
			h := w.hook()
			h.transact = func(n int) {
				claims++
				if n == 1 && tt.meanwhile != nil {
					w.router.table = table
					tt.meanwhile(w)
					w.router.table = h
				}
			}
			_, err := w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: cmpOr(tt.queue, "loans")})
			w.router.table = table
			c := w.contact("c1")
			got := string(c.State)
			if c.OfferAgent != "" {
				got += " " + c.OfferAgent
			}
			if got != tt.want || w.rows() != tt.rows || claims != tt.claims || c.Epoch != tt.epoch {
				t.Errorf("c1 is %q epoch %d, rows %q after %d claims (%v); want %q epoch %d, %q after %d", got, c.Epoch, w.rows(), claims, err, tt.want, tt.epoch, tt.rows, tt.claims)
			}
			if tt.then != nil {
				if got := tt.then(w); got != "OFFERED lin" {
					t.Errorf("who waited before is %q", got)
				}
			}
		})
	}
}

// TestOfManyIdleOneIsTakenByChance lets few agents be taken in order, and of very
// many one of those who are idle longest, unless the group is exact.
func TestOfManyIdleOneIsTakenByChance(t *testing.T) {
	tests := []struct {
		name   string
		agents int
		group  Group
		skill  string // of the one who is idle longest
		want   string
	}{
		{name: "few", agents: longestIdle - 1, want: "a00"},
		{name: "very many", agents: longestIdle + 5, want: "a10"}, // chance is 0.5 in tests
		{name: "very many, in an exact group", agents: longestIdle + 5, group: Group{ID: "main", Exact: true}, want: "a00"},
		{name: "the last of them has the most skill", agents: longestIdle + 5, skill: "english", want: "a24"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.group.ID != "" {
				w.configure(tt.group.Put(tenant))
			}
			for n := range tt.agents {
				id, skills := fmt.Sprintf("a%02d", n), map[string]int{"english": 3}
				if tt.skill != "" && n == tt.agents-1 {
					skills[tt.skill] = 9
				}
				w.addAgent(id, "loans", skills)
				w.clock.Advance(time.Second)
				w.status(id, agent.Available)
			}
			w.call("c1", map[bool]string{true: "english", false: "loans"}[tt.skill != ""])
			w.wants("c1", "OFFERED "+tt.want, tt.want, "AVAILABLE 1")
		})
	}
}

// TestABusyGroupIsNotLookedAtTwice keeps the price of a contact that waits: once
// nobody was found free, the next one does not look before it waits.
func TestABusyGroupIsNotLookedAtTwice(t *testing.T) {
	w := newWorld(t)
	queries := func(id contact.ID) int64 {
		w.begin(id)
		w.must(w.router.Routing(w.ctx, tenant)) // is read by the clock
		w.cloud.ResetCounters()
		w.must(w.router.Enqueue(w.ctx, tenant, id, Request{Queue: "loans"}))
		return w.cloud.Counters().Requests["Table.Query"]
	}
	if first, second := queries("c1"), queries("c2"); first != 2 || second != 1 {
		t.Errorf("%d queries, then %d; want 2, then 1", first, second)
	}
	w.settle(busyFor)
	if again := queries("c3"); again != 2 {
		t.Errorf("%d queries after a while, want 2", again)
	}
}

// lossy is a table that does the first transaction and loses its answer.
type lossy struct {
	cloud.Table
	lost bool
}

// Transact is the table's.
func (l *lossy) Transact(ctx context.Context, token string, w ...cloud.Write) error {
	err := l.Table.Transact(ctx, token, w...)
	if !l.lost {
		l.lost = true
		return fault.New(fault.Timeout, "the answer is lost")
	}
	return err
}

func TestAClaimAtOnceWhoseAnswerWasLostIsFound(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	w.begin("c1")
	w.router.table = &lossy{Table: w.cloud.Table()}
	c, err := w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans"})
	if err != nil || c.State != contact.Offered {
		t.Fatalf("Enqueue = %+v, %v", c, err)
	}
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	if rows := w.rows(); rows != "" {
		t.Errorf("rows %q, want none", rows)
	}
}
