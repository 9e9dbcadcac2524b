package interp

import (
	"cmp"
	"strconv"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// wait is Wait: it does nothing for a while and ends in WaitCompleted. On a
// call it is a pause; the events it can wait for are those of chats.
// Source: Amazon Connect flow language, "Wait"; exports for TimeLimitSeconds.
type wait struct {
	TimeLimitSeconds flow.Template
	TimeoutSeconds   flow.Template // the reference's name of it
	Events           []flow.Template
}

const maxWaitSeconds = 604_800

func (a *wait) limit() flow.Template {
	if a.TimeLimitSeconds.Absent() {
		return a.TimeoutSeconds
	}
	return a.TimeLimitSeconds
}

func (a *wait) execute(r *run) result {
	if call, ok := r.answer.(Call); ok {
		switch call.Event.InvocationEventType {
		case sma.ActionFailed:
			return r.failed(flow.NoMatchingError)
		case sma.ActionSuccessful:
			return r.value("WaitCompleted")
		}
		return r.wait() // another leg hung up
	}
	n, ok := r.number(a.limit(), 0)
	if !ok || n < 1 || n > maxWaitSeconds || cmp.Or(r.env.Contact.Channel, "VOICE") != "VOICE" {
		return r.failed(flow.NoMatchingError)
	}
	return r.do(&sma.Pause{Target: r.leg(), DurationInMilliseconds: sma.Int(n * 1000)})
}

func (a *wait) check(then *flow.Transitions) (field, wrong string) {
	t := a.limit()
	if n, err := strconv.Atoi(t.String()); t.Static() && (err != nil || n < 1 || n > maxWaitSeconds) {
		return "Parameters.TimeLimitSeconds", "want 1 to 604800"
	}
	for _, e := range a.Events {
		if !hasOperand(then, e.String()) {
			return "Transitions.Conditions", e.String() + " is missing"
		}
	}
	return "", ""
}
