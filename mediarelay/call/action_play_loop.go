package call

import (
	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// playLoop is Huawu.PlayLoop: it begins the leg's music and lets the list go on
// at once. It asks the function only when InterruptAfterMs is over: see loop.
func playLoop(s *step) {
	p := s.action.Parameters.(*sma.PlayLoop)
	if len(s.party.hears) > 0 {
		s.fail(sma.InvalidActionParameter, "the leg talks: hold it first")
		return
	}
	s.clips(p.Messages, func(clips []media.Clip) {
		s.c.startLoop(s.party, p, clips)
		s.end()
	})
}
