package acd

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

var outside = phone.MustParse("+8613900139000")

// segments returns the segments of a contact that are over, in short, in the
// order of their records: "0 lin AGENT_DISCONNECT →1".
func (w *world) segments(id contact.ID) string {
	w.Helper()
	page, _, err := w.cloud.Table().Query(w.ctx, cloud.Query{Part: contact.Key(tenant, id).Part, From: contact.SortRecord, To: contact.SortRecord + "\uffff"})
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, i := range page {
		if r := contact.RecordFromItem(i); r != nil {
			s := fmt.Sprintf("%d %s %s", r.Segment, r.OfferAgent, r.Reason)
			if r.Next > 0 {
				s += fmt.Sprintf(" →%d", r.Next)
			}
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

func (w *world) is(what, got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestATransferToAFlow(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.settle(10 * time.Second)
	w.verbs()
	c := w.contact("c1")
	w.must(w.router.TransferToFlow(w.ctx, c, "survey"))
	w.settle(0)
	w.is("commands", w.verbs(), "talk")
	w.is("rows", w.rows(), "")
	if again, err := w.router.TransferToFlow(w.ctx, c, "survey"); err != nil || again.Segment != 1 {
		t.Errorf("the command a second time: %v, %+v", err, again)
	}
	now := w.contact("c1")
	if now.State != contact.InFlow || now.Flow != "survey" || now.Offer != "" || now.Queue != "" || now.From != "lin" {
		t.Errorf("in the flow: %+v", now)
	}
	left, err := w.router.Left(w.ctx, tenant, "c1", c.Offer)
	if err != nil || left == nil || left.State != contact.Ended {
		t.Fatalf("what lin left: %+v, %v", left, err)
	}
	w.must(w.router.FinishLeft(w.ctx, left, "sold"))
	w.must(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans"})) // as the flow wants it
	w.settle(0)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.must(w.router.Accept(w.ctx, tenant, "c1", w.contact("c1").Offer))
	w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, "bucket/y"))
	w.must(w.router.TransferToFlow(w.ctx, w.contact("c1"), "survey"))
	w.must(w.router.End(w.ctx, tenant, "c1", contact.FlowEnded))
	w.settle(time.Minute)
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1 lin AGENT_DISCONNECT →2, 2  CONTACT_FLOW_DISCONNECT")
	w.wants("c1", "COMPLETED", "lin", "AVAILABLE 0")
}

func TestATransferToAQueue(t *testing.T) {
	w := newWorld(t)
	w.addAgent("wu", "all", nil)
	w.talk("c1")
	w.settle(10 * time.Second)
	w.verbs()
	c := w.contact("c1")
	w.must(w.router.TransferToQueue(w.ctx, c, "cards"))
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 1")
	w.settle(0)
	w.is("commands", w.verbs(), "talk")
	w.is("rows", w.rows(), "W c1")
	if again, err := w.router.TransferToQueue(w.ctx, c, "cards"); err != nil || again.Segment != 1 {
		t.Errorf("the command a second time: %v, %+v", err, again)
	}
	w.status("wu", agent.Available)
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
	next := w.contact("c1")
	w.must(w.router.Accept(w.ctx, tenant, "c1", next.Offer))
	w.must(w.router.Joined(w.ctx, tenant, "c1", next.Offer, "bucket/y"))
	left, err := w.router.Left(w.ctx, tenant, "c1", c.Offer)
	if err != nil || left == nil || left.State != contact.Ended || left.Recording != "bucket/x" || left.Next != 1 {
		t.Fatalf("what lin left: %+v, %v", left, err)
	}
	w.must(w.router.FinishLeft(w.ctx, left, "sold"))
	w.must(w.router.FinishLeft(w.ctx, left, "again"))
	w.wants("c1", "CONNECTED wu", "lin", "AVAILABLE 0")
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.settle(time.Minute)
	w.wants("c1", "COMPLETED wu", "wu", "AVAILABLE 0")
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1 wu CUSTOMER_DISCONNECT")
	if c := w.contact("c1"); c.Method != contact.Transfer || c.Previous != 0 || c.Priority != DefaultPriority {
		t.Errorf("the second segment: %+v", c)
	}
}

func TestAfterContactWorkOfWhoTransferredEndsByItself(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.must(w.router.TransferToQueue(w.ctx, w.contact("c1"), "cards"))
	w.settle(29 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 1")
	w.settle(3 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1")
}

func TestATransferToAnAgent(t *testing.T) {
	setup := func(t *testing.T) *world {
		w := newWorld(t)
		w.addAgent("wu", "loans", nil)
		w.talk("c1")
		w.status("wu", agent.Available)
		w.settle(0)
		w.verbs()
		return w
	}
	t.Run("is taken", func(t *testing.T) {
		w := setup(t)
		w.must(w.router.TransferToAgent(w.ctx, w.contact("c1"), "wu"))
		w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
		w.settle(0)
		w.is("commands", w.verbs(), "ring talk")
		w.is("rows", w.rows(), "")
		w.must(w.router.Answered(w.ctx, tenant, "c1", w.contact("c1").Offer, "leg-c"))
		w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, ""))
		w.wants("c1", "CONNECTED wu", "lin", "AVAILABLE 1")
	})
	t.Run("is missed and goes back to who sent it", func(t *testing.T) {
		w := setup(t)
		w.must(w.router.TransferToAgent(w.ctx, w.contact("c1"), "wu"))
		w.settle(24 * time.Second)
		w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
		w.wants("c1", "OFFERED lin", "wu", "MISSED 0")
		w.is("commands", w.verbs(), "ring ring talk unring")
		w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1")
		w.settle(24 * time.Second)
		w.wants("c1", "QUEUED", "lin", "MISSED 0")
	})
	t.Run("is missed and waits when who sent it is away", func(t *testing.T) {
		w := setup(t)
		w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Away, "lunch"))
		c := w.contact("c1")
		w.must(w.router.TransferToAgent(w.ctx, c, "wu"))
		left, err := w.router.Left(w.ctx, tenant, "c1", c.Offer)
		w.must(left, err)
		w.must(w.router.FinishLeft(w.ctx, left, "done"))
		w.settle(24 * time.Second)
		w.wants("c1", "QUEUED", "lin", "AWAY 0")
		w.is("rows", w.rows(), "W c1")
	})
	for name, tt := range map[string]struct {
		who  string
		do   func(w *world)
		want error
	}{
		"oneself":           {"lin", func(*world) {}, ErrSelf},
		"nobody":            {"zhou", func(*world) {}, ErrNoAgent},
		"one who is away":   {"wu", func(w *world) { w.status("wu", agent.Away) }, ErrAgentAway},
		"one who is busy":   {"wu", func(w *world) { w.call("c2", "loans") }, ErrAgentBusy},
		"one after the end": {"wu", func(w *world) { w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)) }, contact.ErrStep},
	} {
		t.Run("to "+name+" is refused", func(t *testing.T) {
			w := setup(t)
			c := w.contact("c1")
			tt.do(w)
			before := w.contact("c1").State
			if _, err := w.router.TransferToAgent(w.ctx, c, tt.who); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if now := w.contact("c1"); now.State != before || now.Segment != 0 {
				t.Errorf("a refused transfer left %s, segment %d", now.State, now.Segment)
			}
		})
	}
}

func TestATransferToANumber(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.settle(0)
	w.verbs()
	w.must(w.router.TransferToNumber(w.ctx, w.contact("c1"), outside))
	w.settle(0)
	w.is("commands", w.verbs(), "ring talk")
	c := w.contact("c1")
	if c.State != contact.Offered || c.OfferAgent != "" || c.Dial != outside || c.Method != contact.External {
		t.Fatalf("the contact: %+v", c)
	}
	w.must(w.router.Answered(w.ctx, tenant, "c1", c.Offer, "leg-c"))
	w.must(w.router.Joined(w.ctx, tenant, "c1", c.Offer, ""))
	w.settle(0)
	w.must(w.router.End(w.ctx, tenant, "c1", contact.ThirdParty))
	w.settle(time.Minute)
	w.wants("c1", "COMPLETED", "lin", "AVAILABLE 0")
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1  THIRD_PARTY_DISCONNECT")
}

func TestANumberThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.must(w.router.TransferToNumber(w.ctx, w.contact("c1"), outside))
	w.must(nil, w.router.Expire(w.ctx, tenant, "c1", w.contact("c1").Offer))
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	if c := w.contact("c1"); !c.Dial.IsZero() || c.Method != contact.Transfer || c.Segment != 1 {
		t.Errorf("given back: %+v", c)
	}
}

// transfers is a story of every kind of transfer, each step only if the one
// before was done.
func transfers(w *world) {
	step := func(state contact.State, agent string, do func(c *contact.Contact) error) bool {
		c, err := w.router.Contact(w.ctx, tenant, "c1")
		return err == nil && c.State == state && c.OfferAgent == agent && do(c) == nil
	}
	take := func(c *contact.Contact) error {
		_, err := w.router.Answered(w.ctx, tenant, "c1", c.Offer, "leg")
		if err == nil {
			_, err = w.router.Joined(w.ctx, tenant, "c1", c.Offer, "")
		}
		return err
	}
	for _, s := range []struct {
		state contact.State
		agent string
		do    func(c *contact.Contact) error
	}{
		{contact.Offered, "lin", take},
		{contact.Connected, "lin", func(c *contact.Contact) error { _, err := w.router.TransferToAgent(w.ctx, c, "wu"); return err }},
		{contact.Offered, "wu", func(c *contact.Contact) error { return w.router.Reject(w.ctx, tenant, "c1", c.Offer) }},
		{contact.Offered, "lin", take},
		{contact.Connected, "lin", func(c *contact.Contact) error { _, err := w.router.TransferToQueue(w.ctx, c, "english"); return err }},
		{contact.Offered, "eve", take},
		{contact.Connected, "eve", func(c *contact.Contact) error { _, err := w.router.TransferToNumber(w.ctx, c, outside); return err }},
		{contact.Offered, "", take},
		{contact.Connected, "", func(c *contact.Contact) error {
			_, err := w.router.End(w.ctx, tenant, "c1", contact.ThirdParty)
			return err
		}},
	} {
		if !step(s.state, s.agent, s.do) {
			return
		}
	}
}

func transferWorld(t *testing.T) *world {
	w := newWorld(t)
	w.addAgent("wu", "loans", nil)
	w.addAgent("eve", "loans", map[string]int{"english": 5})
	w.status("lin", agent.Available)
	w.call("c1", "loans")
	w.status("wu", agent.Available)
	w.status("eve", agent.Available)
	w.settle(0)
	return w
}

func TestEveryCrashOfATransferIsMadeGood(t *testing.T) {
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := transferWorld(t)
		if k == 1 {
			before := w.cloud.Acked()
			transfers(w)
			points = w.cloud.Acked() - before
			w.settle(5 * time.Minute)
			w.over(0)
			w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1 lin AGENT_DISCONNECT →2, 2 eve AGENT_DISCONNECT →3, 3  THIRD_PARTY_DISCONNECT")
			w = transferWorld(t)
		}
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		transfers(w)
		w.open(w.cloud)
		w.settle(5 * time.Minute)
		w.over(k)
	}
	t.Logf("%d crash points", points)
}

func TestEveryAnswerOfATransferMayBeLost(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle} {
		for n := 1; ; n++ {
			w := transferWorld(t)
			seen := w.nth(n, verdict)
			transfers(w)
			w.settle(5 * time.Minute)
			w.over(int64(n))
			w.is(fmt.Sprintf("segments, %v on request %d", verdict, n), w.segments("c1"),
				"0 lin AGENT_DISCONNECT →1, 1 lin AGENT_DISCONNECT →2, 2 eve AGENT_DISCONNECT →3, 3  THIRD_PARTY_DISCONNECT")
			if *seen < n {
				break
			}
		}
	}
}

// over checks that after the longest of all times nobody is bound to a contact
// that goes on without, and that each segment that began has one record.
func (w *world) over(k int64) {
	w.Helper()
	c := w.contact("c1")
	for _, id := range []string{"lin", "wu", "eve"} {
		a := w.agent(id)
		for o := range a.Offers {
			if c.Offer != o || !c.Live() {
				w.Errorf("point %d: %s is stuck with %s, the contact is %s with %s", k, id, o, c.State, c.Offer)
			}
		}
		if len(a.Offers) != a.Voice.Used {
			w.Errorf("point %d: %s has %d slots in use and offers %v", k, id, a.Voice.Used, a.Offers)
		}
	}
	want := c.Segment
	if c.State == contact.Completed {
		want++
	}
	if got := w.records("c1"); got != want {
		w.Errorf("point %d: %d records in segment %d, %s", k, got, c.Segment, c.State)
	}
	if c.State == contact.Offered || c.State == contact.Connecting || c.State == contact.Ended {
		w.Errorf("point %d: the contact is still %s", k, c.State)
	}
}
