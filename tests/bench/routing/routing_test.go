package routing

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkPairs is how many pairs one group makes in a second.
func BenchmarkPairs(b *testing.B) {
	const n = 400
	rate := 0.0
	for b.Loop() {
		x, err := New(b.Context(), 0)
		if err != nil {
			b.Fatal(err)
		}
		if rate, err = x.Pairs(b.Context(), n); err != nil {
			b.Fatal(err)
		}
		if bound, err := x.Bound(b.Context()); err != nil || bound != n {
			b.Fatalf("%d pairs, want %d: %v", bound, n, err)
		}
	}
	b.ReportMetric(rate, "pairs/s")
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

// BenchmarkRound is what an agent's coming costs while many wait whom the agent
// does not serve, and many are free whom nobody wants.
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{20, 200, 2000} {
		b.Run(fmt.Sprintf("%dfree-%dwaiting", n, 2*n), func(b *testing.B) {
			x, err := New(b.Context(), 0)
			if err != nil {
				b.Fatal(err)
			}
			for i := range n {
				if _, err := x.Agents(b.Context(), 1, i%9, true); err != nil { // queues 0 to 8: free
					b.Fatal(err)
				}
			}
			for i := range 2 * n {
				if _, err := x.Call(b.Context(), 9+i%9); err != nil { // 9 to 17: waiting
					b.Fatal(err)
				}
			}
			sum, rounds := time.Duration(0), 0
			for b.Loop() {
				took, err := x.Round(b.Context(), 19)
				if err != nil {
					b.Fatal(err)
				}
				sum, rounds = sum+took, rounds+1
			}
			b.ReportMetric(float64(sum.Microseconds())/float64(rounds), "µs/round")
		})
	}
}

func TestWhatIsMeasuredHappens(t *testing.T) {
	x, err := New(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if rate, err := x.Pairs(t.Context(), 20); err != nil || rate <= 0 {
		t.Fatalf("%g pairs a second, %v", rate, err)
	}
	if n, err := x.Bound(t.Context()); err != nil || n != 20 {
		t.Errorf("%d are bound, %v", n, err)
	}
}
