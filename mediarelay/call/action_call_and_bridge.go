package call

import (
	"time"

	"huawu/shared/sma"
)

// callAndBridge is CallAndBridge: it calls the endpoints, one after another or
// (Huawu.Ring parallel) all at once, and joins the first that answers with the
// step's leg. Until then the leg hears the ringback tone, or with
// Huawu.KeepAudio what it heard before. With Huawu.AnswerConfirm the answer is
// reported and nobody is joined. When nobody answers the action fails with
// CallNotAnswered; the legs that were called have no HANGUP.
//
// With Huawu.Background the list goes on at once, so that those who talk can be
// held, joined and hung up while it rings, and several can ring; the same events
// tell how it went. A leg that hears nothing else meanwhile hears the ringback
// tone here, too. It ends without an event when the step's leg hangs up.
func callAndBridge(s *step) {
	p := s.action.Parameters.(*sma.CallAndBridge)
	r := &ring{step: s, params: p, left: p.Endpoints}
	if p.Huawu != nil {
		r.options = *p.Huawu
	}
	seconds := int(p.CallTimeoutSeconds)
	if seconds == 0 {
		seconds = sma.DefaultCallTimeout
	}
	r.patience = time.Duration(seconds) * time.Second
	if s.background = bool(r.options.Background); s.background {
		s.c.rings = append(s.c.rings, r)
	} else {
		s.cancel = r.cancel
	}
	r.sound()
	if r.options.Ring == "parallel" {
		for len(r.left) > 0 {
			r.dial()
		}
	} else {
		r.dial()
	}
	r.check()
	if s.background && s.runs() {
		s.end()
	}
}
