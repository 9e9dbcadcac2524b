package interp

import (
	"cmp"

	"huawu/shared/flow"
)

// updateContactRecordingAndAnalyticsBehavior is
// UpdateContactRecordingAndAnalyticsBehavior, the newer form of
// UpdateContactRecordingBehavior: one object for one channel. An object for
// another channel than the contact's is ChannelMismatch; screens are not
// recorded here.
// Source: Amazon Connect flow language, "UpdateContactRecordingAndAnalyticsBehavior".
type updateContactRecordingAndAnalyticsBehavior struct {
	VoiceBehavior *struct {
		VoiceRecordingBehavior recordedParticipants
		VoiceAnalyticsBehavior struct {
			Enabled                                       flow.Template
			AnalyticsLanguage                             flow.Template
			AnalyticsModes                                document
			ConversationalAnalyticsRedactionConfiguration document
			SentimentConfiguration                        document
			SummaryConfiguration                          document
		}
	}
	ChatBehavior            document
	EmailBehavior           document
	TaskBehavior            document
	ScreenRecordingBehavior document
}

func (a *updateContactRecordingAndAnalyticsBehavior) execute(r *run) result {
	if cmp.Or(r.env.Contact.Channel, "VOICE") != "VOICE" && a.VoiceBehavior != nil {
		return r.failed(flow.ChannelMismatch)
	}
	if a.VoiceBehavior == nil {
		if !a.ScreenRecordingBehavior.absent() {
			return r.next()
		}
		return r.failed(flow.ChannelMismatch)
	}
	analysis := ""
	if b := a.VoiceBehavior.VoiceAnalyticsBehavior; isTrue(r.expand(b.Enabled)) {
		analysis = r.expand(b.AnalyticsLanguage)
	}
	return r.record(&a.VoiceBehavior.VoiceRecordingBehavior, analysis)
}
