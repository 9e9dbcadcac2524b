// Package handler reads the table's stream and tells what happened: list rows,
// and events for whoever wants them. What a change means is decided by
// shared/event; here only records are read and errors reported.
package handler

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
)

// Filter is what of the stream the function is called for: contacts, agents,
// segments that were left, records, recordings and notices.
const Filter = `{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"PK":{"S":[{"anything-but":{"prefix":"_|"}}]},"SK":{"S":["META",{"prefix":"REC"},{"prefix":"ACW#"},{"prefix":"NOTICE#"},"TALK"]}}}}`

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

// Handle tells pages of a batch of changes, then outlets of each. A record that
// fails is reported alone, so the good ones behind it go on; all are if pages could
// not be told.
func (h *Handler) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var batch []event.Change
	for _, c := range lambdaevent.Changes(e) {
		batch = append(batch, changeOf(c))
	}
	untold := h.publisher.Tell(ctx, batch)
	return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error {
		return errors.Join(untold, h.publisher.HandleChange(ctx, changeOf(c)))
	})
}

func changeOf(c lambdaevent.Change) event.Change {
	return event.Change{ID: c.ID, At: c.At, Old: c.Old, New: c.New}
}
