package view

import (
	"context"
	"strings"
)

// maxTargets bounds how many agents one search returns.
const maxTargets = 20

// Targets are whom a contact can be handed to.
type Targets struct {
	Agents []TargetAgent `json:"agents"`
	Queues []TargetQueue `json:"queues"`
}

// TargetAgent is an agent whom a contact can be handed to.
type TargetAgent struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status Status `json:"status"`
	Busy   bool   `json:"busy" doc:"Has a contact"`
}

// TargetQueue is a queue that a contact can be handed to.
type TargetQueue struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Waiting int    `json:"waiting"`
	Free    int    `json:"free"`
}

// Targets searches agents and queues by id or name, whatever the case; "" finds
// all. Agents who are logged in come first; self is left out.
func (v *Views) Targets(ctx context.Context, tenant, self, q string) (*Targets, error) {
	q = strings.ToLower(strings.TrimSpace(q))
	found := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(strings.ToLower(w), q) {
				return true
			}
		}
		return false
	}
	agents, err := v.agents(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := &Targets{Agents: []TargetAgent{}, Queues: []TargetQueue{}}
	for _, offline := range []bool{false, true} {
		for _, a := range agents {
			s := StandingOf(a)
			if a.ID != self && (s.Status.Status == "offline") == offline && found(a.ID, a.Name, a.Username) && len(out.Agents) < maxTargets {
				out.Agents = append(out.Agents, TargetAgent{a.ID, a.Name, s.Status, a.Busy()})
			}
		}
	}
	queues, err := v.FloorQueues(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for _, f := range queues {
		if found(f.ID, f.Name) {
			out.Queues = append(out.Queues, TargetQueue{f.ID, f.Name, f.Waiting, f.Free})
		}
	}
	return out, nil
}
