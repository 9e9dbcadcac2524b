package sma

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"huawu/shared/fault"
	"huawu/shared/near"
)

// Fault is one breach of the contract in a response.
type Fault struct {
	Action  int        // index in Response.Actions; -1 for the response itself
	Type    ActionType // of the action
	Field   string     // path below Parameters, or the member of the response
	Code    ErrorType
	Problem string // never holds a number, a digit or a text from the response
}

// Error returns the fault as a line: "action 2 (Speak): Parameters.Text: missing".
func (f Fault) Error() string {
	if f.Action < 0 {
		return fmt.Sprintf("response: %s: %s", f.Field, f.Problem)
	}
	where := "Type"
	if f.Field != "" {
		where = "Parameters." + f.Field
	}
	return fmt.Sprintf("action %d (%.40s): %s: %s", f.Action, f.Type, where, f.Problem)
}

// Check returns the faults of a response. With any fault at index -1 the whole
// response is unusable (INVALID_LAMBDA_RESPONSE); others make only their action
// fail (ACTION_FAILED) when its turn comes.
func (r Response) Check(can ...Capability) []Fault {
	var faults []Fault
	whole := func(field string, code ErrorType, problem string, args ...any) {
		faults = append(faults, Fault{-1, "", field, code, fmt.Sprintf(problem, args...)})
	}
	if v := r.SchemaVersion; v != "" && v != SchemaVersion && v != "1" {
		whole("SchemaVersion", InvalidActionParameter, "is %.10q, want %q", v, SchemaVersion)
	}
	if n := len(r.Actions); n > MaxActions {
		whole("Actions", InvalidActionParameter, "has %d actions, at most %d are allowed", n, MaxActions)
	}
	if n := len(r.TransactionAttributes); n > MaxAttributes {
		whole("TransactionAttributes", TransactionAttributesInvalidMapSize, "has %d pairs, at most %d are allowed", n, MaxAttributes)
	} else if n > 0 {
		raw, err := json.Marshal(r.TransactionAttributes)
		if err != nil || len(raw) > MaxAttributeBytes {
			whole("TransactionAttributes", TransactionAttributesInvalidMapSize, "has %d bytes, at most %d are allowed", len(raw), MaxAttributeBytes)
		}
	}
	for i, a := range r.Actions {
		faults = append(faults, a.Check(i, can...)...)
	}
	return faults
}

// Err returns the faults of a response as one error, nil if there are none.
func (r Response) Err(can ...Capability) error {
	faults := r.Check(can...)
	if len(faults) == 0 {
		return nil
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = f.Error()
	}
	return fault.New(fault.Invalid, "%s", strings.Join(lines, "; "))
}

// Check returns the faults of one action; index is its place in the response,
// can what the relay offers beyond the core contract.
func (a Action) Check(index int, can ...Capability) []Fault {
	c := checker{index: index, kind: a.Type, can: can}
	if capability, ok := a.Type.Extension(); ok && !c.offers(capability) {
		c.add("", InvalidActionParameter, "extension %s was not offered on this route", capability)
		return c.faults
	}
	switch p := a.Parameters.(type) {
	case nil:
		c.add("", MissingRequiredActionParameter, "missing")
	case *Unknown:
		c.unknown(p)
	default:
		if c.play(p) || c.control(p) || c.record(p) || c.meeting(p) {
			break
		}
		c.extension(p)
	}
	return c.faults
}

// checker collects the faults of one action.
type checker struct {
	index  int
	kind   ActionType
	can    []Capability
	faults []Fault
}

func (c *checker) offers(want Capability) bool {
	for _, have := range c.can {
		if have == want {
			return true
		}
	}
	return false
}

func (c *checker) add(field string, code ErrorType, problem string, args ...any) {
	c.faults = append(c.faults, Fault{c.index, c.kind, field, code, fmt.Sprintf(problem, args...)})
}

func (c *checker) need(field, value string) {
	if value == "" {
		c.add(field, MissingRequiredActionParameter, "missing")
	}
}

// leg demands a CallId; the actions that call it take no tag in the core
// contract, but a relay that is offered one can use it as well.
func (c *checker) leg(t Target) {
	if t.CallID == "" && t.ParticipantTag == "" {
		c.add("CallId", MissingRequiredActionParameter, "missing")
	}
}

func (c *checker) within(field string, v Int, low, high int) {
	if int(v) < low || int(v) > high {
		c.add(field, InvalidActionParameter, "is %d, want %d to %d", v, low, high)
	}
}

func (c *checker) oneOf(field, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	c.add(field, InvalidActionParameter, "is %.40q, want one of %s", value, strings.Join(allowed, ", "))
}

func (c *checker) keys(field string, d Digits) {
	for _, key := range d {
		if len(key) != 1 || !strings.Contains("0123456789#*", key) {
			c.add(field, InvalidActionParameter, "want single keys of 0-9 # *")
			return
		}
	}
}

func (c *checker) unknown(u *Unknown) {
	if u.Fault != "" {
		c.add("", InvalidActionParameter, "%s", u.Fault)
		return
	}
	if near := Nearest(string(u.Type)); near != "" {
		c.add("", InvalidActionParameter, "no such action; did you mean %s?", near)
		return
	}
	c.add("", InvalidActionParameter, "no such action")
}

// Nearest returns the action type whose name is most like name, or "".
func Nearest(name string) ActionType {
	lower := strings.ToLower(strings.TrimPrefix(name, "Huawu."))
	if lower == "" || len(lower) > 60 {
		return ""
	}
	best, distance := ActionType(""), 1+min(3, utf8.RuneCountInString(lower)/3)
	for _, t := range ActionTypes() {
		if d := near.Distance(lower, strings.ToLower(strings.TrimPrefix(string(t), "Huawu."))); d < distance {
			best, distance = t, d
		}
	}
	return best
}
