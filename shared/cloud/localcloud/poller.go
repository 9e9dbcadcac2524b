package localcloud

import (
	"context"
	"crypto/md5" // the event's own checksum field, no security rests on it
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

// QueueHandler is a function that takes queue events, as Lambda calls it.
type QueueHandler func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// Poller is an event source mapping of a queue. Messages that the handler does
// not report are deleted; reported ones, and all of them after an error, come
// again after Visible.
type Poller struct {
	Queue       string
	Function    string // name in Counters; "" = the queue's
	Handler     QueueHandler
	Batch       int           // most messages of one event; 0 = 10
	Concurrency int           // calls at one time; 0 = 2
	Timeout     time.Duration // of one call; 0 = 30 s
	Visible     time.Duration // 0 = 6 × Timeout
}

type poller struct{ Poller }

// Poll registers a poller. Call it before Run or the first Step.
func (c *Cloud) Poll(p Poller) error {
	if _, err := c.queueOptions(p.Queue); err != nil {
		return err
	}
	if p.Function == "" {
		p.Function = p.Queue
	}
	if p.Batch == 0 {
		p.Batch = maxReceive
	}
	if p.Concurrency == 0 {
		p.Concurrency = 2
	}
	if p.Timeout == 0 {
		p.Timeout = 30 * time.Second
	}
	if p.Visible == 0 {
		p.Visible = 6 * p.Timeout
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pollers = append(c.pollers, &poller{p})
	return nil
}

func (c *Cloud) pollerReady(p *poller) bool {
	due := c.due(p.Queue)
	return !due.IsZero() && !due.After(c.now())
}

// poll gives the next messages to the poller's handler. It reports false if
// there were none.
func (c *Cloud) poll(ctx context.Context, p *poller) (bool, error) {
	if err := c.alive(); err != nil {
		return false, err
	}
	got, err := c.take(p.Queue, p.Batch, wholeSeconds(p.Visible))
	if err != nil || len(got) == 0 {
		return false, err
	}
	done, err := c.handMessages(ctx, p, got)
	if dead := c.alive(); dead != nil {
		return false, dead
	}
	if err != nil {
		c.opt.Log.WarnContext(ctx, "queue batch failed", "queue", p.Queue, "messages", len(got), "err", err)
	}
	for _, m := range done {
		if err := c.remove(p.Queue, m.receipt()); err != nil {
			return true, err
		}
	}
	return true, nil
}

// handMessages calls the handler and returns the messages that are done.
func (c *Cloud) handMessages(ctx context.Context, p *poller, got []message) ([]message, error) {
	c.countInvoke(p.Function)
	e := events.SQSEvent{Records: make([]events.SQSMessage, len(got))}
	for i, m := range got {
		e.Records[i] = messageEvent(p.Queue, m)
	}
	callCtx, cancel := c.limited(ctx, p.Timeout)
	defer cancel()
	r, err := guarded(func() (events.SQSEventResponse, error) { return p.Handler(callCtx, e) })
	if err != nil {
		return nil, err
	}
	if callCtx.Err() != nil {
		return nil, fault.Wrap(fault.Timeout, callCtx.Err(), "queue poller")
	}
	done := slices.Clone(got)
	for _, f := range r.BatchItemFailures {
		i := slices.IndexFunc(done, func(m message) bool { return m.uuid() == f.ItemIdentifier })
		if i < 0 && !slices.ContainsFunc(got, func(m message) bool { return m.uuid() == f.ItemIdentifier }) {
			return nil, nil // Lambda takes an unknown id as the failure of the whole batch
		}
		if i >= 0 {
			done = slices.Delete(done, i, i+1)
		}
	}
	return done, nil
}

// messageEvent makes the event of a message, in the shape that Lambda gets.
func messageEvent(queue string, m message) events.SQSMessage {
	sum := md5.Sum(m.body)
	return events.SQSMessage{
		MessageId:     m.uuid(),
		ReceiptHandle: m.receipt(),
		Body:          string(m.body),
		Md5OfBody:     hex.EncodeToString(sum[:]),
		Attributes: map[string]string{
			"ApproximateReceiveCount":          strconv.Itoa(m.count),
			"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
			"SenderId":                         Account,
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
		},
		MessageAttributes: map[string]events.SQSMessageAttribute{},
		EventSource:       "aws:sqs",
		EventSourceARN:    "arn:aws:sqs:" + Region + ":" + Account + ":" + queue,
		AWSRegion:         Region,
	}
}
