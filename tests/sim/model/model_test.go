package model

import (
	"flag"
	"strings"
	"testing"
	"time"
)

var (
	large = flag.Bool("large", false, "explore the large scenarios too")
	limit = flag.Int("limit", 30_000_000, "states that are looked at, at most")
)

func explore(t *testing.T, sc Scenario, limit int) Result {
	t.Helper()
	began := time.Now()
	r := sc.Explore(limit)
	t.Logf("%d states, whole %v, %s, in %s", r.States, r.Whole, r.Violation, time.Since(began).Round(time.Millisecond))
	return r
}

func TestEveryInterleaving(t *testing.T) {
	all := Small()
	if *large {
		all = append(all, Large()...)
	}
	for _, sc := range all {
		t.Run(sc.Name, func(t *testing.T) {
			if r := explore(t, sc, *limit); r.Violation != "" || !r.Whole && !*large {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestEveryMutationIsCaught holds the model to what it is for.
func TestEveryMutationIsCaught(t *testing.T) {
	small := Small()
	tests := []struct {
		bug  Mutation
		in   Scenario
		want string
	}{
		{DeleteAnyEpoch, Scenario{Slots: 1, Procs: []int8{enqueues, comes, comes, expires}}, "I-"},
		{SplitClaim, Scenario{Slots: 1, Procs: []int8{enqueues, comes, comes, abandons}}, "I-2"},
		{NoRoundAfter, Scenario{Slots: 1, Procs: []int8{enqueues, comes}}, "I-4"},
		{SlotsUnbounded, small[1], "I-2"},
		{ReleaseByAgent, Scenario{Slots: 1, Crashes: 1, Procs: []int8{enqueues, enqueues, comes, expires, abandons, repairs}}, "I-2"},
		{AckWithoutRound, small[1], "I-4"},
		{AtOnceUnfenced, Scenario{Slots: 1, Procs: []int8{arrives, arrives, comes}}, "I-2"},
		{AtOnceOrNever, Scenario{Slots: 1, Procs: []int8{arrives, comes}}, "I-4"},
		{AtOnceAnyEpoch, Scenario{Slots: 1, Procs: []int8{arrives, comes, expires}}, "I-4"},
	}
	for _, tt := range tests {
		t.Run(string(tt.bug), func(t *testing.T) {
			tt.in.Bug = tt.bug
			if r := explore(t, tt.in, *limit); !strings.HasPrefix(r.Violation, tt.want) {
				t.Errorf("not caught: %+v", r)
			}
		})
	}
}
