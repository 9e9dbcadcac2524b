package interp

import "huawu/shared/flow"

// transferContactToQueue is TransferContactToQueue: the contact waits in its
// target queue, and its customer queue flow runs. It ends the flow when it
// succeeds. What was said before is heard first. Without a target queue it is
// NoMatchingError.
// Source: Amazon Connect flow language, "TransferContactToQueue".
type transferContactToQueue struct{}

func (a *transferContactToQueue) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Enqueued); ok {
		return r.queued()
	}
	if r.s.Queue.ID == "" && r.s.TargetAgent == "" {
		return r.failed(flow.NoMatchingError)
	}
	if !r.queueFlowKnown() {
		return result{}
	}
	return r.effect(Enqueue{QueueID: r.s.Queue.ID, AgentID: r.s.TargetAgent, Priority: r.s.Priority, TimeShift: r.s.TimeShift, Criteria: r.s.Criteria})
}

// queueFlowKnown loads the customer queue flow before the contact is queued.
func (r *run) queueFlowKnown() bool {
	if id := r.s.Hooks[HookCustomerQueue]; id != "" {
		r.program(id)
	}
	return r.missing == ""
}

// queued starts the customer queue flow of a contact that waits. If its own
// does not exist the contact hears music.
func (r *run) queued() result {
	id := orElse(r.s.Hooks[HookCustomerQueue], builtinQueue)
	p := r.program(id)
	if r.missing != "" {
		return result{}
	}
	if p == nil {
		p = queueProgram(r.env.QueueMusic)
	}
	r.s.Queued, r.s.Type, r.s.Stack, r.s.Loop, r.s.FlowAttributes = true, flow.CustomerQueue, nil, nil, nil
	return r.jump(p)
}
