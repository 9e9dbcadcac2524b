package interp

import "huawu/shared/flow"

// compare is Compare: it holds a reference's value against the conditions, in
// order; none that fits is NoMatchingCondition.
// Source: Amazon Connect flow language, "Compare".
type compare struct {
	ComparisonValue flow.Template
}

func (a *compare) execute(r *run) result { return r.value(r.expand(a.ComparisonValue)) }

func (a *compare) check(*flow.Transitions) (field, wrong string) {
	if _, ok := a.ComparisonValue.Path(); !ok && a.ComparisonValue.Static() {
		return "Parameters.ComparisonValue", "want a reference such as $.Attributes.name"
	}
	return "", ""
}
