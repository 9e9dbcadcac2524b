package handler

import (
	"log/slog"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud/localcloud"
)

// FuzzHandle gives bodies of messages: whatever stands there, the batch is
// answered, and a message is at most reported as failed. No body may name a
// recording, for whose index item the handler would wait.
func FuzzHandle(f *testing.F) {
	raw, err := os.ReadFile("testdata/created.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(`{"Event":"s3:TestEvent"}`)
	f.Add(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"recordings/%zz"}}}]}`)
	c, err := localcloud.Open(localcloud.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	loud := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // each refusal is a line
	f.Cleanup(func() { slog.SetDefault(loud) })
	h := New(c.Table(), c.Blobs())
	f.Fuzz(func(t *testing.T, body string) {
		r, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: body}}})
		if err != nil || len(r.BatchItemFailures) > 1 {
			t.Fatalf("%v, %v", r, err)
		}
	})
}
