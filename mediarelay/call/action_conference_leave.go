package call

import "huawu/shared/sma"

// conferenceLeave is Huawu.Conference.Leave: it takes a leg out of a conference
// without hanging it up. A leg that is not in it is no error.
func conferenceLeave(s *step) {
	p := s.action.Parameters.(*sma.ConferenceLeave)
	if s.party.room == p.ConferenceID || s.party.room == roomBridge {
		s.c.leave(s.party)
	}
	s.done(nil)
}
