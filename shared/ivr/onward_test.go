package ivr

import (
	"testing"

	"huawu/shared/sma"
)

// sentToFlow is a talk whose agent has handed the customer to a flow.
func sentToFlow(t *testing.T, flow string) *world {
	t.Helper()
	w := newWorld(t)
	w.talk()
	if _, err := w.router.TransferToFlow(w.ctx, w.contact(), flow); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestATalkGoesOnInAFlow(t *testing.T) {
	w := sentToFlow(t, "survey")
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "StopCallRecording A, Leave A, Hangup B, Speak(感谢您的来电。) A")
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "") // the command came twice
	w.wants(w.handle(w.hangup(1, "")), "")
	w.wants(w.handle(w.event(sma.ActionSuccessful, done(&sma.Speak{Target: sma.On(callA), Speech: sma.Speech{Text: "感谢您的来电。"}}))), "Hangup A")
	w.handle(w.hangup(0, ""))
	if w.state() != "COMPLETED CONTACT_FLOW_DISCONNECT" {
		t.Errorf("the contact is %s", w.state())
	}
}

func TestATalkThatGoesOnInAFlowWaitsAgain(t *testing.T) {
	w := sentToFlow(t, "menu")
	w.wants(w.handle(w.hangup(1, "")), "StopCallRecording A, Leave A, SpeakAndGetDigits A") // the agent was faster than the command
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "")
	w.wants(w.handle(w.event(sma.ActionSuccessful, digits("1"))), "PlayLoop A")
	if w.state() != "QUEUED" || w.contact().Queue != "loans" || w.contact().Segment != 1 {
		t.Errorf("the contact: %+v", w.contact())
	}
	w.handle(w.hangup(0, ""))
	if w.state() != "COMPLETED CUSTOMER_DISCONNECT" {
		t.Errorf("the contact is %s", w.state())
	}
}

func TestATalkThatIsSentToAFlowThatIsGone(t *testing.T) {
	w := sentToFlow(t, "deleted")
	w.wants(w.handle(w.update(sma.VerbTalk, nil)), "StopCallRecording A, Leave A, Hangup B, Speak(系统暂时无法提供服务，请稍后再拨。) A, Hangup A")
}
