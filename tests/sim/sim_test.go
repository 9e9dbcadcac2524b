package sim

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
)

var (
	seed  = flag.Uint64("seed", 0, "run only this seed, and say what happens")
	seeds = flag.Int("seeds", seedsByDefault, "seeds of each weather")
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what fails is meant to
	m.Run()
}

// oneCall is a caller, an agent's phone, and a whole call between them.
func oneCall(t *testing.T, opt Options, comes time.Duration) *World {
	t.Helper()
	w, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Agent(person{device: agent.Phone, picks: 4 * time.Second, finish: 8 * time.Second, comes: comes}); err != nil {
		t.Fatal(err)
	}
	w.Call(time.Second, caller{digit: "1", thinks: 3 * time.Second, patience: 10 * time.Minute, talks: 30 * time.Second, holds: true})
	return w
}

// mustRun lets a run's weather last for a time and the sun shine for a day, in
// which the CRM takes what it refused, and then checks everything.
func (w *World) mustRun(t *testing.T, until time.Duration) {
	t.Helper()
	err := w.Run(until)
	if err == nil {
		w.Calm()
		err = w.Run(24 * time.Hour)
	}
	if err == nil {
		err = w.End()
	}
	if err != nil {
		t.Errorf("seed %d: %v", w.opt.Seed, err)
	}
}

func TestOneCall(t *testing.T) {
	w := oneCall(t, Options{Seed: 1, Log: verbose()}, 20*time.Second)
	w.Begin(localcloud.Faults{})
	w.mustRun(t, 10*time.Minute)
	if w.checker.Taken != 1 {
		t.Errorf("%d talks, want 1", w.checker.Taken)
	}
}

// TestWhatACallCosts counts what AWS would bill for one queued call whose agent
// was waiting for it. The recording's index item, which the relay puts, is one
// more. A hold would be two more, so nobody holds here.
func TestWhatACallCosts(t *testing.T) {
	w := oneCall(t, Options{Seed: 1}, 0)
	for _, c := range w.callers {
		c.holds = false
	}
	w.Begin(localcloud.Faults{})
	if err := w.Run(900 * time.Millisecond); err != nil { // the agent is there
		t.Fatal(err)
	}
	w.cloud.ResetCounters()
	w.mustRun(t, 10*time.Minute)
	n := w.cloud.Counters()
	writes := localcloud.Sum(n.Writes, "L", "CFG") + 1
	t.Logf("write units %g with the recording's index item, list rows %g apart: %v", writes, n.Writes["L"], n.Writes)
	t.Logf("read units %g, of configuration %g apart: %v", localcloud.Sum(n.Reads, "CFG"), n.Reads["CFG"], n.Reads)
	t.Logf("requests %v, invocations %v", n.Requests, n.Invokes)
	if writes > 22 {
		t.Errorf("a call costs %g write units, more than 22", writes)
	}
}

// TestTheProcessIsKilledAfterEachWrite kills it after the k-th acknowledged
// write of a whole call, for every k, and starts it again: the contact ends
// with its true reason, one record and one webhook.
func TestTheProcessIsKilledAfterEachWrite(t *testing.T) {
	for _, device := range []agent.DeviceKind{agent.Phone, agent.Softphone} {
		for k := int64(1); ; k++ {
			w := oneCall(t, Options{Seed: uint64(k)}, 20*time.Second)
			w.agents[0].device = device
			w.Begin(localcloud.Faults{DieAfter: k})
			w.mustRun(t, 15*time.Minute)
			if t.Failed() {
				t.Fatalf("%s, killed after write %d", device, k)
			}
			if w.deaths == 0 {
				t.Logf("%s: killed after each of %d writes", device, k-1)
				break
			}
		}
	}
}

// weather is what goes wrong in a run.
type weather struct {
	name string
	opt  Options
}

func weathers() []weather {
	return []weather{
		{"fair", Options{}},
		{"functions run into each other", Options{Yields: 0.3, Pauses: 0.03}},
		{"functions end in the middle", Options{Yields: 0.2, Pauses: 0.01, Aborts: 0.02}},
		{"contention and throttling", Options{Yields: 0.2, Faults: localcloud.Faults{Conflict: 0.05, Throttle: 0.05}}},
		{"lost answers and outages", Options{Yields: 0.2, Faults: localcloud.Faults{Lost: 0.05, Down: 0.02}}},
		{"repeated and reordered events", Options{Yields: 0.2, Faults: localcloud.Faults{RepeatEvents: 0.3, RepeatMessages: 0.3, Reorder: true, ReadDelay: time.Second}}},
		{"timers early, late and twice", Options{Yields: 0.2, Timers: true, Mute: 0.5}},
		{"all of it", Options{Yields: 0.3, Pauses: 0.02, Aborts: 0.005, Timers: true, Mute: 0.2,
			Faults: localcloud.Faults{Conflict: 0.03, Throttle: 0.03, Lost: 0.03, Down: 0.01, RepeatEvents: 0.2, RepeatMessages: 0.2, Reorder: true, ReadDelay: time.Second}}},
	}
}

func TestManyCalls(t *testing.T) {
	for n, weather := range weathers() {
		t.Run(weather.name, func(t *testing.T) {
			t.Parallel()
			offers, taken, began := 0, 0, time.Now()
			from, to := uint64(n*10000+1), uint64(n*10000+*seeds)
			if *seed != 0 {
				if *seed/10000 != uint64(n) {
					t.Skip("another weather's seed")
				}
				from, to = *seed, *seed
			}
			for s := from; s <= to; s++ {
				opt := weather.opt
				opt.Seed = s
				if *seed != 0 {
					opt.Log = verbose()
				}
				w := busyHour(t, opt)
				w.mustRun(t, 30*time.Minute)
				offers, taken = offers+w.checker.Offers, taken+w.checker.Taken
				if t.Failed() {
					t.Fatalf("again with: go test ./tests/sim -run 'TestManyCalls' -seed %d", s)
				}
			}
			t.Logf("%d seeds, %d offers, %d talks in %s", to-from+1, offers, taken, time.Since(began).Round(time.Millisecond))
		})
	}
}

// TestASeedRepeatsExactly holds a run to what makes it worth keeping.
func TestASeedRepeatsExactly(t *testing.T) {
	worst := weathers()[len(weathers())-1].opt
	worst.Seed = 424242
	story := func() string {
		w := busyHour(t, worst)
		w.mustRun(t, 30*time.Minute)
		n := w.cloud.Counters()
		return fmt.Sprint(n.Requests, n.Writes, n.Reads, n.Invokes, w.order, w.checker.Offers, w.checker.Taken, w.clock.Now())
	}
	if first, again := story(), story(); first != again {
		t.Errorf("one seed, two stories:\n%s\n%s", first, again)
	}
}

// busyHour is more callers than agents, and one death by chance.
func busyHour(t *testing.T, opt Options) *World {
	t.Helper()
	w, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	w.outside.refuses = 0.1
	for n := range 2 + w.rand.IntN(3) {
		p := person{device: agent.Phone, picks: time.Second, misses: 0.15, comes: w.between(0, 2*time.Minute)}
		if n%2 == 1 {
			p.device = agent.Softphone
		}
		if w.rand.IntN(3) > 0 {
			p.finish = w.between(time.Second, 20*time.Second)
		}
		p.decline = 0.05
		if err := w.Agent(p); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 + w.rand.IntN(10) {
		c := caller{digit: "1", thinks: w.between(time.Second, 4*time.Second), patience: w.between(10*time.Second, 10*time.Minute),
			talks: w.between(time.Second, 2*time.Minute), agentEnds: w.rand.IntN(3) == 0, holds: w.rand.IntN(4) == 0}
		if w.rand.IntN(8) == 0 {
			c.digit = ""
		}
		w.Call(w.between(0, 5*time.Minute), c)
	}
	if w.rand.IntN(3) == 0 {
		opt.Faults.DieAfter = 1 + w.rand.Int64N(200)
	}
	w.Begin(opt.Faults)
	return w
}

func verbose() *slog.Logger {
	if *seed == 0 && !testing.Verbose() {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
