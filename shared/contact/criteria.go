package contact

import "time"

// Step is what a contact asks for during a part of its wait, besides what its
// queue needs: Amazon Connect's routing step. Steps follow each other; after the
// last one that ends, only the queue's needs are left.
type Step struct {
	For    time.Duration  // how long, in whole seconds; 0: until the end
	Needs  map[string]int // least level of each skill
	Agents []string       // only these; empty: anybody
}

// MaxSteps bounds the steps of a contact, and the skills and agents one of them
// names: its item has to stay small.
const MaxSteps = 5

// StepsItem returns steps as an attribute.
func StepsItem(steps []Step) []any {
	out := make([]any, len(steps))
	for n, s := range steps {
		m := map[string]any{}
		if s.For > 0 {
			m["for"] = int64(s.For / time.Second)
		}
		if len(s.Needs) > 0 {
			m["needs"] = LevelsItem(s.Needs)
		}
		if len(s.Agents) > 0 {
			m["agents"] = s.Agents
		}
		out[n] = m
	}
	return out
}

// StepsFrom reads an attribute that StepsItem made.
func StepsFrom(v any) []Step {
	list, _ := v.([]any)
	var out []Step
	for _, e := range list {
		m, _ := e.(map[string]any)
		seconds, _ := m["for"].(int64)
		agents, _ := m["agents"].([]string)
		out = append(out, Step{For: time.Duration(seconds) * time.Second, Needs: LevelsFrom(m["needs"]), Agents: agents})
	}
	return out
}
