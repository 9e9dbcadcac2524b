package interp

import (
	"huawu/shared/flow"
)

// Program is a flow made ready to run. It never changes and may be shared.
type Program struct {
	ID   string
	Name string
	Type flow.Type

	start string
	steps map[string]*step
}

// step is one action of a program.
type step struct {
	id     string
	kind   string
	action action
	then   flow.Transitions
}

// action is the code of an action type, with the parameters of one action. It
// is shared by all contacts, so execute never changes it.
type action interface {
	// execute runs the action, or goes on with it when r.answer is set.
	execute(r *run) result
}

// Compile makes a valid flow ready to run under an id. The error is a
// *flow.Invalid that lists every fault; actions that have no code yet are
// faults too.
func Compile(id string, f *flow.Flow) (*Program, error) {
	problems := flow.Check(f)
	p := &Program{ID: id, Name: f.Name, Type: f.Type, start: f.StartAction, steps: make(map[string]*step, len(f.Actions))}
	for i := range f.Actions {
		a := &f.Actions[i]
		code, faults := newStep(a)
		problems = append(problems, faults...)
		if code != nil {
			p.steps[a.Identifier] = &step{id: a.Identifier, kind: a.Type, action: code, then: a.Transitions}
		}
	}
	if err := flow.Errors(problems); err != nil {
		return nil, err
	}
	return p, nil
}

// Actions returns how many actions the program has.
func (p *Program) Actions() int { return len(p.steps) }
