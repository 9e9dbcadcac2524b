package sma

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// play checks the actions that play and collect; ok is false for others.
func (c *checker) play(p Parameters) (ok bool) {
	switch p := p.(type) {
	case *PlayAudio:
		c.audio("AudioSource", p.AudioSource, p.Huawu)
		c.keys("PlaybackTerminators", p.PlaybackTerminators)
		c.options(p.Huawu)
		if p.Repeat < 0 {
			c.add("Repeat", InvalidActionParameter, "is negative")
		}
	case *PlayAudioAndGetDigits:
		c.audio("AudioSource", p.AudioSource, p.Huawu)
		if p.FailureAudioSource != nil {
			c.audio("FailureAudioSource", *p.FailureAudioSource, nil)
		}
		c.options(p.Huawu)
		c.collect(p.InputDigitsRegex, p.MinNumberOfDigits, p.MaxNumberOfDigits, p.Repeat, p.RepeatDurationInMilliseconds, p.TerminatorDigits)
	case *Speak:
		c.leg(p.Target)
		c.speech("", p.Speech, p.Huawu)
		c.options(p.Huawu)
	case *SpeakAndGetDigits:
		c.leg(p.Target)
		c.speech("SpeechParameters.", p.SpeechParameters, p.Huawu)
		if p.FailureSpeechParameters != nil {
			c.speech("FailureSpeechParameters.", *p.FailureSpeechParameters, nil)
		}
		c.options(p.Huawu)
		c.collect(p.InputDigitsRegex, p.MinNumberOfDigits, p.MaxNumberOfDigits, p.Repeat, p.RepeatDurationInMilliseconds, p.TerminatorDigits)
	case *ReceiveDigits:
		c.need("InputDigitsRegex", p.InputDigitsRegex)
		c.pattern(p.InputDigitsRegex)
		if p.InBetweenDigitsDurationInMilliseconds <= 0 {
			c.add("InBetweenDigitsDurationInMilliseconds", MissingRequiredActionParameter, "missing")
		}
		if p.FlushDigitsDurationInMilliseconds <= 0 {
			c.add("FlushDigitsDurationInMilliseconds", MissingRequiredActionParameter, "missing")
		}
	default:
		return false
	}
	return true
}

// audio checks a sound; a prompt of the extension stands in for one.
func (c *checker) audio(field string, s AudioSource, o *MediaOptions) {
	if o != nil && o.PromptID != "" {
		return
	}
	if s.Type != "S3" {
		c.add(field+".Type", InvalidAudioSource, "want S3")
	}
	if s.BucketName == "" {
		c.add(field+".BucketName", InvalidAudioSource, "missing")
	}
	if s.Key == "" {
		c.add(field+".Key", InvalidAudioSource, "missing")
	}
}

func (c *checker) speech(path string, s Speech, o *MediaOptions) {
	if s.Text == "" && (o == nil || o.PromptID == "") {
		c.add(path+"Text", MissingRequiredActionParameter, "missing")
	}
	if n := utf8.RuneCountInString(s.Text); n > MaxSpeechCharacters {
		c.add(path+"Text", InvalidActionParameter, "has %d characters, at most %d are allowed", n, MaxSpeechCharacters)
	}
	if s.TextType != "" {
		c.oneOf(path+"TextType", s.TextType, "text", "ssml")
	}
	if s.Engine != "" {
		c.oneOf(path+"Engine", s.Engine, "standard", "neural")
	}
}

func (c *checker) options(o *MediaOptions) {
	if o == nil {
		return
	}
	if !c.offers(CanMediaOptions) {
		c.add("Huawu", InvalidActionParameter, "extension %s was not offered on this route", CanMediaOptions)
	}
	if o.TypeAhead != "" {
		c.oneOf("Huawu.TypeAhead", o.TypeAhead, "keep", "flush")
	}
}

func (c *checker) collect(pattern string, low, high, repeat, wait Int, terminators Digits) {
	c.pattern(pattern)
	c.keys("TerminatorDigits", terminators)
	if high == 0 {
		high = DefaultMaxDigits
	}
	if low < 0 || high < 0 || low > high {
		c.add("MinNumberOfDigits", InvalidActionParameter, "is %d with MaxNumberOfDigits %d", low, high)
	}
	if repeat < 0 {
		c.add("Repeat", InvalidActionParameter, "is negative")
	}
	if wait <= 0 {
		c.add("RepeatDurationInMilliseconds", MissingRequiredActionParameter, "missing")
	}
}

func (c *checker) pattern(pattern string) {
	if len(pattern) > 512 {
		c.add("InputDigitsRegex", InvalidActionParameter, "has %d characters, at most 512 are allowed", len(pattern))
	} else if _, err := regexp.Compile(pattern); err != nil {
		c.add("InputDigitsRegex", InvalidActionParameter, "is no regular expression")
	}
}

// control checks the actions that move a call on; ok is false for others.
func (c *checker) control(p Parameters) (ok bool) {
	switch p := p.(type) {
	case *SendDigits:
		c.leg(p.Target)
		c.need("Digits", string(p.Digits))
		if len(p.Digits) > MaxSentDigits || strings.Trim(string(p.Digits), "0123456789*#ABCD,") != "" {
			c.add("Digits", InvalidActionParameter, "want at most %d of 0-9 * # A-D and comma", MaxSentDigits)
		}
		if p.ToneDurationInMilliseconds != 0 {
			c.within("ToneDurationInMilliseconds", p.ToneDurationInMilliseconds, 50, 24000)
		}
	case *Pause:
		if p.DurationInMilliseconds <= 0 {
			c.add("DurationInMilliseconds", MissingRequiredActionParameter, "missing")
		}
	case *HangUp:
		if code := p.SipResponseCode; code != 0 && code != 480 && code != 486 {
			c.add("SipResponseCode", InvalidActionParameter, "is %d, want 0, 480 or 486", code)
		}
	case *CallAndBridge:
		c.bridge(p)
	default:
		return false
	}
	return true
}

func (c *checker) bridge(p *CallAndBridge) {
	if p.CallTimeoutSeconds != 0 {
		c.within("CallTimeoutSeconds", p.CallTimeoutSeconds, 1, MaxCallTimeoutSeconds)
	}
	c.need("CallerIdNumber", string(p.CallerIDNumber))
	if len(p.Endpoints) == 0 {
		c.add("Endpoints", MissingRequiredActionParameter, "missing")
	}
	for _, e := range p.Endpoints {
		c.oneOf("Endpoints.BridgeEndpointType", e.BridgeEndpointType, EndpointPSTN, EndpointAWS)
		c.need("Endpoints.Uri", string(e.URI))
		if e.BridgeEndpointType == EndpointAWS {
			c.need("Endpoints.Arn", e.Arn)
		}
	}
	if p.RingbackTone != nil {
		c.audio("RingbackTone", *p.RingbackTone, nil)
	}
	size := 0
	for name, value := range p.SipHeaders {
		size += len(name) + len(value)
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amzn") || !strings.HasPrefix(lower, "x-") && lower != "user-to-user" && lower != "diversion" {
			c.add("SipHeaders", InvalidActionParameter, "only X-*, User-to-User and Diversion are allowed, X-AMZN is reserved")
			break
		}
		if strings.ContainsAny(name+value, "\r\n\x00") {
			c.add("SipHeaders", InvalidActionParameter, "holds a line break")
			break
		}
	}
	if size > MaxHeaderBytes {
		c.add("SipHeaders", InvalidActionParameter, "has %d bytes, at most %d are allowed", size, MaxHeaderBytes)
	}
	if p.Huawu != nil && !c.offers(CanBridgeOptions) {
		c.add("Huawu", InvalidActionParameter, "extension %s was not offered on this route", CanBridgeOptions)
	}
	if o := p.Huawu; o != nil && bool(o.Background) {
		switch {
		case !c.offers(CanMix):
			c.add("Huawu.Background", InvalidActionParameter, "extension %s was not offered on this route", CanMix)
		case !bool(o.AnswerConfirm):
			c.add("Huawu.Background", InvalidActionParameter, "wants AnswerConfirm")
		}
	}
	if p.Huawu != nil && p.Huawu.Ring != "" {
		c.oneOf("Huawu.Ring", p.Huawu.Ring, "parallel", "serial")
	}
}

// record checks the recording actions; ok is false for others.
func (c *checker) record(p Parameters) (ok bool) {
	switch p := p.(type) {
	case *StartCallRecording:
		c.leg(p.Target)
		if p.Track != "" {
			c.oneOf("Track", p.Track, "BOTH", "INCOMING", "OUTGOING")
		}
		if p.Destination.Type != "S3" {
			c.add("Destination.Type", InvalidActionParameter, "want S3")
		}
		c.need("Destination.Location", p.Destination.Location)
	case *StopCallRecording:
		c.leg(p.Target)
	case *PauseCallRecording:
		c.leg(p.Target)
	case *ResumeCallRecording:
		c.leg(p.Target)
	case *RecordAudio:
		c.keys("RecordingTerminators", p.RecordingTerminators)
		if len(p.RecordingTerminators) == 0 {
			c.add("RecordingTerminators", MissingRequiredActionParameter, "missing")
		}
		if p.SilenceDurationInSeconds != 0 {
			c.within("SilenceDurationInSeconds", p.SilenceDurationInSeconds, 1, 1000)
		}
		if p.SilenceThreshold != 0 {
			c.within("SilenceThreshold", p.SilenceThreshold, 1, 1000)
		}
		if p.RecordingDestination.Type != "S3" {
			c.add("RecordingDestination.Type", InvalidActionParameter, "want S3")
		}
		c.need("RecordingDestination.BucketName", p.RecordingDestination.BucketName)
	default:
		return false
	}
	return true
}

// meeting checks meeting, bot and focus actions; ok is false for others.
func (c *checker) meeting(p Parameters) (ok bool) {
	switch p := p.(type) {
	case *JoinChimeMeeting:
		c.need("JoinToken", p.JoinToken)
	case *ModifyChimeMeetingAttendees:
		c.oneOf("Operation", p.Operation, "Mute", "Unmute")
		c.need("MeetingId", p.MeetingID)
		if n := len(p.AttendeeList); n < 1 || n > MaxAttendees {
			c.add("AttendeeList", InvalidActionParameter, "has %d attendees, want 1 to %d", n, MaxAttendees)
		}
	case *StartBotConversation:
		c.need("BotAliasArn", p.BotAliasArn)
		if raw, err := json.Marshal(p.Configuration); err != nil || len(raw) > MaxBotBytes {
			c.add("Configuration", InvalidActionParameter, "has %d bytes, at most %d are allowed", len(raw), MaxBotBytes)
		}
	case *VoiceFocus:
		c.leg(p.Target)
	default:
		return false
	}
	return true
}
