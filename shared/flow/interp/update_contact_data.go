package interp

import (
	"encoding/json"
	"maps"

	"huawu/shared/flow"
)

// updateContactData is UpdateContactData: it sets name, description, language,
// customer and references of the contact, or of the related one. Settings of
// Voice ID and of the assistant are accepted and have no effect: neither exists
// here.
// Source: Amazon Connect flow language, "UpdateContactData".
type updateContactData struct {
	Name          flow.Template
	Description   flow.Template
	LanguageCode  flow.Template
	CustomerID    flow.Template `json:"CustomerId"`
	References    references
	TargetContact flow.Template

	WisdomSessionArn                flow.Template
	IsVoiceIDStreamingEnabled       flow.Template `json:"IsVoiceIdStreamingEnabled"`
	IsVoiceAuthenticationEnabled    flow.Template
	IsFraudDetectionEnabled         flow.Template
	VoiceAuthenticationThreshold    flow.Template
	VoiceAuthenticationResponseTime flow.Template
	FraudDetectionThreshold         flow.Template
	CustomerSpeakerID               flow.Template `json:"CustomerSpeakerId"`
}

// references is a map of typed references.
type references map[string]struct {
	Type  flow.Template
	Value flow.Template
}

// UnmarshalJSON reads an object of references; text, as the reference has it, holds that object.
func (m *references) UnmarshalJSON(data []byte) error {
	var text string
	if data[0] == '"' && json.Unmarshal(data, &text) == nil {
		if text == "" {
			return nil
		}
		data = []byte(text)
	}
	type plain references
	return json.Unmarshal(data, (*plain)(m))
}

func (a *updateContactData) execute(r *run) result {
	if r.expand(a.TargetContact) == "Related" {
		return a.related(r)
	}
	for _, f := range []struct {
		from flow.Template
		to   *string
	}{{a.Name, &r.s.Name}, {a.Description, &r.s.Description}, {a.LanguageCode, &r.s.Language}, {a.CustomerID, &r.s.CustomerID}} {
		if !f.from.Absent() {
			*f.to = r.expand(f.from)
		}
	}
	if len(a.References) > 0 {
		next := maps.Clone(r.s.References)
		if next == nil {
			next = map[string]Reference{}
		}
		maps.Copy(next, a.references(r))
		r.s.References = next
	}
	return r.next()
}

func (a *updateContactData) references(r *run) map[string]Reference {
	m := map[string]Reference{}
	for name, ref := range a.References {
		m[name] = Reference{Type: r.expand(ref.Type), Value: r.expand(ref.Value)}
	}
	return m
}

func (a *updateContactData) related(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Done); ok {
		return r.next()
	}
	return r.effect(SetContact{Name: r.expand(a.Name), Description: r.expand(a.Description), Language: r.expand(a.LanguageCode),
		CustomerID: r.expand(a.CustomerID), References: a.references(r)})
}
