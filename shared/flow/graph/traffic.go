package graph

import "huawu/shared/flow"

// Traffic is what callers did in a flow, to be drawn with it.
type Traffic struct {
	Blocks map[string]string // a short line for an action, by its identifier
	Taken  map[[2]string]int // how often a way from one action to another was taken
	Calls  int               // that came to the flow
}

func (t *Traffic) block(id string) string {
	if t == nil {
		return ""
	}
	return t.Blocks[id]
}

// link returns how often a link was taken.
func (t *Traffic) link(f *flow.Flow, l link) int {
	if t == nil {
		return 0
	}
	return t.Taken[[2]string{f.Actions[l.from].Identifier, f.Actions[l.to].Identifier}]
}

// share is the part of the calls that took a link, at most 1.
func (t *Traffic) share(f *flow.Flow, l link) float64 {
	if t == nil || t.Calls == 0 {
		return 0
	}
	return min(1, float64(t.link(f, l))/float64(t.Calls))
}
