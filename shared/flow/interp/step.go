package interp

import (
	"fmt"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/sma"
)

// Begin starts the flow of a state made by Start or Enter.
type Begin struct{}

// Call is an event of the call: its last action ended, digits came, a leg hung up.
type Call struct{ Event *sma.Event }

// Resume plays again what the flow was playing when something else took the
// leg: after an offer that failed, or a hold. A prompt loop goes on where it was.
type Resume struct{}

func (Begin) event()  {}
func (Call) event()   {}
func (Resume) event() {}

// Faults of flows that only show while they run.
var (
	// ErrSteps is the fault of a flow that runs in circles without a word to the caller.
	ErrSteps = fault.New(fault.Invalid, "flow: %d actions without any that plays or asks", flow.MaxLogicSteps)
	// ErrDeadEnd is the fault of an action that ends in an error or a result without a branch.
	ErrDeadEnd = fault.New(fault.Invalid, "flow: no branch leads on")
	// ErrNoFlow is the fault of a contact whose flow does not exist.
	ErrNoFlow = fault.New(fault.NotFound, "flow: not found")
	// ErrNests is the fault of modules that call modules too deep.
	ErrNests = fault.New(fault.Invalid, "flow: more than %d modules within each other", flow.MaxModuleNests)
)

// Step carries a flow on from what happened until something has to be played
// or asked. It is pure: the same arguments give the same result, and s is not
// changed. With Out.Ask a LoadFlow, the state returned is s and the step is to be
// repeated; see LoadFlow.
func Step(s State, e Event, env Env) (State, Out) {
	if s.Phase == Over && !failure(e) {
		return s, Out{Ended: s.Ended}
	}
	r := &run{env: &env, s: s}
	if r.prog = r.program(s.Flow); r.missing != "" {
		return s, Out{Ask: LoadFlow{ID: r.missing}}
	}
	if r.prog == nil {
		out := r.fallback(fmt.Errorf("%w: %.60s", ErrNoFlow, s.Flow))
		return r.s, out
	}
	out := r.on(e)
	if r.missing != "" {
		return s, Out{Ask: LoadFlow{ID: r.missing, Module: r.module}}
	}
	out.Visits = r.visits
	return r.s, out
}

// failure reports whether e says that an action failed: one of the last batch
// may have an error branch that goes on in place of the hang-up.
func failure(e Event) bool {
	call, ok := e.(Call)
	return ok && call.Event.InvocationEventType == sma.ActionFailed
}

// on begins, resumes, or hands the event to the action that waits for it.
func (r *run) on(e Event) Out {
	switch e := e.(type) {
	case Begin:
		r.s.Flow, r.s.At, r.s.Phase, r.s.Joined = r.prog.ID, r.prog.start, Ready, nil
		return r.advance()
	case Resume:
		r.resumed = true
		r.s.Phase, r.s.Joined = Ready, nil
		return r.advance()
	case Call:
		return r.onCall(e.Event)
	}
	if r.s.Phase != Asked { // a late or second answer
		return Out{}
	}
	r.answer, r.batch, r.s.Batch = e, r.s.Batch, nil
	return r.advance()
}

// onCall decides what an event of the call means for the batch that plays.
func (r *run) onCall(e *sma.Event) Out {
	switch e.InvocationEventType {
	case sma.Hangup:
		return r.onHangup(e)
	case sma.InvalidLambdaResponse:
		return r.fallback(fault.New(fault.Internal, "flow: the relay refused the answer: %.60s", string(e.ErrorType)))
	case sma.ActionSuccessful, sma.ActionFailed, sma.DigitsReceived:
	default: // NEW_*, RINGING, CALL_ANSWERED, ACTION_INTERRUPTED and updates are ivr's
		return Out{}
	}
	if e.ActionData == nil || r.s.Phase == Asked {
		return Out{}
	}
	failed := e.InvocationEventType == sma.ActionFailed
	mark := markOf(e.ActionData.Parameters)
	if r.s.Phase == Over && !failed {
		return Out{Ended: r.s.Ended}
	}
	if last := mark.matches(r.s.Last) && r.s.Phase != Over; last && r.s.Phase == Media {
		r.answer, r.s.Joined = Call{e}, nil
		return r.advance()
	} else if failed {
		return r.onJoinedFailure(mark, last)
	} else if last {
		r.s.Joined = nil // what is played from here on is another batch
		return r.advance()
	}
	return Out{} // a success in the middle of the batch: the rest goes on
}

// onJoinedFailure takes the error branch of an action of the batch. What logic
// after it has set stays set. Without a branch of its own the flow goes on as
// if the action had played.
func (r *run) onJoinedFailure(mark Mark, last bool) Out {
	for _, j := range r.s.Joined {
		if !mark.matches(j.Mark) {
			continue
		}
		from := r.prog.steps[j.At]
		if from == nil {
			break
		}
		r.s.Joined = nil // the new batch replaces the rest of this one
		r.s.At, r.s.Phase, r.s.Ended = from.then.After(flow.NoMatchingError), Ready, ""
		r.visit(from, string(flow.NoMatchingError), r.s.At)
		if r.s.At == "" {
			return r.fallback(ErrDeadEnd)
		}
		return r.advance()
	}
	if last {
		r.s.Joined = nil
		return r.advance()
	}
	return Out{Ended: r.s.Ended}
}

// onHangup ends the flow if its own leg is gone, and tells an action that
// waits for another party otherwise.
func (r *run) onHangup(e *sma.Event) Out {
	own := true
	if e.ActionData != nil && e.ActionData.Parameters != nil {
		id, tag := e.ActionData.Parameters.Leg()
		own = id == r.env.CallID && id != "" || (id == "" || r.env.CallID == "") && (tag == sma.LegA || tag == "")
	}
	if own {
		r.s.Phase, r.s.Ended = Over, CallerLeft
		return Out{Ended: CallerLeft}
	}
	if r.s.Phase != Media {
		return Out{}
	}
	r.answer = Call{e}
	return r.advance()
}

// advance executes actions from State.At on until the batch has to go out or
// something has to be asked.
func (r *run) advance() Out {
	for {
		at := r.prog.steps[r.s.At]
		if at == nil {
			return r.fallback(fmt.Errorf("%w: action %.50q", ErrDeadEnd, r.s.At))
		}
		if r.s.Idle++; r.s.Idle > flow.MaxLogicSteps {
			return r.fallback(ErrSteps)
		}
		r.step = at
		res := r.execute()
		r.answer, r.resumed = nil, false
		if r.missing != "" {
			return Out{}
		}
		if out, stop := r.take(res); stop {
			return out
		}
	}
}

// execute runs the action, or takes the outcome that a test wants of it.
func (r *run) execute() result {
	if o, ok := r.env.Override[r.step.id]; ok && r.answer == nil {
		if o.Error != "" {
			return r.failed(o.Error)
		}
		return r.value(r.expand(flow.ParseTemplate(o.Value)))
	}
	return r.step.action.execute(r)
}

// take follows a result; stop is true when the step is over.
func (r *run) take(res result) (out Out, stop bool) {
	switch res.kind {
	case kindAsk:
		r.s.Phase, r.s.Last, r.s.Batch = Asked, "", r.batch
		return Out{Ask: res.ask}, true
	case kindWait:
		r.visit(r.step, waits, "")
		return r.emit(Media), true
	case kindFlush:
		return r.emit(Ready), true
	case kindEnd:
		r.visit(r.step, "", "")
		out = r.emit(Over)
		r.s.Ended, out.Ended = res.end, res.end
		return out, true
	case kindBroken:
		return r.fallback(res.cause), true
	case kindJump:
		return Out{}, false
	}
	branch, to := r.branch(res)
	r.visit(r.step, branch, to)
	if to == "" {
		return r.fallback(fmt.Errorf("%w: action %.50q, %s", ErrDeadEnd, r.step.id, branch)), true
	}
	r.s.At, r.s.Phase = to, Ready
	if r.env.Apart && len(r.batch) > 0 {
		return r.emit(Ready), true
	}
	return Out{}, false
}

// branch returns the name of the branch a result takes and where it leads.
func (r *run) branch(res result) (branch, to string) {
	then := &r.step.then
	switch res.kind {
	case kindFailed:
		return string(res.err), then.After(res.err)
	case kindValue:
		for i := range then.Conditions {
			if c := &then.Conditions[i]; c.Condition.Holds(res.value, r.text) {
				return conditionName(c.Condition), c.NextAction
			}
		}
		return string(flow.NoMatchingCondition), then.After(flow.NoMatchingCondition)
	}
	return next, then.NextAction
}

// next is the branch of Transitions.NextAction in visits.
const next = "NextAction"

// waits is the branch of an action that waits for the relay, in visits.
const waits = "waits"

func conditionName(c flow.Condition) string {
	name := string(c.Operator)
	if c.Operator == flow.Equals {
		name = "="
	}
	for i, o := range c.Operands {
		if i > 0 {
			name += "|"
		}
		name += o.String()
	}
	return name
}
