package event

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

var (
	update = flag.Bool("update", false, "write golden files")
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

const id = contact.ID("01938d2c-7f1e-7abc-8def-0123456789ab")

// bench is a publisher over a cloud in memory, with one outlet.
type bench struct {
	*Publisher
	t     *testing.T
	cloud *localcloud.Cloud
	wants []Type // nil: all
	fail  error
}

// constant is a source of chance that is none.
type constant struct{}

func (constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: localcloud.NewClock(noon).Now, Queues: []localcloud.QueueOptions{{Name: "out"}}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, cloud: c}
	b.Publisher = New(c.Table(), c.Queue(), contact.Instance{Account: "000000000000", Region: "local"}, constant{},
		Outlet{Queue: "out", Wants: func(_ context.Context, tenant string, kind Type) (bool, error) {
			return tenant == "demo" && (b.wants == nil || slices.Contains(b.wants, kind)), b.fail
		}})
	return b
}

// sent takes what is on the outlet's queue, in the order it was sent.
func (b *bench) sent() []Message {
	b.t.Helper()
	var all []Message
	for {
		got, err := b.cloud.Queue().Receive(b.t.Context(), "out", 10, 0, time.Minute)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		for _, r := range got {
			var m Message
			if err := json.Unmarshal(r.Body, &m); err != nil {
				b.t.Fatal(err)
			}
			all = append(all, m)
			if err := b.cloud.Queue().Delete(b.t.Context(), "out", r.Receipt); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	slices.SortFunc(all, func(a, b Message) int { return int(a.Seq - b.Seq) })
	return all
}

func item(c *contact.Contact) cloud.Item {
	i := c.Item()
	k := contact.Key(c.Tenant, c.ID)
	i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
	return i
}

// life is a contact step by step: what the table held after each write.
func life() []*contact.Contact {
	c := &contact.Contact{Tenant: "demo", ID: id, Channel: contact.Voice, Method: contact.Inbound, Customer: phone.MustParse("+8613800135678"), System: phone.MustParse("95000")}
	var all []*contact.Contact
	step := func(s contact.State, seconds int, change func(at time.Time)) {
		at := noon.Add(time.Duration(seconds)*time.Second + 123*time.Millisecond)
		c.State, c.Since = s, at
		c.Version++
		if change != nil {
			change(at)
		}
		kept := *c
		all = append(all, &kept)
	}
	step(contact.InFlow, 0, func(at time.Time) { c.Initiated, c.ToSystem = at, at })
	step(contact.InFlow, 1, nil) // an attribute
	step(contact.Queued, 10, func(at time.Time) { c.Enqueued, c.Queue, c.Epoch = at, "loans", 1 })
	step(contact.Offered, 20, func(time.Time) { c.Offer, c.OfferAgent, c.Attempts = "o1", "a1", 1 })
	step(contact.Queued, 40, func(time.Time) { c.Offer, c.OfferAgent, c.Epoch = "", "", 2 }) // missed
	step(contact.Offered, 41, func(time.Time) { c.Offer, c.OfferAgent, c.Attempts = "o2", "a2", 2 })
	step(contact.Connecting, 44, nil)
	step(contact.Connected, 45, func(at time.Time) { c.AgentJoined, c.Dequeued = at, at })
	step(contact.Ended, 105, func(at time.Time) { c.Disconnected, c.Reason = at, contact.CustomerLeft })
	step(contact.Completed, 125, func(time.Time) { c.Disposition = "resolved" })
	return all
}

// tell hands the changes of a life over, and the record at its end.
func (b *bench) tell(all []*contact.Contact) {
	b.t.Helper()
	var old cloud.Item
	for _, c := range all {
		now := item(c)
		if err := b.HandleChange(b.t.Context(), Change{ID: changeID(now), At: c.Since, Old: old, New: now}); err != nil {
			b.t.Fatal(err)
		}
		old = now
	}
	if last := all[len(all)-1]; last.State == contact.Completed {
		b.record(last)
	}
}

func (b *bench) record(c *contact.Contact) {
	b.t.Helper()
	r := contact.Record{Contact: *c, Username: "lin"}
	i := r.Item()
	k := contact.RecordKey(c.Tenant, c.ID, c.Segment)
	i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
	if err := b.HandleChange(b.t.Context(), Change{ID: changeID(i), At: c.Since, New: i}); err != nil {
		b.t.Fatal(err)
	}
}

func changeID(i cloud.Item) string {
	b, err := json.Marshal(i["v"])
	if err != nil {
		panic(err)
	}
	return i.Str(cloud.AttrPart) + "/" + i.Str(cloud.AttrSort) + "/" + string(b)
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	file := filepath.Join("testdata", name)
	if *update {
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

func TestTheEventsOfOneContactInConnectShape(t *testing.T) {
	b := newBench(t)
	b.tell(life())
	got := b.sent()
	var kinds []Type
	for _, m := range got {
		kinds = append(kinds, m.Type)
		if strings.Contains(string(m.Detail), "0135678") {
			t.Errorf("%s holds a number", m.Type)
		}
	}
	if want := Types()[:6]; !slices.Equal(kinds, want) {
		t.Fatalf("events %v, want %v", kinds, want)
	}
	golden(t, "contact.json", got)
}

func TestAnEventHasTheSameIDHoweverOftenItIsTold(t *testing.T) {
	b := newBench(t)
	b.tell(life())
	first := b.sent()
	b.tell(life())
	b.tell(life())
	seen := map[string]int{}
	for _, m := range b.sent() {
		seen[m.ID]++
	}
	if len(seen) != len(first) {
		t.Errorf("%d ids for %d events", len(seen), len(first))
	}
	for _, m := range first {
		if seen[m.ID] != 2 {
			t.Errorf("%s came %d times more under its id, want 2", m.Type, seen[m.ID])
		}
	}
}

func TestEachEventNamesThoseBefore(t *testing.T) {
	b := newBench(t)
	b.tell(life())
	var want []Place
	for _, m := range b.sent() {
		if len(m.Before) != len(want) {
			t.Errorf("%s names %v before it, want %v", m.Type, m.Before, want)
		}
		for n := range want {
			if m.Before[n].Seq != want[n].Seq || m.Before[n].Type != want[n].Type || !m.Before[n].At.Equal(want[n].At) {
				t.Errorf("%s names %v before it, want %v", m.Type, m.Before[n], want[n])
			}
		}
		want = append(want, Place{m.Type, m.Seq, m.At})
	}
}

func TestAnAbandonedContact(t *testing.T) {
	all := life()[:3]
	last := *all[2]
	last.State, last.Since, last.Disconnected, last.Reason = contact.Completed, noon.Add(time.Minute), noon.Add(time.Minute), contact.CustomerLeft
	last.Version++
	b := newBench(t)
	b.tell(append(all, &last))
	var kinds []Type
	for _, m := range b.sent() {
		kinds = append(kinds, m.Type)
	}
	if want := []Type{Initiated, ConnectedToSystem, Queued, Disconnected, Completed}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	day, err := Lists{b.cloud.Table()}.OfDay(t.Context(), "demo", noon, "", 10)
	if err != nil || len(day.Rows) != 1 || day.Rows[0].Handled || day.Rows[0].Waited != 49 || day.Rows[0].Agent != "" {
		t.Errorf("row %+v, %v", day, err)
	}
	b.wants = []Type{}
	b.tell(life())
	if got := b.sent(); len(got) != 0 {
		t.Errorf("nobody asked for %v", got)
	}
}

func TestListRowsComeOnceWithTheRecord(t *testing.T) {
	b := newBench(t)
	b.tell(life())
	b.cloud.ResetCounters()
	b.tell(life())
	lists := Lists{b.cloud.Table()}
	want := Row{Contact: id, Began: contact.Instant(life()[0].Initiated), Ended: contact.Instant(life()[9].Since), Customer: phone.MustParse("+8613800135678"), Queue: "loans",
		Agent: "a2", Reason: contact.CustomerLeft, Disposition: "resolved", Handled: true, Seconds: 60, Waited: 35, Bound: 80}
	got, err := lists.OfAgent(t.Context(), "demo", "a2", noon, "", 10)
	if err != nil || !reflect.DeepEqual(got, Page{Rows: []Row{want}}) {
		t.Errorf("OfAgent = %+v, %v, want %+v", got, err, want)
	}
	got, err = lists.OfDay(t.Context(), "demo", noon, "", 10)
	if err != nil || !reflect.DeepEqual(got, Page{Rows: []Row{want}}) {
		t.Errorf("OfDay = %+v, %v", got, err)
	}
	secret, err := b.secret(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := b.cloud.Table().Query(t.Context(), cloud.Query{Part: "demo|L#customer#" + want.Customer.Hash(secret)})
	if err != nil || len(page) != 1 {
		t.Errorf("of the customer: %v, %v", page, err)
	}
	for _, i := range page {
		if strings.Contains(i.Str(cloud.AttrPart)+i.Str(cloud.AttrSort), "0135678") {
			t.Error("a key holds a number")
		}
	}
	if got, err := lists.OfAgent(t.Context(), "other", "a2", noon, "", 10); err != nil || len(got.Rows) != 0 {
		t.Errorf("another tenant sees %v, %v", got, err)
	}
	second := *life()[9]
	second.Segment = 1
	b.record(&second)
	seen := map[int]bool{}
	for before, pages := "", 0; ; pages++ {
		got, err := lists.OfAgent(t.Context(), "demo", "a2", noon, before, 1)
		if err != nil || len(got.Rows) > 1 || pages > 2 {
			t.Fatalf("page %d: %+v, %v", pages, got, err)
		}
		for _, r := range got.Rows {
			seen[r.Segment] = true
		}
		if before = got.Next; before == "" {
			break
		}
	}
	if len(seen) != 2 {
		t.Errorf("page by page %v, want both segments", seen)
	}
	n := b.cloud.Counters().Writes["L"]
	if n != 6 { // three refused ones, three new ones
		t.Errorf("%v write units", n)
	}
}

func TestATenantsSecretIsMadeOnce(t *testing.T) {
	b := newBench(t)
	one, err := b.secret(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	other := New(b.cloud.Table(), b.cloud.Queue(), contact.Instance{}, nil) // another process; it has no chance
	two, err := other.secret(t.Context(), "demo")
	if err != nil || string(one) != string(two) {
		t.Errorf("secrets differ: %v", err)
	}
}

func TestFailuresAreReportedAndASecondTryHeals(t *testing.T) {
	b := newBench(t)
	b.fail = errors.New("endpoints cannot be read")
	all := life()
	if err := b.HandleChange(t.Context(), Change{ID: "x", New: item(all[0])}); err == nil {
		t.Error("no error")
	}
	b.fail = nil
	b.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpSend {
			return localcloud.Lost
		}
		return localcloud.Pass
	}})
	if err := b.HandleChange(t.Context(), Change{ID: "x", New: item(all[0])}); err == nil {
		t.Error("a lost answer is no error")
	}
	b.cloud.SetFaults(localcloud.Faults{})
	if err := b.HandleChange(t.Context(), Change{ID: "x", New: item(all[0])}); err != nil {
		t.Error(err)
	}
	ids := map[string]bool{}
	for _, m := range b.sent() {
		ids[m.ID] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d events, want 2", len(ids))
	}
}

func TestOtherItemsAreNoEvents(t *testing.T) {
	b := newBench(t)
	for _, i := range []cloud.Item{nil, {}, {cloud.AttrPart: "demo|C#" + string(id), cloud.AttrSort: "FLOW"}, {cloud.AttrPart: "demo|G#g#0", cloud.AttrSort: "W#x"},
		{cloud.AttrPart: "demo|CFG", cloud.AttrSort: "QUEUE#x"}, {cloud.AttrPart: "demo|C#" + string(id), cloud.AttrSort: "RECORDING#0"}} {
		if err := b.HandleChange(t.Context(), Change{ID: "x", New: i}); err != nil {
			t.Errorf("%v: %v", i, err)
		}
	}
	r := contact.Record{Contact: *life()[9]}
	i := r.Item()
	i[cloud.AttrPart], i[cloud.AttrSort] = contact.RecordKey("demo", id, 0).Part, "REC#0"
	if err := b.HandleChange(t.Context(), Change{ID: "x", Old: i, New: i}); err != nil {
		t.Error(err)
	}
	if got := b.sent(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

func TestAgentEventsInConnectShape(t *testing.T) {
	b := newBench(t)
	for _, c := range life()[5:6] { // the offered one
		if _, err := b.cloud.Table().Write(t.Context(), c.Put()); err != nil {
			t.Fatal(err)
		}
	}
	a := &agent.Agent{Tenant: "demo", ID: "a2", Version: 1, State: agent.Offline, Username: "lin", Name: "Lin Wu", Profile: "loans-agents", Voice: agent.Slots{Max: 1}, Chat: agent.Slots{Max: 3}}
	var old cloud.Item
	steps := []func(){
		func() {},
		func() { a.State, a.Since, a.Epoch = agent.Available, noon, 1 },
		func() { a.Voice.Used, a.Offers = 1, map[contact.OfferID]contact.ID{"o2": id} },
		func() { a.NextState, a.NextStatus = agent.Away, "Lunch" },
		func() {
			a.Voice.Used, a.Offers, a.State, a.Status, a.NextState, a.NextStatus, a.Since = 0, nil, agent.Away, "Lunch", "", "", noon.Add(time.Minute)
		},
		func() { a.State, a.Status, a.Since = agent.Offline, "", noon.Add(time.Hour) },
	}
	for n, step := range steps {
		step()
		a.Version = int64(n + 1)
		i := a.Item()
		k := agent.Key("demo", "a2")
		i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
		if err := b.HandleChange(t.Context(), Change{ID: changeID(i), At: noon.Add(time.Duration(n) * time.Second), Old: old, New: i}); err != nil {
			t.Fatal(err)
		}
		old = i
	}
	got := b.sent()
	var kinds []Type
	for _, m := range got {
		kinds = append(kinds, m.Type)
	}
	if want := []Type{AgentLogin, AgentStateChange, AgentStateChange, AgentStateChange, AgentLogout}; !slices.Equal(kinds, want) {
		t.Fatalf("events %v, want %v", kinds, want)
	}
	golden(t, "agent.json", got)
}
