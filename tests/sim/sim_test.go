package sim

import (
	"flag"
	"log/slog"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
)

var (
	seed   = flag.Uint64("seed", 0, "run only this seed, and say what happens")
	seeds  = flag.Int("seeds", seedsByDefault, "seeds of each weather")
	ops    = flag.Int("ops", racingOps, "operations of each client that races")
	orders = flag.Int("orders", ordersByDefault, "orders of requests that are tried")
	order  = flag.Uint64("order", 0, "try only this order of requests")
	update = flag.Bool("update", false, "write the digests of docs/simulation.md again")
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what fails is meant to
	debug.SetGCPercent(400)                        // many short lives, plenty of memory
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

// mustRun is Finish, as a test wants it.
func (w *World) mustRun(t *testing.T, until time.Duration) {
	t.Helper()
	if err := w.Finish(until); err != nil {
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
	if writes > 18 {
		t.Errorf("a call costs %g write units, more than 18", writes)
	}
}

// TestManyCalls runs virtual hours in every weather.
func TestManyCalls(t *testing.T) {
	for n, weather := range Weathers() {
		t.Run(weather.Name, func(t *testing.T) {
			t.Parallel()
			from, to := 1, *seeds
			if *seed != 0 {
				if *seed%places != uint64(n) {
					t.Skip("another weather's seed")
				}
				from = int(*seed / places)
				to = from
			}
			var sum Hour
			began := time.Now()
			for s := from; s <= to; s++ {
				weather.Seed = Seed(n, s)
				var log *slog.Logger
				if *seed != 0 {
					log = verbose()
				}
				h, err := weather.Run(t.Context(), log)
				if err != nil {
					t.Fatalf("%v\nagain with: go test ./tests/sim -run TestManyCalls -seed %d", err, weather.Seed)
				}
				sum.Add(h)
			}
			t.Logf("%d virtual hours, %d calls, %d offers, %d talks, %d segments left, %d others took part, %d deaths in %s",
				to-from+1, sum.Calls, sum.Offers, sum.Talks, sum.Left, sum.Parties, sum.Deaths, time.Since(began).Round(time.Millisecond))
		})
	}
}

// TestASeedRepeatsExactly holds a run to what makes it worth keeping.
func TestASeedRepeatsExactly(t *testing.T) {
	for n := range Weathers() {
		weather, _ := Of(Seed(n, 424242))
		first, err := weather.Run(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := weather.Run(t.Context(), nil)
		if err != nil || first != again {
			t.Errorf("%s: one seed, two stories:\n%+v\n%+v %v", weather.Name, first, again, err)
		}
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func verbose() *slog.Logger {
	if *seed == 0 && !testing.Verbose() {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
