package acd

import (
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// firstCall plays a callback that calls the customer first: busy, then on the line,
// then with an agent. Errors are those of a cloud that dies.
func (w *world) firstCall() {
	c1, err := w.router.Contact(w.ctx, tenant, "c1")
	if err != nil {
		return
	}
	_, _ = w.router.CallBack(w.ctx, c1, wish())
	_, _ = w.router.End(w.ctx, tenant, "c1", contact.FlowEnded)
	id := CallBackID("c1")
	_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(time.Second), 10000)
	_, call := w.called(id)
	_, _ = w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1")
	_ = w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.CustomerBusy)
	_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now().Add(62*time.Second), 10000)
	_, call = w.called(id)
	_, _ = w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1")
	if c, err := w.router.CustomerAnswered(w.ctx, tenant, id, call); err == nil && c.ToSystem.IsZero() {
		w.Error("answered and not on the line")
	}
	_ = w.cloud.Settle(w.ctx, w.clock, w.clock.Now(), 10000)
	c, err := w.router.Contact(w.ctx, tenant, id)
	if err != nil {
		return
	}
	_, _ = w.router.Accept(w.ctx, tenant, id, c.Offer)
	_, _ = w.router.Joined(w.ctx, tenant, id, c.Offer, "x")
}

func wish() CallBack {
	return CallBack{To: outside, Queue: "loans", Tries: contact.Tries{Max: 3, Pause: time.Minute}}
}

// waits is a tenant in which c1 waits, as lin cannot have it yet.
func (w *world) waits() *world {
	w.Helper()
	w.call("c1", "loans")
	w.settle(time.Second)
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
	w.settle(0)
	w.must(nil, w.router.Reject(w.ctx, tenant, "c1", w.contact("c1").Offer))
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
	w.settle(0)
	return w
}

// comesToAnEnd plays a relay that finds every customer busy and loses every one who
// is on the line, and checks that each contact is over then, with one record.
func (w *world) comesToAnEnd(what string) {
	w.Helper()
	w.must(w.router.CallBack(w.ctx, w.contact("c1"), wish())) // the flow is asked again
	w.must(w.router.End(w.ctx, tenant, "c1", contact.FlowEnded))
	id := CallBackID("c1")
	for range 15 {
		w.settle(50 * time.Second)
		w.must(w.router.Sweep(w.ctx, tenant))
		w.settle(0)
		if n, call := w.called(id); n > 0 {
			_, _ = w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-2")
			w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.CustomerBusy))
		}
		if c := w.contact(id); !c.ToCall() {
			w.must(w.router.End(w.ctx, tenant, id, contact.CustomerLeft))
		}
	}
	for _, id := range []contact.ID{"c1", id} {
		if c := w.contact(id); c.State != contact.Completed || w.records(id) != 1 {
			w.Errorf("%s: %s is %s %s, %d records", what, id, c.State, c.Reason, w.records(id))
		}
	}
	if n := w.contact(id).Tries.Made; n > 2 {
		w.Errorf("%s: %d tries", what, n+1)
	}
	if a := w.agent("lin"); len(a.Offers) != 0 || a.Voice.Used != 0 {
		w.Errorf("%s: lin is stuck with %v", what, a.Offers)
	}
	if rows := w.rows(); rows != "F lin" && rows != "" {
		w.Errorf("%s: rows %s", what, rows)
	}
}

func TestEveryCrashOfACallbackIsMadeGood(t *testing.T) {
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := customersFirst(t).waits()
		if k == 1 {
			before := w.cloud.Acked()
			w.firstCall()
			points = w.cloud.Acked() - before
			w.wants(CallBackID("c1"), "CONNECTED lin", "lin", "AVAILABLE 1")
			w.comesToAnEnd("without a crash")
			w = customersFirst(t).waits()
		}
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		w.firstCall()
		w.open(w.cloud)
		w.comesToAnEnd(fmt.Sprintf("point %d", k))
	}
	if points < 15 {
		t.Errorf("%d crash points", points)
	}
	t.Logf("%d crash points", points)
}

func TestEveryAnswerOfACallbackMayBeLost(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle} {
		for n := 1; ; n++ {
			w := customersFirst(t).waits()
			seen := w.nth(n, verdict)
			w.firstCall()
			w.cloud.SetFaults(localcloud.Faults{})
			w.comesToAnEnd(fmt.Sprintf("%v on request %d", verdict, n))
			if *seen < n {
				break
			}
		}
	}
}
