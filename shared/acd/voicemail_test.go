package acd

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// leftMessage is what a caller has left in the queue loans.
func (w *world) leftMessage() Message {
	return Message{Queue: "loans", Began: w.clock.Now().Add(-20 * time.Second), Recording: "recordings/recordings/demo/2026/01/01/c1-0.hwr", Language: "zh-CN"}
}

// desks is a world with two agents who take one contact at a time, a message too,
// and the call of c1, who leaves one.
func desks(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, id := range []string{"lin", "wu"} {
		if id != "lin" {
			w.addAgent(id, "loans", nil)
		}
		w.must(w.router.Assign(w.ctx, tenant, id, Assignment{Profile: "loans", Slots: map[contact.Channel]int{contact.Voice: 1, contact.Task: 1}}))
	}
	w.begin("c1")
	w.settle(time.Second)
	return w
}

func TestAMessageWaitsAndAnAgentGetsIt(t *testing.T) {
	w := desks(t)
	left, err := w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage())
	w.must(left, err)
	again, err := w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage())
	w.must(again, err)
	w.must(w.router.End(w.ctx, tenant, "c1", contact.FlowEnded))
	w.settle(48 * time.Hour) // nobody is there for two days
	id := VoicemailID("c1")
	if left.ID != id || again.ID != id || left.Related != "c1" || left.Customer != w.contact("c1").Customer || left.Channel != contact.Task || left.Method != contact.API {
		t.Fatalf("the message is %+v", left)
	}
	w.wants(id, "QUEUED", "lin", "OFFLINE 0")
	w.status("lin", agent.Available)
	w.settle(0)
	c := w.contact(id)
	if c.State != contact.Offered || c.OfferAgent != "lin" || len(w.updates) != 0 || len(w.dialled) != 0 {
		t.Fatalf("the message is %s at %q; relays were told %v %v", c.State, c.OfferAgent, w.updates, w.dialled)
	}
	c, err = w.router.Accept(w.ctx, tenant, id, c.Offer)
	w.must(c, err)
	w.settle(time.Minute)
	if c = w.contact(id); c.State != contact.Connected || c.AgentJoined.IsZero() || c.Recording != w.leftMessage().Recording {
		t.Fatalf("an accepted message is %+v", c)
	}
	if a := w.agent("lin"); a.Task.Used != 1 || a.Voice.Used != 0 || !a.CanCall() {
		t.Errorf("lin has %d messages, %d calls", a.Task.Used, a.Voice.Used)
	}
	if err := w.router.Command(w.ctx, c, sma.VerbHold); !errors.Is(err, ErrNoCall) {
		t.Errorf("hold: %v", err)
	}
	if _, err := w.router.TransferToQueue(w.ctx, c, "cards"); !errors.Is(err, ErrNoCall) {
		t.Errorf("transfer: %v", err)
	}
	if _, _, err := w.router.Supervise(w.ctx, c, "wu", TakeOver); !errors.Is(err, ErrNoCall) {
		t.Errorf("supervise: %v", err)
	}
	w.must(nil, w.router.Command(w.ctx, c, sma.VerbHangup))
	w.must(w.router.Finish(w.ctx, tenant, id, "called back"))
	w.settle(0)
	w.is("records", w.segments(id), "0 lin AGENT_DISCONNECT")
	w.wants(id, "COMPLETED lin", "lin", "AVAILABLE 0")
}

func TestAMessageGoesAfterThoseOnTheLine(t *testing.T) {
	w := desks(t)
	w.must(w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage()))
	w.settle(time.Minute)
	w.call("c2", "loans")
	w.settle(time.Second)
	if f, err := w.router.Figures(w.ctx, tenant, "loans"); err != nil || f.Waiting != 2 || f.Messages != 1 || !f.Oldest.Equal(w.contact("c2").Enqueued) {
		t.Errorf("figures %+v, %v", f, err)
	}
	w.status("lin", agent.Available)
	w.settle(0)
	w.wants("c2", "OFFERED lin", "lin", "AVAILABLE 1")
	w.wants(VoicemailID("c1"), "QUEUED", "lin", "AVAILABLE 1")
	w.status("wu", agent.Available)
	w.settle(0)
	if c := w.contact(VoicemailID("c1")); c.State != contact.Offered || c.OfferAgent != "wu" {
		t.Errorf("the message is %s at %q", c.State, c.OfferAgent)
	}
}

func TestAMessageThatNobodyTakes(t *testing.T) {
	w := desks(t)
	id := VoicemailID("c1")
	w.must(w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage()))
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.status("lin", agent.Available)
	w.settle(time.Minute)
	w.wants(id, "QUEUED", "lin", "MISSED 0")
	w.status("lin", agent.Available)
	w.settle(2 * time.Minute) // the exclusion is over, and it rings in vain again
	w.wants(id, "QUEUED", "lin", "MISSED 0")
	if n := w.contact(id).Attempts; n != 2 {
		t.Errorf("%d offers", n)
	}
	w.settle(8 * 24 * time.Hour)
	w.must(w.router.Sweep(w.ctx, tenant))
	w.settle(0)
	w.is("records", w.segments(id), "0  queue_timeout")
}

func TestAnAgentWithoutRoomForMessagesGetsNone(t *testing.T) {
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: ConfigKey(tenant, roster+"lin"), Put: cloud.Item{"v": int64(1), "agent": "lin"}}))
	w.begin("c1")
	w.must(w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage()))
	w.status("lin", agent.Available)
	w.settle(time.Minute)
	w.wants(VoicemailID("c1"), "QUEUED", "lin", "AVAILABLE 0")
	e, err := w.router.Explain(w.ctx, tenant, VoicemailID("c1"))
	if w.must(e, err); len(e.Agents) != 1 || e.Agents[0].Why != "channel" {
		t.Errorf("why it waits: %+v", e.Agents)
	}
}

func TestWhoWaitsLeavesTheQueueForAMessage(t *testing.T) {
	w := desks(t)
	w.call("c2", "loans")
	w.settle(time.Second)
	waits := w.contact("c2")
	w.must(w.router.LeaveQueue(w.ctx, waits))
	w.must(w.router.LeaveQueue(w.ctx, w.contact("c2"))) // asked again
	w.status("lin", agent.Available)
	w.settle(time.Minute)
	w.wants("c2", "IN_FLOW", "lin", "AVAILABLE 0")
	w.is("rows", w.rows(), "F lin")
	w.call("c3", "loans")
	w.settle(0)
	if _, err := w.router.LeaveQueue(w.ctx, w.contact("c3")); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("one who is offered leaves: %v", err)
	}
}

func TestAMessageForAQueueThatIsGone(t *testing.T) {
	w := desks(t)
	m := w.leftMessage()
	m.Queue = "x"
	if _, err := w.router.LeaveMessage(w.ctx, w.contact("c1"), m); !errors.Is(err, ErrNoQueue) {
		t.Errorf("%v", err)
	}
}

// message plays a message from the caller to its end. Errors are those of a cloud
// that dies.
func (w *world) message() {
	c1, err := w.router.Contact(w.ctx, tenant, "c1")
	if err != nil {
		return
	}
	_, _ = w.router.LeaveMessage(w.ctx, c1, w.leftMessage())
	_, _ = w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)
	_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(time.Second), 10000)
	id := VoicemailID("c1")
	if c, err := w.router.Contact(w.ctx, tenant, id); err == nil {
		_, _ = w.router.Accept(w.ctx, tenant, id, c.Offer)
	}
	_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(time.Second), 10000)
	if c, err := w.router.Contact(w.ctx, tenant, id); err == nil {
		_ = w.router.Command(w.ctx, c, sma.VerbHangup)
		_, _ = w.router.Finish(w.ctx, tenant, id, "called back")
	}
}

// isDealtWith plays what comes after a death: the relay tells of the hang-up again,
// and an agent takes what waits. The message is done, once, then.
func (w *world) isDealtWith(what string) {
	w.Helper()
	w.must(w.router.LeaveMessage(w.ctx, w.contact("c1"), w.leftMessage()))
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	id := VoicemailID("c1")
	for range 10 {
		w.settle(15 * time.Second)
		w.must(w.router.Sweep(w.ctx, tenant))
		w.settle(0)
		switch c := w.contact(id); c.State {
		case contact.Offered:
			w.must(w.router.Accept(w.ctx, tenant, id, c.Offer))
		case contact.Connected:
			w.must(nil, w.router.Command(w.ctx, c, sma.VerbHangup))
		case contact.Ended:
			w.must(w.router.Finish(w.ctx, tenant, id, "called back"))
		case contact.Queued:
			w.status("lin", agent.Available)
		}
	}
	for _, id := range []contact.ID{"c1", id} {
		if c := w.contact(id); c.State != contact.Completed || w.records(id) != 1 {
			w.Errorf("%s: %s is %s %s, %d records", what, id, c.State, c.Reason, w.records(id))
		}
	}
	if a := w.agent("lin"); len(a.Offers) != 0 || a.Task.Used != 0 {
		w.Errorf("%s: lin is stuck with %v", what, a.Offers)
	}
	if rows := w.rows(); rows != "F lin" {
		w.Errorf("%s: rows %s", what, rows)
	}
}

func TestEveryCrashOfAMessageIsMadeGood(t *testing.T) {
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := desks(t)
		w.status("lin", agent.Available)
		w.settle(0)
		if k == 1 {
			before := w.cloud.Acked()
			w.message()
			points = w.cloud.Acked() - before
			w.isDealtWith("without a crash")
			w = desks(t)
			w.status("lin", agent.Available)
			w.settle(0)
		}
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		w.message()
		w.open(w.cloud)
		w.isDealtWith(fmt.Sprintf("point %d", k))
	}
	if points < 10 {
		t.Errorf("%d crash points", points)
	}
	t.Logf("%d crash points", points)
}

func TestEveryAnswerOfAMessageMayBeLost(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle} {
		for n := 1; ; n++ {
			w := desks(t)
			w.status("lin", agent.Available)
			w.settle(0)
			seen := w.nth(n, verdict)
			w.message()
			w.cloud.SetFaults(localcloud.Faults{})
			w.isDealtWith(fmt.Sprintf("%v on request %d", verdict, n))
			if *seen < n {
				break
			}
		}
	}
}
