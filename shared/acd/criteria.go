package acd

import (
	"time"

	"huawu/shared/contact"
)

// Step is what a contact asks for during a part of its wait, besides what its
// queue needs: Amazon Connect's routing step. Steps follow each other; after the
// last one that ends, only the queue's needs are left.
type Step struct {
	For    time.Duration  // how long; 0: until the end
	Needs  map[string]int // least level of each skill
	Agents []string       // only these; empty: anybody
}

// asks returns what w asks for at a time, and until when; until is zero if that
// never changes.
func (w *Waiting) asks(now time.Time) (needs map[string]int, only []string, until time.Time) {
	if len(w.Steps) == 0 {
		return w.Needs, nil, time.Time{}
	}
	end := w.Enqueued
	for _, s := range w.Steps {
		if s.For > 0 {
			if end = end.Add(s.For); !end.After(now) {
				continue
			}
			until = end
		}
		return highest(w.Needs, s.Needs), s.Agents, until
	}
	return w.Needs, nil, time.Time{}
}

// highest returns the higher level of each skill.
func highest(a, b map[string]int) map[string]int {
	if len(b) == 0 {
		return a
	}
	out := make(map[string]int, len(a)+len(b))
	for _, m := range []map[string]int{a, b} {
		for skill, level := range m {
			out[skill] = max(out[skill], level)
		}
	}
	return out
}

// stepsItem returns steps as an attribute.
func stepsItem(steps []Step) []any {
	out := make([]any, len(steps))
	for n, s := range steps {
		m := map[string]any{}
		if s.For > 0 {
			m["for"] = int64(s.For / time.Second)
		}
		if len(s.Needs) > 0 {
			m["needs"] = contact.LevelsItem(s.Needs)
		}
		if len(s.Agents) > 0 {
			m["agents"] = s.Agents
		}
		out[n] = m
	}
	return out
}

// stepsFrom reads an attribute that stepsItem made.
func stepsFrom(v any) []Step {
	list, _ := v.([]any)
	out := make([]Step, 0, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		seconds, _ := m["for"].(int64)
		agents, _ := m["agents"].([]string)
		out = append(out, Step{For: time.Duration(seconds) * time.Second, Needs: contact.LevelsFrom(m["needs"]), Agents: agents})
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
