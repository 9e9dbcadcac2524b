package ivr

import (
	"strings"
	"testing"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// TestAQueueThatTakesNobody plays flows with and without a branch for it.
func TestAQueueThatTakesNobody(t *testing.T) {
	const flow = `{"Version":"2019-10-30","StartAction":"target","Metadata":{"type":"CONTACT_FLOW"},"Actions":[
		{"Identifier":"target","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"loans"},"Transitions":{"NextAction":"wait","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"wait","Type":"TransferContactToQueue","Parameters":{},"Transitions":{ERRORS}},
		{"Identifier":"full","Type":"MessageParticipant","Parameters":{"Text":"full"},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"closed","Type":"MessageParticipant","Parameters":{"Text":"closed"},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
		{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	both := `"NextAction":"bye","Errors":[{"NextAction":"full","ErrorType":"QueueAtCapacity"},{"NextAction":"closed","ErrorType":"NoMatchingError"}]`
	const apology = "Speak(系统暂时无法提供服务，请稍后再拨。) A, Hangup A"
	never := cloud.Write{Key: acd.ConfigKey(tenant, "HOURS#never"), Put: cloud.Item{"v": int64(1), "document": `{"timeZone":"UTC","days":[[],[],[],[],[],[],[]]}`}}
	full := acd.Queue{ID: "loans", Group: "main", MaxWaiting: 1}
	tests := []struct {
		name, errors string
		queue        cloud.Write
		want         string
		reason       contact.Reason
	}{
		{"full, with a branch for that", both, full.Put(tenant), "Speak(full) A, Hangup A", contact.FlowEnded},
		{"full, with a branch for any error", `"NextAction":"bye","Errors":[{"NextAction":"closed","ErrorType":"NoMatchingError"}]`, full.Put(tenant), "Speak(closed) A, Hangup A", contact.FlowEnded},
		{"full, without a branch", ``, full.Put(tenant), apology, contact.Other},
		{"closed, with a branch", both, acd.Queue{ID: "loans", Group: "main", Hours: "never", AfterHours: acd.Refuse}.Put(tenant), "Speak(closed) A, Hangup A", contact.FlowEnded},
		{"closed, without a branch", ``, acd.Queue{ID: "loans", Group: "main", Hours: "never", AfterHours: acd.Refuse}.Put(tenant), apology, contact.Other},
		{"after hours in a circle", both, acd.Queue{ID: "loans", Group: "main", Hours: "never", AfterHours: "loans"}.Put(tenant), "Speak(closed) A, Hangup A", contact.FlowEnded},
		{"deleted", both, cloud.Write{Key: acd.ConfigKey(tenant, "QUEUE#loans"), Delete: true}, "Hangup A", contact.FlowEnded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(PutFlow(tenant, "menu", "menu", []byte(strings.Replace(flow, "ERRORS", tt.errors, 1)), 2), never, tt.queue)
			other := &contact.Contact{Tenant: tenant, ID: "other", State: contact.InFlow, Since: w.clock.Now(), Channel: contact.Voice, Initiated: w.clock.Now()}
			if err := w.router.Begin(w.ctx, other); err != nil {
				t.Fatal(err)
			}
			_, _ = w.router.Enqueue(w.ctx, tenant, "other", acd.Request{Queue: "loans"}) // waits, if the queue takes anybody
			got := w.handle(w.event(sma.NewInboundCall, nil))
			for strings.HasPrefix(got, "Speak(") && !strings.Contains(got, "Hangup") { // said before the flow goes on
				text := strings.TrimSuffix(strings.TrimPrefix(got, "Speak("), ") A")
				got += ", " + w.handle(w.event(sma.ActionSuccessful, done(&sma.Speak{Target: sma.On(callA), Speech: sma.Speech{Text: text}})))
			}
			w.wants(got, tt.want)
			w.handle(w.hangup(0, ""))
			if c := w.contact(); c.State != contact.Completed || c.Reason != tt.reason {
				t.Errorf("the contact is %s %s, want it ended by %s", c.State, c.Reason, tt.reason)
			}
		})
	}
}
