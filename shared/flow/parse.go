package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"huawu/shared/fault"
)

// Parse reads a document: a flow, or a wrapper around one. It checks size and
// depth before it decodes anything. It does not say whether the flow is valid:
// see Check.
func Parse(data []byte) (*Flow, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, "flow: document of %d bytes, at most %d are allowed", len(data), MaxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := checkDepth(data); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, syntax(data, err)
	}
	if members == nil {
		return nil, fault.New(fault.Invalid, "flow: want an object, have null")
	}
	content, wrapped := members["Content"]
	if _, bare := members["Actions"]; !wrapped || bare {
		if _, legacy := members["modules"]; legacy {
			return nil, ErrLegacy
		}
		f, err := parseContent(members)
		if err != nil {
			return nil, err
		}
		f.describe()
		return f, nil
	}
	delete(members, "Content")
	return parseWrapped(members, content)
}

// ErrLegacy is returned by Parse for the "modules" format of before 2019.
var ErrLegacy = fault.New(fault.Invalid, "flow: legacy \"modules\" format; convert it first")

func parseWrapped(rest map[string]json.RawMessage, content json.RawMessage) (*Flow, error) {
	w := Wrapper{Form: ContentObject, Extra: rest}
	if content[0] == '"' {
		var text string
		if err := json.Unmarshal(content, &text); err != nil {
			return nil, syntax(content, err)
		}
		w.Form, content = ContentString, []byte(text)
		if err := checkDepth(content); err != nil {
			return nil, err
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(content, &members); err != nil {
		return nil, fault.Wrap(fault.Invalid, syntax(content, err), "flow: Content")
	}
	if _, legacy := members["modules"]; legacy {
		return nil, ErrLegacy
	}
	f, err := parseContent(members)
	if err != nil {
		return nil, err
	}
	f.Wrap = w
	f.describe()
	return f, nil
}

// parseContent decodes the members of a flow.
func parseContent(members map[string]json.RawMessage) (*Flow, error) {
	f := &Flow{}
	var actions []json.RawMessage
	for _, m := range []struct {
		name string
		into any
	}{{"Version", &f.Version}, {"StartAction", &f.StartAction}, {"Actions", &actions}} {
		raw, ok := members[m.name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, m.into); err != nil {
			return nil, fault.New(fault.Invalid, "flow: %s: %s", m.name, plainError(err))
		}
		delete(members, m.name)
	}
	f.Metadata, f.Settings = members["Metadata"], members["Settings"]
	delete(members, "Metadata")
	delete(members, "Settings")
	if len(members) > 0 {
		f.Extra = members
	}
	if len(actions) > MaxActions {
		return nil, fault.New(fault.Invalid, "flow: Actions: %d actions, at most %d are allowed", len(actions), MaxActions)
	}
	f.Actions = make([]Action, len(actions))
	for i, raw := range actions {
		if err := f.Actions[i].read(raw); err != nil {
			return nil, fault.New(fault.Invalid, "flow: action %d (%.60s), %s", i, f.Actions[i].Identifier, err)
		}
	}
	return f, nil
}

// read decodes an action; the error begins with the field.
func (a *Action) read(raw json.RawMessage) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("action: %s", plainError(err))
	}
	for _, f := range []struct {
		name string
		into any
	}{{"Identifier", &a.Identifier}, {"Type", &a.Type}, {"Parameters", &a.Parameters}} {
		if err := takeMember(m, f.name, f.into); err != nil {
			return err
		}
	}
	if string(a.Parameters) == "null" {
		a.Parameters = nil
	}
	var then map[string]json.RawMessage
	if err := takeMember(m, "Transitions", &then); err != nil {
		return err
	}
	if len(m) > 0 {
		a.Extra = m
	}
	return a.Transitions.read(then)
}

func (t *Transitions) read(m map[string]json.RawMessage) error {
	for _, f := range []struct {
		name string
		into any
	}{{"NextAction", &t.NextAction}, {"Errors", &t.Errors}, {"Conditions", &t.Conditions}} {
		if err := takeMember(m, f.name, f.into); err != nil {
			return fmt.Errorf("Transitions.%w", err)
		}
	}
	if len(m) > 0 {
		t.Extra = m
	}
	if n := max(len(t.Errors), len(t.Conditions)); n > MaxBranches {
		return fmt.Errorf("Transitions: %d branches, at most %d are allowed", n, MaxBranches)
	}
	return nil
}

// takeMember decodes a member and removes it from the map; null is absent.
func takeMember(m map[string]json.RawMessage, name string, into any) error {
	raw, ok := m[name]
	if !ok {
		return nil
	}
	delete(m, name)
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %s", name, plainError(err))
	}
	return nil
}

// describe sets Name and Type from the wrapper, else from Metadata, else from
// the actions.
func (f *Flow) describe() {
	var meta struct {
		Name, Type string
		LowerName  string `json:"name"`
		LowerType  string `json:"type"`
	}
	if json.Unmarshal(f.Metadata, &meta) == nil {
		f.Name, f.Type = meta.LowerName, typeOf(meta.LowerType)
		if f.Name == "" {
			f.Name = meta.Name
		}
	}
	var name, kind string
	if json.Unmarshal(f.Wrap.Extra["Name"], &name) == nil && name != "" {
		f.Name = name
	}
	if json.Unmarshal(f.Wrap.Extra["Type"], &kind) == nil && typeOf(kind) != "" {
		f.Type = typeOf(kind)
	}
	if f.Type == "" {
		f.Type = f.guess()
	}
}

// guess returns the type that the flow's actions belong to.
func (f *Flow) guess() Type {
	for _, a := range f.Actions {
		switch a.Type {
		case "EndFlowModuleExecution":
			return Module
		case "MessageParticipantIteratively", "DequeueContactAndTransferToQueue":
			return CustomerQueue
		}
	}
	return ContactFlow
}

// typeOf reads a type as wrappers ("CONTACT_FLOW") and Metadata ("contactFlow") write it.
func typeOf(text string) Type {
	want := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	for _, t := range Types() {
		if strings.ToLower(strings.ReplaceAll(string(t), "_", "")) == want {
			return t
		}
	}
	if want == "contactflowmodule" || want == "flowmodule" {
		return Module
	}
	return ""
}

// checkDepth refuses values nested deeper than MaxDepth without recursion.
func checkDepth(data []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return fault.New(fault.Invalid, "flow: nested deeper than %d at byte %d", MaxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// syntax turns an error of the decoder into one that names line and column.
func syntax(data []byte, err error) error {
	at, ok := err.(*json.SyntaxError)
	if !ok {
		return fault.New(fault.Invalid, "flow: %s", plainError(err))
	}
	before := data[:min(int(at.Offset), len(data))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fault.New(fault.Invalid, "flow: line %d, column %d: %s", line, column-1, err)
}

// plainError says what a decoder wanted, without the names of Go types.
func plainError(err error) string {
	if e, ok := err.(*json.UnmarshalTypeError); ok {
		want := "another JSON type"
		switch e.Type.Kind().String() {
		case "string":
			want = "text"
		case "slice":
			want = "a list"
		case "map", "struct":
			want = "an object"
		}
		if e.Field != "" {
			return fmt.Sprintf("%s: want %s, have %s", e.Field, want, e.Value)
		}
		return fmt.Sprintf("want %s, have %s", want, e.Value)
	}
	return err.Error()
}
