package call

import "huawu/shared/sma"

// startCallRecording is StartCallRecording: from now on a leg and whoever it
// talks with are recorded, in two channels.
func startCallRecording(s *step) {
	p := s.action.Parameters.(*sma.StartCallRecording)
	switch {
	case s.c.calls.cfg.Recorders == nil:
		s.fail(sma.NoAccessToDestination, "this relay does not record")
		return
	case s.c.taped(s.party):
		s.fail(sma.InvalidActionParameter, "the leg is being recorded")
		return
	}
	incoming, outgoing := p.Track != "OUTGOING", p.Track != "INCOMING"
	if err := s.c.startTape(s.party, RecordingSpec{Channels: 2}, incoming, outgoing); err != nil {
		s.fail(sma.SystemException, err.Error())
		return
	}
	where := sma.Destination{Type: "S3", Location: bucketOf(p.Destination) + "/" + s.party.recording.run.Object()}
	s.done(func(d *sma.ActionData) { d.CallRecordingDestination = &where })
}
