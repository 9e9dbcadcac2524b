package handler

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/crm"
	"huawu/shared/event"
)

// A server on this machine stands for the receiver: real time, real network, a
// signature that the reference library accepts, and a hanging neighbour.
func TestAReceiverGetsASignedEventThoughItsNeighbourHangs(t *testing.T) {
	c, err := localcloud.Open(localcloud.Options{Manual: true, Queues: []localcloud.QueueOptions{{Name: crm.Queue}}})
	if err != nil {
		t.Fatal(err)
	}
	var secret string
	var took atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Error(err)
		}
		if err := hook.Verify(b, r.Header); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		took.Add(1)
	}))
	defer srv.Close()
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	for id, url := range map[string]string{"good": srv.URL, "hanging": hanging.URL} {
		e, s, err := crm.NewEndpoint(t.Context(), c.Keys(), crm.Guard{AllowLoopback: true}, time.Now(), "demo", id, url, event.Queued)
		if err != nil {
			t.Fatal(err)
		}
		if id == "good" {
			secret = s
		}
		if _, err := c.Table().Write(t.Context(), e.Put()); err != nil {
			t.Fatal(err)
		}
	}
	m, err := json.Marshal(event.Message{ID: "e1", Tenant: "demo", Type: event.Queued, At: time.Now(), Entity: "C#1", Seq: 3, Detail: json.RawMessage(`{"detail":{"contactId":"1"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	go func() { // the neighbour hangs until the good one was served
		for deadline := time.Now().Add(20 * time.Second); took.Load() == 0 && time.Now().Before(deadline); {
			<-time.After(5 * time.Millisecond)
		}
		close(release)
	}()
	h := New(c.Table(), c.Queue(), c.Keys(), Config{Local: true})
	r, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m1", Body: string(m)}, {MessageId: "m2", Body: "{"}}})
	if err != nil || len(r.BatchItemFailures) != 1 || r.BatchItemFailures[0].ItemIdentifier != "m2" {
		t.Errorf("Handle = %v, %v", r, err)
	}
	if took.Load() != 1 {
		t.Errorf("the receiver took %d", took.Load())
	}
}

func TestWithoutLocalModeThisMachineIsNotReached(t *testing.T) {
	c, err := localcloud.Open(localcloud.Options{Manual: true, Queues: []localcloud.QueueOptions{{Name: crm.Queue}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer srv.Close()
	e, _, err := crm.NewEndpoint(t.Context(), c.Keys(), crm.Guard{AllowLoopback: true}, time.Now(), "demo", "x", srv.URL, event.Queued)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Table().Write(t.Context(), e.Put()); err != nil {
		t.Fatal(err)
	}
	body := `{"id":"e1","tenant":"demo","type":"contact.queued","at":"2026-03-04T12:00:00Z","entity":"C#1","seq":3,"detail":{}}`
	r, err := New(c.Table(), c.Queue(), c.Keys(), Config{}).Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m1", Body: body}}})
	if err != nil || len(r.BatchItemFailures) != 0 {
		t.Errorf("Handle = %v, %v", r, err)
	}
	got, err := c.Table().Get(t.Context(), cloud.Key{Part: "demo|H#x#C#1", Sort: "00000000000000000003"}, true)
	if err != nil || got.Int("attempts") != 1 {
		t.Errorf("delivery %v, %v", got, err)
	}
}
