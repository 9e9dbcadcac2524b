package routing

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPairs is how many pairs one group makes in a second, one after the other.
func BenchmarkPairs(b *testing.B) {
	const n = 400
	var cost Cost
	for b.Loop() {
		x, err := New(b.Context(), 0)
		if err != nil {
			b.Fatal(err)
		}
		if cost, err = x.Pairs(b.Context(), n); err != nil {
			b.Fatal(err)
		}
		if bound, err := x.Bound(b.Context()); err != nil || bound != n {
			b.Fatalf("%d pairs, want %d: %v", bound, n, err)
		}
	}
	b.ReportMetric(n/cost.Time.Seconds(), "pairs/s")
	b.ReportMetric(n/cost.CPU.Seconds(), "pairs/cpu-s")
	b.ReportMetric(float64(cost.Requests)/n, "requests/pair")
}

// BenchmarkOffer is how long an offer takes at 100 claims a second where each
// request takes 4 to 6 ms, a transaction twice that.
func BenchmarkOffer(b *testing.B) {
	const n = 300
	var p50, p99 time.Duration
	for b.Loop() {
		x, err := New(b.Context(), 4*time.Millisecond)
		if err != nil {
			b.Fatal(err)
		}
		for q := range queues {
			if _, err := x.Agents(b.Context(), n/queues+5, q, true); err != nil {
				b.Fatal(err)
			}
		}
		took, err := x.Offers(b.Context(), 100, n)
		if err != nil {
			b.Fatal(err)
		}
		p50, p99 = took[n/2], took[n*99/100]
	}
	b.ReportMetric(float64(p50.Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(p99.Microseconds())/1000, "ms-p99")
}

// crowds are who is there while an agent comes: once, then ten and a hundred times
// as many who wait, and who are free.
func crowds() []struct{ free, waiting int } {
	return []struct{ free, waiting int }{{200, 200}, {200, 2000}, {200, 20000}, {2000, 200}, {20000, 200}}
}

// BenchmarkRound is what an agent's coming costs while many wait whom the agent
// does not serve, and many are free whom nobody wants.
func BenchmarkRound(b *testing.B) {
	const n = 50
	for _, c := range crowds() {
		b.Run(fmt.Sprintf("%dfree-%dwaiting", c.free, c.waiting), func(b *testing.B) {
			x, err := New(b.Context(), 0)
			if err == nil {
				err = x.Crowd(b.Context(), c.free, c.waiting)
			}
			if err == nil {
				_, err = x.Rounds(b.Context(), 1, 19) // learns that the group is big
			}
			if err != nil {
				b.Fatal(err)
			}
			var cost Cost
			for b.Loop() {
				if cost, err = x.Rounds(b.Context(), n, 19); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cost.Time.Microseconds())/n, "µs/round")
			b.ReportMetric(float64(cost.CPU.Microseconds())/n, "µs-cpu/round")
			b.ReportMetric(float64(cost.Requests)/n, "requests/round")
		})
	}
}

// TestARoundCostsTheSameInACrowd holds what the benchmark prints to one count: the
// requests of a round.
func TestARoundCostsTheSameInACrowd(t *testing.T) {
	var first int64
	for n, c := range crowds() {
		x, err := New(t.Context(), 0)
		if err == nil {
			err = x.Crowd(t.Context(), c.free/10, c.waiting/10) // of the tenth: races are looked for here too
		}
		if err != nil {
			t.Fatal(err)
		}
		free, _, err := x.Stand(t.Context(), 0)
		_, waiting, err2 := x.Stand(t.Context(), 9)
		if err != nil || err2 != nil || free < min(c.free/90, 1000) || waiting < min(c.waiting/90, 1000) {
			t.Fatalf("%d are free, %d wait, %v, %v", free, waiting, err, err2)
		}
		if _, err := x.Rounds(t.Context(), 1, 19); err != nil {
			t.Fatal(err)
		}
		cost, err := x.Rounds(t.Context(), 3, 19)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			continue // so few that they are read as a whole
		}
		if first = max(first, cost.Requests); cost.Requests > 3*70 || cost.Requests != first && n > 4 {
			t.Errorf("%d free and %d waiting: %d requests of 3 rounds", c.free/10, c.waiting/10, cost.Requests)
		}
	}
}

func TestWhatIsMeasuredHappens(t *testing.T) {
	x, err := New(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := x.Pairs(t.Context(), 20); err != nil || cost.Requests < 60 {
		t.Fatalf("20 pairs took %d requests, %v", cost.Requests, err)
	}
	if n, err := x.Bound(t.Context()); err != nil || n != 20 {
		t.Errorf("%d are bound, %v", n, err)
	}
}
