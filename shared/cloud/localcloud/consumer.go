package localcloud

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

// StreamHandler is a function that takes stream events, as Lambda calls it.
type StreamHandler func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)

// Consumer is an event source mapping of the table's stream. Its place in each
// shard is kept under its name.
//
// Batches of a shard come one after the other. After a failure the stream goes
// on from the lowest reported sequence number (the whole batch if none is
// known), with growing pauses. A batch that does not move at all is halved until
// the record that fails is alone; that one is retried Retries times and then
// told to OnFailure, and the shard moves on.
type Consumer struct {
	Name      string
	Handler   StreamHandler
	Filter    string        // pattern of FilterCriteria; what it refuses is passed over without a call; "" = all
	Batch     int           // most records of one event; 0 = 100
	Timeout   time.Duration // of one call; 0 = 30 s
	Retries   int           // 0 = 5
	MaxAge    time.Duration // of a record; 0 = 1 h
	OnFailure string        // queue that is told of what was given up; "" = only the log
	Latest    bool          // a new name starts at the end of the stream, not at its beginning
}

// maxConsumers is how many readers a shard of a DynamoDB stream bears.
const maxConsumers = 2

// lane is one consumer in one shard.
type lane struct {
	Consumer
	filter   filter
	shard    int
	at       uint64    // everything up to it is done
	work     [][]entry // read and not done, in order; the first is next
	attempts int       // of the first
	retryAt  time.Time
	repeated int // times in a row that a handled batch was given again
}

// Subscribe registers a consumer. Call it before Run or the first Step. A third
// consumer is fault.Invalid: DynamoDB would throttle all of them.
func (c *Cloud) Subscribe(s Consumer) error {
	if s.Batch == 0 {
		s.Batch = 100
	}
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	if s.Retries == 0 {
		s.Retries = 5
	}
	if s.MaxAge == 0 {
		s.MaxAge = time.Hour
	}
	only, err := parseFilter(s.Filter)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "subscribe %s", s.Name)
	}
	if n := len(c.lanes) / c.shards; n == maxConsumers {
		return fault.New(fault.Invalid, "subscribe %s: a shard bears no more than %d readers", s.Name, n)
	}
	for shard := range c.shards {
		at, known, err := c.position(s.Name, shard)
		if err != nil {
			return err
		}
		if !known {
			if s.Latest {
				at = c.end(shard)
			}
			if err := c.advance(s.Name, shard, at); err != nil {
				return err
			}
		}
		c.mu.Lock()
		c.lanes = append(c.lanes, &lane{Consumer: s, filter: only, shard: shard, at: at})
		c.mu.Unlock()
	}
	return nil
}

func (c *Cloud) end(shard int) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastSeq[shard]
}

// ready reports whether the lane has something to deliver now.
func (c *Cloud) laneReady(l *lane) bool {
	if len(l.work) > 0 {
		return !c.now().Before(l.retryAt)
	}
	return c.end(l.shard) > l.at
}

// deliver gives the next batch to the lane's handler. It reports false if there
// was nothing to deliver.
func (c *Cloud) deliver(ctx context.Context, l *lane) (bool, error) {
	if err := c.alive(); err != nil {
		return false, err
	}
	if len(l.work) == 0 {
		batch, last, err := c.readStream(l.shard, l.at, l.Batch, l.filter)
		if err != nil || last == l.at {
			return false, err
		}
		if len(batch) == 0 {
			l.at = last
			return true, c.advance(l.Name, l.shard, last)
		}
		l.work, l.attempts = [][]entry{batch}, 0
		if due := batch[0].at.Add(c.fault().StreamDelay); c.now().Before(due) {
			l.retryAt = due
			return false, nil
		}
	}
	batch := l.work[0]
	if c.age(batch[0].at) > l.MaxAge {
		return true, c.giveUp(ctx, l, 1, "RecordAgeExceeded")
	}
	failed, err := c.hand(ctx, l, batch)
	if dead := c.alive(); dead != nil {
		return false, dead
	}
	if err != nil && ctx.Err() != nil {
		return false, nil // stopped: the batch comes again after the next start
	}
	if err != nil {
		c.opt.Log.WarnContext(ctx, "stream batch failed", "consumer", l.Name, "shard", l.shard, "records", len(batch), "attempt", l.attempts+1, "err", err)
	}
	return true, c.settle(ctx, l, failed)
}

// hand calls the handler and returns how many records of the batch are done.
func (c *Cloud) hand(ctx context.Context, l *lane, batch []entry) (done int, err error) {
	c.countInvoke(l.Name)
	e := events.DynamoDBEvent{Records: make([]events.DynamoDBEventRecord, len(batch))}
	for i := range batch {
		e.Records[i] = batch[i].event
	}
	callCtx, cancel := c.limited(ctx, l.Timeout)
	defer cancel()
	r, err := guarded(func() (events.DynamoDBEventResponse, error) { return l.Handler(callCtx, e) })
	if err != nil {
		return 0, err
	}
	if callCtx.Err() != nil {
		return 0, fault.Wrap(fault.Timeout, callCtx.Err(), "stream consumer")
	}
	done = len(batch)
	for _, f := range r.BatchItemFailures {
		i := slices.IndexFunc(batch, func(b entry) bool { return b.event.Change.SequenceNumber == f.ItemIdentifier })
		if i < 0 {
			return 0, nil // Lambda takes an unknown id as the failure of the whole batch
		}
		done = min(done, i)
	}
	return done, nil
}

// settle moves the lane on after a call that did so many records of its first
// batch.
func (c *Cloud) settle(ctx context.Context, l *lane, done int) error {
	batch := l.work[0]
	if done == len(batch) {
		if l.repeated < 2 && c.chance(c.fault().RepeatEvents) {
			l.repeated++ // as if the checkpoint had been lost
			return nil
		}
		l.repeated = 0
		return c.pass(l, done)
	}
	if done > 0 {
		if err := c.pass(l, done); err != nil {
			return err
		}
	} else if half := len(batch) / 2; half > 0 {
		l.work = append([][]entry{batch[:half], batch[half:]}, l.work[1:]...)
	} else if l.attempts++; l.attempts > l.Retries {
		return c.giveUp(ctx, l, 1, "RetryAttemptsExhausted")
	}
	l.retryAt = c.now().Add(pause(l.attempts))
	return nil
}

// pause is the time before the next attempt.
func pause(attempts int) time.Duration {
	return min(100*time.Millisecond<<min(attempts, 10), 30*time.Second)
}

// pass takes the first n records of the first batch as done.
func (c *Cloud) pass(l *lane, n int) error {
	last := l.work[0][n-1].seq
	if err := c.advance(l.Name, l.shard, last); err != nil {
		return err
	}
	l.at, l.attempts, l.retryAt = last, 0, time.Time{}
	if l.work[0] = l.work[0][n:]; len(l.work[0]) == 0 {
		l.work = l.work[1:]
	}
	return nil
}

// giveUp tells the on-failure queue of the first n records and moves on. The
// message is Lambda's: where the records were, not what they hold.
func (c *Cloud) giveUp(ctx context.Context, l *lane, n int, condition string) error {
	lost := l.work[0][:n]
	c.opt.Log.ErrorContext(ctx, "stream records given up", "consumer", l.Name, "shard", l.shard, "sequence", lost[0].event.Change.SequenceNumber, "records", n, "condition", condition)
	if l.OnFailure != "" {
		body, err := json.Marshal(failureOf(l, lost, condition, c.now()))
		if err != nil {
			return fault.Wrap(fault.Internal, err, "on-failure message")
		}
		if err := c.put(l.OnFailure, body, 0); err != nil {
			return err
		}
	}
	return c.pass(l, n)
}

// failure is the message of a stream's on-failure destination.
// Source: AWS Lambda developer guide, "Retain discarded batches for a DynamoDB
// event source".
type failure struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionArn            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Version   string    `json:"version"`
	Timestamp time.Time `json:"timestamp"`
	Batch     struct {
		ShardID        string    `json:"shardId"`
		Start          string    `json:"startSequenceNumber"`
		End            string    `json:"endSequenceNumber"`
		ArrivalOfFirst time.Time `json:"approximateArrivalOfFirstRecord"`
		ArrivalOfLast  time.Time `json:"approximateArrivalOfLastRecord"`
		BatchSize      int       `json:"batchSize"`
		StreamArn      string    `json:"streamArn"`
	} `json:"DDBStreamBatchInfo"`
}

func failureOf(l *lane, lost []entry, condition string, now time.Time) failure {
	f := failure{Version: "1.0", Timestamp: now}
	f.RequestContext.RequestID = lost[0].event.EventID
	f.RequestContext.FunctionArn = functionARN(l.Name)
	f.RequestContext.Condition = condition
	f.RequestContext.ApproximateInvokeCount = l.attempts
	last := lost[len(lost)-1]
	f.Batch.ShardID, f.Batch.StreamArn, f.Batch.BatchSize = shardID(l.shard), StreamARN, len(lost)
	f.Batch.Start, f.Batch.End = lost[0].event.Change.SequenceNumber, last.event.Change.SequenceNumber
	f.Batch.ArrivalOfFirst, f.Batch.ArrivalOfLast = lost[0].at, last.at
	return f
}

func functionARN(name string) string {
	return "arn:aws:lambda:" + Region + ":" + Account + ":function:" + name
}

// fault returns the faults as they are now.
func (c *Cloud) fault() Faults {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults
}

// limited bounds a call in real time. A simulation has no deadline: its time
// stands still while a handler runs.
func (c *Cloud) limited(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if c.opt.Manual {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// guarded turns a panic of a handler into an error: the process of a Lambda
// function ends by it, ours must not.
func guarded[T any](call func() (T, error)) (out T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "handler panicked: %v", p)
		}
	}()
	return call()
}

// firstDue returns the earliest of some instants, ignoring zero ones.
func firstDue(at []time.Time) time.Time {
	at = slices.DeleteFunc(at, time.Time.IsZero)
	if len(at) == 0 {
		return time.Time{}
	}
	sort.Slice(at, func(i, j int) bool { return at[i].Before(at[j]) })
	return at[0]
}
