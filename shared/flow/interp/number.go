package interp

import (
	"maps"
	"slices"

	"huawu/shared/flow"
)

// Numbers of the branches that every action may take; those of errors and then
// of conditions follow in the order of the flow.
const (
	branchWaits = iota
	branchEnd
	branchNext
	branchNoCondition
	branchNoError
	branchFirst
)

// Number names a visit of the program by two small numbers, which mean the same
// as long as the program is the same version of a flow. ok is false for a visit
// of another program.
func (p *Program) Number(v Visit) (action, branch int, ok bool) {
	action, ok = slices.BinarySearch(p.order(), v.Action)
	if !ok {
		return 0, 0, false
	}
	then := &p.steps[v.Action].then
	switch v.Branch {
	case waits:
		return action, branchWaits, true
	case "":
		return action, branchEnd, true
	case next:
		return action, branchNext, true
	}
	for i, e := range then.Errors {
		if string(e.ErrorType) == v.Branch {
			return action, branchFirst + i, true
		}
	}
	for i, c := range then.Conditions {
		if conditionName(c.Condition) == v.Branch {
			return action, branchFirst + len(then.Errors) + i, true
		}
	}
	if v.Branch == string(flow.NoMatchingCondition) { // without a branch of its own
		return action, branchNoCondition, true
	}
	return action, branchNoError, true
}

// Numbered is the inverse of Number; an error without a branch of its own comes
// back as the branch that stands for it.
func (p *Program) Numbered(action, branch int) (v Visit, ok bool) {
	order := p.order()
	if action < 0 || action >= len(order) || branch < 0 {
		return Visit{}, false
	}
	v = Visit{Flow: p.ID, Action: order[action]}
	then := &p.steps[v.Action].then
	switch branch {
	case branchWaits:
		v.Branch = waits
		return v, true
	case branchEnd:
		return v, true
	case branchNext:
		v.Branch, v.To = next, then.NextAction
		return v, true
	case branchNoCondition:
		v.Branch, v.To = string(flow.NoMatchingCondition), then.After(flow.NoMatchingCondition)
		return v, true
	case branchNoError:
		v.Branch, v.To = string(flow.NoMatchingError), then.After(flow.NoMatchingError)
		return v, true
	}
	n := branch - branchFirst
	if n < len(then.Errors) {
		v.Branch, v.To = string(then.Errors[n].ErrorType), then.Errors[n].NextAction
		return v, true
	}
	if n -= len(then.Errors); n < len(then.Conditions) {
		v.Branch, v.To = conditionName(then.Conditions[n].Condition), then.Conditions[n].NextAction
		return v, true
	}
	return Visit{}, false
}

// order returns the identifiers of the program's actions in the order of their
// numbers.
func (p *Program) order() []string {
	if p.sorted == nil { // the built-in queue flow, which nobody compiles
		return slices.Sorted(maps.Keys(p.steps))
	}
	return p.sorted
}

// Waits reports whether the contact is at the action: it has begun and has not
// been left.
func (v Visit) Waits() bool { return v.Branch == waits }

// Program returns the program with an id among those that are loaded and the
// built-in one, nil if it is none of them.
func (e *Env) Program(id string) *Program {
	for _, p := range e.Flows {
		if p != nil && p.ID == id {
			return p
		}
	}
	if id == builtinQueue {
		return BuiltinQueue(e.QueueMusic)
	}
	return nil
}

// BuiltinQueue is the queue flow of contacts without one of their own.
func BuiltinQueue(music string) *Program { return queueProgram(music) }
