package contact

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huawu/shared/cloud"
	"huawu/shared/phone"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestAContactSurvivesTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := draw(t)
		i := c.Item()
		i[cloud.AttrPart], i[cloud.AttrSort] = Key(c.Tenant, c.ID).Part, Key(c.Tenant, c.ID).Sort
		if got := FromItem(i); !reflect.DeepEqual(got, c) {
			t.Fatalf("read back\n%+v\nwrote\n%+v", got, c)
		}
	})
}

func TestUpdateWritesOnlyWhatChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := draw(t), draw(t)
		now.Tenant, now.ID = old.Tenant, old.ID
		w := now.Update(old)
		stored := old.Item()
		for k, v := range w.Set {
			if reflect.DeepEqual(stored[k], v) {
				t.Fatalf("%s is written though it did not change", k)
			}
			stored[k] = v
		}
		for _, k := range w.Remove {
			delete(stored, k)
		}
		want := now.Item()
		delete(want, AttrVersion)
		delete(stored, AttrVersion)
		if !reflect.DeepEqual(stored, want) {
			t.Fatalf("after the update\n%v\nwant\n%v", stored, want)
		}
		if w.Add[AttrVersion] != 1 || len(w.If) != 3 {
			t.Fatalf("update %+v", w)
		}
	})
}

func draw(t *rapid.T) *Contact {
	str := func(name string) string { return rapid.StringMatching(`[a-z0-9]{0,8}`).Draw(t, name) }
	num := func(name string) int { return rapid.IntRange(0, 1000).Draw(t, name) }
	at := func(name string) time.Time {
		return FromMicros(rapid.Int64Range(0, 2e15).Draw(t, name))
	}
	c := &Contact{
		Tenant: "demo", ID: ID("0" + str("id")), Version: int64(1 + num("v")), State: rapid.SampledFrom(States()).Draw(t, "state"),
		Since: at("since"), Epoch: int64(num("epoch")), Channel: Voice, Method: Inbound,
		Customer: phone.MustParse("+8613800135678"), System: phone.MustParse(str("system")), Relay: str("relay"), Language: str("lang"),
		Queue: str("queue"), Group: str("group"), Priority: num("prio"), Rank: str("rank"), Enqueued: at("enq"), Dequeued: at("deq"),
		Offer: OfferID(str("offer")), OfferAgent: str("agent"), AgentLeg: str("leg"), RingSeconds: num("ring"), Attempts: num("attempts"),
		Record: rapid.Bool().Draw(t, "record"), Whispers: rapid.Bool().Draw(t, "whispers"), Recording: str("recording"), Initiated: at("initiated"), ToSystem: at("system at"),
		AgentJoined: at("joined"), Hold: Hold{Since: at("hold"), Count: num("holds"), Total: time.Duration(num("held")) * time.Second, Longest: time.Millisecond},
		Disconnected: at("disconnected"), ACWSeconds: num("acw"), ACWManual: rapid.Bool().Draw(t, "acwManual"), ACWUntil: at("acwUntil"), Reason: Reason(str("reason")), Disposition: str("disposition"), Segment: num("segment"),
	}
	c.Tries, c.CustomerFirst, c.Calling, c.Window = Tries{num("tries"), num("max"), time.Duration(num("pause")) * time.Second}, rapid.Bool().Draw(t, "first"), at("calling"), str("window")
	c.Flow, c.Moved = str("flow"), at("moved")
	if rapid.Bool().Draw(t, "passed") {
		c.Passed = []string{"q1", str("passed queue")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "exclusions") {
		c.Excluded = append(c.Excluded, Excluded{"a" + str("excluded"), FromMicros(1 + rapid.Int64Range(0, 2e15).Draw(t, "until"))})
	}
	if n := rapid.IntRange(0, 2).Draw(t, "needs"); n > 0 {
		c.Needs = map[string]int{"loan": n}
	}
	return c
}

// full is a contact with every attribute set, as long as they come.
func full() *Contact {
	at := func(s int) time.Time { return noon.Add(time.Duration(s)*time.Second + 123456*time.Microsecond) }
	return &Contact{
		Tenant: "demo", ID: "01938d2c-7f1e-7abc-8def-0123456789ab", Version: 12, State: Completed, Since: at(100), Epoch: 2,
		Channel: Voice, Method: Inbound, Customer: phone.MustParse("+8613800135678"), System: phone.MustParse("95000"), Relay: "relay-1", Language: "zh-CN",
		Queue: "loans", Group: "main", Priority: 5, Rank: "50.1763640012123456", Needs: map[string]int{"loan": 4},
		Enqueued: at(12), Dequeued: at(30), Offer: "01938d2c-8f1e-7abc-8def-0123456789ab", OfferAgent: "01938d2c-6f1e-7abc-8def-0123456789ab",
		AgentLeg: "01938d2c-9f1e-7abc-8def-0123456789ab", RingSeconds: 20, Attempts: 2, Record: true, Recording: "huawu-recordings/recordings/demo/2026/11/20/01938d2c-7f1e-7abc-8def-0123456789ab/0",
		Initiated: at(0), ToSystem: at(1), AgentJoined: at(30), Hold: Hold{Count: 2, Total: 15 * time.Second, Longest: 10 * time.Second},
		Disconnected: at(90), ACWSeconds: 30, ACWUntil: at(120), Reason: CustomerLeft, Disposition: "resolved",
	}
}

func TestAnItemCostsOneWriteUnit(t *testing.T) {
	c := full()
	for _, i := range []cloud.Item{c.Item(), (&Record{Contact: *c, Username: "lin", Profile: "loans-agents", Attributes: map[string]string{"language": "zh-CN", "menu": "1"}}).Item()} {
		n := 80 // the key
		for k, v := range i {
			n += len(k)
			switch v := v.(type) {
			case string:
				n += len(v)
			case int64:
				n += 9
			default:
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				n += len(b) + 3
			}
		}
		t.Logf("%d bytes", n)
		if n > 1024 {
			t.Errorf("a full item has %d bytes, more than one write unit", n)
		}
	}
}

func TestRecordInConnectShape(t *testing.T) {
	handled := Record{Contact: *full(), Username: "lin", Profile: "loans-agents", Attributes: map[string]string{"menu": "1"}}
	abandoned := Record{Contact: *full()}
	abandoned.AgentJoined, abandoned.Dequeued, abandoned.Recording, abandoned.OfferAgent = time.Time{}, time.Time{}, "", ""
	lost := handled
	lost.Reason, lost.Segment = RelayLost, 1
	for name, r := range map[string]Record{"handled": handled, "abandoned": abandoned, "relay_lost": lost} {
		t.Run(name, func(t *testing.T) {
			i := r.Item()
			k := RecordKey(r.Tenant, r.ID, r.Segment)
			i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
			back := RecordFromItem(i)
			got, err := json.MarshalIndent(back.Trace(Instance{Account: "000000000000", Region: "local"}, "Loans"), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", append(got, '\n'))
			if back.Handled() == back.Abandoned() {
				t.Errorf("handled %v and abandoned %v", back.Handled(), back.Abandoned())
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; run with -update if that is meant:\n%s", file, got)
	}
}

func TestKeys(t *testing.T) {
	for _, k := range []cloud.Key{Key("t", "c"), FlowKey("t", "c"), RecordKey("t", "c", 0), RecordingKey("t", "c", 2)} {
		tenant, id, ok := ParseKey(k)
		if !ok || tenant != "t" || id != "c" || k.Tenant() != "t" {
			t.Errorf("ParseKey(%v) = %q %q %v", k, tenant, id, ok)
		}
	}
	for _, k := range []cloud.Key{{Part: "t|A#x", Sort: "META"}, {Part: "C#x"}, {Part: "t|C#"}, {}} {
		if _, _, ok := ParseKey(k); ok {
			t.Errorf("ParseKey(%v) takes what is no contact", k)
		}
	}
	id := ID("01938d2c-7f1e-7abc-8def-0123456789ab")
	if SegmentID(id, 0) != string(id) || SegmentID(id, 1) == SegmentID(id, 2) || SegmentID("x", 1) == "" {
		t.Error("segment ids are not distinct")
	}
}
