package replay

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"huawu/shared/acd"
)

// working is a day as one is: few calls early, a rush before noon, fewer agents at
// lunch, callers who give up; talk is how long one takes by chance.
func working(seed uint64, talk func(*rand.Rand) time.Duration) (d Day) {
	dice := rand.New(rand.NewPCG(seed, 3))
	perMinute := []float64{2, 5, 7.5, 7, 4.5, 6, 7, 5, 2} // by hour from nine
	at := nine
	for n := 0; at.Before(nine.Add(9 * time.Hour)); n++ {
		rate := perMinute[int(at.Sub(nine).Hours())]
		at = at.Add(time.Duration(dice.ExpFloat64() / rate * float64(time.Minute)))
		d.Arrivals = append(d.Arrivals, Arrival{ID: fmt.Sprintf("c%05d", n), At: at, Queue: "loans", Talk: talk(dice), Work: 20 * time.Second,
			Patience: time.Second + time.Duration(dice.ExpFloat64()*float64(12*time.Minute))})
	}
	for n := range 22 {
		s := Shift{Agent: fmt.Sprintf("a%02d", n), Profile: "loans", From: nine, To: nine.Add(10 * time.Hour)}
		if n%4 == 0 { // a break of 45 min at noon
			before, after := s, s
			before.To, after.From = nine.Add(3*time.Hour), nine.Add(3*time.Hour+45*time.Minute)
			d.Shifts = append(d.Shifts, before, after)
			continue
		}
		d.Shifts = append(d.Shifts, s)
	}
	return d
}

// TestEstimatesHoldOverWorkingDays is X4: of those who had to wait, the interval of
// eight in ten holds 75 to 85 %, and nine in ten wait no longer than High, within
// five points; whether talks vary as by chance alone, less, or more.
func TestEstimatesHoldOverWorkingDays(t *testing.T) {
	for name, talk := range map[string]func(*rand.Rand) time.Duration{
		"by chance alone": func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(3*time.Minute)) },
		"more alike": func(r *rand.Rand) time.Duration {
			return time.Duration((r.ExpFloat64() + r.ExpFloat64()) * float64(90*time.Second))
		},
		"a few very long": func(r *rand.Rand) time.Duration {
			if r.Float64() < 0.1 {
				return time.Duration(r.ExpFloat64() * float64(10*time.Minute))
			}
			return time.Duration(r.ExpFloat64() * float64(2*time.Minute+13*time.Second))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var all acd.Calibration
			for seed := range uint64(4) {
				h := must(t, working(seed, talk), oneQueue()).Held["loans"]
				all.Estimates, all.WithinSoon, all.WithinLow, all.WithinHigh = all.Estimates+h.Estimates, all.WithinSoon+h.WithinSoon, all.WithinLow+h.WithinLow, all.WithinHigh+h.WithinHigh
			}
			share := func(n int) float64 { return float64(n) / float64(all.Estimates) }
			inner, _ := all.Inner()
			t.Logf("%d estimates: %.3f within soon, %.3f within low, %.3f within high; the inner interval holds %.3f", all.Estimates, share(all.WithinSoon), share(all.WithinLow), share(all.WithinHigh), inner)
			if all.Estimates < 2000 {
				t.Errorf("only %d had to wait", all.Estimates)
			}
			if inner < 0.75 || inner > 0.85 {
				t.Errorf("the interval of eight in ten holds %.3f", inner)
			}
			if high := share(all.WithinHigh); high < 0.85 || high > 0.95 {
				t.Errorf("%.3f wait no longer than nine in ten are to", high)
			}
		})
	}
}
