package acd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/contact"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func profiles() map[string]Profile {
	return map[string]Profile{
		"loans":  {Queues: []ProfileQueue{{"loans", 1, 0}}},
		"both":   {Queues: []ProfileQueue{{"loans", 2, 0}, {"cards", 1, 0}}},
		"backup": {Queues: []ProfileQueue{{"loans", 1, 30 * time.Second}}},
	}
}

func TestMatch(t *testing.T) {
	q := Queue{}
	waits := func(id, queue string, since int) Waiting {
		return Waiting{Contact: contact.ID(id), Queue: queue, Enqueued: at(since), Rank: q.Rank(5, at(since))}
	}
	free := func(id, profile string, idle int) Free { return Free{Agent: id, Profile: profile, Idle: at(idle)} }
	needs := func(w Waiting, skill string, level int) Waiting { w.Needs = map[string]int{skill: level}; return w }
	can := func(f Free, skill string, level int) Free { f.Skills = map[string]int{skill: level}; return f }
	vip := waits("vip", "loans", -1)
	vip.Rank = q.Rank(1, at(-1))
	shy := waits("c1", "loans", -50)
	shy.Excluded = []contact.Excluded{{Agent: "lin", Until: at(9)}}

	tests := []struct {
		name    string
		waiting []Waiting
		free    []Free
		want    string
		later   time.Time
	}{
		{"nobody waits", nil, []Free{free("lin", "loans", -9)}, "", time.Time{}},
		{"nobody is free", []Waiting{waits("c1", "loans", -9)}, nil, "", time.Time{}},
		{"longest idle agent first", []Waiting{waits("c1", "loans", -9)}, []Free{free("lin", "loans", -5), free("wu", "loans", -7)}, "c1-wu", time.Time{}},
		{"longest waiting contact first", []Waiting{waits("c2", "loans", -8), waits("c1", "loans", -9)}, []Free{free("lin", "loans", -5)}, "c1-lin", time.Time{}},
		{"a better band before a longer wait", []Waiting{waits("c1", "loans", -900), vip}, []Free{free("lin", "loans", -5)}, "vip-lin", time.Time{}},
		{"a queue that the profile does not serve", []Waiting{waits("c1", "cards", -9)}, []Free{free("lin", "loans", -5)}, "", time.Time{}},
		{"an unknown profile serves nothing", []Waiting{waits("c1", "loans", -9)}, []Free{free("lin", "gone", -5)}, "", time.Time{}},
		{"the profile's first queue before a longer wait in its second", []Waiting{waits("old", "loans", -900), waits("new", "cards", -1)},
			[]Free{free("lin", "both", -5)}, "new-lin", time.Time{}},
		{"who serves the queue first gets it, the other the rest", []Waiting{waits("c1", "loans", -9), waits("c2", "cards", -8)},
			[]Free{free("ann", "both", -99), free("lin", "loans", -5)}, "c1-lin c2-ann", time.Time{}},
		{"nobody has the skill", []Waiting{needs(waits("c1", "loans", -9), "english", 3)}, []Free{free("lin", "loans", -5), can(free("wu", "loans", -6), "english", 2)}, "", time.Time{}},
		{"a contact nobody can serve hides nobody behind it", []Waiting{needs(waits("c1", "loans", -9), "english", 3), waits("c2", "loans", -8)},
			[]Free{free("lin", "loans", -5)}, "c2-lin", time.Time{}},
		{"the higher level before the longer idle", []Waiting{needs(waits("c1", "loans", -9), "english", 3)},
			[]Free{can(free("lin", "loans", -99), "english", 3), can(free("wu", "loans", -6), "english", 5)}, "c1-wu", time.Time{}},
		{"an excluded agent is tried again later", []Waiting{shy}, []Free{free("lin", "loans", -5)}, "", at(9)},
		{"another agent takes the contact meanwhile", []Waiting{shy}, []Free{free("lin", "loans", -50), free("wu", "loans", -5)}, "c1-wu", time.Time{}},
		{"a profile's delay is not over", []Waiting{waits("c1", "loans", -10)}, []Free{free("ann", "backup", -9)}, "", at(20)},
		{"a profile's delay is over", []Waiting{waits("c1", "loans", -30)}, []Free{free("ann", "backup", -9)}, "c1-ann", time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pairs, later := Match(noon, tt.waiting, tt.free, profiles())
			var got []string
			for _, p := range pairs {
				got = append(got, string(p.Waiting.Contact)+"-"+p.Free.Agent)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != tt.want || !later.Equal(tt.later) {
				t.Errorf("Match = %v later %v, want %q later %v", got, later, tt.want, tt.later)
			}
		})
	}
}

func TestMatchKeepsItsPromises(t *testing.T) {
	q := Queue{Mode: Credit, CreditSeconds: 60}
	rapid.Check(t, func(t *rapid.T) {
		queues, names := []string{"loans", "cards"}, []string{"loans", "both", "backup"}
		var waiting []Waiting
		var free []Free
		for n := range rapid.IntRange(0, 12).Draw(t, "waiting") {
			since := at(-rapid.IntRange(0, 60).Draw(t, "since"))
			w := Waiting{Contact: contact.ID(fmt.Sprint("c", n)), Queue: rapid.SampledFrom(queues).Draw(t, "queue"), Enqueued: since,
				Rank: q.Rank(rapid.IntRange(1, 9).Draw(t, "priority"), since)}
			if rapid.Bool().Draw(t, "skilled") {
				w.Needs = map[string]int{"english": rapid.IntRange(1, 3).Draw(t, "level")}
			}
			if rapid.Bool().Draw(t, "excludes") {
				w.Excluded = []contact.Excluded{{Agent: "a0", Until: at(rapid.IntRange(-5, 5).Draw(t, "until"))}}
			}
			waiting = append(waiting, w)
		}
		for n := range rapid.IntRange(0, 8).Draw(t, "free") {
			free = append(free, Free{Agent: fmt.Sprint("a", n), Profile: rapid.SampledFrom(names).Draw(t, "profile"),
				Idle: at(-rapid.IntRange(0, 60).Draw(t, "idle")), Skills: map[string]int{"english": rapid.IntRange(0, 3).Draw(t, "has")}})
		}
		before := fmt.Sprint(waiting, free)
		pairs, later := Match(noon, waiting, free, profiles())
		if fmt.Sprint(waiting, free) != before {
			t.Fatal("an argument was changed")
		}
		check(t, waiting, free, pairs, later)
	})
}

// check holds a result against what Match promises.
func check(t *rapid.T, waiting []Waiting, free []Free, pairs []Pair, later time.Time) {
	gotten, given := map[contact.ID]Pair{}, map[string]bool{}
	for _, p := range pairs {
		if _, twice := gotten[p.Waiting.Contact]; twice || given[p.Free.Agent] {
			t.Fatalf("%s or %s is in two pairs", p.Waiting.Contact, p.Free.Agent)
		}
		gotten[p.Waiting.Contact], given[p.Free.Agent] = p, true
		if prio, from := eligible(p.Waiting, p.Free); prio == 0 || from.After(noon) {
			t.Fatalf("%s may not have %s", p.Free.Agent, p.Waiting.Contact)
		}
	}
	for _, w := range waiting {
		if _, done := gotten[w.Contact]; done {
			continue
		}
		for _, f := range free {
			prio, from := eligible(w, f)
			switch {
			case prio == 0:
			case from.After(noon):
				if !given[f.Agent] && (later.IsZero() || later.After(from)) {
					t.Fatalf("%s fits %s at %s, later is %s", w.Contact, f.Agent, from, later)
				}
			case !given[f.Agent]:
				t.Fatalf("%s and %s fit and are left", w.Contact, f.Agent)
			default: // the agent went to someone who came before by queue priority or rank
				for _, p := range pairs {
					if p.Free.Agent != f.Agent {
						continue
					}
					if other, _ := eligible(p.Waiting, f); other > prio || other == prio && p.Waiting.Rank > w.Rank {
						t.Fatalf("%s got %s before %s", p.Waiting.Contact, f.Agent, w.Contact)
					}
				}
			}
		}
	}
}

// eligible returns the priority at which f serves w, 0 if never, and from when.
func eligible(w Waiting, f Free) (priority int, from time.Time) {
	for skill, level := range w.Needs {
		if f.Skills[skill] < level {
			return 0, noon
		}
	}
	for _, q := range profiles()[f.Profile].Queues {
		if q.Queue == w.Queue {
			from = w.Enqueued.Add(q.Delay)
			for _, e := range w.Excluded {
				if e.Agent == f.Agent && e.Until.After(from) {
					from = e.Until
				}
			}
			return q.Priority, from
		}
	}
	return 0, noon
}

func TestRank(t *testing.T) {
	strict, credit := Queue{}, Queue{Mode: Credit, CreditSeconds: 60}
	tests := []struct {
		name          string
		first, second string
	}{
		{"earlier is first", strict.Rank(5, at(0)), strict.Rank(5, at(1))},
		{"a strict band beats any wait", strict.Rank(4, at(0)), strict.Rank(5, at(-86400))},
		{"band 10 comes after band 9", strict.Rank(9, at(0)), strict.Rank(10, at(0))},
		{"a priority out of range is the nearest one", strict.Rank(-3, at(0)), strict.Rank(2, at(0))},
		{"credit counts as waiting", credit.Rank(4, at(59)), credit.Rank(5, at(0))},
		{"credit ends", credit.Rank(5, at(0)), credit.Rank(4, at(61))},
		{"a lower priority is a debt", credit.Rank(5, at(59)), credit.Rank(6, at(0))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.first >= tt.second || len(tt.first) != len(tt.second) {
				t.Errorf("%s does not sort before %s", tt.first, tt.second)
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	q := Queue{}
	var waiting []Waiting
	var free []Free
	for n := range 200 {
		waiting = append(waiting, Waiting{Contact: contact.ID(fmt.Sprint("c", n)), Queue: "loans", Enqueued: at(-n), Rank: q.Rank(5, at(-n))})
		free = append(free, Free{Agent: fmt.Sprint("a", n), Profile: "both", Idle: at(-n)})
	}
	for b.Loop() {
		Match(noon, waiting, free, profiles())
	}
}
