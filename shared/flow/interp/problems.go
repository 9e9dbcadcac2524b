package interp

import "huawu/shared/flow"

// Problems returns everything that is wrong with a flow, warnings included:
// what flow.Check finds, and what the code of each action says about its
// parameters. Compile refuses the flow if any of it is an error.
func Problems(f *flow.Flow) []flow.Problem {
	problems := flow.Check(f)
	for i := range f.Actions {
		_, faults := newStep(&f.Actions[i])
		problems = append(problems, faults...)
	}
	return problems
}
