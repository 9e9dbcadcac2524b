package interp_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/hours"
	"huawu/shared/sma"
)

// everything is a flow with an action of most kinds, each leading to the next.
func everything(t testing.TB) *interp.Program {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "legacy", "testdata", "contact.golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile("main", f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// chance makes an event of a byte; last is the action that plays.
func chance(b byte, last *sma.Action) interp.Event {
	answers := []interp.Event{interp.Begin{}, interp.Resume{}, interp.Refused{}, interp.Refused{Branch: flow.QueueAtCapacity},
		interp.FunctionReply{Payload: json.RawMessage(`{"greeting":"您好","agent":"lin"}`)}, interp.FunctionReply{Payload: json.RawMessage(`[`)},
		interp.QueueFound{Queue: interp.Queue{ID: "q"}}, interp.Enqueued{}, interp.Done{}, interp.HoursAnswer{Hours: hours.Always()},
		interp.MetricsAnswer{Size: 20}, interp.DataReply{Namespace: "Case", Value: json.RawMessage(`{}`)}}
	if int(b) < len(answers) {
		return answers[b]
	}
	kinds := append(sma.EventTypes(), "OTHER")
	e := &sma.Event{InvocationEventType: kinds[int(b)%len(kinds)]}
	if last != nil && b&0x40 != 0 {
		e.ActionData = &sma.ActionData{Type: last.Type, Parameters: last.Parameters, ReceivedDigits: sma.Text("12345678*#"[b%10 : b%10+1])}
		if b&0x20 != 0 {
			e.ActionData.ErrorType = sma.InvalidAudioSource
		}
	}
	if e.InvocationEventType == sma.Hangup {
		e.ActionData = &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On([]string{"a", "b", ""}[b%3])}}
	}
	return interp.Call{Event: e}
}

// FuzzStep sends any events in any order: a step answers within the contract,
// asks at most one thing, and leaves a state that can be kept.
func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 4, 9, 10, 10, 0x45, 2, 1})
	f.Add([]byte{0, 2, 2, 2, 2, 0x44, 0x64, 6, 7, 0x49})
	p := everything(f)
	f.Fuzz(func(t *testing.T, events []byte) {
		e := env(p)
		e.Flows["queue-flow"], e.Flows["other"], e.Flows["after"] = nil, nil, p
		if len(events) > 0 && events[0]&1 == 0 {
			e.Can, e.PromptBucket = nil, "prompts"
		}
		s := interp.Start("c", "main", nil)
		var last *sma.Action
		for _, b := range events[:min(len(events), 300)] {
			var out interp.Out
			s, out = interp.Step(s, chance(b, last), e)
			if out.Ask != nil && len(out.Actions) > 0 {
				t.Fatalf("both %#v and %v", out.Ask, out.Actions)
			}
			if faults := sma.Respond(out.Actions...).Check(e.Can...); len(faults) > 0 {
				t.Fatal(faults)
			}
			if n := len(out.Actions); n > 0 {
				last = &out.Actions[n-1]
			}
			raw, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if s, err = interp.ReadState(raw); err != nil {
				t.Fatal(err)
			}
		}
	})
}
