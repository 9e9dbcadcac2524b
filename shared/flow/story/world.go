package story

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/hours"
)

// world is what a story has around the call.
type world struct {
	queues    map[string]interp.Queue
	full      map[string]bool
	functions map[string]reply
	hours     map[string]hours.Hours
	metrics   map[string]interp.MetricsAnswer
	data      map[string]reply // by action type
}

// reply is what a function or a domain answers.
type reply struct {
	payload string
	fails   flow.ErrorType // "" is a success
}

func newWorld() world {
	return world{queues: map[string]interp.Queue{}, full: map[string]bool{}, functions: map[string]reply{},
		hours: map[string]hours.Hours{}, metrics: map[string]interp.MetricsAnswer{}, data: map[string]reply{}}
}

var errRefused = fault.New(fault.NotFound, "story: not there")

// Answer carries out a question with what the story has set up, and notes it.
func (p *player) Answer(s interp.State, a interp.Ask) (interp.Event, error) {
	p.state = s
	switch a := a.(type) {
	case interp.FindQueue:
		q, ok := p.world.queues[a.QueueID]
		if a.AgentID != "" {
			p.note("found agent %s", a.AgentID)
			return interp.QueueFound{}, nil
		}
		if !ok {
			return nil, errRefused
		}
		p.note("found queue %s", a.QueueID)
		return interp.QueueFound{Queue: q}, nil
	case interp.FindBot, interp.Understand:
		return p.doc.Bots.Answer(a)
	case interp.Enqueue:
		return p.enqueue(a)
	case interp.InvokeFunction:
		return p.invoke(a)
	case interp.CheckHours:
		id := a.HoursID
		if id == "" {
			id = p.world.queues[a.QueueID].HoursID
		}
		h, ok := p.world.hours[id]
		if !ok {
			return nil, errRefused
		}
		return interp.HoursAnswer{Hours: h}, nil
	case interp.GetMetrics:
		m, ok := p.world.metrics[a.QueueID]
		if !ok {
			return nil, errRefused
		}
		if !a.Place {
			m.Contact = nil
		}
		return m, nil
	case interp.SetRouting:
		p.note("routing priority=%d shift=%d criteria=%s", a.Priority, a.TimeShift, a.Criteria)
		return interp.Done{}, nil
	case interp.SetContact:
		p.note("related %s name=%s language=%s", pairsText(a.Attributes), a.Name, a.Language)
		return interp.Done{}, nil
	case interp.CreateCallback:
		p.note("callback %s queue=%s delay=%s attempts=%d", a.Number, a.QueueID, a.Delay, a.MaxAttempts)
		return interp.Done{}, nil
	case interp.Act:
		if r, ok := p.world.data[a.Type]; ok && r.fails != "" {
			return interp.Refused{Branch: r.fails}, nil
		}
		p.note("acted %s %s", a.Type, a.Parameters)
		return interp.Done{}, nil
	case interp.Data:
		return p.ask(a)
	}
	return nil, fault.New(fault.Internal, "story: no answer to %T", a)
}

func (p *player) enqueue(a interp.Enqueue) (interp.Event, error) {
	if p.world.full[a.QueueID] {
		return interp.Refused{Branch: flow.QueueAtCapacity}, nil
	}
	where := a.QueueID
	if a.AgentID != "" {
		where = "agent:" + a.AgentID
	}
	p.note("queued %s priority=%d shift=%d move=%t criteria=%s", where, a.Priority, a.TimeShift, a.Move, a.Criteria)
	return interp.Enqueued{}, nil
}

func (p *player) invoke(a interp.InvokeFunction) (interp.Event, error) {
	name := functionName(a.ARN)
	p.note("invoked %s %s", name, pairsText(a.Parameters))
	event := interp.NewLambdaEvent(p.state, p.env, a)
	if _, err := json.Marshal(event); err != nil {
		return nil, err
	}
	r, ok := p.world.functions[name]
	if !ok || r.fails != "" {
		return nil, errRefused
	}
	return interp.FunctionReply{Payload: json.RawMessage(r.payload), InvocationID: "invocation-1"}, nil
}

func (p *player) ask(a interp.Data) (interp.Event, error) {
	p.note("data %s %s", a.Type, a.Parameters)
	r, ok := p.world.data[a.Type]
	if !ok {
		return nil, errRefused
	}
	if r.fails != "" {
		return interp.Refused{Branch: r.fails}, nil
	}
	space := "Customer"
	switch {
	case strings.Contains(a.Type, "Case"):
		space = "Case"
	case a.Type == "CreateTask":
		space = "Task"
	}
	return interp.DataReply{Namespace: space, Value: json.RawMessage(r.payload)}, nil
}

func (p *player) note(format string, args ...any) {
	p.replies = append(p.replies, fmt.Sprintf(format, args...))
}

// functionName is the name in an ARN: arn:aws:lambda:r:1:function:name.
func functionName(arn string) string {
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		return name
	}
	return arn
}

func pairsText(m map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+"="+m[name])
	}
	return strings.Join(list, " ")
}

// openHours are hours that are open at all times or never.
func openHours(open bool) hours.Hours {
	if open {
		return hours.Always()
	}
	return hours.Hours{Name: "never", TimeZone: "UTC"}
}

// seconds reads "30s" or "30".
func seconds(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	return time.ParseDuration(text + "s")
}
