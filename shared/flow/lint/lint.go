// Package lint reads flows the way a careful colleague does: what Amazon
// Connect would refuse, and what it would take but a caller would regret.
//
// It decides what is wrong with flows before anybody calls. Whether a flow is
// valid at all is flow.Check's and interp's; lint adds what only shows when
// actions are seen together: dead branches, circles, consent, secrets, queues.
// A reference that is merely not bound here is a warning; what Amazon Connect
// would refuse, or what cannot run, is an error.
package lint

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/legacy"
)

// Rule names what a finding is about, so that tools can sort and silence it.
type Rule string

// The rules.
const (
	Document          Rule = "document"
	Language          Rule = "language"
	Legacy            Rule = "legacy"
	DeadBranch        Rule = "dead-branch"
	MissingBranch     Rule = "missing-error-branch"
	EndlessLoop       Rule = "endless-loop"
	RecordingConsent  Rule = "recording-consent"
	Secret            Rule = "secret-in-attribute"
	UnboundReference  Rule = "unbound-reference"
	UnboundAttribute  Rule = "unbound-attribute"
	UnreachableQueue  Rule = "unreachable-queue"
	Speech            Rule = "speech"
	CyclicFlows       Rule = "cyclic-flows"
	ConstantCondition Rule = "constant-condition"
)

// Meaning is a rule in words.
type Meaning struct {
	Rule  Rule
	About string
}

// Rules returns every rule with what it finds.
func Rules() []Meaning {
	return []Meaning{
		{Document, "a document that cannot be read"},
		{Language, "what the flow language does not allow: types, branches, parameters"},
		{Legacy, "the format of before 2019"},
		{DeadBranch, "actions and branches no caller comes to"},
		{MissingBranch, "errors that have nowhere to go"},
		{EndlessLoop, "circles without a prompt, an input or a wait"},
		{RecordingConsent, "recording before a caller is told, or asked"},
		{Secret, "credentials and card data in records, logs and parameters"},
		{UnboundReference, "queues, flows, functions and prompts that are not here"},
		{UnboundAttribute, "references to what nothing has set"},
		{UnreachableQueue, "transfers without a queue, queues without a transfer"},
		{Speech, "prompts that cannot be spoken"},
		{CyclicFlows, "flows and modules that lead back to themselves"},
		{ConstantCondition, "comparisons that always come out the same"},
	}
}

// Finding is one thing that is wrong, and where.
type Finding struct {
	File string `json:"file,omitempty"`
	Rule Rule   `json:"rule"`
	flow.Problem
}

// String returns the finding as a line.
func (f Finding) String() string {
	line := string(f.Severity) + " " + f.Problem.String() + " [" + string(f.Rule) + "]"
	if f.File != "" {
		line = f.File + ": " + line
	}
	return line
}

// Consent is a house's policy for recording.
type Consent string

// The policies.
const (
	Announced Consent = ""      // the caller is told before any recording
	Asked     Consent = "asked" // the caller presses a key before any recording
	Anything  Consent = "off"   // consent is obtained elsewhere
)

// Options are what a house expects of its flows.
type Options struct {
	Consent Consent
	Bound   bind.Map // what exists here; nil if nobody has said
}

// Source is a document with the name it is known by.
type Source struct {
	Name string // as findings show it
	ID   string // as other flows refer to it; "" for none
	Data []byte
}

// Lint reads documents and returns what is wrong with each and between them,
// in the order of the documents and their actions.
func Lint(sources []Source, o Options) []Finding {
	var all []Finding
	var set []member
	for _, s := range sources {
		f, found := read(s.Data)
		if f != nil {
			set = append(set, member{s, f})
			found = append(found, Flow(f, o)...)
		}
		for i := range found {
			found[i].File = s.Name
		}
		all = append(all, found...)
	}
	all = append(all, between(set, o)...)
	order := map[string]int{}
	for i, s := range sources {
		order[s.Name] = i
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(order[a.File], order[b.File]) })
	return all
}

// Flow returns what is wrong with one flow by itself.
func Flow(f *flow.Flow, o Options) []Finding {
	l := &linter{flow: f, options: o, graph: newGraph(f)}
	for _, p := range interp.Problems(f) {
		l.found = append(l.found, Finding{Rule: Language, Problem: p})
	}
	l.unreachable()
	l.branches()
	l.endless()
	l.consent()
	l.secrets()
	l.references()
	l.attributes()
	l.queues()
	l.speech()
	order := map[string]int{}
	for i, a := range f.Actions {
		order[a.Identifier] = i + 1
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int { return cmp.Compare(order[a.Action], order[b.Action]) })
	return slices.Compact(l.found)
}

// linter collects findings of one flow.
type linter struct {
	flow    *flow.Flow
	options Options
	graph   *graph
	found   []Finding
}

// add notes a finding; a is nil for the flow itself.
func (l *linter) add(rule Rule, s flow.Severity, a *flow.Action, field, message string, args ...any) {
	p := flow.Problem{Severity: s, Field: field, Message: fmt.Sprintf(message, args...)}
	if a != nil {
		p.Action, p.Type = a.Identifier, a.Type
	}
	l.found = append(l.found, Finding{Rule: rule, Problem: p})
}

// read parses a document; one of the older format is converted first.
func read(data []byte) (*flow.Flow, []Finding) {
	f, err := flow.Parse(data)
	if err == nil {
		return f, nil
	}
	if !errors.Is(err, flow.ErrLegacy) {
		return nil, []Finding{unreadable(err)}
	}
	note := Finding{Rule: Legacy, Problem: flow.Problem{Severity: flow.Warning, Field: "modules",
		Message: "the format of before 2019-10-30; huawu flow convert writes today's"}}
	if f, err = legacy.Convert(data); err != nil {
		return nil, []Finding{note, unreadable(err)}
	}
	return f, []Finding{note}
}

// place finds action and field in the parser's message.
var place = regexp.MustCompile(`(?s)^.*?(?:action|module) \d+ \((.*)\)(?:, |: )([A-Za-z]+(?:\.[A-Za-z]+)*(?:\[\d+\])?): (.*)$`)

// unreadable is the finding of a document that the parser refuses.
func unreadable(err error) Finding {
	p := flow.Problem{Severity: flow.Error, Field: "document", Message: strings.TrimPrefix(err.Error(), "flow: ")}
	if m := place.FindStringSubmatch(err.Error()); m != nil {
		p.Action, p.Field, p.Message = m[1], m[2], m[3]
	} else if field, message, ok := strings.Cut(p.Message, ": "); ok && slices.Contains([]string{"Version", "StartAction", "Actions", "Content"}, field) {
		p.Field, p.Message = field, message
	}
	return Finding{Rule: Document, Problem: p}
}

// Count returns how many findings are errors and how many are warnings.
func Count(found []Finding) (errors, warnings int) {
	for _, f := range found {
		if f.Severity == flow.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

func quoted(list []string) string {
	const most = 6
	names := make([]string, 0, most)
	for i, s := range list {
		if i == most {
			return strings.Join(names, ", ") + " and " + strconv.Itoa(len(list)-most) + " more"
		}
		names = append(names, s)
	}
	return strings.Join(names, ", ")
}
