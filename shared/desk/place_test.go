package desk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/event"
)

func TestACustomerKeepsThePlaceInLine(t *testing.T) {
	b, _ := withSIP(t, func(s *SIP) { s.Caller.Allowance.PerAddress, s.Caller.Allowance.Total = 10, 10 })
	id := b.call()
	keep := func(status int, id string) answer {
		t.Helper()
		return b.want(status, "", "POST", "/v1/call/places", `{"contactId":"`+id+`"}`)
	}
	got := keep(201, string(id))
	token, _ := got.body["token"].(string)
	until, err := time.Parse(time.RFC3339, fmt.Sprint(got.body["until"]))
	if err != nil || !until.Equal(b.clock.Now().Add(24*time.Hour)) || strings.Contains(string(got.raw), "5678") {
		t.Errorf("%s", got.raw)
	}
	if _, err := b.router.End(t.Context(), "demo", id, contact.CustomerLeft); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	places := acd.NewPlaces(b.router, strings.NewReader(""))
	q, err := places.Redeem(t.Context(), "demo", token, "loans", "again")
	if err != nil || !q.Came.Equal(b.clock.Now().Add(-time.Minute)) {
		t.Errorf("%+v, %v", q, err)
	}
	over, none := keep(404, string(id)), keep(404, "01938d2c-0000-7abc-8def-000000000009")
	if string(over.raw) != string(none.raw) {
		t.Errorf("who does not wait is told apart: %s, %s", over.raw, none.raw)
	}
	keep(422, "no-uuid")
	b.want(422, "", "POST", "/v1/call/places", `{}`)
	b, _ = withSIP(t, nil)
	for range 3 {
		b.want(404, "", "POST", "/v1/call/places", `{"contactId":"01938d2c-0000-7abc-8def-000000000009"}`)
	}
	if late := b.want(429, "", "POST", "/v1/call/places", `{"contactId":"`+string(b.call())+`"}`); late.Header.Get("Retry-After") == "" {
		t.Error("nobody is told when to come again")
	}
	b, _ = withSIP(t, func(s *SIP) { s.Caller = nil })
	b.want(404, "", "POST", "/v1/call/places", `{"contactId":"`+string(b.call())+`"}`)
}

// ended puts the record of a contact that was told a wait when it came.
func (b *bench) ended(queue string, told contact.Told, waited time.Duration, handled bool) {
	b.t.Helper()
	r := &contact.Record{Contact: contact.Contact{Tenant: "demo", ID: contact.ID(b.newID()), State: contact.Completed, Initiated: told.At, Enqueued: told.At, Queue: queue,
		Disconnected: told.At.Add(waited), Since: told.At.Add(waited), Reason: contact.CustomerLeft}, Told: told}
	if handled {
		r.AgentJoined, r.Dequeued, r.OfferAgent = told.At.Add(waited), told.At.Add(waited), lin
		r.Disconnected = r.AgentJoined.Add(time.Minute)
	}
	i := r.Item()
	k := contact.RecordKey("demo", r.ID, 0)
	i["PK"], i["SK"] = k.Part, k.Sort
	p := event.New(b.cloud.Table(), nil, contact.Instance{}, strings.NewReader(strings.Repeat("s", 32)))
	if err := p.HandleChange(b.t.Context(), event.Change{ID: string(r.ID), At: told.At, New: i}); err != nil {
		b.t.Fatal(err)
	}
}

func TestHowFarEstimatesHeld(t *testing.T) {
	b := newBench(t)
	at := b.clock.Now().Add(-time.Minute)
	told := contact.Told{At: at, Soon: 10 * time.Second, Low: 30 * time.Second, Mean: 40 * time.Second, High: 90 * time.Second}
	for _, waited := range []time.Duration{5, 10, 30, 60, 90, 91} {
		b.ended("loans", told, waited*time.Second, true)
	}
	b.ended("loans", told, 95*time.Second, false)
	b.ended("loans", told, 20*time.Second, false)
	b.ended("cards", told, 20*time.Second, false)
	b.ended("plain", contact.Told{}, 20*time.Second, true)
	boss := b.token("demo", lin, auth.Supervisor)
	got := b.want(200, boss, "GET", "/v1/calibration", "")
	want := "[map[answered:0 innerPercent:<nil> leftLate:0 meanErrorSeconds:0 queue:cards withinHigh:0 withinLow:0 withinSoon:0] " +
		"map[answered:6 innerPercent:50 leftLate:1 meanErrorSeconds:32.7 queue:loans withinHigh:5 withinLow:3 withinSoon:2]]"
	if fmt.Sprint(got.body["queues"]) != want {
		t.Errorf("%v\nwant %s", got.body["queues"], want)
	}
	got = b.want(200, boss, "GET", "/v1/calibration?day=2020-01-01", "")
	if fmt.Sprint(got.body["queues"]) != "[]" || got.body["day"] != "2020-01-01" {
		t.Errorf("%v", got.body)
	}
	b.want(http.StatusUnprocessableEntity, boss, "GET", "/v1/calibration?day=soon", "")
}
