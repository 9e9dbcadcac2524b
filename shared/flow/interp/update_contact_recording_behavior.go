package interp

import (
	"strings"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// updateContactRecordingBehavior is UpdateContactRecordingBehavior: it says who
// is recorded once an agent is connected; an empty list is nobody. With
// IVRRecordingBehavior the part with the flow is recorded too, from now on; where
// there is no place for such recordings that is NoMatchingError, so that nobody is
// asked to speak into nothing.
// Source: Amazon Connect flow language, "UpdateContactRecordingBehavior".
type updateContactRecordingBehavior struct {
	RecordingBehavior recordedParticipants
	AnalyticsBehavior *struct {
		Enabled                    flow.Template
		AnalyticsMode              flow.Template
		AnalyticsLanguage          flow.Template
		AnalyticsRedactionBehavior flow.Template
		AnalyticsRedactionResults  flow.Template
		AnalyticsRedactionEntities document
		AnalyticsRedactionMaskMode flow.Template
		AnalyticsCustomVocabulary  document
		SummaryConfiguration       document
		SentimentConfiguration     document
		ChannelConfiguration       document
	}
}

// recordedParticipants says whose voice is kept.
type recordedParticipants struct {
	RecordedParticipants       []flow.Template
	ScreenRecordedParticipants []flow.Template
	IVRRecordingBehavior       flow.Template
}

func (a *updateContactRecordingBehavior) execute(r *run) result {
	analysis := ""
	if b := a.AnalyticsBehavior; b != nil && isTrue(r.expand(b.Enabled)) {
		analysis = r.expand(b.AnalyticsLanguage)
	}
	return r.record(&a.RecordingBehavior, analysis)
}

// record remembers who is recorded, and starts or stops the recording of the
// flow's own part where there is a place for it.
func (r *run) record(who *recordedParticipants, analysis string) result {
	was := r.s.Recording.IVR
	next := Recording{Set: true, IVR: was, Analysis: analysis}
	for _, name := range who.RecordedParticipants {
		switch r.expand(name) {
		case "Agent":
			next.Agent = true
		case "Customer":
			next.Customer = true
		default:
			return r.failed(flow.NoMatchingError)
		}
	}
	switch ivr := r.expand(who.IVRRecordingBehavior); {
	case strings.EqualFold(ivr, "Enabled") && r.env.RecordingLocation == "":
		r.s.Recording = next // the talk is recorded all the same
		return r.failed(flow.NoMatchingError)
	case strings.EqualFold(ivr, "Enabled"):
		next.IVR = true
	case strings.EqualFold(ivr, "Disabled"):
		next.IVR = false
	}
	res := r.next()
	if next.IVR && !was {
		res = r.play(&sma.StartCallRecording{Target: r.leg(), Track: "BOTH", Destination: sma.Destination{Type: "S3", Location: r.env.RecordingLocation}})
	} else if was && !next.IVR {
		res = r.play(&sma.StopCallRecording{Target: r.leg()})
	}
	if res.kind == kindNext {
		r.s.Recording = next
	}
	return res
}
