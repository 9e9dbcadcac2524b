package interp

import (
	"bytes"
	"encoding/json"

	"huawu/shared/flow"
)

// document is a parameter that may hold any JSON; text anywhere in it may hold
// references.
type document struct{ raw json.RawMessage }

// UnmarshalJSON keeps the JSON.
func (d *document) UnmarshalJSON(data []byte) error {
	d.raw = bytes.Clone(data)
	return nil
}

// absent reports whether there is no value, or null.
func (d document) absent() bool { return len(d.raw) == 0 || string(d.raw) == "null" }

// resolve returns the JSON with every reference replaced; names of members too.
func (r *run) resolve(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	if !bytes.Contains(raw, []byte("$")) {
		return raw
	}
	out, err := json.Marshal(r.resolveAny(decodeAny(raw)))
	if err != nil { // what was decoded can be encoded
		return json.RawMessage("{}")
	}
	return out
}

func (r *run) resolveAny(v any) any {
	switch v := v.(type) {
	case string:
		return r.expand(flow.ParseTemplate(v))
	case []any:
		for i := range v {
			v[i] = r.resolveAny(v[i])
		}
		return v
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, value := range v {
			m[r.expand(flow.ParseTemplate(name))] = r.resolveAny(value)
		}
		return m
	}
	return v
}
