// Package diff says what changed between two versions of a flow for a caller:
// actions, parameters and branches, not where blocks stand in a designer.
//
// It decides which actions are the same: by identifier, else by what they do,
// as copies of a flow get new identifiers. It leaves whether a change is good
// to lint and to stories.
package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// Kind says what happened.
type Kind string

// The kinds.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
	Renamed Kind = "renamed" // the same action under another identifier; a caller notices nothing
)

// Change is one difference. A changed field that was or became absent is "".
type Change struct {
	Kind   Kind   `json:"kind"`
	Action string `json:"action,omitempty"` // identifier in the new flow; in the old one if it was removed; "" for the flow itself
	Type   string `json:"type,omitempty"`
	Field  string `json:"field,omitempty"` // "" if the whole action was added, removed or renamed
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

// String returns the change as a line: "changed menu (Compare), Parameters.Text: "a" → "b"".
func (c Change) String() string {
	where := "flow"
	if c.Action != "" {
		where = c.Action + " (" + c.Type + ")"
	}
	switch {
	case c.Kind == Renamed:
		return fmt.Sprintf("%s %s, from %s", c.Kind, where, c.Old)
	case c.Field == "":
		return fmt.Sprintf("%s %s", c.Kind, where)
	case c.Kind == Added:
		return fmt.Sprintf("%s %s, %s: %q", c.Kind, where, c.Field, c.New)
	case c.Kind == Removed:
		return fmt.Sprintf("%s %s, %s: %q", c.Kind, where, c.Field, c.Old)
	}
	return fmt.Sprintf("%s %s, %s: %q → %q", c.Kind, where, c.Field, c.Old, c.New)
}

// Flows returns what changed from one flow to another: first of the flow
// itself, then by action in the order of the new flow, then what was removed.
// Metadata, wrappers and the order of members do not count.
func Flows(from, to *flow.Flow) []Change {
	d := &differ{from: from, to: to, pair: map[string]string{}}
	d.match()
	d.envelope()
	old := map[string]string{}
	for a, b := range d.pair {
		old[b] = a
	}
	for i := range to.Actions {
		b := &to.Actions[i]
		id, ok := old[b.Identifier]
		if !ok {
			d.add(Change{Kind: Added, Action: b.Identifier, Type: b.Type})
			continue
		}
		if id != b.Identifier {
			d.add(Change{Kind: Renamed, Action: b.Identifier, Type: b.Type, Old: id})
		}
		d.action(from.Find(id), b)
	}
	for _, a := range from.Actions {
		if _, ok := d.pair[a.Identifier]; !ok {
			d.add(Change{Kind: Removed, Action: a.Identifier, Type: a.Type})
		}
	}
	return d.changes
}

type differ struct {
	from, to *flow.Flow
	pair     map[string]string // identifiers of the old flow to those of the new
	changes  []Change
}

func (d *differ) add(c Change) { d.changes = append(d.changes, c) }

// match finds the pairs: equal identifiers, then the start, then actions that
// do the same where only one on each side does.
func (d *differ) match() {
	taken := map[string]bool{}
	join := func(a, b string) { d.pair[a], taken[b] = b, true }
	for _, a := range d.from.Actions {
		if b := d.to.Find(a.Identifier); b != nil && (b.Type == a.Type || len(d.from.Actions) == len(d.to.Actions)) {
			join(a.Identifier, a.Identifier)
		}
	}
	does := func(f *flow.Flow, free func(string) bool) map[string][]string {
		list := map[string][]string{}
		for _, a := range f.Actions {
			if key := a.Type + "\x00" + canonical(a.Parameters); free(a.Identifier) {
				list[key] = append(list[key], a.Identifier)
			}
		}
		return list
	}
	old := does(d.from, func(id string) bool { _, ok := d.pair[id]; return !ok })
	for key, b := range does(d.to, func(id string) bool { return !taken[id] }) {
		if a := old[key]; len(a) == len(b) { // several that do the same keep their order
			for i := range a {
				join(a[i], b[i])
			}
		}
	}
	if a, b := d.from.Find(d.from.StartAction), d.to.Find(d.to.StartAction); a != nil && b != nil && a.Type == b.Type {
		if _, ok := d.pair[a.Identifier]; !ok && !taken[b.Identifier] {
			join(a.Identifier, b.Identifier)
		}
	}
}

func (d *differ) envelope() {
	d.field("", "", "Version", d.from.Version, d.to.Version)
	d.field("", "", "StartAction", d.renamed(d.from.StartAction), d.to.StartAction)
	d.field("", "", "Name", d.from.Name, d.to.Name)
	d.field("", "", "Type", string(d.from.Type), string(d.to.Type))
	d.field("", "", "Settings", canonical(d.from.Settings), canonical(d.to.Settings))
}

// renamed is what an identifier of the old flow is in the new one.
func (d *differ) renamed(id string) string {
	if other, ok := d.pair[id]; ok {
		return other
	}
	return id
}

func (d *differ) field(action, kind, field, old, now string) {
	switch {
	case old == now:
	case old == "":
		d.add(Change{Added, action, kind, field, "", now})
	case now == "":
		d.add(Change{Removed, action, kind, field, old, ""})
	default:
		d.add(Change{Changed, action, kind, field, old, now})
	}
}

// action compares two actions that are the same one.
func (d *differ) action(a, b *flow.Action) {
	d.field(b.Identifier, b.Type, "Type", a.Type, b.Type)
	d.texts(b, "Parameters.", leaves(a.Parameters), leaves(b.Parameters))
	d.texts(b, "Transitions.", d.branches(&a.Transitions, true), d.branches(&b.Transitions, false))
	old, now := order(&a.Transitions), order(&b.Transitions)
	if old != now && slices.Equal(sortedWords(old), sortedWords(now)) {
		d.field(b.Identifier, b.Type, "Transitions.Conditions", old, now)
	}
}

// pairs are named texts in their order.
type pairs struct {
	names  []string
	values map[string]string
}

func (p *pairs) set(name, value string) {
	if p.values == nil {
		p.values = map[string]string{}
	}
	if _, ok := p.values[name]; !ok {
		p.names = append(p.names, name)
	}
	p.values[name] = value
}

func (d *differ) texts(b *flow.Action, prefix string, old, now pairs) {
	for _, name := range now.names {
		d.field(b.Identifier, b.Type, prefix+name, old.values[name], now.values[name])
	}
	for _, name := range old.names {
		if _, ok := now.values[name]; !ok {
			d.field(b.Identifier, b.Type, prefix+name, old.values[name], "")
		}
	}
}

// leaves are the values of parameters by field; an object or a list without
// any is a value too.
func leaves(raw json.RawMessage) pairs {
	var p pairs
	texts := param.Texts(raw)
	for i, t := range texts {
		switch {
		case !t.IsKey:
			p.set(t.Field, t.Value)
		case i+1 == len(texts) || !strings.HasPrefix(texts[i+1].Field, t.Field):
			p.set(t.Field, "(empty)")
		}
	}
	return p
}

// branches are where an action leads, by branch. Identifiers of the old flow
// are those of the new one.
func (d *differ) branches(t *flow.Transitions, old bool) pairs {
	target := func(id string) string {
		if old {
			return d.renamed(id)
		}
		return id
	}
	var p pairs
	if t.NextAction != "" {
		p.set("NextAction", target(t.NextAction))
	}
	for _, c := range t.Conditions {
		p.set("Conditions["+condition(c.Condition)+"]", target(c.NextAction))
	}
	for _, e := range t.Errors {
		p.set("Errors["+string(e.ErrorType)+"]", target(e.NextAction))
	}
	return p
}

func condition(c flow.Condition) string {
	name := string(c.Operator)
	for _, o := range c.Operands {
		name += " " + o.String()
	}
	return name
}

// order is the order conditions are tried in: the first match wins.
func order(t *flow.Transitions) string {
	var list []string
	for _, c := range t.Conditions {
		list = append(list, condition(c.Condition))
	}
	return strings.Join(list, ", ")
}

func sortedWords(text string) []string {
	return slices.Sorted(slices.Values(strings.Split(text, ", ")))
}

// canonical is JSON with its members by name, "" for nothing.
func canonical(raw json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil || v == nil {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil || string(text) == "{}" {
		return ""
	}
	return string(text)
}
