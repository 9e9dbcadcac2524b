package ivr

import (
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// out is a call that lin makes: the agent's leg is the first there is.
type out struct {
	*world
	con *contact.Contact
}

func newOut(t *testing.T) *out {
	t.Helper()
	w := newWorld(t)
	w.put(acd.Queue{ID: "loans", Name: "Loans", Group: "main", ACWSeconds: 30, Record: true, CallerID: "95000"}.Put(tenant))
	w.clock.Advance(time.Minute)
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	con, err := w.router.Call(w.ctx, tenant, acd.CallOut{Agent: "lin", To: phone.MustParse("+8613900139000")})
	if err != nil {
		t.Fatal(err)
	}
	w.legs = []sma.Participant{{CallID: callB, ParticipantTag: sma.LegB, To: "1001", From: "95000", Direction: "Outbound"}}
	return &out{w, con}
}

// asks is an event of the call as its relay tells it.
func (o *out) asks(kind sma.EventType, data *sma.ActionData) sma.Event {
	dialled := o.dialled
	o.dialled = string(o.legs[0].To)
	e := o.event(kind, data)
	o.dialled = dialled
	e.CallDetails.TransactionID = string(o.con.ID)
	e.CallDetails.TransactionAttributes = sma.Attributes{sma.AttrOffer: string(o.con.Offer)}
	return e
}

func (o *out) stands(want string) {
	o.Helper()
	c, err := o.router.Contact(o.ctx, tenant, o.con.ID)
	if err != nil {
		o.Fatal(err)
	}
	if got := string(c.State) + " " + string(c.Reason); got != want {
		o.Errorf("contact is %q, want %q", got, want)
	}
}

// answered plays the call up to the customer's telephone ringing.
func (o *out) answered() {
	o.Helper()
	o.wants(o.handle(o.asks(sma.NewOutboundCall, nil)), "")
	o.legs[0].Status = sma.Connected
	o.wants(o.handle(o.asks(sma.CallAnswered, nil)), "CallAndBridge(+8613900139000  auto=false) B")
	o.legs = append([]sma.Participant{{CallID: callA, ParticipantTag: sma.LegA, To: "+8613900139000", From: "95000", Direction: "Outbound"}}, o.legs...)
}

// called is the end of the customer's ringing.
func (o *out) called(status int) *sma.ActionData {
	d := done(&sma.CallAndBridge{Target: sma.Target{CallID: callB, ParticipantTag: sma.LegB}, CallerIDNumber: "95000", Endpoints: []sma.Endpoint{{BridgeEndpointType: "PSTN", URI: "+8613900139000"}}})
	d.Huawu = &sma.Outcome{OfferID: string(o.con.Offer), Answered: status == 0, Status: sma.Int(status)}
	if status != 0 {
		d.ErrorType = sma.CallNotAnswered
	}
	return d
}

func TestAnAgentCallsACustomer(t *testing.T) {
	o := newOut(t)
	o.answered()
	o.stands("CONNECTING ")
	o.legs[0].Status = sma.Connected
	o.wants(o.handle(o.asks(sma.ActionSuccessful, o.called(0))), "Join A, Join B, StartCallRecording A")
	last := done(&sma.StartCallRecording{Target: sma.On(callA)})
	last.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/x"}
	o.wants(o.handle(o.asks(sma.ActionSuccessful, last)), "")
	o.stands("CONNECTED ")
	o.legs[0].Status = sma.Disconnected
	o.wants(o.handle(o.asks(sma.Hangup, done(&sma.HangUp{Target: sma.Target{CallID: callA, ParticipantTag: sma.LegA}}))), "Hangup B")
	o.stands("ENDED CUSTOMER_DISCONNECT")
}

func TestACallOutThatNobodyAnswers(t *testing.T) {
	for status, want := range map[int]string{486: "COMPLETED customer_busy", 408: "COMPLETED no_answer", 603: "COMPLETED customer_refused", 503: "COMPLETED TELECOM_PROBLEM"} {
		o := newOut(t)
		o.answered()
		o.legs[0].Status = sma.Disconnected
		o.wants(o.handle(o.asks(sma.ActionFailed, o.called(status))), "Hangup B")
		o.stands(want)
	}
}

func TestLegsOfACallOutThatGoTooEarly(t *testing.T) {
	gone := func(o *out, leg int, reason string) string {
		o.legs[leg].Status = sma.Disconnected
		d := done(&sma.HangUp{Target: sma.Target{CallID: o.legs[leg].CallID, ParticipantTag: o.legs[leg].ParticipantTag}})
		if reason != "" {
			d.Huawu = &sma.Outcome{Reason: reason}
		}
		return o.handle(o.asks(sma.Hangup, d))
	}
	t.Run("the agent's device is not picked up", func(t *testing.T) {
		o := newOut(t)
		o.handle(o.asks(sma.NewOutboundCall, nil))
		o.wants(gone(o, 0, ""), "")
		o.stands("COMPLETED OUTBOUND_ATTEMPT_FAILED")
	})
	t.Run("the agent hangs up while it rings", func(t *testing.T) {
		o := newOut(t)
		o.answered()
		o.wants(gone(o, 1, ""), "Hangup A")
		o.stands("COMPLETED AGENT_DISCONNECT")
	})
	t.Run("the customer answers and is gone", func(t *testing.T) {
		o := newOut(t)
		o.answered()
		o.legs[0].Status = sma.Connected
		o.handle(o.asks(sma.ActionSuccessful, o.called(0)))
		o.wants(gone(o, 0, ""), "Hangup B")
		o.stands("COMPLETED CUSTOMER_DISCONNECT")
	})
	t.Run("the relay is lost between the two answers", func(t *testing.T) {
		o := newOut(t)
		o.answered()
		o.wants(gone(o, 1, sma.ReasonRelayLost), "Hangup A")
		o.stands("COMPLETED relay_lost")
	})
	t.Run("its message comes to another relay too", func(t *testing.T) {
		o := newOut(t)
		o.answered()
		e := o.asks(sma.NewOutboundCall, nil)
		e.CallDetails.Huawu.RelayID = "relay-2"
		e.CallDetails.Participants = []sma.Participant{{CallID: callC, ParticipantTag: sma.LegB, To: "1001", From: "95000", Direction: "Outbound"}}
		o.wants(o.handle(e), "Hangup C")
		o.stands("CONNECTING ")
	})
	t.Run("it was given up before the device answered", func(t *testing.T) {
		o := newOut(t)
		o.handle(o.asks(sma.NewOutboundCall, nil))
		con, err := o.router.Contact(o.ctx, tenant, o.con.ID)
		if err == nil {
			err = o.router.Unreached(o.ctx, con, contact.AgentLeft)
		}
		if err != nil {
			t.Fatal(err)
		}
		o.legs[0].Status = sma.Connected
		o.wants(o.handle(o.asks(sma.CallAnswered, nil)), "Hangup B")
		o.stands("COMPLETED AGENT_DISCONNECT")
	})
}
