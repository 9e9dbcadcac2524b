package call

import "huawu/shared/sma"

// hangUp is Hangup: it ends a leg, or refuses a caller who was not answered
// (with 480 unless told otherwise). The list goes on at once: whoever stays is not
// to wait in silence for the other's BYE to be answered. It has no
// ACTION_SUCCESSFUL: the leg's HANGUP follows. A leg that is gone is no error.
func hangUp(s *step) {
	p := s.action.Parameters.(*sma.HangUp)
	s.endLeg(int(p.SipResponseCode), "hangup")
}

// endLeg ends the step's leg. What follows in the list is for those who stay.
func (s *step) endLeg(code int, reason string) {
	s.end()
	if s.party.ended {
		return
	}
	s.c.interrupted(s.party)
	s.c.hush(s.party)
	s.c.dropWith(s.party, code, reason)
	if s.c.left() == 0 {
		s.c.pending = nil
	}
}
