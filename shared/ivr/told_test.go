package ivr

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// staff lets agents with these states be in the list of the profile, and nobody
// else.
func (w *world) staff(states ...agent.State) {
	w.Helper()
	for n := range 9 {
		line := event.StaffLine(&agent.Agent{Tenant: tenant, ID: fmt.Sprint("a", n), Profile: "loans", State: agent.Offline})
		if n < len(states) {
			line.Put["state"] = string(states[n])
		}
		line.If = nil
		w.put(line)
	}
}

// handled puts the records of contacts that talked for so long.
func (w *world) handled(n int, bound time.Duration) {
	w.Helper()
	p := event.New(w.cloud.Table(), w.cloud.Queue(), contact.Instance{}, strings.NewReader(strings.Repeat("s", 32)))
	for i := range n {
		at := w.clock.Now().Add(-time.Hour)
		r := &contact.Record{Contact: contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprint("old", i)), State: contact.Completed, Initiated: at, Enqueued: at, AgentJoined: at,
			Dequeued: at, Disconnected: at.Add(bound), Since: at.Add(bound), Queue: "loans", OfferAgent: "lin"}}
		i := r.Item()
		k := contact.RecordKey(tenant, r.ID, 0)
		i[cloud.AttrPart], i[cloud.AttrSort] = k.Part, k.Sort
		if err := p.HandleChange(w.ctx, event.Change{ID: string(r.ID), At: at, New: i}); err != nil {
			w.Fatal(err)
		}
	}
}

// waitsBehind plays a call into the queue behind so many others, with our own flow
// for those who wait.
func waitsBehind(t *testing.T, others int) *world {
	t.Helper()
	w := newWorld(t)
	doc, err := os.ReadFile("../../flows/queue-wait.json")
	if err != nil {
		t.Fatal(err)
	}
	w.put(PutFlow(tenant, "queue-wait", "queue-wait", doc, 1))
	w.waits(others)
	w.runs(append([]node{{id: "hooks", kind: "UpdateContactEventHooks", params: `{"EventHooks":{"CustomerQueue":"queue-wait"}}`, next: "target",
		errs: map[string]string{"NoMatchingError": "oops"}}}, transfers("loans")...)...)
	w.answers(w.event(sma.NewInboundCall, nil))
	w.legs[0].Status = sma.Connected
	return w
}

// lap is what the caller hears at the end of a lap of music, a minute later.
func (w *world) lap() string {
	w.Helper()
	w.clock.Advance(time.Minute)
	loop := done(&sma.PlayLoop{Target: sma.On(callA)})
	loop.Huawu = &sma.Outcome{Interrupted: true}
	r := w.answers(w.event(sma.ActionSuccessful, loop))
	told := said(r)
	for !loops(r.Actions) {
		if len(r.Actions) == 0 {
			w.Fatal("no more music")
		}
		r = w.answers(w.event(sma.ActionSuccessful, done(r.Actions[len(r.Actions)-1].Parameters)))
		told += said(r)
	}
	return told
}

func (w *world) hear(want string) {
	w.Helper()
	if got := w.lap(); !strings.Contains(got, want) {
		w.Errorf("the caller is told %q, want %q", got, want)
	}
}

func TestACallerIsToldPlaceAndWaitAtEachLap(t *testing.T) {
	w := waitsBehind(t, 4)
	w.hear("第 5 位，我们会尽快") // nobody serves the queue, as far as is known
	w.staff("AVAILABLE", "AVAILABLE")
	w.handled(6, 2*time.Minute)
	w.clock.Advance(time.Minute)
	w.hear("第 5 位，预计还需等待 4 到 8 分钟。") // five steps of a minute
	w.hear("第 5 位，预计还需等待 4 到 7 分钟。") // the end that was told stays
	w.hear("第 5 位，预计还需等待 4 到 6 分钟。")
	if _, err := w.router.End(w.ctx, tenant, "0e000000-0000-7000-8000-000000000000", contact.CustomerLeft); err != nil {
		t.Fatal(err)
	}
	w.hear("第 4 位，预计还需等待 3 到 5 分钟。")
	w.staff("AVAILABLE") // one goes
	w.hear("由于在线坐席减少，等待时间会比刚才告知的更长，敬请谅解。您目前排在第 4 位，预计还需等待 7 到 12 分钟。")
	w.hear("第 4 位，预计还需等待 7 到 11 分钟。")
	w.clock.Advance(time.Hour)
	w.hear("第 4 位，我们会尽快") // the end has passed: nothing is promised
}

func TestACallerWhoIsOvertakenIsToldSo(t *testing.T) {
	w := waitsBehind(t, 1)
	w.staff("AVAILABLE")
	w.handled(6, 3*time.Minute)
	w.hear("第 2 位，预计还需等待 5 到 11 分钟。")
	for n := range 3 {
		c := &contact.Contact{Tenant: tenant, ID: contact.ID(fmt.Sprintf("0f000000-0000-7000-8000-%012d", n)), State: contact.InFlow, Since: w.clock.Now(),
			Channel: contact.Voice, Method: contact.Inbound, Customer: phone.MustParse("+8613900139000"), Initiated: w.clock.Now()}
		if err := w.router.Begin(w.ctx, c); err != nil {
			t.Fatal(err)
		}
		if _, err := w.router.Enqueue(w.ctx, tenant, c.ID, acd.Request{Queue: "loans", Priority: 1}); err != nil {
			t.Fatal(err)
		}
	}
	w.hear("有需要优先处理的来电")
}

func TestWhatACallerWasToldFirstIsKept(t *testing.T) {
	w := waitsBehind(t, 1)
	w.staff("AVAILABLE")
	w.handled(6, 3*time.Minute)
	w.lap()
	at := w.clock.Now()
	w.lap()
	w.handle(w.hangup(0, ""))
	i, err := w.cloud.Table().Get(w.ctx, contact.RecordKey(tenant, callID, 0), true)
	if err != nil {
		t.Fatal(err)
	}
	r := contact.RecordFromItem(i)
	if r == nil || !r.Told.At.Equal(at) || r.Told.Mean != 6*time.Minute || r.Told.Low >= r.Told.Mean || r.Told.High <= r.Told.Mean {
		t.Errorf("record %+v", r)
	}
}
