package acd

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

func TestOneCallFromQueueToRecord(t *testing.T) {
	w := newWorld(t)
	w.cloud.ResetCounters()
	w.call("c1", "loans")
	w.wants("c1", "QUEUED", "lin", "OFFLINE 0")
	w.status("lin", agent.Available)
	w.settle(0)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	if got := w.rows(); got != "" {
		t.Errorf("rows after the claim: %s", got)
	}
	if got := w.verbs(); got != "ring" {
		t.Errorf("the relay was told %q, want ring", got)
	}
	offer := w.contact("c1").Offer
	w.settle(5 * time.Second)
	w.must(w.router.Accept(w.ctx, tenant, "c1", offer))
	w.must(w.router.Accept(w.ctx, tenant, "c1", offer)) // twice
	w.wants("c1", "CONNECTING lin", "lin", "AVAILABLE 1")
	w.must(w.router.Joined(w.ctx, tenant, "c1", offer, "bucket/x"))
	w.must(w.router.Joined(w.ctx, tenant, "c1", offer, "bucket/y"))
	w.settle(60 * time.Second)
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.must(w.router.End(w.ctx, tenant, "c1", contact.AgentLeft))
	w.wants("c1", "ENDED lin", "lin", "AVAILABLE 1")
	w.settle(10 * time.Second)
	w.must(w.router.Finish(w.ctx, tenant, "c1", "resolved"))
	w.must(w.router.Finish(w.ctx, tenant, "c1", "other"))
	w.settle(time.Hour) // every timer finds nothing to do
	w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
	c := w.contact("c1")
	if c.Reason != contact.CustomerLeft || c.Disposition != "resolved" || c.Recording != "bucket/x" || w.records("c1") != 1 || w.rows() != "F lin" {
		t.Errorf("at the end %+v, %d records, rows %s", c, w.records("c1"), w.rows())
	}
	units(t, "write units, with the agent's log-in", w.cloud.Counters().Writes)
	if n := localcloud.Sum(w.cloud.Counters().Writes, "CFG"); n > 22 { // two of them are the doubles'

		t.Errorf("%g write units", n)
	}
	units(t, "read units", w.cloud.Counters().Reads)
}

func TestOffersThatNobodyTakes(t *testing.T) {
	tests := []struct {
		name string
		end  func(w *world, o contact.OfferID)
	}{
		{"the relay's timer", func(w *world, o contact.OfferID) { w.must(nil, w.router.Expire(w.ctx, tenant, "c1", o)) }},
		{"the agent declines", func(w *world, o contact.OfferID) { w.must(nil, w.router.Reject(w.ctx, tenant, "c1", o)) }},
		{"the second timer, no relay", func(w *world, o contact.OfferID) { w.settle(24 * time.Second) }},
		{"all of them, twice", func(w *world, o contact.OfferID) {
			w.must(nil, w.router.Expire(w.ctx, tenant, "c1", o))
			w.must(nil, w.router.Reject(w.ctx, tenant, "c1", o))
			w.settle(24 * time.Second)
		}},
		{"the legs are not joined in time", func(w *world, o contact.OfferID) {
			w.must(w.router.Accept(w.ctx, tenant, "c1", o))
			w.settle(11 * time.Second)
			w.wants("c1", "CONNECTING lin", "lin", "AVAILABLE 1") // the relay is asked once more
			w.settle(5 * time.Second)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.call("c1", "loans")
			rank := w.contact("c1").Rank
			w.status("lin", agent.Available)
			w.settle(0)
			offer := w.contact("c1").Offer
			w.verbs()
			tt.end(w, offer)
			w.settle(0)
			w.wants("c1", "QUEUED", "lin", "MISSED 0")
			c := w.contact("c1")
			if c.Rank != rank || len(c.Excluded) != 1 || w.rows() != "W c1" {
				t.Errorf("rank %s, excluded %v, rows %s", c.Rank, c.Excluded, w.rows())
			}
			if got := w.verbs(); got != "unring" && got != "join unring" {
				t.Errorf("the relay was told %q", got)
			}
			if _, err := w.router.Accept(w.ctx, tenant, "c1", offer); !errors.Is(err, ErrOffer) {
				t.Errorf("a late accept: %v", err)
			}
			w.addAgent("wu", "loans", nil)
			w.status("wu", agent.Available)
			w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
		})
	}
}

func TestAMissedAgentGetsTheContactAgainAfterAWhile(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.settle(24 * time.Second)
	w.status("lin", agent.Available) // acts
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.settle(30 * time.Second)
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.settle(35 * time.Second) // by the group's timer, nothing else happens
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
}

func TestAGroupTimerThatComesEarlyIsSetAgain(t *testing.T) {
	w := newWorld(t)
	w.addAgent("ann", "all", nil)
	w.status("ann", agent.Available)
	w.call("c1", "loans")
	w.clock.Advance(10 * time.Second)
	w.must(nil, w.router.HandleTimer(w.ctx, []byte(`{"kind":"group","tenant":"demo","group":"main"}`)))
	if n := w.cloud.Depth(TimerQueue); n != 2 {
		t.Errorf("%d timers on their way, want the one that seems to be still there and another", n)
	}
}

func TestAQueueDelayIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.addAgent("ann", "all", nil)
	w.status("ann", agent.Available)
	w.call("c1", "loans")
	w.wants("c1", "QUEUED", "ann", "AVAILABLE 0")
	w.settle(29 * time.Second)
	w.wants("c1", "QUEUED", "ann", "AVAILABLE 0")
	w.settle(2 * time.Second)
	w.wants("c1", "OFFERED ann", "ann", "AVAILABLE 1")
}

func TestAbandonedContacts(t *testing.T) {
	tests := []struct {
		name  string
		bring func(w *world)
		agent string
		rows  string
	}{
		{"in the flow", func(w *world) { w.begin("c1") }, "OFFLINE 0", ""},
		{"waiting", func(w *world) { w.call("c1", "loans") }, "OFFLINE 0", ""},
		{"ringing", func(w *world) { w.call("c1", "loans"); w.status("lin", agent.Available) }, "AVAILABLE 0", "F lin"},
		{"accepted", func(w *world) {
			w.call("c1", "loans")
			w.status("lin", agent.Available)
			w.must(w.router.Accept(w.ctx, tenant, "c1", w.contact("c1").Offer))
		}, "AVAILABLE 0", "F lin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.bring(w)
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
			w.settle(time.Hour)
			if c := w.contact("c1"); c.State != contact.Completed || c.Reason != contact.CustomerLeft || w.records("c1") != 1 {
				t.Errorf("contact %+v, %d records", c, w.records("c1"))
			}
			a := w.agent("lin")
			if got := fmt.Sprint(a.State, " ", a.Voice.Used); got != tt.agent || w.rows() != tt.rows {
				t.Errorf("agent %s, rows %s, want %s, %s", got, w.rows(), tt.agent, tt.rows)
			}
		})
	}
}

func TestStatusWhileBusy(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Away, "Lunch"))
	w.wants("c1", "CONNECTED lin", "lin", "AVAILABLE 1")
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	w.call("c2", "loans")
	w.must(w.router.Finish(w.ctx, tenant, "c1", ""))
	w.wants("c2", "QUEUED", "lin", "AWAY 0")
	if a := w.agent("lin"); a.Status != "Lunch" || a.NextState != "" {
		t.Errorf("agent %+v", a)
	}
	w.status("lin", agent.Available)
	w.wants("c2", "OFFERED lin", "lin", "AVAILABLE 1")
	w.status("lin", agent.Offline) // while it rings
	w.must(nil, w.router.Expire(w.ctx, tenant, "c2", w.contact("c2").Offer))
	w.wants("c2", "QUEUED", "lin", "OFFLINE 0")
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Missed, ""); !errors.Is(err, agent.ErrStep) {
		t.Errorf("an agent chose to have missed: %v", err)
	}
}

func TestAnAgentWhoLeavesIsOfferedNothing(t *testing.T) {
	w := newWorld(t)
	w.status("lin", agent.Available)
	if w.rows() != "F lin" {
		t.Errorf("rows %s", w.rows())
	}
	w.status("lin", agent.Offline)
	if w.rows() != "" {
		t.Errorf("rows %s", w.rows())
	}
	w.call("c1", "loans")
	w.settle(0)
	w.wants("c1", "QUEUED", "lin", "OFFLINE 0")
}

func TestSkillsOfAQueue(t *testing.T) {
	w := newWorld(t)
	w.addAgent("wu", "loans", map[string]int{"english": 3})
	w.status("lin", agent.Available)
	w.call("c1", "english")
	w.wants("c1", "QUEUED", "lin", "AVAILABLE 0")
	w.status("wu", agent.Available)
	w.wants("c1", "OFFERED wu", "wu", "AVAILABLE 1")
}

func TestHoldMarks(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	w.must(w.router.Hold(w.ctx, tenant, "c1", true))
	w.must(w.router.Hold(w.ctx, tenant, "c1", true))
	w.clock.Advance(10 * time.Second)
	w.must(w.router.Hold(w.ctx, tenant, "c1", false))
	w.must(w.router.Hold(w.ctx, tenant, "c1", true))
	w.clock.Advance(5 * time.Second)
	c, err := w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft) // on hold
	if err != nil || c.Hold != (contact.Hold{Count: 2, Total: 15 * time.Second, Longest: 10 * time.Second}) {
		t.Errorf("hold %+v, %v", c.Hold, err)
	}
	if _, err := w.router.Hold(w.ctx, tenant, "c1", true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("hold after the end: %v", err)
	}
}

func TestAHoldInTheMomentOfTheEndIsCounted(t *testing.T) {
	w := newWorld(t)
	w.talk("c1")
	held := false
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpWrite && !held { // End has read and is about to write
			held = true
			w.must(w.router.Hold(w.ctx, tenant, "c1", true))
		}
		return localcloud.Pass
	}})
	c, err := w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)
	if err != nil || c.State != contact.Ended || c.Hold.Count != 1 || !c.Hold.Since.IsZero() {
		t.Errorf("contact %+v, %v", c, err)
	}
}

func TestWithoutAfterContactWorkTheAgentIsFreeAtOnce(t *testing.T) {
	w := newWorld(t)
	w.addAgent("ann", "all", nil)
	w.status("ann", agent.Available)
	w.call("c1", "cards")
	c := w.contact("c1")
	w.must(w.router.Accept(w.ctx, tenant, "c1", c.Offer))
	w.must(w.router.Joined(w.ctx, tenant, "c1", c.Offer, ""))
	w.must(w.router.End(w.ctx, tenant, "c1", contact.AgentLeft))
	w.wants("c1", "COMPLETED ann", "ann", "AVAILABLE 0")
	if w.records("c1") != 1 || w.rows() != "F ann" {
		t.Errorf("%d records, rows %s", w.records("c1"), w.rows())
	}
}

func TestTimersThatComeEarly(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.status("lin", agent.Available)
	w.settle(0)
	offer := w.contact("c1").Offer
	early := []byte(`{"kind":"offer","tenant":"demo","contact":"c1","offer":"` + string(offer) + `","afterMs":23000}`)
	w.must(nil, w.router.HandleTimer(w.ctx, early))
	w.settle(22 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.settle(2 * time.Second)
	w.wants("c1", "QUEUED", "lin", "MISSED 0")
	for _, bad := range []string{`{`, `{"kind":"offer","tenant":"demo","contact":"nobody"}`, `{"kind":"future","tenant":"demo","contact":"c1"}`} {
		err := w.router.HandleTimer(w.ctx, []byte(bad))
		if (bad == `{`) != (fault.KindOf(err) == fault.Invalid) {
			t.Errorf("timer %s: %v", bad, err)
		}
	}
}

func TestAClockThatIsBehindHoldsADeadOfferTwiceItsTimeAtMost(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.clock.Advance(5 * time.Minute) // the claim is made by a machine that is ahead
	w.status("lin", agent.Available)
	run := w.runtime()
	run.Now = func() time.Time { return w.clock.Now().Add(-5 * time.Minute) }
	w.router = NewRouter(w.cloud.Table(), w.cloud.Queue(), run)
	w.settle(22 * time.Second)
	w.wants("c1", "OFFERED lin", "lin", "AVAILABLE 1")
	w.settle(25 * time.Second)
	w.wants("c1", "QUEUED", "lin", "MISSED 0")
}

func TestALongTimerIsKeptAsARow(t *testing.T) {
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, Queue{ID: "loans", Group: "main", ACWSeconds: 3600}.Put(tenant)))
	w.clock.Advance(time.Minute)
	w.talk("c1")
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	for range 59 {
		w.settle(time.Minute)
		w.must(nil, w.router.SweepAll(w.ctx, time.Minute))
	}
	w.wants("c1", "ENDED lin", "lin", "AVAILABLE 1")
	w.settle(time.Minute)
	w.must(nil, w.router.SweepAll(w.ctx, time.Minute))
	w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
	page, _, err := w.cloud.Table().Query(w.ctx, cloud.Query{Part: timerPart(tenant), Strong: true})
	if err != nil || len(page) > 0 {
		t.Errorf("rows of timers are left: %v, %v", page, err)
	}
}

func TestUnknownThings(t *testing.T) {
	w := newWorld(t)
	w.begin("c1")
	if _, err := w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "gone"}); !errors.Is(err, ErrNoQueue) {
		t.Errorf("unknown queue: %v", err)
	}
	if _, err := w.router.Enqueue(w.ctx, tenant, "gone", Request{Queue: "loans"}); !errors.Is(err, ErrNoContact) {
		t.Errorf("unknown contact: %v", err)
	}
	if _, err := w.router.SetStatus(w.ctx, tenant, "gone", agent.Available, ""); !errors.Is(err, ErrNoAgent) {
		t.Errorf("unknown agent: %v", err)
	}
	if _, err := w.router.Finish(w.ctx, tenant, "c1", ""); !errors.Is(err, contact.ErrStep) {
		t.Errorf("finish of a contact in its flow: %v", err)
	}
	if err := w.router.Begin(w.ctx, w.contact("c1")); !errors.Is(err, ErrExists) {
		t.Errorf("begin twice: %v", err)
	}
	if _, err := w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "arn:aws:huawu:::queue/demo/loans"}); err != nil {
		t.Errorf("a queue by ARN: %v", err)
	}
}

func TestABigGroupIsReadByHeadsAndToItsEnd(t *testing.T) {
	w := newWorld(t)
	w.stream = false
	for n := range 300 { // nobody serves these: they must not hide the one behind them
		w.call(contact.ID(fmt.Sprintf("x%03d", n)), "english")
		w.clock.Advance(time.Millisecond)
	}
	w.call("last", "loans")
	w.cloud.ResetCounters()
	w.status("lin", agent.Available)
	w.wants("last", "OFFERED lin", "lin", "AVAILABLE 1")
	small := w.cloud.Counters().Requests[string(localcloud.OpQuery)]
	w.addAgent("wu", "loans", map[string]int{"english": 3})
	w.clock.Advance(time.Second)
	w.call("first", "english")
	w.status("wu", agent.Available)
	w.wants("x000", "OFFERED wu", "wu", "AVAILABLE 1") // order of service, whatever the page
	t.Logf("%d queries to find one behind 300 that nobody serves", small)
}

func TestALateRowDoesNoHarm(t *testing.T) {
	w := newWorld(t)
	w.stream = false
	w.call("c1", "loans")
	old := w.contact("c1")
	w.status("lin", agent.Available)
	w.must(nil, w.router.Expire(w.ctx, tenant, "c1", w.contact("c1").Offer)) // epoch 2
	if err := w.router.putRow(w.ctx, waitingWrite(old, w.routing())); err != nil {
		t.Fatal(err)
	}
	i, err := w.cloud.Table().Get(w.ctx, waitingKey(old, 1), true)
	if err != nil || i.Int("epoch") != 2 {
		t.Errorf("the row has epoch %d, %v: a late writer of epoch 1 replaced it", i.Int("epoch"), err)
	}
	if err := w.router.deleteRow(w.ctx, waitingKey(old, 1), 1); err != nil || w.rows() != "W c1" {
		t.Errorf("a late delete of epoch 1: %v, rows %s", err, w.rows())
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
	if err := w.router.putRow(w.ctx, waitingWrite(old, w.routing())); err != nil { // an orphan
		t.Fatal(err)
	}
	w.status("lin", agent.Available)
	w.wants("c1", "COMPLETED", "lin", "AVAILABLE 0")
	if w.rows() != "F lin" {
		t.Errorf("rows %s: whoever meets an orphan deletes it", w.rows())
	}
}

// TestEveryAnswerMayBeLost loses the answer of each write of a call in turn,
// and lets each be refused by contention.
func TestEveryAnswerMayBeLost(t *testing.T) {
	for _, verdict := range []localcloud.Verdict{localcloud.Lost, localcloud.Conflict, localcloud.Throttle, localcloud.Down} {
		for n := 1; ; n++ {
			w := newWorld(t)
			seen := w.nth(n, verdict)
			w.talk("c1")
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
			w.must(w.router.Finish(w.ctx, tenant, "c1", "done"))
			w.settle(time.Minute)
			w.wants("c1", "COMPLETED lin", "lin", "AVAILABLE 0")
			if w.records("c1") != 1 || w.rows() != "F lin" || w.contact("c1").Attempts != 1 {
				t.Errorf("verdict %d on request %d: %d records, rows %s, contact %+v", verdict, n, w.records("c1"), w.rows(), w.contact("c1"))
			}
			if *seen < n {
				break
			}
		}
	}
}

// TestEveryCrashIsMadeGoodByTheStream kills the process after each of its
// acknowledged writes, starts it again and lets the stream do the rest.
func TestEveryCrashIsMadeGoodByTheStream(t *testing.T) {
	story := func(w *world) { // each step only if the one before was done
		ignore := func(any, error) {}
		ignore(w.router.Enqueue(w.ctx, tenant, "c1", Request{Queue: "loans"}))
		ignore(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
		c, err := w.router.Contact(w.ctx, tenant, "c1")
		if err != nil {
			return
		}
		ignore(nil, w.router.Expire(w.ctx, tenant, "c1", c.Offer))
		ignore(w.router.SetStatus(w.ctx, tenant, "wu", agent.Available, ""))
		if c, err = w.router.Contact(w.ctx, tenant, "c1"); err != nil {
			return
		}
		ignore(w.router.Accept(w.ctx, tenant, "c1", c.Offer))
		ignore(w.router.Joined(w.ctx, tenant, "c1", c.Offer, ""))
		ignore(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		ignore(w.router.Finish(w.ctx, tenant, "c1", ""))
	}
	points := int64(1)
	for k := int64(1); k <= points; k++ {
		w := newWorld(t)
		w.addAgent("wu", "loans", nil)
		w.begin("c1")
		w.settle(0)
		w.cloud.SetFaults(localcloud.Faults{DieAfter: k})
		story(w)
		if k == 1 { // how many there are
			probe := newWorld(t)
			probe.addAgent("wu", "loans", nil)
			probe.begin("c1")
			probe.cloud.SetFaults(localcloud.Faults{})
			story(probe)
			points = probe.cloud.Acked()
		}
		w.open(w.cloud)
		w.settle(2 * time.Minute)
		w.quiet(k)
	}
	t.Logf("%d crash points", points)
}

// quiet checks that nothing is stuck: who waits has a row, who is free has one,
// nobody who fits waits, every slot in use has a live contact.
func (w *world) quiet(k int64) {
	w.Helper()
	c := w.contact("c1")
	free := ""
	for _, id := range []string{"lin", "wu"} {
		a := w.agent(id)
		if a.Ready() {
			free += "F " + id
		}
		for o, of := range a.Offers {
			if of != "c1" || c.Offer != o || !c.Live() {
				w.Errorf("crash point %d: %s is stuck with offer %s, contact %s has %s", k, id, o, c.State, c.Offer)
			}
		}
		if a.Ready() && c.State == contact.Queued && len(c.Excluded) == 0 {
			w.Errorf("crash point %d: %s is free and the contact waits", k, id)
		}
	}
	if c.State == contact.Completed && w.records("c1") != 1 {
		w.Errorf("crash point %d: %d records", k, w.records("c1"))
	}
	if c.State == contact.Offered || c.State == contact.Connecting || c.State == contact.Ended {
		w.Errorf("crash point %d: the contact is still %s after two minutes", k, c.State)
	}
	if rows := w.rows(); c.State == contact.Queued && rows != "W c1" && free == "" {
		w.Errorf("crash point %d: rows %q", k, rows)
	}
}

func TestTwoRoundsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.stream = false
	run := w.runtime()
	run.Parallel = 20
	run.NewID = (&counterIDs{}).next
	w.router = NewRouter(w.cloud.Table(), w.cloud.Queue(), run)
	const n = 30
	for i := range n {
		w.addAgent(fmt.Sprintf("a%02d", i), "loans", nil)
		w.begin(contact.ID(fmt.Sprintf("c%02d", i)))
	}
	done := make(chan error, 2*n)
	for i := range n {
		go func() {
			_, err := w.router.Enqueue(w.ctx, tenant, contact.ID(fmt.Sprintf("c%02d", i)), Request{Queue: "loans"})
			done <- err
		}()
		go func() {
			_, err := w.router.SetStatus(w.ctx, tenant, fmt.Sprintf("a%02d", i), agent.Available, "")
			done <- err
		}()
	}
	for range 2 * n {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	holders := map[string]bool{}
	for i := range n {
		c := w.contact(contact.ID(fmt.Sprintf("c%02d", i)))
		if c.State != contact.Offered || holders[c.OfferAgent] {
			t.Errorf("contact %s is %s at %q", c.ID, c.State, c.OfferAgent)
		}
		holders[c.OfferAgent] = true
	}
	if w.rows() != "" {
		t.Errorf("rows %s", w.rows())
	}
}

func TestConfigurationSurvivesAnOutage(t *testing.T) {
	w := newWorld(t)
	w.begin("c1")
	if _, err := w.router.Routing(w.ctx, tenant); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Hour)
	w.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpQuery && c.Key.Part == tenant+"|CFG" {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	if _, err := w.router.Enqueue(context.Background(), tenant, "c1", Request{Queue: "loans"}); err != nil {
		t.Errorf("with configuration in memory: %v", err)
	}
	if _, err := NewRouter(w.cloud.Table(), w.cloud.Queue(), w.runtime()).Routing(w.ctx, tenant); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without: %v", err)
	}
}
