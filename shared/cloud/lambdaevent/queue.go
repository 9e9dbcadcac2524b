package lambdaevent

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Message is one message of a queue.
type Message struct {
	ID    string // the same for each delivery of one message
	Queue string // name of the queue, as AWS knows it (with any prefix)
	Body  []byte
	Count int       // how often it was received, this time included
	Sent  time.Time // zero if not told
}

// QueueBatch hands each message of a queue event to do and reports those that
// failed: they come again after the visibility time-out, and after the last
// receive the queue moves them to its dead-letter queue. A failed message holds
// up no other (standard queues have no order).
//
// Once 80 % of the time of ctx is over no further message is taken; the rest is
// reported unlogged and comes again.
func QueueBatch(ctx context.Context, e events.SQSEvent, do func(context.Context, Message) error) (events.SQSEventResponse, error) {
	var failed []events.SQSBatchItemFailure
	inTime := guard(ctx)
	for i, r := range e.Records {
		if i > 0 && !inTime() {
			failed = append(failed, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			continue
		}
		m := ToMessage(r)
		if err := guarded(func() error { return do(ctx, m) }); err != nil {
			logFailed(ctx, m.Queue, m.ID, "", err)
			failed = append(failed, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: failed}, nil
}

// ToMessage reads one queue message. Attributes that are absent or not numbers
// are left at their zero, but Count is at least 1.
func ToMessage(r events.SQSMessage) Message {
	m := Message{ID: r.MessageId, Body: []byte(r.Body), Queue: r.EventSourceARN[strings.LastIndexByte(r.EventSourceARN, ':')+1:]}
	m.Count, _ = strconv.Atoi(r.Attributes["ApproximateReceiveCount"])
	m.Count = max(m.Count, 1)
	if ms, err := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64); err == nil {
		m.Sent = time.UnixMilli(ms).UTC()
	}
	return m
}
