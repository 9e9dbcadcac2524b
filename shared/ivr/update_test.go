package ivr

import (
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// transfers are the last nodes of a flow that sends the caller to a queue.
func transfers(queue string) []node {
	return []node{
		{id: "target", kind: "UpdateContactTargetQueue", params: `{"QueueId":"` + queue + `"}`, next: "wait", errs: map[string]string{"NoMatchingError": "oops"}},
		{id: "wait", kind: "TransferContactToQueue", next: "oops", errs: map[string]string{"NoMatchingError": "oops", "QueueAtCapacity": "oops"}},
		say("oops"),
	}
}

func update(kind, params string) node {
	return node{id: "update", kind: kind, params: params, next: "target", errs: map[string]string{"NoMatchingError": "oops"}}
}

func TestWhatAFlowSetsOfItsContact(t *testing.T) {
	w := newWorld(t)
	w.runs(append([]node{
		{id: "data", kind: "UpdateContactData", next: "lookup", errs: map[string]string{"NoMatchingError": "oops"},
			params: `{"Name":"repair","Description":"no light","LanguageCode":"en-GB","CustomerId":"c-7","References":{"order":{"Type":"STRING","Value":"4711"}}}`},
		{id: "lookup", kind: "InvokeLambdaFunction", params: `{"LambdaFunctionARN":"balance","InvocationTimeLimitSeconds":"3"}`, next: "target", errs: map[string]string{"NoMatchingError": "oops"}},
	}, transfers("loans")...)...)
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "PlayLoop A")
	if c := w.contact(); c.State != contact.Queued || c.Language != "en-GB" {
		t.Errorf("the contact is %s and speaks %q", c.State, c.Language)
	}
	for _, field := range []string{`"Name":"repair"`, `"Description":"no light"`, `"LanguageCode":"en-GB"`, `"CustomerId":"c-7"`, `"4711"`} {
		if !strings.Contains(w.invoked[0], field) {
			t.Errorf("the function got %s, without %s", w.invoked[0], field)
		}
	}
}

func TestARelatedContactIsRefused(t *testing.T) {
	for kind, params := range map[string]string{
		"UpdateContactData":       `{"Name":"repair","TargetContact":"Related"}`,
		"UpdateContactAttributes": `{"Attributes":{"a":"b"},"TargetContact":"Related"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.runs(append([]node{update(kind, params)}, transfers("loans")...)...)
			w.hears("oops")
			if !strings.Contains(w.log.String(), "no related contact") {
				t.Errorf("the log does not say why: %s", w.log.String())
			}
		})
	}
}

func TestTheOrderThatAFlowSetsBeforeTheQueue(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, kind, params string
		priority           int
		from               time.Time
		logged             string
	}{
		{"nothing is set", "UpdateContactAttributes", `{"Attributes":{"a":"b"}}`, acd.DefaultPriority, noon, ""},
		{"a priority", "UpdateContactRoutingBehavior", `{"QueuePriority":"2"}`, 2, noon, ""},
		{"an age in the queue", "UpdateContactRoutingBehavior", `{"QueueTimeAdjustmentSeconds":"300"}`, acd.DefaultPriority, noon.Add(-5 * time.Minute), ""},
		{"a place further behind", "UpdateContactRoutingBehavior", `{"QueueTimeAdjustmentSeconds":"-60"}`, acd.DefaultPriority, noon.Add(time.Minute), ""},
		{"routing criteria", "UpdateContactRoutingCriteria",
			`{"RoutingCriteria":{"Steps":[{"Expression":{"AttributeCondition":{"Name":"Product","Value":"loan","ProficiencyLevel":3,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}]}}`, acd.DefaultPriority, noon, ""},
		{"routing criteria that cannot be served", "UpdateContactRoutingCriteria",
			`{"RoutingCriteria":{"Steps":[{"Expression":{"OrExpression":[{"AttributeCondition":{"Name":"Product","Value":"loan"}}]}}]}}`, acd.DefaultPriority, noon, "criteria are not observed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.runs(append([]node{update(tt.kind, tt.params)}, transfers("loans")...)...)
			w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "PlayLoop A")
			c := w.contact()
			if want := (acd.Queue{}).Rank(tt.priority, tt.from); c.Priority != tt.priority || c.Rank != want {
				t.Errorf("priority %d at place %s, want %d at %s", c.Priority, c.Rank, tt.priority, want)
			}
			if !strings.Contains(w.log.String(), tt.logged) {
				t.Errorf("the log does not say %q: %s", tt.logged, w.log.String())
			}
			if tt.name == "routing criteria" && (len(c.Steps) != 1 || c.Steps[0].Needs["loan"] != 3) {
				t.Errorf("it asks for %+v", c.Steps)
			}
		})
	}
}

// TestAPlaceInTheQueueChanges: what the queue flow sets counts at once.
func TestAPlaceInTheQueueChanges(t *testing.T) {
	w := newWorld(t)
	w.put(PutFlow(tenant, "jumps", "jumps", document("CUSTOMER_QUEUE",
		node{id: "jump", kind: "UpdateContactRoutingBehavior", params: `{"QueuePriority":"1"}`, next: "music", errs: map[string]string{"NoMatchingError": "refused"}},
		node{id: "music", kind: "MessageParticipantIteratively", params: `{"Messages":[{"Text":"music"}]}`, next: "bye", errs: map[string]string{"NoMatchingError": "bye"}},
		say("refused")), 1))
	w.runs(append([]node{{id: "hooks", kind: "UpdateContactEventHooks", params: `{"EventHooks":{"CustomerQueue":"jumps"}}`, next: "target",
		errs: map[string]string{"NoMatchingError": "oops"}}}, transfers("loans")...)...)
	w.wants(w.handle(w.event(sma.NewInboundCall, nil)), "PlayLoop A")
	if c := w.contact(); c.State != contact.Queued || c.Priority != 1 {
		t.Errorf("contact %s with priority %d, log %s", c.State, c.Priority, w.log.String())
	}
}
