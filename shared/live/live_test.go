package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/live/view"
)

// people are two agents and a supervisor, before whom pages are open.
func people(t *testing.T) (w *world, lin, floor *client) {
	t.Helper()
	w = newWorld(t)
	w.addAgent("lin", "林晓", auth.Agent)
	w.addAgent("wu", "吴明", auth.Agent)
	w.addAgent("boss", "陈静", auth.Supervisor)
	w.settle(time.Second)
	lin = w.open("c-lin=", "lin", auth.Agent)
	lin.subscribe(Me)
	floor = w.open("c-boss=", "boss", auth.Supervisor)
	floor.subscribe(Floor)
	w.clock.Advance(time.Second) // what is of the same moment as a snapshot may be in it or not
	return w, lin, floor
}

// same fails unless a page shows what a fresh snapshot would.
func (w *world) same(what string, c *client, name Topic, who string, role auth.Role) {
	w.Helper()
	fresh := w.open("fresh=", who, role)
	defer w.live.Disconnect(w.Context(), "fresh=")
	want := fresh.subscribe(name)
	if got, want := shown(c.topics[name].state), shown(want.state); got != want {
		w.Fatalf("%s: the page shows − and true is +\n%s", what, difference(got, want))
	}
}

// difference lists the lines that only one of two texts has.
func difference(a, b string) string {
	var out strings.Builder
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, side := range []struct {
		sign       string
		mine, over []string
	}{{"−", x, y}, {"+", y, x}} {
		for _, l := range side.mine {
			if !slices.Contains(side.over, l) {
				fmt.Fprintln(&out, side.sign, l)
			}
		}
	}
	return out.String()
}

func entries(c *client, t Topic, name string) []map[string]any {
	return list(c.topics[t].state[name])
}

func TestAnOfferReachesThePageWithItsScreenPop(t *testing.T) {
	w, lin, floor := people(t)
	first := w.call("cards", nil)
	w.status("lin", agent.Available, "")
	w.settle(time.Second)
	w.accept(first)
	if _, err := w.router.End(w.Context(), tenant, first, contact.CustomerLeft); err != nil {
		t.Fatal(err)
	}
	w.settle(5 * time.Second)
	id := w.call("loans", map[string]string{view.AttrCustomerName: "王芳", view.AttrPath: "主菜单 › 贷款 > 还款", view.AttrDigits: "6217001234"})
	w.settle(0)
	offers := entries(lin, Me, "offers")
	if len(offers) != 1 {
		t.Fatalf("offers %v", offers)
	}
	pop, _ := offers[0]["pop"].(map[string]any)
	last, _ := json.Marshal(pop["last"])
	for name, want := range map[string]any{"name": "王芳", "customer": "+86138****5678", "region": "北京市", "carrier": "中国移动", "language": "zh-CN", "digits": "********34"} {
		if pop[name] != want {
			t.Errorf("pop.%s = %v, want %v", name, pop[name], want)
		}
	}
	if got := fmt.Sprint(pop["path"]); got != "[主菜单 贷款 还款]" {
		t.Errorf("path %v", got)
	}
	if s := string(last); !strings.Contains(s, string(first)) || !strings.Contains(s, `"agent":"lin"`) || strings.Contains(s, string(id)) {
		t.Errorf("last %s", s)
	}
	w.same("an offer", lin, Me, "lin", auth.Agent)
	w.accept(id)
	w.settle(2 * time.Second)
	contacts := entries(lin, Me, "contacts")
	if len(contacts) != 1 || contacts[0]["state"] != "CONNECTED" || len(entries(lin, Me, "offers")) != 0 {
		t.Fatalf("contacts %v", contacts)
	}
	if p, _ := contacts[0]["pop"].(map[string]any); p["name"] != "王芳" {
		t.Errorf("the screen pop is gone: %v", contacts)
	}
	w.same("a talk", lin, Me, "lin", auth.Agent)
	w.same("the floor", floor, Floor, "boss", auth.Supervisor)
}

// From the claim on, an offer costs the table at most three requests before it is
// on its way to the page: connections, attributes, the customer's list. The first
// of a tenant that a process handles costs one more, for the tenant's secret.
func TestAnOfferCostsAtMostThreeTableRequestsBeforeItIsPushed(t *testing.T) {
	w, lin, _ := people(t)
	w.status("lin", agent.Available, "")
	for n := range 3 {
		limit := 3
		if n == 1 { // now the tenant has a secret: its first record made it
			limit = 4
		}
		w.settle(2 * time.Second)
		id := w.call("cards", nil)
		if c := w.contact(id); c.State != contact.Offered {
			t.Fatalf("%s", c.State)
		}
		requests, pushed := 0, -1
		w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
			switch c.Op {
			case localcloud.OpPush:
				if pushed < 0 && c.Name == "c-lin=" {
					pushed = requests
				}
			case localcloud.OpGet, localcloud.OpQuery, localcloud.OpWrite, localcloud.OpTransact:
				requests++
			}
			return localcloud.Pass
		}})
		tell := event.New(w.cloud.Table(), w.cloud.Queue(), contact.Instance{}, rand.NewChaCha8([32]byte{1})).ToLive()
		item, err := w.cloud.Table().Get(w.Context(), contact.Key(tenant, id), true)
		if err != nil {
			t.Fatal(err)
		}
		requests = 0
		old := cloud.Item{cloud.AttrPart: item[cloud.AttrPart], cloud.AttrSort: item[cloud.AttrSort], "state": string(contact.Queued), "enq": item["enq"], "v": item.Int("v") - 1}
		if err := tell.Tell(w.Context(), []event.Change{{ID: "x", At: w.clock.Now(), Old: old, New: item}}); err != nil {
			t.Fatal(err)
		}
		got, err := w.cloud.Queue().Receive(w.Context(), event.LiveQueue, 10, 0, time.Minute)
		if err != nil || len(got) == 0 {
			t.Fatalf("%v, %v", got, err)
		}
		before := lin.frames
		if err := w.live.HandleMessage(w.Context(), got[len(got)-1].Body); err != nil {
			t.Fatal(err)
		}
		w.cloud.SetFaults(localcloud.Faults{})
		if lin.frames == before || pushed < 0 || pushed > limit {
			t.Errorf("offer %d: %d requests before the push, want at most %d", n, pushed, limit)
		}
		w.accept(id)
		if _, err := w.router.End(w.Context(), tenant, id, contact.CustomerLeft); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAgentWhoLogsInTwiceIsToldTwice(t *testing.T) {
	w, here, _ := people(t)
	there := w.open("c-lin-2=", "lin", auth.Agent)
	there.subscribe(Me)
	w.status("lin", agent.Away, "meal")
	w.settle(time.Second)
	for name, c := range map[string]*client{"here": here, "there": there} {
		if s, _ := c.topics[Me].state["status"].(map[string]any); s["status"] != "custom" || s["name"] != "meal" {
			t.Errorf("%s: %v", name, s)
		}
	}
}

func TestATicketOpensOneConnection(t *testing.T) {
	w := newWorld(t)
	good := w.ticket("lin", auth.Agent)
	token, err := auth.New(w.cloud.Keys(), "huawu", "desk", w.clock.Now).Issue(t.Context(), auth.Identity{Tenant: tenant, Agent: "lin", Role: auth.Agent, Expires: w.clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		Opening
		want error
	}{
		{"a page of another site", Opening{Ticket: good, Origin: "https://evil.example", Host: "live.example"}, ErrOrigin},
		{"a page that hides where it is from", Opening{Ticket: good, Origin: "null", Host: "live.example"}, ErrOrigin},
		{"the token of log-in in its place", Opening{Ticket: token}, ErrTicket},
		{"nothing", Opening{}, ErrTicket},
		{"a changed one", Opening{Ticket: good[:len(good)-4] + "AAAA"}, ErrTicket},
		{"our page at another host", Opening{Ticket: good, Origin: "https://desk.example", Host: "live.example"}, nil},
		{"the same again", Opening{Ticket: good}, ErrTicket},
		{"our page at the same host", Opening{Ticket: w.ticket("lin", auth.Agent), Origin: "http://127.0.0.1:8080", Host: "127.0.0.1:8080"}, nil},
		{"a program", Opening{Ticket: w.ticket("lin", auth.Agent)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.Connection = tt.name
			if err := w.live.Connect(t.Context(), tt.Opening); !errors.Is(err, tt.want) || (err != nil) != IsRefusal(err) {
				t.Errorf("Connect = %v, want %v", err, tt.want)
			}
		})
	}
	old := w.ticket("lin", auth.Agent)
	w.clock.Advance(2 * time.Minute)
	if err := w.live.Connect(t.Context(), Opening{Connection: "x", Ticket: old}); !errors.Is(err, ErrTicket) {
		t.Errorf("an old one: %v", err)
	}
}

func TestWhoMayLookAtWhat(t *testing.T) {
	w, _, _ := people(t)
	for _, tt := range []struct {
		role  auth.Role
		who   string
		topic Topic
		code  string
	}{
		{auth.Agent, "wu", Floor, codeForbidden},
		{auth.Agent, "wu", "queue:loans", codeTopic},
		{auth.Admin, "root", Me, codeForbidden},
		{auth.Admin, "root", Floor, ""},
		{auth.Supervisor, "nobody", Me, codeForbidden},
	} {
		c := w.open(string(tt.role)+string(tt.topic), tt.who, tt.role)
		got := c.subscribe(tt.topic)
		if code := strings.Join(c.errors, ""); code != tt.code || (got.state != nil) != (tt.code == "") {
			t.Errorf("%s and %s: %q, want %q", tt.role, tt.topic, code, tt.code)
		}
	}
	if answer, err := w.live.Receive(t.Context(), "never opened", []byte(`{"type":"sync","topic":"me"}`)); err != nil || !strings.Contains(string(answer), codeUnknown) {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestAnotherTenantSeesNothing(t *testing.T) {
	w, lin, _ := people(t)
	ticket, err := w.tickets.Issue(t.Context(), auth.Identity{Tenant: "other", Agent: "lin", Role: auth.Supervisor, Expires: w.clock.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.live.Connect(t.Context(), Opening{Connection: "spy", Ticket: ticket}); err != nil {
		t.Fatal(err)
	}
	var heard []string
	w.cloud.Push().Open("spy", func(_ context.Context, text []byte) error {
		heard = append(heard, string(text))
		return nil
	})
	for _, topic := range []Topic{Me, Floor} {
		if _, err := w.live.Receive(t.Context(), "spy", []byte(`{"type":"subscribe","topic":"`+string(topic)+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	w.status("lin", agent.Available, "")
	w.call("loans", nil)
	w.settle(3 * time.Second)
	if len(heard) != 1 || strings.Contains(heard[0], "林晓") { // the floor of its own tenant, which is empty
		t.Errorf("heard %q", heard)
	}
	if len(entries(lin, Me, "offers")) != 1 {
		t.Error("lin was not told")
	}
}

func TestAConnectionThatIsGoneIsForgotten(t *testing.T) {
	w, lin, _ := people(t)
	rows := func() int {
		to, err := w.live.watching(t.Context(), tenant, Me, "lin")
		if err != nil {
			t.Fatal(err)
		}
		return len(to)
	}
	if rows() != 1 {
		t.Fatal("not subscribed")
	}
	lin.gone()
	w.status("lin", agent.Away, "meal")
	w.settle(time.Second)
	if rows() != 0 {
		t.Error("the row is still there")
	}
	again := w.open("c-lin-3=", "lin", auth.Agent)
	again.subscribe(Me)
	if err := w.live.Disconnect(t.Context(), "c-lin-3="); err != nil || rows() != 0 {
		t.Errorf("%v, %d rows", err, rows())
	}
	if err := w.live.Disconnect(t.Context(), "c-lin-3="); err != nil {
		t.Errorf("again: %v", err)
	}
	long := w.open("c-lin-4=", "lin", auth.Agent)
	long.subscribe(Me)
	w.clock.Advance(Life + 2*time.Minute)
	if rows() != 0 {
		t.Error("a connection outlives its longest life")
	}
}

func TestThePageIsToldToComeAgainWhileTheTableIsAway(t *testing.T) {
	w, lin, _ := people(t)
	ticket := w.ticket("lin", auth.Agent)
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		switch c.Op {
		case localcloud.OpGet, localcloud.OpQuery, localcloud.OpWrite, localcloud.OpTransact:
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	lin.sync(lin.topics[Me])
	lin.send(Frame{Type: typePing})
	if strings.Join(lin.errors, " ") != codeUnavailable || lin.pongs != 1 {
		t.Errorf("errors %v, pongs %d", lin.errors, lin.pongs)
	}
	if err := w.live.Connect(t.Context(), Opening{Connection: "x", Ticket: ticket}); fault.KindOf(err) != fault.Unavailable || IsRefusal(err) {
		t.Errorf("Connect = %v", err)
	}
}

func TestQueuesAreCountedAtMostOnceASecond(t *testing.T) {
	w, _, floor := people(t)
	other := New(Config{Table: w.cloud.Table(), Push: w.cloud.Push(), Queue: w.cloud.Queue(), Router: w.router, Tickets: w.tickets, Now: w.clock.Now, Log: w.live.log})
	w.settle(10 * time.Second)
	counts := map[int64]int{}
	floor.deliver = func(text []byte) {
		var m message
		if json.Unmarshal(text, &m) == nil {
			for _, d := range append(m.Deltas, m) { // the queues of a tenant come together
				if d.Entity == "queue" && d.ID == "loans" {
					counts[w.clock.Now().Unix()]++
				}
			}
		}
		floor.handle(text)
	}
	w.hold = true
	for n := range 40 {
		w.call("loans", nil)
		if _, err := w.cloud.Drain(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		for k, body := range w.held { // two functions at work
			s := []*Service{w.live, other}[(n+k)%2]
			if err := s.HandleMessage(t.Context(), body); err != nil {
				t.Fatal(err)
			}
		}
		w.held = nil
		w.clock.Advance(100 * time.Millisecond)
	}
	w.hold = false
	w.settle(5 * time.Second)
	if len(counts) < 4 || len(counts) > 6 {
		t.Errorf("counted in %d seconds of 4: %v", len(counts), counts)
	}
	for at, n := range counts {
		if n > 1 {
			t.Errorf("counted %d times at %d", n, at)
		}
	}
	if q := entries(floor, Floor, "queues"); len(q) != 2 || fmt.Sprint(q[0]["waiting"], q[1]["waiting"]) != "0 40" {
		t.Errorf("queues %v", q)
	}
}

func TestALargeFloorComesInPartsThatFit(t *testing.T) {
	w := newWorld(t)
	f := &view.Floor{Queues: []view.FloorQueue{{ID: "loans", At: noon}}, Statuses: []view.Choice{{Name: "meal"}}, TS: noon}
	versions := view.Versions{"queue/loans": 1}
	for n := range 1500 {
		id := fmt.Sprintf("agent-%04d", n)
		f.Agents = append(f.Agents, view.FloorAgent{ID: id, Name: strings.Repeat("名", 20), Username: id, Contacts: []view.FloorContact{{Contact: w.id(), Agent: id, State: "CONNECTED"}}})
		versions["agent/"+id], versions["contact/"+f.Agents[n].Contacts[0].Contact] = 7, 8
	}
	c := &client{topics: map[Topic]*topic{Floor: {name: Floor, asking: true}}}
	all := parts(f, versions, noon)
	for _, p := range all {
		b, err := encode(p)
		if err != nil || len(b) > 128<<10 {
			t.Fatalf("a part of %d bytes, %v", len(b), err)
		}
		c.handle(b)
	}
	got := c.topics[Floor]
	if len(all) < 3 || len(list(got.state["agents"])) != 1500 || len(got.versions) != 3001 || len(list(got.state["queues"])) != 1 || got.asking {
		t.Errorf("%d parts, %d agents, %d versions", len(all), len(list(got.state["agents"])), len(got.versions))
	}
}

func TestHostileNamesPassUnharmed(t *testing.T) {
	name := `</script><img src=x onerror=alert(1)>"\` + "\u2028\u0000😀"
	w := newWorld(t)
	w.addAgent("lin", name, auth.Agent)
	w.settle(0)
	lin := w.open("c=", "lin", auth.Agent)
	lin.subscribe(Me)
	w.status("lin", agent.Available, "")
	w.call("loans", map[string]string{view.AttrCustomerName: name, view.AttrPath: name, view.AttrDigits: "12<34>"})
	w.settle(0)
	if lin.bad > 0 || lin.topics[Me].state["name"] != name {
		t.Fatalf("%d bad frames, name %q", lin.bad, lin.topics[Me].state["name"])
	}
	if pop, _ := entries(lin, Me, "offers")[0]["pop"].(map[string]any); pop["name"] != name {
		t.Errorf("pop %v", pop)
	}
	long := w.open("d=", "lin", auth.Agent)
	var raw string
	long.deliver = func(text []byte) { raw = string(text) }
	long.subscribe(Me)
	if strings.ContainsAny(raw, "<>\u2028") {
		t.Error("a frame holds markup as it is")
	}
}

func FuzzReadFrame(f *testing.F) {
	for _, s := range []string{`{"type":"ping"}`, `{"type":"subscribe","topic":"me"}`, `{"type":"sync","topic":"floor"}`, `{"type":"subscribe","topic":1}`, `{`, `[]`, `null`, `{"type":"sync","topic":"me|x"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		frame, err := ReadFrame([]byte(s))
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if len(s) > MaxFrame || frame.Type == "" {
			t.Fatalf("%q is taken as %+v", s, frame)
		}
	})
}

// Without a page, a change costs no read but one each ten seconds. What another
// process did not tell because it remembered that, the page asks for itself.
func TestATenantThatNobodyLooksAtCostsNoReads(t *testing.T) {
	w := newWorld(t)
	w.addAgent("lin", "林晓", auth.Agent)
	w.settle(0)
	other := New(Config{Table: w.cloud.Table(), Push: w.cloud.Push(), Queue: w.cloud.Queue(), Router: w.router, Tickets: w.tickets, Now: w.clock.Now, Log: w.live.log})
	w.hold = true
	change := func(to agent.State) {
		t.Helper()
		w.status("lin", to, "")
		w.settle(time.Second)
		for _, body := range w.held {
			if err := other.HandleMessage(t.Context(), body); err != nil {
				t.Fatal(err)
			}
		}
		w.held = nil
	}
	change(agent.Available)
	w.cloud.ResetCounters()
	for n := range 8 {
		change([]agent.State{agent.Away, agent.Available}[n%2])
	}
	if n := w.cloud.Counters().Reads["LIVE"]; n > 0 {
		t.Errorf("%g reads for nobody", n)
	}
	lin := w.open("c=", "lin", auth.Agent)
	mine := lin.subscribe(Me)
	change(agent.Offline)
	if s, _ := mine.state["status"].(map[string]any); s["status"] != "available" {
		t.Fatalf("told although nobody is known to look: %v", s)
	}
	w.hold = false
	w.settle(unwatched + time.Second)
	if s, _ := mine.state["status"].(map[string]any); s["status"] != "offline" || mine.syncs != 1 {
		t.Errorf("after the memory is over: %v, %d syncs", s, mine.syncs)
	}
	w.hold = true
	change(agent.Available)
	if s, _ := mine.state["status"].(map[string]any); s["status"] != "available" || mine.syncs != 1 {
		t.Errorf("from then on: %v", s)
	}
}

// With a note of the agent before, an offer costs no more: what the contact has is
// read at once, and names of agents are remembered.
func TestATransferredOfferCostsNoMore(t *testing.T) {
	w, _, _ := people(t)
	w.status("wu", agent.Available, "")
	id := w.call("loans", map[string]string{view.AttrCustomerName: "王芳"})
	w.settle(0)
	c := w.contact(id)
	c.From, c.Previous = "lin", 0
	w.write(cloud.Write{Key: contact.NoteKey(tenant, id, 0, contact.NoteTransfer), Put: cloud.Item{"v": int64(1), "text": "退款已同意"}})
	who := auth.Identity{Tenant: tenant, Agent: "wu", Role: auth.Agent}
	for n := range 2 {
		w.cloud.ResetCounters()
		o, _, err := w.live.views.Part(t.Context(), who, c, false)
		if err != nil {
			t.Fatal(err)
		}
		if o == nil || o.Transfer == nil || o.Transfer.From != "林晓" || o.Transfer.Note != "退款已同意" || o.Pop.Name != "王芳" {
			t.Fatalf("offer %+v", o)
		}
		requests := w.cloud.Counters().Requests
		if all := requests["Table.Get"] + requests["Table.Query"]; n == 1 && all > 2 {
			t.Errorf("%d requests besides that of the connections: %v", all, requests)
		}
	}
}

// TestWhatChangesTogetherIsOneFrame holds a page's price to the number of moments in
// which something changes, not of changes.
func TestWhatChangesTogetherIsOneFrame(t *testing.T) {
	w, lin, floor := people(t)
	w.settle(20 * time.Second)
	tell := event.New(w.cloud.Table(), w.cloud.Queue(), contact.Instance{}, rand.NewChaCha8([32]byte{1})).ToLive()
	var batch []event.Change
	last := map[string]cloud.Item{}
	follow := func(k cloud.Key) {
		now, err := w.cloud.Table().Get(t.Context(), k, true)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, event.Change{ID: fmt.Sprint(len(batch)), At: w.clock.Now(), Old: last[k.Part], New: now})
		last[k.Part] = now
	}
	w.hold = true
	w.status("lin", agent.Available, "")
	follow(agent.Key(tenant, "lin"))
	id := w.call("cards", nil)
	follow(contact.Key(tenant, id))
	follow(agent.Key(tenant, "lin")) // has the contact: no page shows more than the contact tells
	if _, err := w.router.Accept(t.Context(), tenant, id, w.contact(id).Offer); err != nil {
		t.Fatal(err)
	}
	follow(contact.Key(tenant, id))
	w.settle(time.Second)
	w.held = nil
	w.hold = false
	if err := tell.Tell(t.Context(), batch); err != nil || w.cloud.Depth(event.LiveQueue) != 1 {
		t.Fatalf("%d messages, %v; want 1", w.cloud.Depth(event.LiveQueue), err)
	}
	mine, theirs, asked := lin.frames, floor.frames, lin.topics[Me].syncs
	got, err := w.cloud.Queue().Receive(t.Context(), event.LiveQueue, 1, 0, time.Minute)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if err := w.live.HandleMessage(t.Context(), got[0].Body); err != nil {
		t.Fatal(err)
	}
	if lin.frames != mine+1 || floor.frames != theirs+1 {
		t.Errorf("%d frames for the agent, %d for the floor; want 1 and 1", lin.frames-mine, floor.frames-theirs)
	}
	w.same("after one frame", lin, Me, "lin", auth.Agent)
	if n := lin.topics[Me].syncs - asked; n > 0 {
		t.Errorf("the page asked %d times for what it was told", n)
	}
}
