package live

import (
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
)

// queueOf returns a queue as a page of the floor shows it.
func (c *client) queueOf(id string) map[string]any {
	for _, q := range list(c.topics[Floor].state["queues"]) {
		if q["id"] == id {
			return q
		}
	}
	return nil
}

// talks plays a call to its end: lin is bound for two minutes.
func (w *world) talks() {
	w.Helper()
	id := w.call("loans", nil)
	w.settle(0)
	w.accept(id)
	w.settle(2 * time.Minute)
	if _, err := w.router.End(w.Context(), tenant, id, contact.CustomerLeft); err != nil {
		w.Fatal(err)
	}
	if _, err := w.router.Finish(w.Context(), tenant, id, "solved"); err != nil {
		w.Fatal(err)
	}
	w.settle(5 * time.Second)
}

func TestTheFloorTellsHowLongOneWouldWait(t *testing.T) {
	w, _, floor := people(t)
	floor.sync(floor.topics[Floor])
	if q := floor.queueOf("loans"); q["wait"] != nil || q["staffed"] != 0.0 {
		t.Errorf("nobody is there: %v, %v staffed", q["wait"], q["staffed"])
	}
	w.status("lin", agent.Available, "")
	w.settle(5 * time.Second)
	for range 5 {
		w.talks()
	}
	w.settle(31 * time.Second)
	q := floor.queueOf("loans")
	if wait, _ := q["wait"].(map[string]any); wait == nil || wait["highSeconds"] != 0.0 || q["staffed"] != 1.0 {
		t.Errorf("one is free: %v, %v staffed", q["wait"], q["staffed"])
	}
	busy := w.call("loans", nil)
	w.settle(0)
	w.accept(busy)
	w.call("loans", nil)
	w.settle(2 * time.Second)
	q = floor.queueOf("loans")
	wait, _ := q["wait"].(map[string]any)
	if wait == nil || q["waiting"] != 1.0 || q["free"] != 0.0 || q["staffed"] != 1.0 {
		t.Fatalf("%v", q)
	}
	low, mean, high := wait["lowSeconds"].(float64), wait["meanSeconds"].(float64), wait["highSeconds"].(float64)
	if mean != 240 || low >= mean || high <= mean { // two steps of the two minutes that each contact has bound lin
		t.Errorf("%v to %v, mean %v s", low, high, mean)
	}
	w.status("lin", agent.Offline, "") // after the talk
	w.settle(2 * time.Second)
	if q = floor.queueOf("loans"); q["staffed"] != 1.0 {
		t.Errorf("who still talks is %v staffed", q["staffed"])
	}
	if _, err := w.router.End(w.Context(), tenant, busy, contact.CustomerLeft); err != nil {
		t.Fatal(err)
	}
	if _, err := w.router.Finish(w.Context(), tenant, busy, "solved"); err != nil {
		t.Fatal(err)
	}
	w.settle(5 * time.Second)
	floor.sync(floor.topics[Floor])
	if q = floor.queueOf("loans"); q["wait"] != nil || q["staffed"] != 0.0 {
		t.Errorf("lin is gone: %v, %v staffed", q["wait"], q["staffed"])
	}
}

// TestEachNumberOfTheFloorTellsItsAge is X20: a page can tell of each source how
// old it is, and no live number is older than two seconds when it is read.
func TestEachNumberOfTheFloorTellsItsAge(t *testing.T) {
	w, _, floor := people(t)
	for range 8 {
		w.clock.Advance(1700 * time.Millisecond)
		floor.sync(floor.topics[Floor])
		state := floor.topics[Floor].state
		asOf, _ := state["asOf"].(map[string]any)
		for name, most := range map[string]time.Duration{"agents": 0, "queues": 0, "staff": 2 * time.Second, "serviceLevels": 30 * time.Second} {
			at, err := time.Parse(time.RFC3339, asOf[name].(string))
			if age := w.clock.Now().Sub(at); err != nil || age < 0 || age > most {
				t.Errorf("%s are %s old, at most %s", name, age, most)
			}
		}
		for _, q := range list(state["queues"]) {
			level, _ := q["serviceLevel"].(map[string]any)
			if q["at"] == nil || q["staffedAt"] == nil || level["at"] == nil {
				t.Errorf("a number without its age: %v", q)
			}
		}
	}
	w.status("lin", agent.Available, "")
	w.settle(2 * time.Second)
	if at, err := time.Parse(time.RFC3339, floor.queueOf("loans")["at"].(string)); err != nil || w.clock.Now().Sub(at) > 2*time.Second {
		t.Errorf("a change is counted at %s, it is %s", at, w.clock.Now())
	}
}
