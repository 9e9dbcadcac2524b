package localcloud_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

// always gives one verdict on all requests.
func always(v localcloud.Verdict) localcloud.Faults {
	return localcloud.Faults{Each: func(localcloud.Call) localcloud.Verdict { return v }}
}

func TestVerdictsHaveTheErrorsOfTheCloud(t *testing.T) {
	add := cloud.Write{Key: key(1), Add: map[string]int64{"n": 1}}
	requests := map[string]func(*world) error{
		"get": func(w *world) error { _, err := w.Table().Get(w.Context(), key(1), true); return err },
		"query": func(w *world) error {
			_, _, err := w.Table().Query(w.Context(), cloud.Query{Part: "t|C#1"})
			return err
		},
		"write":    func(w *world) error { _, err := w.Table().Write(w.Context(), add); return err },
		"transact": func(w *world) error { return w.Table().Transact(w.Context(), "", add) },
		"send":     func(w *world) error { return w.Queue().Send(w.Context(), "q", cloud.Message{Body: []byte("x")}) },
		"receive":  func(w *world) error { _, err := w.Queue().Receive(w.Context(), "q", 1, 0, 0); return err },
		"put": func(w *world) error {
			return w.Blobs().Put(w.Context(), "b", strings.NewReader("x"), cloud.PutOptions{})
		},
		"list":   func(w *world) error { _, err := w.Blobs().List(w.Context(), "", "", 1); return err },
		"key":    func(w *world) error { _, _, err := w.Keys().DataKey(w.Context(), nil); return err },
		"sign":   func(w *world) error { _, err := w.Keys().Sign(w.Context(), nil); return err },
		"push":   func(w *world) error { return w.Push().Send(w.Context(), "c", nil) },
		"invoke": func(w *world) error { _, err := w.Invoker().Invoke(w.Context(), "f", []byte("1")); return err },
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, localcloud.QueueOptions{Name: "q"})
			w.Push().Open("c", func(context.Context, []byte) error { return nil })
			w.Invoker().Register(localcloud.Function{Name: "f", Handle: func(_ context.Context, b []byte) ([]byte, error) { return b, nil }})
			w.ok(request(w))
			for v, want := range map[localcloud.Verdict]fault.Kind{localcloud.Throttle: fault.Throttled, localcloud.Down: fault.Unavailable, localcloud.Lost: fault.Timeout} {
				w.SetFaults(always(v))
				if err := request(w); fault.KindOf(err) != want {
					t.Errorf("verdict %d: %v, want kind %s", v, err, want)
				}
			}
			w.SetFaults(localcloud.Faults{})
			w.ok(request(w))
		})
	}
}

func TestARefusalByConflictIsNotLost(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(always(localcloud.Conflict))
	_, single := w.Table().Write(w.Context(), cloud.Write{Key: key(1), Put: cloud.Item{}})
	several := w.Table().Transact(w.Context(), "", cloud.Write{Key: key(1), Put: cloud.Item{}}, cloud.Write{Key: key(2), Put: cloud.Item{}})
	for _, err := range []error{single, several} {
		var r *cloud.Refused
		if !errors.As(err, &r) || r.Lost() || r.Kind() != fault.Conflict {
			t.Errorf("refusal %v", err)
		}
	}
	w.SetFaults(localcloud.Faults{})
	if w.get(key(1)) != nil {
		t.Error("a refused write was done")
	}
}

func TestALostAnswerIsALostAnswerNotALostWrite(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(always(localcloud.Lost))
	token := "t1"
	add := cloud.Write{Key: key(1), Add: map[string]int64{"n": 1}}
	if err := w.Table().Transact(w.Context(), token, add); fault.KindOf(err) != fault.Timeout {
		t.Errorf("error %v", err)
	}
	w.SetFaults(localcloud.Faults{})
	w.ok(w.Table().Transact(w.Context(), token, add)) // the retry finds its own write
	if n := w.get(key(1)).Int("n"); n != 1 {
		t.Errorf("added %d times", n)
	}
}

func TestATokenIsForgottenAfterTenMinutes(t *testing.T) {
	w := newWorld(t)
	add := cloud.Write{Key: key(1), Add: map[string]int64{"n": 1}}
	for _, wait := range []time.Duration{0, 9 * time.Minute, 2 * time.Minute} {
		w.clock.Advance(wait)
		w.ok(w.Table().Transact(w.Context(), "t1", add))
	}
	if n := w.get(key(1)).Int("n"); n != 2 {
		t.Errorf("added %d times, want 2: at first and after ten minutes", n)
	}
}

func TestATokenOutlivesARestart(t *testing.T) {
	o := localcloud.Options{Dir: t.TempDir(), Durability: localcloud.Process}
	add := cloud.Write{Key: key(1), Add: map[string]int64{"n": 1}}
	for range 2 {
		c, err := localcloud.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Table().Transact(t.Context(), "t1", add)
		i, err2 := c.Table().Get(t.Context(), key(1), true)
		if err := errors.Join(err, err2, c.Close()); err != nil || i.Int("n") != 1 {
			t.Fatalf("n = %d, %v", i.Int("n"), err)
		}
	}
}

func TestChancesAreMet(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(localcloud.Faults{Conflict: 0.2, Throttle: 0.2, Down: 0.2, Lost: 0.2})
	seen := map[fault.Kind]int{}
	for n := range 500 {
		_, err := w.Table().Write(w.Context(), cloud.Write{Key: key(n), Put: cloud.Item{}})
		seen[fault.KindOf(err)]++
	}
	for _, kind := range []fault.Kind{"", fault.Conflict, fault.Throttled, fault.Unavailable, fault.Timeout} {
		if n := seen[kind]; n < 60 || n > 140 {
			t.Errorf("%d of 500 of kind %q, want about 100", n, kind)
		}
	}
}

func TestEventualReadsMayBeBehindAndCatchUp(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(localcloud.Faults{ReadDelay: time.Second, IndexDelay: time.Second})
	in := func(n int) cloud.Item {
		return cloud.Item{"n": n, cloud.AttrIndexPart: "t|I", cloud.AttrIndexSort: "x"}
	}
	w.put(key(1), in(1))
	w.clock.Advance(10 * time.Second)
	w.put(key(1), in(2))
	seen := map[string]map[int64]bool{"get": {}, "query": {}, "index": {}, "strong": {}}
	look := func() {
		i, err := w.Table().Get(w.Context(), key(1), false)
		w.ok(err)
		seen["get"][i.Int("n")] = true
		seen["strong"][w.get(key(1)).Int("n")] = true
		for name, q := range map[string]cloud.Query{"query": {Part: key(1).Part}, "index": {Part: "t|I", Index: true}} {
			page, _, err := w.Table().Query(w.Context(), q)
			w.ok(err)
			seen[name][page[0].Int("n")] = true
		}
	}
	w.clock.Advance(500 * time.Millisecond)
	for range 50 {
		look()
	}
	for _, name := range []string{"get", "query", "index"} {
		if !seen[name][1] || !seen[name][2] {
			t.Errorf("%s saw %v, want both", name, seen[name])
		}
	}
	if seen["strong"][1] {
		t.Error("a strong read was behind")
	}
	w.clock.Advance(time.Second)
	clear(seen["get"])
	clear(seen["index"])
	for range 20 {
		look()
	}
	if seen["get"][1] || seen["index"][1] {
		t.Error("a read was behind by more than its delay")
	}
}

func TestAPartitionIsThrottledBeyondItsUnits(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(localcloud.Faults{PartitionWrites: 10, PartitionReads: 5})
	writes := func(part string) (done int) {
		for n := range 20 {
			if _, err := w.Table().Write(w.Context(), cloud.Write{Key: cloud.Key{Part: part, Sort: fmt.Sprint(n)}, Put: cloud.Item{}}); err == nil {
				done++
			} else if fault.KindOf(err) != fault.Throttled {
				t.Errorf("error %v", err)
			}
		}
		return done
	}
	if a, b := writes("a"), writes("b"); a != 10 || b != 10 {
		t.Errorf("%d and %d writes in a second, want 10 and 10", a, b)
	}
	w.clock.Advance(time.Second)
	if a := writes("a"); a != 10 {
		t.Errorf("%d writes in the next second", a)
	}
	reads := 0
	for range 20 {
		if _, err := w.Table().Get(w.Context(), cloud.Key{Part: "c", Sort: "x"}, true); err == nil {
			reads++
		}
	}
	if reads != 5 {
		t.Errorf("%d reads in a second, want 5", reads)
	}
}

// The k-th acknowledged write returns, then everything is dead; what was
// acknowledged is there after a restart and nothing else.
func TestDeathAfterEachWrite(t *testing.T) {
	const writes = 6
	for k := 1; k <= writes+1; k++ {
		w := newWorld(t, localcloud.QueueOptions{Name: "q"})
		deaths := 0
		w.SetFaults(localcloud.Faults{DieAfter: int64(k), Dead: func() { deaths++ }})
		acked := 0
		for _, do := range []func() error{
			func() error {
				_, err := w.Table().Write(w.Context(), cloud.Write{Key: key(1), Put: cloud.Item{}})
				return err
			},
			func() error { return w.Table().Transact(w.Context(), "", cloud.Write{Key: key(2), Put: cloud.Item{}}) },
			func() error { return w.Queue().Send(w.Context(), "q", cloud.Message{Body: []byte("x")}) },
			func() error { return w.Blobs().Put(w.Context(), "b", strings.NewReader("x"), cloud.PutOptions{}) },
			func() error { return w.Blobs().Delete(w.Context(), "b") },
			func() error {
				_, err := w.Table().Write(w.Context(), cloud.Write{Key: key(1), Delete: true})
				return err
			},
		} {
			if err := do(); err == nil {
				acked++
			} else if !errors.Is(err, localcloud.ErrDead) {
				t.Fatalf("k=%d: %v", k, err)
			}
		}
		if want := min(k, writes); acked != want || int64(want) != w.Acked() {
			t.Errorf("k=%d: %d acknowledged, Acked %d", k, acked, w.Acked())
		}
		if want := map[bool]int{true: 1}[k <= writes]; deaths != want {
			t.Errorf("k=%d: died %d times", k, deaths)
		}
		if _, err := w.Table().Get(w.Context(), key(1), true); k <= writes && !errors.Is(err, localcloud.ErrDead) {
			t.Errorf("k=%d: a dead cloud reads: %v", k, err)
		}
		if _, err := w.Step(w.Context()); k <= writes && !errors.Is(err, localcloud.ErrDead) {
			t.Errorf("k=%d: a dead cloud delivers: %v", k, err)
		}
		again, err := w.Reopen(localcloud.Options{Manual: true, Now: w.clock.Now, Queues: []localcloud.QueueOptions{{Name: "q"}}})
		w.ok(err)
		w.Cloud = again
		if there := w.get(key(2)) != nil; there != (k >= 2) {
			t.Errorf("k=%d: the second item is there: %v", k, there)
		}
		if got := w.received("q"); len(got) != map[bool]int{true: 1}[k >= 3] {
			t.Errorf("k=%d: messages %v", k, got)
		}
	}
}

func TestSetFaultsRevives(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(localcloud.Faults{DieAfter: 1})
	w.put(key(1), nil)
	w.SetFaults(localcloud.Faults{})
	w.put(key(2), nil)
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	run := func(seed uint64) []string {
		w := seededWorld(t, seed, localcloud.QueueOptions{Name: "q"})
		w.SetFaults(localcloud.Faults{Conflict: 0.3, Lost: 0.1, Reorder: true, RepeatEvents: 0.3, RepeatMessages: 0.3})
		var trace []string
		w.watch("x", func(e string) { trace = append(trace, e) })
		w.watchQueue("q", func(e string) { trace = append(trace, e) })
		for n := range 30 {
			_, err := w.Table().Write(w.Context(), cloud.Write{Key: key(n % 7), Set: cloud.Item{"n": n}})
			trace = append(trace, fmt.Sprint(fault.KindOf(err)))
			w.ok2(w.Queue().Send(w.Context(), "q", cloud.Message{Body: fmt.Append(nil, n), Delay: time.Duration(n%3) * time.Second}))
			w.settle(700 * time.Millisecond)
		}
		w.settle(time.Hour)
		return trace
	}
	first := run(7)
	if !slices.Equal(first, run(7)) {
		t.Error("two runs with one seed differ")
	}
	if slices.Equal(first, run(8)) {
		t.Error("another seed gives the same run")
	}
}

// ok2 is ok for a request that faults may hit.
func (w *world) ok2(err error) {
	w.Helper()
	if err != nil && !fault.Retryable(err) {
		w.Fatal(err)
	}
}

func TestRecordsReachConsumersAfterTheStreamsDelay(t *testing.T) {
	w := newWorld(t)
	var got []string
	w.watch("a", func(s string) { got = append(got, s) })
	w.SetFaults(localcloud.Faults{StreamDelay: 250 * time.Millisecond})
	w.put(key(1), cloud.Item{"n": 1})
	for range 2 {
		if _, err := w.Drain(w.Context(), 10); err != nil || len(got) > 0 {
			t.Fatalf("delivered %v, %v before it was due", got, err)
		}
	}
	if rest := w.Next().Sub(w.clock.Now()); rest != 250*time.Millisecond {
		t.Errorf("due in %s", rest)
	}
	w.clock.Advance(250 * time.Millisecond)
	if _, err := w.Drain(w.Context(), 10); err != nil || len(got) != 1 {
		t.Errorf("delivered %v, %v", got, err)
	}
}

func TestDeathAfterAWriteOfOneKind(t *testing.T) {
	w := newWorld(t)
	w.SetFaults(localcloud.Faults{DieAfter: 2, DieOf: "C/META"})
	put := func(part, sort string) cloud.Write {
		return cloud.Write{Key: cloud.Key{Part: part, Sort: sort}, Put: cloud.Item{}}
	}
	for n, write := range []func() error{
		func() error { _, err := w.Table().Write(w.Context(), put("t|C#1", "META")); return err },
		func() error { _, err := w.Table().Write(w.Context(), put("t|C#1", "FLOW")); return err },
		func() error {
			return w.Table().Transact(w.Context(), "", put("t|A#1", "META"), put("t|C#2", "META"))
		},
	} {
		if err := write(); err != nil {
			t.Fatalf("write %d: %v", n+1, err)
		}
	}
	if _, err := w.Table().Write(w.Context(), put("t|X#1", "META")); !errors.Is(err, localcloud.ErrDead) {
		t.Errorf("it lives on: %v", err)
	}
}
