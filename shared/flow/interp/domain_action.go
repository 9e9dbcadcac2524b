package interp

import (
	"encoding/json"
	"maps"
	"slices"

	"huawu/shared/flow"
)

// domainAction is every action that another domain carries out: customer
// profiles, cases (tickets here), tasks and tags. Its parameters go there with
// all references resolved; what comes back is $.Customer, $.Case or $.Task. They
// differ in nothing else, so they share this file; each has cases of its own.
// Source: Amazon Connect flow language, "GetCustomerProfile" and the others.
type domainAction struct {
	kind string
	raw  json.RawMessage
}

// load keeps the parameters as they are.
func (a *domainAction) load(raw json.RawMessage) { a.raw = raw }

func (a *domainAction) execute(r *run) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	reply, ok := r.answer.(DataReply)
	if !ok {
		return r.effect(Data{Type: a.kind, Parameters: r.resolve(a.raw)})
	}
	if reply.Namespace != "" {
		data := maps.Clone(r.s.Data)
		if data == nil {
			data = map[string]json.RawMessage{}
		}
		data[reply.Namespace] = reply.Value
		r.s.Data = data
	}
	return r.next()
}

// isDomain reports whether a type is a domainAction.
func isDomain(kind string) bool {
	if kind == "CreateTask" {
		return true
	}
	facts, ok := flow.FactsOf(kind)
	return ok && facts.Tier == 3
}

// Needs returns the action types of a program that another domain has to carry
// out. Who publishes a flow refuses it while one of them is not bound.
func (p *Program) Needs() []string {
	seen := map[string]bool{}
	for _, s := range p.steps {
		if isDomain(s.kind) {
			seen[s.kind] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
