package acd

import (
	"container/heap"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/contact"
)

// ends is when agents become free, the next on top.
type ends []float64

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i] < h[j] }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push adds an element; it is for package heap.
func (h *ends) Push(x any) { *h = append(*h, x.(float64)) }

// Pop removes the last element; it is for package heap.
func (h *ends) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// queueing plays M/M/s with so many agents and reports each estimate at arrival
// with the wait that followed, in service times of one minute.
func queueing(agents int, load float64, calls int, seed uint64, told func(ahead int, last time.Duration, waited time.Duration)) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var busy ends
	now, last := 0.0, time.Duration(0)
	var starts []float64 // of those who wait
	for range calls {
		now += rnd.ExpFloat64() * 60 / (load * float64(agents))
		for len(busy) > 0 && busy[0] <= now {
			heap.Pop(&busy)
		}
		waiting := 0
		for _, s := range starts {
			if s > now {
				waiting++
			}
		}
		starts = starts[len(starts)-waiting:]
		begin := now
		if len(busy) >= agents { // the ends of those in service and of those who wait are known
			begin = heap.Pop(&busy).(float64)
		}
		heap.Push(&busy, begin+rnd.ExpFloat64()*60)
		if begin > now {
			told(waiting, last, seconds(begin-now))
			last = seconds(begin - now)
			starts = append(starts, begin)
		}
	}
}

func TestEstimatesHoldInSimulation(t *testing.T) {
	for _, agents := range []int{10, 50} {
		var sum Calibration
		var plain, naive float64
		queueing(agents, 0.95, 100_000, uint64(agents), func(ahead int, _, waited time.Duration) {
			w := Estimate(ahead, Pace{Agents: agents, Handle: time.Minute})
			sum.Add(w, waited)
			plain += (waited - w.Mean).Seconds() * (waited - w.Mean).Seconds()
			exact := float64(ahead+1) / float64(agents) * 60
			naive += (waited.Seconds() - exact) * (waited.Seconds() - exact)
		})
		low, high := float64(sum.WithinLow)/float64(sum.Estimates), float64(sum.WithinHigh)/float64(sum.Estimates)
		t.Logf("%d agents: %d estimates, %.3f within low, %.3f within high, mean error %s, squared error to theory's %.3f", agents, sum.Estimates, low, high, sum.Error, plain/naive)
		if low < 0.45 || low > 0.55 || high < 0.87 || high > 0.93 || plain/naive > 1.05 {
			t.Errorf("%d agents: the ranges do not hold: %.3f, %.3f", agents, low, high)
		}
	}
}

func TestEstimate(t *testing.T) {
	p := Pace{Agents: 10, Handle: 5 * time.Minute}
	tests := []struct {
		name  string
		ahead int
		pace  Pace
		mean  time.Duration
		known bool
	}{
		{"the next of ten agents", 0, p, 30 * time.Second, true},
		{"nine before", 9, p, 5 * time.Minute, true},
		{"nobody works", 3, Pace{Handle: time.Minute}, 0, false},
		{"nothing is known of the pace", 3, Pace{Agents: 3}, 0, false},
		{"others give up", 9, Pace{Agents: 10, Handle: 5 * time.Minute, Patience: 5 * time.Minute}, 3*time.Minute + 36*time.Second, true},
		{"the last waited longer", 0, Pace{Agents: 10, Handle: 5 * time.Minute, LastWait: 90 * time.Second}, time.Minute, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := Estimate(tt.ahead, tt.pace)
			if w.Known != tt.known || (w.Mean-tt.mean).Abs() > time.Second || w.Known && !(w.Low < w.High && w.Low > 0) {
				t.Errorf("Estimate = %+v, want a mean of %s", w, tt.mean)
			}
		})
	}
}

func TestAnAnnouncedWaitNeverGrowsWithoutACause(t *testing.T) {
	far := Wait{Low: 4 * time.Minute, Mean: 5 * time.Minute, High: 8 * time.Minute, Known: true}
	w, told := Announce(far, Told{}, noon, "")
	if w != far {
		t.Errorf("the first is %+v", w)
	}
	w, told = Announce(far, told, noon.Add(2*time.Minute), "")
	if w.High != 6*time.Minute || w.Mean != 5*time.Minute {
		t.Errorf("two minutes later %+v, want an end no later than told", w)
	}
	w, told = Announce(Wait{Low: time.Minute, Mean: time.Minute, High: 2 * time.Minute, Known: true}, told, noon.Add(3*time.Minute), "")
	if w.High != 2*time.Minute {
		t.Errorf("a shorter one is %+v", w)
	}
	worse, again := Announce(far, told, noon.Add(4*time.Minute), "fewer agents")
	if worse != far {
		t.Errorf("with a cause %+v", worse)
	}
	if w, _ = Announce(far, again, noon.Add(20*time.Minute), ""); w.Known {
		t.Errorf("after the promised end %+v", w)
	}
}

// TestNoAnnouncementEndsLaterThanTheOneBefore: whatever the estimates and however
// they are rounded to spoken minutes.
func TestNoAnnouncementEndsLaterThanTheOneBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told Told
		now, end := noon, time.Time{}
		for range rapid.IntRange(1, 12).Draw(t, "announcements") {
			now = now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "after")) * time.Second)
			low := time.Duration(rapid.IntRange(0, 900).Draw(t, "low")) * time.Second
			w := Wait{Low: low, Mean: low + time.Second, High: low + time.Duration(rapid.IntRange(2, 600).Draw(t, "more"))*time.Second, Known: true}
			cause := rapid.SampledFrom([]string{"", "", "", "fewer agents"}).Draw(t, "cause")
			said, next := Announce(w, told, now, cause)
			if told = next; !said.Known {
				continue
			}
			if said.Low > said.High || said.High < time.Minute || said.High%time.Minute != 0 || said.Low%time.Minute != 0 {
				t.Fatalf("said %+v", said)
			}
			if by := now.Add(said.High); !end.IsZero() && cause == "" && by.After(end) {
				t.Fatalf("an end at %s after one at %s", by, end)
			}
			end = now.Add(said.High)
		}
	})
}

func TestWhoComesToFreeAgentsDoesNotWait(t *testing.T) {
	p := Pace{Handle: 4 * time.Minute}
	for _, tt := range []struct {
		name string
		f    Figures
		want Wait
	}{
		{"two are free, one waits", Figures{Free: 2, Waiting: 1}, Wait{Known: true}},
		{"two are free, two wait", Figures{Free: 2, Waiting: 2}, Estimate(2, Pace{Agents: 2, Handle: 4 * time.Minute})},
		{"nobody is there", Figures{Waiting: 2}, Wait{}},
	} {
		if got := tt.f.Newcomer(p, noon); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	busy := Figures{Waiting: 3, Oldest: noon.Add(-10 * time.Minute)}
	if got := busy.Newcomer(Pace{Agents: 2, Handle: 4 * time.Minute}, noon); got.Mean != 9*time.Minute {
		t.Errorf("half of 8 min by the steps and of 10 min by who is next: %s", got.Mean)
	}
}

func TestPlaceInTheQueue(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.clock.Advance(time.Second)
	w.call("c2", "loans")
	p, err := w.router.Place(w.ctx, tenant, "c2", Pace{Agents: 2, Handle: time.Minute})
	if err != nil || p.Position != 2 || p.Wait.Mean != time.Minute {
		t.Errorf("place %+v, %v", p, err)
	}
	w.begin("c3")
	if _, err := w.router.Place(w.ctx, tenant, "c3", Pace{}); !errors.Is(err, contact.ErrStep) {
		t.Errorf("one who does not wait: %v", err)
	}
}
