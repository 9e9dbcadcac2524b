package call

import "huawu/shared/sma"

// hangUp is Hangup: it ends a leg, or refuses a caller who was not answered
// (with 480 unless told otherwise), and waits until the leg is gone. It has no
// ACTION_SUCCESSFUL: the leg's HANGUP follows. A leg that is gone is no error.
func hangUp(s *step) {
	p := s.action.Parameters.(*sma.HangUp)
	s.endLeg(int(p.SipResponseCode), "")
}

// endLeg ends the step's leg and then the step.
func (s *step) endLeg(code int, reason string) {
	if s.party.ended {
		s.end()
		return
	}
	s.gone = s.end
	if reason == "" {
		reason = "hangup"
	}
	s.c.interrupted(s.party)
	s.c.hush(s.party)
	if !s.party.first && !s.party.up { // it rings: its end is no HANGUP, so nothing else ends the step
		p, watch := s.party, s.party.watch
		p.watch = func(e LegEvent) {
			if watch != nil {
				watch(e)
			}
			if p.ended && s.runs() {
				s.end()
			}
		}
	}
	s.c.dropWith(s.party, code, reason)
}
