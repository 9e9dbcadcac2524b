package interp

import (
	"maps"
	"slices"

	"huawu/shared/flow"
)

// updateContactEventHooks is UpdateContactEventHooks: it binds a flow to an
// event of the contact. DisableExecution in EventHooksConfiguration unbinds it.
// Source: Amazon Connect flow language, "UpdateContactEventHooks"; exports for
// EventHooksConfiguration.
type updateContactEventHooks struct {
	EventHooks              map[string]flow.Template
	EventHooksConfiguration map[string]struct {
		DisableExecution flow.Template
	}
}

func (a *updateContactEventHooks) execute(r *run) result {
	hooks := maps.Clone(r.s.Hooks)
	if hooks == nil {
		hooks = map[Hook]string{}
	}
	for name, ref := range a.EventHooks {
		hook := Hook(name)
		if isTrue(r.expand(a.EventHooksConfiguration[name].DisableExecution)) {
			delete(hooks, hook)
			continue
		}
		id := flow.ResourceID(r.expand(ref))
		if id == "" {
			return r.failed(flow.NoMatchingError)
		}
		hooks[hook] = id
	}
	r.s.Hooks = hooks
	return r.next()
}

func (a *updateContactEventHooks) check(*flow.Transitions) (field, wrong string) {
	names := make([]string, 0, len(Hooks()))
	for _, h := range Hooks() {
		names = append(names, string(h))
	}
	for name := range a.EventHooks {
		if slices.Contains(names, name) {
			continue
		}
		wrong = "there is no such hook"
		if near := flow.Nearest(name, names); near != "" {
			wrong += "; did you mean " + near + "?"
		}
		return "Parameters.EventHooks." + name, wrong
	}
	return "", ""
}
