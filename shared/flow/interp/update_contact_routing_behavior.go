package interp

import "huawu/shared/flow"

// updateContactRoutingBehavior is UpdateContactRoutingBehavior: it sets the
// contact's priority, or shifts its age in the queue. It counts from the next
// transfer on, and at once for a contact that waits.
// Source: Amazon Connect flow language, "UpdateContactRoutingBehavior".
type updateContactRoutingBehavior struct {
	QueuePriority              flow.Template
	QueueTimeAdjustmentSeconds flow.Template
}

func (a *updateContactRoutingBehavior) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Done); ok {
		return r.next()
	}
	priority, ok1 := r.number(a.QueuePriority, r.s.Priority)
	shift, ok2 := r.number(a.QueueTimeAdjustmentSeconds, r.s.TimeShift)
	if !ok1 || !ok2 || priority < 0 || !a.QueuePriority.Absent() && priority < 1 {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Priority, r.s.TimeShift = priority, shift
	if r.s.Queued {
		return r.ask(SetRouting{Priority: priority, TimeShift: shift, Criteria: r.s.Criteria})
	}
	return r.next()
}

func (a *updateContactRoutingBehavior) check(*flow.Transitions) (field, wrong string) {
	if a.QueuePriority.Absent() && a.QueueTimeAdjustmentSeconds.Absent() {
		return "Parameters", "one of QueuePriority, QueueTimeAdjustmentSeconds is missing"
	}
	return "", ""
}
