// Package bind changes what a flow refers to: the ARNs of one Amazon Connect
// instance into symbolic names, and names into the ARNs of another.
//
// It decides which parameters are references and of what kind. Whether what they
// name exists is for who publishes the flow.
package bind

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// Kind is what a reference stands for.
type Kind string

// The kinds; they are the names of a map's parts.
const (
	Queue    Kind = "queues"
	Flow     Kind = "flows"
	Module   Kind = "modules"
	Function Kind = "functions"
	Prompt   Kind = "prompts"
	Hours    Kind = "hours"
	Bot      Kind = "bots"
	Agent    Kind = "agents"
)

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Queue, Flow, Module, Function, Prompt, Hours, Bot, Agent} }

// One is what a single thing of a kind is called in messages.
func (k Kind) One() string {
	if k == Hours {
		return "hours"
	}
	return strings.TrimSuffix(string(k), "s")
}

// Reference is one place where a flow names something outside of itself.
type Reference struct {
	Kind   Kind   `json:"kind"`
	Action string `json:"action"`
	Type   string `json:"type"`
	Field  string `json:"field"`
	Value  string `json:"value"`
}

// Dynamic reports whether the value is only known in a call.
func (r Reference) Dynamic() bool { return !flow.ParseTemplate(r.Value).Static() }

// kindOf says what a parameter refers to.
func kindOf(field, key string) (Kind, bool) {
	switch key {
	case "QueueId":
		return Queue, true
	case "AgentId":
		return Agent, true
	case "LambdaFunctionARN":
		return Function, true
	case "PromptId":
		return Prompt, true
	case "ContactFlowId":
		return Flow, true
	case "FlowModuleId":
		return Module, true
	case "HoursOfOperationId":
		return Hours, true
	case "AliasArn":
		return Bot, true
	}
	if strings.HasPrefix(field, "EventHooks.") {
		return Flow, true
	}
	return "", false
}

// References returns every reference of a flow, in the order of its actions.
func References(f *flow.Flow) []Reference {
	var list []Reference
	for i := range f.Actions {
		a := &f.Actions[i]
		for _, t := range param.Texts(a.Parameters) {
			if kind, ok := kindOf(t.Field, t.Key); ok && !t.IsKey && t.Value != "" {
				list = append(list, Reference{kind, a.Identifier, a.Type, "Parameters." + t.Field, t.Value})
			}
		}
	}
	return list
}

// placeholder is what tools that deploy flows put in the place of an ARN.
var placeholder = regexp.MustCompile(`\$\{[^}]*\}|\{\{[^}]*\}\}|__[A-Za-z0-9]+(_[A-Za-z0-9]+)*__`)

// Placeholder returns the first placeholder within a text, "" if there is none.
func Placeholder(text string) string { return placeholder.FindString(text) }

// Map says what symbolic names stand for: by kind, ARN (or placeholder) by name.
type Map map[Kind]map[string]string

// ReadMap reads a map from JSON: {"queues": {"service": "arn:…"}, "functions": {…}}.
func ReadMap(data []byte) (Map, error) {
	if len(data) > flow.MaxBytes {
		return nil, fault.New(fault.Invalid, "map: %d bytes, at most %d are allowed", len(data), flow.MaxBytes)
	}
	var m Map
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "map")
	}
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(Kinds(), kind) {
			return nil, fault.New(fault.Invalid, "map: there is no kind %.40q; the kinds are %v", string(kind), Kinds())
		}
		seen := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(m[kind])) {
			arn := m[kind][name]
			if name == "" || arn == "" {
				return nil, fault.New(fault.Invalid, "map: %s.%s: empty", kind, name)
			}
			if other, ok := seen[arn]; ok {
				return nil, fault.New(fault.Invalid, "map: %s.%s and %s.%s are the same", kind, other, kind, name)
			}
			seen[arn] = name
		}
	}
	return m, nil
}

// Knows reports whether a name, or what a name stands for, is in the map. The
// last part of an ARN counts as the ARN.
func (m Map) Knows(kind Kind, ref string) bool {
	if _, ok := m[kind][ref]; ok {
		return true
	}
	_, ok := m.name(kind, ref)
	return ok
}

// name is the symbolic name of an ARN.
func (m Map) name(kind Kind, ref string) (string, bool) {
	for _, name := range slices.Sorted(maps.Keys(m[kind])) {
		arn := m[kind][name]
		if arn == ref || strings.HasPrefix(arn, "arn:") && flow.ResourceID(arn) == ref {
			return name, true
		}
	}
	return "", false
}

// ToNames returns the flow with symbolic names in the place of ARNs, and the
// references that the map does not hold.
func (m Map) ToNames(f *flow.Flow) (*flow.Flow, []Reference) {
	return m.apply(f, func(kind Kind, ref string) (string, bool) {
		if _, ok := m[kind][ref]; ok {
			return ref, true
		}
		return m.name(kind, ref)
	})
}

// ToARNs returns the flow with ARNs in the place of symbolic names, and the
// references that the map does not hold.
func (m Map) ToARNs(f *flow.Flow) (*flow.Flow, []Reference) {
	return m.apply(f, func(kind Kind, ref string) (string, bool) {
		if arn, ok := m[kind][ref]; ok {
			return arn, true
		}
		_, ok := m.name(kind, ref)
		return ref, ok
	})
}

// apply changes references; f stays as it is.
func (m Map) apply(f *flow.Flow, to func(Kind, string) (string, bool)) (*flow.Flow, []Reference) {
	changed := *f
	changed.Actions = slices.Clone(f.Actions)
	var missing []Reference
	for i := range changed.Actions {
		a := &changed.Actions[i]
		a.Parameters = param.Replace(a.Parameters, func(t param.Text) (string, bool) {
			kind, ok := kindOf(t.Field, t.Key)
			if !ok || t.Value == "" || !flow.ParseTemplate(t.Value).Static() {
				return "", false
			}
			text, ok := to(kind, t.Value)
			if !ok {
				missing = append(missing, Reference{kind, a.Identifier, a.Type, "Parameters." + t.Field, t.Value})
			}
			return text, ok
		})
	}
	return &changed, missing
}
