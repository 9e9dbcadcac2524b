package acd

import (
	"errors"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

func assignment(profile string, skills map[string]int, voice int) Assignment {
	return Assignment{Profile: profile, Skills: skills, Slots: map[contact.Channel]int{contact.Voice: voice}}
}

func TestAnAgentIsGivenAnotherProfile(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	w.call("c1", "cards")
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("all", nil, 1)))
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.is("rows", w.rows(), "")

	before := w.agent("lin").Version
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("all", nil, 1)))
	if w.agent("lin").Version != before {
		t.Error("the same again is written")
	}
	if _, err := w.router.Assign(w.ctx, tenant, "lin", assignment("none", nil, 1)); !errors.Is(err, ErrNoProfile) {
		t.Errorf("a profile that is not there: %v", err)
	}
	if _, err := w.router.Assign(w.ctx, tenant, "nobody", assignment("all", nil, 1)); !errors.Is(err, ErrNoAgent) {
		t.Errorf("an agent who is not there: %v", err)
	}
}

func TestASkillIsGivenAndTaken(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	w.call("c1", "english")
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("loans", map[string]int{"english": 3}, 1)))
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("loans", nil, 1))) // who has it keeps it
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.must(nil, w.router.Expire(w.ctx, tenant, "c1", w.contact("c1").Offer))
	w.clock.Advance(time.Hour)
	w.status("lin", agent.Available)
	w.settle(time.Minute)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
}

func TestRoomForLessLetsContactsEnd(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("loans", nil, 0)))
	w.call("c2", "loans")
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.must(w.router.Finish(w.ctx, tenant, "c1", ""))
	w.settle(0)
	w.wants("c2", "QUEUED", "lin", "AVAILABLE 0")
	w.must(w.router.Assign(w.ctx, tenant, "lin", assignment("loans", nil, 1)))
	w.wants("c2", "OFFERED lin", "lin", "AVAILABLE 1")
}

func TestEveryCrashOfAnAssignmentIsMadeGood(t *testing.T) {
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := newWorld(t)
		w.addAgent("wu", "loans", nil)
		w.status("lin", agent.Available)
		w.call("c1", "cards")
		w.settle(0)
		w.alone() // what matters of it is the roster, by which a sweep knows them
		w.stream = true
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		_, _ = w.router.Assign(w.ctx, tenant, "lin", assignment("all", nil, 1))
		if k == 1 {
			probe := newWorld(t)
			probe.status("lin", agent.Available)
			probe.call("c1", "cards")
			probe.settle(0)
			from := probe.cloud.Acked()
			_, _ = probe.router.Assign(probe.ctx, tenant, "lin", assignment("all", nil, 1))
			points = probe.cloud.Acked() - from
		}
		w.open(w.cloud)
		w.settle(0)
		w.sweep(15 * time.Second)
		w.settle(0)
		if w.agent("lin").Profile == "all" {
			w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
		} else {
			w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
		}
	}
	if points < 3 {
		t.Errorf("%d crash points", points)
	}
}
