package ivr

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

const callC = "0d000000-0000-7000-8000-00000000000d"

// talking is a call of lin with wu free, whose phone has no leg yet.
func talking(t *testing.T) *world {
	w := newWorld(t)
	w.put((&agent.Agent{Tenant: tenant, ID: "wu", State: agent.Offline, Username: "wu", Profile: "loans",
		Device: agent.Device{Kind: agent.Phone, User: "1002"}, Voice: agent.Slots{Max: 1}}).Put())
	w.talk()
	if _, err := w.router.SetStatus(w.ctx, tenant, "wu", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	return w
}

// told is the command that a change of the talk makes.
func (w *world) told() sma.Event {
	w.Helper()
	talk, err := w.router.Talk(w.ctx, w.contact())
	if err != nil {
		w.Fatal(err)
	}
	return w.update(sma.VerbTalk, sma.Attributes{sma.ArgSince: strconv.FormatInt(talk.Version, 10)})
}

// third adds the leg of who is called.
func (w *world) third(to string, status sma.Status) {
	w.legs = append(w.legs, sma.Participant{CallID: callC, ParticipantTag: "LEG-C", To: sma.Text(to), Direction: "Outbound", Status: status})
}

// party is the only party of the talk.
func (w *world) party() contact.Party {
	w.Helper()
	talk, err := w.router.Talk(w.ctx, w.contact())
	if err != nil || len(talk.Parties) != 1 {
		w.Fatalf("talk %+v, %v", talk, err)
	}
	return talk.Parties[0]
}

// dialled is the end of the call of a party.
func (w *world) partyDialled(id contact.OfferID, answered bool) sma.Event {
	d := done(&sma.CallAndBridge{Target: sma.On(callA), Endpoints: []sma.Endpoint{{BridgeEndpointType: "AWS", URI: "1002"}}})
	d.Huawu = &sma.Outcome{OfferID: string(id), Answered: answered, LegID: callC}
	if answered {
		return w.event(sma.ActionSuccessful, d)
	}
	d.ErrorType = sma.CallNotAnswered
	return w.event(sma.ActionFailed, d)
}

func (w *world) consult(answered bool) {
	w.Helper()
	if _, _, err := w.router.Consult(w.ctx, w.contact(), "wu"); err != nil {
		w.Fatal(err)
	}
	w.wants(w.handle(w.told()), "Join=hold A, PlayLoop A, Join B, PlayLoop B, CallAndBridge(1002 arn:aws:huawu:::agent/demo/wu auto=false) A")
	w.third("1002", "")
	w.wants(w.handle(w.told()), "Join=hold A, PlayLoop A, Join B, PlayLoop B") // it rings already
	if answered {
		w.legs[2].Status = sma.Connected
		w.wants(w.handle(w.partyDialled(w.party().ID, true)), "Join B, Join C")
	}
}

func TestWhatTheLegsDoInAConsult(t *testing.T) {
	do := func(w *world, change func(context.Context, *contact.Contact) (*contact.Contact, *contact.Talk, error)) string {
		if _, _, err := change(w.ctx, w.contact()); err != nil {
			w.Fatal(err)
		}
		return w.handle(w.told())
	}
	for name, tt := range map[string]struct {
		answered bool
		play     func(w *world) string
		want     string
		state    string
	}{
		"the agent talks with the customer between": {true, func(w *world) string { return do(w, w.router.SwapConsult) }, "Join A, Join B, Join=hold C, PlayLoop C", "CONNECTED"},
		"three talk":              {true, func(w *world) string { return do(w, w.router.JoinConsult) }, "Join A, Join B, Join C", "CONNECTED"},
		"the consulted is let go": {true, func(w *world) string { return do(w, w.router.CancelConsult) }, "Hangup C, Join A, Join B", "CONNECTED"},
		"who rings is let go":     {false, func(w *world) string { return do(w, w.router.CancelConsult) }, "Hangup C, Join A, Join B", "CONNECTED"},
		"nobody answers":          {false, func(w *world) string { return w.handle(w.partyDialled(w.party().ID, false)) }, "Hangup C, Join A, Join B", "CONNECTED"},
		"the customer is handed over": {true, func(w *world) string { return do(w, w.router.CompleteConsult) },
			"StopCallRecording A, Leave B, Join A, Join C, StartCallRecording A", "CONNECTING"},
		"the consulted hangs up": {true, func(w *world) string { return w.handle(w.hangup(2, "")) }, "Join A, Join B", "CONNECTED"},
		"the agent hangs up": {true, func(w *world) string { return w.handle(w.hangup(1, "")) },
			"Join A, Join C, StartCallRecording A", "CONNECTING"},
		"the agent hangs up while it rings":    {false, func(w *world) string { return w.handle(w.hangup(1, "")) }, "", "OFFERED"},
		"the customer hangs up":                {true, func(w *world) string { return w.handle(w.hangup(0, "")) }, "Hangup B, Hangup C", "ENDED CUSTOMER_DISCONNECT"},
		"the customer hangs up while it rings": {false, func(w *world) string { return w.handle(w.hangup(0, "")) }, "Hangup B, Hangup C", "ENDED CUSTOMER_DISCONNECT"},
	} {
		t.Run(name, func(t *testing.T) {
			w := talking(t)
			w.consult(tt.answered)
			w.wants(tt.play(w), tt.want)
			if w.state() != tt.state {
				t.Errorf("the contact is %s, want %s", w.state(), tt.state)
			}
		})
	}
}

func TestALateAnswerOfAPartyLosesItsLeg(t *testing.T) {
	w := talking(t)
	w.consult(false)
	party := w.party().ID
	if _, _, err := w.router.CancelConsult(w.ctx, w.contact()); err != nil {
		t.Fatal(err)
	}
	w.legs[2].Status = sma.Connected
	w.wants(w.handle(w.partyDialled(party, true)), "Hangup C")
}

func TestASupervisorTakesOver(t *testing.T) {
	w := talking(t)
	for mode, want := range map[acd.Supervision]string{"listen": "Join=listen C", "whisper": "Join=whisper C", "barge": "Join=barge C"} {
		if _, _, err := w.router.Supervise(w.ctx, w.contact(), "wu", mode); err != nil {
			t.Fatal(err)
		}
		if len(w.legs) == 2 {
			w.wants(w.handle(w.told()), "CallAndBridge(1002 arn:aws:huawu:::agent/demo/wu auto=false) A")
			w.third("1002", sma.Connected)
			w.wants(w.handle(w.partyDialled(w.party().ID, true)), want)
			continue
		}
		w.wants(w.handle(w.told()), want)
	}
	if _, _, err := w.router.Supervise(w.ctx, w.contact(), "wu", acd.TakeOver); err != nil {
		t.Fatal(err)
	}
	w.wants(w.handle(w.told()), "StopCallRecording A, Leave B, Join A, Join C, StartCallRecording A")
	last := done(&sma.StartCallRecording{Target: sma.On(callA)})
	last.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/y"}
	w.wants(w.handle(w.event(sma.ActionSuccessful, last)), "Hangup B")
	if c := w.contact(); c.OfferAgent != "wu" || c.State != contact.Connected || c.Recording != "recordings/y" {
		t.Errorf("taken over: %+v", c)
	}
}

func TestTheLegsAfterATransfer(t *testing.T) {
	w := talking(t)
	if _, err := w.router.TransferToAgent(w.ctx, w.contact(), "wu"); err != nil {
		t.Fatal(err)
	}
	ring := func() sma.Event {
		return w.update(sma.VerbRing, sma.Attributes{sma.ArgURI: "1002", sma.ArgRingSeconds: "20"})
	}
	got := w.handle(ring()) // before the command that parts them
	if !strings.HasPrefix(got, "StopCallRecording A, Leave A, Hangup B, PlayLoop A, CallAndBridge(1002") {
		t.Errorf("rings with %q", got)
	}
	w.legs[1].Status = sma.Disconnected
	w.third("1002", "")
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "")
	w.wants(w.handle(ring()), "")
	w.legs[2].Status = sma.Connected
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "") // answered, and the relay has not told yet
	d := w.bridge(true)
	d.Huawu.LegID = callC
	w.wants(w.handle(w.event(sma.ActionSuccessful, d)), "Join A, Join C, StartCallRecording A")
	w.wants(w.handle(w.hangup(1, "")), "") // of the first agent, late
	if w.state() != "CONNECTING" {
		t.Errorf("the contact is %s", w.state())
	}
}

func TestTheLegOfWhoHandedOverGoesWhenTheNextHasAccepted(t *testing.T) {
	w := newWorld(t)
	w.put((&agent.Agent{Tenant: tenant, ID: "wu", State: agent.Offline, Username: "wu", Profile: "loans",
		Device: agent.Device{Kind: agent.Softphone, User: "wu"}, Voice: agent.Slots{Max: 1}}).Put())
	w.talk()
	if _, err := w.router.SetStatus(w.ctx, tenant, "wu", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.router.TransferToAgent(w.ctx, w.contact(), "wu"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.router.Accept(w.ctx, tenant, callID, w.contact().Offer); err != nil {
		t.Fatal(err)
	}
	w.wants(w.handle(w.hangup(1, "")), "")
	if c := w.contact(); c.State != contact.Connecting || c.OfferAgent != "wu" {
		t.Fatalf("the contact is %s with %q", c.State, c.OfferAgent)
	}
	got := w.handle(w.update(sma.VerbConnect, sma.Attributes{sma.ArgURI: "wu"}))
	if !strings.HasPrefix(got, "CallAndBridge(wu") {
		t.Errorf("connects with %q", got)
	}
	w.third("wu", sma.Disconnected) // the next agent's own leg
	w.handle(w.hangup(2, ""))
	if c := w.contact(); c.State == contact.Connecting {
		t.Error("the leg of the next agent is gone, and the contact waits for it")
	}
}

func TestTheLegsOfATransferToANumber(t *testing.T) {
	w := talking(t)
	if _, err := w.router.TransferToNumber(w.ctx, w.contact(), phone.MustParse("10086")); err != nil {
		t.Fatal(err)
	}
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "StopCallRecording A, Leave A, Hangup B, PlayLoop A")
	w.legs[1].Status = sma.Disconnected
	got := w.handle(w.update(sma.VerbRing, nil))
	if !strings.HasPrefix(got, "CallAndBridge(10086") {
		t.Errorf("rings with %q", got)
	}
	w.third("10086", sma.Connected)
	d := w.bridge(true)
	d.Huawu.LegID = callC
	w.wants(w.handle(w.event(sma.ActionSuccessful, d)), "Join A, Join C")
	w.wants(w.handle(w.event(sma.ActionSuccessful, done(&sma.ConferenceJoin{Target: sma.On(callC)}))), "")
	w.wants(w.handle(w.hangup(2, "")), "Hangup A")
	if w.state() != "COMPLETED THIRD_PARTY_DISCONNECT" {
		t.Errorf("the contact is %s", w.state())
	}
}

// The next agent may hang up so soon that a stale read shows the one before.
func TestTheNextAgentHangsUpAtOnce(t *testing.T) {
	w := talking(t)
	w.consult(true)
	w.clock.Advance(5 * time.Second)
	if _, _, err := w.router.CompleteConsult(w.ctx, w.contact()); err != nil {
		t.Fatal(err)
	}
	w.handle(w.told())
	w.handle(w.event(sma.ActionSuccessful, done(&sma.StartCallRecording{Target: sma.On(callA)})))
	if c := w.contact(); c.State != contact.Connected || c.OfferAgent != "wu" {
		t.Fatalf("the contact is %s with %q", c.State, c.OfferAgent)
	}
	w.cloud.SetFaults(localcloud.Faults{ReadDelay: time.Second})
	w.wants(w.handle(w.hangup(2, "")), "Hangup B, Hangup A")
	if w.state() != "ENDED AGENT_DISCONNECT" {
		t.Errorf("the contact is %s", w.state())
	}
}
