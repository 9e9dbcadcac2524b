package call

import (
	"strings"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// playAudio is PlayAudio: it plays a sound Repeat times. A terminator ends it,
// and so does any digit with Huawu.BargeIn, which then counts as typed ahead.
func playAudio(s *step) {
	p := s.action.Parameters.(*sma.PlayAudio)
	s.mediaOptions(p.Huawu)
	terminators := strings.Join(p.PlaybackTerminators, "")
	s.clips([]sma.Message{soundMessage(p.AudioSource, p.Huawu)}, func(clips []media.Clip) {
		s.c.hush(s.party)
		list := make([]media.Clip, 0, max(1, p.Repeat))
		for range max(1, min(int(p.Repeat), maxRepeat)) {
			list = append(list, clips[0])
		}
		s.cancel = func() { s.c.hush(s.party) }
		s.digit = s.cutBy(terminators, p.Huawu)
		s.play(media.Playlist{Clips: list}, func() { s.done(nil) })
	})
}

// maxRepeat bounds how often a sound is repeated; what is meant to be longer is
// a loop.
const maxRepeat = 10000

// mediaOptions takes the extension of the actions that play.
func (s *step) mediaOptions(o *sma.MediaOptions) {
	if o == nil {
		return
	}
	s.updates = bool(o.Interruptible)
	if o.TypeAhead == "flush" {
		s.party.typed = nil
	}
}

// cutBy returns what to do with a digit during a playback that may be cut.
func (s *step) cutBy(terminators string, o *sma.MediaOptions) func(byte) bool {
	return func(d byte) bool {
		ends := strings.IndexByte(terminators, d) >= 0
		if !ends && (o == nil || !bool(o.BargeIn)) {
			return false
		}
		if !ends {
			s.party.keep(d, time.Now())
		}
		s.c.hush(s.party)
		s.done(nil)
		return true
	}
}

// soundMessage is a sound, or the prompt that stands in for it.
func soundMessage(a sma.AudioSource, o *sma.MediaOptions) sma.Message {
	if o != nil && o.PromptID != "" {
		return sma.Message{PromptID: o.PromptID}
	}
	return sma.Message{AudioSource: &a}
}

// speechMessage is a text, or the prompt that stands in for it.
func speechMessage(t sma.Speech, o *sma.MediaOptions) sma.Message {
	if o != nil && o.PromptID != "" {
		return sma.Message{PromptID: o.PromptID, Speech: sma.Speech{LanguageCode: t.LanguageCode}}
	}
	return sma.Message{Speech: t}
}
