package acd

import (
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// twoGroups is a tenant whose queue loans of group main overflows to night of group
// far after 40 s; an agent of far is wu.
func twoGroups(t *testing.T, night Queue) *world {
	t.Helper()
	w := newWorld(t)
	night.ID, night.Group = "night", "far"
	w.configure(
		Queue{ID: "loans", Group: "main", Overflow: "night", OverflowSeconds: 40}.Put(tenant), night.Put(tenant),
		Profile{ID: "far", Group: "far", Queues: []ProfileQueue{{"night", 1, 0}}}.Put(tenant))
	w.addAgent("wu", "far", nil)
	return w
}

// rowsOf is rows of another group.
func (w *world) rowsOf(group string) int {
	w.Helper()
	page, _, err := w.cloud.Table().Query(w.ctx, cloud.Query{Part: shardPart(tenant, group, 0), Strong: true})
	w.must(page, err)
	return len(page)
}

func TestOverflowToAQueueOfAnotherGroup(t *testing.T) {
	w := twoGroups(t, Queue{})
	w.status("wu", agent.Available)
	w.call("c1", "loans")
	came := w.contact("c1").Enqueued
	w.settle(39 * time.Second)
	w.wants("c1", "QUEUED", "wu", "AVAILABLE 0")
	w.settle(2 * time.Second) // by the group's timer
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
	c := w.contact("c1")
	if c.Queue != "night" || c.Group != "far" || !c.Enqueued.Equal(came) || fmt.Sprint(c.Passed) != "[loans]" {
		t.Errorf("moved: %+v", c)
	}
	w.is("rows of its group before", w.rows(), "")
	w.must(nil, w.router.Reject(w.ctx, tenant, "c1", c.Offer))
	w.settle(0)
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.settle(time.Minute)
	if n := w.rowsOf("far"); n != 0 || w.records("c1") != 1 {
		t.Errorf("%d rows, %d records", n, w.records("c1"))
	}
}

func TestOverflowToAnotherGroupAndBackEnds(t *testing.T) {
	w := twoGroups(t, Queue{Overflow: "loans", OverflowSeconds: 30})
	w.call("c1", "loans")
	for second, want := range map[int]string{39: "loans"} {
		w.settle(time.Duration(second) * time.Second)
		w.is("queue", w.queue("c1"), want)
	}
	w.settle(2 * time.Second)
	w.is("queue", w.queue("c1"), "night")
	w.settle(10 * time.Minute)
	w.is("queue", w.queue("c1"), "night")
	if c := w.contact("c1"); c.Epoch != 2 {
		t.Errorf("moved to and fro: epoch %d", c.Epoch)
	}
}

func TestOverflowToAnotherGroupThatTakesNobody(t *testing.T) {
	w := twoGroups(t, Queue{MaxWaiting: 1})
	w.call("x1", "night")
	w.call("c1", "loans")
	w.settle(time.Minute)
	w.is("queue", w.queue("c1"), "loans")
	w.must(w.router.End(w.ctx, tenant, "x1", contact.CustomerLeft))
	w.sweep(5 * time.Second)
	w.is("queue", w.queue("c1"), "night")
}

func TestHelpersOfTheOwnGroupComeBeforeAnotherGroup(t *testing.T) {
	r := &Routing{Queues: map[string]Queue{
		"a": {ID: "a", Group: "main", Overflow: "b", OverflowSeconds: 10}, "b": {ID: "b", Group: "main", Overflow: "c", OverflowSeconds: 20},
		"c": {ID: "c", Group: "far"}, "d": {ID: "d", Group: "main", Overflow: "e", OverflowSeconds: 10}, "e": {ID: "e", Group: "main", Overflow: "d", OverflowSeconds: 10},
		"f": {ID: "f", Group: "main", Overflow: "gone", OverflowSeconds: 10}, "g": {ID: "g", Group: "main", Overflow: "c"}}}
	for id, want := range map[string]string{"a": "[{b 10s}] c 30s", "b": "[] c 20s", "c": "[]  0s", "d": "[{e 10s}]  0s", "f": "[]  0s", "g": "[]  0s"} {
		to, after := r.away(r.Queues[id])
		if got := fmt.Sprint(r.overflow(r.Queues[id]), " ", to, " ", after); got != want {
			t.Errorf("overflow of %s: %s, want %s", id, got, want)
		}
	}
}

func TestADeletedQueueWithAnOverflowLosesNobody(t *testing.T) {
	for name, to := range map[string]Queue{"of its group": {ID: "other", Group: "main"}, "of another": {ID: "other", Group: "far"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.configure(to.Put(tenant), Queue{ID: "cards", Group: "main", Overflow: "other", OverflowSeconds: 600}.Put(tenant))
			w.call("c1", "cards")
			came := w.contact("c1").Enqueued
			w.configure(cloud.Write{Key: ConfigKey(tenant, "QUEUE#cards"), Delete: true})
			w.verbs()
			w.sweep(20 * time.Second)
			w.is("queue", w.queue("c1"), "cards") // it may come back
			w.sweep(50 * time.Second)
			w.is("queue", w.queue("c1"), "other")
			if !w.contact("c1").Enqueued.Equal(came) {
				t.Error("it lost its place")
			}
			w.is("commands", w.verbs(), "")
		})
	}
}

func TestADeletedQueueWhoseOverflowIsFull(t *testing.T) {
	w := newWorld(t)
	w.configure(Queue{ID: "other", Group: "main", MaxWaiting: 1}.Put(tenant), Queue{ID: "cards", Group: "main", Overflow: "other", OverflowSeconds: 600}.Put(tenant))
	w.call("c1", "cards")
	w.call("x1", "other")
	w.configure(cloud.Write{Key: ConfigKey(tenant, "QUEUE#cards"), Delete: true})
	w.verbs()
	w.sweep(70 * time.Second)
	w.settle(0)
	w.wantsState("c1", contact.Completed, contact.QueueDeleted)
	w.is("commands", w.verbs(), sma.VerbHangup)
}

func TestANeedThatNobodyMeetsEndsWithTheQueuesPatience(t *testing.T) {
	w := newWorld(t)
	w.configure(Queue{ID: "english", Group: "main", Needs: map[string]int{"klingon": 5}, MaxWaitSeconds: 120}.Put(tenant))
	w.status("lin", agent.Available)
	w.call("c1", "english")
	w.settle(119 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.settle(2 * time.Second)
	w.wantsState("c1", contact.Completed, contact.QueueTimeout)
	w.is("commands", w.verbs(), sma.VerbHangup)
}

func TestHowLongACallbackMayWait(t *testing.T) {
	w := newWorld(t)
	w.configure(Queue{ID: "loans", Group: "main", CallerID: "95000", CallFirst: FirstCustomer, MaxWaitSeconds: 60}.Put(tenant))
	id := w.callsBack("c1", CallBack{})
	w.settle(time.Hour) // the limit is for those on the line
	w.wantsState(id, contact.Queued, "")
	w.status("lin", agent.Available)
	w.settle(0)
	_, call := w.called(id)
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Away, "lunch"))
	w.must(w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1"))
	w.must(w.router.CustomerAnswered(w.ctx, tenant, id, call))
	w.settle(59 * time.Second)
	w.wantsState(id, contact.Queued, "")
	w.settle(2 * time.Second)
	w.wantsState(id, contact.Completed, contact.QueueTimeout)
	again := w.callsBack("c2", CallBack{Delay: 8 * 24 * time.Hour})
	for range 8 {
		w.clock.Advance(24 * time.Hour)
		w.must(w.router.Sweep(w.ctx, tenant))
		w.settle(0)
	}
	w.wantsState(again, contact.Completed, contact.QueueTimeout)
}

func TestWhenAfterContactWorkEnds(t *testing.T) {
	tests := []struct {
		name  string
		queue Queue
		after time.Duration // of which it is not over yet
		ends  time.Duration // by itself
	}{
		{"when its time is over", Queue{ACWSeconds: 30}, 29 * time.Second, 35 * time.Second},
		{"at once where there is none", Queue{}, -1, time.Second},
		{"when the agent says so", Queue{WrapUp: WrapManual}, 7 * time.Hour, 9 * time.Hour},
		{"when the agent says so, though it should take 30 s", Queue{WrapUp: WrapManual, ACWSeconds: 30}, 7 * time.Hour, 9 * time.Hour},
		{"when what is required was set", Queue{ACWSeconds: 30, Required: []string{FieldDisposition}}, 7 * time.Hour, 9 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, agentEnds := range []bool{false, true} {
				w := newWorld(t)
				tt.queue.ID, tt.queue.Group = "loans", "main"
				w.configure(tt.queue.Put(tenant))
				w.talk("c1")
				w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
				began := w.clock.Now()
				for w.clock.Now().Before(began.Add(tt.after)) {
					w.settle(min(time.Hour, began.Add(tt.after).Sub(w.clock.Now())))
					w.must(w.router.Sweep(w.ctx, tenant))
				}
				if tt.after > 0 {
					w.wants("c1", "ENDED lin", "lin", "AVAILABLE 1")
				}
				if c := w.contact("c1"); (tt.queue.ACWSeconds > 0) != !c.ACWUntil.IsZero() {
					t.Errorf("it is to end at %s", c.ACWUntil)
				}
				if agentEnds {
					w.must(w.router.Finish(w.ctx, tenant, "c1", "sold"))
				} else {
					for w.clock.Now().Before(began.Add(tt.ends)) {
						w.settle(min(30*time.Minute, began.Add(tt.ends).Sub(w.clock.Now())))
						w.must(w.router.Sweep(w.ctx, tenant))
						w.settle(0)
					}
				}
				w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
				w.is("records", w.segments("c1"), "0 lin CUSTOMER_DISCONNECT")
			}
		})
	}
}

func TestWhoHandsAContactOverWrapsUpAsTheQueueSays(t *testing.T) {
	w := newWorld(t)
	w.configure(Queue{ID: "loans", Group: "main", WrapUp: WrapManual}.Put(tenant))
	w.talk("c1")
	c := w.contact("c1")
	w.must(w.router.TransferToQueue(w.ctx, c, "cards"))
	w.settle(7 * time.Hour)
	left, err := w.router.Left(w.ctx, tenant, "c1", c.Offer)
	if err != nil || left.State != contact.Ended || w.contact("c1").ACWManual {
		t.Fatalf("what lin left: %+v, %v", left, err)
	}
	w.must(w.router.FinishLeft(w.ctx, left, "passed"))
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
}
