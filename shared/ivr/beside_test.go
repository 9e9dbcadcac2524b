package ivr

import (
	"strings"
	"testing"

	"huawu/shared/agent"
	"huawu/shared/sma"
)

// whispering begins a call whose flow binds hooks before it goes to the queue.
func whispering(t *testing.T, hooks string, flows map[string][]byte) *world {
	t.Helper()
	w := newWorld(t)
	for id, document := range flows {
		w.put(PutFlow(tenant, id, id, document, 1))
	}
	w.runs(append([]node{{id: "hooks", kind: "UpdateContactEventHooks", params: `{"EventHooks":{` + hooks + `}}`, next: "target",
		errs: map[string]string{"NoMatchingError": "oops"}}}, transfers("loans")...)...)
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "PlayLoop A")
	w.legs[0].Status = sma.Connected
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	w.ring()
	w.legs[1].Status = sma.Connected
	return w
}

// speaks is a flow that speaks a text and ends.
func speaks(kind, text string) []byte {
	return document(kind, node{id: "say", kind: "MessageParticipant", params: `{"Text":"` + text + `"}`, next: "end"}, node{id: "end", kind: "EndFlowExecution"})
}

const joined = "Join A, Join B"

func TestAgentAndCustomerHearWhispersBeforeTheyAreJoined(t *testing.T) {
	tests := []struct {
		name, hooks string
		flows       map[string][]byte
		want        string
	}{
		{"none", `"CustomerQueue":"queue"`, nil, joined},
		{"an agent's", `"AgentWhisper":"aw"`, map[string][]byte{"aw": speaks("AGENT_WHISPER", "贷款客户$.Attributes.level $.Agent.UserName")}, "Speak(贷款客户 lin) B, " + joined},
		{"both, the agent's first", `"CustomerWhisper":"cw","AgentWhisper":"aw"`,
			map[string][]byte{"aw": speaks("AGENT_WHISPER", "loans"), "cw": speaks("CUSTOMER_WHISPER", "one moment")}, "Speak(loans) B, Speak(one moment) A, " + joined},
		{"a flow that is not there", `"AgentWhisper":"gone"`, nil, joined},
		{"a flow that fails", `"AgentWhisper":"aw"`,
			map[string][]byte{"aw": document("AGENT_WHISPER", node{id: "x", kind: "MessageParticipant", params: `{"PromptId":"$.Attributes.none"}`, next: "bye", errs: map[string]string{"NoMatchingError": "y"}},
				node{id: "y", kind: "TransferToFlow", params: `{"ContactFlowId":"gone"}`})}, joined},
		{"more than fits", `"AgentWhisper":"aw"`,
			map[string][]byte{"aw": document("AGENT_WHISPER", node{id: "a", kind: "MessageParticipant", params: `{"Text":"x"}`, next: "a"})}, strings.Repeat("Speak(x) B, ", 5) + joined},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := whispering(t, tt.hooks, tt.flows)
			w.wants(w.handle(w.event(sma.ActionSuccessful, w.bridge(true))), tt.want)
			if got := w.state(); got != "CONNECTING" {
				t.Errorf("contact is %s", got)
			}
		})
	}
}

func TestAWhisperThatCannotBePlayedDoesNotCostTheTalk(t *testing.T) {
	w := whispering(t, `"AgentWhisper":"aw"`, map[string][]byte{"aw": speaks("AGENT_WHISPER", "loans")})
	w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
	d := done(&sma.Speak{Target: sma.On(callB), Speech: sma.Speech{Text: "loans"}})
	d.ErrorType = sma.InvalidAudioSource
	w.wants(w.handle(w.event(sma.ActionFailed, d)), joined)
	w.handle(w.event(sma.ActionSuccessful, done(&sma.ConferenceJoin{Target: sma.On(callB)})))
	if got := w.state(); got != "CONNECTED" {
		t.Errorf("contact is %s", got)
	}
}

func TestARelayThatIsToldToJoinAgainDoesNotWhisperAgain(t *testing.T) {
	w := whispering(t, `"AgentWhisper":"aw"`, map[string][]byte{"aw": speaks("AGENT_WHISPER", "loans")})
	w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
	w.wants(w.handle(w.update(sma.VerbJoin, nil)), joined)
}

func TestTheFlowForCustomersOnHold(t *testing.T) {
	loop := document("CUSTOMER_HOLD", node{id: "loop", kind: "MessageParticipantIteratively", params: `{"Messages":[{"Text":"held"}],"InterruptFrequencySeconds":"20"}`,
		next: "bye", when: map[string]string{"MessagesInterrupted": "bye"}, errs: map[string]string{"NoMatchingError": "bye"}})
	tests := []struct {
		name, hooks string
		flows       map[string][]byte
		want        string // of the loop that is played
		first       string
	}{
		{"none", `"CustomerQueue":"queue"`, nil, "hold-music", ""},
		{"a loop", `"CustomerHold":"ch"`, map[string][]byte{"ch": loop}, "held", ""},
		{"a text, then music", `"CustomerHold":"ch"`, map[string][]byte{"ch": speaks("CUSTOMER_HOLD", "one moment")}, "hold-music", "Speak(one moment) A, "},
		{"a flow that is not there", `"CustomerHold":"gone"`, nil, "hold-music", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := whispering(t, tt.hooks, tt.flows)
			w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
			w.handle(w.event(sma.ActionSuccessful, done(&sma.ConferenceJoin{Target: sma.On(callB)})))
			e := w.update(sma.VerbHold, nil)
			r := w.answers(e)
			if got := short(r); got != "Update=hold A, "+tt.first+"PlayLoop A" {
				t.Fatalf("on hold: %s", got)
			}
			music := r.Actions[len(r.Actions)-1].Parameters.(*sma.PlayLoop)
			if m := music.Messages[0]; m.PromptID+m.Text != tt.want || music.InterruptAfterMs != 0 {
				t.Errorf("the customer hears %+v", music)
			}
		})
	}
}
