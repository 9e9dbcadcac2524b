package interp

import "huawu/shared/flow"

// invokeFlowModule is InvokeFlowModule: the module runs and comes back with
// EndFlowModuleExecution. A module that does not exist is NoMatchingError;
// modules within each other without end break the flow.
// Source: Amazon Connect flow language, "InvokeFlowModule".
type invokeFlowModule struct {
	FlowModuleID flow.Template `json:"FlowModuleId"`
}

func (a *invokeFlowModule) execute(r *run) result {
	id := flow.ResourceID(r.expand(a.FlowModuleID))
	if id == "" {
		return r.failed(flow.NoMatchingError)
	}
	if len(r.s.Stack) >= flow.MaxModuleNests {
		return r.broken(ErrNests)
	}
	p := r.program(id)
	if r.missing != "" {
		r.module = true
		return result{}
	}
	if p == nil {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Stack = append(r.s.Stack[:len(r.s.Stack):len(r.s.Stack)], Frame{Flow: r.s.Flow, At: r.s.At})
	return r.jump(p)
}
