package acd

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

func TestFigures(t *testing.T) {
	tests := []struct {
		name, queue   string
		play          func(w *world)
		waiting, free int
		age           time.Duration
	}{
		{"nobody is there", "loans", func(*world) {}, 0, 0, 0},
		{"three wait, one a minute longer", "loans", func(w *world) {
			w.call("c1", "loans")
			w.settle(time.Minute)
			w.call("c2", "loans")
			w.call("c3", "loans")
		}, 3, 0, time.Minute},
		{"the longest wait is found behind a better priority", "loans", func(w *world) {
			w.call("c1", "loans")
			w.settle(time.Minute)
			w.begin("c2")
			w.must(w.router.Enqueue(w.ctx, tenant, "c2", Request{Queue: "loans", Priority: 1}))
		}, 2, 0, time.Minute},
		{"another queue's contacts do not count", "loans", func(w *world) { w.call("c1", "cards") }, 0, 0, 0},
		{"a free agent", "loans", func(w *world) { w.status("lin", agent.Available) }, 0, 1, 0},
		{"an agent of another profile serves it too", "loans", func(w *world) {
			w.addAgent("wu", "all", nil)
			w.status("lin", agent.Available)
			w.status("wu", agent.Available)
		}, 0, 2, 0},
		{"an agent whose profile does not serve it", "cards", func(w *world) { w.status("lin", agent.Available) }, 0, 0, 0},
		{"an agent who is away", "loans", func(w *world) { w.status("lin", agent.Available); w.status("lin", agent.Away) }, 0, 0, 0},
		{"an agent who talks", "loans", func(w *world) { w.talk("c1") }, 0, 0, 0},
		{"an agent without the skill the queue needs", "english", func(w *world) { w.status("lin", agent.Available) }, 0, 0, 0},
		{"one with the skill", "english", func(w *world) {
			w.addAgent("ann", "loans", map[string]int{"english": 4})
			w.status("ann", agent.Available)
		}, 0, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.play(w)
			f, err := w.router.Figures(w.ctx, tenant, tt.queue)
			if err != nil {
				t.Fatal(err)
			}
			age := time.Duration(0)
			if !f.Oldest.IsZero() {
				age = w.clock.Now().Sub(f.Oldest)
			}
			if f.Waiting != tt.waiting || f.Free != tt.free || age != tt.age || f.Queue.ID != tt.queue {
				t.Errorf("%d wait, %d free, oldest %v, queue %q; want %d, %d, %v, %q", f.Waiting, f.Free, age, f.Queue.ID, tt.waiting, tt.free, tt.age, tt.queue)
			}
		})
	}
}

func TestFiguresOfALongQueue(t *testing.T) {
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, Group{ID: "main", Shards: 3}.Put(tenant)))
	w.settle(configAge + time.Second)
	for n := range maxFigures + 200 {
		c := &contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprintf("c%04d", n)), Queue: "loans", Group: "main", Enqueued: w.clock.Now()}
		c.Rank = Queue{}.Rank(DefaultPriority, c.Enqueued)
		w.must(w.cloud.Table().Write(w.ctx, waitingWrite(c, w.routing())))
	}
	w.cloud.ResetCounters()
	f, err := w.router.Figures(w.ctx, tenant, "loans")
	if err != nil || f.Waiting != maxFigures {
		t.Errorf("%d wait, %v, want the bound of %d", f.Waiting, err, maxFigures)
	}
	if n := localcloud.Sum(w.cloud.Counters().Writes); n != 0 {
		t.Errorf("a look cost %g write units", n)
	}
}

func TestFiguresThatCannotBeTold(t *testing.T) {
	w := newWorld(t)
	if _, err := w.router.Figures(w.ctx, tenant, "nowhere"); !errors.Is(err, ErrNoQueue) {
		t.Errorf("a queue that does not exist: %v", err)
	}
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict { return localcloud.Down }})
	if _, err := w.router.Figures(w.ctx, tenant, "loans"); err == nil {
		t.Error("no error while the table is gone")
	}
}
