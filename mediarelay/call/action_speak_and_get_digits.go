package call

import "huawu/shared/sma"

// speakAndGetDigits is SpeakAndGetDigits: see collect.
func speakAndGetDigits(s *step) {
	p := s.action.Parameters.(*sma.SpeakAndGetDigits)
	c := collect{
		step: s, pattern: p.InputDigitsRegex, low: int(p.MinNumberOfDigits), high: int(p.MaxNumberOfDigits),
		terminators: p.TerminatorDigits, attempts: int(p.Repeat),
		wait: millis(p.RepeatDurationInMilliseconds), between: millis(p.InBetweenDigitsDurationInMilliseconds),
		prompt: speechMessage(p.SpeechParameters, p.Huawu),
	}
	if p.FailureSpeechParameters != nil {
		m := speechMessage(*p.FailureSpeechParameters, nil)
		c.failure = &m
	}
	c.begin(p.Huawu)
}
