package interp

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"huawu/shared/flow"
)

// pairs is a map parameter; both names and values may hold references. Objects
// and lists are kept as JSON text.
type pairs []pair

type pair struct {
	name, value flow.Template
}

// UnmarshalJSON reads an object. A value is text, or {"Value": text}.
func (p *pairs) UnmarshalJSON(data []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("want an object")
	}
	*p = make(pairs, 0, len(m))
	for name, raw := range m {
		var value flow.Template
		if err := value.UnmarshalJSON(raw); err != nil {
			value = flow.ParseTemplate(string(raw))
		}
		*p = append(*p, pair{flow.ParseTemplate(name), value})
	}
	slices.SortFunc(*p, func(a, b pair) int { return strings.Compare(a.name.String(), b.name.String()) })
	return nil
}

// all resolves the pairs, in the order of their names in the flow.
func (p pairs) all(r *run) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range p {
			if !yield(r.expand(p[i].name), r.expand(p[i].value)) {
				return
			}
		}
	}
}
