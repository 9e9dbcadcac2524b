package interp

import (
	"cmp"
	"strconv"
	"time"

	"huawu/shared/flow"
)

// createCallbackContact is CreateCallbackContact: it puts a callback in the
// queue. The number is the one that was set, else the caller's.
// Source: Amazon Connect flow language, "CreateCallbackContact".
type createCallbackContact struct {
	QueueID                   flow.Template `json:"QueueId"`
	AgentID                   flow.Template `json:"AgentId"`
	InitialCallDelaySeconds   flow.Template
	MaximumConnectionAttempts flow.Template
	RetryDelaySeconds         flow.Template
	ContactFlowID             flow.Template `json:"ContactFlowId"`
	CallerID                  struct {
		Number flow.Template
		Name   flow.Template
	} `json:"CallerId"`
}

const maxCallbackDelay = 259_200 // seconds

func (a *createCallbackContact) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Done); ok {
		return r.next()
	}
	delay, ok1 := r.number(a.InitialCallDelaySeconds, 1)
	retry, ok2 := r.number(a.RetryDelaySeconds, 600)
	attempts, ok3 := r.number(a.MaximumConnectionAttempts, 1)
	c := CreateCallback{
		Number:  cmp.Or(r.s.Callback, r.env.Contact.Customer.Address),
		QueueID: cmp.Or(flow.ResourceID(r.expand(a.QueueID)), r.s.Queue.ID),
		AgentID: cmp.Or(flow.ResourceID(r.expand(a.AgentID)), r.s.TargetAgent),
		FlowID:  flow.ResourceID(r.expand(a.ContactFlowID)), CallerID: r.expand(a.CallerID.Number),
		Delay: time.Duration(delay) * time.Second, RetryDelay: time.Duration(retry) * time.Second, MaxAttempts: attempts,
	}
	if !ok1 || !ok2 || !ok3 || delay < 0 || delay > maxCallbackDelay || retry < 0 || retry > maxCallbackDelay || attempts < 1 ||
		c.Number == "" || c.QueueID == "" && c.AgentID == "" {
		return r.failed(flow.NoMatchingError)
	}
	return r.effect(c)
}

func (a *createCallbackContact) check(*flow.Transitions) (field, wrong string) {
	for _, f := range []struct {
		name string
		t    flow.Template
		high int
	}{{"InitialCallDelaySeconds", a.InitialCallDelaySeconds, maxCallbackDelay}, {"RetryDelaySeconds", a.RetryDelaySeconds, maxCallbackDelay}, {"MaximumConnectionAttempts", a.MaximumConnectionAttempts, 100}} {
		if n, err := strconv.Atoi(f.t.String()); f.t.Static() && (err != nil || n < 1 || n > f.high) {
			return "Parameters." + f.name, "want 1 to " + strconv.Itoa(f.high)
		}
	}
	return "", ""
}
