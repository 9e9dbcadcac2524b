package interp

import "huawu/shared/flow"

// transferToFlow is TransferToFlow: another flow goes on with the contact.
// Flow attributes end, contact attributes and typed-ahead digits stay. A flow
// that does not exist is NoMatchingError.
// Source: Amazon Connect flow language, "TransferToFlow".
type transferToFlow struct {
	ContactFlowID flow.Template `json:"ContactFlowId"`
}

func (a *transferToFlow) execute(r *run) result {
	id := flow.ResourceID(r.expand(a.ContactFlowID))
	if id == "" {
		return r.failed(flow.NoMatchingError)
	}
	p := r.program(id)
	if r.missing != "" {
		return result{}
	}
	if p == nil {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Stack, r.s.FlowAttributes = nil, nil
	return r.jump(p)
}
