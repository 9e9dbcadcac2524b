package testcase

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huawu/shared/flow"
)

type wireAction struct {
	Identifier  string
	ID          string `json:"Id"` // as a list of the first reference calls it
	Type        string
	Parameters  json.RawMessage
	Transitions struct{ NextAction string }
}

// parseActions reads the actions of an observation and puts them in the order
// they run in: as NextAction leads, and as written where it leads nowhere.
func parseActions(list []json.RawMessage) ([]Action, error) {
	actions, next := make([]Action, 0, len(list)), map[string]string{}
	at := map[string]int{}
	for i, raw := range list {
		var w wireAction
		if err := plainDecode(raw, &w); err != nil {
			return nil, within(fmt.Sprintf("Actions[%d]", i), err)
		}
		id := firstText(w.Identifier, w.ID, fmt.Sprintf("action %d", i+1))
		where := fmt.Sprintf("action %q", short(id))
		if _, used := at[id]; used {
			return nil, bad(where+", Identifier", "used before")
		}
		a, err := parseAction(w)
		if err != nil {
			return nil, fmt.Errorf("%s, %w", where, err)
		}
		a.ID = id
		at[id] = i
		next[id] = w.Transitions.NextAction
		actions = append(actions, a)
	}
	led := map[string]bool{}
	for _, a := range actions {
		if to := next[a.ID]; to != "" {
			if _, ok := at[to]; !ok {
				return nil, bad(fmt.Sprintf("action %q, Transitions.NextAction", short(a.ID)), "there is no action %q in the observation%s", short(to), nearest(to, slices.Collect(maps.Keys(at))))
			}
			led[to] = true
		}
	}
	return inOrder(actions, next, at, led)
}

func inOrder(actions []Action, next map[string]string, at map[string]int, led map[string]bool) ([]Action, error) {
	done := map[string]bool{}
	var list []Action
	for _, a := range actions {
		if led[a.ID] {
			continue
		}
		for id := a.ID; id != "" && !done[id]; id = next[id] {
			done[id] = true
			list = append(list, actions[at[id]])
		}
	}
	for _, a := range actions {
		if !done[a.ID] {
			return nil, bad(fmt.Sprintf("action %q, Transitions.NextAction", short(a.ID)), "leads in a circle")
		}
	}
	return list, nil
}

func parseAction(w wireAction) (a Action, err error) {
	if w.Parameters == nil {
		w.Parameters = json.RawMessage("{}")
	}
	a.Type = ActionType(w.Type)
	types := []string{string(SendInstruction), string(OverrideSystemBehavior), string(Assert), string(TestControl)}
	switch a.Type {
	case SendInstruction:
		a.Send, err = parseInstruction(w.Parameters)
	case OverrideSystemBehavior:
		a.Override, err = parseOverride(w.Parameters)
	case Assert:
		a.Assert, err = parseAssert(w.Parameters)
	case TestControl:
		a.Control, err = parseControl(w.Parameters)
	default:
		return a, bad("Type", "%q, want %s%s", short(w.Type), strings.Join(types, ", "), nearest(w.Type, types))
	}
	return a, within("Parameters", err)
}

func parseInstruction(raw json.RawMessage) (*Instruction, error) {
	var w struct {
		Actor       string
		Instruction struct {
			Type       string
			Properties struct{ Value, Text, SSML flow.Template }
		}
	}
	if err := plainDecode(raw, &w); err != nil {
		return nil, err
	}
	if w.Actor != "" && w.Actor != "Customer" {
		return nil, bad("Actor", "%q, want Customer", short(w.Actor))
	}
	in, p := &Instruction{Type: InstructionType(w.Instruction.Type)}, w.Instruction.Properties
	switch in.Type {
	case DtmfInput:
		in.Value = p.Value
		if t := in.Value; t.Absent() || t.Static() && strings.Trim(t.String(), "0123456789*#") != "" {
			return nil, bad("Instruction.Properties.Value", "%q, want keys of 0-9 * #", short(t.String()))
		}
	case TextUtterance:
		in.Value = p.Text
		if in.Value.Absent() {
			in.Value = p.SSML
		}
		if in.Value.Absent() {
			in.Value = p.Value // as a public generator of tests writes it
		}
		if in.Value.Absent() {
			return nil, bad("Instruction.Properties.Text", "missing")
		}
	case Disconnect:
	default:
		return nil, bad("Instruction.Type", "%q, want DtmfInput, TextUtterance or Disconnect", short(w.Instruction.Type))
	}
	return in, nil
}

type wireOverride struct {
	Behavior struct {
		Type       string
		Properties struct {
			ActionType       string
			ActionParameters wireParameters
			Strategy         struct {
				Type          string
				SubstituteArn string
				Response      wireResponse
			}
		}
	}
}

type wireResponse struct {
	Type            string
	ExecutionResult *struct {
		DelaySeconds float64
		LoadedData   json.RawMessage // JSON in text; an object is taken too
		Value        string
	}
	Error *struct {
		DelaySeconds float64
		Value        string
	}
}

func parseOverride(raw json.RawMessage) (*Override, error) {
	var w wireOverride
	if err := plainDecode(raw, &w); err != nil {
		return nil, err
	}
	if t := w.Behavior.Type; t != "" && t != "FlowAction" {
		return nil, bad("Behavior.Type", "%q, want FlowAction", short(t))
	}
	p := &w.Behavior.Properties
	kind, err := flowType(p.ActionType)
	if err != nil {
		return nil, within("Behavior.Properties", err)
	}
	id, known := p.ActionParameters.resource(kind)
	if !known {
		return nil, bad("Behavior.Properties.ActionType", "%s cannot be overridden; want %s, %s, %s, %s or DequeueAndTransferToQueue", kind, invokes, checksHours, talks, queues)
	}
	o := &Override{FlowType: kind, Resource: id}
	switch p.Strategy.Type {
	case "SubstituteResource":
		if o.Substitute = p.Strategy.SubstituteArn; o.Substitute == "" {
			err = bad("SubstituteArn", "missing")
		}
	case "MockResponse":
		err = within("Response", o.mock(&p.Strategy.Response))
	default:
		err = bad("Type", "%q, want SubstituteResource or MockResponse", short(p.Strategy.Type))
	}
	return o, within("Behavior.Properties.Strategy", err)
}

// mock reads what takes the place of a resource.
func (o *Override) mock(r *wireResponse) error {
	switch {
	case r.Type == "Error" && r.Error != nil:
		o.Fails, o.Delay = flow.ErrorType(r.Error.Value), seconds(r.Error.DelaySeconds)
		want := []flow.ErrorType{flow.TimeLimitExceeded, flow.NoMatchingError}
		switch o.FlowType {
		case checksHours:
			want = want[1:]
		case queues, dequeues:
			want[0] = flow.QueueAtCapacity
		}
		if !slices.Contains(want, o.Fails) {
			return bad("Error.Value", "%q, want %s", short(r.Error.Value), joined(want))
		}
		return nil
	case r.Type == "ExecutionResult" && r.ExecutionResult != nil:
		return within("ExecutionResult", o.succeed(r.ExecutionResult.LoadedData, r.ExecutionResult.Value, r.ExecutionResult.DelaySeconds))
	case r.Type == "Error" || r.Type == "ExecutionResult":
		return bad(r.Type, "missing")
	}
	return bad("Type", "%q, want ExecutionResult or Error", short(r.Type))
}

func (o *Override) succeed(data json.RawMessage, value string, delay float64) error {
	o.Delay = seconds(delay)
	switch o.FlowType {
	case checksHours:
		if o.Value = strings.Replace(value, "InHour", "InHours", 1); value == "InHours" || value == "OutOfHours" {
			o.Value = value
		} else if value != "InHour" { // as a public generator of tests writes it
			return bad("Value", "%q, want InHours or OutOfHours", short(value))
		}
		return nil
	case queues, dequeues:
		return bad("Value", "a transfer can only be mocked with an Error")
	}
	if len(data) == 0 || string(data) == "null" {
		o.Data = "{}"
		return nil
	}
	text, err := unquote(data)
	if err != nil {
		return err
	}
	if o.Data = string(text); !json.Valid(text) {
		return bad("LoadedData", "is not JSON")
	}
	return nil
}

// seconds reads a delay; more than the longest call is as good as that.
func seconds(n float64) time.Duration {
	return time.Duration(max(0, min(n, TimeLimit.Seconds())) * float64(time.Second))
}

func joined(list []flow.ErrorType) string {
	var names []string
	for _, e := range list {
		names = append(names, string(e))
	}
	return strings.Join(names, " or ")
}

func parseAssert(raw json.RawMessage) (*Assertion, error) {
	var w struct {
		Namespace flow.Template
		Operator  string
		Operand   flow.Template
	}
	if err := plainDecode(raw, &w); err != nil {
		return nil, err
	}
	if _, ok := w.Namespace.Path(); !ok {
		return nil, bad("Namespace", "%q, want a path such as $.Queue.Name", short(w.Namespace.String()))
	}
	a := &Assertion{Namespace: w.Namespace, Exists: w.Operator == "Exists"}
	a.Condition = flow.Condition{Operator: flow.Operator(w.Operator), Operands: []flow.Template{w.Operand}}
	if !a.Exists && !a.Condition.Operator.Known() {
		names := []string{"Exists"}
		for _, o := range flow.Operators() {
			names = append(names, string(o))
		}
		return nil, bad("Operator", "%q, want %s%s", short(w.Operator), strings.Join(names, ", "), nearest(w.Operator, names))
	}
	return a, nil
}

func parseControl(raw json.RawMessage) (*Control, error) {
	var w struct {
		Command struct {
			Type       string
			Properties struct{ Expressions map[string]flow.Template }
		}
	}
	if err := plainDecode(raw, &w); err != nil {
		return nil, err
	}
	switch w.Command.Type {
	case "EndTest":
		return &Control{End: true}, nil
	case "LogData":
		c := &Control{}
		list := w.Command.Properties.Expressions
		for _, label := range slices.Sorted(maps.Keys(list)) {
			c.Log = append(c.Log, Expression{label, list[label]})
		}
		return c, nil
	}
	return nil, bad("Command.Type", "%q, want EndTest or LogData", short(w.Command.Type))
}
