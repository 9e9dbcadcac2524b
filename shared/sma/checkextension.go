package sma

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// extension checks the Huawu.* actions.
func (c *checker) extension(p Parameters) {
	switch p := p.(type) {
	case *PlayLoop:
		if len(p.Messages) == 0 {
			c.add("Messages", MissingRequiredActionParameter, "missing")
		}
		c.messages("Messages", p.Messages)
		if p.InterruptAfterMs < 0 {
			c.add("InterruptAfterMs", InvalidActionParameter, "is negative")
		}
	case *ConferenceJoin:
		c.need("ConferenceId", p.ConferenceID)
		c.mode(p.Mode, p.SpeakOnlyTo, true)
	case *ConferenceUpdate:
		c.need("ConferenceId", p.ConferenceID)
		c.mode(p.Mode, p.SpeakOnlyTo, false)
	case *ConferenceLeave:
		c.need("ConferenceId", p.ConferenceID)
	case *Reject:
		c.within("SipResponseCode", p.SipResponseCode, 300, 699)
		if strings.ContainsAny(p.Reason, "\r\n\x00") {
			c.add("Reason", InvalidActionParameter, "holds a line break")
		}
	case *CollectDigits:
		c.digits(p)
	case *Answer, *Progress: // only a leg
	case *CallUpdateRequest:
		c.add("", InvalidActionParameter, "CallUpdateRequest is the data of an event, not an action")
	}
}

func (c *checker) messages(field string, list []Message) {
	if len(list) > 100 {
		c.add(field, InvalidActionParameter, "has %d messages, at most 100 are allowed", len(list))
	}
	for _, m := range list {
		kinds := 0
		for _, set := range []bool{m.PromptID != "", m.Text != "", m.AudioSource != nil} {
			if set {
				kinds++
			}
		}
		if kinds != 1 {
			c.add(field, InvalidActionParameter, "want exactly one of PromptId, Text and AudioSource in each message")
			return
		}
		if utf8.RuneCountInString(m.Text) > MaxSpeechCharacters {
			c.add(field, InvalidActionParameter, "a text has more than %d characters", MaxSpeechCharacters)
		}
		if m.AudioSource != nil {
			c.audio(field+".AudioSource", *m.AudioSource, nil)
		}
	}
}

func (c *checker) mode(m Mode, only []string, optional bool) {
	if m == "" && optional {
		m = ModeTalk
	}
	if !slices.Contains(Modes(), m) {
		c.add("Mode", InvalidActionParameter, "want one of talk, listen, whisper, barge, hold")
	}
	if m == ModeWhisper && len(only) == 0 {
		c.add("SpeakOnlyTo", MissingRequiredActionParameter, "missing with mode whisper")
	}
}

func (c *checker) digits(p *CollectDigits) {
	c.messages("Prompts", p.Prompts)
	c.within("MaxLength", p.MaxLength, 1, DefaultMaxDigits)
	if p.FirstDigitMs <= 0 {
		c.add("FirstDigitMs", MissingRequiredActionParameter, "missing")
	}
	if p.InterDigitMs <= 0 {
		c.add("InterDigitMs", MissingRequiredActionParameter, "missing")
	}
	if len(p.Terminator) > 5 || strings.Trim(p.Terminator, "0123456789#*") != "" {
		c.add("Terminator", InvalidActionParameter, "want up to 5 of 0-9 # *")
	}
	if len(p.CancelKey) > 1 || strings.Trim(p.CancelKey, "0123456789#*") != "" {
		c.add("CancelKey", InvalidActionParameter, "want one of 0-9 # *")
	}
	if f := p.PhoneNumber; f != nil {
		c.oneOf("PhoneNumber.Format", f.Format, "Local", "E164")
		if f.Format == "Local" {
			c.need("PhoneNumber.Country", f.Country)
		}
	}
	if e := p.Encrypt; e != nil {
		c.need("Encrypt.KeyId", e.KeyID)
		c.need("Encrypt.Certificate", e.Certificate)
	}
}
