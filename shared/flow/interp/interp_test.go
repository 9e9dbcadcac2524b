package interp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// compile makes a program of actions written as JSON.
func compile(t testing.TB, id, start string, actions ...string) *interp.Program {
	t.Helper()
	f, err := flow.Parse([]byte(`{"Version":"2019-10-30","StartAction":"` + start + `","Actions":[` + strings.Join(actions, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile(id, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func env(list ...*interp.Program) interp.Env {
	e := interp.Env{Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), CallID: "a", Can: sma.Capabilities(), Flows: map[string]*interp.Program{}}
	for _, p := range list {
		e.Flows[p.ID] = p
	}
	return e
}

// ended is the event of an action that ended well.
func ended(a sma.Action) interp.Event {
	return interp.Call{Event: &sma.Event{InvocationEventType: sma.ActionSuccessful, ActionData: &sma.ActionData{Type: a.Type, Parameters: a.Parameters}}}
}

const (
	setAttributes = `{"Identifier":"set","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"a":"2","b":"$.Attributes.a"}},"Transitions":{"NextAction":"say"}}`
	saySomething  = `{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"$.Attributes.b"},"Transitions":{"NextAction":"end"}}`
	endIt         = `{"Identifier":"end","Type":"DisconnectParticipant"}`
)

func TestStepDoesNotChangeItsArguments(t *testing.T) {
	e := env(compile(t, "main", "set", setAttributes, saySomething, endIt))
	before := interp.Start("c", "main", map[string]string{"a": "1"})
	copyOf := interp.Start("c", "main", map[string]string{"a": "1"})
	first, out1 := interp.Step(before, interp.Begin{}, e)
	second, out2 := interp.Step(before, interp.Begin{}, e)
	if !reflect.DeepEqual(before, copyOf) {
		t.Errorf("the state was changed: %+v", before)
	}
	if !reflect.DeepEqual(first, second) || !reflect.DeepEqual(out1, out2) {
		t.Error("the same step had two results")
	}
	if first.Attributes["a"] != "2" || first.Attributes["b"] != "1" {
		t.Errorf("%v", first.Attributes)
	}
}

func TestAProgramThatIsNotLoadedIsAskedForAndNothingElseHappens(t *testing.T) {
	s := interp.Start("c", "main", nil)
	e := env()
	next, out := interp.Step(s, interp.Begin{}, e)
	if load, ok := out.Ask.(interp.LoadFlow); !ok || load.ID != "main" || !reflect.DeepEqual(next, s) {
		t.Fatalf("%+v %+v", next, out)
	}
	e.Flows["main"] = nil
	next, out = interp.Step(s, interp.Begin{}, e)
	if out.Ended != interp.Failed || !errors.Is(out.Err, interp.ErrNoFlow) || next.Ended != interp.Failed || len(out.Actions) != 2 {
		t.Errorf("%+v %+v", next, out)
	}
}

func TestEventsThatAreNotTheFlowsChangeNothing(t *testing.T) {
	e := env(compile(t, "main", "set", setAttributes, saySomething, endIt, `{"Identifier":"x","Type":"EndFlowExecution"}`))
	s := interp.Start("c", "main", map[string]string{"a": "1"})
	s, _ = interp.Step(s, interp.Begin{}, e)
	for _, kind := range []sma.EventType{sma.NewInboundCall, sma.Ringing, sma.CallAnswered, sma.ActionInterrupted, sma.CallUpdateRequested, "SOMETHING_NEW"} {
		next, out := interp.Step(s, interp.Call{Event: &sma.Event{InvocationEventType: kind, ActionData: &sma.ActionData{Type: sma.TypeSpeak}}}, e)
		if out.Ask != nil || len(out.Actions) > 0 || !reflect.DeepEqual(next, s) {
			t.Errorf("%s: %+v", kind, out)
		}
	}
	for _, late := range []interp.Event{interp.Enqueued{}, interp.FunctionReply{}, interp.Refused{}, interp.Done{}} {
		if next, out := interp.Step(s, late, e); out.Ask != nil || len(out.Actions) > 0 || !reflect.DeepEqual(next, s) {
			t.Errorf("%T: %+v", late, out)
		}
	}
}

func TestARelayThatReportsAnActionWithoutItsContentIsBelievedByTheType(t *testing.T) {
	menu := `{"Identifier":"menu","Type":"GetParticipantInput","Parameters":{"Text":"1","StoreInput":"False","InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["1"]}}],"Errors":[{"ErrorType":"NoMatchingError","NextAction":"end"}]}}`
	e := env(compile(t, "main", "menu", menu, endIt))
	s, out := interp.Step(interp.Start("c", "main", nil), interp.Begin{}, e)
	bare := interp.Call{Event: &sma.Event{InvocationEventType: sma.ActionSuccessful,
		ActionData: &sma.ActionData{Type: sma.TypeSpeakAndGetDigits, Parameters: &sma.SpeakAndGetDigits{}, ReceivedDigits: "1"}}}
	if _, out := interp.Step(s, bare, e); out.Ended != interp.Disconnected {
		t.Errorf("%+v", out)
	}
	if _, out := interp.Step(s, ended(sma.Do(&sma.Speak{Speech: sma.Speech{Text: "1"}})[0]), e); len(out.Actions) != 0 {
		t.Errorf("an action in the middle moved the flow on: %+v", out)
	}
	_ = out
}

func TestCompileNamesActionAndField(t *testing.T) {
	tests := []struct{ name, action, want string }{
		{"a number that is no number", `{"Identifier":"a","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"9"},"Transitions":{"NextAction":"end"}}`,
			"action a (InvokeLambdaFunction), Parameters.InvocationTimeLimitSeconds: want 1 to 8"},
		{"a list for a text", `{"Identifier":"a","Type":"MessageParticipant","Parameters":{"Text":["x"]},"Transitions":{"NextAction":"end"}}`,
			"action a (MessageParticipant), Parameters.Text: want text, have a list"},
		{"a wrong type deeper down", `{"Identifier":"a","Type":"GetParticipantInput","Parameters":{"Text":"x","StoreInput":"True","InputTimeLimitSeconds":"5","InputValidation":{"CustomValidation":{"MaximumLength":{}}}},"Transitions":{"NextAction":"end"}}`,
			"action a (GetParticipantInput), Parameters.InputValidation.CustomValidation.MaximumLength: want text, have an object"},
		{"a hook that does not exist", `{"Identifier":"a","Type":"UpdateContactEventHooks","Parameters":{"EventHooks":{"CustomerQeue":"q"}},"Transitions":{"NextAction":"end"}}`,
			"action a (UpdateContactEventHooks), Parameters.EventHooks.CustomerQeue: there is no such hook; did you mean CustomerQueue?"},
		{"a static comparison", `{"Identifier":"a","Type":"Compare","Parameters":{"ComparisonValue":"x"},"Transitions":{"NextAction":"end"}}`,
			"action a (Compare), Parameters.ComparisonValue: want a reference such as $.Attributes.name"},
		{"conditions of stored input", `{"Identifier":"a","Type":"GetParticipantInput","Parameters":{"Text":"x","StoreInput":"True","InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["1"]}}]}}`,
			"action a (GetParticipantInput), Transitions.Conditions: stored input has no conditions: compare $.StoredCustomerInput"},
		{"a loop with one end", `{"Identifier":"a","Type":"Loop","Parameters":{"LoopCount":"3"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["DoneLooping"]}}]}}`,
			"action a (Loop), Transitions.Conditions: ContinueLooping is missing"},
		{"an action of the designer", `{"Identifier":"a","Type":"PlayPrompt","Transitions":{"NextAction":"end"}}`,
			"did you mean MessageParticipant?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := flow.Parse([]byte(`{"Version":"2019-10-30","StartAction":"a","Actions":[` + tt.action + `,` + endIt + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = interp.Compile("x", f); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("have %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLambdaEventHasEveryField(t *testing.T) {
	s := interp.Start("c-1", "main", map[string]string{"k": "v"})
	s.Queue = interp.Queue{ID: "q", ARN: "arn:q", Name: "队列", Caller: "+861"}
	s.References = map[string]interp.Reference{"r": {Type: "URL", Value: "x"}}
	e := interp.Env{Contact: interp.Contact{ID: "c-1", Region: "cn-north-1", InstanceARN: "arn:i", Customer: interp.Endpoint{Address: "+8613800135678"},
		System: interp.Endpoint{Address: "95000"}, Segment: map[string]string{"connect:Subtype": "connect:Telephony"}}, Language: "zh-CN"}
	raw, err := json.Marshal(interp.NewLambdaEvent(s, e, interp.InvokeFunction{Parameters: map[string]string{"p": "1"}}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Name":"ContactFlowEvent","Details":{"ContactData":{"Attributes":{"k":"v"},"AwsRegion":"cn-north-1","Channel":"VOICE","ContactId":"c-1",` +
		`"CustomerEndpoint":{"Address":"+8613800135678","Type":"TELEPHONE_NUMBER"},"CustomerId":null,"Description":null,"InitialContactId":"c-1","InitiationMethod":"INBOUND",` +
		`"InstanceARN":"arn:i","LanguageCode":"zh-CN","MediaStreams":{"Customer":{"Audio":null}},"Name":null,"PreviousContactId":"c-1",` +
		`"Queue":{"ARN":"arn:q","Name":"队列","OutboundCallerId":{"Address":"+861","Type":"TELEPHONE_NUMBER"}},"References":{"r":{"Type":"URL","Value":"x"}},` +
		`"RelatedContactId":null,"SegmentAttributes":{"connect:Subtype":{"ValueString":"connect:Telephony"}},"SystemEndpoint":{"Address":"95000","Type":"TELEPHONE_NUMBER"},"Tags":{}},` +
		`"Parameters":{"p":"1"}}}`
	if string(raw) != want {
		t.Errorf("have %s\nwant %s", raw, want)
	}
}

func TestReadStateRefusesANewerForm(t *testing.T) {
	for _, text := range []string{`{"v":2}`, `{}`, `[`} {
		if _, err := interp.ReadState([]byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// outside refuses everything, or fails to load.
type outside struct{ load error }

func (o outside) Answer(interp.State, interp.Ask) (interp.Event, error) {
	return nil, fault.New(fault.Unavailable, "down")
}

func (o outside) Load(interp.LoadFlow) (*interp.Program, error) { return nil, o.load }

func TestDriveTakesTheErrorBranchWhenTheOutsideFails(t *testing.T) {
	p := compile(t, "main", "q", `{"Identifier":"q","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"q"},"Transitions":{"NextAction":"say","Errors":[{"ErrorType":"NoMatchingError","NextAction":"end"}]}}`, saySomething, endIt)
	_, out, err := interp.Drive(interp.Start("c", "main", nil), interp.Begin{}, env(p), outside{})
	if err != nil || len(out.Actions) != 1 || out.Ended != interp.Disconnected {
		t.Errorf("%+v %v", out, err)
	}
	down := fault.New(fault.Unavailable, "down")
	if _, _, err = interp.Drive(interp.Start("c", "other", nil), interp.Begin{}, env(p), outside{down}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v", err)
	}
}

// BenchmarkLogic runs actions that decide and set, and none that plays: a
// Compare with four conditions and an UpdateContactAttributes, in turn.
func BenchmarkLogic(b *testing.B) {
	var actions []string
	const pairs = 120
	for i := range pairs {
		next := fmt.Sprintf("c%d", i+1)
		if i == pairs-1 {
			next = "end"
		}
		actions = append(actions,
			fmt.Sprintf(`{"Identifier":"c%d","Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.kind"},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingCondition"}],"Conditions":[`+
				`{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["silver"]}},{"NextAction":"end","Condition":{"Operator":"NumberGreaterThan","Operands":["5"]}},`+
				`{"NextAction":"end","Condition":{"Operator":"TextStartsWith","Operands":["plat"]}},{"NextAction":"s%d","Condition":{"Operator":"Equals","Operands":["gold"]}}]}}`, i, i),
			fmt.Sprintf(`{"Identifier":"s%d","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"step":"%d of $.Attributes.kind"}},"Transitions":{"NextAction":"%s"}}`, i, i, next))
	}
	p := compile(b, "main", "c0", append(actions, endIt)...)
	e := env(p)
	s := interp.Start("c", "main", map[string]string{"kind": "gold", "customer": "c-7", "order": "A-1"})
	b.ReportAllocs()
	b.ResetTimer()
	count := 0
	for b.Loop() {
		_, out := interp.Step(s, interp.Begin{}, e)
		if out.Ended != interp.Disconnected {
			b.Fatal(out.Err)
		}
		count += 2 * pairs
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "actions/s")
}
