// Package handler is the function that offers waiting contacts to agents. It
// takes the table's stream, the queue of timers and the rule of each minute, and
// leaves all decisions to shared/acd.
package handler

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/acd/pace"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/fault"
)

// Filter is what of the stream the function is called for: contacts and agents.
// Relay leases, which change every second, are of no tenant.
const Filter = `{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"PK":{"S":[{"anything-but":{"prefix":"_|"}}]},"SK":{"S":["META",{"prefix":"ACW#"},"TALK"]}}}}`

// Handler takes the events of the acd function.
type Handler struct{ router *acd.Router }

// New returns a handler over a table, and a queue that reaches acd.TimerQueue
// and the relays.
func New(t cloud.Table, q cloud.Queue, run acd.Runtime) *Handler {
	return &Handler{pace.Router(t, q, run)}
}

// Every is how often the rule calls the function to sweep.
const Every = time.Minute

// Rule is what of the rule's event tells it from others.
const Rule = `{"source":"aws.events","detail-type":"Scheduled Event"}`

// Handle takes an event of any source and tells them apart by what they say.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var head struct {
		Source  string `json:"source"`
		Records []struct {
			EventSource string `json:"eventSource"`
		} `json:"Records"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read event")
	}
	if head.Source == "aws.events" {
		return nil, h.router.SweepAll(ctx, Every)
	}
	if len(head.Records) == 0 {
		return nil, fault.New(fault.Invalid, "event without records")
	}
	switch source := head.Records[0].EventSource; source {
	case "aws:dynamodb":
		var e events.DynamoDBEvent
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "read stream event")
		}
		return h.HandleStream(ctx, e)
	case "aws:sqs":
		var e events.SQSEvent
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "read queue event")
		}
		return h.HandleQueue(ctx, e)
	default:
		return nil, fault.New(fault.Invalid, "event of unknown source %.40q", source)
	}
}

// HandleStream repairs, sets timers, lets phones ring and matches after each
// change; a record that fails is reported alone, so the good ones behind it go
// on.
func (h *Handler) HandleStream(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error {
		return h.router.HandleChange(ctx, c.Old, c.New)
	})
}

// HandleQueue ends what timers say is over.
func (h *Handler) HandleQueue(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	return lambdaevent.QueueBatch(ctx, e, func(ctx context.Context, m lambdaevent.Message) error {
		return h.router.HandleTimer(ctx, m.Body)
	})
}
