package story

import (
	"fmt"
	"slices"
	"strings"

	"huawu/shared/flow/interp"
)

// Coverage is which branches of a program were passed.
type Coverage struct {
	Flow   string
	Total  int
	Missed []interp.Visit
}

// Percent is the share of branches that were passed, 0 to 100.
func (c Coverage) Percent() float64 {
	if c.Total == 0 {
		return 100
	}
	return 100 * float64(c.Total-len(c.Missed)) / float64(c.Total)
}

// String names what was missed, one line each.
func (c Coverage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.1f %% of %d branches", c.Flow, c.Percent(), c.Total)
	for _, v := range c.Missed {
		branch := v.Branch
		if branch == "" {
			branch = "end"
		}
		fmt.Fprintf(&b, "\n\tmissed %s: %s", v.Action, branch)
	}
	return b.String()
}

// Cover says which branches of a program the results passed.
func Cover(p *interp.Program, results []Result) Coverage {
	passed := map[interp.Visit]bool{}
	for _, r := range results {
		for _, v := range r.Visits {
			v.To = ""
			passed[v] = true
		}
	}
	c := Coverage{Flow: p.ID}
	for _, b := range p.Branches() {
		key := b
		key.To = ""
		c.Total++
		if !passed[key] {
			c.Missed = append(c.Missed, b)
		}
	}
	slices.SortFunc(c.Missed, func(a, b interp.Visit) int {
		return strings.Compare(a.Action+a.Branch, b.Action+b.Branch)
	})
	return c
}
