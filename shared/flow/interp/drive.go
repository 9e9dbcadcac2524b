package interp

import (
	"maps"

	"huawu/shared/fault"
)

// maxAsks bounds the questions of one event: 1,000 logic actions each ask at
// most once, and a program is loaded once.
const maxAsks = 2000

// Outside carries out what a flow asks for. It returns the answer that the
// Ask's type names; an error becomes a Refused with NoMatchingError.
type Outside interface {
	// Answer carries out any Ask but LoadFlow.
	Answer(s State, a Ask) (Event, error)
	// Load returns a program, or nil if there is none.
	Load(a LoadFlow) (*Program, error)
}

// Drive steps until there are actions, or the flow ends: it hands each question
// to outside and goes on with the answer. An error of Load ends the drive, as
// the event can be tried again; one of Answer is the flow's error branch.
func Drive(s State, e Event, env Env, outside Outside) (State, Out, error) {
	env.Flows = maps.Clone(env.Flows)
	if env.Flows == nil {
		env.Flows = map[string]*Program{}
	}
	var visits []Visit
	for range maxAsks {
		next, out := Step(s, e, env)
		visits = append(visits, out.Visits...)
		if out.Ask == nil {
			out.Visits = visits
			return next, out, nil
		}
		if load, ok := out.Ask.(LoadFlow); ok {
			visits = visits[:len(visits)-len(out.Visits)] // the step is made again
			p, err := outside.Load(load)
			if err != nil {
				return s, Out{}, fault.Wrap(fault.KindOf(err), err, "load flow")
			}
			env.Flows[load.ID] = p
			continue
		}
		answer, err := outside.Answer(next, out.Ask)
		if err != nil {
			answer = Refused{Cause: err}
		}
		s, e = next, answer
	}
	return s, Out{}, fault.New(fault.Internal, "flow: more than %d questions for one event", maxAsks)
}
