package call

import "huawu/shared/sma"

// conferenceJoin is Huawu.Conference.Join: it brings a leg into a conference;
// the first one makes it. A leg is in one conference at a time.
func conferenceJoin(s *step) {
	p := s.action.Parameters.(*sma.ConferenceJoin)
	mode := p.Mode
	if mode == "" {
		mode = sma.ModeTalk
	}
	if s.party.room != "" && s.party.room != p.ConferenceID {
		s.c.leave(s.party)
	}
	s.part(p.ConferenceID, mode)
}

// part gives the step's leg its part in a conference, and ends the step.
func (s *step) part(room string, mode sma.Mode) {
	if err := s.c.take(s.party, room, mode); err != nil {
		s.fail(sma.InvalidActionParameter, err.Error())
		return
	}
	s.done(nil)
}
