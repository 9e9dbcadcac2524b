package call

import "huawu/shared/sma"

// resumeCallRecording is ResumeCallRecording: it ends PauseCallRecording.
func resumeCallRecording(s *step) {
	if s.party.recording == nil {
		s.fail(sma.InvalidActionParameter, "the leg is not being recorded")
		return
	}
	s.party.recording.run.Resume()
	s.done(nil)
}
