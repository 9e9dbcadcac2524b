package interp

import (
	"huawu/shared/flow"
	"huawu/shared/sma"
)

// messageParticipantIteratively is MessageParticipantIteratively: it plays
// prompts over and over until something else takes the leg. With an interrupt
// frequency it ends in MessagesInterrupted; EndFlowExecution returns to it.
//
// A relay with Huawu.PlayLoop needs no function call per lap. For a core relay
// each lap is one answer, and the interrupt comes at the end of the lap.
// Source: Amazon Connect flow language, "MessageParticipantIteratively".
type messageParticipantIteratively struct {
	Messages                  []prompts
	InterruptFrequencySeconds flow.Template
}

const interrupted = "MessagesInterrupted"

func (a *messageParticipantIteratively) execute(r *run) result {
	if call, ok := r.answer.(Call); ok {
		return a.ended(r, call.Event)
	}
	if len(r.batch) >= sma.MaxActions-1 || !r.can(sma.CanPlayLoop) && len(r.batch) > 0 {
		return result{kind: kindFlush}
	}
	r.s.Since = r.env.Now.Unix()
	return a.lap(r)
}

// ended decides after a lap, an interrupt or a failure of the relay.
func (a *messageParticipantIteratively) ended(r *run, e *sma.Event) result {
	switch e.InvocationEventType {
	case sma.ActionFailed:
		return r.failed(flow.NoMatchingError)
	case sma.ActionSuccessful:
	default: // another leg hung up: it plays on
		return r.wait()
	}
	if r.can(sma.CanPlayLoop) {
		if a.frequency(r) > 0 {
			return a.interrupt(r)
		}
		return a.lap(r)
	}
	if f := a.frequency(r); f > 0 && r.env.Now.Unix()-r.s.Since >= int64(f) {
		return a.interrupt(r)
	}
	return a.lap(r)
}

func (a *messageParticipantIteratively) interrupt(r *run) result {
	r.s.Loop = &Frame{Flow: r.s.Flow, At: r.s.At}
	if len(r.step.then.Conditions) == 0 { // an interrupt that leads nowhere
		return a.lap(r)
	}
	return r.value(interrupted)
}

func (a *messageParticipantIteratively) frequency(r *run) int {
	n, ok := r.number(a.InterruptFrequencySeconds, 0)
	if !ok || n < 0 || n > 24*3600 {
		return 0
	}
	return n
}

// lap plays the prompts: once for a core relay, over and over for ours.
func (a *messageParticipantIteratively) lap(r *run) result {
	loop := &sma.PlayLoop{Target: r.leg(), Resume: sma.Bool(r.resumed)}
	var once []sma.Parameters
	for i := range a.Messages {
		s, ok := r.say(&a.Messages[i])
		if !ok {
			return r.failed(flow.NoMatchingError)
		}
		if s.empty() {
			continue
		}
		loop.Messages = append(loop.Messages, s.messages()...)
		once = append(once, r.actions(s)...)
	}
	switch {
	case len(once) == 0:
		return r.failed(flow.NoMatchingError)
	case r.can(sma.CanPlayLoop):
		loop.InterruptAfterMs = sma.Int(a.frequency(r) * 1000)
		return r.do(loop)
	case len(once) == 1:
		if play, ok := once[0].(*sma.PlayAudio); ok && a.frequency(r) == 0 {
			play.Repeat = 100
		}
	}
	return r.do(once[:min(len(once), sma.MaxActions)]...)
}

func (a *messageParticipantIteratively) check(*flow.Transitions) (field, wrong string) {
	if len(a.Messages) == 0 {
		return "Parameters.Messages", "missing"
	}
	for i := range a.Messages {
		m := &a.Messages[i]
		if m.PromptID.Absent() && m.Text.Absent() && m.SSML.Absent() && m.Media == nil {
			return "Parameters.Messages", "one of PromptId, Text, SSML, Media is missing"
		}
	}
	return "", ""
}
