package interp

import (
	"maps"
	"slices"

	"huawu/shared/flow"
)

// Program is a flow made ready to run. It never changes and may be shared.
type Program struct {
	ID   string
	Name string
	Type flow.Type

	start string
	steps map[string]*step
	refs  []flow.Path

	sorted []string // identifiers of steps
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
	p.refs, p.sorted = flow.References(f), slices.Sorted(maps.Keys(p.steps))
	return p, nil
}

// References returns every reference that the program's actions use, once.
func (p *Program) References() []flow.Path { return p.refs }

// Branches returns every branch the program's actions have, as visits without
// Flow ID of a caller: what a test has to pass to have seen all of it. An action
// whose result its conditions and errors cover has no NextAction of its own.
func (p *Program) Branches() []Visit {
	var list []Visit
	for _, id := range slices.Sorted(maps.Keys(p.steps)) {
		s := p.steps[id]
		add := func(branch, to string) { list = append(list, Visit{p.ID, id, branch, to}) }
		facts, _ := flow.FactsOf(s.kind)
		for _, c := range s.then.Conditions {
			add(conditionName(c.Condition), c.NextAction)
		}
		for _, e := range s.then.Errors {
			add(string(e.ErrorType), e.NextAction)
		}
		last, ok := s.action.(interface{ last() bool })
		switch {
		case facts.Last || ok && last.last():
			add("", "")
		case s.kind == "TransferContactToQueue" || s.kind == "DequeueContactAndTransferToQueue" || s.kind == "TransferToFlow":
			add(next, "")
		case s.kind == "MessageParticipantIteratively": // it plays until an interrupt or the end
		case s.then.NextAction != "" && len(s.then.Conditions) == 0:
			add(next, s.then.NextAction)
		}
	}
	return list
}

// Start returns the identifier of the first action.
func (p *Program) Start() string { return p.start }

// Action returns the type and the transitions of an action; ok is false if
// there is none with the identifier.
func (p *Program) Action(id string) (kind string, then flow.Transitions, ok bool) {
	s := p.steps[id]
	if s == nil {
		return "", flow.Transitions{}, false
	}
	return s.kind, s.then, true
}

// Actions returns how many actions the program has.
func (p *Program) Actions() int { return len(p.steps) }
