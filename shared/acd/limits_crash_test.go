package acd

import (
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// eachCrash plays something in a world of its own for each request at which the
// cloud may die, opens it again, and checks what comes of it.
func eachCrash(t *testing.T, setup func(t *testing.T) *world, play func(*world), check func(w *world, what string)) {
	t.Helper()
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := setup(t)
		if k == 1 {
			before := w.cloud.Acked()
			play(w)
			points = w.cloud.Acked() - before
			check(w, "without a crash")
			w = setup(t)
		}
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		play(w)
		w.open(w.cloud)
		check(w, fmt.Sprintf("point %d", k))
	}
	if points < 3 {
		t.Errorf("%d crash points", points)
	}
	t.Logf("%d crash points", points)
}

// later lets time go on and whatever is due be done, sweeps included.
func (w *world) later(times int, step time.Duration) {
	w.Helper()
	for range times {
		w.settle(step)
		w.must(w.router.Sweep(w.ctx, tenant))
		w.settle(0)
	}
}

func TestEveryCrashOfAnOverflowToAnotherGroupIsMadeGood(t *testing.T) {
	eachCrash(t, func(t *testing.T) *world {
		w := twoGroups(t, Queue{})
		w.call("c1", "loans")
		w.settle(39 * time.Second)
		w.status("wu", agent.Available)
		return w
	}, func(w *world) {
		_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(5*time.Second), 10000)
	}, func(w *world, what string) {
		w.later(3, 5*time.Second)
		w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
		w.must(w.router.Accept(w.ctx, tenant, "c1", w.contact("c1").Offer))
		w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, ""))
		w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		w.later(30, 5*time.Second)
		w.wants("c1", "COMPLETED wu", "wu", "AVAILABLE 0")
		if rows := w.rows(); rows != "" || w.rowsOf("far") != 1 || w.records("c1") != 1 {
			w.Errorf("%s: rows %q of its group before, %d of the other, %d records", what, rows, w.rowsOf("far"), w.records("c1"))
		}
	})
}

func TestEveryCrashOfATransferToAFlowIsMadeGood(t *testing.T) {
	eachCrash(t, func(t *testing.T) *world {
		w := newWorld(t)
		w.talk("c1")
		w.settle(10 * time.Second)
		w.verbs()
		return w
	}, func(w *world) {
		if c, err := w.router.Contact(w.ctx, tenant, "c1"); err == nil {
			_, _ = w.router.TransferToFlow(w.ctx, c, "survey")
		}
		_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now(), 10000)
	}, func(w *world, what string) {
		w.settle(0)
		if c := w.contact("c1"); c.State == contact.Connected { // it was not done: the agent tries again
			w.must(w.router.TransferToFlow(w.ctx, c, "survey"))
			w.settle(0)
		}
		if c := w.contact("c1"); c.State != contact.InFlow || c.Flow != "survey" || c.Segment != 1 {
			w.Errorf("%s: %+v", what, c)
		}
		if told := w.verbs(); told == "" {
			w.Errorf("%s: the relay is told nothing", what)
		}
		w.must(w.router.End(w.ctx, tenant, "c1", contact.FlowEnded))
		w.later(2, 30*time.Second)
		w.is(what, w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1  CONTACT_FLOW_DISCONNECT")
		w.wants("c1", "COMPLETED", "lin", "AVAILABLE 0")
	})
}
