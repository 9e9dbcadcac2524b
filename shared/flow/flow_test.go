package flow_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huawu/shared/fault"
	"huawu/shared/flow"
)

const small = `{"Version":"2019-10-30","StartAction":"a","Metadata":{"entryPointPosition":{"x":1.50,"y":2},"name":"小流程","type":"contactFlow","Annotations":[]},"Actions":[
{"Identifier":"a","Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.n"},"Transitions":{"NextAction":"b","Conditions":[{"NextAction":"b","Condition":{"Operator":"NumberGreaterThan","Operands":[5]}}],"Errors":[{"NextAction":"b","ErrorType":"NoMatchingCondition"}]}},
{"Identifier":"b","Type":"DisconnectParticipant","Parameters":null,"Transitions":{"Errors":[],"Conditions":[]},"Later":{"x":[1]}}],"Settings":{"InputParameters":[]},"Own":"kept"}`

// wrapped returns the small flow in each form a document can have.
func wrapped() map[string]string {
	text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(small)
	return map[string]string{
		"bare":   small,
		"object": `{"Name":"外","Type":"CUSTOMER_QUEUE","Tags":{"a":"b"},"Content":` + small + `}`,
		"string": `{"Name":"外","Type":"CONTACT_FLOW","Description":"d","Content":"` + text + `"}`,
		"mark":   "\xef\xbb\xbf" + small,
	}
}

func TestParseReadsEveryForm(t *testing.T) {
	tests := []struct {
		form string
		name string
		kind flow.Type
	}{
		{"bare", "小流程", flow.ContactFlow}, {"object", "外", flow.CustomerQueue}, {"string", "外", flow.ContactFlow}, {"mark", "小流程", flow.ContactFlow},
	}
	for _, tt := range tests {
		t.Run(tt.form, func(t *testing.T) {
			f, err := flow.Parse([]byte(wrapped()[tt.form]))
			if err != nil {
				t.Fatal(err)
			}
			if f.Name != tt.name || f.Type != tt.kind || len(f.Actions) != 2 || f.Find("b") == nil || f.Find("c") != nil {
				t.Errorf("%+v", f)
			}
			if !bytes.Contains(f.Metadata, []byte("1.50")) {
				t.Errorf("Metadata changed: %s", f.Metadata)
			}
			if p := flow.Check(f); flow.Errors(p) != nil {
				t.Error(p)
			}
		})
	}
}

func TestExportIsWhatWasRead(t *testing.T) {
	for form, text := range wrapped() {
		t.Run(form, func(t *testing.T) { sameAfterExport(t, []byte(text)) })
	}
}

func sameAfterExport(t *testing.T, data []byte) {
	t.Helper()
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := flow.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := flow.Normalize(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		t.Fatal(err)
	}
	have, err := flow.Normalize(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

func TestParseRefusesWhatIsNoFlow(t *testing.T) {
	action := `{"Identifier":"a%d","Type":"EndFlowExecution"}`
	var many []string
	for i := range 251 {
		many = append(many, fmt.Sprintf(action, i))
	}
	tests := []struct{ name, in, want string }{
		{"broken", "{\n \"Version\": x}", "flow: line 2, column 13: invalid character 'x' looking for beginning of value"},
		{"a list", `[]`, "flow: want an object, have array"},
		{"null", `null`, "flow: want an object, have null"},
		{"too deep", strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000), "flow: nested deeper than 64 at byte 320"},
		{"too deep within text", `{"Content":"` + strings.Repeat("[", 100) + `"}`, "flow: nested deeper than 64 at byte 64"},
		{"too many actions", `{"Actions":[` + strings.Join(many, ",") + `]}`, "flow: Actions: 251 actions, at most 250 are allowed"},
		{"actions that are no list", `{"Actions":{}}`, "flow: Actions: want a list, have object"},
		{"an identifier that is no text", `{"Actions":[{"Identifier":"x","Type":"Compare"},{"Identifier":5}]}`, "flow: action 1 (), Identifier: want text, have number"},
		{"transitions of a wrong type", `{"Actions":[{"Identifier":"x","Transitions":{"Errors":{}}}]}`, "flow: action 0 (x), Transitions.Errors: want a list, have object"},
		{"an operand that is an object", `{"Actions":[{"Identifier":"x","Transitions":{"Conditions":[{"Condition":{"Operands":[{}]}}]}}]}`, "flow: action 0 (x), Transitions.Conditions: want text, have an object"},
		{"the older format", `{"modules":[],"version":"1"}`, flow.ErrLegacy.Error()},
		{"content that is broken", `{"Content":"{"}`, "flow: Content: flow: line 1, column 1: unexpected end of JSON input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := flow.Parse([]byte(tt.in))
			if fault.KindOf(err) != fault.Invalid || err.Error() != tt.want {
				t.Errorf("have %v\nwant %s", err, tt.want)
			}
		})
	}
	if _, err := flow.Parse(make([]byte, flow.MaxBytes+1)); err == nil || !strings.Contains(err.Error(), "4194305 bytes") {
		t.Errorf("a huge document: %v", err)
	}
}

// edit is the small flow with one text replaced.
func edit(t *testing.T, old, with string) []flow.Problem {
	t.Helper()
	if !strings.Contains(small, old) {
		t.Fatalf("%q is not in the flow", old)
	}
	f, err := flow.Parse([]byte(strings.Replace(small, old, with, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return flow.Check(f)
}

func TestCheckNamesActionAndField(t *testing.T) {
	tests := []struct{ name, old, with, want string }{
		{"version", `"2019-10-30"`, `"2020-01-01"`, `flow, Version: is "2020-01-01", want "2019-10-30"`},
		{"start action", `"StartAction":"a"`, `"StartAction":"x"`, `flow, StartAction: there is no action "x"`},
		{"no start action", `"StartAction":"a"`, `"StartAction":""`, `flow, StartAction: missing`},
		{"target that is almost right", `"NextAction":"b","Conditions"`, `"NextAction":"bb","Conditions"`, `action a (Compare), Transitions.NextAction: there is no action "bb"`},
		{"target of a condition", `[{"NextAction":"b","Condition"`, `[{"NextAction":"","Condition"`, `action a (Compare), Transitions.Conditions[0].NextAction: missing`},
		{"error without a type", `"ErrorType":"NoMatchingCondition"`, `"ErrorType":""`, `action a (Compare), Transitions.Errors[0].ErrorType: missing`},
		{"operator", `"NumberGreaterThan"`, `"GreaterThan"`, `action a (Compare), Transitions.Conditions[0].Condition.Operator: there is no operator "GreaterThan"; the operators are Equals, TextStartsWith, TextEndsWith, TextContains, NumberGreaterThan, NumberGreaterOrEqualTo, NumberLessThan, NumberLessOrEqualTo`},
		{"no operand", `[5]`, `[]`, `action a (Compare), Transitions.Conditions[0].Condition.Operands: missing`},
		{"a designer's name", `"Type":"DisconnectParticipant"`, `"Type":"PlayPrompt"`, `action b (PlayPrompt), Type: there is no action "PlayPrompt"; did you mean MessageParticipant?`},
		{"an invented name", `"Type":"DisconnectParticipant"`, `"Type":"InvokeExternalResource"`, `action b (InvokeExternalResource), Type: there is no action "InvokeExternalResource"; did you mean InvokeLambdaFunction?`},
		{"a slip", `"Type":"DisconnectParticipant"`, `"Type":"DisconectParticipant"`, `action b (DisconectParticipant), Type: there is no action "DisconectParticipant"; did you mean DisconnectParticipant?`},
		{"nonsense", `"Type":"DisconnectParticipant"`, `"Type":"Q"`, `action b (Q), Type: there is no action "Q"`},
		{"no type", `"Type":"DisconnectParticipant"`, `"Type":""`, `action b, Type: missing`},
		{"what cannot run here", `"Type":"DisconnectParticipant"`, `"Type":"ShowView"`, `action b (ShowView), Type: ShowView cannot run here: agent-side guides are not part of flows here: use the desk's forms, or MessageParticipant for the customer`},
		{"a parameter that is missing", `"ComparisonValue":"$.Attributes.n"`, ``, `action a (Compare), Parameters.ComparisonValue: missing`},
		{"parameters that are no object", `{"ComparisonValue":"$.Attributes.n"}`, `[]`, `action a (Compare), Parameters: want an object, have a list`},
		{"an identifier that is used twice", `"Identifier":"b"`, `"Identifier":"a"`, `action a (Compare), Identifier: is used by 2 actions`},
		{"an identifier with a bracket", `"Identifier":"b"`, `"Identifier":"b(1)"`, `action b(1) (DisconnectParticipant), Identifier: holds one of % : ( \ / ) = $ , ; [ ] { }`},
		{"an identifier of the language beneath", `"Identifier":"b"`, `"Identifier":"__proto__"`, `action __proto__ (DisconnectParticipant), Identifier: is a reserved name`},
		{"a long identifier", `"Identifier":"b"`, `"Identifier":"` + strings.Repeat("长", 51) + `"`, `Identifier: has 51 characters, at most 50 are allowed`},
		{"a result without conditions", `"Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.n"}`, `"Type":"UpdateContactAttributes","Parameters":{"Attributes":{}}`, `Transitions.Conditions: UpdateContactAttributes has no result to hold conditions against`},
		{"a result that never comes", `"Type":"Compare","Parameters":{"ComparisonValue":"$.Attributes.n"}`, `"Type":"CheckHoursOfOperation"`, `action a (CheckHoursOfOperation), Transitions.Conditions[0].Condition.Operands: CheckHoursOfOperation never ends in "5"; its results are True, False`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, p := range edit(t, tt.old, tt.with) {
				lines = append(lines, p.String())
			}
			if !strings.Contains(strings.Join(lines, "\n"), tt.want) {
				t.Errorf("have %s\nwant %s", strings.Join(lines, "\n"), tt.want)
			}
		})
	}
}

func TestErrorsListsWhatIsWrong(t *testing.T) {
	var problems []flow.Problem
	for i := range 12 {
		problems = append(problems, flow.Problem{Severity: flow.Error, Field: fmt.Sprint("f", i), Message: "m"})
	}
	err := flow.Errors(problems)
	var invalid *flow.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 12 || !strings.HasSuffix(err.Error(), "; and 2 more") {
		t.Errorf("%v", err)
	}
	if flow.Errors([]flow.Problem{{Severity: flow.Warning}}) != nil {
		t.Error("a warning is an error")
	}
}

func TestPaths(t *testing.T) {
	tests := []struct{ text, want string }{
		{"$.Queue.Name", "$.Queue.Name"},
		{"$['Attributes']['名字']", "$.Attributes['名字']"},
		{`$["External"].list[0].x`, "$.External.list.0.x"},
		{"$.Attributes.a-b_c", "$.Attributes.a-b_c"},
	}
	for _, tt := range tests {
		if p, ok := flow.ParsePath(tt.text); !ok || p.String() != tt.want {
			t.Errorf("ParsePath(%s) = %v %v, want %s", tt.text, p, ok, tt.want)
		}
	}
	for _, text := range []string{"", "$", "$.", "$5", "$..a", "$.a b", "$[", "$['']", "$['a'", "$[12345678]", "x$.a", "$.a-", "$.-"} {
		if p, ok := flow.ParsePath(text); ok {
			t.Errorf("ParsePath(%q) = %v", text, p)
		}
	}
}

func TestTemplates(t *testing.T) {
	get := func(p flow.Path) string { return "<" + strings.Join(p, "/") + ">" }
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"Going to $.Queue.Name.", "Going to <Queue/Name>."},
		{"您是第$.Attributes.pos位", "您是第<Attributes/pos>位"},
		{"arn:aws:lambda:$.AwsRegion:1:function:f", "arn:aws:lambda:<AwsRegion>:1:function:f"},
		{"$.Attributes.Journey >> $.FlowAttributes.acme-fn-", "<Attributes/Journey> >> <FlowAttributes/acme-fn>-"},
		{"it costs $5 or $.", "it costs $5 or $."},
		{"$.A$.B", "<A><B>"},
		{"${placeholder} {{x}} __Y__ $['C']", "${placeholder} {{x}} __Y__ <C>"},
	}
	for _, tt := range tests {
		if got := flow.ParseTemplate(tt.text).Expand(get); got != tt.want {
			t.Errorf("%q = %q, want %q", tt.text, got, tt.want)
		}
	}
	if p, ok := flow.ParseTemplate("$.Queue.Name").Path(); !ok || len(p) != 2 {
		t.Error("one path is not seen as one")
	}
	if _, ok := flow.ParseTemplate("$.Queue.Name!").Path(); ok {
		t.Error("text with a path is seen as a path")
	}
}

func TestAfterFollowsTheRulesOfMissingBranches(t *testing.T) {
	branch := func(e flow.ErrorType, to string) flow.ErrorBranch {
		return flow.ErrorBranch{NextAction: to, ErrorType: e}
	}
	tests := []struct {
		name string
		then flow.Transitions
		err  flow.ErrorType
		want string
	}{
		{"its own", flow.Transitions{NextAction: "n", Errors: []flow.ErrorBranch{branch(flow.NoMatchingError, "e"), branch(flow.QueueAtCapacity, "q")}}, flow.QueueAtCapacity, "q"},
		{"any error", flow.Transitions{NextAction: "n", Errors: []flow.ErrorBranch{branch(flow.NoMatchingError, "e")}}, flow.QueueAtCapacity, "e"},
		{"older exports have none", flow.Transitions{NextAction: "n"}, flow.NoMatchingError, "n"},
		{"none fits", flow.Transitions{NextAction: "n", Errors: []flow.ErrorBranch{branch(flow.QueueAtCapacity, "q")}}, flow.NoMatchingError, ""},
		{"no condition fits", flow.Transitions{NextAction: "n", Errors: []flow.ErrorBranch{branch(flow.InputTimeLimitExceeded, "t")}}, flow.NoMatchingCondition, "n"},
	}
	for _, tt := range tests {
		if got := tt.then.After(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestResourceID(t *testing.T) {
	for ref, want := range map[string]string{
		"arn:aws:connect:r:1:instance/i/queue/q": "q", "arn:aws:lambda:r:1:function:f": "f", "plain/x": "plain/x", "": "",
		"arn:aws:connect:${REGION}:${ACCT_ID}:instance/${INSTANCE_ID}/queue/${Q:sales:Q}": "${Q:sales:Q}",
	} {
		if got := flow.ResourceID(ref); got != want {
			t.Errorf("ResourceID(%q) = %q, want %q", ref, got, want)
		}
	}
}

// FuzzParse checks that whatever is read can be checked, and that what is
// exported reads the same.
func FuzzParse(f *testing.F) {
	for _, text := range wrapped() {
		f.Add([]byte(text))
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "flows", "*.json"))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		one, err := flow.Parse(data)
		if err != nil {
			return
		}
		problems := flow.Check(one)
		out, err := flow.Export(one)
		if err != nil {
			t.Fatal(err)
		}
		two, err := flow.Parse(out)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if a, b := fmt.Sprint(problems), fmt.Sprint(flow.Check(two)); a != b {
			t.Fatalf("problems differ:\n%s\n%s", a, b)
		}
	})
}

// FuzzTemplate checks that a template's parts make up its text.
func FuzzTemplate(f *testing.F) {
	f.Add("Going to $.Queue.Name and $['a']['b'][0].c- $.")
	f.Fuzz(func(t *testing.T, text string) {
		tpl := flow.ParseTemplate(text)
		if tpl.String() != text {
			t.Fatalf("%q became %q", text, tpl)
		}
		for _, p := range tpl.Paths() {
			if again, ok := flow.ParsePath(p.String()); ok && again.String() != p.String() {
				t.Fatalf("%v became %v", p, again)
			}
		}
		_ = tpl.Expand(func(flow.Path) string { return "x" })
	})
}

// TestAHostileFlowIsCheckedInNoTime has as many branches as are allowed, all
// to names that almost exist.
func TestAHostileFlowIsCheckedInNoTime(t *testing.T) {
	f := &flow.Flow{Version: flow.Version, StartAction: "x"}
	long := strings.Repeat("n", 49)
	for i := range flow.MaxActions {
		a := flow.Action{Identifier: fmt.Sprintf("%s%d", long, i), Type: "MessageParticipnt"}
		for j := range flow.MaxBranches {
			a.Transitions.Errors = append(a.Transitions.Errors, flow.ErrorBranch{NextAction: fmt.Sprintf("%s-%d", long, j), ErrorType: "E"})
		}
		f.Actions = append(f.Actions, a)
	}
	if problems := flow.Check(f); len(problems) != 1000 {
		t.Errorf("%d problems, want the bound of 1000", len(problems))
	}
}

func TestABombOfReferencesIsTextInNoTime(t *testing.T) {
	for _, bomb := range []string{"$[1", "$['", `$["`, "$.", "$.a.", "$['a", "$.a[0]"} {
		text := strings.Repeat(bomb, 1<<20)
		if got := flow.ParseTemplate(text).String(); got != text {
			t.Errorf("%q changed", bomb)
		}
	}
}
