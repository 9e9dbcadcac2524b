package flow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check returns what is wrong with a flow: its envelope, identifiers, types,
// transitions and parameters.
func Check(f *Flow) []Problem {
	c := &checker{flow: f, ids: make(map[string]int, len(f.Actions))}
	c.envelope()
	for i := range f.Actions {
		c.action(&f.Actions[i])
	}
	return c.problems
}

// checker collects the problems of one flow.
type checker struct {
	flow     *Flow
	ids      map[string]int
	current  *Action
	problems []Problem
	guesses  int // suggestions that were looked for
}

// maxProblems and maxGuesses bound what a hostile flow can make Check do.
const (
	maxProblems = 1000
	maxGuesses  = 50
)

func (c *checker) add(s Severity, field, message string, args ...any) {
	p := Problem{Severity: s, Field: field, Message: fmt.Sprintf(message, args...)}
	if c.current != nil {
		p.Action, p.Type = c.current.Identifier, c.current.Type
	}
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

func (c *checker) envelope() {
	f := c.flow
	if f.Version != Version {
		c.add(Error, "Version", "is %.20q, want %q", f.Version, Version)
	}
	if n := len(f.Actions); n > MaxActions {
		c.add(Error, "Actions", "%d actions, at most %d are allowed", n, MaxActions)
	}
	for _, a := range f.Actions {
		c.ids[a.Identifier]++
	}
	switch {
	case f.StartAction == "":
		c.add(Error, "StartAction", "missing")
	case c.ids[f.StartAction] == 0:
		c.add(Error, "StartAction", "there is no action %.60q%s", f.StartAction, c.didYouMean(f.StartAction))
	}
}

func (c *checker) didYouMean(id string) string {
	if c.guesses++; c.guesses > maxGuesses {
		return ""
	}
	list := make([]string, 0, len(c.ids))
	for other := range c.ids {
		list = append(list, other)
	}
	slices.Sort(list)
	if near := Nearest(id, list); near != "" {
		return fmt.Sprintf("; did you mean %.60q?", near)
	}
	return ""
}

func (c *checker) action(a *Action) {
	c.current = a
	defer func() { c.current = nil }()
	c.identifier(a.Identifier)
	facts, known := FactsOf(a.Type)
	switch {
	case a.Type == "":
		c.add(Error, "Type", "missing")
	case !known:
		c.guesses++
		if near := Suggest(a.Type); near != "" && c.guesses <= maxGuesses {
			c.add(Error, "Type", "there is no action %.60q; did you mean %s?", a.Type, near)
		} else {
			c.add(Error, "Type", "there is no action %.60q", a.Type)
		}
	case facts.Tier == 4:
		c.add(Error, "Type", "%s cannot run here: %s", a.Type, facts.Instead)
	}
	c.targets(&a.Transitions)
	if known && facts.Tier < 4 {
		c.transitions(a, &facts)
		c.parameters(a, &facts)
		if facts.FlowTypes != nil && c.flow.Type != "" && !slices.Contains(facts.FlowTypes, c.flow.Type) {
			c.add(Warning, "Type", "%s is not meant for flows of type %s", a.Type, c.flow.Type)
		}
	}
}

func (c *checker) identifier(id string) {
	switch {
	case id == "":
		c.add(Error, "Identifier", "missing")
	case utf8.RuneCountInString(id) > MaxIdentifier:
		c.add(Error, "Identifier", "has %d characters, at most %d are allowed", utf8.RuneCountInString(id), MaxIdentifier)
	case strings.ContainsAny(id, `%:(\/)=$,;[]{}`):
		c.add(Error, "Identifier", `holds one of %% : ( \ / ) = $ , ; [ ] { }`)
	case slices.Contains(prototypeNames(), id):
		c.add(Error, "Identifier", "is a reserved name")
	}
	if c.ids[id] > 1 {
		c.add(Error, "Identifier", "is used by %d actions", c.ids[id])
	}
}

// prototypeNames returns the names every JavaScript object has; the designer breaks on them.
func prototypeNames() []string {
	return []string{"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
		"toString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__"}
}

// targets checks that every branch leads to an action.
func (c *checker) targets(t *Transitions) {
	target := func(field, id string, optional bool) {
		switch {
		case id == "" && optional:
		case id == "":
			c.add(Error, field, "missing")
		case c.ids[id] == 0:
			c.add(Error, field, "there is no action %.60q%s", id, c.didYouMean(id))
		}
	}
	target("Transitions.NextAction", t.NextAction, true)
	seen := map[ErrorType]bool{}
	for i, e := range t.Errors {
		field := fmt.Sprintf("Transitions.Errors[%d]", i)
		target(field+".NextAction", e.NextAction, false)
		switch {
		case e.ErrorType == "":
			c.add(Error, field+".ErrorType", "missing")
		case seen[e.ErrorType]:
			c.add(Error, field+".ErrorType", "%s has two branches", e.ErrorType)
		}
		seen[e.ErrorType] = true
	}
	for i, b := range t.Conditions {
		field := fmt.Sprintf("Transitions.Conditions[%d]", i)
		target(field+".NextAction", b.NextAction, false)
		if b.Condition.Operator == "" {
			c.add(Error, field+".Condition.Operator", "missing")
		} else if !b.Condition.Operator.Known() {
			c.add(Error, field+".Condition.Operator", "there is no operator %.40q; the operators are %s", b.Condition.Operator, joinOperators())
		}
		if len(b.Condition.Operands) == 0 {
			c.add(Error, field+".Condition.Operands", "missing")
		}
	}
}

func joinOperators() string {
	var names []string
	for _, o := range Operators() {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

// transitions checks the branches against what the action can come to.
func (c *checker) transitions(a *Action, facts *Facts) {
	t := &a.Transitions
	for i, e := range t.Errors {
		if facts.Errors != nil && e.ErrorType != "" && !slices.Contains(facts.Errors, e.ErrorType) && e.ErrorType != NoMatchingError {
			c.add(Warning, fmt.Sprintf("Transitions.Errors[%d].ErrorType", i), "%s never ends in %.60s", a.Type, e.ErrorType)
		}
	}
	if len(t.Conditions) > 0 && facts.Operators == nil {
		c.add(Error, "Transitions.Conditions", "%s has no result to hold conditions against", a.Type)
	}
	for i, b := range t.Conditions {
		field := fmt.Sprintf("Transitions.Conditions[%d].Condition", i)
		if facts.Operators != nil && b.Condition.Operator.Known() && !slices.Contains(facts.Operators, b.Condition.Operator) && b.Condition.Operator != numericLessThan {
			c.add(Error, field+".Operator", "%s takes only %s", a.Type, facts.Operators[0])
		}
		for _, o := range b.Condition.Operands {
			if facts.Operands != nil && o.Static() && !containsFold(facts.Operands, o.String()) {
				c.add(Error, field+".Operands", "%s never ends in %.60q; its results are %s", a.Type, o.String(), strings.Join(facts.Operands, ", "))
			}
		}
	}
	if !facts.Last && t.NextAction == "" && len(t.Errors) == 0 && len(t.Conditions) == 0 {
		c.add(Warning, "Transitions", "missing: the flow ends here without an end")
	}
}

func containsFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}

// parameters checks that what is needed is there; the types of values are
// checked by who runs them.
func (c *checker) parameters(a *Action, facts *Facts) {
	var have map[string]json.RawMessage
	if len(a.Parameters) > 0 && json.Unmarshal(a.Parameters, &have) != nil {
		c.add(Error, "Parameters", "want an object, have %s", kindOf(a.Parameters))
		return
	}
	for _, name := range facts.Required {
		if raw, ok := have[name]; !ok || string(raw) == `""` || string(raw) == "null" {
			c.add(Error, "Parameters."+name, "missing")
		}
	}
	if facts.OneOf == nil {
		return
	}
	var set []string
	for _, name := range facts.OneOf {
		if raw, ok := have[name]; ok && string(raw) != `""` && string(raw) != "null" {
			set = append(set, name)
		}
	}
	switch {
	case len(set) == 0:
		c.add(Error, "Parameters", "one of %s is missing", strings.Join(facts.OneOf, ", "))
	case len(set) > 1 && len(facts.OneOf) <= 4:
		c.add(Error, "Parameters."+set[1], "cannot be set beside %s", set[0])
	}
}
