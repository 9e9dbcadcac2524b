package call

import (
	"strings"
	"time"

	"huawu/shared/sma"
)

// recordAudio is RecordAudio: it records a leg alone until a terminator is
// typed, the time is over, or the leg was silent for long enough. What was
// recorded is kept also when the action is interrupted or the leg hangs up.
func recordAudio(s *step) {
	p := s.action.Parameters.(*sma.RecordAudio)
	switch {
	case s.c.calls.cfg.Recorders == nil:
		s.fail(sma.NoAccessToDestination, "this relay does not record")
		return
	case s.c.taped(s.party):
		s.fail(sma.InvalidActionParameter, "the leg is being recorded")
		return
	}
	s.c.hush(s.party)
	finish := func(terminator string) {
		object := s.c.endTape(s.party)
		s.done(func(d *sma.ActionData) {
			d.RecordingDestination = &sma.AudioSource{Type: "S3", BucketName: p.RecordingDestination.BucketName, Key: object}
			d.RecordingTerminatorUsed = terminator
		})
	}
	spec := RecordingSpec{Channels: 1}
	if p.SilenceDurationInSeconds > 0 {
		spec.Silence, spec.Threshold = time.Duration(p.SilenceDurationInSeconds)*time.Second, sma.DefaultSilenceThreshold
		if p.SilenceThreshold > 0 {
			spec.Threshold = int(p.SilenceThreshold)
		}
		spec.Silent = func() {
			s.c.box.post(func() {
				if s.runs() {
					finish("")
				}
			})
		}
	}
	if err := s.c.startTape(s.party, spec, true, false); err != nil {
		s.fail(sma.SystemException, err.Error())
		return
	}
	s.cancel = func() { s.c.endTape(s.party) }
	terminators := strings.Join(p.RecordingTerminators, "")
	s.digit = func(d byte) bool {
		if strings.IndexByte(terminators, d) >= 0 {
			finish(string(rune(d)))
		}
		return true // a digit in a voicemail is meant for nobody else
	}
	if p.DurationInSeconds > 0 {
		s.after(time.Duration(p.DurationInSeconds)*time.Second, func() { finish("") })
	}
}
