package interp

import (
	"encoding/json"

	"huawu/shared/flow"
)

// updateContactRoutingCriteria is UpdateContactRoutingCriteria: it says which
// skills, at which level and for how long, or which agents, the contact asks
// for. It counts from the next transfer on, and at once for a contact that waits.
// Source: exports of Amazon Connect; the reference calls it UpdateRoutingCriteria.
type updateContactRoutingCriteria struct {
	RoutingCriteria document
}

const maxCriteriaBytes = 4096

func (a *updateContactRoutingCriteria) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if _, ok := r.answer.(Done); ok {
		return r.next()
	}
	raw := r.resolve(a.RoutingCriteria.raw)
	if len(raw) > maxCriteriaBytes {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Criteria = raw
	if r.s.Queued {
		return r.ask(SetRouting{Priority: r.s.Priority, TimeShift: r.s.TimeShift, Criteria: raw})
	}
	return r.next()
}

func (a *updateContactRoutingCriteria) check(*flow.Transitions) (field, wrong string) {
	var c struct {
		Steps []struct {
			Expression json.RawMessage
			Expiry     *struct{ DurationInSeconds json.Number }
		}
	}
	if json.Unmarshal(a.RoutingCriteria.raw, &c) != nil || len(c.Steps) == 0 {
		return "Parameters.RoutingCriteria.Steps", "want a list of steps"
	}
	for _, s := range c.Steps {
		if len(s.Expression) == 0 {
			return "Parameters.RoutingCriteria.Steps", "a step has no Expression"
		}
	}
	return "", ""
}
