package journey

import (
	"cmp"
	"slices"
	"time"

	"huawu/shared/flow/interp"
)

// Call is one contact's way and how it came out of its flows.
type Call struct {
	Contact string
	Path    Path
	Left    time.Time // when an agent was joined, else when the call ended
	Agent   bool      // an agent was joined
	HungUp  bool      // the caller hung up before
}

// Node is what became of callers at one action.
type Node struct {
	Action   string `json:"action"`
	Type     string `json:"type"`
	Entries  int    `json:"entries"` // how often a caller came to it
	Exits    []Exit `json:"exits"`   // by branch, most first
	HangUps  int    `json:"hangUps"` // callers who hung up there
	Agents   int    `json:"agents"`  // callers who were joined with an agent there
	Seconds  int    `json:"seconds"` // in all, of all entries
	Longest  int    `json:"longestSeconds"`
	Ended    int    `json:"ended"`    // the flow ended there
	LastSeen int    `json:"lastSeen"` // ways that are not known further: too long to be kept, or still going on
}

// Exit is a branch that callers took.
type Exit struct {
	Branch string `json:"branch"`
	To     string `json:"to,omitempty"`
	Count  int    `json:"count"`
}

// Average returns how long an entry lasted on average, in seconds.
func (n *Node) Average() float64 {
	if n.Entries == 0 {
		return 0
	}
	return float64(n.Seconds) / float64(n.Entries)
}

// Report is what became of callers in one version of a flow.
type Report struct {
	Flow    string `json:"flow"` // program, with its version
	Calls   int    `json:"calls"`
	HangUps int    `json:"hangUps"`
	Agents  int    `json:"agents"`
	Nodes   []Node `json:"nodes"` // the most visited first
}

// Counter makes the report of one program.
type Counter struct {
	program *interp.Program
	calls   map[string]Call // by contact: of more than one segment the longest way counts
	others  map[string]int  // contacts by program they came to
}

// NewCounter returns a counter for a version of a flow.
func NewCounter(p *interp.Program) *Counter {
	return &Counter{program: p, calls: map[string]Call{}, others: map[string]int{}}
}

// Add takes a contact in. Of the same contact the longer way counts: the record
// of a later segment holds that of the earlier ones too.
func (c *Counter) Add(call Call) {
	stops, _ := call.Path.Stops()
	seen := map[string]bool{}
	for _, s := range stops {
		if !seen[s.Flow] {
			seen[s.Flow] = true
			c.others[s.Flow]++
		}
	}
	if !seen[c.program.ID] {
		return
	}
	if have, ok := c.calls[call.Contact]; ok && len(have.Path) >= len(call.Path) {
		return
	}
	c.calls[call.Contact] = call
}

// Programs returns how many contacts came to each program, of this flow or another.
func (c *Counter) Programs() map[string]int { return c.others }

// Report returns the figures.
func (c *Counter) Report() Report {
	r := Report{Flow: c.program.ID, Calls: len(c.calls)}
	nodes := map[string]*tally{}
	for _, call := range c.calls {
		c.count(&r, nodes, call)
	}
	for _, n := range nodes {
		n.Exits = make([]Exit, 0, len(n.exits))
		for e, count := range n.exits {
			e.Count = count
			n.Exits = append(n.Exits, e)
		}
		slices.SortFunc(n.Exits, func(a, b Exit) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Branch, b.Branch)) })
		r.Nodes = append(r.Nodes, n.Node)
	}
	slices.SortFunc(r.Nodes, func(a, b Node) int { return cmp.Or(b.Entries-a.Entries, cmp.Compare(a.Action, b.Action)) })
	return r
}

// tally is a node in the making.
type tally struct {
	Node
	exits map[Exit]int
	stay  int // seconds of the entry that is counted
}

// count walks one way. What lasted before the first visit of an event belongs
// to the action before it, where the caller heard or said something; what lasted
// between visits of one event to the action that then was left: a function.
func (c *Counter) count(r *Report, nodes map[string]*tally, call Call) {
	stops, _ := call.Path.Stops()
	var last *tally // nil outside of this program
	waiting, ended := false, false
	for i, s := range stops {
		later := 0
		if i > 0 {
			later = int(s.At.Sub(stops[i-1].At) / time.Second)
		}
		if s.First {
			last.lasts(later)
		}
		v, ok := c.program.Numbered(s.Action, s.Branch)
		if s.Flow != c.program.ID || !ok {
			last, waiting, ended = nil, false, false
			continue
		}
		n := c.node(nodes, v.Action)
		if n != last || !waiting {
			n.Entries++
			n.stay = 0
		}
		if !s.First {
			n.lasts(later)
		}
		if !v.Waits() {
			n.exits[Exit{Branch: v.Branch, To: v.To}]++
		}
		last, waiting, ended = n, v.Waits(), v.Branch == ""
	}
	if last == nil {
		return
	}
	end := stops[len(stops)-1].At
	switch {
	case ended:
		last.Ended++
	case call.Agent:
		last.Agents++
		r.Agents++
	case call.HungUp:
		last.HangUps++
		r.HangUps++
	default:
		last.LastSeen++
	}
	if !ended && call.Left.After(end) && len(call.Path) <= MaxPath-16 {
		last.lasts(int(call.Left.Sub(end) / time.Second))
	}
}

func (c *Counter) node(nodes map[string]*tally, id string) *tally {
	n := nodes[id]
	if n == nil {
		kind, _, _ := c.program.Action(id)
		n = &tally{Node: Node{Action: id, Type: kind}, exits: map[Exit]int{}}
		nodes[id] = n
	}
	return n
}

// lasts adds time to the entry that is counted; a nil tally is of another flow.
func (n *tally) lasts(seconds int) {
	if n == nil {
		return
	}
	n.Seconds += seconds
	n.stay += seconds
	n.Longest = max(n.Longest, n.stay)
}
