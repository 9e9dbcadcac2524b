package ivr

import (
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/hours"
)

// weekdays are 9 to 18 in Shanghai. The clock of a world stands on a Friday at 20.
func weekdays(t *testing.T, closes int) hours.Hours {
	t.Helper()
	h := hours.Hours{Name: "weekdays", TimeZone: "Asia/Shanghai"}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Days[day] = []hours.Span{{From: 9 * 60, To: closes * 60}}
	}
	h, err := hours.New(h)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (w *world) putHours(id string, h hours.Hours, version int64) {
	w.Helper()
	write, err := acd.PutHours(tenant, id, h, version)
	if err != nil {
		w.Fatal(err)
	}
	w.put(write)
}

// asksHours is a flow that asks for hours of operation, after it has set a queue
// if it names one.
func asksHours(queue, id string) []node {
	check := node{id: "check", kind: "CheckHoursOfOperation", params: `{"HoursOfOperationId":"` + id + `"}`, next: "oops",
		when: map[string]string{"True": "open", "False": "closed"}, errs: map[string]string{"NoMatchingError": "unknown"}}
	nodes := []node{check, say("open"), say("closed"), say("unknown"), say("oops")}
	if queue == "" {
		return nodes
	}
	target := node{id: "target", kind: "UpdateContactTargetQueue", params: `{"QueueId":"` + queue + `"}`, next: "check", errs: map[string]string{"NoMatchingError": "oops"}}
	return append([]node{target}, nodes...)
}

func TestHoursOfOperation(t *testing.T) {
	tests := []struct {
		name, queue, id, want string
	}{
		{"inside the hours", "", "late", "open"},
		{"outside of them", "", "weekdays", "closed"},
		{"named by an ARN", "", "arn:aws:connect:eu-central-1:123456789012:instance/x/operating-hours/late", "open"},
		{"the queue's own", "night", "", "open"},
		{"the flow's go before the queue's", "night", "weekdays", "closed"},
		{"a queue without hours", "loans", "", "unknown"},
		{"neither hours nor a queue", "", "", "unknown"},
		{"hours that do not exist", "", "nowhere", "unknown"},
		{"hours that are broken", "", "broken", "unknown"},
		{"an id that no table takes", "", strings.Repeat("x", 2000), "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.putHours("weekdays", weekdays(t, 18), 1)
			w.putHours("late", weekdays(t, 22), 1)
			w.put(acd.Queue{ID: "night", Group: "main", Hours: "late"}.Put(tenant),
				cloud.Write{Key: acd.HoursKey(tenant, "broken"), Put: cloud.Item{contact.AttrVersion: int64(1), "document": `{"timeZone":"Mars"}`}})
			w.runs(asksHours(tt.queue, tt.id)...)
			w.hears(tt.want)
		})
	}
}

func TestHoursAreReadAnewAfterHalfAMinute(t *testing.T) {
	w := newWorld(t)
	w.putHours("service", weekdays(t, 18), 1)
	open := func() bool {
		t.Helper()
		h, known, err := w.service.router.Hours(w.ctx, tenant, "service")
		if err != nil || !known {
			t.Fatalf("known %v, %v", known, err)
		}
		return h.Open(w.clock.Now())
	}
	if open() {
		t.Error("open at 20")
	}
	w.putHours("service", weekdays(t, 22), 2)
	if open() {
		t.Error("read anew at once: each call would cost a read")
	}
	w.clock.Advance(configAge + time.Second)
	if !open() {
		t.Error("closed after the hours have changed")
	}
	w.clock.Advance(configAge + time.Second)
	w.cloud.SetFaults(localcloud.Faults{Down: 1})
	if !open() {
		t.Error("closed while the table is gone")
	}
}
