package ivr

import (
	"testing"

	"huawu/shared/contact"
	"huawu/shared/sma"
)

const outside = "+8675512345678"

// callsOutside is an action that connects the caller with a number outside.
func callsOutside(goesOn bool, more string) node {
	goes := "False"
	if goesOn {
		goes = "True"
	}
	errs := map[string]string{"NoMatchingError": "error"}
	if goesOn {
		errs["ConnectionTimeLimitExceeded"], errs["CallFailed"] = "nobody", "failed"
	}
	return node{id: "outside", kind: "TransferParticipantToThirdParty", next: "back", errs: errs,
		params: `{"ThirdPartyPhoneNumber":"` + outside + `","ThirdPartyConnectionTimeLimitSeconds":"25","ContinueFlowExecution":"` + goes + `"` + more + `}`}
}

// connects begins a call whose flow calls outside.
func (w *world) connects(goesOn bool, more string) {
	w.Helper()
	w.runs(callsOutside(goesOn, more), say("back"), say("nobody"), say("failed"), say("error"))
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "CallAndBridge(PSTN "+outside+" from 95009, 25 s) A")
}

// bridged is the end of the call outside: "" is an answer.
func (w *world) bridged(problem sma.ErrorType) string {
	w.Helper()
	d := done(&sma.CallAndBridge{Target: sma.On(callA), CallTimeoutSeconds: 25, CallerIDNumber: sma.Text(w.dialled),
		Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointPSTN, URI: outside}}})
	if problem != "" {
		d.ErrorType = problem
		return w.handle(w.event(sma.ActionFailed, d))
	}
	d.CallID = callA
	w.legs[0].Status = sma.Connected
	w.legs = append(w.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, To: outside, From: "95009", Direction: "Outbound", Status: sma.Connected})
	return w.handle(w.event(sma.ActionSuccessful, d))
}

func TestACallOutside(t *testing.T) {
	tests := []struct {
		name   string
		goesOn bool
		play   func(w *world) string // returns the answer to the last event
		want   string
		state  string
	}{
		{"the other party hangs up: the flow goes on", true, func(w *world) string {
			w.wants(w.bridged(""), "")
			return w.handle(w.hangup(1, ""))
		}, "Speak(back) A, Hangup A", "IN_FLOW"},
		{"the other party hangs up: the call ends with it", false, func(w *world) string {
			w.wants(w.bridged(""), "")
			w.wants(w.handle(w.hangup(1, "")), "Hangup A")
			return w.handle(w.hangup(0, ""))
		}, "", "COMPLETED CONTACT_FLOW_DISCONNECT"},
		{"the caller hangs up: both end", true, func(w *world) string {
			w.bridged("")
			w.wants(w.handle(w.hangup(0, "")), "Hangup B")
			return w.handle(w.hangup(1, ""))
		}, "", "COMPLETED CUSTOMER_DISCONNECT"},
		{"the caller hangs up while it rings", true, func(w *world) string { return w.handle(w.hangup(0, "")) }, "", "COMPLETED CUSTOMER_DISCONNECT"},
		{"nobody answers", true, func(w *world) string { return w.bridged(sma.CallNotAnswered) }, "Speak(nobody) A, Hangup A", "IN_FLOW"},
		{"the call cannot be made", true, func(w *world) string { return w.bridged(sma.SystemException) }, "Speak(failed) A, Hangup A", "IN_FLOW"},
		{"nobody answers and the flow does not go on", false, func(w *world) string { return w.bridged(sma.CallNotAnswered) }, "Speak(error) A, Hangup A", "IN_FLOW"},
		{"the word of the answer was lost: its end counts", true, func(w *world) string {
			w.legs[0].Status = sma.Connected
			w.legs = append(w.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, To: outside, Direction: "Outbound", Status: sma.Connected})
			return w.handle(w.hangup(1, ""))
		}, "Speak(back) A, Hangup A", "IN_FLOW"},
		{"an end that is told once more, late: the flow has gone on", true, func(w *world) string {
			w.bridged("")
			w.handle(w.hangup(1, ""))
			return w.handle(w.hangup(1, ""))
		}, "", "IN_FLOW"},
		{"an answer that the relay refused: the talk goes on", true, func(w *world) string {
			w.bridged("")
			return w.handle(w.event(sma.InvalidLambdaResponse, nil))
		}, "", "IN_FLOW"},
		{"the relay is lost", true, func(w *world) string {
			w.bridged("")
			w.legs[0].Status, w.legs[1].Status = sma.Disconnected, sma.Disconnected
			w.wants(w.handle(w.hangup(1, sma.ReasonRelayLost)), "")
			return w.handle(w.hangup(0, sma.ReasonRelayLost))
		}, "", "COMPLETED relay_lost"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.connects(tt.goesOn, "")
			w.wants(tt.play(w), tt.want)
			if w.state() != tt.state {
				t.Errorf("the contact is %s, want %s", w.state(), tt.state)
			}
		})
	}
}

func TestDigitsForTheOtherParty(t *testing.T) {
	for name, end := range map[string]sma.EventType{"sent": sma.ActionSuccessful, "not sent": sma.ActionFailed} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.connects(true, `,"ThirdPartyDTMFDigits":",,12#"`)
			w.wants(w.bridged(""), "SendDigits(,,12#) B")
			w.wants(w.handle(w.event(end, done(&sma.SendDigits{Target: sma.On(callB), Digits: ",,12#"}))), "")
			w.wants(w.handle(w.hangup(1, "")), "Speak(back) A, Hangup A")
		})
	}
}

// TestAfterACallOutsideTheCallerMayWait: nothing of the call outside is left that
// an agent's call could be mistaken for.
func TestAfterACallOutsideTheCallerMayWait(t *testing.T) {
	w := newWorld(t)
	out := callsOutside(true, "")
	out.next = "target"
	w.runs(append([]node{out, say("nobody"), say("failed"), say("error")}, transfers("loans")...)...)
	w.handle(w.event(sma.NewInboundCall, nil))
	w.bridged("")
	w.wants(w.handle(w.hangup(1, "")), "PlayLoop A")
	w.toAgent()
	if w.state() != "CONNECTED" {
		t.Errorf("contact is %s", w.state())
	}
}

// toAgent plays the call from the queue to a talk, on a third leg.
func (w *world) toAgent() {
	w.Helper()
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", "AVAILABLE", ""); err != nil {
		w.Fatal(err)
	}
	const callC = "0d000000-0000-7000-8000-00000000000d"
	w.wants(w.handle(w.update(sma.VerbRing, sma.Attributes{sma.ArgURI: "1001"})), "CallAndBridge(1001 arn:aws:huawu:::agent/demo/lin auto=false)")
	w.legs = append(w.legs, sma.Participant{CallID: callC, ParticipantTag: "LEG-C", To: "1001", Direction: "Outbound", Status: sma.Connected})
	w.wants(w.handle(w.event(sma.ActionSuccessful, w.bridge(true))), "Join A, Join C")
	w.wants(w.handle(w.event(sma.ActionSuccessful, done(&sma.ConferenceJoin{Target: sma.On(callC), ConferenceID: string(callID)}))), "")
}

// TestOneWhoWaitsIsNotConnectedOutside: the queue flow takes its error branch and
// the place stays.
func TestOneWhoWaitsIsNotConnectedOutside(t *testing.T) {
	for name, goesOn := range map[string]bool{"CallFailed": true, "NoMatchingError": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			out := callsOutside(goesOn, "")
			out.next = "bye"
			for kind := range out.errs {
				out.errs[kind] = "bye"
			}
			out.errs[name] = "music"
			w.put(PutFlow(tenant, "leaves", "leaves", document("CUSTOMER_QUEUE",
				node{id: "please wait", kind: "MessageParticipant", params: `{"Text":"please wait"}`, next: "outside", errs: map[string]string{"NoMatchingError": "bye"}},
				out, node{id: "music", kind: "MessageParticipantIteratively", params: `{"Messages":[{"Text":"music"}]}`, next: "bye", errs: map[string]string{"NoMatchingError": "bye"}}), 1))
			w.runs(append([]node{{id: "hooks", kind: "UpdateContactEventHooks", params: `{"EventHooks":{"CustomerQueue":"leaves"}}`, next: "target",
				errs: map[string]string{"NoMatchingError": "oops"}}}, transfers("loans")...)...)
			w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "Speak(please wait) A, PlayLoop A")
			if w.state() != string(contact.Queued) {
				t.Errorf("contact is %s", w.state())
			}
		})
	}
}
