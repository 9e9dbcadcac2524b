package ivr

import (
	"errors"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

func TestOneCall(t *testing.T) {
	w := newWorld(t)
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "SpeakAndGetDigits A")
	w.legs[0].Status = sma.Connected
	if w.state() != "IN_FLOW" {
		t.Errorf("after the first event %s", w.state())
	}
	w.wants(w.handle(w.event(sma.ActionSuccessful, digits("1"))), "PlayLoop A")
	if c := w.contact(); c.State != contact.Queued || !c.Record || c.Queue != "loans" {
		t.Errorf("after the digit %+v", c)
	}
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	w.wants(w.handle(w.update(sma.VerbRing, sma.Attributes{sma.ArgURI: "1001", sma.ArgRingSeconds: "20"})),
		"CallAndBridge(1001 arn:aws:huawu:::agent/demo/lin auto=false)")
	w.legs = append(w.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, Status: sma.Connected, Direction: "Outbound"})
	w.wants(w.handle(w.event(sma.ActionSuccessful, w.bridge(true))), "Join A, Join B, StartCallRecording A")
	last := done(&sma.StartCallRecording{Target: sma.On(callA)})
	last.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/x"}
	w.wants(w.handle(w.event(sma.ActionSuccessful, last)), "")
	if c := w.contact(); c.State != contact.Connected || c.Recording != "recordings/x" {
		t.Errorf("after the join %+v", c)
	}
	w.wants(w.handle(w.update(sma.VerbHold, nil)), "Update=hold A, PlayLoop A")
	w.clock.Advance(10 * time.Second)
	w.wants(w.handle(w.update(sma.VerbResume, nil)), "Update=talk A")
	w.wants(w.handle(w.hangup(0, "")), "Hangup B")
	w.wants(w.handle(w.hangup(1, "")), "")
	if c := w.contact(); w.state() != "ENDED CUSTOMER_DISCONNECT" || c.Hold.Count != 1 || c.Hold.Total != 10*time.Second {
		t.Errorf("at the end %+v", c)
	}
}

func TestHowACallEnds(t *testing.T) {
	tests := []struct {
		name  string
		play  func(w *world) string // to the last event, returns its answer
		want  string
		state string
	}{
		{"the caller leaves the menu", func(w *world) string {
			w.handle(w.event(sma.NewInboundCall, nil))
			return w.handle(w.hangup(0, ""))
		}, "", "COMPLETED CUSTOMER_DISCONNECT"},
		{"the caller leaves the queue", func(w *world) string { w.toQueue(); return w.handle(w.hangup(0, "")) }, "", "COMPLETED CUSTOMER_DISCONNECT"},
		{"the caller leaves while a phone rings", func(w *world) string { w.toQueue(); w.ring(); return w.handle(w.hangup(0, "")) },
			"Hangup B", "COMPLETED CUSTOMER_DISCONNECT"},
		{"the flow hangs up", func(w *world) string {
			w.handle(w.event(sma.NewInboundCall, nil))
			w.wants(w.handle(w.event(sma.ActionSuccessful, digits("9"))), "Hangup A")
			return w.handle(w.hangup(0, ""))
		}, "", "COMPLETED CONTACT_FLOW_DISCONNECT"},
		{"the flow fails", func(w *world) string {
			w.dialled = "95002"
			w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "Speak(We cannot serve you at the moment. Please call again later.) A, Hangup A")
			return w.handle(w.hangup(0, ""))
		}, "", "COMPLETED OTHER"},
		{"the agent hangs up", func(w *world) string { w.talk(); return w.handle(w.hangup(1, "")) }, "Hangup A", "ENDED AGENT_DISCONNECT"},
		{"the agent hangs up in the desk", func(w *world) string { w.talk(); return w.handle(w.update(sma.VerbHangup, nil)) },
			"Hangup B, Hangup A", "ENDED AGENT_DISCONNECT"},
		{"both at once", func(w *world) string {
			w.talk()
			w.handle(w.hangup(0, ""))
			return w.handle(w.hangup(1, ""))
		}, "", "ENDED CUSTOMER_DISCONNECT"},
		{"the relay is lost in a talk", func(w *world) string {
			w.talk()
			w.legs[0].Status, w.legs[1].Status = sma.Disconnected, sma.Disconnected
			w.handle(w.hangup(1, sma.ReasonRelayLost))
			return w.handle(w.hangup(0, sma.ReasonRelayLost))
		}, "", "ENDED relay_lost"},
		{"the relay is lost in the queue", func(w *world) string { w.toQueue(); return w.handle(w.hangup(0, sma.ReasonRelayLost)) }, "", "COMPLETED relay_lost"},
		{"a call that was never heard of", func(w *world) string { return w.handle(w.hangup(0, sma.ReasonRelayLost)) }, "", "COMPLETED relay_lost"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.wants(tt.play(w), tt.want)
			if w.state() != tt.state {
				t.Errorf("the contact is %s, want %s", w.state(), tt.state)
			}
		})
	}
}

func TestAnOfferThatFails(t *testing.T) {
	t.Run("no answer: the music goes on", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Disconnected
		w.wants(w.handle(w.event(sma.ActionFailed, w.bridge(false))), "")
		if w.state() != "QUEUED" || len(w.contact().Excluded) != 1 {
			t.Errorf("contact %+v", w.contact())
		}
	})
	t.Run("answered too late: the agent's leg goes", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		late := w.bridge(true)
		if err := w.router.Expire(w.ctx, tenant, callID, w.contact().Offer); err != nil {
			t.Fatal(err)
		}
		w.legs[1].Status = sma.Connected
		w.wants(w.handle(w.event(sma.ActionSuccessful, late)), "Hangup B")
	})
	t.Run("the agent hangs up before the join: the caller waits on", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Connected
		w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
		w.wants(w.handle(w.hangup(1, "")), "PlayLoop A")
		if w.state() != "QUEUED" {
			t.Errorf("contact is %s", w.state())
		}
	})
	t.Run("the hang-up of one who had the offer before changes nothing", func(t *testing.T) {
		w := newWorld(t)
		w.talk()
		w.legs = append(w.legs, sma.Participant{CallID: "0d000000-0000-7000-8000-00000000000d", ParticipantTag: "LEG-C", Status: sma.Connected, Direction: "Outbound"})
		w.wants(w.handle(w.hangup(2, "")), "")
		if w.state() != "CONNECTED" {
			t.Errorf("contact is %s", w.state())
		}
	})
	t.Run("the join fails: the agent's leg goes and the caller waits on", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Connected
		w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
		d := done(&sma.ConferenceJoin{Target: sma.On(callA), ConferenceID: string(callID)})
		d.ErrorType = sma.SystemException
		w.wants(w.once(w.event(sma.ActionFailed, d)), "Hangup B, PlayLoop A")
	})
	t.Run("the recording fails: the talk goes on", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Connected
		w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
		d := done(&sma.StartCallRecording{Target: sma.On(callA)})
		d.ErrorType = sma.SystemException
		w.wants(w.handle(w.event(sma.ActionFailed, d)), "")
		if w.state() != "CONNECTED" || !strings.Contains(w.log.String(), "recording failed to start") {
			t.Errorf("contact is %s, log %s", w.state(), w.log.String())
		}
	})
	t.Run("the word of a join was lost: the relay is asked to join again", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Connected
		w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
		w.wants(w.handle(w.update(sma.VerbJoin, nil)), "Join A, Join B, StartCallRecording A")
		d := done(&sma.StartCallRecording{Target: sma.On(callA)}) // it records already
		d.ErrorType = sma.InvalidActionParameter
		w.wants(w.handle(w.event(sma.ActionFailed, d)), "")
		w.wants(w.handle(w.update(sma.VerbJoin, nil)), "")
		if w.state() != "CONNECTED" {
			t.Errorf("contact is %s", w.state())
		}
	})
	t.Run("a withdrawn offer that was joined: the leg goes and the music comes back", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		w.legs[1].Status = sma.Connected
		w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
		unring := w.update(sma.VerbUnring, nil)
		if err := w.router.Unjoin(w.ctx, tenant, callID, w.contact().Offer); err != nil {
			t.Fatal(err)
		}
		w.wants(w.handle(unring), "Hangup B, PlayLoop A")
	})
	t.Run("a withdrawn offer stops ringing", func(t *testing.T) {
		w := newWorld(t)
		w.toQueue()
		w.ring()
		unring := w.update(sma.VerbUnring, nil)
		if err := w.router.Expire(w.ctx, tenant, callID, w.contact().Offer); err != nil {
			t.Fatal(err)
		}
		w.wants(w.handle(unring), "Hangup B")
	})
}

func TestASoftphoneIsCalledAfterTheAccept(t *testing.T) {
	w := newWorld(t)
	w.toQueue()
	connect := w.update(sma.VerbConnect, sma.Attributes{sma.ArgURI: "soft-lin"})
	w.wants(w.handle(connect), "") // not accepted yet
	if _, err := w.router.Accept(w.ctx, tenant, callID, w.contact().Offer); err != nil {
		t.Fatal(err)
	}
	w.wants(w.handle(w.update(sma.VerbConnect, sma.Attributes{sma.ArgURI: "soft-lin"})), "CallAndBridge(soft-lin arn:aws:huawu:::agent/demo/lin auto=true)")
	w.legs = append(w.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, To: "soft-lin", Status: sma.Connected, Direction: "Outbound"})
	w.wants(w.handle(w.update(sma.VerbConnect, sma.Attributes{sma.ArgURI: "soft-lin"})), "") // it rings already
	w.wants(w.handle(w.event(sma.ActionSuccessful, w.bridge(true))), "Join A, Join B, StartCallRecording A")
}

func TestCommandsThatAreOver(t *testing.T) {
	w := newWorld(t)
	w.talk()
	for _, verb := range []string{sma.VerbRing, sma.VerbConnect, sma.VerbUnring, "dance", ""} {
		w.wants(w.handle(w.update(verb, nil)), "")
	}
	old := sma.Attributes{sma.ArgOfferID: "another"}
	for _, verb := range []string{sma.VerbHold, sma.VerbResume, sma.VerbHangup} {
		w.wants(w.handle(w.update(verb, old)), "")
	}
	if w.state() != "CONNECTED" {
		t.Errorf("contact is %s", w.state())
	}
}

func TestAnAnswerThatTheRelayRefuses(t *testing.T) {
	w := newWorld(t)
	w.handle(w.event(sma.NewInboundCall, nil))
	w.legs[0].Status = sma.Connected
	if got := w.handle(w.event(sma.InvalidLambdaResponse, nil)); !strings.HasPrefix(got, "Speak(") || !strings.HasSuffix(got, "Hangup A") {
		t.Errorf("in a flow: %s", got)
	}
	w = newWorld(t)
	w.talk()
	w.wants(w.handle(w.event(sma.InvalidLambdaResponse, nil)), "")
	if w.state() != "CONNECTED" || !strings.Contains(w.log.String(), "refused an answer") {
		t.Errorf("in a talk: contact is %s, log %s", w.state(), w.log.String())
	}
}

func TestACustomerWhoRemainsHearsTheFlow(t *testing.T) {
	w := newWorld(t)
	w.dialled = "95003"
	w.talk()
	w.wants(w.handle(w.update(sma.VerbHangup, nil)), "Hangup B, Speak(感谢您的来电。) A, Hangup A")
	w.wants(w.handle(w.hangup(1, "")), "") // the leg that was hung up: not once more
	w.wants(w.handle(w.hangup(0, "")), "")
	if w.state() != "ENDED AGENT_DISCONNECT" {
		t.Errorf("contact is %s", w.state())
	}
}

func TestFunctionsOfFlows(t *testing.T) {
	answers := func(list ...any) func() ([]byte, error) {
		return func() ([]byte, error) {
			next := list[0]
			if len(list) > 1 {
				list = list[1:]
			}
			if err, bad := next.(error); bad {
				return nil, err
			}
			return []byte(next.(string)), nil
		}
	}
	throttled := fault.New(fault.Throttled, "too many")
	crashed := &cloud.FunctionError{Function: "balance", Type: "Error", Message: "x"}
	tests := []struct {
		name  string
		reply func() ([]byte, error)
		calls int
		want  string
	}{
		{"it answers", answers(`{"balance":"100"}`), 1, "Speak(您的余额是100元。) A, Hangup A"},
		{"it is throttled twice", answers(throttled, throttled, `{"balance":"7"}`), 3, "Speak(您的余额是7元。) A, Hangup A"},
		{"it fails once", answers(crashed, `{"balance":"7"}`), 2, "Speak(您的余额是7元。) A, Hangup A"},
		{"it fails always", answers(crashed), 4, "Speak(暂时无法查询。) A, Hangup A"},
		{"it runs out of time", answers(fault.New(fault.Timeout, "8 s")), 1, "Speak(暂时无法查询。) A, Hangup A"},
		{"there is none", answers(fault.New(fault.NotFound, "no such function")), 1, "Speak(暂时无法查询。) A, Hangup A"},
		{"its answer is no JSON", answers("hello"), 1, "Speak(暂时无法查询。) A, Hangup A"},
		{"its answer is too large", answers(`{"balance":"` + strings.Repeat("1", 33<<10) + `"}`), 1, "Speak(暂时无法查询。) A, Hangup A"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reply = tt.reply
			w.handle(w.event(sma.NewInboundCall, nil))
			w.wants(w.handle(w.event(sma.ActionSuccessful, digits("2"))), tt.want)
			if len(w.invoked) != tt.calls {
				t.Errorf("%d calls, want %d: a repeated event calls nothing again", len(w.invoked), tt.calls)
			}
			for _, field := range []string{`balance {`, `"Name":"ContactFlowEvent"`, `"Parameters":{"what":"balance"}`, `"ContactId":"` + string(callID), `"Address":"+8613800135678"`, `"Address":"95000"`} {
				if !strings.Contains(w.invoked[0], field) {
					t.Errorf("the function got %s, without %s", w.invoked[0], field)
				}
			}
		})
	}
}

func TestNumbersAndFlowsThatAreNotThere(t *testing.T) {
	for dialled, logged := range map[string]string{"95001": "flow not found", "95002": "PlayPrompt", "99999": "no flow for the dialled number"} {
		t.Run(dialled, func(t *testing.T) {
			w := newWorld(t)
			w.dialled = dialled
			got := w.handle(w.event(sma.NewInboundCall, nil))
			if !strings.HasPrefix(got, "Speak(") || !strings.HasSuffix(got, "Hangup A") {
				t.Errorf("answer %q, want an apology and a hang-up", got)
			}
			if !strings.Contains(w.log.String(), logged) {
				t.Errorf("the log does not say %q:\n%s", logged, w.log.String())
			}
			if strings.Contains(w.log.String(), "13800135678") {
				t.Error("the log names the caller")
			}
		})
	}
}

func TestEventsThatCannotBeAnswered(t *testing.T) {
	w := newWorld(t)
	none := w.event(sma.NewInboundCall, nil)
	none.CallDetails.Huawu = nil
	if _, err := w.service.Handle(w.ctx, none); !errors.Is(err, ErrTenant) {
		t.Errorf("without a tenant: %v", err)
	}
	legless := w.event(sma.NewInboundCall, nil)
	legless.CallDetails.Participants = nil
	if _, err := w.service.Handle(w.ctx, legless); !errors.Is(err, ErrCall) {
		t.Errorf("without a leg: %v", err)
	}
	for _, kind := range []sma.EventType{sma.Ringing, sma.ActionInterrupted, "SOMETHING_NEW"} {
		w.wants(w.handle(w.event(kind, nil)), "")
	}
	w.wants(w.handle(w.event(sma.ActionSuccessful, nil)), "")
	w.wants(w.handle(w.event(sma.ActionSuccessful, w.bridgeOf("nobody"))), "")
}

func (w *world) bridgeOf(offer string) *sma.ActionData {
	d := done(&sma.CallAndBridge{})
	d.Huawu = &sma.Outcome{OfferID: offer, Answered: true}
	return d
}

// TestTheTableIsGone answers with an error, which lets the relay ask again, and
// then goes on as if nothing had been.
func TestTheTableIsGone(t *testing.T) {
	w := newWorld(t)
	w.handle(w.event(sma.NewInboundCall, nil))
	e := w.event(sma.ActionSuccessful, digits("1"))
	w.cloud.SetFaults(localcloud.Faults{Down: 1})
	if _, err := w.service.Handle(w.ctx, e); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without a table: %v", err)
	}
	w.cloud.SetFaults(localcloud.Faults{})
	w.wants(w.handle(e), "PlayLoop A")
}

// TestEveryRequestMayFailOnce loses, refuses or fails each request in turn; the
// relay asks again and the call goes on as ever.
func TestEveryRequestMayFailOnce(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle, localcloud.Down} {
		for n := 1; ; n++ {
			w := newWorld(t)
			seen := 0
			w.cloud.SetFaults(localcloud.Faults{Each: func(localcloud.Call) localcloud.Verdict {
				if seen++; seen == n {
					return verdict
				}
				return localcloud.Pass
			}})
			for _, step := range []struct {
				e    sma.Event
				want string
			}{{w.event(sma.NewInboundCall, nil), "SpeakAndGetDigits A"}, {w.event(sma.ActionSuccessful, digits("1")), "PlayLoop A"}, {w.hangup(0, ""), ""}} {
				r, err := w.service.Handle(w.ctx, step.e)
				if err != nil {
					r, err = w.service.Handle(w.ctx, step.e)
				}
				if err != nil || short(r) != step.want {
					t.Errorf("verdict %d on request %d: %q, %v, want %q", verdict, n, short(r), err, step.want)
				}
			}
			if w.state() != "COMPLETED CUSTOMER_DISCONNECT" {
				t.Errorf("verdict %d on request %d: contact is %s", verdict, n, w.state())
			}
			if seen < n {
				break
			}
		}
	}
}

func TestTheFlowItemCostsOneWriteUnit(t *testing.T) {
	w := newWorld(t)
	w.cloud.ResetCounters()
	w.once(w.event(sma.NewInboundCall, nil))
	w.once(w.event(sma.ActionSuccessful, digits("1")))
	if n := w.cloud.Counters().Writes["C/FLOW"]; n != 2 {
		t.Errorf("the flow item cost %g write units, want 2", n)
	}
}

func TestPackedTextIsReadBack(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("您好，", 500)} {
		got, err := unpack(pack([]byte(text), true))
		if err != nil || string(got) != text {
			t.Errorf("%d bytes come back as %d, %v", len(text), len(got), err)
		}
	}
	if _, err := unpack([]byte{1, 2, 3}); fault.KindOf(err) != fault.Internal {
		t.Errorf("broken bytes: %v", err)
	}
}
