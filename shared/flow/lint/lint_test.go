package lint

import (
	"fmt"
	"strings"
	"testing"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
)

func small(start, actions string) string {
	return fmt.Sprintf(`{"Version":"2019-10-30","StartAction":%q,"Actions":[%s]}`, start, actions)
}

const hangUp = `{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}`

// rules returns the rules of what was found, one word each with its file and action.
func rules(found []Finding) string {
	var list []string
	for _, f := range found {
		list = append(list, fmt.Sprintf("%s/%s/%s", f.File, f.Action, f.Rule))
	}
	return strings.Join(list, " ")
}

func TestBetweenFlows(t *testing.T) {
	transfer := func(kind, field, to string) string {
		return small("go", fmt.Sprintf(`{"Identifier":"go","Type":%q,"Parameters":{%q:%q},"Transitions":{"NextAction":"end","Errors":[{"NextAction":"end","ErrorType":"NoMatchingError"}]}},%s`, kind, field, to, hangUp))
	}
	module := func(to string) string {
		return strings.ReplaceAll(transfer("InvokeFlowModule", "FlowModuleId", to), "DisconnectParticipant", "EndFlowModuleExecution")
	}
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"flows that find each other", map[string]string{"a": transfer("TransferToFlow", "ContactFlowId", "b"), "b": small("end", hangUp)}, ""},
		{"a flow that is not there", map[string]string{"a": transfer("TransferToFlow", "ContactFlowId", "c"), "b": small("end", hangUp)}, "a/go/unbound-reference"},
		{"flows that hand the caller around", map[string]string{"a": transfer("TransferToFlow", "ContactFlowId", "b"), "b": transfer("TransferToFlow", "ContactFlowId", "a")}, "a/go/cyclic-flows b/go/cyclic-flows"},
		{"modules in a circle", map[string]string{"a": module("b"), "b": module("a")}, "a/go/cyclic-flows b/go/cyclic-flows"},
		{"a module that calls itself", map[string]string{"a": module("a")}, "a/go/cyclic-flows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sources []Source
			for _, name := range []string{"a", "b"} {
				if text, ok := tt.files[name]; ok {
					sources = append(sources, Source{name, name, []byte(text)})
				}
			}
			if have := rules(Lint(sources, Options{})); have != tt.want {
				t.Errorf("have %q, want %q", have, tt.want)
			}
		})
	}
}

func TestConsentIsAPolicy(t *testing.T) {
	tests := []struct {
		name   string
		policy Consent
		want   bool
	}{
		{"told is enough", Announced, false},
		{"asked is not", Asked, true},
		{"consent is obtained elsewhere", Anything, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			have := strings.Contains(rules(Lint([]Source{{Data: hotline(t)}}, Options{Consent: tt.policy})), string(RecordingConsent))
			if have != tt.want {
				t.Errorf("a finding: %t, want %t", have, tt.want)
			}
		})
	}
	yes := hotline(t, set("welcome", "Type", `"GetParticipantInput"`),
		set("welcome", "Parameters", `{"Text":"通话将会录音，同意请按 1。","StoreInput":"False","InputTimeLimitSeconds":"5"}`),
		set("welcome", "Transitions", `{"NextAction":"bye","Conditions":[{"NextAction":"record","Condition":{"Operator":"Equals","Operands":["1"]}}],"Errors":[{"NextAction":"bye","ErrorType":"InputTimeLimitExceeded"},{"NextAction":"bye","ErrorType":"NoMatchingCondition"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}`))
	if found := Lint([]Source{{Data: yes}}, Options{Consent: Asked}); len(found) > 0 {
		t.Errorf("a caller who pressed 1 has agreed: %v", found)
	}
}

func TestAMapSaysWhatIsBound(t *testing.T) {
	bound := bind.Map{bind.Queue: {"service": "arn:aws:connect:cn:1:instance/i/queue/q"}, bind.Function: {"other": "arn:aws:lambda:cn:1:function:other"}}
	have := rules(Lint([]Source{{Data: hotline(t)}}, Options{Bound: bound}))
	if want := "/lookup/unbound-reference"; have != want {
		t.Errorf("have %q, want %q", have, want)
	}
}

func TestWrapperFormsAreRead(t *testing.T) {
	inner := string(hotline(t, set("note", "Transitions.NextAction", `"byee"`)))
	for name, text := range map[string]string{
		"an object": `{"Name":"n","Type":"CONTACT_FLOW","Content":` + inner + `}`,
		"a string":  `{"Name":"n","Content":` + fmt.Sprintf("%q", inner) + `}`,
	} {
		found := Lint([]Source{{Data: []byte(text)}}, Options{})
		if len(found) != 1 || found[0].Action != "note" || found[0].Field != "Transitions.NextAction" {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestHostileDocuments(t *testing.T) {
	chain := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"Identifier":"a%d","Type":"UpdateContactData","Parameters":{},"Transitions":{"NextAction":"a%d"}},`, i, (i+1)%n)
		}
		return small("a0", strings.TrimSuffix(b.String(), ","))
	}
	for name, text := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "no flow": "{}", "Content null": `{"Content":null}`,
		"10,000 deep":     strings.Repeat("[", 10_000),
		"too many":        chain(flow.MaxActions + 1),
		"too large":       strings.Repeat(" ", flow.MaxBytes+1),
		"no such members": `{"Actions":[{}],"StartAction":"x"}`,
	} {
		if errors, _ := Count(Lint([]Source{{Name: name, Data: []byte(text)}}, Options{})); errors == 0 {
			t.Errorf("%s is taken", name)
		}
	}
	if have := rules(Lint([]Source{{Data: []byte(chain(flow.MaxActions))}}, Options{})); have != "/a0/endless-loop" {
		t.Errorf("a circle of %d actions: %s", flow.MaxActions, have)
	}
}

// TestManyBranchesTakeLittleTime lints the largest flow that is read: as many
// actions as are allowed, each with as many branches as the document holds.
func TestManyBranchesTakeLittleTime(t *testing.T) {
	const branches = 130
	var b strings.Builder
	for i := range flow.MaxActions {
		kind := []string{"InvokeLambdaFunction", "UpdateContactTargetQueue", "Compare", "UpdateContactRecordingBehavior"}[i%4]
		fmt.Fprintf(&b, `{"Identifier":"a%d","Type":%q,"Parameters":{"RecordingBehavior":{"RecordedParticipants":["Agent"]}},"Transitions":{"Conditions":[`, i, kind)
		for n := range branches {
			fmt.Fprintf(&b, `{"NextAction":"a%d","Condition":{"Operator":"NumberLessThan","Operands":["%d"]}},`, (i*7+n)%flow.MaxActions, -n)
		}
		fmt.Fprintf(&b, `{"NextAction":"a%d","Condition":{"Operator":"Equals","Operands":["1"]}}]}},`, (i+1)%flow.MaxActions)
	}
	data := []byte(small("a0", strings.TrimSuffix(b.String(), ",")))
	if len(data) > flow.MaxBytes {
		t.Fatalf("%d bytes are refused before they are linted", len(data))
	}
	if found := Lint([]Source{{Data: data}}, Options{}); len(found) == 0 {
		t.Error("nothing is found")
	}
}

func TestEveryRuleIsExplained(t *testing.T) {
	seen := map[Rule]bool{}
	for _, m := range Rules() {
		if seen[m.Rule] || m.About == "" {
			t.Errorf("%s", m.Rule)
		}
		seen[m.Rule] = true
	}
	for _, m := range mutations {
		if m.rule != "" && !seen[m.rule] {
			t.Errorf("%s is not explained", m.rule)
		}
	}
}

func FuzzLint(f *testing.F) {
	f.Add([]byte(small("a", `{"Identifier":"a","Type":"MessageParticipant","Parameters":{"SSML":"<speak>录音 $.External.x</speak>"},"Transitions":{"NextAction":"b","Errors":[{"NextAction":"a","ErrorType":"NoMatchingError"}]}},{"Identifier":"b","Type":"UpdateContactRecordingBehavior","Parameters":{"RecordingBehavior":{"RecordedParticipants":["Agent"]}},"Transitions":{"NextAction":"c"}},{"Identifier":"c","Type":"TransferContactToQueue"}`)))
	f.Add([]byte(small("m", `{"Identifier":"m","Type":"GetParticipantInput","Parameters":{"Text":"x","StoreInput":"False","InputTimeLimitSeconds":"5"},"Transitions":{"Conditions":[{"NextAction":"m","Condition":{"Operator":"Equals","Operands":["1"]}}]}}`)))
	f.Add([]byte(`{"modules":[{"id":"a","type":"Disconnect","branches":[]}],"start":"a"}`))
	f.Add([]byte(small("a", `{"Identifier":"a","Type":"Loop","Parameters":{"LoopCount":"1"},"Transitions":{"NextAction":"a"}}`)))
	f.Add([]byte(`{"modules":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, found := range Lint([]Source{{Name: "f", Data: data}}, Options{Consent: Asked}) {
			if found.Field == "" || found.Message == "" || found.Rule == "" {
				t.Errorf("%+v", found)
			}
		}
	})
}

func BenchmarkLint(b *testing.B) {
	data := hotline(b)
	for b.Loop() {
		Lint([]Source{{Data: data}}, Options{})
	}
}
