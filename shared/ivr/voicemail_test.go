package ivr

import (
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// leavesMessageFlow lets the caller leave a message in a queue, and says "saved".
func leavesMessageFlow(queue string) []node {
	failed := map[string]string{"NoMatchingError": "oops"}
	return []node{
		{id: "target", kind: "UpdateContactTargetQueue", params: `{"QueueId":"` + queue + `"}`, next: "task", errs: failed},
		{id: "task", kind: "CreateTask", params: `{"Name":"hear","TaskTemplateId":"voicemail","Attributes":{"topic":"voicemail"}}`, next: "record", errs: failed},
		{id: "record", kind: "UpdateContactRecordingBehavior", params: `{"RecordingBehavior":{"RecordedParticipants":["Customer"],"IVRRecordingBehavior":"Enabled"}}`, next: "listen", errs: failed},
		{id: "listen", kind: "GetParticipantInput", params: `{"Text":"speak","StoreInput":"False","InputTimeLimitSeconds":"60"}`, next: "stop",
			when: map[string]string{"#": "stop"}, errs: map[string]string{"InputTimeLimitExceeded": "stop", "NoMatchingCondition": "stop", "NoMatchingError": "stop"}},
		{id: "stop", kind: "UpdateContactRecordingBehavior", params: `{"RecordingBehavior":{"RecordedParticipants":[],"IVRRecordingBehavior":"Disabled"}}`, next: "saved", errs: failed},
		say("saved"), say("oops"),
	}
}

// speaks plays the call up to the caller speaking, if the recording begins.
func (w *world) speaks(begins bool) {
	w.Helper()
	r := w.answers(w.event(sma.NewInboundCall, nil))
	w.wants(short(r), "StartCallRecording A, SpeakAndGetDigits A")
	w.legs[0].Status = sma.Connected
	start := done(r.Actions[0].Parameters)
	if p := start.Parameters.(*sma.StartCallRecording); p.Track != "INCOMING" {
		w.Errorf("track %s is recorded, want the caller's", p.Track)
	}
	if !begins {
		start.ErrorType = sma.SystemException
		w.wants(w.handle(w.event(sma.ActionFailed, start)), "Speak(oops) A, Hangup A")
		return
	}
	start.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/recordings/demo/2026/11/20/" + string(callID) + "-0.hwr"}
	w.wants(w.handle(w.event(sma.ActionSuccessful, start)), "")
}

// pressesHash ends the message.
func (w *world) pressesHash() string {
	w.Helper()
	p := &sma.SpeakAndGetDigits{Target: sma.On(callA), SpeechParameters: sma.Speech{Text: "speak"}}
	return w.handle(w.event(sma.ActionSuccessful, &sma.ActionData{Type: p.ActionType(), Parameters: p, ReceivedDigits: "#"}))
}

// message is the message that waits, nil if there is none.
func (w *world) messageLeft() *contact.Contact {
	w.Helper()
	c, err := w.router.Contact(w.ctx, tenant, acd.VoicemailID(callID))
	if err != nil {
		return nil
	}
	return c
}

func TestACallerLeavesAMessage(t *testing.T) {
	w := newWorld(t)
	w.runs(leavesMessageFlow("loans")...)
	w.speaks(true)
	if w.messageLeft() != nil {
		t.Fatal("a message waits that is still being said")
	}
	w.clock.Advance(9 * time.Second)
	w.wants(w.pressesHash(), "StopCallRecording A, Speak(saved) A, Hangup A")
	c := w.messageLeft()
	if c == nil || c.State != contact.Queued || c.Queue != "loans" || c.Related != callID || c.Language != "zh-CN" || c.Customer.Full() != "+8613800135678" ||
		c.Recording != "recordings/recordings/demo/2026/11/20/"+string(callID)+"-0.hwr" || !c.Initiated.Equal(c.Enqueued.Add(-9*time.Second)) {
		t.Fatalf("the message is %+v", c)
	}
	w.handle(w.hangup(0, ""))
	if got := w.state(); got != "COMPLETED CONTACT_FLOW_DISCONNECT" {
		t.Errorf("the caller's contact is %s", got)
	}
	m, err := w.service.remember(w.ctx, &call{tenant: tenant, id: c.ID})
	if err != nil || m.state.Attributes["topic"] != "voicemail" {
		t.Errorf("the message has %v, %v", m.state.Attributes, err)
	}
}

func TestWhatBecomesOfAMessage(t *testing.T) {
	tests := []struct {
		name   string
		spoken time.Duration
		reason string // of the hang-up
		want   string // state of the caller's contact
		left   bool
	}{
		{"the caller hangs up after it", 4 * time.Second, "", "COMPLETED CUSTOMER_DISCONNECT", true},
		{"the caller hangs up before a word", 1900 * time.Millisecond, "", "COMPLETED CUSTOMER_DISCONNECT", false},
		{"the relay dies while the caller speaks", 4 * time.Second, sma.ReasonRelayLost, "COMPLETED relay_lost", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.runs(leavesMessageFlow("loans")...)
			w.speaks(true)
			w.clock.Advance(tt.spoken)
			w.handle(w.hangup(0, tt.reason))
			if got := w.state(); got != tt.want {
				t.Errorf("the caller's contact is %s, want %s", got, tt.want)
			}
			if left := w.messageLeft() != nil; left != tt.left {
				t.Errorf("a message waits: %v, want %v", left, tt.left)
			}
		})
	}
}

func TestAMessageThatCannotBeRecorded(t *testing.T) {
	w := newWorld(t)
	w.runs(leavesMessageFlow("loans")...)
	w.speaks(false)
	w.clock.Advance(time.Minute)
	w.handle(w.hangup(0, ""))
	if w.messageLeft() != nil {
		t.Error("a message waits that nobody has recorded")
	}
}

func TestMessagesThatTakeTheErrorBranch(t *testing.T) {
	flow := leavesMessageFlow("loans")
	for name, nodes := range map[string][]node{
		"no such queue":            append([]node{}, leavesMessageFlow("nowhere")...),
		"no queue":                 flow[1:],
		"recorded without a task":  flow[2:],
		"a task of another kind":   {{id: "task", kind: "CreateTask", params: `{"Name":"hear"}`, next: "saved", errs: map[string]string{"NoMatchingError": "oops"}}, say("saved"), say("oops")},
		"a second one of one call": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if nodes != nil {
				w.runs(nodes...)
				w.hears("oops")
				return
			}
			again := leavesMessageFlow("loans")
			again[4].next = "task"
			w.runs(again...)
			w.speaks(true)
			w.clock.Advance(5 * time.Second)
			w.wants(w.pressesHash(), "StopCallRecording A, Speak(oops) A, Hangup A")
		})
	}
}

func TestARecordingEndsBeforeTheQueue(t *testing.T) {
	w := newWorld(t)
	flow := leavesMessageFlow("loans")
	flow[3].errs["NoMatchingCondition"], flow[3].when["#"] = "wait", "wait"
	flow = append(flow[:4:4], node{id: "wait", kind: "TransferContactToQueue", next: "oops", errs: map[string]string{"NoMatchingError": "oops", "QueueAtCapacity": "oops"}}, say("stop"), say("oops"))
	w.runs(flow...)
	w.speaks(true)
	w.clock.Advance(5 * time.Second)
	w.wants(w.pressesHash(), "StopCallRecording A, PlayLoop A")
	if got := w.state(); got != "QUEUED" || w.messageLeft() == nil {
		t.Errorf("the caller is %s, the message %v", got, w.messageLeft())
	}
}

func TestOneWhoWaitsLeavesAMessageInstead(t *testing.T) {
	flow := leavesMessageFlow("loans")
	w, asked := waits(t, flow[1:]...)
	r := w.answers(w.pressed(asked, "1"))
	w.wants(short(r), "StartCallRecording A, SpeakAndGetDigits A")
	if got := w.state(); got != "IN_FLOW" {
		t.Fatalf("the caller is %s", got)
	}
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		t.Fatal(err)
	}
	start := done(r.Actions[0].Parameters)
	start.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/x"}
	w.handle(w.event(sma.ActionSuccessful, start))
	w.clock.Advance(5 * time.Second)
	w.wants(w.pressesHash(), "StopCallRecording A, Speak(saved) A, Hangup A")
	w.handle(w.hangup(0, ""))
	if c := w.contact(); c.State != contact.Completed || c.OfferAgent != "" || c.Dequeued.IsZero() || w.messageLeft() == nil {
		t.Errorf("the caller is %s %s, the message %v", c.State, c.OfferAgent, w.messageLeft())
	}
}
