package interp

import "huawu/shared/flow"

// endFlowExecution is EndFlowExecution: it ends the flow. In an inbound or a
// disconnect flow the contact ends; after the interrupt of a prompt loop the
// loop begins again from its first prompt; a queue flow without a loop leaves the
// contact waiting with music; a whisper or hold flow is over once it was heard.
// Source: Amazon Connect administrator guide, "End flow / Resume".
type endFlowExecution struct{}

func (a *endFlowExecution) execute(r *run) result {
	switch r.s.Type {
	case flow.CustomerQueue:
		return r.resumeQueue()
	case flow.CustomerWhisper, flow.OutboundWhisper, flow.AgentWhisper, flow.CustomerHold, flow.AgentHold:
		if r.s.Loop != nil {
			return r.resumeLoop()
		}
		if len(r.batch) > 0 {
			return result{kind: kindFlush}
		}
		return r.end(Returned)
	}
	return r.hangUp()
}

// resumeQueue goes back to the loop that was interrupted, or to music.
func (r *run) resumeQueue() result {
	if r.s.Loop != nil {
		return r.resumeLoop()
	}
	r.s.Stack = nil
	p := queueProgram(r.env.QueueMusic)
	r.visit(r.step, "", "")
	r.prog = p
	r.s.Flow, r.s.At, r.s.Phase, r.s.Joined = builtinQueue, p.start, Ready, nil
	return result{kind: kindJump}
}

// resumeLoop begins the interrupted loop again.
func (r *run) resumeLoop() result {
	p := r.program(r.s.Loop.Flow)
	if r.missing != "" {
		return result{}
	}
	if p == nil {
		return r.broken(ErrNoFlow)
	}
	r.visit(r.step, "", "")
	back := *r.s.Loop
	r.prog = p
	r.s.Flow, r.s.At, r.s.Phase, r.s.Joined, r.s.Loop, r.s.Stack = back.Flow, back.At, Ready, nil, nil, nil
	return result{kind: kindJump}
}
