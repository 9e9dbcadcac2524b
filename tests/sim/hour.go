package sim

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

// Weather is what goes wrong in a run.
type Weather struct {
	Name string
	Options
}

// Weathers returns all weathers. A seed tells its own: see Of.
func Weathers() []Weather {
	stale := time.Second // how old a read that is not strong may be
	weak := localcloud.Faults{Conflict: 0.03, Throttle: 0.03, Lost: 0.03, Down: 0.01, RepeatEvents: 0.2, RepeatMessages: 0.2, Reorder: true, ReadDelay: stale}
	return []Weather{
		{"fair", Options{}},
		{"functions run into each other", Options{Yields: 0.3, Pauses: 0.03, Faults: localcloud.Faults{ReadDelay: stale}}},
		{"functions end in the middle", Options{Yields: 0.2, Pauses: 0.01, Aborts: 0.02, Faults: localcloud.Faults{ReadDelay: stale}}},
		{"contention and throttling", Options{Yields: 0.2, Faults: localcloud.Faults{Conflict: 0.2, Throttle: 0.3, Down: 0.05, Lost: 0.05, ReadDelay: stale}}},
		{"lost answers and outages", Options{Yields: 0.2, Faults: localcloud.Faults{Lost: 0.05, Down: 0.02, ReadDelay: stale}}},
		{"repeated and reordered events", Options{Yields: 0.2, Faults: localcloud.Faults{RepeatEvents: 0.3, RepeatMessages: 0.3, Reorder: true, ReadDelay: stale}}},
		{"timers early, late and twice", Options{Yields: 0.2, Timers: true, Mute: 0.5}},
		{"timers that never come", Options{Yields: 0.2, Never: 0.5, Mute: 0.5, Faults: localcloud.Faults{ReadDelay: stale}}},
		{"clocks five minutes apart", Options{Yields: 0.2, Skew: 5 * time.Minute, Mute: 0.3}},
		{"agents vanish and press twice", Options{Yields: 0.2, Vanish: 0.15, Browsers: 0.5, Mute: 0.2}},
		{"everybody at once", Options{Rush: true, Yields: 0.6, Faults: localcloud.Faults{ReadDelay: stale}}},
		{"everybody at once and functions end", Options{Rush: true, Yields: 0.6, Aborts: 0.04, Faults: localcloud.Faults{ReadDelay: stale}}},
		{"all of it", Options{Yields: 0.3, Pauses: 0.02, Aborts: 0.005, Timers: true, Mute: 0.2, Vanish: 0.03, Browsers: 0.2, Faults: weak}},
		{"the stream loses records", Options{Yields: 0.2, Aborts: 0.02, Deaf: 0.1, Never: 0.1, Mute: 0.1, Faults: localcloud.Faults{ReadDelay: stale}}},
	}
}

// places is how many weathers a seed can tell apart.
const places = 16

// Of returns the weather of a seed, and whether there is one: seeds that differ
// by places have the same.
func Of(seed uint64) (Weather, bool) {
	all := Weathers()
	n := int(seed % places)
	if n >= len(all) {
		return Weather{}, false
	}
	w := all[n]
	w.Seed = seed
	return w, true
}

// Seed returns the n-th seed of the w-th weather; n counts from 1.
func Seed(w, n int) uint64 { return uint64(n*places + w) }

// Hour is what a virtual hour was like.
type Hour struct {
	Calls, Offers, Talks, Deaths int
	Left, Parties                int // segments that agents have left; who was asked to take part besides
	Digest                       Digest
}

// Run lets an hour of calls go by in the weather, then the sun shine for a day in
// which what was refused is taken, and checks everything. An error is a
// violation; it names the seed.
func (x Weather) Run(ctx context.Context, log *slog.Logger) (Hour, error) {
	x.Log = log
	w, err := BusyHour(ctx, x.Options)
	if err != nil {
		return Hour{}, err
	}
	if err = w.Finish(time.Hour); err != nil {
		err = fmt.Errorf("%s, seed %d: %w", x.Name, x.Seed, err)
	}
	return w.Told(), err
}

// Add adds another hour, but for its digest.
func (h *Hour) Add(o Hour) {
	h.Calls, h.Offers, h.Talks, h.Deaths = h.Calls+o.Calls, h.Offers+o.Offers, h.Talks+o.Talks, h.Deaths+o.Deaths
	h.Left, h.Parties = h.Left+o.Left, h.Parties+o.Parties
}

// Told returns what the run was like.
func (w *World) Told() Hour {
	return Hour{Calls: len(w.callers), Offers: w.checker.Offers, Talks: w.checker.Taken, Deaths: w.deaths,
		Left: len(w.checker.left), Parties: w.checker.Parties, Digest: w.digest.end()}
}

// Finish lets a run's weather last for a time and the sun shine for a day, in
// which the CRM takes what it refused, and then checks everything.
func (w *World) Finish(until time.Duration) error {
	if err := w.Run(until); err != nil {
		return err
	}
	w.Calm()
	if err := w.Run(24 * time.Hour); err != nil {
		return err
	}
	return w.End()
}

// BusyHour is more callers than agents, and one death by chance. They call in
// three waves, so that both sides come to wait.
func BusyHour(ctx context.Context, opt Options) (*World, error) {
	w, err := New(ctx, opt)
	if err != nil {
		return nil, err
	}
	w.outside.refuses = 0.1
	agents, within := 2+w.rand.IntN(3), 5*time.Minute
	if opt.Rush {
		agents, within = 6+w.rand.IntN(4), 2*time.Second
	}
	for n := range agents {
		if err := w.Agent(w.someone(n)); err != nil {
			return nil, err
		}
	}
	for wave := range 3 {
		from := time.Duration(wave) * 18 * time.Minute
		for range 5 + w.rand.IntN(8) {
			w.Call(from+w.between(0, within), w.anyone())
		}
	}
	if w.rand.IntN(3) == 0 && (!opt.Rush || opt.Aborts > 0) { // one rush in which nobody dies: there the lease alone must do
		opt.Faults.DieAfter = 1 + w.rand.Int64N(600)
	}
	if opt.Never > 0 {
		w.sweeps(2 * time.Hour)
		w.relay.lists()
	}
	if w.rand.IntN(3) == 0 {
		w.after(w.between(time.Minute, 40*time.Minute), w.deleteQueue)
	}
	w.Begin(opt.Faults)
	return w, nil
}

// sweeps lets sweeps happen for a time, as the relays and the rule of each minute
// ask for them.
func (w *World) sweeps(left time.Duration) {
	w.after(acd.SweepEvery, func() {
		if !w.dead {
			_, _ = w.machine().desk.Sweep(w.invoked("sweep"), Tenant) // what fails, the next one does
		}
		if left > acd.SweepEvery {
			w.sweeps(left - acd.SweepEvery)
		}
	})
}

// deleteQueue deletes a queue in which some may wait.
func (w *World) deleteQueue() {
	key := acd.ConfigKey(Tenant, "QUEUE#old")
	if w.dead {
		w.after(time.Second, w.deleteQueue)
		return
	}
	if _, err := w.cloud.Table().Write(w.ctx, cloud.Write{Key: key, Delete: true}); err != nil {
		w.after(time.Second, w.deleteQueue)
		return
	}
	w.deleted = true
	w.sweeps(3 * time.Minute)
}

// someone is an agent by chance; every second has a softphone.
func (w *World) someone(n int) person {
	p := person{device: agent.Phone, picks: time.Second, misses: 0.15, decline: 0.05, touched: 4, comes: w.between(0, 2*time.Minute)}
	if n%2 == 1 {
		p.device = agent.Softphone
	}
	if w.opt.Rush {
		p.comes = w.between(8*time.Second, 10*time.Second)
	}
	if w.rand.IntN(3) > 0 {
		p.finish = w.between(time.Second, 20*time.Second)
	}
	if w.rand.IntN(3) == 0 {
		p.profile = "both"
	}
	return p
}

// anyone is a caller by chance.
func (w *World) anyone() caller {
	c := caller{digit: "1", thinks: w.between(time.Second, 4*time.Second), patience: w.between(10*time.Second, 10*time.Minute),
		talks: w.between(time.Second, 2*time.Minute), agentEnds: w.rand.IntN(3) == 0, holds: w.rand.IntN(4) == 0, touched: w.rand.IntN(3) == 0, plan: w.somePlan()}
	switch n := w.rand.IntN(20); n {
	case 0, 1, 2:
		c.dials = cardsNumber
	default:
		if rare := []string{vipNumber, vipNumber, goldNumber, oldNumber, backNumber, backNumber, wrongNumber, stepsNumber}; n < 3+len(rare) {
			c.dials = rare[n-3]
		}
	}
	if w.rand.IntN(8) == 0 {
		c.digit = ""
	}
	return c
}
