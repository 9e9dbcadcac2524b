package sim

import (
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"huawu/shared/acd"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/sma"
	"huawu/tests/sim/history"
)

// Tenant is the tenant of every simulation.
const Tenant = "demo"

// timerVisible is how long a message of timers is hidden while it is handled.
const timerVisible = 30 * time.Second

// relayID is the only relay, and its queue.
const relayID = "relay-1"

// Options say what a run is like.
type Options struct {
	Seed   uint64
	Faults localcloud.Faults
	// Timers lets the timers of routing come early, late and twice. Never is the
	// chance that one never comes; then the sweeper looks every few seconds.
	Timers bool
	Never  float64
	// Yields is the chance, 0 to 1, that something else happens in the middle
	// of a function, before one of its requests; Pauses that it stands still
	// there for seconds; Aborts that it ends there.
	Yields, Pauses, Aborts float64
	// Deaf is the chance that acd never hears of a record of the stream.
	Deaf float64
	// Mute is the chance that the relay never tells that a phone did not answer.
	Mute float64
	// Skew is how far the clocks of the machines that functions run on may be
	// from the true time, either way.
	Skew time.Duration
	// Vanish is the chance that an agent who is offered a contact is gone: the
	// desk is closed, the device rings and rings. Browsers is the chance that two
	// browsers of one agent accept the same offer, the second perhaps late.
	Vanish, Browsers float64
	// Rush lets all of a wave call within two seconds, and more agents than usual
	// come in the same moment.
	Rush bool
	// History keeps what is asked of the table, for World.Histories.
	History bool
	Log     *slog.Logger
}

// World is one run.
type World struct {
	opt   Options
	ctx   context.Context
	start time.Time
	clock *localcloud.Clock
	rand  *rand.Rand

	cloud    *localcloud.Cloud
	machines []machine
	recorder *history.Recorder // nil unless Options.History
	digest   digest
	outside  *outside
	stepping bool // in cloud.Step
	nested   int  // depth of yields
	paused   bool // a function stands still
	deleted  bool // the queue "old"
	crash    crash

	fair    bool // nothing fails any more
	dead    bool // the process has died and was not started again
	life    int  // how often it was started
	due     dueHeap
	ready   []task
	order   int
	relay   *relay
	agents  []*person
	callers map[string]*caller
	checker *checker
	deaths  int
}

// task is something that can happen now.
type task struct {
	life int // of the process that it belongs to; 0 = it outlives processes
	run  func()
}

// timed is a task that happens at a time.
type timed struct {
	at    time.Time
	order int
	task
}

type dueHeap []timed

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}

// Push adds an element; it is for package heap.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(timed)) }

// Pop removes the last element; it is for package heap.
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// New makes a world with queues and flows and nobody in it.
func New(ctx context.Context, opt Options) (*World, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	start := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	w := &World{opt: opt, ctx: ctx, start: start, clock: localcloud.NewClock(start), rand: rand.New(rand.NewPCG(opt.Seed, 7)), callers: map[string]*caller{}}
	w.digest.begin()
	w.relay = newRelay(w)
	w.checker = newChecker(w)
	w.outside = newOutside(w)
	if err := w.open(); err != nil {
		return nil, err
	}
	for _, put := range configuration() {
		if _, err := w.cloud.Table().Write(ctx, put); err != nil {
			return nil, err
		}
	}
	if err := w.outside.configure(); err != nil {
		return nil, err
	}
	if _, err := w.cloud.Drain(ctx, 1000); err != nil {
		return nil, err
	}
	w.cloud.ResetCounters()
	return w, nil
}

// Calm ends all faults.
func (w *World) Calm() {
	w.fair = true
	w.outside.refuses = 0
	w.Begin(localcloud.Faults{})
}

// Begin lets faults begin; before it the weather is fair.
func (w *World) Begin(faults localcloud.Faults) {
	life := w.life
	faults.Dead = func() { w.dead = w.life == life }
	w.cloud.SetFaults(faults)
}

// open starts the process: the functions over the cloud as it was left.
func (w *World) open() error {
	opt := localcloud.Options{Manual: true, Seed: w.opt.Seed + uint64(w.life)*1000, Now: w.clock.Now, Log: w.opt.Log,
		Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: relayID}, {Name: sma.CallQueue}, {Name: "crm"}}}
	var err error
	if w.cloud == nil {
		w.cloud, err = localcloud.Open(opt)
	} else {
		w.cloud, err = w.cloud.Reopen(opt)
	}
	if err != nil {
		return err
	}
	w.life++
	w.dead = false
	t, q := w.recorded(&table{w.cloud.Table(), w}), &queue{w.cloud.Queue(), w}
	w.boot(t, q)
	return errors.Join(
		w.cloud.Subscribe(localcloud.Consumer{Name: "acd", Retries: 50, Handler: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			w.checker.stream(ctx, e) // a shard bears two readers: the checker reads with acd
			return w.machine().acd.HandleStream(w.invoked("acd stream"), w.heard(e))
		}}),
		w.cloud.Poll(localcloud.Poller{Queue: acd.TimerQueue, Visible: timerVisible, Handler: func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			return w.machine().acd.HandleQueue(w.invoked("acd queue"), e)
		}}),
		w.cloud.Poll(localcloud.Poller{Queue: relayID, Handler: w.relay.commands, Visible: 5 * time.Second}),
		w.cloud.Poll(localcloud.Poller{Queue: sma.CallQueue, Handler: w.relay.place, Visible: 3 * time.Second}),
		w.outside.open(t, q),
	)
}

// newID makes UUIDs of version 7 that the seed decides.
func (w *World) newID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(w.clock.Now().UnixMilli())<<16)
	w.order++
	binary.BigEndian.PutUint64(b[8:], uint64(w.order))
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// after lets something happen later, in whatever process lives then.
func (w *World) after(d time.Duration, run func()) { w.schedule(d, task{run: run}) }

// inProcess lets something happen later if this process still lives.
func (w *World) inProcess(d time.Duration, run func()) { w.schedule(d, task{w.life, run}) }

func (w *World) schedule(d time.Duration, t task) {
	w.order++
	heap.Push(&w.due, timed{w.clock.Now().Add(max(0, d)), w.order, t})
}

// soon lets something happen next, in an order that the seed decides.
func (w *World) soon(run func()) { w.ready = append(w.ready, task{w.life, run}) }

// between returns a duration by chance.
func (w *World) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rand.Int64N(int64(to-from)+1))
}

// Run lets time go on until an instant after the start, or an error.
func (w *World) Run(until time.Duration) error {
	end := w.start.Add(until)
	for range maxSteps {
		if w.dead {
			if err := w.restart(); err != nil {
				return err
			}
		}
		if over, err := w.advance(end); over || err != nil {
			return err
		}
	}
	return fmt.Errorf("no end after %d steps at %s", maxSteps, w.clock.Now().Sub(w.start))
}

// advance lets one thing happen, or time go on to the next; over is true at the
// end.
func (w *World) advance(end time.Time) (over bool, err error) {
	happened, err := w.one()
	if happened || err != nil || w.dead {
		return false, err
	}
	if err := w.checker.quiet(); err != nil {
		return false, err
	}
	next := w.next()
	if next.IsZero() || next.After(end) {
		w.clock.AdvanceTo(end)
		return true, nil
	}
	w.clock.AdvanceTo(next)
	w.collect()
	return false, nil
}

const maxSteps = 2_000_000

// one lets one thing happen that can happen now.
func (w *World) one() (bool, error) {
	if len(w.ready) > 0 && w.rand.IntN(2) == 0 && w.oneTask() {
		return true, nil
	}
	w.stepping = true
	done, err := w.cloud.Step(w.ctx)
	w.stepping = false
	switch {
	case w.dead:
		return true, nil
	case err != nil:
		return false, err
	case done:
		return true, w.checker.failed()
	}
	return w.oneTask(), w.checker.failed()
}

// oneTask runs one of the tasks that are ready, and reports whether there was one.
func (w *World) oneTask() bool {
	for len(w.ready) > 0 {
		n := w.rand.IntN(len(w.ready))
		t := w.ready[n]
		w.ready = append(w.ready[:n], w.ready[n+1:]...)
		if t.life != 0 && t.life != w.life {
			continue // it died with its process
		}
		t.run()
		return true
	}
	return false
}

func (w *World) next() time.Time {
	next := w.cloud.Next()
	if len(w.due) > 0 && (next.IsZero() || w.due[0].at.Before(next)) {
		next = w.due[0].at
	}
	return next
}

// collect makes ready what is due.
func (w *World) collect() {
	for len(w.due) > 0 && !w.due[0].at.After(w.clock.Now()) {
		w.ready = append(w.ready, heap.Pop(&w.due).(timed).task)
	}
}

// restart starts the process again after its death: what was acknowledged is
// there, all else is gone.
func (w *World) restart() error {
	w.deaths++
	w.ready = slices.DeleteFunc(w.ready, func(t task) bool { return t.life != 0 })
	if err := w.open(); err != nil {
		return err
	}
	w.Begin(localcloud.Faults{}) // one death a run
	w.relay.restart()
	return nil
}
