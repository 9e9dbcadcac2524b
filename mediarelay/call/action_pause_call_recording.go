package call

import "huawu/shared/sma"

// pauseCallRecording is PauseCallRecording: what is said from now on is not
// kept; the recording holds silence instead.
func pauseCallRecording(s *step) {
	if s.party.recording == nil {
		s.fail(sma.InvalidActionParameter, "the leg is not being recorded")
		return
	}
	s.party.recording.run.Pause()
	s.done(nil)
}
