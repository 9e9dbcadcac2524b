package param

import (
	"encoding/json"
	"strings"
	"testing"

	"huawu/shared/flow"
)

const sample = `{ "Messages": [ {"Text":"a \"b\""}, {"PromptId" : "p"} ], "LoopCount": 3, "On":true, "None":null,
  "Attributes": {"$.External.k": "v", "empty": ""}, "List": ["x", ["y"]], "O": {} }`

func TestTextsHaveTheirFields(t *testing.T) {
	var have []string
	for _, x := range Texts(json.RawMessage(sample)) {
		mark := "="
		if x.IsKey {
			mark = "#"
		}
		have = append(have, x.Field+mark+x.Value)
	}
	want := `Messages#Messages Messages[0].Text#Text Messages[0].Text=a "b" Messages[1].PromptId#PromptId Messages[1].PromptId=p ` +
		`LoopCount#LoopCount LoopCount=3 On#On On=True None#None Attributes#Attributes Attributes.$.External.k#$.External.k Attributes.$.External.k=v ` +
		`Attributes.empty#empty Attributes.empty= List#List List[0]=x List[1][0]=y O#O`
	if text := strings.Join(have, " "); text != want {
		t.Errorf("have\n%s\nwant\n%s", text, want)
	}
}

func TestReplaceTouchesNothingElse(t *testing.T) {
	have := Replace(json.RawMessage(sample), func(x Text) (string, bool) { return "<q>", x.Key == "PromptId" || x.Field == "List[1][0]" })
	want := strings.NewReplacer(`"p"`, `"<q>"`, `"y"`, `"<q>"`).Replace(sample)
	if string(have) != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
	if same := Replace(json.RawMessage(sample), func(Text) (string, bool) { return "", false }); string(same) != sample {
		t.Error("nothing to change, but it is changed")
	}
}

func TestGet(t *testing.T) {
	a := &flow.Action{Parameters: json.RawMessage(sample)}
	if Get(a, "Messages[1].PromptId") != "p" || Get(a, "LoopCount") != "3" || Get(a, "Nothing") != "" || Get(&flow.Action{}, "x") != "" {
		t.Error("a field is not found")
	}
}

func FuzzReplace(f *testing.F) {
	f.Add(sample)
	f.Add(`"only"`)
	f.Add(`[{"a":1},`)
	f.Fuzz(func(t *testing.T, text string) {
		raw := json.RawMessage(text)
		if !json.Valid(raw) {
			Texts(raw)
			return
		}
		values := func(raw json.RawMessage) (n int) {
			for _, x := range Texts(raw) {
				if !x.IsKey {
					n++
				}
			}
			return n
		}
		out := Replace(raw, func(x Text) (string, bool) { return x.Value + "!", true })
		if !json.Valid(out) || values(out) != values(raw) {
			t.Errorf("%s became %s", raw, out)
		}
	})
}
