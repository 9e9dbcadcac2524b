package main

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	acdhandler "huawu/functions/acd/handler"
	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/tests/sim"
)

const tenant = "demo"

// Times of the machine that the functions run on.
const (
	streamDelay = 250 * time.Millisecond // a stream is read four times a second
	turnEvery   = 50 * time.Millisecond  // how often deliveries are looked for
	downFor     = 3 * time.Second        // after a death of the process
	settled     = 8 * time.Second        // after a death, until which it may catch up
	lookEvery   = time.Second            // how often I-4 is checked
	keptFor     = 5 * time.Minute        // completed contacts are deleted then
	afterwards  = 2 * time.Hour          // how long the last calls may take
)

// Options say what a day is like.
type Options struct {
	Agents, Calls int // how many agents; calls an hour, as a mean of the day
	From, Hours   int // the hour it begins with, and how many
	Deaths        int // of the process, spread over the day
	Lost          bool
	Seed          uint64
	Told          func(*Day) // called each virtual second; nil: nobody
}

// world is a day under way.
type world struct {
	Options
	ctx   context.Context
	begin time.Time // midnight of the day
	start time.Time // when calls begin to come …
	end   time.Time // … and cease
	clock *localcloud.Clock
	rand  *rand.Rand

	cloud *localcloud.Cloud
	desk  *acd.Router         // what desks and flows ask
	acd   *acdhandler.Handler // the function
	ids   uint64
	due   schedule
	turn  time.Time // next look for deliveries

	dead      bool
	died      time.Time // last
	centre    *centre
	agents    []*person
	byID      map[string]*person
	calls     map[contact.ID]*call
	checker   *checker
	day       *Day
	requests  map[string]int64
	lostAt    time.Time // when all sockets were lost
	connected time.Time // first talk with an agent who was back
}

// newWorld returns the centre's world at midnight, with nobody in it.
func newWorld(ctx context.Context, o Options) *world {
	midnight := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	w := &world{Options: o, ctx: ctx, begin: midnight, start: midnight.Add(time.Duration(o.From) * time.Hour), rand: rand.New(rand.NewPCG(o.Seed, 24)),
		calls: map[contact.ID]*call{}, byID: map[string]*person{}, requests: map[string]int64{}}
	w.end = w.start.Add(time.Duration(o.Hours) * time.Hour)
	w.clock = localcloud.NewClock(w.start.Add(-10 * time.Minute)) // agents come before calls do
	w.day = newDay(o)
	w.checker = newChecker(w)
	return w
}

// Run lets a day go by. What must not be is counted and told in the Day; the error
// is for what keeps a day from going on.
func Run(ctx context.Context, o Options) (*Day, error) {
	w := newWorld(ctx, o)
	if err := errors.Join(w.open(), w.settle()); err != nil {
		return nil, err
	}
	began := sim.Spent()
	err := w.pass()
	w.count()
	w.day.finish(w, sim.Spent()-began)
	if ctx.Err() != nil {
		w.day.Stopped = w.clock.Now()
	}
	return w.day, err
}

// open starts the process: the functions over the cloud as it was left.
func (w *world) open() error {
	opt := localcloud.Options{Manual: true, Seed: w.Seed + w.ids, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}}
	var err error
	if w.cloud == nil {
		w.cloud, err = localcloud.Open(opt)
	} else {
		w.count()
		w.cloud, err = w.cloud.Reopen(opt)
	}
	if err != nil {
		return err
	}
	w.dead = false
	w.cloud.SetFaults(localcloud.Faults{StreamDelay: streamDelay})
	t := &watched{w.cloud.Table(), w}
	run := acd.Runtime{Now: w.clock.Now, NewID: w.newID, Rand: w.rand.Float64, Log: slog.New(slog.DiscardHandler),
		Sleep: func(context.Context, time.Duration) error { return nil }}
	w.desk, w.acd = acd.NewRouter(t, w.cloud.Queue(), run), acdhandler.New(t, w.cloud.Queue(), run)
	return errors.Join(
		w.cloud.Subscribe(localcloud.Consumer{Name: "acd", Retries: 50, Filter: acdhandler.Filter, Handler: w.stream}),
		w.cloud.Poll(localcloud.Poller{Queue: acd.TimerQueue, Handler: w.acd.HandleQueue}),
	)
}

// count adds up the requests of a cloud before it is left.
func (w *world) count() {
	for op, n := range w.cloud.Counters().Requests {
		w.requests[op] += n
	}
}

// stream is the acd function, and the push to the desks that goes out with it.
func (w *world) stream(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	r, err := w.acd.HandleStream(ctx, e)
	if err != nil || w.dead {
		return r, err
	}
	for _, record := range e.Records {
		now := record.Change.NewImage
		if text(now, contact.AttrState) != string(contact.Offered) || text(now, contact.AttrOffer) == text(record.Change.OldImage, contact.AttrOffer) {
			continue
		}
		if _, id, ok := contact.ParseKey(cloud.Key{Part: text(now, cloud.AttrPart), Sort: contact.SortMeta}); ok {
			w.rings(w.calls[id], contact.OfferID(text(now, contact.AttrOffer)), w.byID[text(now, contact.AttrOfferAgent)])
		}
	}
	return r, nil
}

func text(image map[string]events.DynamoDBAttributeValue, name string) string {
	if v, ok := image[name]; ok && v.DataType() == events.DataTypeString {
		return v.String()
	}
	return ""
}

// newID makes UUIDs of version 7 that the seed decides.
func (w *world) newID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(w.clock.Now().UnixMilli())<<16)
	w.ids++
	binary.BigEndian.PutUint64(b[8:], w.ids)
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// between returns a duration by chance.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rand.Int64N(int64(to-from)+1))
}

func (w *world) now() time.Time { return w.clock.Now() }

// after lets something happen later.
func (w *world) after(d time.Duration, do func()) { w.due.add(w.now().Add(max(0, d)), do) }

// try does something as a desk or a relay does: until it is answered. An answer
// that somebody else was first is one.
func (w *world) try(do func() error) {
	err := do()
	switch fault.KindOf(err) {
	case "", fault.Conflict, fault.NotFound:
	case fault.Unavailable, fault.Timeout, fault.Throttled:
		w.after(w.between(time.Second, 2*time.Second), func() { w.try(do) })
	default:
		if err != nil {
			w.checker.fault("unexpected: %v", err)
		}
	}
}

// pass lets time go on to the end of the day.
func (w *world) pass() error {
	last := w.end.Add(afterwards)
	for {
		at, do, ok := w.due.next()
		if len(w.calls) == 0 && w.now().After(w.end) {
			return w.checker.atTheEnd()
		}
		for !ok || !at.Before(w.turn) {
			w.clock.AdvanceTo(w.turn)
			if err := w.deliver(); err != nil {
				return err
			}
			w.turn = w.turn.Add(turnEvery)
			if w.turn.After(last) {
				for id, c := range w.calls {
					w.checker.fault("I-1: %s has no end, it is %s", id, c.state)
				}
				return w.checker.atTheEnd()
			}
			at, do, ok = w.due.next()
		}
		w.due.pop()
		w.clock.AdvanceTo(at)
		do()
	}
}

// deliver gives functions what is there for them, and starts the process again if
// it died.
func (w *world) deliver() error {
	if w.dead {
		if w.now().Before(w.died.Add(downFor)) {
			return nil
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	for range 100000 {
		done, err := w.cloud.Step(w.ctx)
		if w.dead {
			return nil
		}
		if err != nil || !done {
			return errors.Join(err, w.ctx.Err())
		}
	}
	return errors.New("functions keep each other busy for ever")
}

// die ends the process after some more writes: whatever is under way then stops
// there.
func (w *world) die() {
	w.day.Deaths++
	w.cloud.SetFaults(localcloud.Faults{StreamDelay: streamDelay, DieAfter: 1 + w.rand.Int64N(40), Dead: func() { w.dead, w.died = true, w.now() }})
}

// settle makes the configuration and the agents.
func (w *world) settle() error {
	w.centre = newCentre()
	for _, put := range w.centre.configuration() {
		if _, err := w.cloud.Table().Write(w.ctx, put); err != nil {
			return err
		}
	}
	for n := range w.Agents {
		p := w.hire(n)
		a := agent.Agent{Tenant: tenant, ID: p.id, State: agent.Offline, Username: p.id, Profile: p.profile.id, Voice: agent.Slots{Max: 1},
			Skills: p.skills(), Device: agent.Device{Kind: agent.Softphone, User: p.id}}
		listed := cloud.Write{Key: acd.ConfigKey(tenant, "AGENT#"+p.id), Put: cloud.Item{contact.AttrVersion: int64(1), "agent": p.id}}
		for _, put := range []cloud.Write{a.Put(), listed} {
			if _, err := w.cloud.Table().Write(w.ctx, put); err != nil {
				return err
			}
		}
	}
	w.turn = w.now()
	w.after(0, w.sweep)
	w.after(0, w.look)
	w.due.add(w.start, w.arrive)
	for n := range w.Deaths {
		at := w.end.Sub(w.start) * time.Duration(2*n+1) / time.Duration(2*w.Deaths)
		w.due.add(w.start.Add(at+w.between(0, time.Minute)), w.die)
	}
	if w.Lost {
		w.due.add(w.start.Add(w.end.Sub(w.start)*3/5), w.loseSockets)
	}
	w.cloud.ResetCounters()
	return nil
}

// sweep is the rule of each minute.
func (w *world) sweep() {
	w.after(acdhandler.Every, w.sweep)
	if !w.dead {
		_, _ = w.acd.Handle(w.ctx, []byte(`{"source":"aws.events"}`)) // the next one tries again
	}
}

// look checks what is to hold at any time.
func (w *world) look() {
	if !w.now().After(w.end.Add(afterwards)) {
		w.after(lookEvery, w.look)
	}
	w.checker.apart()
	w.day.now = w.now()
	if w.Told != nil {
		w.Told(w.day)
	}
}
