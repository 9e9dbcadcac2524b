package acd

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/hours"
	"huawu/shared/sma"
)

// configure writes configuration, and lets the old one be forgotten.
func (w *world) configure(writes ...cloud.Write) {
	w.Helper()
	for _, put := range writes {
		w.must(w.cloud.Table().Write(w.ctx, put))
	}
	w.clock.Advance(configAge + time.Second)
	w.settle(0)
}

// waiting returns the queue that a contact waits in.
func (w *world) queue(id contact.ID) string {
	w.Helper()
	c := w.contact(id)
	if c.State != contact.Queued {
		return string(c.State)
	}
	return c.Queue
}

func TestAQueueThatIsFullTakesNobody(t *testing.T) {
	w := newWorld(t)
	w.configure(Queue{ID: "cards", Group: "main", MaxWaiting: 2}.Put(tenant))
	w.call("c1", "cards")
	w.call("c2", "cards")
	w.begin("c3")
	if _, err := w.router.Enqueue(w.ctx, tenant, "c3", Request{Queue: "cards"}); !errors.Is(err, ErrFull) {
		t.Errorf("the third of two: %v", err)
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.call("c3", "cards")
	w.must(w.router.Enqueue(w.ctx, tenant, "c2", Request{Queue: "loans"})) // again is no change
	if w.queue("c3") != "cards" || w.queue("c2") != "cards" {
		t.Errorf("c3 waits in %s, c2 in %s", w.queue("c3"), w.queue("c2"))
	}
}

func TestOverflowByDepthFollowsACircleOnce(t *testing.T) {
	w := newWorld(t)
	w.configure(
		Queue{ID: "cards", Group: "main", MaxWaiting: 2, Overflow: "loans", OverflowDepth: 1}.Put(tenant),
		Queue{ID: "loans", Group: "main", MaxWaiting: 1, Overflow: "cards"}.Put(tenant))
	for n, want := range []string{"cards", "loans", "full"} {
		id := contact.ID(fmt.Sprint("c", n))
		w.begin(id)
		got := "full"
		if c, err := w.router.Enqueue(w.ctx, tenant, id, Request{Queue: "cards"}); err == nil {
			got = c.Queue
		} else if !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("contact %d went to %s, want %s", n, got, want)
		}
	}
}

func TestOverflowByWait(t *testing.T) {
	w := newWorld(t)
	w.configure(
		Queue{ID: "english", Group: "main", Overflow: "loans", OverflowSeconds: 40}.Put(tenant),
		Queue{ID: "loans", Group: "main", Overflow: "english", OverflowSeconds: 40}.Put(tenant), // in a circle
		Profile{ID: "loans", Group: "main", Queues: []ProfileQueue{{"loans", 1, 0}}}.Put(tenant))
	w.status("lin", agent.Available)
	w.call("c1", "english")
	w.settle(39 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.settle(2 * time.Second) // by the group's timer
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	if w.queue("c1"); w.contact("c1").Queue != "english" {
		t.Errorf("the contact's queue is %s now", w.contact("c1").Queue)
	}
}

func TestHoursThatSendContactsElsewhere(t *testing.T) {
	w := newWorld(t)
	shop := `{"timeZone":"Asia/Shanghai","days":[[],[{"from":540,"to":720},{"from":840,"to":1080}],[{"from":540,"to":720},{"from":840,"to":1080}],[],[],[{"from":540,"to":720},{"from":1200,"to":1260}],[]],
		"exceptions":[{"name":"holiday","from":"2026-11-23","to":"2026-11-23"}]}`
	if _, err := hours.Parse([]byte(shop)); err != nil {
		t.Fatal(err)
	}
	w.configure(
		cloud.Write{Key: ConfigKey(tenant, "HOURS#shop"), Put: cloud.Item{"v": int64(1), "document": shop}},
		Queue{ID: "cards", Group: "main", Hours: "shop", AfterHours: "loans"}.Put(tenant),
		Queue{ID: "english", Group: "main", Hours: "shop", AfterHours: Refuse}.Put(tenant),
		Queue{ID: "plain", Group: "main", Hours: "shop"}.Put(tenant))
	for n, tt := range []struct {
		at                   string // in Shanghai
		cards, english, name string
	}{
		{"2026-11-20T20:30:00+08:00", "cards", "english", "Friday, second interval"},
		{"2026-11-20T21:30:00+08:00", "loans", "", "Friday, after it"},
		{"2026-11-23T10:00:00+08:00", "loans", "", "a Monday that is a holiday"},
		{"2026-11-24T10:00:00+08:00", "cards", "english", "Tuesday, first interval"},
		{"2026-11-24T13:00:00+08:00", "loans", "", "Tuesday, between them"},
	} {
		now, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.AdvanceTo(now)
		a, b, c := contact.ID(fmt.Sprint("a", n)), contact.ID(fmt.Sprint("b", n)), contact.ID(fmt.Sprint("c", n))
		w.call(a, "cards")
		w.begin(b)
		_, err = w.router.Enqueue(w.ctx, tenant, b, Request{Queue: "english"})
		if refused := errors.Is(err, ErrClosed); w.queue(a) != tt.cards || refused != (tt.english == "") {
			t.Errorf("%s: cards goes to %s, english: %v", tt.name, w.queue(a), err)
		}
		w.call(c, "plain")
		if w.queue(c) != "plain" {
			t.Errorf("%s: hours that only flows ask for", tt.name)
		}
	}
}

func TestNobodyWaitsLongerThanTheQueueLets(t *testing.T) {
	for name, agents := range map[string]bool{"somebody is free for others": true, "nobody is free": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.configure(Queue{ID: "cards", Group: "main", MaxWaitSeconds: 60}.Put(tenant))
			if agents {
				w.status("lin", agent.Available)
			}
			w.call("c1", "cards")
			w.settle(59 * time.Second)
			w.verbs()
			w.wantsState("c1", contact.Queued, "")
			w.settle(3 * time.Second)
			w.wantsState("c1", contact.Completed, contact.QueueTimeout)
			if got := w.verbs(); got != sma.VerbHangup || w.records("c1") != 1 {
				t.Errorf("the relay was told %q, %d records", got, w.records("c1"))
			}
		})
	}
}

func (w *world) wantsState(id contact.ID, state contact.State, why contact.Reason) {
	w.Helper()
	if c := w.contact(id); c.State != state || c.Reason != why {
		w.Errorf("contact %s is %s %q, want %s %q", id, c.State, c.Reason, state, why)
	}
}

func TestSkillsNobodyHasWaitUntilTheyRelax(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	w.begin("c1")
	steps, err := ParseCriteria([]byte(`{"Steps":[
		{"Expiry":{"DurationInSeconds":30},"Expression":{"AndExpression":[{"AttributeCondition":{"Name":"Language","Value":"japanese","ProficiencyLevel":4,"ComparisonOperator":"NumberGreaterOrEqualTo"}}]}},
		{"Expiry":{"DurationInSeconds":20},"Expression":{"AttributeCondition":{"Name":"Language","Value":"japanese","ProficiencyLevel":2}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans", Steps: steps}))
	w.settle(49 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.settle(2 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
}

func TestAPreferredAgentIsWaitedForAWhile(t *testing.T) {
	w := newWorld(t)
	w.addAgent("wu", "loans", nil)
	w.status("lin", agent.Available)
	w.begin("c1")
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans", Preferred: "wu", PreferFor: 30 * time.Second}))
	w.begin("c2")
	w.must(w.router.Enqueue(w.ctx, tenant, "c2", Request{Queue: "loans", Preferred: "nobody", PreferFor: time.Minute}))
	w.settle(10 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.status("wu", agent.Available)
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
	w.settle(45 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1") // when wu had let it pass
	w.wants("c2", "QUEUED", "wu", "MISSED 0")
	w.status("wu", agent.Available)
	w.settle(10 * time.Second)
	w.wants("c2", "OFFERED wu", "wu", "AVAILABLE 1")
}

func TestAMovedContactKeepsWhenItCame(t *testing.T) {
	w := newWorld(t)
	w.call("old", "cards")
	w.clock.Advance(time.Minute)
	w.call("new", "loans")
	w.must(w.router.Move(w.ctx, tenant, "old", Request{Queue: "loans"}))
	w.must(w.router.Move(w.ctx, tenant, "old", Request{Queue: "loans"}))
	w.settle(0)
	if got := w.rows(); got != "W old, W new" {
		t.Errorf("rows %s", got)
	}
	w.status("lin", agent.Available)
	w.wants("old", "OFFERED lin", "lin", "AVAILABLE 1")
	if _, err := w.router.Move(w.ctx, tenant, "old", Request{Queue: "cards"}); !errors.Is(err, contact.ErrStep) {
		t.Errorf("a contact that rings is moved: %v", err)
	}
}

func TestAnAgentChatsSeveralAtOnceAndTalksAlone(t *testing.T) {
	w := newWorld(t)
	a := agent.Agent{Tenant: tenant, ID: "ann", State: agent.Offline, Username: "ann", Profile: "loans", Voice: agent.Slots{Max: 1}, Chat: agent.Slots{Max: 3}}
	w.must(w.cloud.Table().Write(w.ctx, a.Put()))
	w.status("ann", agent.Available)
	chat := func(id contact.ID) {
		c := &contact.Contact{Tenant: tenant, ID: id, State: contact.InFlow, Since: w.clock.Now(), Channel: contact.Chat, Method: contact.Inbound, Initiated: w.clock.Now()}
		if err := w.router.Begin(w.ctx, c); err != nil {
			t.Fatal(err)
		}
		w.must(w.router.Enqueue(w.ctx, tenant, id, Request{Queue: "loans"}))
	}
	for n := range 3 {
		chat(contact.ID(fmt.Sprint("chat", n)))
		w.settle(0)
	}
	chat("chat3")
	w.call("call", "loans")
	w.settle(0)
	if a := w.agent("ann"); a.Chat.Used != 3 || a.Voice.Used != 0 || len(a.Offers) != 3 || w.rows() != "W call, W chat3" && w.rows() != "W chat3, W call" {
		t.Fatalf("ann has %+v, rows %s", a, w.rows())
	}
	for n := range 3 {
		id := contact.ID(fmt.Sprint("chat", n))
		o := w.contact(id).Offer
		w.must(w.router.Accept(w.ctx, tenant, id, o))
		w.must(w.router.Joined(w.ctx, tenant, id, o, ""))
	}
	end := func(id contact.ID) {
		w.must(w.router.End(w.ctx, tenant, id, contact.CustomerLeft))
		w.must(w.router.Finish(w.ctx, tenant, id, "done"))
		w.settle(0)
	}
	end("chat0")
	if c := w.contact("chat3"); c.OfferAgent != "ann" || w.contact("call").State != contact.Queued {
		t.Errorf("chat3 is %s, the call %s", c.State, w.contact("call").State)
	}
	w.must(nil, w.router.Reject(w.ctx, tenant, "chat3", w.contact("chat3").Offer))
	w.must(w.router.End(w.ctx, tenant, "chat3", contact.CustomerLeft))
	end("chat1")
	end("chat2")
	w.status("ann", agent.Available)
	w.settle(0)
	if c := w.contact("call"); c.OfferAgent != "ann" || w.agent("ann").Chat.Used != 0 || w.rows() != "" {
		t.Errorf("the call is %s at %q, rows %s", c.State, c.OfferAgent, w.rows())
	}
	chat("chat4")
	w.settle(0)
	if c := w.contact("chat4"); c.State != contact.Queued {
		t.Errorf("who talks was offered a chat: %s", c.State)
	}
}

func TestADeletedQueueEndsWhoWaitsInIt(t *testing.T) {
	for name, crowd := range map[string]int{"few wait": 0, "more wait than one read takes": wholePage + 10} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.call("c1", "cards")
			w.call("c2", "loans")
			for n := range crowd {
				c := &contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprintf("x%03d", n)), Queue: "loans", Group: "main", Rank: fmt.Sprintf("09.%016d", n), Enqueued: w.clock.Now()}
				w.must(w.cloud.Table().Write(w.ctx, waitingWrite(c, w.routing())))
			}
			w.configure(cloud.Write{Key: ConfigKey(tenant, "QUEUE#cards"), Delete: true})
			w.verbs()
			w.sweep(20 * time.Second)
			w.wantsState("c1", contact.Queued, "") // it may come back
			w.sweep(50 * time.Second)
			w.settle(0)
			w.wantsState("c1", contact.Completed, contact.QueueDeleted)
			w.wantsState("c2", contact.Queued, "")
			if got := w.verbs(); got != sma.VerbHangup || w.records("c1") != 1 {
				t.Errorf("the relay was told %q, %d records", got, w.records("c1"))
			}
		})
	}
}

func TestTwoBrowsersOfOneAgent(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.status("lin", agent.Available) // the second one
	o := w.contact("c1").Offer
	w.must(w.router.Accept(w.ctx, tenant, "c1", o))
	w.must(w.router.Accept(w.ctx, tenant, "c1", o))
	if err := w.router.Reject(w.ctx, tenant, "c1", o); err != nil { // one takes it, the other declines
		t.Error(err)
	}
	w.wants("c1", "CONNECTING lin", "lin", "AVAILABLE 1")
	w.must(w.router.Joined(w.ctx, tenant, "c1", o, ""))
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Offline, "")) // one is closed: the talk goes on
	w.settle(time.Minute)
	w.wants("c1", "CONNECTED lin", "lin", "AVAILABLE 1")
}
