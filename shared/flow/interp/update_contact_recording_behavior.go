package interp

import (
	"strings"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// updateContactRecordingBehavior is UpdateContactRecordingBehavior: it says who
// is recorded once an agent is connected; an empty list is nobody. With
// IVRRecordingBehavior the part with the flow is recorded too, from now on.
// Source: Amazon Connect flow language, "UpdateContactRecordingBehavior".
type updateContactRecordingBehavior struct {
	RecordingBehavior struct {
		RecordedParticipants       []flow.Template
		ScreenRecordedParticipants []flow.Template
		IVRRecordingBehavior       flow.Template
	}
	AnalyticsBehavior *analytics
}

// analytics is what a contact's recording is analysed for.
type analytics struct {
	Enabled                    flow.Template
	AnalyticsMode              flow.Template
	AnalyticsLanguage          flow.Template
	AnalyticsRedactionBehavior flow.Template
	AnalyticsRedactionResults  flow.Template
	AnalyticsRedactionEntities any
	AnalyticsRedactionMaskMode flow.Template
	AnalyticsCustomVocabulary  any
	SummaryConfiguration       any
	SentimentConfiguration     any
	ChannelConfiguration       any
}

func (a *updateContactRecordingBehavior) execute(r *run) result {
	next := Recording{Set: true, IVR: r.s.Recording.IVR}
	for _, who := range a.RecordingBehavior.RecordedParticipants {
		switch r.expand(who) {
		case "Agent":
			next.Agent = true
		case "Customer":
			next.Customer = true
		default:
			return r.failed(flow.NoMatchingError)
		}
	}
	if b := a.AnalyticsBehavior; b != nil && isTrue(r.expand(b.Enabled)) {
		next.Analysis = r.expand(b.AnalyticsLanguage)
	}
	if r.env.RecordingLocation == "" {
		next.IVR = false
		r.s.Recording = next
		return r.next()
	}
	was := r.s.Recording.IVR
	switch ivr := r.expand(a.RecordingBehavior.IVRRecordingBehavior); {
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
