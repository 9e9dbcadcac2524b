package call

import "huawu/shared/sma"

// stopCallRecording is StopCallRecording. What was recorded is kept.
func stopCallRecording(s *step) {
	if s.party.recording == nil {
		s.fail(sma.InvalidActionParameter, "the leg is not being recorded")
		return
	}
	s.c.endTape(s.party)
	s.done(nil)
}
