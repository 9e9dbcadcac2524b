package call

import "huawu/shared/sma"

// reject is Huawu.Reject: it refuses a caller who was not answered, with any
// final status. The leg's HANGUP follows.
func reject(s *step) {
	p := s.action.Parameters.(*sma.Reject)
	if !s.party.inbound || s.party.up {
		s.fail(sma.InvalidActionParameter, "the leg is answered")
		return
	}
	reason := p.Reason
	if reason == "" {
		reason = "rejected"
	}
	s.endLeg(int(p.SipResponseCode), reason)
}
