package lint

import (
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
)

// member is one flow of a set.
type member struct {
	source Source
	flow   *flow.Flow
}

// between finds what is wrong among flows: references by name to flows that
// are not there, modules that call each other in a circle, and flows that hand
// a caller around without a word.
func between(set []member, o Options) []Finding {
	b := &beside{set: set, index: map[string]int{}}
	for i, m := range set {
		for _, name := range []string{m.source.ID, m.flow.Name} {
			if _, taken := b.index[name]; name != "" && !taken {
				b.index[name] = i
			}
		}
	}
	calls := &graph{out: make([][]edge, len(set))}
	for i, m := range set {
		for _, r := range bind.References(m.flow) {
			b.follow(i, r, o, calls)
		}
	}
	for _, group := range calls.circles(func(edge) bool { return true }) {
		b.circle(group, calls)
	}
	return b.found
}

// beside collects findings among flows.
type beside struct {
	set   []member
	index map[string]int
	found []Finding
}

func (b *beside) add(rule Rule, s flow.Severity, i int, action, kind, field, message string) {
	b.found = append(b.found, Finding{File: b.set[i].source.Name, Rule: rule,
		Problem: flow.Problem{Severity: s, Action: action, Type: kind, Field: field, Message: message}})
}

// follow looks a reference up among the flows, and keeps it if it hands the
// caller over at once.
func (b *beside) follow(i int, r bind.Reference, o Options, calls *graph) {
	if r.Kind != bind.Flow && r.Kind != bind.Module || r.Dynamic() || bind.Placeholder(r.Value) != "" {
		return
	}
	j, ok := b.index[flow.ResourceID(r.Value)]
	if !ok {
		j, ok = b.index[r.Value]
	}
	if !ok {
		if len(b.set) > 1 && !strings.HasPrefix(r.Value, "arn:") && !o.Bound.Knows(r.Kind, r.Value) && o.Bound[r.Kind] == nil {
			b.add(UnboundReference, flow.Warning, i, r.Action, r.Type, r.Field, r.Kind.One()+" "+clip(r.Value)+" is not among the flows")
		}
		return
	}
	if r.Type == "InvokeFlowModule" || r.Type == "TransferToFlow" && b.silentTo(i, r.Action) {
		calls.out[i] = append(calls.out[i], edge{from: i, to: j, field: r.Field, operand: r.Action})
	}
}

// silentTo reports whether a run can come to an action without hearing anything.
func (b *beside) silentTo(i int, action string) bool {
	f := b.set[i].flow
	g := newGraph(f)
	if g.start < 0 || speaks(f.Actions[g.start].Type) {
		return false
	}
	at, ok := g.index[action]
	return ok && g.reach(func(e edge) bool { return !speaks(f.Actions[e.to].Type) }, g.start)[at]
}

// circle reports a group of flows that lead to each other.
func (b *beside) circle(group []int, calls *graph) {
	var names []string
	for _, i := range group {
		names = append(names, b.set[i].source.Name)
	}
	for _, i := range group {
		for _, e := range calls.out[i] {
			if !slices.Contains(group, e.to) {
				continue
			}
			a := b.set[i].flow.Find(e.operand)
			severity, what := flow.Error, "modules call each other in a circle: "
			if a.Type == "TransferToFlow" {
				severity, what = flow.Warning, "flows hand the caller around without a word: "
			}
			b.add(CyclicFlows, severity, i, a.Identifier, a.Type, e.field, what+quoted(names))
		}
	}
}

func clip(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
