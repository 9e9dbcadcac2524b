package call

import (
	"strings"
	"time"

	"huawu/mediarelay/media"
	"huawu/mediarelay/seal"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// collectDigits is Huawu.CollectDigits: it plays prompts, which any digit stops,
// and takes digits until there are MaxLength of them, the terminator comes, or
// none in time. CancelKey erases what was typed so far. Who types nothing ends
// it with success and no digits.
//
// With Encrypt the digits leave the call sealed only: see beginSecret. A telephone
// number is checked here then, as nobody else can; without Encrypt it is left to
// the function.
func collectDigits(s *step) {
	p := s.action.Parameters.(*sma.CollectDigits)
	d := &digitInput{step: s, params: p, terminator: p.Terminator}
	if d.terminator == "" {
		d.terminator = "#"
	}
	if len(s.party.hears) > 0 { // others would hear the tones
		s.fail(sma.InvalidActionParameter, "the leg talks: hold it first")
		return
	}
	if p.Encrypt != nil {
		c, err := seal.Parse(p.Encrypt.Certificate)
		if err != nil {
			s.fail(sma.InvalidActionParameter, "Parameters.Encrypt.Certificate: "+err.Error())
			return
		}
		d.certificate = c
		s.sealed = true
		s.c.beginSecret(s.party)
	}
	s.cancel = d.cancel
	s.clips(p.Prompts, func(clips []media.Clip) {
		s.c.hush(s.party)
		d.begin(clips)
	})
}

// digitInput is a CollectDigits that runs.
type digitInput struct {
	step        *step
	params      *sma.CollectDigits
	terminator  string
	certificate seal.Certificate
	typed       []byte
	cause       string // why it ended; "" it was cut short
	stopWait    func()
}

// begin takes what was typed ahead, else plays the prompts and waits.
func (d *digitInput) begin(clips []media.Clip) {
	s := d.step
	s.digit = d.take
	for s.runs() {
		key, ok := s.party.takeTyped(time.Now(), d.params.Encrypt != nil)
		if !ok {
			break
		}
		d.take(key)
	}
	switch {
	case !s.runs() || len(d.typed) > 0:
	case len(clips) == 0:
		d.wait(d.params.FirstDigitMs)
	default:
		s.play(media.Playlist{Clips: clips}, func() { d.wait(d.params.FirstDigitMs) })
	}
}

func (d *digitInput) wait(n sma.Int) {
	if d.stopWait != nil {
		d.stopWait()
	}
	d.stopWait = d.step.after(millis(n), func() { d.end(sma.CauseTimeout) })
}

// take takes one digit.
func (d *digitInput) take(key byte) bool {
	s, p := d.step, d.params
	s.c.hush(s.party)
	if p.CancelKey == string(rune(key)) && !strings.Contains(d.terminator, p.CancelKey) {
		d.forget()
		d.wait(p.FirstDigitMs)
		return true
	}
	d.typed = append(d.typed, key)
	typed := string(d.typed)
	switch {
	case strings.HasSuffix(typed, d.terminator):
		d.typed = d.typed[:len(d.typed)-len(d.terminator)]
		d.end(sma.CauseTerminator)
	case len(typed)-begun(typed, d.terminator) >= d.longest():
		d.typed = d.typed[:d.longest()]
		d.end(sma.CauseLength)
	default:
		d.wait(p.InterDigitMs)
	}
	return true
}

// begun is how much of the terminator the digits end in.
func begun(typed, terminator string) int {
	for n := min(len(terminator)-1, len(typed)); n > 0; n-- {
		if strings.HasSuffix(typed, terminator[:n]) {
			return n
		}
	}
	return 0
}

func (d *digitInput) longest() int {
	if n := int(d.params.MaxLength); n > 0 {
		return n
	}
	return sma.DefaultMaxDigits
}

// end reports the digits: sealed, or as they are.
func (d *digitInput) end(cause string) {
	s, p := d.step, d.params
	d.cause = cause
	defer d.cancel()
	if p.Encrypt == nil || len(d.typed) == 0 {
		typed := sma.Text(d.typed)
		s.done(func(a *sma.ActionData) { a.ReceivedDigits, a.Huawu = typed, &sma.Outcome{Cause: cause} })
		return
	}
	if f := p.PhoneNumber; f != nil {
		number, ok := phone.Typed(string(d.typed), f.Format, f.Country)
		if !ok {
			s.failWith(sma.SystemException, "the digits are no telephone number", func(a *sma.ActionData) {
				a.Huawu = &sma.Outcome{Cause: sma.CausePhone}
			})
			return
		}
		d.forget()
		d.typed = []byte(number)
	}
	text, err := d.certificate.Seal(p.Encrypt.KeyID, d.typed)
	if err != nil {
		s.fail(sma.SystemException, "the digits could not be sealed: "+err.Error())
		return
	}
	s.done(func(a *sma.ActionData) {
		a.ReceivedDigits, a.Huawu = sma.Text(text), &sma.Outcome{Encrypted: true, Cause: cause}
	})
}

// cancel ends the input, whatever became of it.
func (d *digitInput) cancel() {
	d.forget()
	s := d.step
	s.c.hush(s.party)
	if s.sealed {
		s.c.endSecret(s.party, d.cause == "" || d.cause == sma.CauseLength)
	}
}

// forget clears the digits in memory as well.
func (d *digitInput) forget() {
	clear(d.typed[:cap(d.typed)])
	d.typed = d.typed[:0]
}
