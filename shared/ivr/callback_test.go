package ivr

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// back is a callback that a caller has asked for, by a flow.
type back struct {
	*world
	id contact.ID
}

// newBack plays the call of one who wants to be called back.
func newBack(t *testing.T, flow, first string) *back {
	t.Helper()
	w := newWorld(t)
	for _, name := range []string{"callback", "greeted", "greet"} {
		doc, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		w.put(PutFlow(tenant, name, name, doc, 1))
	}
	w.put(acd.Queue{ID: "loans", Name: "Loans", Group: "main", ACWSeconds: 30, CallerID: "95000", CallFirst: first}.Put(tenant),
		Number{Number: phone.MustParse("95000"), Flow: flow, Language: "zh-CN"}.Put(tenant))
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "Hangup A")
	b := &back{w, acd.CallBackID(callID)}
	w.clock.Advance(2 * time.Second)
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	w.sequence = 0
	w.legs = []sma.Participant{{CallID: callA, ParticipantTag: sma.LegA, To: "+8613800135678", From: "95000", Direction: "Outbound"}}
	return b
}

// asks is an event of the call to the customer.
func (b *back) asks(kind sma.EventType, data *sma.ActionData) sma.Event {
	b.Helper()
	dialled := b.dialled
	b.dialled = string(b.legs[0].To)
	e := b.event(kind, data)
	b.dialled = dialled
	e.CallDetails.TransactionID = string(b.id)
	e.CallDetails.TransactionAttributes = sma.Attributes{sma.AttrCall: strconv.FormatInt(contact.Micros(b.stands().Calling), 10)}
	return e
}

func (b *back) stands() *contact.Contact {
	b.Helper()
	c, err := b.router.Contact(b.ctx, tenant, b.id)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *back) state(want string) {
	b.Helper()
	c := b.stands()
	if got := string(c.State) + " " + string(c.Reason) + " " + c.OfferAgent; got != want {
		b.Errorf("the callback is %q, want %q", got, want)
	}
}

// gone is the end of the customer's leg by a SIP status.
func (b *back) gone(e sma.Event, status int, reason string) string {
	b.Helper()
	e.CallDetails.Participants[0].Status = sma.Disconnected
	e.ActionData = done(&sma.HangUp{Target: sma.Target{CallID: callA, ParticipantTag: sma.LegA}, SipResponseCode: sma.Int(status)})
	if reason != "" {
		e.ActionData.Huawu = &sma.Outcome{Reason: reason}
	}
	return b.handle(e)
}

func TestACustomerWhoIsCalledBackFirstWaitsOnTheLine(t *testing.T) {
	b := newBack(t, "callback", acd.FirstCustomer)
	b.state("QUEUED  ")
	if b.stands().Calling.IsZero() {
		t.Fatal("the customer is not called")
	}
	answered := b.asks(sma.CallAnswered, nil)
	answered.Sequence = 2
	b.wants(b.handle(b.asks(sma.NewOutboundCall, nil)), "")
	answered.CallDetails.Participants[0].Status = sma.Connected
	b.wants(b.handle(answered), "PlayLoop A") // what the caller's flow has bound to waiting
	b.state("OFFERED  lin")
	b.legs[0].Status = sma.Connected
	m, err := b.service.remember(b.ctx, &call{tenant: tenant, id: b.id})
	if err != nil || m.state.Attributes["menu"] != "loans" || !m.state.Queued {
		t.Errorf("the callback's flow has %v, %v", m.state, err)
	}
	b.sequence = 2
	p := &sma.CallUpdateRequest{Arguments: sma.Attributes{sma.ArgVerb: sma.VerbRing, sma.ArgOfferID: string(b.stands().Offer), sma.ArgURI: "1001", sma.ArgRingSeconds: "20"}}
	b.wants(b.handle(b.asks(sma.CallUpdateRequested, &sma.ActionData{Type: p.ActionType(), Parameters: p})), "CallAndBridge(1001 arn:aws:huawu:::agent/demo/lin auto=false)")
	b.legs = append(b.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, To: "1001", From: "+8613800135678", Direction: "Outbound", Status: sma.Connected})
	d := done(&sma.CallAndBridge{Target: sma.On(callA), CallerIDNumber: "+8613800135678", Endpoints: []sma.Endpoint{{BridgeEndpointType: "AWS", URI: "1001"}}})
	d.Huawu = &sma.Outcome{OfferID: string(b.stands().Offer), Answered: true}
	b.wants(b.handle(b.asks(sma.ActionSuccessful, d)), "Join A, Join B")
	b.handle(b.asks(sma.ActionSuccessful, done(&sma.ConferenceJoin{Target: sma.On(callB)})))
	b.state("CONNECTED  lin")
	b.wants(b.gone(b.asks(sma.Hangup, nil), 0, ""), "Hangup B")
	b.state("ENDED CUSTOMER_DISCONNECT lin")
}

func TestACustomerWhoIsCalledBackHearsTheFlowThatWasNamed(t *testing.T) {
	b := newBack(t, "greeted", acd.FirstCustomer)
	if _, err := b.router.SetStatus(b.ctx, tenant, "lin", agent.Away, ""); err != nil {
		t.Fatal(err)
	}
	answered := b.asks(sma.CallAnswered, nil)
	answered.CallDetails.Participants[0].Status = sma.Connected
	b.legs[0].Status = sma.Connected
	rank := b.stands().Rank
	b.wants(b.handle(answered), "Speak(您好，这是您要的回电。) A")
	said := &sma.Speak{Target: sma.On(callA), Speech: sma.Speech{Text: "您好，这是您要的回电。"}}
	b.wants(b.handle(b.asks(sma.ActionSuccessful, done(said))), "PlayLoop A")
	if c := b.stands(); c.State != contact.Queued || c.Rank != rank || c.ToCall() {
		t.Errorf("the callback: %+v", c)
	}
	b.wants(b.gone(b.asks(sma.Hangup, nil), 0, ""), "")
	b.state("COMPLETED CUSTOMER_DISCONNECT ")
}

func TestACustomerWhoIsCalledBackInVain(t *testing.T) {
	tests := []struct {
		name   string
		status int
		reason string
		want   string
	}{
		{"is busy", 486, "", "QUEUED  "},
		{"does not answer", 408, "", "QUEUED  "},
		{"on a relay that dies", 0, sma.ReasonRelayLost, "QUEUED  "},
		{"has no such number", 404, "", "COMPLETED OUTBOUND_DESTINATION_ENDPOINT_ERROR "},
		{"has an incomplete number", 484, "", "COMPLETED OUTBOUND_DESTINATION_ENDPOINT_ERROR "},
		{"is nowhere", 604, "", "COMPLETED OUTBOUND_DESTINATION_ENDPOINT_ERROR "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBack(t, "callback", acd.FirstCustomer)
			b.handle(b.asks(sma.NewOutboundCall, nil))
			late := b.asks(sma.CallAnswered, nil)
			late.CallDetails.Participants[0].Status = sma.Connected
			b.wants(b.gone(b.asks(sma.Hangup, nil), tt.status, tt.reason), "")
			b.state(tt.want)
			if again := b.stands().Tries.Made == 1; again != (tt.want == "QUEUED  ") {
				t.Errorf("%d tries made", b.stands().Tries.Made)
			}
			b.wants(b.handle(late), "Hangup A") // of a call that was given up
		})
	}
}

func TestACallBackByAnAgentWhoIsCalledFirstKnowsWhatTheFlowHasSet(t *testing.T) {
	b := newBack(t, "callback", "")
	b.state("OFFERED  lin")
	m, err := b.service.remember(b.ctx, &call{tenant: tenant, id: b.id})
	if err != nil || m.state.Attributes["menu"] != "loans" {
		t.Errorf("the callback's flow has %v, %v", m.state, err)
	}
}

// A relay that says nothing for long: the callback waits for another agent, and
// whoever was called for the first one is let go.
func TestACallbackWhoseCallIsTakenBackRingsNobodyOn(t *testing.T) {
	b := newBack(t, "callback", "")
	offer := b.stands().Offer
	if _, err := b.router.Accept(b.ctx, tenant, b.id, offer); err != nil {
		t.Fatal(err)
	}
	b.legs = []sma.Participant{{CallID: callB, ParticipantTag: sma.LegB, To: "1001", From: "95000", Direction: "Outbound"}}
	asks := func(kind sma.EventType, data *sma.ActionData) sma.Event {
		e := b.asks(kind, data)
		e.CallDetails.TransactionAttributes = sma.Attributes{sma.AttrOffer: string(offer)}
		return e
	}
	b.wants(b.handle(asks(sma.NewOutboundCall, nil)), "")
	b.legs[0].Status = sma.Connected
	b.wants(b.handle(asks(sma.CallAnswered, nil)), "CallAndBridge(+8613800135678  auto=false) B")
	b.legs = append([]sma.Participant{{CallID: callA, ParticipantTag: sma.LegA, To: "+8613800135678", From: "95000", Direction: "Outbound"}}, b.legs...)
	if err := b.router.Unjoin(b.ctx, tenant, b.id, offer); err != nil {
		t.Fatal(err)
	}
	b.state("QUEUED  ")
	p := &sma.CallUpdateRequest{Arguments: sma.Attributes{sma.ArgVerb: sma.VerbUnring, sma.ArgOfferID: string(offer)}}
	b.wants(b.handle(asks(sma.CallUpdateRequested, &sma.ActionData{Type: p.ActionType(), Parameters: p})), "Hangup A, Hangup B")
	b.state("QUEUED  ")
}

func TestNumbersThatAreNotCalledBack(t *testing.T) {
	for _, number := range []string{"anonymous", "10086", "+999999999999999999"} {
		w := newWorld(t)
		doc, err := os.ReadFile(filepath.Join("testdata", "callback.json"))
		if err != nil {
			t.Fatal(err)
		}
		w.put(PutFlow(tenant, "menu", "menu", doc, 2), acd.Queue{ID: "loans", Name: "Loans", Group: "main", CallerID: "95000"}.Put(tenant))
		w.legs[0].From = sma.Text(number)
		w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "Speak(不能回拨这个号码。) A, Hangup A")
		if _, err := w.router.Contact(w.ctx, tenant, acd.CallBackID(callID)); err == nil {
			t.Errorf("%s: a callback waits", number)
		}
	}
}
