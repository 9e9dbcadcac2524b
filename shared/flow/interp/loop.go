package interp

import (
	"maps"
	"strconv"

	"huawu/shared/flow"
)

// loop is Loop: it ends in ContinueLooping LoopCount times, then once in
// DoneLooping. The counter belongs to the action and lives as long as the contact,
// not the run of the flow; after DoneLooping it begins again.
// Source: Amazon Connect flow language, "Loop"; exports for the results.
type loop struct {
	LoopCount flow.Template
}

const maxLoops = 100

func (a *loop) execute(r *run) result {
	count, ok := r.number(a.LoopCount, 0)
	if !ok || count < 0 || count > maxLoops {
		return r.failed(flow.NoMatchingError)
	}
	key := r.s.Flow + "/" + r.step.id
	loops := maps.Clone(r.s.Loops)
	if loops == nil {
		loops = map[string]int{}
	}
	r.s.Loops = loops
	if loops[key] < count {
		loops[key]++
		return r.value("ContinueLooping")
	}
	delete(loops, key)
	return r.value("DoneLooping")
}

func (a *loop) check(then *flow.Transitions) (field, wrong string) {
	if t := a.LoopCount; t.Static() {
		if n, err := strconv.Atoi(t.String()); err != nil || n < 0 || n > maxLoops {
			return "Parameters.LoopCount", "want 0 to 100"
		}
	}
	for _, want := range []string{"ContinueLooping", "DoneLooping"} {
		if !hasOperand(then, want) {
			return "Transitions.Conditions", want + " is missing"
		}
	}
	return "", ""
}

// hasOperand reports whether a condition names a result.
func hasOperand(then *flow.Transitions, want string) bool {
	for _, c := range then.Conditions {
		for _, o := range c.Condition.Operands {
			if o.String() == want {
				return true
			}
		}
	}
	return false
}
