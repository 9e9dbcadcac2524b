package acd

import (
	"context"
	"maps"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Assignment is what an agent is given to do.
type Assignment struct {
	Profile string         // routing profile
	Skills  map[string]int // levels
	Slots   map[contact.Channel]int
	Mixed   bool // contacts of different channels at the same time
}

// ErrNoProfile is returned for a routing profile that is not configured.
var ErrNoProfile = fault.New(fault.NotFound, "acd: no such routing profile")

// AssignmentOf returns what an agent is given to do.
func AssignmentOf(a *agent.Agent) Assignment {
	slots := map[contact.Channel]int{}
	for _, c := range agent.Channels() {
		if n := a.Slots(c).Max; n > 0 {
			slots[c] = n
		}
	}
	return Assignment{Profile: a.Profile, Skills: maps.Clone(a.Skills), Slots: slots, Mixed: a.Mixed}
}

// Assign gives an agent another profile, other skills or room. Contacts that the
// agent has stay; the next ones come by it. The epoch goes up, so that no claim is
// decided on what was before, and the row is put anew.
func (r *Router) Assign(ctx context.Context, tenant, id string, to Assignment) (*agent.Agent, error) {
	routing, err := ReadRouting(ctx, r.config.patient, tenant)
	if err != nil {
		return nil, err
	}
	if _, ok := routing.Profiles[to.Profile]; !ok {
		return nil, ErrNoProfile
	}
	var old *agent.Agent
	a, err := r.stepAgent(ctx, tenant, id, func(a *agent.Agent) (bool, error) {
		was := a.Clone()
		if !to.give(a) {
			return false, nil
		}
		old = was
		a.Epoch++
		return true, nil
	})
	if err != nil || old == nil {
		return a, err
	}
	r.run.Log.InfoContext(ctx, "assigned", "tenant", tenant, "agent", id, "profile", a.Profile)
	if old.Ready() {
		r.follow(ctx, "assign", r.deleteRow(ctx, r.keyOfFree(old, routing), old.Epoch))
	}
	r.follow(ctx, "assign", r.publishAgent(ctx, routing, a))
	return a, nil
}

// give changes an agent, and reports whether that is a change.
func (to Assignment) give(a *agent.Agent) (changed bool) {
	changed = a.Profile != to.Profile || !maps.Equal(a.Skills, to.Skills) || a.Mixed != to.Mixed
	a.Profile, a.Skills, a.Mixed = to.Profile, maps.Clone(to.Skills), to.Mixed
	for _, c := range agent.Channels() {
		if s := a.Slots(c); s.Max != to.Slots[c] {
			s.Max, changed = to.Slots[c], true
		}
	}
	return changed
}
