package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// Path is one way through a flow that visits no action twice.
type Path struct {
	Branches    []interp.Visit // in order
	Invocations int            // function calls it took
	Actions     int            // call control actions it took: the function calls without batching
	StateBytes  int            // the largest state on the way
	Result      Result
	Err         error // the flow did not take the way
}

// Explore runs a program along ways that visit no action twice: first one way
// to every branch, then all others, up to limit ways. A caller, functions and
// domains are made up so that each action ends as the way wants; so are flows
// and modules that it leads to.
func Explore(p *interp.Program, limit int) []Path {
	next := map[string][]interp.Visit{}
	for _, b := range p.Branches() {
		next[b.Action] = append(next[b.Action], b)
	}
	var paths []Path
	for _, way := range ways(p.Start(), next) {
		if len(paths) < limit {
			paths = append(paths, travel(p, way))
		}
	}
	var walk func(at string, way []interp.Visit, seen map[string]bool)
	walk = func(at string, way []interp.Visit, seen map[string]bool) {
		if len(paths) >= limit {
			return
		}
		if len(next[at]) == 0 || seen[at] {
			paths = append(paths, travel(p, way))
			return
		}
		seen[at] = true
		for _, b := range next[at] {
			walk(b.To, append(way[:len(way):len(way)], b), seen)
		}
		delete(seen, at)
	}
	walk(p.Start(), nil, map[string]bool{})
	return paths
}

// ways returns a shortest way to and through every branch that can be reached.
func ways(start string, next map[string][]interp.Visit) [][]interp.Visit {
	to := map[string][]interp.Visit{start: nil}
	var list [][]interp.Visit
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, b := range next[at] {
			way := append(to[at][:len(to[at]):len(to[at])], b)
			list = append(list, way)
			if _, known := to[b.To]; !known && b.To != "" {
				to[b.To] = way
				queue = append(queue, b.To)
			}
		}
	}
	return list
}

// traveller makes a flow take one way.
type traveller struct {
	program *interp.Program
	want    map[string]string // branch by action
	reply   json.RawMessage   // of functions
	path    Path
}

// travel runs a program along a way.
func travel(p *interp.Program, way []interp.Visit) Path {
	t := &traveller{program: p, want: map[string]string{}, path: Path{Branches: way}}
	env := interp.Env{Now: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), CallID: legA, Can: sma.Capabilities(), Trace: true, RecordingLocation: "recordings",
		Flows: map[string]*interp.Program{p.ID: p}, Override: map[string]interp.Override{}, PromptBucket: "prompts",
		Contact: interp.Contact{ID: "c-1", Customer: interp.Endpoint{Address: "+8613800135678"}, System: interp.Endpoint{Address: "95000"}, Region: "cn-north-1"}}
	for _, v := range way {
		t.want[v.Action] = v.Branch
		t.override(v, env.Override)
	}
	s := interp.Start("c-1", p.ID, nil)
	s.Type, s.Queue = p.Type, interp.Queue{ID: "q", Name: "q"}
	s.Queued = p.Type == flow.CustomerQueue
	t.fill(&s)
	t.drive(s, env)
	t.path.Err = t.took()
	return t.path
}

// fill gives every reference of the program a value.
func (t *traveller) fill(s *interp.State) {
	s.Attributes, s.FlowAttributes = map[string]string{}, map[string]string{}
	external := map[string]string{}
	for _, p := range t.program.References() {
		if len(p) < 2 {
			continue
		}
		switch p[0] {
		case "Attributes":
			s.Attributes[p[1]] = p[1]
		case "FlowAttributes":
			s.FlowAttributes[p[1]] = p[1]
		case "External":
			external[p[1]] = p[1]
		}
	}
	raw, err := json.Marshal(external)
	if err == nil {
		s.External, t.reply = raw, raw
	}
}

// override settles actions that decide by themselves.
func (t *traveller) override(v interp.Visit, into map[string]interp.Override) {
	kind, then, _ := t.program.Action(v.Action)
	switch kind {
	case "TransferParticipantToThirdParty":
		if v.Branch == string(flow.NoMatchingError) { // no number
			into[v.Action] = interp.Override{Error: flow.NoMatchingError}
		}
		return
	case "GetParticipantInput", "ConnectParticipantWithLexBot", "MessageParticipantIteratively", "Wait",
		"InvokeLambdaFunction", "TransferContactToQueue", "DequeueContactAndTransferToQueue":
		return // settled by what happens
	}
	for i, c := range then.Conditions {
		if name := branchName(c.Condition); name == v.Branch {
			into[v.Action] = interp.Override{Value: valueFor(then.Conditions, i)}
			return
		}
	}
	switch {
	case v.Branch == string(flow.NoMatchingCondition):
		into[v.Action] = interp.Override{Value: valueFor(then.Conditions, -1)}
	case v.Branch != "NextAction" && v.Branch != "":
		into[v.Action] = interp.Override{Error: flow.ErrorType(v.Branch)}
	}
}

// branchName is the name of a condition's branch in visits.
func branchName(c flow.Condition) string {
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

// valueFor returns a value that the i-th condition is the first to take, or
// that none takes for -1.
func valueFor(conditions []flow.ConditionBranch, i int) string {
	empty := func(flow.Path) string { return "" }
	if i >= 0 && !conditions[i].Condition.Operands[0].Static() {
		return conditions[i].Condition.Operands[0].String() // whatever it is then
	}
	candidates := []string{"", "no such value", "-1000000", "1000000"}
	for _, c := range conditions {
		for _, o := range c.Condition.Operands {
			text := o.Expand(empty)
			candidates = append(candidates, text, text+"x", "x"+text)
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				candidates = append(candidates, fmt.Sprint(n+1), fmt.Sprint(n-1), fmt.Sprint(n+0.5))
			}
		}
	}
	for _, value := range candidates {
		first := slices.IndexFunc(conditions, func(c flow.ConditionBranch) bool { return c.Condition.Holds(value, empty) })
		if first == i {
			return value
		}
	}
	return candidates[0]
}

// drive plays relay until the way has ended.
func (t *traveller) drive(s interp.State, env interp.Env) {
	var e interp.Event = interp.Begin{}
	for range 500 {
		var out interp.Out
		var err error
		s, out, err = interp.Drive(s, e, env, t)
		t.path.Invocations++
		t.path.Actions += len(out.Actions)
		t.path.Result.Visits = append(t.path.Result.Visits, out.Visits...)
		if raw, bad := json.Marshal(s); bad == nil {
			t.path.StateBytes = max(t.path.StateBytes, len(raw))
		}
		if err != nil || out.Ended != "" || s.Flow != t.program.ID && s.Queued || t.took() == nil {
			return
		}
		if len(out.Actions) == 0 {
			if e = t.otherParty(s); e == nil {
				return
			}
			continue
		}
		last := out.Actions[len(out.Actions)-1]
		if e = t.happen(s, last); e == nil {
			return
		}
	}
}

// took compares what was passed with the way.
func (t *traveller) took() error {
	passed := map[interp.Visit]bool{}
	for _, v := range t.path.Result.Visits {
		v.To = ""
		passed[v] = true
	}
	for _, v := range t.path.Branches {
		v.To = ""
		if !passed[v] {
			return fmt.Errorf("action %s did not take %s", v.Action, v.Branch)
		}
	}
	return nil
}

// Load makes up the flows that the way leads to: a module that returns, a flow
// that hangs up.
func (t *traveller) Load(a interp.LoadFlow) (*interp.Program, error) {
	last := "DisconnectParticipant"
	if a.Module {
		last = "EndFlowModuleExecution"
	}
	return interp.Compile(a.ID, &flow.Flow{Version: flow.Version, StartAction: "end", Actions: []flow.Action{{Identifier: "end", Type: last}}})
}

// Answer makes up what the outside answers.
func (t *traveller) Answer(s interp.State, a interp.Ask) (interp.Event, error) {
	branch := t.want[s.At]
	if s.Flow == t.program.ID && branch != "" && branch != "NextAction" && !isCondition(t.program, s.At, branch) {
		return interp.Refused{Branch: flow.ErrorType(branch)}, nil
	}
	switch a := a.(type) {
	case interp.FindQueue:
		return interp.QueueFound{Queue: interp.Queue{ID: orNamed(a.QueueID), Name: "q"}}, nil
	case interp.Enqueue:
		return interp.Enqueued{}, nil
	case interp.InvokeFunction:
		return interp.FunctionReply{Payload: t.reply, InvocationID: "i"}, nil
	case interp.GetMetrics:
		return interp.MetricsAnswer{}, nil
	case interp.CheckHours:
		return interp.HoursAnswer{}, nil
	case interp.Data:
		return interp.DataReply{Value: json.RawMessage(`{}`)}, nil
	}
	return interp.Done{}, nil
}

func orNamed(id string) string {
	if id == "" {
		return "q"
	}
	return id
}

func isCondition(p *interp.Program, id, branch string) bool {
	_, then, _ := p.Action(id)
	return slices.ContainsFunc(then.Conditions, func(c flow.ConditionBranch) bool { return branchName(c.Condition) == branch })
}
