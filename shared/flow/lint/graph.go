package lint

import (
	"fmt"
	"slices"

	"huawu/shared/flow"
)

// edge is a branch that a run can take.
type edge struct {
	from, to int
	field    string // within the action
	operand  string // of an Equals condition; "" for others
}

// graph is a flow as nodes, by index of the action, and branches.
type graph struct {
	flow  *flow.Flow
	index map[string]int
	out   [][]edge
	start int                   // -1 if there is none
	seen  []bool                // a run can come there
	facts map[string]flow.Facts // by action type; types that do not exist have none
}

// newGraph keeps only branches that lead somewhere.
func newGraph(f *flow.Flow) *graph {
	g := &graph{flow: f, index: make(map[string]int, len(f.Actions)), out: make([][]edge, len(f.Actions)), seen: make([]bool, len(f.Actions)), start: -1}
	for i, a := range f.Actions {
		if _, twice := g.index[a.Identifier]; !twice {
			g.index[a.Identifier] = i
		}
	}
	g.facts = map[string]flow.Facts{}
	for i, a := range f.Actions {
		if _, ok := g.facts[a.Type]; !ok {
			if facts, known := flow.FactsOf(a.Type); known {
				g.facts[a.Type] = facts
			}
		}
		g.out[i] = g.edges(i)
	}
	if i, ok := g.index[f.StartAction]; ok && f.StartAction != "" {
		g.start = i
		g.seen = g.reach(func(edge) bool { return true }, i)
	}
	return g
}

// sendsOn reports whether success takes the contact out of the flow, so that
// NextAction is only where an older export goes after an error.
func sendsOn(kind string) bool {
	switch kind {
	case "TransferContactToQueue", "DequeueContactAndTransferToQueue", "TransferToFlow", "TransferContactToAgent":
		return true
	}
	return false
}

// edges returns the branches of an action that can be taken.
func (g *graph) edges(i int) []edge {
	a := &g.flow.Actions[i]
	if g.facts[a.Type].Last {
		return nil
	}
	var list []edge
	add := func(to, field, operand string) {
		if j, ok := g.index[to]; ok && to != "" {
			list = append(list, edge{i, j, field, operand})
		}
	}
	t := &a.Transitions
	for n, c := range t.Conditions {
		operand := ""
		if c.Condition.Operator == flow.Equals && len(c.Condition.Operands) == 1 {
			operand = c.Condition.Operands[0].String()
		}
		add(c.NextAction, fmt.Sprintf("Transitions.Conditions[%d]", n), operand)
	}
	for n, e := range t.Errors {
		add(e.NextAction, fmt.Sprintf("Transitions.Errors[%d]", n), "")
	}
	goesOn := len(t.Conditions) == 0 && !sendsOn(a.Type) || len(t.Errors) == 0 || t.After(flow.NoMatchingCondition) == t.NextAction
	if goesOn {
		add(t.NextAction, "Transitions.NextAction", "")
	}
	return list
}

// reach returns what can be reached from nodes over branches that pass.
func (g *graph) reach(pass func(edge) bool, from ...int) []bool {
	seen := make([]bool, len(g.out))
	for _, i := range from {
		seen[i] = true
	}
	queue := slices.Clone(from)
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, e := range g.out[at] {
			if !seen[e.to] && pass(e) {
				seen[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
	return seen
}

// circles returns the groups of nodes that lead to each other over branches
// that pass, each in the order of the actions. It is Tarjan's algorithm without
// recursion.
func (g *graph) circles(pass func(edge) bool) [][]int {
	n := len(g.out)
	t := &tarjan{number: make([]int, n), low: make([]int, n), on: make([]bool, n)}
	for i := range n {
		if t.number[i] == 0 {
			t.visit(g, i, pass)
		}
	}
	var list [][]int
	for _, group := range t.groups {
		slices.Sort(group)
		self := slices.ContainsFunc(g.out[group[0]], func(e edge) bool { return e.to == group[0] && pass(e) })
		if len(group) > 1 || self {
			list = append(list, group)
		}
	}
	slices.SortFunc(list, func(a, b []int) int { return a[0] - b[0] })
	return list
}

type tarjan struct {
	number, low []int
	on          []bool
	stack       []int
	count       int
	groups      [][]int
}

// visit numbers what a node leads to; the call stack is a list, as a flow may
// be one long chain.
func (t *tarjan) visit(g *graph, root int, pass func(edge) bool) {
	type call struct{ node, next int }
	enter := func(i int) call {
		t.count++
		t.number[i], t.low[i], t.on[i] = t.count, t.count, true
		t.stack = append(t.stack, i)
		return call{node: i}
	}
	calls := []call{enter(root)}
	for len(calls) > 0 {
		c := &calls[len(calls)-1]
		if c.next < len(g.out[c.node]) {
			e := g.out[c.node][c.next]
			c.next++
			switch {
			case !pass(e):
			case t.number[e.to] == 0:
				calls = append(calls, enter(e.to))
			case t.on[e.to]:
				t.low[c.node] = min(t.low[c.node], t.number[e.to])
			}
			continue
		}
		node := c.node
		calls = calls[:len(calls)-1]
		if len(calls) > 0 {
			parent := calls[len(calls)-1].node
			t.low[parent] = min(t.low[parent], t.low[node])
		}
		if t.low[node] == t.number[node] {
			t.pop(node)
		}
	}
}

// pop takes the group that a node heads.
func (t *tarjan) pop(head int) {
	at := slices.Index(t.stack, head)
	group := slices.Clone(t.stack[at:])
	for _, i := range group {
		t.on[i] = false
	}
	t.stack = t.stack[:at]
	t.groups = append(t.groups, group)
}
