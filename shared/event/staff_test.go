package event

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// lines tells who is in the list of a profile.
func (b *bench) lines(profile string) (all []string) {
	b.t.Helper()
	staff, err := Lists{Table: b.cloud.Table()}.Staff(b.t.Context(), "demo", profile)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range staff {
		all = append(all, fmt.Sprint(s.Agent, " ", s.State, " ", s.Skills["loan"]))
	}
	return all
}

// agentItem is an agent's item as the stream has it.
func agentItem(a *agent.Agent) cloud.Item {
	i := a.Item()
	k := agent.Key(a.Tenant, a.ID)
	i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
	return i
}

func TestTheStaffOfAProfileFollowsItsAgents(t *testing.T) {
	b := newBench(t)
	var old cloud.Item
	lin := &agent.Agent{Tenant: "demo", ID: "lin", Profile: "loans", State: agent.Offline, Since: noon, Skills: map[string]int{"loan": 4}}
	var all []Change
	change := func(do func()) {
		do()
		lin.Version++
		now := agentItem(lin)
		all = append(all, Change{ID: fmt.Sprint(lin.Version), At: noon, Old: old, New: now})
		if err := b.HandleChange(t.Context(), all[len(all)-1]); err != nil {
			t.Fatal(err)
		}
		old = now
	}
	wants := func(when, loans, cards string) {
		t.Helper()
		if got := fmt.Sprint(b.lines("loans"), b.lines("cards")); got != loans+" "+cards {
			t.Errorf("%s: %s, want %s %s", when, got, loans, cards)
		}
	}
	change(func() {})
	wants("set up", "[lin OFFLINE 4]", "[]")
	change(func() { lin.State = agent.Available })
	wants("logged in", "[lin AVAILABLE 4]", "[]")
	writes := b.cloud.Counters().Writes["L"]
	change(func() { lin.Voice.Used, lin.Offers = 1, map[contact.OfferID]contact.ID{"o1": "c1"} })
	change(func() { lin.Voice.Used, lin.Offers = 0, nil })
	if n := b.cloud.Counters().Writes["L"] - writes; n != 0 || writes == 0 {
		t.Errorf("a call wrote %g units of lines", n)
	}
	change(func() { lin.Profile, lin.Skills = "cards", nil })
	wants("another profile", "[lin OFFLINE 0]", "[lin AVAILABLE 0]")
	change(func() { lin.State = agent.Missed })
	wants("missed", "[lin OFFLINE 0]", "[lin MISSED 0]")
	for _, c := range slices.Backward(all) { // again, and the latest first
		if err := b.HandleChange(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	wants("late changes", "[lin OFFLINE 0]", "[lin MISSED 0]")
}

func TestALineTellsHowLongItsAgentWasBound(t *testing.T) {
	b := newBench(t)
	c := contact.Contact{Tenant: "demo", ID: id, State: contact.Completed, Initiated: noon, Enqueued: noon.Add(time.Second), AgentJoined: noon.Add(40 * time.Second),
		Dequeued: noon.Add(40 * time.Second), Disconnected: noon.Add(100 * time.Second), Since: noon.Add(130 * time.Second), Queue: "loans", OfferAgent: "lin", Attempts: 3}
	for n, choice := range []contact.Choice{{Agent: "lin", At: noon.Add(2 * time.Second)}, {Agent: "wu", At: noon.Add(20 * time.Second)}, {Agent: "lin", At: noon.Add(35 * time.Second)}} {
		c.Why[n] = choice.String()
	}
	told := contact.Told{At: noon.Add(11 * time.Second), Low: 10 * time.Second, Mean: 20 * time.Second, High: time.Minute}
	for n, tt := range []struct {
		name  string
		told  time.Time
		after time.Duration
	}{
		{"told while it waited", told.At, 29 * time.Second},
		{"told in another queue", noon, 0},
		{"told after it", noon.Add(time.Minute), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &contact.Record{Contact: c, Told: told}
			r.Told.At, r.Segment = tt.told, n
			i := r.Item()
			k := contact.RecordKey("demo", id, n)
			i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
			if err := b.HandleChange(t.Context(), Change{ID: fmt.Sprint(n), At: noon, New: i}); err != nil {
				t.Fatal(err)
			}
			rows, err := Lists{Table: b.cloud.Table()}.Recent(t.Context(), "demo", noon.Add(13*time.Hour), 10) // tomorrow
			if err != nil || len(rows) != n+1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			row := rows[slices.IndexFunc(rows, func(r Row) bool { return r.Segment == n })]
			if row.Bound != 95 || row.After != tt.after || row.Told.IsZero() != (tt.after == 0) {
				t.Errorf("bound %d s, told %+v, %s after", row.Bound, row.Told, row.After)
			}
		})
	}
}
