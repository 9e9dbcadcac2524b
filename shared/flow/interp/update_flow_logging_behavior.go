package interp

import "huawu/shared/flow"

// updateFlowLoggingBehavior is UpdateFlowLoggingBehavior: it switches the flow
// log of the contact.
// Source: Amazon Connect flow language, "UpdateFlowLoggingBehavior".
type updateFlowLoggingBehavior struct {
	FlowLoggingBehavior flow.Template
}

func (a *updateFlowLoggingBehavior) execute(r *run) result {
	r.s.Logging = r.expand(a.FlowLoggingBehavior) == "Enabled"
	return r.next()
}

func (a *updateFlowLoggingBehavior) check(*flow.Transitions) (field, wrong string) {
	if t := a.FlowLoggingBehavior.String(); t != "Enabled" && t != "Disabled" {
		return "Parameters.FlowLoggingBehavior", "want Enabled or Disabled"
	}
	return "", ""
}
