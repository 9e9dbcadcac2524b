package metric

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var nine = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// day is ten contacts of which the golden numbers are counted by hand: six
// answered (four within 20 s), three abandoned (one after 3 s, one after 15 s, one
// after 60 s), one callback after 10 s, one flow-out after 30 s.
func day() (all []Event) {
	add := func(c int, k Kind, after time.Duration) {
		id := fmt.Sprintf("c%d", c)
		all = append(all, Event{ID: fmt.Sprint(id, k, after), Kind: k, Contact: id, Queue: "loans", At: nine.Add(time.Duration(c)*time.Minute + after)})
	}
	for c, wait := range []time.Duration{5, 10, 15, 20, 40, 60} {
		wait *= time.Second
		add(c, Enqueued, 0)
		add(c, Answered, wait)
		add(c, HoldStarted, wait+10*time.Second)
		add(c, HoldEnded, wait+20*time.Second)
		add(c, Disconnected, wait+100*time.Second)
		add(c, WorkEnded, wait+130*time.Second)
	}
	for n, wait := range []time.Duration{3, 15, 60} {
		add(6+n, Enqueued, 0)
		add(6+n, Abandoned, wait*time.Second)
	}
	add(9, Enqueued, 0)
	add(9, Callback, 10*time.Second)
	add(10, Enqueued, 0)
	add(10, FlowOut, 30*time.Second)
	return all
}

func total(events []Event) (sum Numbers) {
	for _, n := range Batch(Options{}, events) {
		sum = sum.Plus(n)
	}
	return sum
}

func TestEveryDialectOfOneDay(t *testing.T) {
	n := total(day())
	tests := []struct {
		dialect  Dialect
		switches Switches
		over     int
		under    int
	}{
		{Huawu, Switches{}, 4, 6 + 3 - 1},
		{Connect, Switches{}, 4 + 2 + 1, 11},
		{Genesys, Switches{}, 4, 9},
		{Genesys, Switches{WithFlowOuts: true}, 4, 10},
		{Genesys, Switches{WithoutShort: true}, 4, 8},
		{Genesys, Switches{WithoutAbandoned: true}, 4, 6},
		{Genesys, Switches{WithShortInAnswer: true}, 5, 9},
		{Asterisk, Switches{}, 4, 6},
		{AsteriskTwo, Switches{}, 4 + 2, 9},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %+v", tt.dialect, tt.switches), func(t *testing.T) {
			v := n.ServiceLevel(tt.dialect, Options{}, tt.switches)
			if v.Over != tt.over || v.Under != tt.under || math.Abs(v.Share-float64(tt.over)/float64(tt.under)) > 1e-12 {
				t.Errorf("%d ÷ %d, want %d ÷ %d", v.Over, v.Under, tt.over, tt.under)
			}
			if !strings.Contains(v.Definition, "÷") {
				t.Errorf("definition %q", v.Definition)
			}
		})
	}
}

func TestTimesOfOneDay(t *testing.T) {
	n := total(day())
	if d, _ := n.AnswerSpeed(); d != 25*time.Second {
		t.Errorf("answer speed %s", d)
	}
	if d, _ := n.AbandonTime(); d != 26*time.Second {
		t.Errorf("abandon time %s", d)
	}
	if d, _ := n.HandleTime(); d != 130*time.Second || n.Hold != time.Minute {
		t.Errorf("handle time %s, hold %s", d, n.Hold)
	}
	if a := n.AbandonRate(); a.Over != 3 || a.Under != 11 {
		t.Errorf("abandoned %+v", a)
	}
	if a := n.AnswerRate(); a.Over != 6 || a.Under != 11 {
		t.Errorf("answered %+v", a)
	}
}

func TestNothingIsNotZero(t *testing.T) {
	for _, d := range Dialects() {
		if v := (Numbers{}).ServiceLevel(d, Options{}, Switches{}); v.Defined {
			t.Errorf("%s of nothing is %+v", d, v)
		}
	}
	if _, ok := (Numbers{}).HandleTime(); ok {
		t.Error("a handle time of nothing")
	}
}

// TestAStreamInAnyOrderIsTheBatch is X5: events one by one, in any order and more
// than once, give the numbers of all at once.
func TestAStreamInAnyOrderIsTheBatch(t *testing.T) {
	kinds := []Kind{Enqueued, Answered, Abandoned, FlowOut, Callback, HoldStarted, HoldEnded, Disconnected, WorkEnded}
	rapid.Check(t, func(t *rapid.T) {
		var events []Event
		for n := range rapid.IntRange(0, 60).Draw(t, "events") {
			events = append(events, Event{ID: fmt.Sprint(n), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Contact: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "contact"),
				Placement: rapid.IntRange(0, 1).Draw(t, "placement"), Queue: rapid.SampledFrom([]string{"loans", "cards"}).Draw(t, "queue"),
				At: nine.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "at")) * time.Second)})
		}
		for n, e := range events { // a contact's placement is in one queue
			if e.Placement == 0 {
				events[n].Queue = "loans"
			}
			if e.Placement == 1 {
				events[n].Queue = "cards"
			}
		}
		want := Batch(Options{}, events)
		s := NewStream(Options{})
		for _, n := range rapid.Permutation(indices(len(events))).Draw(t, "order") {
			s.Add(events[n])
			if rapid.IntRange(0, 4).Draw(t, "again") == 0 {
				s.Add(events[n])
			}
		}
		if got := s.Slots(); !maps.Equal(got, want) {
			t.Fatalf("stream %+v\nbatch  %+v", got, want)
		}
		var sum Numbers
		for _, n := range want {
			sum = sum.Plus(n)
		}
		if s.Total("") != sum || s.Total("loans").Plus(s.Total("cards")) != sum {
			t.Fatalf("total %+v, want %+v", s.Total(""), sum)
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestALateEventLeavesARevisionMark(t *testing.T) {
	s := NewStream(Options{})
	events := day()
	for _, e := range events[1:] {
		s.Add(e)
	}
	at := Slot{"loans", nine}
	if s.Slots()[at].Offered != 10 || s.Revisions(at) != 0 {
		t.Fatalf("before: %+v, %d revisions", s.Slots()[at], s.Revisions(at))
	}
	s.Seal(nine.Add(time.Hour))
	s.Add(events[0])
	s.Add(events[0])
	if s.Slots()[at].Offered != 11 || s.Revisions(at) != 1 {
		t.Errorf("after: %+v, %d revisions", s.Slots()[at], s.Revisions(at))
	}
}
