// Package publish lets a flow be called. It decides whether a draft is good
// enough: by the linter, by what exists in the tenant, and by what can be carried
// out here at all. It leaves keeping flows to release and running them to ivr.
package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"huawu/shared/acd"
	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/bind"
	"huawu/shared/flow/lint"
	"huawu/shared/flow/param"
	"huawu/shared/ivr/release"
)

// Publisher saves, checks and publishes flows, and binds numbers to them.
type Publisher struct {
	release.Store
	Router *acd.Router
	Serves []string // action types of tier 3 that a domain is bound for here
}

// Refused is the error of a flow that may not be published.
type Refused struct{ Findings []lint.Finding }

// Error counts what was found and names the first of it.
func (e *Refused) Error() string {
	bad, warned := lint.Count(e.Findings)
	text := fmt.Sprintf("publish: refused for %d errors and %d warnings", bad, warned)
	for _, f := range e.Findings {
		if f.Severity == flow.Error {
			return text + "; " + f.Problem.String()
		}
	}
	return text
}

// As lets fault.KindOf see that the flow is to blame.
func (e *Refused) As(target any) bool {
	f, ok := target.(**fault.Error)
	if ok {
		*f = &fault.Error{Kind: fault.Invalid, Step: e.Error()}
	}
	return ok
}

// Options are how strict to be.
type Options struct {
	Strict  bool // warnings refuse a flow too
	Consent lint.Consent
}

// Check returns what is wrong with a flow for callers of this tenant.
func (p *Publisher) Check(ctx context.Context, tenant string, f *flow.Flow, o Options) ([]lint.Finding, error) {
	bound, err := p.bound(ctx, tenant, f)
	if err != nil {
		return nil, err
	}
	found := lint.Flow(f, lint.Options{Consent: o.Consent, Bound: bound})
	return append(found, p.unserved(f)...), nil
}

// Publish publishes a flow's draft, or returns a *Refused. The findings of one
// that is published are warnings.
func (p *Publisher) Publish(ctx context.Context, tenant, id string, c release.Change, o Options) (release.Head, []lint.Finding, error) {
	var found []lint.Finding
	h, err := p.Store.Publish(ctx, tenant, id, c, func(f *flow.Flow) error {
		var err error
		if found, err = p.Check(ctx, tenant, f, o); err != nil {
			return err
		}
		if bad, warned := lint.Count(found); bad > 0 || o.Strict && warned > 0 {
			return &Refused{found}
		}
		return nil
	})
	return h, found, err
}

// bound is which of a flow's references exist in a tenant. Functions, prompts
// and bots are not listed anywhere, so nothing is said about them.
func (p *Publisher) bound(ctx context.Context, tenant string, f *flow.Flow) (bind.Map, error) {
	routing, err := p.Router.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	m := bind.Map{bind.Queue: {}, bind.Flow: {}, bind.Module: {}, bind.Hours: {}}
	for _, r := range bind.References(f) {
		if m[r.Kind] == nil || r.Dynamic() || m[r.Kind][r.Value] != "" {
			continue
		}
		known := false
		switch ref := release.ParseRef(r.Value); r.Kind {
		case bind.Queue:
			_, err := routing.Queue(r.Value)
			known = err == nil
		case bind.Hours:
			item, err := p.Table.Get(ctx, acd.HoursKey(tenant, ref.ID), false)
			if err != nil {
				return nil, fault.Wrap(fault.KindOf(err), err, "publish: read hours")
			}
			known = item != nil
		default:
			h, err := p.Head(ctx, tenant, ref.ID)
			if err != nil && !errors.Is(err, release.ErrNoFlow) {
				return nil, err
			}
			_, _, known = h.Resolve(ref.Qualifier, "")
		}
		if known {
			m[r.Kind][r.Value] = r.Value
		}
	}
	return m, nil
}

// unserved finds actions that a domain would have to carry out that is not bound
// here: they would never do but take their error branch.
func (p *Publisher) unserved(f *flow.Flow) []lint.Finding {
	var found []lint.Finding
	for _, a := range f.Actions {
		facts, ok := flow.FactsOf(a.Type)
		if !ok || facts.Tier != 3 && a.Type != "CreateTask" || slices.Contains(p.Serves, a.Type) {
			continue
		}
		if a.Type == "CreateTask" && param.Get(&a, "TaskTemplateId") == flow.TaskVoicemail {
			continue // a message
		}
		problem := flow.Problem{Severity: flow.Error, Action: a.Identifier, Type: a.Type, Field: "Type",
			Message: room(a.Type) + " are not bound here; call your own with InvokeLambdaFunction"}
		if facts.Tier != 3 { // it has to have an error branch, and takes it
			problem.Severity, problem.Message = flow.Warning, "tasks are not bound here: the error branch will be taken"
		}
		found = append(found, lint.Finding{Rule: lint.UnboundReference, Problem: problem})
	}
	return found
}

// room names the domain of a tier 3 action.
func room(kind string) string {
	switch {
	case strings.Contains(kind, "Case"):
		return "cases"
	case strings.Contains(kind, "Profile"):
		return "customer profiles"
	case strings.HasSuffix(kind, "TagContact"):
		return "tags"
	}
	return "paused contacts"
}
