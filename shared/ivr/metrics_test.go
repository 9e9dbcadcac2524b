package ivr

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// waits lets n more contacts wait in the queue, a minute apart and ending now.
func (w *world) waits(n int) {
	w.Helper()
	for i := range n {
		c := &contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprintf("0e000000-0000-7000-8000-%012d", i)), State: contact.InFlow, Since: w.clock.Now(),
			Channel: contact.Voice, Method: contact.Inbound, Customer: phone.MustParse("+8613900139000"), Initiated: w.clock.Now()}
		if err := w.router.Begin(w.ctx, c); err != nil {
			w.Fatal(err)
		}
		if _, err := w.router.Enqueue(w.ctx, tenant, c.ID, acd.Request{Queue: "loans"}); err != nil {
			w.Fatal(err)
		}
		w.clock.Advance(time.Minute)
	}
}

func TestACheckedMetric(t *testing.T) {
	free := func(w *world) {
		if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
			w.Fatal(err)
		}
	}
	tests := []struct {
		name, metric, queue, value string
		play                       func(w *world)
		want                       string
	}{
		{"nobody waits", "NumberOfContactsInQueue", "loans", "0", func(*world) {}, "yes"},
		{"two wait", "NumberOfContactsInQueue", "loans", "2", func(w *world) { w.waits(2) }, "yes"},
		{"the oldest has waited two minutes, in seconds", "OldestContactInQueueAgeSeconds", "loans", "120", func(w *world) { w.waits(2) }, "yes"},
		{"nobody is the oldest", "OldestContactInQueueAgeSeconds", "loans", "0", func(*world) {}, "yes"},
		{"an agent is available", "NumberOfAgentsAvailable", "loans", "1", free, "yes"},
		{"none is", "NumberOfAgentsAvailable", "loans", "1", func(*world) {}, "other"},
		{"who is free is staffed, before a line says so", "NumberOfAgentsStaffed", "loans", "1", free, "yes"},
		{"two are staffed, one has a break", "NumberOfAgentsStaffed", "loans", "2", func(w *world) { w.staff("AVAILABLE", "MISSED", "AWAY", "OFFLINE") }, "yes"},
		{"three are online", "NumberOfAgentsOnline", "loans", "3", func(w *world) { w.staff("AVAILABLE", "MISSED", "AWAY", "OFFLINE") }, "yes"},
		{"a queue that does not exist", "NumberOfContactsInQueue", "nowhere", "0", func(*world) {}, "error"},
		{"no queue at all", "NumberOfContactsInQueue", "", "0", func(*world) {}, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.play(w)
			w.runs(node{id: "check", kind: "CheckMetricData", params: `{"MetricType":"` + tt.metric + `","QueueId":"` + tt.queue + `"}`, next: "other",
				when: map[string]string{tt.value: "yes"}, errs: map[string]string{"NoMatchingError": "error", "NoMatchingCondition": "other"}},
				say("yes"), say("other"), say("error"))
			w.hears(tt.want)
		})
	}
}

func TestMetricsThatAFlowReadsOut(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"of the queue", `{"QueueId":"loans"}`, "Loans: 3, 180 s, 0 free, [0]"},
		{"of its calls", `{"QueueId":"loans","QueueChannel":"Voice"}`, "Loans: 3, 180 s, 0 free, [0]"},
		{"of its chats", `{"QueueId":"loans","QueueChannel":"Chat"}`, "oops"},
		{"of an agent", `{"AgentId":"lin"}`, "oops"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.waits(3)
			w.runs(node{id: "get", kind: "GetMetricData", params: tt.params, next: "tell", errs: map[string]string{"NoMatchingError": "oops"}},
				node{id: "tell", kind: "MessageParticipant", next: "bye", errs: map[string]string{"NoMatchingError": "bye"},
					params: `{"Text":"$.Metrics.Queue.Name: $.Metrics.Queue.Size, $.Metrics.Queue.OldestContactAge s, $.Metrics.Agents.Available.Count free, [$.Metrics.Agents.Online.Count]"}`},
				say("oops"))
			w.hears(tt.want)
			if tt.want == "oops" && !strings.Contains(w.log.String(), "cannot be done") {
				t.Errorf("the log does not say why: %s", w.log.String())
			}
		})
	}
}

// TestMetricsWhileTheTableIsGone is an error, whichever request fails: the relay
// asks again.
func TestMetricsWhileTheTableIsGone(t *testing.T) {
	w := newWorld(t)
	w.runs(node{id: "get", kind: "GetMetricData", params: `{"QueueId":"loans"}`, next: "bye", errs: map[string]string{"NoMatchingError": "bye"}})
	e := w.event(sma.NewInboundCall, nil)
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if strings.Contains(c.Key.Part, "|G#") {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	if _, err := w.service.Handle(w.ctx, e); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without a table: %v", err)
	}
	w.cloud.SetFaults(localcloud.Faults{})
	w.wants(w.handle(e), "Hangup A")
}
