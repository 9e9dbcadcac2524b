package call

import (
	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// speak is Speak: it says a text once. Digits do not cut it but with
// Huawu.BargeIn; they are kept for the next digit action.
func speak(s *step) {
	p := s.action.Parameters.(*sma.Speak)
	s.mediaOptions(p.Huawu)
	s.clips([]sma.Message{speechMessage(p.Speech, p.Huawu)}, func(clips []media.Clip) {
		s.c.hush(s.party)
		s.cancel = func() { s.c.hush(s.party) }
		s.digit = s.cutBy("", p.Huawu)
		s.play(media.Playlist{Clips: clips}, func() { s.done(nil) })
	})
}
