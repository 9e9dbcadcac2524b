package contact

import (
	"errors"
	"slices"
	"testing"
	"time"

	"huawu/shared/fault"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// allowed is written down a second time, as a person would draw it.
var allowed = map[State][]State{
	Initiated:  {InFlow, Connecting, Completed},
	InFlow:     {Queued, Offered, Completed},
	Queued:     {InFlow, Offered, Completed},
	Offered:    {Connecting, Queued, Offered, Completed},
	Connecting: {Connected, Queued, Completed},
	Connected:  {Ended, Completed, Queued, Offered, Connecting, InFlow},
	Ended:      {Completed},
	Completed:  {},
}

func TestMoveOverAllPairs(t *testing.T) {
	for _, from := range States() {
		for _, to := range States() {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				c := Contact{ID: "c", State: from, Since: noon}
				err := c.Move(to, noon.Add(time.Second))
				if want := slices.Contains(allowed[from], to); want != (err == nil) || want != CanMove(from, to) {
					t.Fatalf("Move = %v, want allowed %v", err, want)
				}
				if err != nil && (c.State != from || !c.Since.Equal(noon) || !errors.Is(err, ErrStep) || fault.KindOf(err) != fault.Conflict) {
					t.Errorf("a refused step left %s since %s, error %v", c.State, c.Since, err)
				}
			})
		}
	}
}

func TestEveryStateReachesTheEnd(t *testing.T) {
	for _, s := range States() {
		if s != Completed && !CanMove(s, Completed) && !CanMove(s, Ended) {
			t.Errorf("%s has no way to the end", s)
		}
	}
}

func TestSinceNeverGoesBack(t *testing.T) {
	c := Contact{State: Queued, Since: noon}
	if err := c.Move(Offered, noon.Add(-5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if !c.Since.Equal(noon) {
		t.Errorf("Since = %s, want %s", c.Since, noon)
	}
}

func TestRequeue(t *testing.T) {
	later := noon.Add(time.Minute)
	c := Contact{State: Offered, Epoch: 3, Rank: "r", Offer: "o", OfferAgent: "lin", RingSeconds: 20,
		Excluded: []Excluded{{"old", noon.Add(-time.Second)}, {"lin", later}, {"wu", later}}}
	if err := c.Requeue(noon, later); err != nil {
		t.Fatal(err)
	}
	if c.State != Queued || c.Epoch != 4 || c.Rank != "r" || c.Offer != "" || c.OfferAgent != "" || c.RingSeconds != 0 {
		t.Errorf("after Requeue: %+v", c)
	}
	if want := []Excluded{{"wu", later}, {"lin", later}}; !slices.Equal(c.Excluded, want) {
		t.Errorf("Excluded = %v, want %v: no entry twice, none that is over", c.Excluded, want)
	}
	for i := range 20 {
		c.State, c.OfferAgent = Offered, string(rune('a'+i))
		if err := c.Requeue(noon, later); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.Excluded) != maxExcluded || c.Excluded[maxExcluded-1].Agent != "t" {
		t.Errorf("Excluded = %v, want the latest %d", c.Excluded, maxExcluded)
	}
}

func TestHold(t *testing.T) {
	var c Contact
	c.StopHold(noon) // without a hold
	c.StartHold(noon)
	c.StartHold(noon.Add(time.Second)) // twice
	c.StopHold(noon.Add(10 * time.Second))
	c.StartHold(noon.Add(20 * time.Second))
	c.StopHold(noon.Add(15 * time.Second)) // a clock that went back
	if want := (Hold{Count: 2, Total: 10 * time.Second, Longest: 10 * time.Second}); c.Hold != want {
		t.Errorf("Hold = %+v, want %+v", c.Hold, want)
	}
}
