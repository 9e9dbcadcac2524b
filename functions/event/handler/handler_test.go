package handler

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"huawu/functions/crm/handler"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/phone"
)

type receiver []string

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(req.Body)
	*r = append(*r, string(b))
	return &http.Response{StatusCode: 204, Body: http.NoBody}, err
}

// A contact's record goes through the stream, this function, the queue and the
// webhook function, once, though every event comes more than once.
func TestARecordBecomesOneWebhook(t *testing.T) {
	ctx := context.Background()
	clock := localcloud.NewClock(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: crm.Queue}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Subscribe(localcloud.Consumer{Name: "event", Handler: New(c.Table(), c.Queue(), Config{Now: clock.Now}).Handle}); err != nil {
		t.Fatal(err)
	}
	var got receiver
	hooks := handler.New(c.Table(), c.Queue(), c.Keys(), handler.Config{Client: &http.Client{Transport: &got}, Now: clock.Now})
	if err := c.Poll(localcloud.Poller{Queue: crm.Queue, Handler: hooks.Handle}); err != nil {
		t.Fatal(err)
	}
	e, _, err := crm.NewEndpoint(ctx, c.Keys(), crm.Guard{}, clock.Now(), "demo", "crm", "https://crm.example/", event.Completed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Table().Write(ctx, e.Put()); err != nil {
		t.Fatal(err)
	}
	c.SetFaults(localcloud.Faults{RepeatEvents: 0.5, RepeatMessages: 0.5})
	r := contact.Record{Contact: contact.Contact{Tenant: "demo", ID: "01938d2c-7f1e-7abc-8def-0123456789ab", State: contact.Completed, Since: clock.Now(), Initiated: clock.Now(),
		Disconnected: clock.Now(), Customer: phone.MustParse("+8613800135678"), Reason: contact.FlowEnded}}
	if _, err := c.Table().Write(ctx, r.Put()); err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(ctx, clock, clock.Now().Add(time.Hour), 10_000); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !strings.Contains(got[0], `"type":"contact.completed"`) || !strings.Contains(got[0], "CONTACT_FLOW_DISCONNECT") {
		t.Errorf("webhooks %v", got)
	}
}
