// Package queue is cloud.Queue over SQS standard queues. It decides which URL a
// queue's name stands for; delivery, order and dead letters are the queue's own
// business, as the template sets them up.
package queue

import (
	"context"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// Limits of the port, and of SQS.
const (
	maxBody    = 256 << 10
	maxDelay   = 15 * time.Minute
	maxVisible = 12 * time.Hour
	maxWait    = 20 * time.Second
	maxReceive = 10
)

// patience outlasts a long poll.
var patience = awscloud.Patience{Answer: maxWait + 5*time.Second, Attempts: 4, Backoff: time.Second}

// Queue is all queues whose URLs begin alike. It is safe for use by many goroutines.
type Queue struct {
	sqs    *sqs.Client
	prefix string
}

var _ cloud.Queue = (*Queue)(nil)

// New returns the queues below cfg.QueuePrefix.
func New(cfg awscloud.Config) (*Queue, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.QueuePrefix == "" {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvQueuePrefix)
	}
	return &Queue{prefix: cfg.QueuePrefix, sqs: sqs.New(sqs.Options{
		Region: cfg.Region, BaseEndpoint: cfg.BaseEndpoint(), Credentials: cfg.Provider(),
		HTTPClient: cfg.HTTPClient(patience), Retryer: patience.Retryer(),
	})}, nil
}

func (q *Queue) url(name string) *string { return aws.String(q.prefix + name) }

// Send puts a message on a queue. A send whose answer was lost is repeated, so a
// message may be there twice: a queue delivers at least once anyway.
func (q *Queue) Send(ctx context.Context, queue string, m cloud.Message) error {
	if m.Delay < 0 || m.Delay > maxDelay { // LocalStack takes more than SQS does
		return fault.New(fault.Invalid, "queue %s: delay %v", queue, m.Delay)
	}
	if len(m.Body) == 0 || len(m.Body) > maxBody || !allowed(m.Body) {
		return fault.New(fault.Invalid, "queue %s: body of %d bytes is empty, too long or no text", queue, len(m.Body))
	}
	_, err := q.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: q.url(queue), MessageBody: aws.String(string(m.Body)), DelaySeconds: seconds(m.Delay)})
	return awscloud.Wrap(err, "queue %s: send", queue)
}

// allowed reports whether a body holds only the characters that SQS takes.
func allowed(body []byte) bool {
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		if (r == utf8.RuneError && n == 1) || (r < 0x20 && r != '\t' && r != '\n' && r != '\r') || r == 0xfffe || r == 0xffff {
			return false
		}
		body = body[n:]
	}
	return true
}

// seconds rounds up: nothing comes before its time.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// Receive returns messages, waiting for the first. The queue's own default for
// the wait must be 0, as the SDK does not send a wait of 0 (tests/template).
func (q *Queue) Receive(ctx context.Context, queue string, max int, wait, visible time.Duration) ([]cloud.Received, error) {
	if max < 1 || max > maxReceive || wait < 0 || wait > maxWait || visible < 0 || visible > maxVisible {
		return nil, fault.New(fault.Invalid, "queue %s: receive %d, wait %v, visible %v", queue, max, wait, visible)
	}
	out, err := q.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.url(queue), MaxNumberOfMessages: int32(max),
		WaitTimeSeconds: seconds(wait), VisibilityTimeout: seconds(visible),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp}})
	if err != nil {
		return nil, awscloud.Wrap(err, "queue %s: receive", queue)
	}
	got := make([]cloud.Received, len(out.Messages))
	for i, m := range out.Messages {
		got[i] = cloud.Received{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: []byte(aws.ToString(m.Body)),
			Count:  number(m, types.MessageSystemAttributeNameApproximateReceiveCount),
			Waited: waited(m)}
	}
	if visible == 0 {
		q.giveBack(ctx, queue, got)
	}
	return got, nil
}

// number reads an attribute that is one; 0 if it is absent.
func number(m types.Message, name types.MessageSystemAttributeName) int {
	n, _ := strconv.Atoi(m.Attributes[string(name)])
	return n
}

// waited is the time between two instants of the queue's clock, in milliseconds
// since 1970 both.
func waited(m types.Message) time.Duration {
	first, sent := number(m, types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp), number(m, types.MessageSystemAttributeNameSentTimestamp)
	if first == 0 || sent == 0 {
		return 0
	}
	return max(0, time.Duration(first-sent)*time.Millisecond)
}

// giveBack makes messages visible again at once: the SDK does not send a
// VisibilityTimeout of 0, and the queue's own time-out holds instead. If this
// fails they come back when that is over.
func (q *Queue) giveBack(ctx context.Context, queue string, got []cloud.Received) {
	if len(got) == 0 {
		return
	}
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(got))
	for i, m := range got {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.Receipt)}
	}
	_, _ = q.sqs.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: q.url(queue), Entries: entries})
}

// Delete ends a message.
func (q *Queue) Delete(ctx context.Context, queue, receipt string) error {
	_, err := q.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: q.url(queue), ReceiptHandle: &receipt})
	return awscloud.Wrap(err, "queue %s: delete", queue)
}

// Extend hides a received message for longer, or gives it back.
func (q *Queue) Extend(ctx context.Context, queue, receipt string, visible time.Duration) error {
	if visible < 0 || visible > maxVisible {
		return fault.New(fault.Invalid, "queue %s: visible %v", queue, visible)
	}
	_, err := q.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: q.url(queue), ReceiptHandle: &receipt, VisibilityTimeout: seconds(visible)})
	return awscloud.Wrap(err, "queue %s: extend", queue)
}
