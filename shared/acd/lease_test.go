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

// hooked is a table that lets something happen before a request.
type hooked struct {
	cloud.Table
	transact, query func(n int)
	nt, nq          int
}

// Transact is the table's.
func (h *hooked) Transact(ctx context.Context, token string, w ...cloud.Write) error {
	if h.nt++; h.transact != nil {
		h.transact(h.nt)
	}
	return h.Table.Transact(ctx, token, w...)
}

// Query is the table's.
func (h *hooked) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	if h.nq++; h.query != nil {
		h.query(h.nq)
	}
	return h.Table.Query(ctx, q)
}

func (w *world) hook() *hooked {
	h := &hooked{Table: w.cloud.Table()}
	w.router.table = h
	return h
}

// lease returns the lease of the group as it stands.
func (w *world) lease() cloud.Item {
	w.Helper()
	i, err := w.cloud.Table().Get(w.ctx, lease{tenant: tenant, group: "main"}.key(), true)
	if err != nil {
		w.Fatal(err)
	}
	return i
}

func TestNobodyTakesALeaseWhileClaimsSucceed(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	if i := w.lease(); i != nil {
		t.Errorf("a lease was written: %v", i)
	}
}

func TestARoundThatLosesAClaimGoesOnAlone(t *testing.T) {
	w := newWorld(t)
	w.stream = false
	w.addAgent("wu", "loans", nil)
	w.call("c1", "loans")
	w.call("c2", "loans")
	w.begin("c3")
	other := NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime())
	h := w.hook()
	h.transact = func(n int) {
		if n == 1 { // the customer hangs up in the moment of the claim
			w.must(other.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		}
	}
	h.query = func(n int) {
		if n != 2 {
			return
		}
		if w.lease().Str(attrOwner) == "" {
			t.Error("the round after the refused claim holds no lease")
		}
		// Another round loses as well: it hands over, and the owner sees it.
		w.must(nil, other.contend(w.ctx, tenant, "main", w.routing()))
	}
	w.status("lin", agent.Available)
	w.wants("c2", "OFFERED lin", "lin", "AVAILABLE 1")
	i := w.lease()
	if i.Str(attrOwner) != "" || i.Int(attrDirty) != 2 || i.Int(contact.AttrEpoch) != 1 || h.nq != 3 {
		t.Errorf("lease %v after %d scans, want it free, handed over once, and a scan after that", i, h.nq)
	}
}

func (w *world) routing() *Routing {
	w.Helper()
	routing, err := w.router.Routing(w.ctx, tenant)
	if err != nil {
		w.Fatal(err)
	}
	return routing
}

func TestTheLeaseOfADeadOwnerIsTaken(t *testing.T) {
	w := newWorld(t)
	dead := lease{tenant: tenant, group: "main", owner: "dead"}
	if mine, err := w.router.wake(w.ctx, &dead); !mine || err != nil {
		t.Fatalf("a free lease: %v, %v", mine, err)
	}
	one := lease{tenant: tenant, group: "main", owner: "one"}
	for _, step := range []struct {
		after time.Duration
		beats bool
		mine  bool
	}{{0, false, false}, {1900 * time.Millisecond, false, false}, {200 * time.Millisecond, true, false}, {1900 * time.Millisecond, false, false}, {200 * time.Millisecond, false, true}} {
		w.clock.AdvanceTo(w.clock.Now().Add(step.after))
		if step.beats {
			w.must(nil, w.router.beat(w.ctx, dead))
		}
		if mine, err := w.router.wake(w.ctx, &one); mine != step.mine || err != nil {
			t.Fatalf("after %s more: %v, %v", step.after, mine, err)
		}
	}
	w.must(nil, w.router.turns(w.ctx, dead, w.routing())) // comes back to life: it is over
	if i := w.lease(); i.Str(attrOwner) != "one" || i.Int(contact.AttrEpoch) != 2 {
		t.Errorf("lease %v", i)
	}
	w.must(nil, w.router.turns(w.ctx, one, w.routing()))
	if i := w.lease(); i.Str(attrOwner) != "" {
		t.Errorf("lease %v", i)
	}
}

// TestAHandOverThatCrossesARelease takes every order of an owner's steps and one
// who hands over: whichever comes last, a scan follows the publication.
func TestAHandOverThatCrossesARelease(t *testing.T) {
	for at := 1; at <= 2; at++ {
		t.Run(fmt.Sprint("in scan ", at), func(t *testing.T) {
			w := newWorld(t)
			w.stream = false
			w.status("lin", agent.Available)
			w.begin("c1")
			h := w.hook()
			other := NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime())
			h.query = func(n int) {
				if n != at {
					return
				}
				c := w.contact("c1")
				now := *c
				now.State, now.Epoch, now.Queue, now.Group, now.Rank = contact.Queued, 1, "loans", "main", "05.1"
				w.must(w.cloud.Table().Write(w.ctx, now.Update(c)))
				w.must(w.cloud.Table().Write(w.ctx, waitingWrite(&now, w.routing())))
				w.must(nil, other.contend(w.ctx, tenant, "main", w.routing()))
			}
			w.must(nil, w.router.contend(w.ctx, tenant, "main", w.routing()))
			if at <= h.nq {
				w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
			}
		})
	}
}

// TestARoundCostsTheSameForALongerQueue: heads are read, not who waits behind.
func TestARoundCostsTheSameForALongerQueue(t *testing.T) {
	units := map[int]float64{}
	for _, n := range []int{300, 3000, 30000} {
		w := newWorld(t)
		w.stream = false
		for k := range n {
			c := &contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprintf("x%05d", k)), Queue: "cards", Group: "main", Rank: fmt.Sprintf("05.%016d", k), Enqueued: w.clock.Now()}
			w.must(w.cloud.Table().Write(w.ctx, waitingWrite(c, w.routing())))
		}
		w.call("c1", "loans")
		w.cloud.ResetCounters()
		w.status("lin", agent.Available)
		w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
		w.addAgent("wu", "loans", nil)
		w.status("wu", agent.Available) // free, but not for those who wait
		units[n] = localcloud.Sum(w.cloud.Counters().Reads, "CFG")
	}
	t.Logf("read units with so many waiting: %v", units)
	if units[300] != units[3000] || units[300] != units[30000] {
		t.Errorf("read units %v", units)
	}
}
