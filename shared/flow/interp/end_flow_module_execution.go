package interp

import (
	"fmt"

	"huawu/shared/flow"
)

// endFlowModuleExecution is EndFlowModuleExecution: the flow that called the
// module goes on. A module that nobody called ends as a flow would.
// Source: Amazon Connect flow language, "EndFlowModuleExecution".
type endFlowModuleExecution struct{}

func (a *endFlowModuleExecution) execute(r *run) result {
	n := len(r.s.Stack)
	if n == 0 {
		if r.s.Type == flow.CustomerQueue {
			return r.resumeQueue()
		}
		return r.hangUp()
	}
	caller := r.s.Stack[n-1]
	p := r.program(caller.Flow)
	if r.missing != "" {
		return result{}
	}
	if p == nil || p.steps[caller.At] == nil {
		return r.broken(ErrNoFlow)
	}
	r.visit(r.step, "", "")
	from := p.steps[caller.At]
	r.prog = p
	r.s.Stack, r.s.Joined = r.s.Stack[:n-1:n-1], nil
	r.s.Flow, r.s.At, r.s.Phase = caller.Flow, from.then.NextAction, Ready
	if r.s.At == "" {
		return r.broken(fmt.Errorf("%w: action %.50q, %s", ErrDeadEnd, from.id, next))
	}
	return result{kind: kindJump}
}
