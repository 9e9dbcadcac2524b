package call

import "huawu/shared/sma"

// conferenceJoin is Huawu.Conference.Join: it brings a leg into a conference;
// the first one makes it. A leg is in one conference at a time: it leaves the one
// it was in. A conference needs neither both legs of a call nor leg A.
func conferenceJoin(s *step) {
	p := s.action.Parameters.(*sma.ConferenceJoin)
	mode := p.Mode
	if mode == "" {
		mode = sma.ModeTalk
	}
	s.part(p.ConferenceID, mode, p.SpeakOnlyTo)
}

// part gives the step's leg its part in a conference, and ends the step.
func (s *step) part(room string, mode sma.Mode, only []string) {
	if err := s.c.take(s.party, room, mode, only); err != nil {
		s.fail(sma.InvalidActionParameter, err.Error())
		return
	}
	s.done(nil)
}
