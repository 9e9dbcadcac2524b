package flow

import (
	"encoding/json"
	"maps"
	"slices"
)

// References returns every path that the parameters and operands of a flow's
// actions refer to, once, in the order of their text.
func References(f *Flow) []Path {
	found := map[string]Path{}
	add := func(t Template) {
		for _, p := range t.Paths() {
			found[p.String()] = p
		}
	}
	for i := range f.Actions {
		a := &f.Actions[i]
		var v any
		if len(a.Parameters) > 0 && json.Unmarshal(a.Parameters, &v) == nil {
			eachText(v, func(text string) { add(ParseTemplate(text)) })
		}
		for _, c := range a.Transitions.Conditions {
			for _, o := range c.Condition.Operands {
				add(o)
			}
		}
	}
	var list []Path
	for _, text := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[text])
	}
	return list
}

// eachText calls do with every text in a JSON value, names of members included.
func eachText(v any, do func(string)) {
	switch v := v.(type) {
	case string:
		do(v)
	case []any:
		for _, item := range v {
			eachText(item, do)
		}
	case map[string]any:
		for name, item := range v {
			do(name)
			eachText(item, do)
		}
	}
}
