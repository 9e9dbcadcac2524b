package setup

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

const tenant = "demo"

func read(t *testing.T, text string) (d Document) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

const good = `{
 "groups": [{"id": "main", "shards": 2}],
 "queues": [
  {"id": "loans", "name": "贷款", "ringSeconds": 25, "afterContactSeconds": 30, "overflow": "cards", "overflowSeconds": 60, "hours": "day", "afterHours": "refuse", "callerId": "+861088886666", "dials": ["+86", "95*"]},
  {"id": "cards", "needs": {"card": 3}, "mode": "credit", "creditSeconds": 60, "required": ["disposition"]}],
 "profiles": [{"id": "both", "queues": [{"queue": "cards"}, {"queue": "loans", "priority": 2, "delaySeconds": 10}]}],
 "hours": [{"id": "day", "timeZone": "Asia/Shanghai", "days": [[], [{"from": 540, "to": 1080}], [], [], [], [], []]}]
}`

func TestWhatIsWrongWithADocumentIsSaidWithItsPlace(t *testing.T) {
	if found := Check(read(t, good)); len(found) > 0 {
		t.Fatalf("a good document: %v", found)
	}
	for _, tt := range []struct{ name, from, to, want string }{
		{"an id that cannot be a key", `"id": "cards"`, `"id": "ca#rds"`, `queues: "ca#rds" is no id`},
		{"a queue twice", `"id": "cards", "needs"`, `"id": "loans", "needs"`, "queues.loans: is there twice"},
		{"ringing for an hour", `"ringSeconds": 25`, `"ringSeconds": 3600`, "queues.loans.ringSeconds: is 3600, want 5 to 60"},
		{"overflow to nowhere", `"overflow": "cards"`, `"overflow": "none"`, `queues.loans.overflow: there is no queue "none"`},
		{"overflow to itself", `"overflow": "cards"`, `"overflow": "loans"`, "queues.loans.overflow: is the queue itself"},
		{"overflow that never happens", `"overflowSeconds": 60`, `"overflowSeconds": 0`, "queues.loans.overflow: never happens"},
		{"overflow without a queue", `"overflow": "cards", `, ``, "queues.loans.overflow: names no queue"},
		{"hours that are not there", `"hours": "day"`, `"hours": "night"`, `queues.loans.hours: there are no hours "night"`},
		{"after hours without hours", `"hours": "day", `, ``, "queues.loans.afterHours: has no meaning without hours"},
		{"a caller id that is no number", `"+861088886666"`, `"me"`, "queues.loans.callerId: is no number"},
		{"a prefix that is none", `"95*"`, `"9*5"`, "queues.loans.dials: \"9*5\" is neither"},
		{"credit without seconds", `"creditSeconds": 60`, `"creditSeconds": 0`, "queues.cards.creditSeconds: is missing"},
		{"an unknown mode", `"mode": "credit"`, `"mode": "fair"`, `queues.cards.mode: is "fair", want strict or credit`},
		{"a field that is not required anywhere", `"disposition"`, `"mood"`, `queues.cards.required: is "mood"`},
		{"a level that is none", `"card": 3`, `"card": 9`, "queues.cards.needs.card: is 9, want 1 to 5"},
		{"a profile of a queue that is not there", `{"queue": "cards"}`, `{"queue": "card"}`, "profiles.both.queues.card: there is no such queue"},
		{"a profile across groups", `"id": "cards", `, `"id": "cards", "group": "other", `, "is of group other and the profile of main"},
		{"a priority that is none", `"priority": 2`, `"priority": 100`, "profiles.both.queues.loans.priority: is 100, want 1 to 99"},
		{"a time zone that is none", `Asia/Shanghai`, `Asia/Nowhere`, "timeZone: not an IANA time zone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := strings.Replace(good, tt.from, tt.to, 1)
			if changed == good {
				t.Fatal("the case changes nothing")
			}
			found := Check(read(t, changed))
			if !slices.ContainsFunc(found, func(f Finding) bool { return strings.Contains(f.String(), tt.want) }) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}

func TestWhatIsProbablyNotMeantIsSaid(t *testing.T) {
	d := read(t, `{"queues": [{"id": "lonely"}, {"id": "a", "overflow": "b", "overflowDepth": 3}, {"id": "b", "overflow": "a", "overflowDepth": 3}, {"id": "rare", "needs": {"dutch": 2}}],
		"profiles": [{"id": "all", "queues": [{"queue": "a"}, {"queue": "b"}, {"queue": "rare"}]}]}`)
	var got []string
	for _, f := range Warn(d, map[string][]map[string]int{"all": {{"dutch": 1}, nil}}) {
		got = append(got, f.String())
	}
	want := []string{"queues.lonely: no profile serves it: who waits there waits for ever", "queues.a.overflow: comes back to itself: a → b → a; a contact goes round once",
		"queues.rare.needs: no agent of the profiles that serve it has these skills"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if found := Warn(d, map[string][]map[string]int{"all": {{"dutch": 2}}}); len(found) != 2 {
		t.Errorf("with the skill: %v", found)
	}
}

// bed is a tenant with the queue of a demo and an agent.
func bed(t *testing.T) (Store, cloud.Table) {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	a := agent.Agent{Tenant: tenant, ID: "lin", State: agent.Offline, Username: "lin", Profile: "service", Voice: agent.Slots{Max: 1}}
	for _, w := range []cloud.Write{
		acd.Queue{ID: "service", Name: "Service", Group: "main", RingSeconds: 20, ACWSeconds: 10}.Put(tenant),
		acd.Profile{ID: "service", Group: "main", Queues: []acd.ProfileQueue{{Queue: "service", Priority: 1}}}.Put(tenant),
		{Key: acd.ConfigKey(tenant, "AGENT#lin"), Put: cloud.Item{contact.AttrVersion: int64(1), "agent": "lin"}}, a.Put(),
	} {
		if _, err := c.Table().Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	router := acd.NewRouter(c.Table(), c.Queue(), acd.Runtime{Now: time.Now})
	return Store{c.Table(), router.Roster, time.Now}, c.Table()
}

func TestADocumentIsAppliedWholeAndCanBePutBack(t *testing.T) {
	s, table := bed(t)
	before, err := s.Get(t.Context(), tenant)
	if err != nil || before.Number != 0 || len(before.Document.Queues) != 1 || before.Document.Queues[0].AfterContactSeconds != 10 {
		t.Fatalf("%+v, %v", before, err)
	}
	to := read(t, good)
	to.Queues = append(to.Queues, before.Document.Queues...)
	to.Queues[2].RingSeconds = 30
	to.Profiles = append(to.Profiles, before.Document.Profiles...)
	now, plan, err := s.Apply(t.Context(), tenant, "chen", to, 0)
	if err != nil || now.Number != 1 {
		t.Fatalf("%+v, %v", now, err)
	}
	var said []string
	for _, c := range plan.Changes {
		said = append(said, c.What+": "+c.How)
	}
	if want := []string{"group main: added", "queue cards: added", "queue loans: added", "queue service: ringSeconds – → 30", "profile both: added", "hours day: added"}; !slices.Equal(said, want) {
		t.Errorf("changes %q", said)
	}
	routing, err := acd.ReadRouting(t.Context(), table, tenant)
	if err != nil || routing.Queues["service"].RingSeconds != 30 || routing.Queues["loans"].Overflow != "cards" || routing.Profiles["both"].Queues[1].Delay != 10*time.Second || routing.Groups["main"].Shards != 2 {
		t.Errorf("routed by %+v, %v", routing, err)
	}
	got, err := s.Get(t.Context(), tenant)
	if err != nil || len(got.Document.Hours) != 1 || got.By != "chen" {
		t.Errorf("read back %+v, %v", got, err)
	}
	if _, plan, err := s.Apply(t.Context(), tenant, "chen", got.Document, got.Number); err != nil || len(plan.Changes) > 0 {
		t.Errorf("what was read changes %+v, %v", plan.Changes, err)
	}

	first, err := s.Past(t.Context(), tenant, 0)
	if err != nil {
		t.Fatal(err)
	}
	if back, _, err := s.Apply(t.Context(), tenant, "chen", first.Document, 1); err != nil || back.Number != 2 {
		t.Fatalf("put back: %+v, %v", back, err)
	}
	again, err := s.Get(t.Context(), tenant)
	if err != nil || differences(&before.Document, &again.Document) != "" {
		t.Errorf("put back is %s, %v", differences(&before.Document, &again.Document), err)
	}
	if _, err := s.Past(t.Context(), tenant, 9); !errors.Is(err, ErrNoRevision) {
		t.Errorf("a revision that is not there: %v", err)
	}
}

func TestADocumentIsRefusedWhole(t *testing.T) {
	s, _ := bed(t)
	now, err := s.Get(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	longer := now.Document
	longer.Queues = slices.Clone(longer.Queues)
	longer.Queues[0].AfterContactSeconds = 60
	if _, _, err := s.Apply(t.Context(), tenant, "chen", longer, 0); err != nil {
		t.Fatal(err)
	}
	many := Document{Profiles: now.Document.Profiles, Queues: now.Document.Queues}
	for n := range 120 {
		many.Queues = append(many.Queues, Queue{ID: "q" + string(rune('a'+n/26)) + string(rune('a'+n%26))})
	}
	for _, tt := range []struct {
		name     string
		to       Document
		revision int64
		want     fault.Kind
		says     string
	}{
		{"one made of an older one", now.Document, 0, fault.Conflict, "was changed since"},
		{"one with a fault", Document{Queues: []Queue{{ID: "service", RingSeconds: 1}}, Profiles: now.Document.Profiles}, 1, fault.Invalid, "queues.service.ringSeconds"},
		{"one without a profile that agents have", Document{Queues: now.Document.Queues}, 1, fault.Invalid, "profiles.service: 1 agents have it"},
		{"one with too many changes", many, 1, fault.Invalid, "121 changes at once"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := s.Apply(t.Context(), tenant, "chen", tt.to, tt.revision)
			if fault.KindOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v", err)
			}
			if stands, err := s.Get(t.Context(), tenant); err != nil || stands.Number != 1 || stands.Document.Queues[0].AfterContactSeconds != 60 {
				t.Errorf("in force is %+v, %v", stands, err)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"queues":[{"id":"a","overflow":"a","overflowDepth":1}],"profiles":[{"id":"p","queues":[{"queue":"a","priority":-1}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d Document
		if json.Unmarshal(raw, &d) != nil {
			return
		}
		Warn(d, nil)
		if len(Check(d)) > 0 {
			return
		}
		for _, q := range d.Queues { // what is taken can be written and read
			if k := acd.ConfigKey(tenant, "QUEUE#"+q.ID); strings.ContainsAny(q.ID, "#|") || q.Rule().Put(tenant).Key != k {
				t.Errorf("queue %q has a key of its own making", q.ID)
			}
		}
	})
}

func TestTheExampleOfTheGuideIsGood(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/guide/queues.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```json\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the guide has no example")
	}
	d := read(t, example)
	if found := Check(d); len(found) > 0 || len(d.Queues) != 3 {
		t.Errorf("%v", found)
	}
	if found := Warn(d, map[string][]map[string]int{"cards": {{"card": 2}}}); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
