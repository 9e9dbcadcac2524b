package interp

import (
	"strings"

	"huawu/shared/flow"
)

// updateContactCallbackNumber is UpdateContactCallbackNumber: it sets the
// number a callback goes to. What is no number is InvalidCallbackNumber; a short
// code that nobody can dial back is CallbackNumberNotDialable.
// Source: Amazon Connect flow language, "UpdateContactCallbackNumber".
type updateContactCallbackNumber struct {
	CallbackNumber flow.Template
}

func (a *updateContactCallbackNumber) execute(r *run) result {
	number := r.expand(a.CallbackNumber)
	digits := strings.TrimPrefix(number, "+")
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 15:
		return r.failed(flow.InvalidCallbackNumber)
	case len(digits) < 7:
		return r.failed(flow.CallbackNumberNotDialable)
	}
	r.s.Callback = number
	return r.next()
}

func (a *updateContactCallbackNumber) check(*flow.Transitions) (field, wrong string) {
	if _, ok := a.CallbackNumber.Path(); !ok && !a.CallbackNumber.Absent() {
		return "Parameters.CallbackNumber", "want a reference such as $.StoredCustomerInput"
	}
	return "", ""
}
