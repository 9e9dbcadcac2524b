package interp

import "huawu/shared/flow"

// messageParticipant is MessageParticipant: it plays one prompt. It is joined
// with what follows into one answer, so its error branch is taken when the
// relay reports that this very prompt failed.
// Source: Amazon Connect flow language, "MessageParticipant".
type messageParticipant struct{ prompts }

func (a *messageParticipant) execute(r *run) result {
	s, ok := r.say(&a.prompts)
	if !ok {
		return r.failed(flow.NoMatchingError)
	}
	if s.empty() { // a reference without a value: nothing to say
		return r.next()
	}
	return r.play(r.actions(s)...)
}
