package ivr

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

// Causes of refusals; the flow takes its error branch.
var (
	errUnserved = fault.New(fault.Invalid, "ivr: not offered")
	errRelated  = fault.New(fault.NotFound, "ivr: the contact has no related contact")
	errPlace    = fault.New(fault.Invalid, "ivr: a contact that waits keeps its place")
)

// Limits of a called function. Source: spec, contracts/connect-contracts.json "lambda_response".
const (
	maxFunctionTime  = flow.MaxFunctionWait * time.Second
	maxFunctionReply = 32 << 10
	functionTries    = 4 // the first and up to three again, within the time limit
)

// answer carries out what a flow asks. Only what may help to try again is an
// error; all else is an answer that the flow has a branch for.
//
// These take the error branch, as there is nothing yet that could carry them
// out:
//   - FindQueue and Enqueue of an agent's own queue;
//   - InvokeFunction without waiting for the reply;
//   - SetContact: what a flow sets of its own contact is in its state, and no
//     contact here has a related one;
//   - GetMetrics of an agent, or of a channel that has no queues yet;
//   - CreateCallback of a certain agent, and Act;
//   - Data, but for the task of a message: see flow.TaskVoicemail.
//
// So does a call outside (TransferParticipantToThirdParty) by the flow of a
// contact that waits, see keepPlace; before the queue it is served.
func (s *Service) answer(ctx context.Context, c *call, m *memory, env *interp.Env, ask interp.Ask) (interp.Event, error) {
	switch a := ask.(type) {
	case interp.InvokeFunction:
		return s.invoke(ctx, c, m, env, a), nil
	case interp.FindQueue:
		return s.findQueue(ctx, c, a)
	case interp.Enqueue:
		return s.enqueue(ctx, c, m, a)
	case interp.CheckHours:
		return s.checkHours(ctx, c, a)
	case interp.GetMetrics:
		return s.metrics(ctx, c, m, a)
	case interp.FindBot:
		return s.findBot(ctx, c, m, a)
	case interp.Understand:
		return s.understand(ctx, c, m, a)
	case interp.SetContact:
		return s.refuse(ctx, c, m, errRelated), nil
	case interp.CreateCallback:
		return s.callBack(ctx, c, m, a)
	case interp.SetRouting:
		return s.reorder(ctx, c, m, a)
	case interp.Data:
		if a.Type == "CreateTask" {
			return s.task(ctx, c, m, env, a.Parameters)
		}
	}
	return s.refuse(ctx, c, m, errUnserved), nil
}

// refuse lets the flow take its error branch and says why.
func (s *Service) refuse(ctx context.Context, c *call, m *memory, why error) interp.Event {
	s.run.Log.WarnContext(ctx, "a flow asks for what cannot be done", "contact", string(c.id), "action", m.state.At, "error", why.Error())
	return interp.Refused{Cause: why}
}

func (s *Service) findQueue(ctx context.Context, c *call, a interp.FindQueue) (interp.Event, error) {
	if a.AgentID != "" {
		return interp.Refused{Cause: errUnserved}, nil
	}
	routing, err := s.router.Routing(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(a.QueueID)
	if err != nil {
		return interp.Refused{Cause: err}, nil
	}
	return interp.QueueFound{Queue: interp.Queue{ID: q.ID, ARN: contact.ARN("queue", c.tenant, q.ID), Name: q.Name, HoursID: q.Hours}}, nil
}

// invoke calls a function with the event of Amazon Connect. Whatever fails is
// the flow's error branch; throttling and a function that is not to be reached
// are tried again within the time limit.
func (s *Service) invoke(ctx context.Context, c *call, m *memory, env *interp.Env, a interp.InvokeFunction) interp.Event {
	if a.Async {
		return interp.Refused{Cause: errUnserved}
	}
	limit := a.TimeLimit
	if limit <= 0 || limit > maxFunctionTime {
		limit = maxFunctionTime
	}
	payload, err := json.Marshal(interp.NewLambdaEvent(m.state, *env, a))
	if err != nil {
		return interp.Refused{Cause: fault.Wrap(fault.Internal, err, "ivr: encode function event")}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	name := functionName(a.ARN)
	var reply []byte
	for range functionTries {
		reply, err = s.invoker.Invoke(ctx, name, payload)
		if err == nil || ctx.Err() != nil || !mayPass(err) {
			break
		}
	}
	switch {
	case err != nil:
	case len(reply) > maxFunctionReply:
		err = fault.New(fault.Invalid, "reply of %d bytes", len(reply))
	case !json.Valid(reply):
		err = fault.New(fault.Invalid, "reply is no JSON")
	default:
		return interp.FunctionReply{Payload: reply}
	}
	s.run.Log.WarnContext(ctx, "function failed", "contact", string(c.id), "function", name, "kind", string(fault.KindOf(err)), "error", err.Error())
	return interp.Refused{Cause: err}
}

// mayPass reports whether a function may answer when called again: throttled, or
// failed on the way to it or in it. One that ran out of time has had its time.
func mayPass(err error) bool {
	if cloud.IsFunctionError(err) {
		return true
	}
	kind := fault.KindOf(err)
	return kind == fault.Throttled || kind == fault.Unavailable
}

// functionName returns the name in a function's ARN, without version or alias;
// a plain name as it is.
func functionName(ref string) string {
	if _, rest, ok := strings.Cut(ref, ":function:"); ok {
		ref = rest
	}
	name, _, _ := strings.Cut(ref, ":")
	return name
}
