package interp

import (
	"hash/fnv"
	"strconv"
	"strings"

	"huawu/shared/sma"
)

// Mark tells the actions of a batch apart in the events about them: the type
// and a hash of what is played. A relay may write the leg in another way than
// it was asked, so the leg is not part of it.
type Mark string

func markOf(p sma.Parameters) Mark {
	if p == nil {
		return ""
	}
	h := fnv.New32a()
	add := func(parts ...string) {
		for _, part := range parts {
			_, _ = h.Write([]byte(part))
			_, _ = h.Write([]byte{0})
		}
	}
	switch p := p.(type) {
	case *sma.Speak:
		add(p.Text)
	case *sma.SpeakAndGetDigits:
		add(p.SpeechParameters.Text)
	case *sma.PlayAudio:
		add(p.AudioSource.Key, prompt(p.Huawu))
	case *sma.PlayAudioAndGetDigits:
		add(p.AudioSource.Key, prompt(p.Huawu))
	case *sma.PlayLoop:
		for _, m := range p.Messages {
			add(m.PromptID, m.Text)
		}
	case *sma.Pause:
		add(strconv.Itoa(int(p.DurationInMilliseconds)))
	}
	return Mark(p.ActionType()) + "." + Mark(strconv.FormatUint(uint64(h.Sum32()), 36))
}

func prompt(o *sma.MediaOptions) string {
	if o == nil {
		return ""
	}
	return o.PromptID
}

// matches reports whether an event's mark is that of an action that was sent.
// A relay that reports an action without its content is believed by the type.
func (m Mark) matches(sent Mark) bool {
	if m == "" || sent == "" {
		return false
	}
	if m == sent {
		return true
	}
	kind := sent[:max(0, strings.LastIndexByte(string(sent), '.'))]
	return m == markOf(sma.New(sma.ActionType(kind)))
}
