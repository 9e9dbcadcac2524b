package interp

import "huawu/shared/flow"

// dequeueContactAndTransferToQueue is DequeueContactAndTransferToQueue: a
// contact that waits moves to another queue, or to an agent's own, and the queue
// flow begins again there.
// Source: Amazon Connect flow language, "DequeueContactAndTransferToQueue".
type dequeueContactAndTransferToQueue struct {
	QueueID flow.Template `json:"QueueId"`
	AgentID flow.Template `json:"AgentId"`
}

func (a *dequeueContactAndTransferToQueue) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	agent := flow.ResourceID(r.expand(a.AgentID))
	switch found := r.answer.(type) {
	case Enqueued:
		return r.queued()
	case QueueFound:
		if !r.queueFlowKnown() {
			return result{}
		}
		r.s.Queue, r.s.TargetAgent = found.Queue, agent
		return r.effect(Enqueue{QueueID: found.Queue.ID, AgentID: agent, Priority: r.s.Priority, TimeShift: r.s.TimeShift, Criteria: r.s.Criteria, Move: true})
	}
	queue := flow.ResourceID(r.expand(a.QueueID))
	if queue == "" && agent == "" {
		return r.failed(flow.NoMatchingError)
	}
	return r.ask(FindQueue{QueueID: queue, AgentID: agent})
}
