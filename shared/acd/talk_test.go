package acd

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// talkWorld is lin in a talk with c1, wu and eve free, and boss who supervises.
func talkWorld(t *testing.T) *world {
	w := newWorld(t)
	w.addAgent("wu", "loans", nil)
	w.addAgent("eve", "loans", nil)
	w.addAgent("boss", "", nil)
	w.talk("c1")
	w.status("wu", agent.Available)
	w.status("eve", agent.Available)
	w.settle(0)
	w.verbs()
	return w
}

// table tells a talk in short: "lin hold | wu OFFERED talk?".
func (w *world) table() string {
	w.Helper()
	c := w.contact("c1")
	t, err := w.router.Talk(w.ctx, c)
	if err != nil {
		w.Fatal(err)
	}
	all := []string{c.OfferAgent}
	if !c.Hold.Since.IsZero() {
		all[0] += " holds"
	}
	if t.Aside {
		all[0] += " aside"
	}
	for _, p := range t.Parties {
		name := p.Agent
		if name == "" {
			name = "number"
		}
		s := name + " " + strings.ToLower(string(p.State))
		if p.ID == t.Consult {
			s += " consulted"
		} else if p.Mode != "" && p.State == contact.PartyTalking {
			s += " " + string(p.Mode)
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func (w *world) partyOf(agentID string) contact.Party {
	w.Helper()
	t, err := w.router.Talk(w.ctx, w.contact("c1"))
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range t.Parties {
		if p.Agent == agentID {
			return p
		}
	}
	return contact.Party{ID: "nobody"}
}

func (w *world) did(_ *contact.Contact, _ *contact.Talk, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) answers(agentID string) {
	w.Helper()
	w.did(w.router.AnswerParty(w.ctx, tenant, "c1", w.partyOf(agentID).ID, "leg-"+agentID))
}

func TestAConsult(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
	w.is("asked", w.table(), "lin holds aside, wu offered consulted")
	w.wants("c1", "CONNECTED lin", "wu", "AVAILABLE 1")
	w.settle(0)
	w.is("commands", w.verbs(), "talk")
	w.answers("wu")
	w.answers("wu") // the same event once more
	w.settle(0)
	w.is("commands: the relay has the answer to its own event", w.verbs(), "")
	w.is("answered", w.table(), "lin holds aside, wu talking consulted")
	w.did(w.router.SwapConsult(w.ctx, w.contact("c1")))
	w.is("swapped", w.table(), "lin, wu talking consulted")
	w.did(w.router.SwapConsult(w.ctx, w.contact("c1")))
	w.is("swapped back", w.table(), "lin holds aside, wu talking consulted")
	before := w.contact("c1")
	w.did(w.router.CompleteConsult(w.ctx, before))
	w.did(w.router.CompleteConsult(w.ctx, before)) // the command once more
	w.wants("c1", "CONNECTING wu", "lin", "AVAILABLE 1")
	w.settle(0)
	w.is("commands: the swaps are over by now", w.verbs(), "talk")
	w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, "bucket/y"))
	w.is("handed over", w.table(), "wu")
	if c := w.contact("c1"); c.Hold.Count != 0 || c.Segment != 1 {
		t.Errorf("the new segment: %+v", c)
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.settle(time.Minute)
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1 wu CUSTOMER_DISCONNECT")
	w.wants("c1", "COMPLETED wu", "wu", "AVAILABLE 0")
	w.wants("c1", "COMPLETED wu", "lin", "AVAILABLE 0")
}

func TestOneWhoIsAskedDoesNotCome(t *testing.T) {
	for name, tt := range map[string]struct {
		do     func(w *world)
		stands string
	}{
		"lets it ring": {func(w *world) { w.settle(24 * time.Second) }, "MISSED 0"},
		"declines": {func(w *world) {
			w.did(w.router.DropParty(w.ctx, tenant, "c1", w.partyOf("wu").ID, Gone{Missed: true}))
		}, "MISSED 0"},
		"is let go": {func(w *world) { w.did(w.router.CancelConsult(w.ctx, w.contact("c1"))) }, "AVAILABLE 0"},
		"accepts, and the device is silent": {func(w *world) {
			w.did(w.router.AcceptParty(w.ctx, tenant, "c1", w.partyOf("wu").ID))
			w.settle(12 * time.Second)
		}, "MISSED 0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := talkWorld(t)
			w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
			w.settle(0)
			party := w.partyOf("wu").ID
			tt.do(w)
			w.is("after", w.table(), "lin")
			w.wants("c1", "CONNECTED lin", "wu", tt.stands)
			if _, _, err := w.router.AnswerParty(w.ctx, tenant, "c1", party, "late"); !errors.Is(err, ErrOffer) {
				t.Errorf("a late answer: %v", err)
			}
		})
	}
}

func TestTheCustomerLeavesInAConsult(t *testing.T) {
	for name, answered := range map[string]bool{"while it rings": false, "while they talk": true} {
		t.Run(name, func(t *testing.T) {
			w := talkWorld(t)
			w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
			want := "0 lin CUSTOMER_DISCONNECT"
			if answered {
				w.answers("wu")
				want += ", 1 wu CUSTOMER_DISCONNECT"
			}
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
			w.settle(time.Minute)
			w.is("segments", w.segments("c1"), want)
			w.wants("c1", "COMPLETED lin", "wu", "AVAILABLE 0")
			w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
		})
	}
}

func TestTheAgentLeavesWhileItRings(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
	w.did(w.router.LeaveTalk(w.ctx, w.contact("c1")))
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
	w.settle(24 * time.Second)
	w.wants("c1", "OFFERED lin", "wu", "MISSED 0") // back to who asked
}

func TestAConsultOfAQueue(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.ConsultQueue(w.ctx, w.contact("c1"), "loans"))
	w.is("the longest idle is asked", w.table(), "lin holds aside, eve offered consulted")
	w.did(w.router.CancelConsult(w.ctx, w.contact("c1")))
	w.status("eve", agent.Away)
	w.did(w.router.ConsultQueue(w.ctx, w.contact("c1"), "loans"))
	w.is("the next is asked", w.table(), "lin holds aside, wu offered consulted")
	w.did(w.router.CancelConsult(w.ctx, w.contact("c1")))
	w.status("wu", agent.Away)
	if _, _, err := w.router.ConsultQueue(w.ctx, w.contact("c1"), "loans"); !errors.Is(err, ErrNobody) {
		t.Errorf("a queue with nobody free: %v", err)
	}
}

func TestAConference(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
	w.answers("wu")
	w.did(w.router.JoinConsult(w.ctx, w.contact("c1")))
	w.did(w.router.ConsultNumber(w.ctx, w.contact("c1"), outside))
	w.is("aside while others talk", w.table(), "lin aside, wu talking talk, number offered consulted")
	if _, err := w.router.TransferToQueue(w.ctx, w.contact("c1"), "cards"); !errors.Is(err, ErrTalk) {
		t.Errorf("a transfer out of a conference: %v", err)
	}
	w.did(w.router.SetParty(w.ctx, w.contact("c1"), w.partyOf("wu").ID, contact.ModeHold))
	w.answers("")
	w.did(w.router.JoinConsult(w.ctx, w.contact("c1")))
	w.is("three and the customer", w.table(), "lin, wu talking hold, number talking talk")
	w.did(w.router.LeaveTalk(w.ctx, w.contact("c1")))
	w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, ""))
	w.is("the agent has left", w.table(), "wu, number talking talk")
	w.did(w.router.LeaveTalk(w.ctx, w.contact("c1")))
	w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, ""))
	w.is("both agents have left", w.table(), "")
	if _, _, err := w.router.LeaveTalk(w.ctx, w.contact("c1")); !errors.Is(err, ErrAlone) {
		t.Errorf("the last leaves: %v", err)
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.ThirdParty))
	w.settle(time.Minute)
	w.is("segments", w.segments("c1"), "0 lin AGENT_DISCONNECT →1, 1 wu AGENT_DISCONNECT →2, 2  THIRD_PARTY_DISCONNECT")
}

func TestSupervision(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.Supervise(w.ctx, w.contact("c1"), "boss", "listen"))
	w.wants("c1", "CONNECTED lin", "boss", "OFFLINE 1")
	w.answers("boss")
	w.is("listens", w.table(), "lin, boss talking listen")
	for _, mode := range []Supervision{"whisper", "barge"} {
		w.did(w.router.Supervise(w.ctx, w.contact("c1"), "boss", mode))
		w.is("changes", w.table(), "lin, boss talking "+string(mode))
	}
	w.did(w.router.StopSupervising(w.ctx, w.contact("c1"), "boss"))
	w.did(w.router.StopSupervising(w.ctx, w.contact("c1"), "boss"))
	w.is("stops", w.table(), "lin")
	w.wants("c1", "CONNECTED lin", "boss", "OFFLINE 0")
	w.did(w.router.Supervise(w.ctx, w.contact("c1"), "boss", TakeOver))
	w.answers("boss")
	w.answersAgain("boss", w.contact("c1").Offer)
	w.wants("c1", "CONNECTING boss", "lin", "AVAILABLE 1")
	w.must(w.router.Joined(w.ctx, tenant, "c1", w.contact("c1").Offer, ""))
	if _, _, err := w.router.Supervise(w.ctx, w.contact("c1"), "boss", "listen"); !errors.Is(err, ErrSelf) {
		t.Errorf("to supervise oneself: %v", err)
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.settle(time.Minute)
	w.is("segments", w.segments("c1"), "0 lin BARGED →1, 1 boss CUSTOMER_DISCONNECT")
	w.wants("c1", "COMPLETED boss", "boss", "OFFLINE 0")
}

// answersAgain is the event of an answer that was carried out already.
func (w *world) answersAgain(agentID string, party contact.OfferID) {
	w.Helper()
	w.did(w.router.AnswerParty(w.ctx, tenant, "c1", party, "leg-"+agentID))
}

func TestAListenerGoesWithATransfer(t *testing.T) {
	w := talkWorld(t)
	w.did(w.router.Supervise(w.ctx, w.contact("c1"), "boss", "listen"))
	w.answers("boss")
	w.status("wu", agent.Away)
	w.status("eve", agent.Away)
	w.must(w.router.TransferToQueue(w.ctx, w.contact("c1"), "cards"))
	w.settle(0)
	w.is("nobody listens", w.table(), "")
	w.wants("c1", "QUEUED", "boss", "OFFLINE 0")
}

func TestAWaitingContactIsMoved(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	rank := w.contact("c1").Rank
	w.must(w.router.MoveToQueue(w.ctx, w.contact("c1"), "cards"))
	w.must(w.router.MoveToQueue(w.ctx, w.contact("c1"), "cards"))
	w.settle(0)
	c := w.contact("c1")
	if c.Queue != "cards" || c.Rank != rank || c.ACWSeconds != 0 {
		t.Errorf("moved: %+v, rank was %s", c, rank)
	}
	w.is("rows", w.rows(), "W c1")
	w.addAgent("wu", "all", nil)
	w.status("wu", agent.Available)
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
	if _, err := w.router.MoveToQueue(w.ctx, w.contact("c1"), "loans"); !errors.Is(err, ErrNotWaiting) {
		t.Errorf("one that rings is moved: %v", err)
	}
}

func TestCommandsOfATalkNameTheirDigits(t *testing.T) {
	w := talkWorld(t)
	w.must(nil, w.router.SendDigits(w.ctx, w.contact("c1"), "12#"))
	w.settle(0)
	if len(w.updates) != 1 || w.updates[0].Arguments[sma.ArgDigits] != "12#" {
		t.Errorf("commands %+v", w.updates)
	}
}

// talkStory is a consult that fails, one that becomes a conference, a
// supervisor, and everybody leaving; each step only if the one before was done.
func talkStory(w *world) {
	party := func(agentID string) contact.OfferID {
		c, err := w.router.Contact(w.ctx, tenant, "c1")
		if err != nil {
			return "none"
		}
		t, err := w.router.Talk(w.ctx, c)
		if err != nil {
			return "none"
		}
		for _, p := range t.Parties {
			if p.Agent == agentID {
				return p.ID
			}
		}
		return "none"
	}
	with := func(do func(c *contact.Contact) error) func() error {
		return func() error {
			c, err := w.router.Contact(w.ctx, tenant, "c1")
			if err == nil {
				err = do(c)
			}
			return err
		}
	}
	only := func(_ *contact.Contact, _ *contact.Talk, err error) error { return err }
	joined := with(func(c *contact.Contact) error {
		_, err := w.router.Joined(w.ctx, tenant, "c1", c.Offer, "")
		return err
	})
	for _, step := range []func() error{
		with(func(c *contact.Contact) error { return only(w.router.Consult(w.ctx, c, "wu")) }),
		func() error { return only(w.router.DropParty(w.ctx, tenant, "c1", party("wu"), Gone{})) },
		with(func(c *contact.Contact) error { return only(w.router.Consult(w.ctx, c, "eve")) }),
		func() error { return only(w.router.AnswerParty(w.ctx, tenant, "c1", party("eve"), "leg-eve")) },
		with(func(c *contact.Contact) error { return only(w.router.JoinConsult(w.ctx, c)) }),
		with(func(c *contact.Contact) error { return only(w.router.Supervise(w.ctx, c, "boss", "listen")) }),
		func() error { return only(w.router.AnswerParty(w.ctx, tenant, "c1", party("boss"), "leg-boss")) },
		with(func(c *contact.Contact) error { return only(w.router.LeaveTalk(w.ctx, c)) }),
		joined,
		with(func(c *contact.Contact) error { return only(w.router.Supervise(w.ctx, c, "boss", TakeOver)) }),
		joined,
		with(func(c *contact.Contact) error {
			_, err := w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)
			return err
		}),
	} {
		if step() != nil {
			return
		}
	}
}

const toldSegments = "0 lin AGENT_DISCONNECT →2, 2 eve BARGED →3, 3 boss CUSTOMER_DISCONNECT"

func TestEveryCrashOfATalkIsMadeGood(t *testing.T) {
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := talkWorld(t)
		if k == 1 {
			before := w.cloud.Acked()
			talkStory(w)
			points = w.cloud.Acked() - before
			w.settle(5 * time.Minute)
			w.allFree(0)
			w.is("segments", w.segments("c1"), toldSegments)
			w = talkWorld(t)
		}
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		talkStory(w)
		w.open(w.cloud)
		w.settle(5 * time.Minute)
		w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		w.settle(5 * time.Minute)
		w.allFree(k)
	}
	t.Logf("%d crash points", points)
}

func TestEveryAnswerOfATalkMayBeLost(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle} {
		for n := 1; ; n++ {
			w := talkWorld(t)
			seen := w.nth(n, verdict)
			talkStory(w)
			w.settle(5 * time.Minute)
			w.allFree(int64(n))
			w.is(fmt.Sprintf("segments, %v on request %d", verdict, n), w.segments("c1"), toldSegments)
			if *seen < n {
				break
			}
		}
	}
}

// allFree checks that after the end of all nobody is bound and each segment that
// ended has one record.
func (w *world) allFree(k int64) {
	w.Helper()
	c := w.contact("c1")
	if c.State != contact.Completed {
		w.Errorf("point %d: the contact is %s", k, c.State)
	}
	for _, id := range []string{"lin", "wu", "eve", "boss"} {
		if a := w.agent(id); len(a.Offers) != 0 || a.Voice.Used != 0 {
			w.Errorf("point %d: %s holds %v, %d slots", k, id, a.Offers, a.Voice.Used)
		}
	}
	if t, err := w.router.Talk(w.ctx, c); err != nil || len(t.Parties) > 0 {
		w.Errorf("point %d: %v take part, %v", k, t, err)
	}
}
