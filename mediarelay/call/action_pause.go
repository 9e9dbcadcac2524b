package call

import "huawu/shared/sma"

// pause is Pause: it waits. Music that was playing ends; an unanswered caller
// is not answered by it.
func pause(s *step) {
	p := s.action.Parameters.(*sma.Pause)
	if s.party.up {
		s.c.hush(s.party)
	}
	s.after(millis(p.DurationInMilliseconds), func() { s.done(nil) })
}
