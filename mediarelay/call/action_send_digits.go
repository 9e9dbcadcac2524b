package call

import (
	"time"

	"huawu/shared/sma"
)

// sendDigits is SendDigits: it sends digits to a leg and waits until they are out.
func sendDigits(s *step) {
	p := s.action.Parameters.(*sma.SendDigits)
	length := millis(p.ToneDurationInMilliseconds)
	if length == 0 {
		length = sma.DefaultToneMillis * time.Millisecond
	}
	s.c.lastID++
	s.party.sending = s.c.lastID
	s.party.sent = func() {
		if s.runs() {
			s.done(nil)
		}
	}
	s.cancel = func() { s.party.sending, s.party.sent = 0, nil }
	s.party.audio.SendDigits(s.party.sending, string(p.Digits), length)
	// A port that cannot send (no audio agreed) never says that it has.
	longest := time.Duration(len(p.Digits))*(length+time.Second) + 5*time.Second
	s.after(longest, func() {
		s.cancel()
		s.fail(sma.SystemException, "the digits were not sent in time")
	})
}
