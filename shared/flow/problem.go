package flow

import (
	"fmt"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/near"
)

// Severity says how bad a problem is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // Amazon Connect would refuse the flow, or it cannot run here
	Warning Severity = "warning" // it can be published
)

// Problem is one thing that is wrong with a flow.
type Problem struct {
	Severity Severity `json:"severity"`
	Action   string   `json:"action,omitempty"` // identifier; "" for the flow itself
	Type     string   `json:"type,omitempty"`   // of the action
	Field    string   `json:"field"`            // path within the action or the flow
	Message  string   `json:"message"`
}

// String returns the problem as a line: "action menu (Compare), Parameters.ComparisonValue: missing".
func (p Problem) String() string {
	where := "flow"
	if p.Action != "" {
		where = fmt.Sprintf("action %.60s", p.Action)
		if p.Type != "" {
			where += fmt.Sprintf(" (%.60s)", p.Type)
		}
	}
	return where + ", " + p.Field + ": " + p.Message
}

// Invalid is the error of a flow with problems that are errors.
type Invalid struct{ Problems []Problem }

// Error lists the first ten problems.
func (e *Invalid) Error() string {
	const most = 10
	lines := make([]string, 0, most+1)
	for i, p := range e.Problems {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-most))
			break
		}
		lines = append(lines, p.String())
	}
	return "invalid flow: " + strings.Join(lines, "; ")
}

// Errors returns the problems that are errors as one error, whose cause is an
// *Invalid, or nil.
func Errors(problems []Problem) error {
	var bad []Problem
	for _, p := range problems {
		if p.Severity == Error {
			bad = append(bad, p)
		}
	}
	if bad == nil {
		return nil
	}
	return fault.Wrap(fault.Invalid, &Invalid{bad}, "flow")
}

// Nearest returns the name in list that name was most likely meant to be, or "".
func Nearest(name string, list []string) string {
	if len(name) > 80 {
		return ""
	}
	lower := strings.ToLower(name)
	best, distance := "", 1+min(4, len(name)/3)
	for _, other := range list {
		if len(other)-len(lower) >= distance || len(lower)-len(other) >= distance {
			continue
		}
		if d := near.Distance(lower, strings.ToLower(other)); d < distance {
			best, distance = other, d
		}
	}
	return best
}
