package interp

import "huawu/shared/flow"

// updateContactTextToSpeechVoice is UpdateContactTextToSpeechVoice: it sets
// the voice of all later texts. A voice that is not known here speaks the
// contact's language with the synthesiser's choice.
// Source: Amazon Connect flow language, "UpdateContactTextToSpeechVoice".
type updateContactTextToSpeechVoice struct {
	TextToSpeechVoice  flow.Template
	TextToSpeechEngine flow.Template
	TextToSpeechStyle  flow.Template
}

func (a *updateContactTextToSpeechVoice) execute(r *run) result {
	id := r.expand(a.TextToSpeechVoice)
	if id == "" {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Voice = Voice{ID: id, Engine: r.expand(a.TextToSpeechEngine), Style: r.expand(a.TextToSpeechStyle)}
	return r.next()
}
