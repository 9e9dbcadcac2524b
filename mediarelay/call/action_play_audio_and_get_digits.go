package call

import "huawu/shared/sma"

// playAudioAndGetDigits is PlayAudioAndGetDigits: see collect.
func playAudioAndGetDigits(s *step) {
	p := s.action.Parameters.(*sma.PlayAudioAndGetDigits)
	c := collect{
		step: s, pattern: p.InputDigitsRegex, low: int(p.MinNumberOfDigits), high: int(p.MaxNumberOfDigits),
		terminators: p.TerminatorDigits, attempts: int(p.Repeat),
		wait: millis(p.RepeatDurationInMilliseconds), between: millis(p.InBetweenDigitsDurationInMilliseconds),
		prompt: soundMessage(p.AudioSource, p.Huawu),
	}
	if p.FailureAudioSource != nil {
		m := soundMessage(*p.FailureAudioSource, nil)
		c.failure = &m
	}
	c.begin(p.Huawu)
}
