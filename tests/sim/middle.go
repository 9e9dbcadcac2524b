package sim

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/tests/sim/history"
)

// invocation is one call of a function.
type invocation struct {
	name    string
	aborted bool
}

// invocationKey finds the invocation in its context.
type invocationKey struct{}

// invoked returns a context of a new invocation.
func (w *World) invoked(name string) context.Context { return w.invokedBy(w.ctx, name) }

func (w *World) invokedBy(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, invocationKey{}, &invocation{name: name})
}

var errAborted = fault.New(fault.Internal, "the function was aborted")

// crash is the point at which one invocation of a run ends.
type crash struct {
	at   int    // the n-th request of all invocations, from 1; 0 = nowhere
	done bool   // the request is done, and its answer not heard
	who  string // whose request it was, "" = the run had fewer
	seen int
}

// before lets things happen before a request of a function, which may end there.
// The error of an invocation that ends only after its request is told by after.
func (w *World) before(ctx context.Context) (after, err error) {
	w.yield()
	w.pause()
	i, ok := ctx.Value(invocationKey{}).(*invocation)
	if !ok {
		return nil, nil
	}
	if w.crash.seen++; w.crash.at == w.crash.seen {
		w.crash.who, i.aborted = i.name, true
		if w.crash.done {
			return errAborted, nil
		}
	}
	i.aborted = i.aborted || w.opt.Aborts > 0 && !w.fair && w.rand.Float64() < w.opt.Aborts
	if i.aborted {
		return nil, errAborted
	}
	return nil, nil
}

// pause lets a function stand still for some seconds, while all else goes on.
func (w *World) pause() {
	if w.dead || w.stepping || w.paused || w.opt.Pauses == 0 || w.rand.Float64() >= w.opt.Pauses {
		return
	}
	w.paused = true
	defer func() { w.paused = false }()
	for end := w.clock.Now().Add(w.between(time.Second, 4*time.Second)); !w.dead; {
		if over, err := w.advance(end); over || err != nil {
			return // what the checker found, it finds again
		}
	}
}

// yield lets something else happen in the middle of a function.
func (w *World) yield() {
	if w.dead || w.nested >= w.depth() || w.opt.Yields == 0 || w.rand.Float64() >= w.opt.Yields {
		return
	}
	w.nested++
	defer func() { w.nested-- }()
	if !w.oneTask() && !w.stepping {
		w.stepping = true
		defer func() { w.stepping = false }()
		_, _ = w.cloud.Step(w.ctx) // what fails comes again
	}
}

// depth is how many functions may stand still at once in the middle of another.
func (w *World) depth() int {
	if w.opt.Rush {
		return 12
	}
	return 3
}

// table is the cloud's table, with something else happening before a request.
type table struct {
	cloud.Table
	w *World
}

// Get is the table's.
func (t *table) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	after, err := t.w.before(ctx)
	if err != nil {
		return nil, err
	}
	i, err := t.Table.Get(ctx, k, strong)
	return i, cmp.Or(after, err)
}

// Query is the table's.
func (t *table) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	after, err := t.w.before(ctx)
	if err != nil {
		return nil, nil, err
	}
	page, next, err := t.Table.Query(ctx, q)
	return page, next, cmp.Or(after, err)
}

// Write is the table's.
func (t *table) Write(ctx context.Context, x cloud.Write) (cloud.Item, error) {
	after, err := t.w.before(ctx)
	if err != nil {
		return nil, err
	}
	i, err := t.Table.Write(ctx, x)
	t.w.trace(err, x)
	return i, cmp.Or(after, err)
}

// Transact is the table's.
func (t *table) Transact(ctx context.Context, token string, x ...cloud.Write) error {
	after, err := t.w.before(ctx)
	if err != nil {
		return err
	}
	err = t.Table.Transact(ctx, token, x...)
	t.w.trace(err, x...)
	return cmp.Or(after, err)
}

// trace tells a write to the log, for a seed that is run again.
func (w *World) trace(err error, all ...cloud.Write) {
	for _, x := range all {
		w.opt.Log.Debug("write", "at", w.clock.Now().Sub(w.start), "depth", w.nested, "part", x.Key.Part, "sort", x.Key.Sort,
			"state", x.Set["state"], "epoch", x.Set["epoch"], "put", x.Put != nil, "delete", x.Delete, "if", x.If, "error", err)
	}
}

// recorded is a table whose history is kept, if the options ask for it.
func (w *World) recorded(t cloud.Table) cloud.Table {
	switch {
	case !w.opt.History:
		return t
	case w.recorder == nil:
		w.recorder = history.New()
	}
	return w.recorder.Table(t)
}

// Histories returns what was asked of the table about each contact, agent and
// record; empty without Options.History.
func (w *World) Histories() map[cloud.Key][]porcupine.Operation {
	if w.recorder == nil {
		return nil
	}
	return w.recorder.Histories()
}

// queue is the cloud's queues, with timers that come when they like.
type queue struct {
	cloud.Queue
	w *World
}

// Send is the queue's. A timer may come at half its time (once: no queue is that
// wrong again and again), up to half a minute late, or twice.
func (q *queue) Send(ctx context.Context, name string, m cloud.Message) error {
	after, err := q.w.before(ctx)
	if err != nil {
		return err
	}
	if name == acd.TimerQueue && q.w.opt.Never > 0 && q.w.rand.Float64() < q.w.opt.Never {
		return after
	}
	if name == acd.TimerQueue && q.w.opt.Timers {
		switch q.w.rand.IntN(6) {
		case 0:
			if bytes.Contains(m.Body, []byte(`"again"`)) {
				break
			}
			m.Delay = (m.Delay / 2).Truncate(time.Second)
		case 1:
			m.Delay = min(m.Delay+q.w.between(0, 30*time.Second).Truncate(time.Second), 15*time.Minute)
		case 2:
			if err := q.Queue.Send(ctx, name, m); err != nil {
				return err
			}
		}
	}
	return cmp.Or(after, q.Queue.Send(ctx, name, m))
}

// heard leaves out of an event what acd is never to hear of. Of a contact that is
// complete it hears, as a record that a crash has left out is put by the stream
// alone; and of callbacks, which have no call that a sweep could know them by.
func (w *World) heard(e events.DynamoDBEvent) events.DynamoDBEvent {
	if w.opt.Deaf > 0 && !w.fair {
		e.Records = slices.DeleteFunc(slices.Clone(e.Records), func(r events.DynamoDBEventRecord) bool {
			i, err := lambdaevent.ToItem(r.Change.NewImage)
			return w.rand.Float64() < w.opt.Deaf && err == nil &&
				i.Str(contact.AttrState) != string(contact.Completed) && i.Str("method") != string(contact.Callback)
		})
	}
	return e
}

// each hands every record of a stream event to do.
func each(ctx context.Context, e events.DynamoDBEvent, do func(context.Context, lambdaevent.Change) error) (events.DynamoDBEventResponse, error) {
	return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error { return do(ctx, c) })
}
