package template

import (
	"testing"

	acd "huawu/functions/acd/handler"
	event "huawu/functions/event/handler"
)

// The laptop passes over what AWS passes over: onebox takes the patterns from the
// handlers, and the template has to say the same.
func TestStreamFiltersAreThoseOfTheHandlers(t *testing.T) {
	root := load(t)["template.yaml"]
	for function, want := range map[string]string{"AcdFunction": acd.Filter, "EventFunction": event.Filter} {
		filters := list(at(root.resources[function], "Properties", "Events", "Changes", "Properties", "FilterCriteria", "Filters"))
		if len(filters) != 1 || text(at(filters[0], "Pattern")) != want {
			t.Errorf("%s: filters %v, want only %s", function, filters, want)
		}
	}
}
