package interp

import (
	"maps"

	"huawu/shared/flow"
)

// updateContactAttributes is UpdateContactAttributes: it sets attributes of
// the contact, all or none. Names may hold references too. Together they have
// at most 32 KB. TargetContact Related sets those of the related contact.
// Source: Amazon Connect flow language, "UpdateContactAttributes".
type updateContactAttributes struct {
	Attributes    pairs
	TargetContact flow.Template
}

const maxAttributeBytes = 32 << 10

func (a *updateContactAttributes) execute(r *run) result {
	if r.expand(a.TargetContact) == "Related" {
		if branch, no := r.refused(); no {
			return r.failed(branch)
		}
		if _, ok := r.answer.(Done); ok {
			return r.next()
		}
		return r.effect(SetContact{Attributes: maps.Collect(a.Attributes.all(r))})
	}
	size := 0
	for name, value := range r.s.Attributes {
		size += len(name) + len(value)
	}
	for name, value := range a.Attributes.all(r) {
		if name == "" {
			return r.failed(flow.NoMatchingError)
		}
		size += len(name) + len(value)
		if old, ok := r.s.Attributes[name]; ok {
			size -= len(name) + len(old)
		}
	}
	if size > maxAttributeBytes {
		return r.failed(flow.NoMatchingError)
	}
	// Values refer to what was set before the action, so none is set before all are known.
	set := maps.Collect(a.Attributes.all(r))
	maps.Copy(r.own(&r.s.Attributes), set)
	return r.next()
}
