package interp

import (
	"maps"
	"slices"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// run is one step in the making.
type run struct {
	env     *Env
	s       State // the new state
	prog    *Program
	step    *step // the action that executes
	answer  Event // what the action waited for; nil when it begins
	resumed bool  // the action begins again after something else took the leg

	batch   []sma.Action
	owned   map[*map[string]string]bool // maps of s that are copies already
	visits  []Visit
	missing string // program to be loaded before the step can be made
	module  bool   // it is a module

	external any // State.External, decoded
	decoded  bool
}

// result is what an action came to.
type result struct {
	kind  resultKind
	value string
	err   flow.ErrorType
	ask   Ask
	end   End
	cause error
}

type resultKind uint8

const (
	kindNext   resultKind = iota // take NextAction
	kindValue                    // hold value against the conditions
	kindFailed                   // take the branch of err
	kindAsk                      // ask, then execute with the answer
	kindWait                     // send the batch, execute again when its last action ended
	kindFlush                    // send the batch, execute from the start when it has played
	kindJump                     // r.s.Flow and r.s.At say where it goes on
	kindEnd                      // send the batch, the flow is over
	kindBroken                   // the flow cannot go on: fallback
)

func (r *run) next() result                   { return result{} }
func (r *run) value(v string) result          { return result{kind: kindValue, value: v} }
func (r *run) failed(e flow.ErrorType) result { return result{kind: kindFailed, err: e} }
func (r *run) wait() result                   { return result{kind: kindWait} }
func (r *run) end(e End) result               { return result{kind: kindEnd, end: e} }
func (r *run) broken(err error) result        { return result{kind: kindBroken, cause: err} }

// ask asks something that is only looked up; the batch waits for the answer.
func (r *run) ask(a Ask) result { return result{kind: kindAsk, ask: a} }

// effect asks for something that changes the outside. What the flow said
// before has to be heard first: a caller who hangs up meanwhile never caused it.
func (r *run) effect(a Ask) result {
	if len(r.batch) > 0 {
		return result{kind: kindFlush}
	}
	return result{kind: kindAsk, ask: a}
}

// refused returns the error branch if the answer is a Refused.
func (r *run) refused() (flow.ErrorType, bool) {
	no, ok := r.answer.(Refused)
	if !ok {
		return "", false
	}
	if no.Branch == "" {
		return flow.NoMatchingError, true
	}
	return no.Branch, true
}

// program returns a program, nil if there is none. If it is not known yet it
// sets missing, and the step is to be given up.
func (r *run) program(id string) *Program {
	if p, ok := r.env.Flows[id]; ok {
		return p
	}
	if id == builtinQueue {
		return queueProgram(r.env.QueueMusic)
	}
	r.missing = id
	return nil
}

// jump goes on at the start of another flow. From here on the state names the
// program by its own id: one of a certain version stays the contact's, whatever
// is published meanwhile.
func (r *run) jump(p *Program) result {
	r.visit(r.step, next, "")
	r.prog = p
	r.s.Flow, r.s.At, r.s.Phase, r.s.Joined = p.ID, p.start, Ready, nil
	return result{kind: kindJump}
}

// play puts an action into the batch and goes on as if it had played. If the
// batch is full it is sent first.
func (r *run) play(list ...sma.Parameters) result {
	if len(r.batch)+len(list) >= sma.MaxActions && len(r.batch) > 0 { // one place is kept for a Hangup
		return result{kind: kindFlush}
	}
	own := r.step.then.After(flow.NoMatchingError)
	for _, a := range sma.Do(list...) {
		r.batch = append(r.batch[:len(r.batch):len(r.batch)], a)
		if own != "" && own != r.step.then.NextAction {
			r.s.Joined = append(r.s.Joined[:len(r.s.Joined):len(r.s.Joined)], Joined{At: r.step.id, Mark: markOf(a.Parameters)})
		}
	}
	r.s.Idle = 0
	return r.next()
}

// do puts actions into the batch that the action itself waits for.
func (r *run) do(list ...sma.Parameters) result {
	if len(r.batch)+len(list) > sma.MaxActions {
		return result{kind: kindFlush}
	}
	r.batch = append(r.batch[:len(r.batch):len(r.batch)], sma.Do(list...)...)
	r.s.Idle = 0
	return r.wait()
}

// emit sends the batch and leaves the flow in a phase.
func (r *run) emit(p Phase) Out {
	r.s.Phase = p
	if n := len(r.batch); n > 0 {
		r.s.Last = markOf(r.batch[n-1].Parameters)
		if len(r.s.Joined) > 0 && p != Ready { // the last one is waited for
			r.s.Joined = slices.DeleteFunc(slices.Clone(r.s.Joined), func(j Joined) bool { return j.Mark == r.s.Last })
		}
	}
	return Out{Actions: r.batch}
}

// leg is the leg the flow talks to.
func (r *run) leg() sma.Target {
	if r.env.CallID == "" {
		return sma.OnTag(sma.LegA)
	}
	return sma.On(r.env.CallID)
}

func (r *run) can(c sma.Capability) bool {
	for _, have := range r.env.Can {
		if have == c {
			return true
		}
	}
	return false
}

// own makes a map of the state a copy before its first change in this step.
func (r *run) own(m *map[string]string) map[string]string {
	if !r.owned[m] {
		if *m = maps.Clone(*m); *m == nil {
			*m = map[string]string{}
		}
		if r.owned == nil {
			r.owned = map[*map[string]string]bool{}
		}
		r.owned[m] = true
	}
	return *m
}

func (r *run) visit(at *step, branch, to string) {
	if r.env.Trace && at != nil {
		r.visits = append(r.visits, Visit{Flow: r.prog.ID, Action: at.id, Branch: branch, To: to})
	}
}
