package call

import (
	"regexp"
	"time"

	"huawu/shared/sma"
)

// receiveDigits is ReceiveDigits: it arms a listener in the background, which
// replaces the one before, and returns at once. Digits typed before do not count.
func receiveDigits(s *step) {
	p := s.action.Parameters.(*sma.ReceiveDigits)
	if old := s.party.listener; old != nil {
		old.stop()
	}
	s.party.typed = nil
	s.party.listener = &listener{
		c: s.c, party: s.party, params: p, regex: regexp.MustCompile(p.InputDigitsRegex), // checked before
		pause: millis(p.InBetweenDigitsDurationInMilliseconds), flush: millis(p.FlushDigitsDurationInMilliseconds),
	}
	s.done(nil)
}

// listener gathers digits of a leg that no running action wants. When nothing
// was typed for pause, digits that match are reported as DIGITS_RECEIVED; what
// does not match is forgotten flush after its first digit.
type listener struct {
	c                    *call
	party                *party
	params               *sma.ReceiveDigits
	regex                *regexp.Regexp
	pause, flush         time.Duration
	typed                []byte
	stopPause, stopFlush func()
}

func (l *listener) take(d byte) {
	if len(l.typed) >= typeAheadDigits {
		return
	}
	if l.typed = append(l.typed, d); len(l.typed) == 1 {
		l.stopFlush = l.c.after(l.flush, l.forget)
	}
	if l.stopPause != nil {
		l.stopPause()
	}
	l.stopPause = l.c.after(l.pause, l.check)
}

func (l *listener) check() {
	if !l.regex.Match(l.typed) {
		return
	}
	digits := string(l.typed)
	l.forget()
	l.c.ask(&ask{kind: sma.DigitsReceived, about: l.party, data: &sma.ActionData{
		Type: sma.TypeReceiveDigits, Parameters: atLeg(l.params, l.party), ReceivedDigits: sma.Text(digits),
	}})
}

func (l *listener) forget() {
	l.typed = nil
	for _, stop := range []func(){l.stopPause, l.stopFlush} {
		if stop != nil {
			stop()
		}
	}
	l.stopPause, l.stopFlush = nil, nil
}

func (l *listener) stop() {
	l.forget()
	l.party.listener = nil
}
