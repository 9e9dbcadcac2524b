package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
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
