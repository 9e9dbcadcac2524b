package lint

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"huawu/shared/flow"
)

// edit changes a decoded flow.
type edit func(d doc)

// doc is a decoded flow.
type doc map[string]any

func (d doc) action(id string) map[string]any {
	for _, a := range d["Actions"].([]any) {
		if a := a.(map[string]any); a["Identifier"] == id {
			return a
		}
	}
	panic("no action " + id)
}

// set puts a value, as JSON, at a path below an action; "-" removes it.
func set(action, path, value string) edit {
	return func(d doc) {
		at := d.action(action)
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		last := names[len(names)-1]
		if value == "-" {
			delete(at, last)
			return
		}
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			panic(value + ": " + err.Error())
		}
		at[last] = v
	}
}

// top puts a value at a member of the flow.
func top(name, value string) edit {
	return func(d doc) { d[name] = json.RawMessage(value) }
}

// more adds an action.
func more(value string) edit {
	return func(d doc) { d["Actions"] = append(d["Actions"].([]any), json.RawMessage(value)) }
}

// all makes several edits one.
func all(list ...edit) edit {
	return func(d doc) {
		for _, e := range list {
			e(d)
		}
	}
}

func hotline(t testing.TB, edits ...edit) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/hotline.json")
	if err != nil {
		t.Fatal(err)
	}
	var d doc
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	all(edits...)(d)
	if data, err = json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAValidFlowHasNoFindings(t *testing.T) {
	for _, f := range Lint([]Source{{Name: "hotline.json", Data: hotline(t)}}, Options{}) {
		t.Error(f)
	}
}

const (
	err  = flow.Error
	warn = flow.Warning
)

// mutations are the faults lint has to find, each with its action and field.
var mutations = []struct {
	name     string
	edit     edit
	action   string
	field    string
	rule     Rule
	severity flow.Severity
}{
	// The envelope.
	{"an unknown version", top("Version", `"2020-01-01"`), "", "Version", Language, err},
	{"no start", top("StartAction", `""`), "", "StartAction", Language, err},
	{"a start that is not there", top("StartAction", `"loging"`), "", "StartAction", Language, err},
	{"an identifier with a colon", all(set("voice", "Identifier", `"voi:ce"`), set("logging", "Transitions.NextAction", `"voi:ce"`)), "voi:ce", "Identifier", Language, err},
	{"an identifier that is used twice", set("voice", "Identifier", `"welcome"`), "welcome", "Identifier", Language, err},
	{"a name every object has", all(set("voice", "Identifier", `"toString"`), set("logging", "Transitions.NextAction", `"toString"`)), "toString", "Identifier", Language, err},
	{"actions that are no list", top("Actions", `{}`), "", "Actions", Document, err},
	{"a type that is no text", set("closed", "Type", `7`), "closed", "Type", Document, err},
	{"parameters that are a list", set("closed", "Parameters", `[]`), "closed", "Parameters", Language, err},
	{"errors that are an object", set("closed", "Transitions.Errors", `{}`), "closed", "Transitions.Errors", Document, err},

	// Types.
	{"a designer's block name", set("closed", "Type", `"PlayPrompt"`), "closed", "Type", Language, err},
	{"an invented type", set("lookup", "Type", `"InvokeExternalResource"`), "lookup", "Type", Language, err},
	{"a type with a slip", set("bye", "Type", `"DisconectParticipant"`), "bye", "Type", Language, err},
	{"a type that is refused here", set("closed", "Type", `"ShowView"`), "closed", "Type", Language, err},
	{"a type of queue flows in an inbound flow", all(set("closed", "Type", `"MessageParticipantIteratively"`), set("closed", "Parameters", `{"Messages":[{"Text":"x"}]}`)), "closed", "Type", Language, warn},

	// Transitions.
	{"a branch to nowhere", set("welcome", "Transitions.NextAction", `"recrod"`), "welcome", "Transitions.NextAction", Language, err},
	{"an error branch to nowhere", set("note", "Transitions.Errors", `[{"NextAction":"byee","ErrorType":"NoMatchingError"}]`), "note", "Transitions.Errors[0].NextAction", Language, err},
	{"an error branch that is given twice", set("note", "Transitions.Errors", `[{"NextAction":"bye","ErrorType":"NoMatchingError"},{"NextAction":"sorry","ErrorType":"NoMatchingError"}]`), "note", "Transitions.Errors[1].ErrorType", Language, err},
	{"an error that never happens", set("note", "Transitions.Errors", `[{"NextAction":"bye","ErrorType":"NoMatchingError"},{"NextAction":"sorry","ErrorType":"QueueAtCapacity"}]`), "note", "Transitions.Errors[1].ErrorType", Language, warn},
	{"an unknown operator", set("split", "Transitions.Conditions", `[{"NextAction":"survey","Condition":{"Operator":"LessThan","Operands":["11"]}}]`), "split", "Transitions.Conditions[0].Condition.Operator", Language, err},
	{"a condition without operands", set("split", "Transitions.Conditions", `[{"NextAction":"survey","Condition":{"Operator":"NumberLessThan","Operands":[]}}]`), "split", "Transitions.Conditions[0].Condition.Operands", Language, err},
	{"a result that never comes", set("tries", "Transitions.Conditions", `[{"NextAction":"menu","Condition":{"Operator":"Equals","Operands":["NotDone"]}},{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["DoneLooping"]}}]`), "tries", "Transitions.Conditions[0].Condition.Operands", Language, err},
	{"conditions on an action without a result", set("note", "Transitions.Conditions", `[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["1"]}}]`), "note", "Transitions.Conditions", Language, err},
	{"an end without an end", set("closed", "Transitions", `{}`), "closed", "Transitions", Language, warn},
	{"a branch behind the end", set("bye", "Transitions.NextAction", `"sorry"`), "bye", "Transitions.NextAction", DeadBranch, warn},
	{"an action no branch leads to", more(`{"Identifier":"old","Type":"MessageParticipant","Parameters":{"Text":"x"},"Transitions":{"NextAction":"bye"}}`), "old", "Identifier", DeadBranch, warn},
	{"a key that no telephone has", set("menu", "Transitions.Conditions", `[{"NextAction":"order","Condition":{"Operator":"Equals","Operands":["10"]}},{"NextAction":"service","Condition":{"Operator":"Equals","Operands":["2"]}},{"NextAction":"callback","Condition":{"Operator":"Equals","Operands":["3"]}},{"NextAction":"card","Condition":{"Operator":"Equals","Operands":["4"]}}]`), "menu", "Transitions.Conditions[0].Condition.Operands", DeadBranch, err},
	{"a key that is given twice", set("menu", "Transitions.Conditions", `[{"NextAction":"order","Condition":{"Operator":"Equals","Operands":["1"]}},{"NextAction":"service","Condition":{"Operator":"Equals","Operands":["1"]}},{"NextAction":"callback","Condition":{"Operator":"Equals","Operands":["3"]}},{"NextAction":"card","Condition":{"Operator":"Equals","Operands":["4"]}}]`), "menu", "Transitions.Conditions[1].Condition.Operands", DeadBranch, warn},
	{"a number an earlier condition takes", set("found", "Transitions.Conditions", `[{"NextAction":"status","Condition":{"Operator":"NumberGreaterOrEqualTo","Operands":["0"]}},{"NextAction":"remember","Condition":{"Operator":"NumberGreaterOrEqualTo","Operands":["7"]}}]`), "found", "Transitions.Conditions[1].Condition.Operands", DeadBranch, warn},

	// Error branches.
	{"a function's error without a branch", set("lookup", "Transitions.Errors", `[]`), "lookup", "Transitions.Errors", MissingBranch, warn},
	{"a menu without a branch for silence", set("menu", "Transitions.Errors", `[{"NextAction":"tries","ErrorType":"NoMatchingCondition"},{"NextAction":"sorry","ErrorType":"NoMatchingError"}]`), "menu", "Transitions.Errors", MissingBranch, warn},
	{"a comparison that can match nothing", all(set("found", "Transitions.Errors", `[]`), set("found", "Transitions.NextAction", `"-"`), func(d doc) { delete(d.action("found")["Transitions"].(map[string]any), "NextAction") }), "found", "Transitions.Errors", MissingBranch, err},
	{"a full queue without a branch", set("transfer", "Transitions.Errors", `[{"NextAction":"sorry","ErrorType":"ContactNotLinked"}]`), "transfer", "Transitions.Errors", MissingBranch, err},

	// Parameters.
	{"a parameter that is missing", set("lookup", "Parameters.LambdaFunctionARN", "-"), "lookup", "Parameters.LambdaFunctionARN", Language, err},
	{"a parameter nobody knows", set("lookup", "Parameters.InvocationTimeLimitSecond", `"3"`), "lookup", "Parameters.InvocationTimeLimitSecond", Language, warn},
	{"a parameter of the wrong kind", set("tries", "Parameters.LoopCount", `{}`), "tries", "Parameters.LoopCount", Language, err},
	{"a number out of its range", set("tries", "Parameters.LoopCount", `"101"`), "tries", "Parameters.LoopCount", Language, err},
	{"a function that may take a minute", set("lookup", "Parameters.InvocationTimeLimitSeconds", `"60"`), "lookup", "Parameters.InvocationTimeLimitSeconds", Language, err},
	{"two prompts in one", set("closed", "Parameters.PromptId", `"beep"`), "closed", "Parameters.Text", Language, err},
	{"no prompt at all", set("closed", "Parameters", `{}`), "closed", "Parameters", Language, err},
	{"stored input with conditions", set("card", "Transitions.Conditions", `[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["1"]}}]`), "card", "Transitions.Conditions", Language, err},
	{"stored input without a length", set("card", "Parameters.InputValidation", "-"), "card", "Parameters.InputValidation", Language, err},
	{"a terminator of six keys", set("card", "Parameters.DTMFConfiguration.InputTerminationSequence", `"######"`), "card", "Parameters.DTMFConfiguration.InputTerminationSequence", Language, err},
	{"a hook nobody has", set("hooks", "Parameters.EventHooks", `{"CustomerQueu":"waiting"}`), "hooks", "Parameters.EventHooks.CustomerQueu", Language, err},
	{"SSML that is not closed", set("welcome", "Parameters.SSML", `"<speak>通话将会<b>录音</speak>"`), "welcome", "Parameters.SSML", Speech, err},
	{"SSML as text", set("closed", "Parameters.Text", `"<speak>x</speak>"`), "closed", "Parameters.Text", Speech, warn},
	{"a text without an end", set("closed", "Parameters.Text", `"`+strings.Repeat("长", 6001)+`"`), "closed", "Parameters.Text", Speech, err},

	// What is seen only together.
	{"a circle without a word", set("sorry", "Type", `"UpdateContactData"`), "", "", EndlessLoop, ""},
	{"a circle without a way out", all(set("note", "Transitions.NextAction", `"note"`), set("note", "Transitions.Errors", `[]`)), "note", "Transitions.NextAction", EndlessLoop, err},
	{"a circle that polls", set("found", "Transitions.Errors", `[{"NextAction":"lookup","ErrorType":"NoMatchingCondition"}]`), "lookup", "Transitions.NextAction", EndlessLoop, warn},
	{"recording before a word", set("welcome", "Parameters", `{"Text":"您好。"}`), "record", "Parameters.RecordingBehavior.RecordedParticipants", RecordingConsent, warn},
	{"the menu recorded before a word", all(set("voice", "Transitions.NextAction", `"record"`), set("record", "Transitions.NextAction", `"welcome"`), set("welcome", "Transitions.NextAction", `"hooks"`), set("record", "Parameters.RecordingBehavior", `{"RecordedParticipants":["Agent"],"IVRRecordingBehavior":"Enabled"}`)), "record", "Parameters.RecordingBehavior.IVRRecordingBehavior", RecordingConsent, warn},
	{"an access key", set("note", "Parameters.Attributes.key", `"AKIAIOSFODNN7EXAMPLE"`), "note", "Parameters.Attributes.key", Secret, err},
	{"a password", set("lookup", "Parameters.LambdaInvocationAttributes.db_password", `"hunter2"`), "lookup", "Parameters.LambdaInvocationAttributes.db_password", Secret, warn},
	{"a card number in clear", set("account", "Parameters.Attributes.card_number", `"$.StoredCustomerInput"`), "account", "Parameters.Attributes.card_number", Secret, warn},
	{"a queue of another instance", set("service", "Parameters.QueueId", `"arn:aws:connect:us-east-1:123456789012:instance/i/queue/q"`), "service", "Parameters.QueueId", UnboundReference, warn},
	{"a placeholder", set("lookup", "Parameters.LambdaFunctionARN", `"${lookup_arn}"`), "lookup", "Parameters.LambdaFunctionARN", UnboundReference, warn},
	{"a namespace nobody has", set("note", "Parameters.Attributes.days", `"$.Externl.days"`), "note", "Parameters.Attributes.days", UnboundAttribute, warn},
	{"a flow attribute nobody sets", all(set("check", "Type", `"UpdateContactData"`), set("late", "Parameters.Text", `"$.FlowAttributes.lates 天"`)), "late", "Parameters.Text", UnboundAttribute, warn},
	{"a reply before the call", set("closed", "Parameters.Text", `"$.External.days"`), "", "", "", ""},
	{"a reply nobody has asked for yet", set("order", "Parameters.Text", `"$.External.days"`), "order", "Parameters.Text", UnboundAttribute, warn},
	{"a namespace nobody has in a condition", set("split", "Transitions.Conditions", `[{"NextAction":"survey","Condition":{"Operator":"NumberLessThan","Operands":["$.Atributes.share"]}}]`), "split", "Transitions.Conditions[0].Condition.Operands", UnboundAttribute, warn},
	{"a reference without its dot", set("note", "Parameters.Attributes.days", `"$External.days"`), "note", "Parameters.Attributes.days", UnboundAttribute, warn},
	{"a comparison with a text", set("found", "Parameters.ComparisonValue", `"External.days"`), "found", "Parameters.ComparisonValue", ConstantCondition, warn},
	{"a transfer without a queue", set("late", "Transitions", `{"NextAction":"split"}`), "transfer", "Type", UnreachableQueue, warn},
	{"a queue without a transfer", set("service", "Transitions", `{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}`), "service", "Transitions.NextAction", UnreachableQueue, warn},
}

// TestMutations counts those that must be found; two are controls that must not.
func TestMutations(t *testing.T) {
	found := 0
	for _, tt := range mutations {
		t.Run(tt.name, func(t *testing.T) {
			list := Lint([]Source{{Name: "hotline.json", Data: hotline(t, tt.edit)}}, Options{})
			if tt.severity == "" {
				for _, f := range list {
					if f.Rule == tt.rule || tt.rule == "" {
						t.Errorf("found %s", f)
					}
				}
				return
			}
			for _, f := range list {
				if f.Action == tt.action && f.Field == tt.field && f.Rule == tt.rule && f.Severity == tt.severity {
					found++
					return
				}
			}
			t.Errorf("want %s %s %s %s, have %v", tt.severity, tt.action, tt.field, tt.rule, list)
		})
	}
	if found < 40 {
		t.Errorf("%d mutations are found, at least 40 are wanted", found)
	}
}
