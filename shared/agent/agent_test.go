package agent

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestMoveOverAllPairs(t *testing.T) {
	allowed := map[State][]State{
		Offline:   {Offline, Available, Away},
		Available: {Offline, Available, Away, Missed},
		Away:      {Offline, Available, Away},
		Missed:    {Offline, Available, Away},
	}
	for _, from := range States() {
		for _, to := range append(States(), "NONSENSE") {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				a := Agent{State: from, Since: noon, Status: "Lunch"}
				err := a.Move(to, noon.Add(time.Second))
				if want := slices.Contains(allowed[from], to); want != (err == nil) {
					t.Fatalf("Move = %v, want allowed %v", err, want)
				}
				if err != nil && (a.State != from || !errors.Is(err, ErrStep)) {
					t.Errorf("a refused step left %s, error %v", a.State, err)
				}
				if err == nil && (a.Status == "") != (to != Away) {
					t.Errorf("status %q in %s", a.Status, to)
				}
			})
		}
	}
}

func TestRelease(t *testing.T) {
	busy := func() *Agent {
		return &Agent{State: Available, Epoch: 3, Voice: Slots{1, 1}, Offers: map[contact.OfferID]contact.ID{"o": "c"}}
	}
	tests := []struct {
		name   string
		change func(*Agent)
		offer  contact.OfferID
		held   bool
		state  State
		status string
		ready  bool
	}{
		{"the agent is ready again", func(*Agent) {}, "o", true, Available, "", true},
		{"another offer frees nothing", func(*Agent) {}, "x", false, Available, "", false},
		{"the next status is entered", func(a *Agent) { a.NextState, a.NextStatus = Away, "Lunch" }, "o", true, Away, "Lunch", false},
		{"the next status is log-out", func(a *Agent) { a.NextState = Offline }, "o", true, Offline, "", false},
		{"a second contact keeps the next status waiting", func(a *Agent) {
			a.NextState, a.Offers["p"], a.Voice = Away, "d", Slots{2, 2}
		}, "o", true, Available, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := busy()
			tt.change(a)
			if got := a.Release(tt.offer, noon); got != tt.held {
				t.Fatalf("Release = %v, want %v", got, tt.held)
			}
			if a.State != tt.state || a.Status != tt.status || a.Ready() != tt.ready || tt.held != (a.Epoch == 4) || len(a.Offers) != a.Voice.Used {
				t.Errorf("after Release %+v", a)
			}
		})
	}
}

func draw(t *rapid.T) *Agent {
	num := func(name string) int { return rapid.IntRange(0, 9).Draw(t, name) }
	str := func(name string) string { return rapid.StringMatching(`[a-z]{0,5}`).Draw(t, name) }
	a := &Agent{Tenant: "demo", ID: "a1", Version: int64(1 + num("v")), State: rapid.SampledFrom(States()).Draw(t, "state"),
		Since: contact.FromMicros(int64(num("since"))), Epoch: int64(num("epoch")), Username: str("user"), Name: str("name"), Profile: str("profile"),
		Device: Device{Kind: Phone, User: str("sip")}, Status: str("status"), NextState: State(str("next")), NextStatus: str("next status"),
		Idle: contact.FromMicros(int64(num("idle"))), Voice: Slots{num("max"), num("used")}, Chat: Slots{num("chats"), 0}, Email: Slots{0, num("mails")}}
	if n := num("skill"); n > 0 {
		a.Skills = map[string]int{"loan": n}
	}
	for range num("offers") {
		if a.Offers == nil {
			a.Offers = map[contact.OfferID]contact.ID{}
		}
		a.Offers[contact.OfferID(str("offer"))] = contact.ID(str("contact"))
	}
	return a
}

func TestAnAgentSurvivesTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t)
		i := a.Item()
		i[cloud.AttrPart], i[cloud.AttrSort] = Key(a.Tenant, a.ID).Part, Key(a.Tenant, a.ID).Sort
		if got := FromItem(i); !reflect.DeepEqual(got, a) {
			t.Fatalf("read back\n%+v\nwrote\n%+v", got, a)
		}
		if c := a.Clone(); !reflect.DeepEqual(c, a) {
			t.Fatalf("Clone = %+v", c)
		}
	})
}

func TestKeys(t *testing.T) {
	if tenant, id, ok := ParseKey(Key("t", "a")); !ok || tenant != "t" || id != "a" {
		t.Error("an agent's key is not read back")
	}
	for _, k := range []cloud.Key{{Part: "t|C#x", Sort: "META"}, {Part: "t|A#x", Sort: "X"}, {Part: "t|A#", Sort: "META"}, {}} {
		if _, _, ok := ParseKey(k); ok {
			t.Errorf("ParseKey(%v) takes what is no agent", k)
		}
	}
}
