package handler

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	machine "huawu/functions/acd/handler"
	"huawu/shared/acd"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/ivr"
	"huawu/shared/sma"
)

func TestAnEventAsTheRelaySendsIt(t *testing.T) {
	c, err := localcloud.Open(localcloud.Options{Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const flow = `{"Version": "2019-10-30", "StartAction": "hello", "Metadata": {"type": "CONTACT_FLOW"}, "Actions": [
	 {"Identifier": "hello", "Type": "MessageParticipant", "Parameters": {"Text": "您好"}, "Transitions": {"NextAction": "bye", "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}], "Conditions": []}},
	 {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}`
	if _, err := c.Table().Write(t.Context(), ivr.PutFlow("demo", "hello", "hello", []byte(flow), 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Table().Write(t.Context(), ivr.Number{Flow: "hello", Language: "zh-CN"}.Put("demo")); err != nil { // any number
		t.Fatal(err)
	}
	h := New(Ports{Table: c.Table(), Queue: c.Queue(), Functions: c.Invoker()}, ivr.Config{}, machine.Machine(slog.New(slog.DiscardHandler)))

	raw, err := os.ReadFile("testdata/new_inbound_call.json")
	if err != nil {
		t.Fatal(err)
	}
	var e sma.Event
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	r, err := h.Handle(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"SchemaVersion":"1.0"`, `"Type":"Speak"`, `"Text":"您好"`, `"LanguageCode":"`, `"Type":"Hangup"`, `"CallId":"0193a1f0-0000-7000-8000-00000000000a"`} {
		if !strings.Contains(string(out), part) {
			t.Errorf("the answer %s has no %s", out, part)
		}
	}
	i, err := c.Table().Get(t.Context(), contact.Key("demo", "0193a1f0-0000-7000-8000-000000000001"), true)
	if got := contact.FromItem(i); err != nil || got == nil || got.State != contact.InFlow || got.System.Full() != "95000" {
		t.Errorf("contact %+v, %v", got, err)
	}
}
