// Package handler checks each recording that was stored: the object is whole and
// its index item is there. It decides nothing else: what fails comes again and
// ends in the dead-letter queue, where an alarm hangs. It holds no key and hears
// nothing.
package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// patience is how long the index item is waited for, which the relay puts after
// the object: most notifications overtake it by some milliseconds.
const patience = 3 * time.Second

// Handler is the function's code.
type Handler struct {
	store recording.Store
}

// New returns a handler over the ports it needs.
func New(t cloud.Table, b cloud.Blobs) *Handler {
	return &Handler{store: recording.Store{Table: t, Blobs: b}}
}

// Handle checks the objects that a batch of S3 notifications names. A message
// with an object that is not in order is reported and comes again.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdaevent.QueueBatch(ctx, e, h.message)
}

func (h *Handler) message(ctx context.Context, m lambdaevent.Message) error {
	var n struct {
		events.S3Event
		Event string // "s3:TestEvent", once, when the notification is set up
	}
	if err := json.Unmarshal(m.Body, &n); err != nil {
		return fault.Wrap(fault.Invalid, err, "read S3 notification")
	}
	if len(n.Records) == 0 && n.Event != "s3:TestEvent" {
		return fault.New(fault.Invalid, "S3 notification without records")
	}
	for _, r := range n.Records {
		if !strings.HasPrefix(r.EventName, "ObjectCreated:") {
			continue
		}
		if err := h.check(ctx, r.S3.Object.URLDecodedKey); err != nil {
			return err
		}
	}
	return nil
}

// check waits for the index item for a moment before it reports that it is missing.
func (h *Handler) check(ctx context.Context, key string) error {
	for pause, waited := 50*time.Millisecond, time.Duration(0); ; pause *= 2 {
		x, err := h.store.Check(ctx, key)
		if err == nil {
			slog.InfoContext(ctx, "recording is whole", "recording", x.Subject.String(), "seconds", int(x.Duration().Seconds()), "flags", int(x.Flags))
			return nil
		}
		if fault.KindOf(err) != fault.Unavailable || waited >= patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
			waited += pause
		}
	}
}
