package ivr

import (
	"testing"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// waits plays a call into the queue with a queue flow that asks after each lap of
// its music, and returns what the caller is asked.
func waits(t *testing.T, then ...node) (*world, sma.Response) {
	t.Helper()
	w := newWorld(t)
	w.put(acd.Queue{ID: "vip", Name: "VIP", Group: "main", RingSeconds: 20}.Put(tenant))
	lap := node{id: "music", kind: "MessageParticipantIteratively", params: `{"Messages":[{"Text":"music"}],"InterruptFrequencySeconds":"20"}`, next: "bye",
		when: map[string]string{"MessagesInterrupted": "ask"}, errs: map[string]string{"NoMatchingError": "bye"}}
	ask := node{id: "ask", kind: "GetParticipantInput", params: `{"Text":"key?","StoreInput":"False","InputTimeLimitSeconds":"5"}`, next: "bye",
		when: map[string]string{"1": then[0].id}, errs: map[string]string{"NoMatchingCondition": "back", "InputTimeLimitExceeded": "back", "NoMatchingError": "back"}}
	w.put(PutFlow(tenant, "asks", "asks", document("CUSTOMER_QUEUE", append([]node{lap, ask, {id: "back", kind: "EndFlowExecution"}}, then...)...), 1))
	w.runs(append([]node{{id: "hooks", kind: "UpdateContactEventHooks", params: `{"EventHooks":{"CustomerQueue":"asks"}}`, next: "target",
		errs: map[string]string{"NoMatchingError": "oops"}}}, transfers("loans")...)...)
	music := w.answers(w.event(sma.NewInboundCall, nil))
	w.legs[0].Status = sma.Connected
	lapped := done(music.Actions[len(music.Actions)-1].Parameters)
	lapped.Huawu = &sma.Outcome{Interrupted: true}
	return w, w.answers(w.event(sma.ActionSuccessful, lapped))
}

// pressed is the event of a key at the last action of an answer.
func (w *world) pressed(r sma.Response, key string) sma.Event {
	d := done(r.Actions[len(r.Actions)-1].Parameters)
	d.ReceivedDigits = sma.Text(key)
	return w.event(sma.ActionSuccessful, d)
}

func TestACallerWhoWaitsLeavesTheQueueByAKey(t *testing.T) {
	w, asked := waits(t, say("goodbye"))
	if got := said(asked); got != "key?" {
		t.Fatalf("the caller hears %q", got)
	}
	w.wants(w.handle(w.pressed(asked, "1")), "Speak(goodbye) A, Hangup A")
	w.handle(w.hangup(0, ""))
	if c := w.contact(); c.State != contact.Completed || c.Reason != contact.FlowEnded {
		t.Errorf("contact %s %s", c.State, c.Reason)
	}
}

func TestAKeyThatMeansNothingLeavesTheCallerInTheQueue(t *testing.T) {
	w, asked := waits(t, say("goodbye"))
	w.wants(w.handle(w.pressed(asked, "5")), "PlayLoop A")
	if got := w.state(); got != "QUEUED" {
		t.Errorf("contact is %s", got)
	}
}

func TestACallerWhoWaitsMovesToAnotherQueue(t *testing.T) {
	w, asked := waits(t, node{id: "move", kind: "DequeueContactAndTransferToQueue", params: `{"QueueId":"vip"}`, errs: map[string]string{"NoMatchingError": "oops", "QueueAtCapacity": "oops"}}, say("oops"))
	w.wants(w.handle(w.pressed(asked, "1")), "PlayLoop A")
	if c := w.contact(); c.State != contact.Queued || c.Queue != "vip" {
		t.Errorf("contact %s in %s", c.State, c.Queue)
	}
}
