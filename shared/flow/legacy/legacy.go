// Package legacy converts flows of the "modules" format, which Amazon Connect
// exported before October 2019, into today's flow language.
//
// It decides which action a module becomes and what its branches are called. It
// leaves whether the result is valid to flow.Check.
package legacy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/flow"
)

// document is a flow of the older format.
type document struct {
	Modules  []module        `json:"modules"`
	Version  string          `json:"version"`
	Type     string          `json:"type"`
	Start    string          `json:"start"`
	Metadata json.RawMessage `json:"metadata"`
}

// module is one block.
type module struct {
	ID         string      `json:"id"`
	Type       string      `json:"type"`
	Target     string      `json:"target"` // of Transfer, GetUserInput and InvokeExternalResource
	Branches   []branch    `json:"branches"`
	Parameters []parameter `json:"parameters"`
	Metadata   struct {
		Position json.RawMessage `json:"position"`
	} `json:"metadata"`
}

// branch is one end of a block.
type branch struct {
	Condition      string `json:"condition"` // Success, Error, NoMatch, Timeout, Evaluate, True, False …
	ConditionType  string `json:"conditionType"`
	ConditionValue any    `json:"conditionValue"` // text or number
	Transition     string `json:"transition"`
}

// parameter is a setting of a block. With a namespace the value names an attribute.
type parameter struct {
	Name      string  `json:"name"`
	Key       string  `json:"key"`
	Value     any     `json:"value"` // text, number, boolean or null
	Namespace *string `json:"namespace"`
}

// Convert reads a document of the older format, with or without a wrapper, and
// returns the flow it stands for. A block of an unknown type is an error that
// names it.
func Convert(data []byte) (*flow.Flow, error) {
	if len(data) > flow.MaxBytes {
		return nil, fault.New(fault.Invalid, "legacy flow: document of %d bytes, at most %d are allowed", len(data), flow.MaxBytes)
	}
	if _, err := flow.Parse(data); err == nil || !strings.Contains(err.Error(), flow.ErrLegacy.Error()) {
		if err == nil {
			return nil, fault.New(fault.Invalid, "legacy flow: the document is in today's format")
		}
		return nil, err
	}
	doc, err := read(data)
	if err != nil {
		return nil, err
	}
	if len(doc.Modules) > flow.MaxActions {
		return nil, fault.New(fault.Invalid, "legacy flow: modules: %d modules, at most %d are allowed", len(doc.Modules), flow.MaxActions)
	}
	f := &flow.Flow{Version: flow.Version, StartAction: doc.Start}
	for i := range doc.Modules {
		a, err := convert(&doc.Modules[i])
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "legacy flow: module %d (%.60s)", i, doc.Modules[i].ID)
		}
		f.Actions = append(f.Actions, a)
	}
	if f.Metadata, err = doc.metadata(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "legacy flow: metadata")
	}
	// Export and Parse give the flow the name and type its metadata has.
	out, err := flow.Export(f)
	if err != nil {
		return nil, err
	}
	return flow.Parse(out)
}

// read decodes the document, or the content of its wrapper.
func read(data []byte) (*document, error) {
	var doc document
	var wrapper struct{ Content json.RawMessage }
	data = []byte(strings.TrimPrefix(string(data), "\xef\xbb\xbf"))
	if json.Unmarshal(data, &wrapper) == nil && len(wrapper.Content) > 0 {
		data = wrapper.Content
		var text string
		if json.Unmarshal(data, &text) == nil {
			data = []byte(text)
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "legacy flow")
	}
	return &doc, nil
}

// metadata is that of today's format: where blocks stand is by identifier.
func (d *document) metadata() (json.RawMessage, error) {
	meta := map[string]json.RawMessage{}
	if len(d.Metadata) > 0 {
		if err := json.Unmarshal(d.Metadata, &meta); err != nil {
			return nil, err
		}
	}
	type place struct {
		Position json.RawMessage `json:"position"`
	}
	places := map[string]place{}
	for _, m := range d.Modules {
		if len(m.Metadata.Position) > 0 {
			places[m.ID] = place{m.Metadata.Position}
		}
	}
	var err error
	if meta["ActionMetadata"], err = json.Marshal(places); err != nil {
		return nil, err
	}
	if _, ok := meta["type"]; !ok && d.Type != "" {
		if meta["type"], err = json.Marshal(d.Type); err != nil {
			return nil, err
		}
	}
	return json.Marshal(meta)
}

// value returns a setting as today's language writes it, "" if it is absent.
func (m *module) value(names ...string) string {
	for _, p := range m.Parameters {
		if slices.Contains(names, p.Name) {
			return p.text()
		}
	}
	return ""
}

// text is the value, or the reference it stands for.
func (p *parameter) text() string {
	v := plain(p.Value)
	if p.Namespace == nil || *p.Namespace == "" || v == "" {
		return v
	}
	return reference(*p.Namespace, v)
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		if v {
			return "True"
		}
		return "False"
	}
	return ""
}

// reference is the path of an attribute in a namespace of the older format.
func reference(namespace, name string) string {
	switch namespace {
	case "System":
		return systemPath(name)
	case "User Defined":
		return flow.Path{"Attributes", name}.String()
	case "External":
		return flow.Path{"External", name}.String()
	case "Lex", "LexSlots", "Lex Slots":
		return flow.Path{"Lex", "Slots", name}.String()
	case "Lex Attributes", "LexAttributes":
		return flow.Path{"Lex", "SessionAttributes", name}.String()
	case "Agent", "Queue", "Media Streams":
		return flow.Path{strings.ReplaceAll(namespace, " ", ""), name}.String()
	}
	return flow.Path{namespace, name}.String()
}

// systemPath is the path of a system attribute, which has a name with spaces.
func systemPath(name string) string {
	switch strings.ToLower(strings.ReplaceAll(name, " ", "")) {
	case "customernumber", "customerendpointaddress":
		return "$.CustomerEndpoint.Address"
	case "dialednumber", "systemendpointaddress":
		return "$.SystemEndpoint.Address"
	case "customercallbacknumber":
		return "$.CustomerCallbackNumber"
	case "storedcustomerinput":
		return "$.StoredCustomerInput"
	case "queuename":
		return "$.Queue.Name"
	case "queuearn":
		return "$.Queue.ARN"
	case "texttospeechvoice":
		return "$.TextToSpeechVoiceId"
	case "contactid":
		return "$.ContactId"
	case "initialcontactid":
		return "$.InitialContactId"
	case "previouscontactid":
		return "$.PreviousContactId"
	case "channel":
		return "$.Channel"
	case "instancearn":
		return "$.InstanceARN"
	case "initiationmethod":
		return "$.InitiationMethod"
	case "languagecode":
		return "$.LanguageCode"
	case "queueoutboundnumber":
		return "$.Queue.OutboundCallerId.Address"
	}
	return flow.Path{name}.String()
}

// convert makes an action of a module.
func convert(m *module) (flow.Action, error) {
	kind, parameters, err := m.action()
	if err != nil {
		return flow.Action{}, err
	}
	raw, err := json.Marshal(parameters)
	if err != nil {
		return flow.Action{}, err
	}
	then, err := m.transitions(kind)
	return flow.Action{Identifier: m.ID, Type: kind, Parameters: raw, Transitions: then}, err
}

// transitions renames the branches.
func (m *module) transitions(kind string) (flow.Transitions, error) {
	var t flow.Transitions
	fail := func(e flow.ErrorType, to string) {
		t.Errors = append(t.Errors, flow.ErrorBranch{NextAction: to, ErrorType: e})
	}
	when := func(o flow.Operator, operand, to string) {
		t.Conditions = append(t.Conditions, flow.ConditionBranch{NextAction: to,
			Condition: flow.Condition{Operator: o, Operands: []flow.Template{flow.ParseTemplate(operand)}}})
	}
	for _, b := range m.Branches {
		switch b.Condition {
		case "Success", "Default", "Resume":
			t.NextAction = b.Transition
		case "Evaluate":
			o, err := operator(b.ConditionType)
			if err != nil {
				return t, err
			}
			when(o, plain(b.ConditionValue), b.Transition)
		case "True":
			whenTrue(kind, b.Transition, when)
		case "False":
			if kind == "CheckMetricData" {
				fail(flow.NoMatchingCondition, b.Transition)
			} else {
				when(flow.Equals, "False", b.Transition)
			}
		case "Looping":
			when(flow.Equals, "ContinueLooping", b.Transition)
		case "Complete":
			whenComplete(kind, b.Transition, when)
		default:
			e, ok := errorOf(b.Condition, kind)
			if !ok {
				return t, fmt.Errorf("branches: there is no condition %.60q", b.Condition)
			}
			fail(e, b.Transition)
		}
	}
	finish(&t, kind)
	return t, nil
}

// finish gives an action that has none of its own the NextAction that today's
// exports write: where it goes when nothing else fits.
func finish(t *flow.Transitions, kind string) {
	if t.NextAction != "" {
		return
	}
	switch kind {
	case "DisconnectParticipant", "EndFlowExecution", "EndFlowModuleExecution":
		return
	}
	for _, want := range []flow.ErrorType{flow.NoMatchingError, flow.NoMatchingCondition} {
		for _, e := range t.Errors {
			if e.ErrorType == want {
				t.NextAction = e.NextAction
				return
			}
		}
	}
	if n := len(t.Conditions); n > 0 {
		t.NextAction = t.Conditions[n-1].NextAction
	}
}

func whenTrue(kind, to string, when func(flow.Operator, string, string)) {
	if kind == "CheckMetricData" {
		when(flow.NumberGreaterThan, "0", to)
		return
	}
	when(flow.Equals, "True", to)
}

func whenComplete(kind, to string, when func(flow.Operator, string, string)) {
	result := "DoneLooping"
	if kind == "Wait" {
		result = "WaitCompleted"
	}
	when(flow.Equals, result, to)
}

// operator renames a condition's type.
func operator(name string) (flow.Operator, error) {
	switch name {
	case "Equals":
		return flow.Equals, nil
	case "StartsWith":
		return flow.TextStartsWith, nil
	case "EndsWith":
		return flow.TextEndsWith, nil
	case "Contains":
		return flow.TextContains, nil
	case "GreaterThan":
		return flow.NumberGreaterThan, nil
	case "GreaterThanEqualTo", "GreaterThanOrEqualTo":
		return flow.NumberGreaterOrEqualTo, nil
	case "LessThan":
		return flow.NumberLessThan, nil
	case "LessThanEqualTo", "LessThanOrEqualTo":
		return flow.NumberLessOrEqualTo, nil
	}
	return "", fmt.Errorf("branches: there is no conditionType %.60q", name)
}

// errorOf renames an error branch.
func errorOf(condition, kind string) (flow.ErrorType, bool) {
	switch condition {
	case "Error":
		return flow.NoMatchingError, true
	case "NoMatch":
		return flow.NoMatchingCondition, true
	case "AtCapacity":
		return flow.QueueAtCapacity, true
	case "Timeout":
		if kind == "TransferParticipantToThirdParty" {
			return flow.ConnectionTimeLimitExceeded, true
		}
		return flow.InputTimeLimitExceeded, true
	case "CallFailure", "CallFailed":
		return flow.CallFailed, true
	case "InvalidNumber", "InvalidPhoneNumber":
		if kind == "UpdateContactCallbackNumber" {
			return flow.InvalidCallbackNumber, true
		}
		return flow.InvalidPhoneNumber, true
	case "NonDialableNumber", "NotDialable", "NumberNotDialable":
		return flow.CallbackNumberNotDialable, true
	}
	return "", false
}
