package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// scene is one caller and what becomes of the call.
type scene struct {
	name   string
	caller caller
	agents []person
	opt    Options
	skips  bool // nobody answers
	handed int  // segments that agents leave
	loose  bool // how often customer and agent talk is chance
}

func scenes() []scene {
	patient := caller{digit: "1", thinks: 3 * time.Second, patience: 10 * time.Minute, talks: 30 * time.Second}
	with := func(change func(*caller)) caller { c := patient; change(&c); return c }
	phone := person{device: agent.Phone, picks: 4 * time.Second, finish: 8 * time.Second, comes: 20 * time.Second}
	soft := person{device: agent.Softphone, picks: 4 * time.Second, comes: 20 * time.Second}
	ready := person{device: agent.Phone, picks: 4 * time.Second, finish: 8 * time.Second}
	besides := person{device: agent.Softphone, picks: 2 * time.Second, finish: 3 * time.Second}
	late := person{device: agent.Phone, picks: time.Second, finish: time.Second, comes: time.Minute}
	plays := func(do func(*person, contact.ID)) caller {
		return with(func(c *caller) { c.plan = plan{talked: true, talk: do} })
	}
	return []scene{
		{name: "a phone takes one who waited", caller: with(func(c *caller) { c.holds = true }), agents: []person{phone}},
		{name: "a softphone takes one who waited", caller: patient, agents: []person{soft}},
		{name: "an agent waited", caller: with(func(c *caller) { c.agentEnds = true }), agents: []person{ready}},
		{name: "the first agent lets it ring", caller: patient, agents: []person{{device: agent.Phone, picks: time.Second, misses: 1}, late}},
		{name: "the relay forgets to say so", caller: patient, opt: Options{Mute: 1}, agents: []person{{device: agent.Phone, picks: time.Second, misses: 1}, late}},
		{name: "the first agent declines", caller: patient, agents: []person{{device: agent.Softphone, picks: time.Hour, decline: 1}, late}},
		{name: "the first agent vanishes", caller: patient, opt: Options{Vanish: 0.5}, agents: []person{soft, late}},
		{name: "the caller gives up in the queue", caller: with(func(c *caller) { c.patience = 5 * time.Second }), agents: []person{phone}, skips: true},
		{name: "the caller gives up while it rings", caller: with(func(c *caller) { c.patience = 4 * time.Second }), agents: []person{{device: agent.Phone, picks: 15 * time.Second}}, skips: true},
		{name: "the caller types nothing", caller: with(func(c *caller) { c.digit = "" }), agents: []person{ready}, skips: true},
		{name: "an agent consults, and completes", caller: plays(scripted(completes)), agents: []person{ready, ready}, handed: 1},
		{name: "an agent consults, swaps, joins and leaves", caller: plays(scripted(swaps, swaps, joins, leaves)), agents: []person{ready, besides}, handed: 1},
		{name: "an agent consults, and cancels", caller: plays(scripted(cancels)), agents: []person{ready, ready}, handed: 1},
		{name: "an agent hands over to another", caller: plays((*person).transfersToAgent), agents: []person{ready, besides}, handed: 1},
		{name: "an agent hands over to one who lets it ring", caller: plays((*person).transfersToAgent), agents: []person{ready, {device: agent.Phone, picks: time.Second, misses: 1, comes: 6 * time.Second}}, handed: 1},
		{name: "an agent hands over to a queue", caller: plays((*person).transfersToLoans), agents: []person{ready, late}, handed: 1},
		{name: "an agent hands over to a number", caller: plays((*person).transfersToNumber), agents: []person{ready}, handed: 1},
		{name: "a supervisor takes over", caller: plays((*person).isTakenOver), agents: []person{ready, besides}, handed: 1},
		{name: "a customer is called back", caller: with(func(c *caller) { c.dials = backNumber }), agents: []person{ready}, loose: true},
		{name: "skills that nobody has", caller: with(func(c *caller) { c.dials, c.patience = cardsNumber, time.Minute }), agents: []person{ready}, skips: true},
	}
}

// play sets a scene.
func (s scene) play(t *testing.T, opt Options) *World {
	t.Helper()
	opt.Mute, opt.Vanish = s.opt.Mute, s.opt.Vanish
	w, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.agents {
		if err := w.Agent(p); err != nil {
			t.Fatal(err)
		}
	}
	w.Call(time.Second, s.caller)
	return w
}

// TestEveryCrashPointOfEveryHandler is T-04: it ends the invocation that makes the
// n-th request of a call, for every n, once before the request and once after it
// but before its answer, and wants the call to come to its true end all the same.
func TestEveryCrashPointOfEveryHandler(t *testing.T) {
	points := map[string]int{}
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			for _, done := range []bool{false, true} {
				for n := 1; ; n += crashStep {
					w := s.play(t, Options{Seed: 1}) // one story, so that its n-th request is always the same
					w.crash = crash{at: n, done: done}
					w.Begin(localcloud.Faults{})
					if err := w.Finish(15 * time.Minute); err != nil {
						t.Fatalf("%s ended at request %d, done %v: %v", w.crash.who, n, done, err)
					}
					if w.crash.who == "" {
						break // the call has fewer
					}
					points[w.crash.who]++
				}
			}
		})
	}
	var told []string
	for _, who := range slices.Sorted(maps.Keys(points)) {
		told = append(told, fmt.Sprintf("%s %d", who, points[who]))
	}
	t.Logf("crash points: %s", strings.Join(told, ", "))
	for _, who := range []string{"acd stream", "acd queue", "event", "crm", "desk SetStatus", "desk Accept", "desk Reject", "desk Finish", "desk FinishLeft",
		"desk Consult", "desk CompleteConsult", "desk SwapConsult", "desk JoinConsult", "desk LeaveTalk", "desk CancelConsult",
		"desk TransferToAgent", "desk TransferToQueue", "desk TransferToNumber", "desk Supervise",
		"ivr NEW_OUTBOUND_CALL", "ivr CALL_ANSWERED",
		"ivr NEW_INBOUND_CALL", "ivr ACTION_SUCCESSFUL", "ivr ACTION_FAILED", "ivr CALL_UPDATE_REQUESTED", "ivr HANGUP"} {
		if points[who] == 0 && crashStep == 1 {
			t.Errorf("%s was never ended", who)
		}
	}
}

// TestEveryScene plays each scene in fair weather, to see that it is what it says.
func TestEveryScene(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			w := s.play(t, Options{Seed: 1})
			w.Begin(localcloud.Faults{})
			w.mustRun(t, 15*time.Minute)
			if answered := w.checker.Taken > 0; !s.loose && (answered == s.skips || w.checker.Taken > 1+2*s.handed) {
				t.Errorf("%d talks", w.checker.Taken)
			}
			if n := len(w.checker.left); n != s.handed {
				t.Errorf("%d segments were left, want %d", n, s.handed)
			}
		})
	}
}

// TestTheProcessIsKilledAfterEachWrite kills the process after the k-th
// acknowledged write of each scene, for every k, and starts it again: the contact
// ends with its true reason, one record and one webhook.
func TestTheProcessIsKilledAfterEachWrite(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			for k := int64(1); ; k++ {
				w := s.play(t, Options{Seed: 1})
				w.Begin(localcloud.Faults{DieAfter: k})
				w.mustRun(t, 15*time.Minute)
				if t.Failed() {
					t.Fatalf("killed after write %d", k)
				}
				if w.deaths == 0 {
					t.Logf("killed after each of %d writes", k-1)
					break
				}
			}
		})
	}
}
