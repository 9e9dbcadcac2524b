package testcase

import (
	"encoding/json"
	"strings"

	"huawu/shared/flow"
)

// wireEvent is an event. MatchingCriteria is an object within Properties in the
// reference of the event, and text beside them in the reference's example.
type wireEvent struct {
	Type             string
	Actor            string
	Properties       json.RawMessage
	MatchingCriteria json.RawMessage
}

func parseEvent(raw json.RawMessage) (Event, error) {
	var w wireEvent
	if err := plainDecode(raw, &w); err != nil {
		return Event{}, err
	}
	if w.Properties == nil {
		w.Properties = json.RawMessage("{}")
	}
	e := Event{Type: EventType(w.Type)}
	types := []string{string(TestInitiated), string(TestCompleted), string(MessageReceived), string(FlowActionStarted)}
	var err error
	switch e.Type {
	case TestInitiated, TestCompleted:
	case MessageReceived:
		e.Message, err = parseMessage(w.Properties, w.MatchingCriteria)
	case FlowActionStarted:
		err = e.parseStarted(w.Properties)
	default:
		return e, bad("Type", "%q, want %s%s", short(w.Type), strings.Join(types, ", "), nearest(w.Type, types))
	}
	if err != nil {
		return e, within("Properties", err)
	}
	if w.Actor != "" && w.Actor != "System" {
		return e, bad("Actor", "%q, want System", short(w.Actor))
	}
	return e, nil
}

func parseMessage(raw, beside json.RawMessage) (m Message, err error) {
	var w struct {
		PromptID         flow.Template `json:"PromptId"`
		Text, SSML       flow.Template
		Media            *struct{ URI flow.Template }
		MatchingCriteria json.RawMessage
	}
	if err := plainDecode(raw, &w); err != nil {
		return m, err
	}
	m = Message{PromptID: w.PromptID, Text: w.Text, SSML: w.SSML}
	if w.Media != nil {
		m.MediaURI = w.Media.URI
		if m.MediaURI.Absent() {
			return m, bad("Media.Uri", "missing")
		}
	}
	set := 0
	for _, t := range []flow.Template{m.PromptID, m.Text, m.SSML, m.MediaURI} {
		if !t.Absent() {
			set++
		}
	}
	if set > 1 {
		return m, bad("Text", "only one of PromptId, Text, SSML and Media may be set")
	}
	if w.MatchingCriteria == nil {
		w.MatchingCriteria = beside
	}
	m.Inclusion, err = parseCriteria(w.MatchingCriteria)
	return m, err
}

func parseCriteria(raw json.RawMessage) (inclusion bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return false, nil
	}
	kind := ""
	if raw[0] == '"' {
		err = plainDecode(raw, &kind)
	} else {
		var w struct{ Type string }
		err = plainDecode(raw, &w)
		kind = w.Type
	}
	switch {
	case err != nil:
		return false, within("MatchingCriteria", err)
	case kind == "Inclusion":
		return true, nil
	case kind == "Similarity" || kind == "":
		return false, nil
	}
	return false, bad("MatchingCriteria.Type", "%q, want Similarity or Inclusion", short(kind))
}

// wireParameters are the parameters of flow actions that name a resource.
type wireParameters struct {
	LambdaFunctionARN  string
	HoursOfOperationID string `json:"HoursOfOperationId"`
	QueueID            string `json:"QueueId"`
	AgentID            string `json:"AgentId"`
	LexV2Bot           struct{ AliasArn string }
}

// resource is the parameter that the flow action is about. ok is false for
// actions that are about nothing that has an id.
func (w *wireParameters) resource(kind string) (id string, ok bool) {
	switch kind {
	case invokes:
		return w.LambdaFunctionARN, true
	case checksHours:
		return w.HoursOfOperationID, true
	case queues, dequeues:
		return w.QueueID, true
	case talks:
		return w.LexV2Bot.AliasArn, true
	}
	return "", false
}

// The flow actions that the language knows by their parameters.
const (
	invokes     = "InvokeLambdaFunction"
	checksHours = "CheckHoursOfOperation"
	queues      = "TransferContactToQueue"
	dequeues    = "DequeueContactAndTransferToQueue"
	talks       = "ConnectParticipantWithLexBot"
)

// flowType reads the type of a flow action: the reference has one with a blank
// at its end, and one under a shorter name.
func flowType(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "DequeueAndTransferToQueue" {
		return dequeues, nil
	}
	if _, ok := flow.FactsOf(name); ok {
		return name, nil
	}
	meant := ""
	if s := flow.Suggest(name); s != "" {
		meant = "; did you mean " + s + "?"
	}
	return "", bad("ActionType", "there is no flow action %q%s", short(name), meant)
}

func (e *Event) parseStarted(raw json.RawMessage) (err error) {
	var w struct {
		ActionType       string
		ActionParameters json.RawMessage
	}
	if err := plainDecode(raw, &w); err != nil {
		return err
	}
	if e.FlowType, err = flowType(w.ActionType); err != nil {
		return err
	}
	var p wireParameters
	if len(w.ActionParameters) > 0 {
		if err := plainDecode(w.ActionParameters, &p); err != nil {
			return within("ActionParameters", err)
		}
	}
	id, known := p.resource(e.FlowType)
	if text := strings.TrimSpace(string(w.ActionParameters)); !known && text != "" && text != "{}" && text != "null" {
		return bad("ActionParameters", "those of %s cannot be compared; leave them out", e.FlowType)
	}
	e.Resource, e.AgentID = id, p.AgentID
	return nil
}
