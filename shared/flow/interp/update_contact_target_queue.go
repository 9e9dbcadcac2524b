package interp

import "huawu/shared/flow"

// updateContactTargetQueue is UpdateContactTargetQueue: it names the queue, or
// the agent, that a later transfer goes to. One that does not exist is
// NoMatchingError.
// Source: Amazon Connect flow language, "UpdateContactTargetQueue".
type updateContactTargetQueue struct {
	QueueID flow.Template `json:"QueueId"`
	AgentID flow.Template `json:"AgentId"`
}

func (a *updateContactTargetQueue) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	agent := flow.ResourceID(r.expand(a.AgentID))
	if found, ok := r.answer.(QueueFound); ok {
		r.s.Queue, r.s.TargetAgent = found.Queue, agent
		return r.next()
	}
	queue := flow.ResourceID(r.expand(a.QueueID))
	if queue == "" && agent == "" {
		return r.failed(flow.NoMatchingError)
	}
	return r.ask(FindQueue{QueueID: queue, AgentID: agent})
}
