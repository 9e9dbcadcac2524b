package call

import (
	"regexp"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// collect is what PlayAudioAndGetDigits and SpeakAndGetDigits share. Each
// attempt plays the prompt, which any digit stops, and then waits for digits:
// wait for the first one, between after each, until there are high of them or a
// terminator comes, which does not count. Digits typed ahead come first, and
// then the prompt is not played at all. An attempt whose digits are too few or
// do not match is followed by the failure prompt; after the last one the action
// fails and says what was typed.
//
// The pattern may match anywhere in the digits, as handlers write it with and
// without anchors, and some write the terminator into it.
type collect struct {
	step          *step
	pattern       string
	low, high     int
	terminators   sma.Digits
	wait, between time.Duration
	attempts      int // left, this one included
	prompt        sma.Message
	failure       *sma.Message
	regex         *regexp.Regexp
	clip, sorry   media.Clip
	typed         []byte
	terminator    string // that ended the input
	stopWait      func() // the timer that runs
}

func (c collect) begin(o *sma.MediaOptions) {
	s := c.step
	s.mediaOptions(o)
	c.regex = regexp.MustCompile(c.pattern) // checked before the action began
	if c.high == 0 {
		c.high = sma.DefaultMaxDigits
	}
	if c.between <= 0 {
		c.between = c.wait
	}
	if c.attempts <= 0 {
		c.attempts = 1
	}
	if len(c.terminators) == 0 {
		c.terminators = sma.Digits{"#"}
	}
	messages := []sma.Message{c.prompt}
	if c.failure != nil {
		messages = append(messages, *c.failure)
	}
	s.clips(messages, func(clips []media.Clip) {
		c.clip = clips[0]
		if len(clips) > 1 {
			c.sorry = clips[1]
		}
		s.c.hush(s.party)
		s.cancel = func() { s.c.hush(s.party) }
		c.attempt()
	})
}

// attempt takes what was typed ahead, else plays the prompt and waits.
func (c *collect) attempt() {
	s := c.step
	c.typed, c.terminator, c.stopWait = nil, "", nil
	s.digit = c.take
	for s.digit != nil {
		d, ok := s.party.takeTyped(time.Now(), false)
		if !ok {
			break
		}
		s.digit(d)
	}
	if !s.runs() || s.digit == nil || len(c.typed) > 0 {
		return
	}
	s.play(media.Playlist{Clips: []media.Clip{c.clip}}, func() { c.stopWait = s.after(c.wait, c.judge) })
}

// take takes one digit.
func (c *collect) take(d byte) bool {
	s := c.step
	if c.stopWait != nil {
		c.stopWait()
		c.stopWait = nil
	}
	s.c.hush(s.party)
	for _, t := range c.terminators {
		if t == string(rune(d)) {
			c.terminator = t
			c.judge()
			return true
		}
	}
	if c.typed = append(c.typed, d); len(c.typed) >= c.high {
		c.judge()
		return true
	}
	c.stopWait = s.after(c.between, c.judge)
	return true
}

// judge ends an attempt.
func (c *collect) judge() {
	s, digits := c.step, string(c.typed)
	s.digit = nil
	if len(digits) >= c.low && (c.regex.MatchString(digits) || c.terminator != "" && c.regex.MatchString(digits+c.terminator)) {
		s.done(func(d *sma.ActionData) { d.ReceivedDigits = sma.Text(digits) })
		return
	}
	c.attempts--
	if c.failure == nil {
		c.next()
		return
	}
	s.digit = func(d byte) bool { // it belongs to the next attempt, which it hastens
		s.party.keep(d, time.Now())
		s.c.hush(s.party)
		c.next()
		return true
	}
	s.play(media.Playlist{Clips: []media.Clip{c.sorry}}, c.next)
}

// next begins another attempt, or fails the action.
func (c *collect) next() {
	s, digits := c.step, string(c.typed)
	if c.attempts > 0 {
		c.attempt()
		return
	}
	cause, message := "timeout", "no digits were typed"
	if digits != "" || c.terminator != "" {
		cause, message = "mismatch", "the digits do not match"
	}
	s.failWith(sma.SystemException, message, func(d *sma.ActionData) {
		d.ReceivedDigits = sma.Text(digits)
		if s.c.extended() {
			d.Huawu = &sma.Outcome{Cause: cause}
		}
	})
}

func millis(n sma.Int) time.Duration { return time.Duration(n) * time.Millisecond }
