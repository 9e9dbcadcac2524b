package diff

import (
	"os"
	"strings"
	"testing"

	"huawu/shared/flow"
)

func text(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("../lint/testdata/hotline.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(t testing.TB, text string) *flow.Flow {
	t.Helper()
	f, err := flow.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatCallersNotice(t *testing.T) {
	swap := func(old, now string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, old, now) }
	}
	tests := []struct {
		name string
		edit func(string) string
		want string
	}{
		{"nothing", swap("", ""), ""},
		{"a block that was moved", swap(`"x": 0`, `"x": 900`), ""},
		{"a text", swap("现在是下班时间。", "已下班。"), `changed closed (MessageParticipant), Parameters.Text: "现在是下班时间。" → "已下班。"`},
		{"a number for its text", swap(`"LoopCount": "2"`, `"LoopCount": 2`), ""},
		{"a parameter more", swap(`"TextToSpeechVoice": "Zhiyu"`, `"TextToSpeechVoice": "Zhiyu", "TextToSpeechEngine": "Neural"`),
			`added voice (UpdateContactTextToSpeechVoice), Parameters.TextToSpeechEngine: "Neural"`},
		{"a list that is empty now", swap(`["Agent", "Customer"]`, `[]`),
			`added record (UpdateContactRecordingBehavior), Parameters.RecordingBehavior.RecordedParticipants: "(empty)"` + "\n" +
				`removed record (UpdateContactRecordingBehavior), Parameters.RecordingBehavior.RecordedParticipants[0]: "Agent"` + "\n" +
				`removed record (UpdateContactRecordingBehavior), Parameters.RecordingBehavior.RecordedParticipants[1]: "Customer"`},
		{"another branch", swap(`{"NextAction": "status", "Condition"`, `{"NextAction": "sorry", "Condition"`),
			`changed found (Compare), Transitions.Conditions[NumberGreaterOrEqualTo 0]: "status" → "sorry"`},
		{"another order of conditions", swap(`{"NextAction": "remember", "Condition": {"Operator": "NumberGreaterOrEqualTo", "Operands": ["7"]}}, {"NextAction": "status", "Condition": {"Operator": "NumberGreaterOrEqualTo", "Operands": ["0"]}}`,
			`{"NextAction": "status", "Condition": {"Operator": "NumberGreaterOrEqualTo", "Operands": ["0"]}}, {"NextAction": "remember", "Condition": {"Operator": "NumberGreaterOrEqualTo", "Operands": ["7"]}}`),
			`changed found (Compare), Transitions.Conditions: "NumberGreaterOrEqualTo 7, NumberGreaterOrEqualTo 0" → "NumberGreaterOrEqualTo 0, NumberGreaterOrEqualTo 7"`},
		{"another start", swap(`"StartAction": "logging"`, `"StartAction": "voice"`), `changed flow, StartAction: "logging" → "voice"`},
		{"a new identifier", swap(`"closed"`, `"5b1d"`), "renamed 5b1d (MessageParticipant), from closed"},
		{"an action more", swap(`{"Identifier": "bye"`, `{"Identifier": "new", "Type": "Loop", "Parameters": {"LoopCount": "1"}, "Transitions": {}}, {"Identifier": "bye"`), "added new (Loop)"},
		{"an action less", swap(`,
    {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}`, ""), "removed bye (DisconnectParticipant)"},
		{"a wrapper", func(s string) string { return `{"Name":"hotline","Content":` + s + `}` }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines []string
			for _, c := range Flows(parse(t, text(t)), parse(t, tt.edit(text(t)))) {
				lines = append(lines, c.String())
			}
			if have := strings.Join(lines, "\n"); have != tt.want {
				t.Errorf("have\n%s\nwant\n%s", have, tt.want)
			}
		})
	}
}

func TestAFlowAgainstAnotherOne(t *testing.T) {
	other := parse(t, `{"Version":"2019-10-30","StartAction":"x","Actions":[{"Identifier":"x","Type":"EndFlowExecution"}]}`)
	for _, c := range Flows(parse(t, text(t)), other) {
		if c.Action == "x" && c.Kind != Added {
			t.Error(c)
		}
	}
	if have := len(Flows(other, other)); have != 0 {
		t.Errorf("%d differences of a flow from itself", have)
	}
}

func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"StartAction":"a","Actions":[{"Identifier":"a","Type":"Loop","Parameters":{"LoopCount":"1"}}]}`),
		[]byte(`{"StartAction":"b","Actions":[{"Identifier":"b","Type":"Loop","Parameters":{"LoopCount":1},"Transitions":{"NextAction":"b"}}]}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		from, err := flow.Parse(a)
		if err != nil {
			return
		}
		if list := Flows(from, from); len(list) > 0 && from.Find("") == nil {
			ids := map[string]bool{}
			for _, x := range from.Actions {
				if ids[x.Identifier] {
					return // two of one name cannot be told apart
				}
				ids[x.Identifier] = true
			}
			t.Errorf("a flow differs from itself: %v", list)
		}
		if to, err := flow.Parse(b); err == nil {
			Flows(from, to)
		}
	})
}
