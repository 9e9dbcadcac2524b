package call

import "huawu/shared/sma"

// progress is Huawu.Progress: it tells a caller's network that the call is
// ringing. A caller who was answered needs no telling.
func progress(s *step) {
	if s.party.inbound && !s.party.up {
		if err := s.party.leg.Ring(); err != nil {
			s.fail(sma.SystemException, "180 could not be sent")
			return
		}
	}
	s.done(nil)
}
