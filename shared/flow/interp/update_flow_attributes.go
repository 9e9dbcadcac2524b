package interp

import (
	"encoding/json"
	"maps"

	"huawu/shared/flow"
)

// updateFlowAttributes is UpdateFlowAttributes: it sets $.FlowAttributes,
// which end with the flow.
// Source: Amazon Connect flow language, "UpdateFlowAttributes"; exports wrap
// each value as {"Value": …}.
type updateFlowAttributes struct {
	FlowAttributes flowPairs
}

// flowPairs is a map of {"Value": text}; plain text is read too.
type flowPairs struct{ pairs }

// UnmarshalJSON reads an object of objects.
func (p *flowPairs) UnmarshalJSON(data []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	for name, raw := range m {
		var wrapped struct{ Value json.RawMessage }
		if raw[0] == '{' && json.Unmarshal(raw, &wrapped) == nil && len(wrapped.Value) > 0 {
			m[name] = wrapped.Value
		}
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.pairs.UnmarshalJSON(plain)
}

func (a *updateFlowAttributes) execute(r *run) result {
	set := maps.Collect(a.FlowAttributes.all(r))
	if _, unnamed := set[""]; unnamed {
		return r.failed(flow.NoMatchingError)
	}
	maps.Copy(r.own(&r.s.FlowAttributes), set)
	return r.next()
}
