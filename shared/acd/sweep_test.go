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
)

// alone leaves routing to the sweeps: no stream, and timers that never come.
func (w *world) alone() {
	w.stream = false
	w.router.queue = lost{}
	for _, id := range []string{"lin", "wu"} {
		w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: ConfigKey(tenant, roster+id), Put: cloud.Item{"v": int64(1), "agent": id}}))
	}
}

// lost is a queue that loses what it takes.
type lost struct{ cloud.Queue }

// Send loses a message.
func (lost) Send(_ context.Context, _ string, _ cloud.Message) error { return nil }

// sweep sweeps every 5 s until d is over.
func (w *world) sweep(d time.Duration) {
	w.Helper()
	for ; d > 0; d -= SweepEvery {
		w.clock.Advance(SweepEvery)
		w.must(w.router.Sweep(w.ctx, tenant))
	}
}

func TestTheSweepAloneEndsWhatRanOver(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.sweep(20 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.sweep(10 * time.Second)
	w.wants("c1", "QUEUED", "lin", "MISSED 0")

	w.sweep(time.Minute) // the exclusion ends; the agent acts
	w.status("lin", agent.Available)
	offer := w.contact("c1").Offer
	w.must(w.router.Accept(w.ctx, tenant, "c1", offer))
	w.sweep(10 * time.Second)
	w.wants("c1", "CONNECTING lin", "lin", "AVAILABLE 1")
	w.sweep(10 * time.Second)
	w.wants("c1", "QUEUED", "lin", "MISSED 0")

	w.sweep(time.Minute)
	w.status("lin", agent.Available)
	offer = w.contact("c1").Offer
	w.must(w.router.Accept(w.ctx, tenant, "c1", offer))
	w.must(w.router.Joined(w.ctx, tenant, "c1", offer, ""))
	w.sweep(10 * time.Minute)
	w.wants("c1", "CONNECTED lin", "lin", "AVAILABLE 1")
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.sweep(30 * time.Second)
	w.wants("c1", "ENDED lin", "lin", "AVAILABLE 1")
	w.sweep(10 * time.Second)
	w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
}

func TestTheSweepTrustsNoOtherClock(t *testing.T) {
	for _, skew := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		w := newWorld(t)
		w.alone()
		w.call("c1", "loans")
		w.status("lin", agent.Available)
		w.clock.Advance(2 * time.Second)
		run := w.runtime()
		run.Now = func() time.Time { return w.clock.Now().Add(skew) }
		w.router = NewRouter(w.cloud.Table(), lost{}, run)
		w.sweep(20 * time.Second)
		w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
		w.sweep(15 * time.Second)
		w.wants("c1", "QUEUED", "lin", "MISSED 0")
	}
}

func TestTheSweepMakesRowsTrue(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.addAgent("wu", "loans", nil)
	w.status("lin", agent.Available)
	w.status("wu", agent.Available)
	routing := w.routing()
	lin := w.agent("lin")
	w.must(nil, w.router.deleteRow(w.ctx, w.router.keyOfFree(lin, routing), lin.Epoch))
	w.must(w.router.stepAgent(w.ctx, tenant, "wu", func(a *agent.Agent) (bool, error) { return setStatus(a, agent.Offline, "", w.clock.Now()) }))
	w.begin("c9")
	w.must(w.router.step(w.ctx, contactStep{tenant: tenant, id: "c9", decide: func(c *contact.Contact) (bool, error) {
		c.Queue, c.Group, c.Rank, c.Enqueued, c.Epoch = "loans", "main", "05.9", w.clock.Now(), 1
		return true, c.Move(contact.Completed, w.clock.Now())
	}}))
	orphan := waitingWrite(w.contact("c9"), w.routing())
	w.must(w.cloud.Table().Write(w.ctx, orphan))
	if got := w.rows(); got != "F wu, W c9" {
		t.Fatalf("rows %s", got)
	}
	w.sweep(40 * time.Second)
	if got := w.rows(); got != "F lin" {
		t.Errorf("rows %s, want those of who waits and is free alone", got)
	}
}

func TestTheSweepFreesTheAgentOfAContactThatIsOver(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.talk("c1")
	offer := w.contact("c1").Offer
	w.must(w.router.step(w.ctx, contactStep{tenant: tenant, id: "c1", decide: func(c *contact.Contact) (bool, error) {
		return true, c.Move(contact.Completed, w.clock.Now())
	}}))
	w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 1")
	w.sweep(15 * time.Second)
	w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
	if w.records("c1") != 1 || w.rows() != "F lin" {
		t.Errorf("%d records, rows %s after offer %s", w.records("c1"), w.rows(), offer)
	}
}

func TestOnlyWhereSomethingHappensIsSweptBetweenTheMinutes(t *testing.T) {
	w := newWorld(t)
	w.must(nil, w.router.SweepAll(w.ctx, time.Minute))
	if n := w.cloud.Depth(TimerQueue); n != 0 {
		t.Errorf("%d sweeps of a tenant that nobody works in", n)
	}
	w.status("lin", agent.Available)
	w.settle(0)
	w.must(nil, w.router.SweepAll(w.ctx, time.Minute))
	if n := w.cloud.Depth(TimerQueue); n != 0 {
		t.Errorf("%d sweeps of a tenant where nobody waits", n)
	}
	w.call("c1", "cards") // nobody serves it
	w.settle(0)
	w.must(nil, w.router.SweepAll(w.ctx, time.Minute))
	if n := w.cloud.Depth(TimerQueue); n != 11 {
		t.Errorf("%d sweeps until the next minute, want 11", n)
	}
	w.settle(time.Minute)
}

func TestASweepOfManyAgentsGoesOnInTheNext(t *testing.T) {
	w := newWorld(t)
	w.alone()
	for n := range 2*sweepAll + 10 { // who come before lin in the roster
		w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: ConfigKey(tenant, roster+fmt.Sprintf("%05d", n)), Put: cloud.Item{"v": int64(1)}}))
	}
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.sweep(20 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	for range 8 {
		w.clock.Advance(SweepEvery)
		if live, err := w.router.Sweep(w.ctx, tenant); err != nil || !live && w.agent("lin").Busy() {
			t.Errorf("live is %t while an agent is busy, %v", live, err)
		}
	}
	w.wants("c1", "QUEUED", "lin", "MISSED 0")
}

func TestTheSweepKnowsWhoWaitsByTheCall(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.call("c1", "loans")
	w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: waitingKey(w.contact("c1"), 1), Delete: true})) // as if its writer had crashed
	w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: relayKey(1), Set: cloud.Item{"live": []string{"c0", "c1"}}}))
	w.sweep(oldRow - SweepEvery)
	w.is("rows", w.rows(), "")
	w.sweep(2 * SweepEvery)
	w.status("lin", agent.Available)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
}

func TestTheSweepEndsAConsultThatNobodyAnswers(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.status("lin", agent.Available)
	w.call("c1", "loans")
	offer := w.contact("c1").Offer
	w.must(w.router.Accept(w.ctx, tenant, "c1", offer))
	w.must(w.router.JoinedLeg(w.ctx, tenant, "c1", offer, "leg-b", ""))
	w.addAgent("wu", "loans", nil)
	w.status("wu", agent.Available)
	_, talk, err := w.router.Consult(w.ctx, w.contact("c1"), "wu")
	w.must(talk, err)
	w.sweep(20 * time.Second)
	w.wants("c1", "CONNECTED lin", "wu", "AVAILABLE 1")
	w.sweep(15 * time.Second)
	w.wants("c1", "CONNECTED lin", "wu", "MISSED 0")
}

// One that cannot read all is no news of what it has not read: a function that fails
// now and then would see everything for the first time, again and again.
func TestSweepsThatFailForgetNothing(t *testing.T) {
	w := newWorld(t)
	w.alone()
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.clock.Advance(2 * SweepEvery) // too late to trust the time of who made the offer
	for n := range 8 {
		w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
			if n%2 == 1 && c.Op == localcloud.OpQuery {
				return localcloud.Down
			}
			return localcloud.Pass
		}})
		w.clock.Advance(SweepEvery)
		if _, err := w.router.Sweep(w.ctx, tenant); (err != nil) != (n%2 == 1) {
			t.Fatalf("sweep %d: %v", n, err)
		}
	}
	w.wants("c1", "QUEUED", "lin", "MISSED 0")
}

// A number that has answered, and whose caller did not get to it, holds no slot.
func TestTheSweepEndsANumberThatWasNeverJoined(t *testing.T) {
	w := talkWorld(t)
	w.alone()
	w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: relayKey(1), Set: cloud.Item{"live": []string{"c1"}}}))
	w.did(w.router.ConsultNumber(w.ctx, w.contact("c1"), outside))
	w.answers("")
	w.did(w.router.CompleteConsult(w.ctx, w.contact("c1")))
	w.wants("c1", "CONNECTING", "lin", "AVAILABLE 1")
	w.sweep(time.Minute)
	if c := w.contact("c1"); c.State == contact.Connecting {
		t.Errorf("still %s", c.State)
	}
}
