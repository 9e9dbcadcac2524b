package testcase

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huawu/shared/flow/interp"
)

// Status is what became of an observation or an action.
type Status string

// The statuses.
const (
	Passed     Status = "passed"
	Failed     Status = "failed"
	NotReached Status = "not_reached" // what leads to it did not come true, or never came
)

// Result is what became of a test case.
type Result struct {
	Name         string              `json:"name"`
	Flow         string              `json:"flow"`
	Passed       bool                `json:"passed"`
	Failure      string              `json:"failure,omitempty"` // of the test as a whole: the flow cannot be run
	Observations []ObservationResult `json:"observations"`
	Heard        []Heard             `json:"heard"`
	Notes        []string            `json:"notes,omitempty"` // what the test left open and was made up
	End          string              `json:"end"`
	Seconds      float64             `json:"seconds"` // on the call's own clock
	Visits       []interp.Visit      `json:"-"`
	Invocations  int                 `json:"-"`
}

// ObservationResult is what became of an observation.
type ObservationResult struct {
	ID      string         `json:"id"`
	Status  Status         `json:"status"`
	Times   int            `json:"times"` // it was matched
	Failure string         `json:"failure,omitempty"`
	Actions []ActionResult `json:"actions,omitempty"`
}

// ActionResult is what became of an action of a test, each time it ran.
type ActionResult struct {
	ID      string            `json:"id"`
	Type    ActionType        `json:"type"`
	Status  Status            `json:"status"`
	Failure string            `json:"failure,omitempty"`
	Logged  map[string]string `json:"logged,omitempty"`
}

// Heard is something the caller noticed.
type Heard struct {
	Seconds float64 `json:"seconds"` // since the call began
	Flow    string  `json:"flow"`
	Action  string  `json:"action"`
	What    string  `json:"what"`
}

// String says what it was, where and when.
func (h Heard) String() string {
	return fmt.Sprintf("%s at %s/%s after %s", h.What, h.Flow, h.Action, clock(h.Seconds))
}

func clock(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// Failures are the reasons why a test did not come true, a line each, with what
// was made up: that is often why.
func (r *Result) Failures() []string {
	list := r.reasons()
	if len(list) > 0 {
		for _, n := range r.Notes {
			list = append(list, "note: "+n)
		}
	}
	return list
}

func (r *Result) reasons() []string {
	var list []string
	if r.Failure != "" {
		list = append(list, r.Failure)
	}
	for _, o := range r.Observations {
		if o.Failure != "" {
			list = append(list, fmt.Sprintf("observation %q: %s", o.ID, o.Failure))
		}
		for _, a := range o.Actions {
			if a.Failure != "" {
				list = append(list, fmt.Sprintf("observation %q, action %q: %s", o.ID, a.ID, a.Failure))
			}
		}
	}
	return list
}

// String is the whole result for people.
func (r *Result) String() string {
	var b strings.Builder
	verdict := "failed"
	if r.Passed {
		verdict = "passed"
	}
	fmt.Fprintf(&b, "%s: %s with flow %s, %s after %s\n", verdict, r.Name, r.Flow, r.End, clock(r.Seconds))
	for _, o := range r.Observations {
		fmt.Fprintf(&b, "  %s %s (%d×)\n", strings.ReplaceAll(string(o.Status), "_", " "), o.ID, o.Times)
		for _, a := range o.Actions {
			fmt.Fprintf(&b, "    %s %s %s\n", strings.ReplaceAll(string(a.Status), "_", " "), a.Type, a.ID)
			for _, label := range slices.Sorted(maps.Keys(a.Logged)) {
				fmt.Fprintf(&b, "      %s = %q\n", label, a.Logged[label])
			}
		}
	}
	for _, f := range r.reasons() {
		fmt.Fprintf(&b, "  because: %s\n", f)
	}
	for _, h := range r.Heard {
		fmt.Fprintf(&b, "  heard: %s\n", h)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	return b.String()
}
