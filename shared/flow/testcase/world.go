package testcase

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/hours"
)

// World is what a test has around the call. All but Flows may be left out: a
// queue that is not known is there and is named by its id, hours are open, and
// functions and bots fail. A test overrides what it needs; what is made up is
// noted in the result.
type World struct {
	Flows     map[string]*interp.Program // by id
	Queues    map[string]interp.Queue    // by id
	Hours     map[string]hours.Hours     // by id
	Functions map[string]json.RawMessage // replies by ARN, or by the function's name
	Metrics   map[string]interp.MetricsAnswer
	Data      map[string]json.RawMessage // replies by action type, such as CreateTask
	// Understand is what a bot, by id or ARN of its alias, makes of a text: the
	// IntentResult of a SIP media application. nil understands nothing.
	Understand func(bot, text string) (json.RawMessage, bool)
	Start      time.Time // of the call; zero is a Monday morning in Shanghai
	Language   string    // BCP 47, of a contact that sets none
}

// refused is the answer that fails.
func refused(branch flow.ErrorType) interp.Event { return interp.Refused{Branch: branch} }

// answer carries out a question of the flow. What is about a resource that the
// language knows is observed first, and may be overridden then.
func (p *player) answer(a interp.Ask) interp.Event {
	switch a := a.(type) {
	case interp.InvokeFunction:
		return p.invoke(a)
	case interp.CheckHours:
		return p.checkHours(a)
	case interp.Enqueue:
		return p.enqueue(a)
	case interp.FindQueue:
		if a.AgentID != "" {
			return interp.QueueFound{}
		}
		return interp.QueueFound{Queue: p.queue(a.QueueID)}
	case interp.GetMetrics:
		m, ok := p.world.Metrics[a.QueueID]
		if !ok {
			p.note("nothing is known of queue %s: it is empty and one agent is free", firstText(a.QueueID, a.AgentID))
			m = interp.MetricsAnswer{QueueName: p.queue(a.QueueID).Name, Online: 1, Available: 1, Staffed: 1}
		}
		return m
	case interp.Data:
		reply, ok := p.world.Data[a.Type]
		if !ok {
			p.note("%s has no answer here: it fails", a.Type)
			return refused(flow.NoMatchingError)
		}
		space := "Customer"
		switch {
		case strings.Contains(a.Type, "Case"):
			space = "Case"
		case a.Type == "CreateTask":
			space = "Task"
		}
		return interp.DataReply{Namespace: space, Value: reply}
	}
	return interp.Done{}
}

// queue is a queue that is known, or one that is made up.
func (p *player) queue(id string) interp.Queue {
	id = flow.ResourceID(id)
	if q, ok := p.world.Queues[id]; ok {
		return q
	}
	return interp.Queue{ID: id, Name: id}
}

func (p *player) invoke(a interp.InvokeFunction) interp.Event {
	p.started(invokes, a.ARN, "")
	arn := a.ARN
	if o := p.override(invokes, arn); o != nil {
		p.pass(o.Delay)
		switch {
		case o.Substitute != "":
			arn = o.Substitute
		case o.Fails != "":
			return refused(o.Fails)
		case a.TimeLimit > 0 && o.Delay > a.TimeLimit:
			return refused(flow.TimeLimitExceeded)
		default:
			return interp.FunctionReply{Payload: json.RawMessage(o.Data), InvocationID: "invocation-1"}
		}
	}
	for known, reply := range p.world.Functions {
		if same(known, arn) {
			return interp.FunctionReply{Payload: reply, InvocationID: "invocation-1"}
		}
	}
	p.note("function %s is not mocked: it fails", functionName(arn))
	return refused(flow.NoMatchingError)
}

func (p *player) checkHours(a interp.CheckHours) interp.Event {
	id := firstText(a.HoursID, p.queue(a.QueueID).HoursID)
	p.started(checksHours, id, "")
	if o := p.override(checksHours, id); o != nil {
		switch {
		case o.Fails != "":
			return refused(o.Fails)
		case o.Value == "InHours":
			return interp.HoursAnswer{Hours: hours.Always()}
		case o.Value != "":
			return interp.HoursAnswer{Hours: hours.Hours{Name: "never", TimeZone: "UTC"}}
		}
		id = o.Substitute
	}
	h, ok := p.world.Hours[flow.ResourceID(id)]
	if !ok {
		p.note("hours %q are not known here: they are open", flow.ResourceID(id))
		h = hours.Always()
	}
	return interp.HoursAnswer{Hours: h}
}

func (p *player) enqueue(a interp.Enqueue) interp.Event {
	kind := queues
	if a.Move {
		kind = dequeues
	}
	p.started(kind, a.QueueID, a.AgentID)
	if o := p.override(kind, a.QueueID); o != nil {
		if o.Fails != "" {
			return refused(o.Fails)
		}
		p.state.Queue = p.queue(o.Substitute)
	}
	p.hear("waits in queue "+firstText(p.state.Queue.Name, a.QueueID, a.AgentID), p.at)
	return interp.Enqueued{}
}

// override takes the oldest override of a resource; each is used once.
func (p *player) override(kind, id string) *Override {
	i := slices.IndexFunc(p.overrides, func(o *Override) bool {
		return o.FlowType == kind && (o.Resource == "" || same(o.Resource, id))
	})
	if i < 0 {
		return nil
	}
	o := p.overrides[i]
	p.overrides = slices.Delete(p.overrides, i, i+1)
	return o
}

// same compares two references to a resource: ARNs, ids, names of functions.
func same(a, b string) bool {
	return a == b || functionName(a) == functionName(b)
}

// functionName is the name of a function in its ARN, without a version, and
// the id of any other resource.
func functionName(arn string) string {
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		name, _, _ = strings.Cut(name, ":")
		return name
	}
	return flow.ResourceID(arn)
}

// note says what was made up; once.
func (p *player) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.result.Notes, text) {
		p.result.Notes = append(p.result.Notes, text)
	}
}
