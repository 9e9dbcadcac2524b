package interp

import "huawu/shared/flow"

// checkHoursOfOperation is CheckHoursOfOperation: it ends in True inside the
// hours of operation and in False outside. Without an ID it takes the hours of
// the contact's target queue, as most exports do. Unknown hours end in
// NoMatchingError.
// Source: Amazon Connect flow language, "CheckHoursOfOperation".
type checkHoursOfOperation struct {
	HoursOfOperationID flow.Template `json:"HoursOfOperationId"`
}

func (a *checkHoursOfOperation) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	if found, ok := r.answer.(HoursAnswer); ok {
		if found.Hours.Open(r.env.Now) {
			return r.value("True")
		}
		return r.value("False")
	}
	id := flow.ResourceID(r.expand(a.HoursOfOperationID))
	if id == "" {
		id = r.s.Queue.HoursID
	}
	if id == "" && r.s.Queue.ID == "" {
		return r.failed(flow.NoMatchingError)
	}
	return r.ask(CheckHours{HoursID: id, QueueID: r.s.Queue.ID})
}
