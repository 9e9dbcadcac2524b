package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/metric"
)

var nine = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func oneQueue() Config {
	return Config{Queues: []acd.Queue{{ID: "loans", Group: "main"}}, Profiles: []acd.Profile{{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}}}
}

// busy is a day of calls by chance: exponential arrivals and handling times.
func busy(calls, agents int, between, talk time.Duration, seed uint64) (d Day) {
	dice := rand.New(rand.NewPCG(seed, 1))
	at := nine
	for n := range calls {
		at = at.Add(time.Duration(dice.ExpFloat64() * float64(between)))
		d.Arrivals = append(d.Arrivals, Arrival{ID: fmt.Sprintf("c%05d", n), At: at, Queue: "loans", Talk: time.Duration(dice.ExpFloat64() * float64(talk))})
	}
	for n := range agents {
		d.Shifts = append(d.Shifts, Shift{Agent: fmt.Sprintf("a%03d", n), Profile: "loans", From: nine, To: at.Add(24 * time.Hour)})
	}
	return d
}

func must(t testing.TB, d Day, c Config) Result {
	t.Helper()
	r, err := Run(d, c, metric.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestADayOfFiveThousandCalls is X2's speed: two configurations in less than ten
// seconds, and the same day gives the same result.
func TestADayOfFiveThousandCalls(t *testing.T) {
	d := busy(5000, 12, 5*time.Second, 50*time.Second, 1)
	began := time.Now()
	a, b := must(t, d, oneQueue()), must(t, d, oneQueue())
	took := time.Since(began)
	if !slices.Equal(a.Order, b.Order) || a.Queues["loans"] != b.Queues["loans"] {
		t.Error("one day, two results")
	}
	if n := a.Queues["loans"]; n.Offered != 5000 || n.Answered != 5000 {
		t.Errorf("%+v", n)
	}
	if took > 10*time.Second {
		t.Errorf("two configurations took %s", took)
	}
	t.Logf("5,000 calls under two configurations in %s", took.Round(time.Millisecond))
}

// TestTheWaitIsErlangs holds the replay to the closed form: ten erlangs and twelve
// agents let 44.9 % wait.
func TestTheWaitIsErlangs(t *testing.T) {
	waited, calls := 0, 0
	for seed := range uint64(2) {
		d := busy(8000, 12, 5*time.Second, 50*time.Second, seed+10)
		opt := metric.Options{Target: time.Nanosecond}
		r, err := Run(d, oneQueue(), opt)
		if err != nil {
			t.Fatal(err)
		}
		n := r.Queues["loans"]
		waited, calls = waited+n.Answered-n.AnsweredInTime, calls+n.Answered
	}
	if p := float64(waited) / float64(calls); math.Abs(p-0.449) > 0.03 {
		t.Errorf("%.3f waited, Erlang C says 0.449", p)
	}
}

func TestWhoComesFirstIsServedFirst(t *testing.T) {
	r := must(t, busy(500, 3, 10*time.Second, 60*time.Second, 3), oneQueue())
	if !slices.IsSorted(r.Order) {
		t.Error("one queue and no priorities, and not in order")
	}
	if r.Occupancy() <= 0 || r.Occupancy() > 1 {
		t.Errorf("occupancy %g", r.Occupancy())
	}
}

func TestAChangeOfPriorityChangesTheDay(t *testing.T) {
	d := busy(300, 2, 10*time.Second, 30*time.Second, 4)
	for n := range d.Arrivals {
		if d.Arrivals[n].Patience = 3 * time.Minute; n%5 == 0 {
			d.Arrivals[n].Queue = "gold"
		}
	}
	alike, first := oneQueue(), oneQueue()
	for _, c := range []*Config{&alike, &first} {
		c.Queues = append(c.Queues, acd.Queue{ID: "gold", Group: "main"})
	}
	alike.Profiles = []acd.Profile{{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}, {Queue: "gold", Priority: 1}}}}
	first.Profiles = []acd.Profile{{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 2}, {Queue: "gold", Priority: 1}}}}
	a, b := must(t, d, alike), must(t, d, first)
	before, _ := a.Queues["gold"].AnswerSpeed()
	after, _ := b.Queues["gold"].AnswerSpeed()
	if after >= before {
		t.Errorf("gold waits %s where it is first, %s where it is not", after, before)
	}
}

func TestTheImpatientLeave(t *testing.T) {
	d := Day{Arrivals: []Arrival{{ID: "a", At: nine, Queue: "loans", Patience: 30 * time.Second, Talk: time.Minute}}}
	if n := must(t, d, oneQueue()).Queues["loans"]; n.Abandoned != 1 || n.Abandon != 30*time.Second {
		t.Errorf("%+v", n)
	}
}

func TestADelayIsWaitedFor(t *testing.T) {
	c := oneQueue()
	c.Profiles[0].Queues[0].Delay = 20 * time.Second
	d := Day{Arrivals: []Arrival{{ID: "a", At: nine, Queue: "loans", Talk: time.Minute}}, Shifts: []Shift{{Agent: "x", Profile: "loans", From: nine, To: nine.Add(time.Hour)}}}
	if r := must(t, d, c); r.Longest != 20*time.Second {
		t.Errorf("waited %s", r.Longest)
	}
}

func TestBadDaysAreRefused(t *testing.T) {
	for name, d := range map[string]Day{
		"no such queue":      {Arrivals: []Arrival{{ID: "a", Queue: "x"}}},
		"twice":              {Arrivals: []Arrival{{ID: "a", Queue: "loans"}, {ID: "a", Queue: "loans"}}},
		"no such profile":    {Shifts: []Shift{{Agent: "a", Profile: "x"}}},
		"a shift backwards":  {Shifts: []Shift{{Agent: "a", Profile: "loans", From: nine, To: nine.Add(-1)}}},
		"a talk of minus 1s": {Arrivals: []Arrival{{ID: "a", Queue: "loans", Talk: -time.Second}}},
	} {
		if _, err := Run(d, oneQueue(), metric.Options{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestADayFromRecords(t *testing.T) {
	rec := func(id, agent string, enq, joined, disc, done int) contact.Record {
		at := func(s int) time.Time {
			if s < 0 {
				return time.Time{}
			}
			return nine.Add(time.Duration(s) * time.Second)
		}
		return contact.Record{Contact: contact.Contact{ID: contact.ID(id), Queue: "loans", Enqueued: at(enq), AgentJoined: at(joined), Disconnected: at(disc), Since: at(done), OfferAgent: agent}, Profile: "loans"}
	}
	d := FromRecords([]contact.Record{rec("b", "lin", 10, 20, 80, 90), rec("a", "lin", 0, 5, 15, 18), rec("c", "", 30, -1, 45, 45), rec("d", "", -1, -1, 50, 50)})
	if len(d.Arrivals) != 3 || d.Arrivals[0].ID != "a" || d.Arrivals[0].Talk != 10*time.Second || d.Arrivals[0].Work != 3*time.Second || d.Arrivals[2].Patience != 15*time.Second {
		t.Errorf("arrivals %+v", d.Arrivals)
	}
	if len(d.Shifts) != 1 || !d.Shifts[0].From.Equal(nine.Add(5*time.Second)) || !d.Shifts[0].To.Equal(nine.Add(90*time.Second)) {
		t.Errorf("shifts %+v", d.Shifts)
	}
	if n := must(t, d, oneQueue()).Queues["loans"]; n.Answered != 2 || n.Abandoned != 1 {
		t.Errorf("%+v", n)
	}
}
