package call

import "huawu/shared/sma"

// conferenceUpdate is Huawu.Conference.Update: it changes how a leg takes part.
// On hold it hears silence until something plays on it; any other mode ends that.
func conferenceUpdate(s *step) {
	p := s.action.Parameters.(*sma.ConferenceUpdate)
	if room := s.party.room; room == "" || room != p.ConferenceID && room != roomBridge {
		s.fail(sma.InvalidActionParameter, "the leg is not in that conference")
		return
	}
	s.part(s.party.room, p.Mode, p.SpeakOnlyTo)
}
