package interp

import "encoding/json"

// completeOutboundCall is CompleteOutboundCall: in an outbound whisper flow it
// places the call to the customer.
// Source: Amazon Connect flow language, "CompleteOutboundCall".
type completeOutboundCall struct {
	CallerID document `json:"CallerId"`
}

func (a *completeOutboundCall) execute(r *run) result {
	return r.act("CompleteOutboundCall", a.CallerID.raw)
}

// act asks call control for something beside the flow's own leg.
func (r *run) act(kind string, parameters json.RawMessage) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Done); ok {
		return r.next()
	}
	return r.effect(Act{Type: kind, Parameters: r.resolve(parameters)})
}
