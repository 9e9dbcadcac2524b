package model

import "fmt"

// Result is what an exploration found.
type Result struct {
	States    int
	Violation string // "" = none
	Whole     bool   // every interleaving was seen
}

// Explore looks at every state that a scenario can come to, or at limit of them.
func (sc Scenario) Explore(limit int) Result {
	first := sc.start()
	seen := map[state]struct{}{first: {}}
	todo := []state{first}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		next := sc.steps(s)
		if v := sc.wrong(s, len(next) == 0); v != "" {
			return Result{len(seen), v, false}
		}
		for _, n := range next {
			if n.next > maxOffers {
				continue
			}
			n.forget()
			if _, known := seen[n]; !known {
				seen[n] = struct{}{}
				todo = append(todo, n)
			}
		}
		if len(seen) > limit {
			return Result{len(seen), "", false}
		}
	}
	return Result{len(seen), "", true}
}

// forget makes states alike that differ in what nobody reads any more.
func (s *state) forget() {
	for n := range s.p {
		if p := &s.p[n]; p.pc >= crashed {
			*p = process{kind: rounds, pc: over}
		}
	}
}

// wrong returns what must not be: in any state, and where nothing can happen.
func (sc Scenario) wrong(s state, quiet bool) string {
	for a := range int8(maxAgents) {
		live := int8(0)
		for c := range int8(maxContacts) {
			if x := s.c[c]; x.state == offered && x.agent == a {
				live++
				if holds(s.a[a], x.offer) < 0 {
					return fmt.Sprintf("I-2: contact %d has offer %d of agent %d, whose slots do not", c, x.offer, a)
				}
			}
		}
		if live > sc.Slots {
			return fmt.Sprintf("I-2: agent %d has %d live offers", a, live)
		}
	}
	if !quiet {
		return ""
	}
	for a := range int8(maxAgents) {
		x := s.a[a]
		if sc.free(x) && s.f[a] < x.epoch {
			return fmt.Sprintf("I-4: agent %d is free and has no row", a)
		}
		for slot, o := range x.offer {
			if o != 0 && (s.c[x.of[slot]].offer != o || s.c[x.of[slot]].state != offered) {
				return fmt.Sprintf("I-2: agent %d is stuck with offer %d", a, o)
			}
		}
		for c := range int8(maxContacts) {
			y := s.c[c]
			if s.lacks(c) {
				return fmt.Sprintf("I-1: contact %d waits and has no row", c)
			}
			if y.state == queued && sc.free(x) && (sc.serves(a, 0) || y.over == 1 && sc.serves(a, 1)) {
				return fmt.Sprintf("I-4: contact %d and agent %d are apart, and nobody looks", c, a)
			}
		}
	}
	return ""
}

// Small returns scenarios that are seen whole in seconds, Large those that take
// minutes.
func Small() []Scenario {
	return []Scenario{
		{Name: "one contact, one agent, an offer that expires, a crash", Slots: 1, Crashes: 1, Procs: []int8{enqueues, comes, expires, repairs}},
		{Name: "two contacts, one agent, a crash", Slots: 1, Crashes: 1, Procs: []int8{enqueues, enqueues, comes, repairs}},
		{Name: "two contacts, one agent with two slots, a crash", Slots: 2, Crashes: 1, Procs: []int8{enqueues, enqueues, comes, repairs}},
		{Name: "a contact that overflows to another's queue", Slots: 1, Overflow: true, Procs: []int8{enqueues, overflows, comes, comes, repairs}},
		{Name: "a caller who gives up, a crash", Slots: 1, Crashes: 1, Procs: []int8{enqueues, comes, abandons, repairs}},
		{Name: "one contact at once, an agent, an offer that expires, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, comes, expires, repairs}},
		{Name: "one contact at once, one waits, one agent", Slots: 1, Procs: []int8{arrives, enqueues, comes, expires}},
		{Name: "two contacts at once, one agent, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, arrives, comes, repairs}},
		{Name: "two contacts at once, one agent with two slots, a crash", Slots: 2, Crashes: 1, Procs: []int8{arrives, arrives, comes, repairs}},
		{Name: "two contacts at once, two agents", Slots: 1, Procs: []int8{arrives, arrives, comes, comes}},
		{Name: "a contact at once whose caller gives up, two agents, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, comes, comes, abandons, repairs}},
	}
}

// Large returns scenarios that take minutes.
func Large() []Scenario {
	return []Scenario{
		{Name: "one contact, two agents, an offer that expires", Slots: 1, Procs: []int8{enqueues, comes, comes, expires, repairs}},
		{Name: "one contact, two agents, an offer that expires, a crash", Slots: 1, Crashes: 1, Procs: []int8{enqueues, comes, comes, expires, repairs}},
		{Name: "a contact that overflows to another's queue, a crash", Slots: 1, Overflow: true, Crashes: 1, Procs: []int8{enqueues, overflows, comes, comes, repairs}},
		{Name: "two contacts, two agents, a crash", Slots: 1, Crashes: 1, Procs: []int8{enqueues, enqueues, comes, comes, repairs}},
		{Name: "two contacts, one agent with two slots, one expires, a crash", Slots: 2, Crashes: 1, Procs: []int8{enqueues, enqueues, comes, expires, repairs}},
		{Name: "two contacts that overflow, two agents, no crash", Slots: 1, Overflow: true, Procs: []int8{enqueues, enqueues, overflows, comes, comes, repairs}},
		{Name: "one overflows, expires, two agents, a crash", Slots: 1, Overflow: true, Crashes: 1, Procs: []int8{enqueues, overflows, comes, comes, expires, repairs}},
		{Name: "one at once and one that waits, one agent, one expires, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, enqueues, comes, expires, repairs}},
		{Name: "two at once, one agent, one expires, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, arrives, comes, expires, repairs}},
		{Name: "two at once, two agents, a crash", Slots: 1, Crashes: 1, Procs: []int8{arrives, arrives, comes, comes, repairs}},
		{Name: "one at once, two agents, one expires, two crashes", Slots: 1, Crashes: 2, Procs: []int8{arrives, comes, comes, expires, repairs}},
		{Name: "two crashes", Slots: 1, Crashes: 2, Procs: []int8{enqueues, comes, comes, expires, repairs}},
	}
}
