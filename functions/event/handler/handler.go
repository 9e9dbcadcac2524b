// Package handler reads the table's stream and tells what happened: list rows,
// and events for whoever wants them. What a change means is decided by
// shared/event; here only records are read and errors reported.
package handler

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
)

// Filter is what of the stream the function is called for: contacts, agents,
// segments that were left, records and recordings.
const Filter = `{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"PK":{"S":[{"anything-but":{"prefix":"_|"}}]},"SK":{"S":["META",{"prefix":"REC"},{"prefix":"ACW#"},"TALK"]}}}}`

// Config is what the function is told by its main.
type Config struct {
	Instance contact.Instance
	Now      func() time.Time // time.Now if nil
}

// Handler is the function's code.
type Handler struct {
	publisher *event.Publisher
}

// New returns a handler over the ports it needs. Its outlets are the queue
// of webhooks, for the types that a tenant's endpoints want, and that of pages.
func New(t cloud.Table, q cloud.Queue, c Config) *Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	webhooks := event.Outlet{Queue: crm.Queue, Wants: crm.NewEndpoints(t, c.Now).Wants}
	return &Handler{event.New(t, q, c.Instance, rand.Reader, webhooks).ToLive()}
}

// Handle tells of each change of a batch. A record that fails is reported alone,
// so the good ones behind it go on.
func (h *Handler) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error {
		return h.publisher.HandleChange(ctx, event.Change{ID: c.ID, At: c.At, Old: c.Old, New: c.New})
	})
}
