package story_test

import (
	"strings"
	"testing"
	"time"

	"huawu/shared/flow/story"
)

const hello = `-- hello.json --
{"Version":"2019-10-30","StartAction":"say","Actions":[
{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":"您好，\"$.Attributes.name\""},"Transitions":{"NextAction":"menu"}},
{"Identifier":"menu","Type":"GetParticipantInput","Parameters":{"Text":"按1","StoreInput":"False","InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"end","Conditions":[{"NextAction":"end","Condition":{"Operator":"Equals","Operands":["1"]}}],"Errors":[{"ErrorType":"NoMatchingError","NextAction":"end"}]}},
{"Identifier":"end","Type":"DisconnectParticipant"}]}
`

func TestStoriesThatDoNotComeTrueNameTheLine(t *testing.T) {
	tests := []struct{ name, story, want string }{
		{"another text", "call\nsays 再见", `told:2: says 再见: instead it says "您好，\"\""`},
		{"another thing", "call\nplays x", `told:2: plays x: instead it says`},
		{"nothing more", "call\nsays 您好\nasks 按1\npress 1\nhangs up\nsays x", `told:6: says x: nothing more happens`},
		{"more than was told", "call\nsays 您好", "the story ends, but there is more: asks \"按1\""},
		{"an event before its time", "call\npress 1", `told:2: press 1: want keys, after asks`},
		{"a word nobody knows", "call\nsings", `told:2: sings: no such word`},
		{"a call twice", "call\ncall", `told:2: call: the call has begun before`},
		{"an attribute", "call\nattribute a=b", `told:2: attribute a=b: a is ""`},
		{"a state", "call\nstate la=zh-CN", `told:2: state la=zh-CN: la is ""`},
		{"an end", "call\nended failed", `told:2: ended failed: it is ""`},
		{"a fault that is not there", "call\nbroken x", `told:2: broken x: the flow has no fault`},
		{"a fault that is not told", "override end error=QueueAtCapacity\ncall\nsays 您好\nasks 按1\npress 1\nsays We\nhangs up", "the flow failed and the story does not say so"},
		{"an effect that did not happen", "call\nqueued loans", `told:2: queued loans: it did not happen; what did: `},
		{"a capability nobody has", "can fly", `told:1: can fly: no capability "fly"`},
		{"a hook without a flow", "call\nenter CustomerQueue", `told:2: enter CustomerQueue: no flow is bound to the hook`},
		{"a moment that is none", "call at=yesterday", `told:1: call at=yesterday: parsing time`},
		{"half a word of the world", "function f", "want: function NAME replies JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := story.Parse([]byte("-- told --\n"+tt.story+"\n"+hello), nil)
			if err != nil {
				t.Fatal(err)
			}
			r := d.Run(d.Stories[0])
			if r.Err == nil || !strings.Contains(r.Err.Error(), tt.want) {
				t.Errorf("have %v\nwant %s", r.Err, tt.want)
			}
		})
	}
}

func TestTheClockIsTheStorys(t *testing.T) {
	d, err := story.Parse([]byte("# on top\ncall attribute.name=林\n-- a --\nsays \"您好，\\\"林\\\"\"\nasks 按1\nafter 3h\npress 1\nhangs up\n"+hello), nil)
	if err != nil {
		t.Fatal(err)
	}
	results := d.RunAll()
	if len(results) != 1 || results[0].Err != nil || results[0].Elapsed < 3*time.Hour || results[0].Invocations != 2 || results[0].StateBytes == 0 {
		t.Errorf("%+v", results)
	}
	c := story.Cover(d.Flows["hello"], results)
	if len(c.Missed) != 1 || c.Percent() != 75 || !strings.Contains(c.String(), "hello: 75.0 % of 4 branches\n\tmissed menu: NoMatchingError") {
		t.Error(c)
	}
}

func TestOverridesSettleSeveralActions(t *testing.T) {
	d, err := story.Parse([]byte("-- both --\noverride say menu error=NoMatchingError\ncall\nhangs up\n-- none --\noverride say menu error=NoMatchingError\noverride say menu off\ncall\nsays 您好\nasks 按1\npress 1\nhangs up\n"+strings.Replace(hello, `"Transitions":{"NextAction":"menu"}`, `"Transitions":{"NextAction":"menu","Errors":[{"ErrorType":"NoMatchingError","NextAction":"menu"}]}`, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range d.RunAll() {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a quote that is not closed": "says \"x\n",
		"a broken flow":              "-- x.json --\n{",
		"an invalid flow":            "-- x.json --\n{\"Version\":\"1\",\"Actions\":[]}",
	} {
		if _, err := story.Parse([]byte(text), nil); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestADocumentWithoutPartsIsOneStory(t *testing.T) {
	d, err := story.Parse([]byte(hello), nil)
	if err != nil || len(d.Stories) != 1 || d.Run(d.Stories[0]).Err != nil {
		t.Errorf("%v %v", d, err)
	}
}

func TestExploreFindsEveryWayOfOurFlows(t *testing.T) {
	for _, p := range ours(t) {
		passes(t, p)
	}
}

// FuzzStory checks that no document brings the player down.
func FuzzStory(f *testing.F) {
	f.Add("call\nsays 您好\nasks 按1\npress 1\nhangs up\n")
	f.Add("can none\noverride menu value=1\ncall type=CUSTOMER_QUEUE\nfails x\nwaits\nresumes\nrefuses\ncaller hangs up\nafter 9\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := story.Parse([]byte("-- fuzz --\n"+text+"\n"+hello), nil)
		if err != nil {
			return
		}
		d.RunAll()
	})
}
