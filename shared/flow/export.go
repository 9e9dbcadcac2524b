package flow

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"huawu/shared/fault"
)

// Export writes a flow in the form it was read in. What this package does not
// interpret is written byte for byte; the order of members may be another.
// Export(Parse(x)) is x after Normalize.
func Export(f *Flow) ([]byte, error) {
	content, err := f.content()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "export flow")
	}
	if f.Wrap.Form == Bare {
		return content, nil
	}
	members := maps.Clone(f.Wrap.Extra)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	members["Content"] = content
	if f.Wrap.Form == ContentString {
		if members["Content"], err = marshal(string(content)); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "export flow")
		}
	}
	return object(members, "Name", "Type", "Description", "Tags", "Content"), nil
}

// content writes the flow itself.
func (f *Flow) content() ([]byte, error) {
	members := maps.Clone(f.Extra)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	actions := make([]json.RawMessage, len(f.Actions))
	for i := range f.Actions {
		raw, err := f.Actions[i].export()
		if err != nil {
			return nil, err
		}
		actions[i] = raw
	}
	for name, v := range map[string]any{"Version": f.Version, "StartAction": f.StartAction, "Actions": actions} {
		raw, err := marshal(v)
		if err != nil {
			return nil, err
		}
		members[name] = raw
	}
	if f.Metadata != nil {
		members["Metadata"] = f.Metadata
	}
	if f.Settings != nil {
		members["Settings"] = f.Settings
	}
	return object(members, "Version", "StartAction", "Metadata", "Settings", "Actions"), nil
}

func (a *Action) export() (json.RawMessage, error) {
	members := maps.Clone(a.Extra)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	then, err := a.Transitions.export()
	if err != nil {
		return nil, err
	}
	for name, v := range map[string]any{"Identifier": a.Identifier, "Type": a.Type, "Transitions": then} {
		if members[name], err = marshal(v); err != nil {
			return nil, err
		}
	}
	if members["Parameters"] = a.Parameters; a.Parameters == nil {
		members["Parameters"] = json.RawMessage("{}")
	}
	return object(members, "Identifier", "Type", "Parameters", "Transitions"), nil
}

func (t *Transitions) export() (json.RawMessage, error) {
	members := maps.Clone(t.Extra)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	var err error
	if t.NextAction != "" {
		if members["NextAction"], err = marshal(t.NextAction); err != nil {
			return nil, err
		}
	}
	if len(t.Errors) > 0 {
		if members["Errors"], err = marshal(t.Errors); err != nil {
			return nil, err
		}
	}
	if len(t.Conditions) > 0 {
		if members["Conditions"], err = marshal(t.Conditions); err != nil {
			return nil, err
		}
	}
	return object(members, "NextAction", "Errors", "Conditions"), nil
}

// object writes members, first those named and then the rest by name.
func object(members map[string]json.RawMessage, first ...string) json.RawMessage {
	rest := slices.Sorted(maps.Keys(members))
	rest = slices.DeleteFunc(rest, func(name string) bool { return slices.Contains(first, name) })
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range append(slices.Clone(first), rest...) {
		raw, ok := members[name]
		if !ok {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		key, _ := marshal(name) // a string cannot fail
		b.Write(key)
		b.WriteByte(':')
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// Normalize writes a document so that two that mean the same are the same:
// members by name, the flow as an object, and without what is as good as
// absent: null and empty Parameters, Transitions, Errors and Conditions of
// actions. Operands that are numbers or booleans are text.
func Normalize(data []byte) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "normalize flow")
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "normalize flow: want an object")
	}
	content := root
	switch c := root["Content"].(type) {
	case map[string]any:
		content = c
	case string:
		inner, err := Normalize([]byte(c))
		if err != nil {
			return nil, err
		}
		root["Content"] = json.RawMessage(inner)
		content = nil
	}
	if list, ok := content["Actions"].([]any); ok {
		for _, a := range list {
			if a, ok := a.(map[string]any); ok {
				normalizeAction(a)
			}
		}
	}
	return marshal(root)
}

func normalizeAction(a map[string]any) {
	if then, ok := a["Transitions"].(map[string]any); ok {
		list, _ := then["Conditions"].([]any)
		for _, c := range list {
			c, _ := c.(map[string]any)
			condition, _ := c["Condition"].(map[string]any)
			operands, _ := condition["Operands"].([]any)
			for i, o := range operands {
				operands[i] = operandText(o)
			}
		}
		dropEmpty(then, "NextAction", "Errors", "Conditions")
	}
	dropEmpty(a, "Parameters", "Transitions")
}

func operandText(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "True"
		}
		return "False"
	}
	return v
}

// dropEmpty removes members that are null, "" or without content.
func dropEmpty(m map[string]any, names ...string) {
	for _, name := range names {
		switch v := m[name].(type) {
		case nil:
			delete(m, name)
		case string:
			if v == "" {
				delete(m, name)
			}
		case []any:
			if len(v) == 0 {
				delete(m, name)
			}
		case map[string]any:
			if len(v) == 0 {
				delete(m, name)
			}
		}
	}
}
