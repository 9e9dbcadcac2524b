package lint

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
	"huawu/shared/flow/param"
)

// references finds what the flow names and is not here. Without a map only
// placeholders and ARNs of an Amazon Connect instance are known to be missing.
func (l *linter) references() {
	for _, r := range bind.References(l.flow) {
		a := l.flow.Find(r.Action)
		if hole := bind.Placeholder(r.Value); hole != "" {
			if l.options.Bound == nil || !l.options.Bound.Knows(r.Kind, r.Value) {
				l.add(UnboundReference, flow.Warning, a, r.Field, "still holds the placeholder %.60s", hole)
			}
			continue
		}
		switch {
		case r.Dynamic():
		case l.options.Bound != nil && l.options.Bound[r.Kind] != nil && !l.options.Bound.Knows(r.Kind, r.Value):
			l.add(UnboundReference, flow.Warning, a, r.Field, "%s %.120q is not bound here", r.Kind.One(), r.Value)
		case l.options.Bound == nil && strings.HasPrefix(r.Value, "arn:") && !strings.HasPrefix(r.Value, "arn:aws:huawu:"):
			l.add(UnboundReference, flow.Warning, a, r.Field, "%s of another place; huawu flow bind gives it a name here", r.Kind.One())
		}
	}
}

// sets says which namespaces an action fills.
func sets(a *flow.Action) []string {
	switch a.Type {
	case "InvokeLambdaFunction":
		return []string{"External", "LambdaInvocation"}
	case "ConnectParticipantWithLexBot":
		return []string{"Lex"}
	case "GetMetricData":
		return []string{"Metrics"}
	case "GetParticipantInput":
		if strings.EqualFold(param.Get(a, "StoreInput"), "True") {
			return []string{"StoredCustomerInput"}
		}
	}
	return nil
}

// attributes finds references to what nothing has set before, and references
// that cannot be. A module may be handed all of it by who calls it.
func (l *linter) attributes() {
	flowNames, before := l.flowAttributes(), l.setBefore()
	if l.graph.start < 0 {
		return
	}
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		if !l.graph.seen[i] {
			continue // nobody reads it there
		}
		for n, c := range a.Transitions.Conditions {
			for _, o := range c.Condition.Operands {
				for _, p := range o.Paths() {
					l.path(a, fmt.Sprintf("Transitions.Conditions[%d].Condition.Operands", n), p, before[i], flowNames)
				}
			}
		}
		for _, t := range param.Texts(a.Parameters) {
			for _, p := range flow.ParseTemplate(t.Value).Paths() {
				l.path(a, "Parameters."+t.Field, p, before[i], flowNames)
			}
			if broken := brokenPath(t.Value); broken != "" && !t.IsKey {
				l.add(UnboundAttribute, flow.Warning, a, "Parameters."+t.Field, "%.40q looks like a reference, but is read as text", broken)
			}
		}
	}
}

// path checks one reference.
func (l *linter) path(a *flow.Action, field string, p flow.Path, before map[string]bool, flowNames []string) {
	name := p[0]
	switch {
	case !flow.KnownNamespace(name):
		message := "there is no reference %.60s"
		if near := flow.Nearest(name, flow.Namespaces()); near != "" {
			message += "; did you mean $." + near + "?"
		}
		l.add(UnboundAttribute, flow.Warning, a, field, message, p)
	case l.flow.Type == flow.Module:
	case name == "FlowAttributes" && len(p) > 1 && !slices.Contains(flowNames, p[1]) && !slices.Contains(flowNames, "*"):
		message := "nothing in this flow sets %.60s"
		if near := flow.Nearest(p[1], flowNames); near != "" {
			message += "; did you mean " + near + "?"
		}
		l.add(UnboundAttribute, flow.Warning, a, field, message, p)
	case slices.Contains([]string{"External", "LambdaInvocation", "Lex", "Metrics", "StoredCustomerInput"}, name) && !before[name] && !before["*"]:
		l.add(UnboundAttribute, flow.Warning, a, field, "%.60s is empty here: no action before sets it", p)
	}
}

// flowAttributes are the names UpdateFlowAttributes sets, and "*" if a module
// or a reference may set any.
func (l *linter) flowAttributes() []string {
	var names []string
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		if a.Type == "InvokeFlowModule" {
			names = append(names, "*")
		}
		for _, t := range param.Texts(a.Parameters) {
			rest, ok := strings.CutPrefix(t.Field, "FlowAttributes.")
			if !ok || a.Type != "UpdateFlowAttributes" {
				continue
			}
			name, _, _ := strings.Cut(rest, ".")
			if !flow.ParseTemplate(name).Static() {
				name = "*"
			}
			names = append(names, name)
		}
	}
	return names
}

// setBefore returns for each action the namespaces that some run has filled
// when it comes there; "*" stands for any. What no action of the flow fills may
// have been filled by the flow before it.
func (l *linter) setBefore() []map[string]bool {
	before := make([]map[string]bool, len(l.flow.Actions))
	for i := range before {
		before[i] = map[string]bool{}
		switch l.flow.Type {
		case flow.ContactFlow, "":
		default:
			before[i]["*"] = true // the flow before it may have
		}
	}
	inFlow := map[string]bool{}
	for i := range l.flow.Actions {
		names := sets(&l.flow.Actions[i])
		for _, name := range names {
			inFlow[name] = true
		}
		if l.flow.Actions[i].Type == "InvokeFlowModule" {
			names = []string{"*"}
		}
		if names == nil {
			continue
		}
		var to []int
		for _, e := range l.graph.out[i] {
			to = append(to, e.to)
		}
		after := l.graph.reach(func(edge) bool { return true }, to...)
		for j := range after {
			for _, name := range names {
				before[j][name] = before[j][name] || after[j]
			}
		}
	}
	for i := range before {
		for _, name := range []string{"External", "LambdaInvocation", "Lex", "Metrics", "StoredCustomerInput"} {
			before[i][name] = before[i][name] || !inFlow[name]
		}
	}
	return before
}

// brokenPath returns what was meant as a reference in a text, "" if there is
// nothing: a dollar without its dot, or a path that is nothing but one.
func brokenPath(text string) string {
	if !strings.HasPrefix(text, "$") || len(flow.ParseTemplate(text).Paths()) > 0 || bind.Placeholder(text) != "" {
		return ""
	}
	rest := strings.TrimLeft(text[1:], ".[ '\"")
	for _, name := range flow.Namespaces() {
		if strings.HasPrefix(strings.ToLower(rest), strings.ToLower(name)) {
			return text
		}
	}
	return ""
}

// speech finds prompts that cannot be spoken.
func (l *linter) speech() {
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		for _, t := range param.Texts(a.Parameters) {
			field := "Parameters." + t.Field
			switch {
			case t.IsKey:
			case (t.Key == "Text" || t.Key == "SSML") && utf8.RuneCountInString(t.Value) > flow.MaxTextChars:
				l.add(Speech, flow.Error, a, field, "has %d characters, at most %d are spoken", utf8.RuneCountInString(t.Value), flow.MaxTextChars)
			case t.Key == "Text" && strings.HasPrefix(strings.TrimSpace(t.Value), "<speak"):
				l.add(Speech, flow.Warning, a, field, "is SSML: as Text its tags are read out")
			case t.Key == "SSML":
				if severity, wrong := badSSML(t.Value); wrong != "" {
					l.add(Speech, severity, a, field, "%s", wrong)
				}
			}
		}
	}
}

// badSSML says why a text is no SSML document. References stand for text; what
// is a reference from its beginning is known in a call only.
func badSSML(text string) (flow.Severity, string) {
	if begin := strings.TrimSpace(text); !strings.HasPrefix(begin, "<") && (strings.HasPrefix(begin, "$") || bind.Placeholder(begin) != "") {
		return "", ""
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	root := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return flow.Error, "is not well-formed: " + strings.TrimPrefix(err.Error(), "XML ")
		}
		if e, ok := token.(xml.StartElement); ok && root == "" {
			root = e.Name.Local
		}
	}
	if root != "speak" {
		return flow.Warning, "does not begin with <speak>"
	}
	return "", ""
}
