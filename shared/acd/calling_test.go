package acd

import (
	"context"
	"strconv"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// customersFirst is a tenant whose queue loans calls customers first.
func customersFirst(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.configure(cloud.Write{Key: ConfigKey(tenant, "AGENT#lin"), Put: cloud.Item{"v": int64(1), "agent": "lin"}},
		Queue{ID: "loans", Name: "Loans", Group: "main", ACWSeconds: 30, CallerID: "95000", CallFirst: FirstCustomer, RingSeconds: 20}.Put(tenant))
	return w
}

// callsBack lets a caller who waits in loans be called back, and hang up.
func (w *world) callsBack(caller contact.ID, b CallBack) contact.ID {
	w.Helper()
	w.call(caller, "loans")
	w.settle(time.Second)
	b.To, b.Queue = outside, "loans"
	c, err := w.router.CallBack(w.ctx, w.contact(caller), b)
	w.must(c, err)
	w.must(w.router.End(w.ctx, tenant, caller, contact.FlowEnded))
	w.settle(time.Second)
	return c.ID
}

// called returns how often a customer was called so far, and which
// the last of these calls is.
func (w *world) called(id contact.ID) (n int, call int64) {
	w.Helper()
	for _, p := range w.dialled {
		if p.TransactionID != string(id) {
			continue
		}
		n++
		if p.Agent != "" || p.To != outside.Full() || p.CallerID != "95000" || p.Purpose != sma.PurposeCallback {
			w.Errorf("message %+v", p)
		}
		var err error
		if call, err = strconv.ParseInt(p.Attributes[sma.AttrCall], 10, 64); err != nil {
			w.Error(err)
		}
	}
	return n, call
}

func TestACustomerIsCalledFirst(t *testing.T) {
	w := customersFirst(t)
	id := w.callsBack("c1", CallBack{Tries: contact.Tries{Max: 2, Pause: time.Minute}})
	w.settle(time.Minute)
	if n, _ := w.called(id); n != 0 {
		t.Fatalf("called %d times though nobody is there", n)
	}
	w.call("c2", "loans")
	w.status("lin", agent.Available) // gets c2, who is behind, as the customer is not on the line
	w.settle(0)
	w.wants("c2", "OFFERED lin", "lin", "AVAILABLE 1")
	n, call := w.called(id)
	if n != 1 {
		t.Fatalf("called %d times by the time an agent serves the queue", n)
	}
	rank := w.contact(id).Rank
	w.must(w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1"))
	w.must(w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1")) // asked again
	if _, err := w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-2"); err == nil {
		t.Error("a second relay calls too")
	}
	w.must(w.router.CustomerAnswered(w.ctx, tenant, id, call))
	w.must(w.router.CustomerAnswered(w.ctx, tenant, id, call)) // asked again
	w.call("c3", "loans")
	w.settle(0)
	if c := w.contact(id); c.State != contact.Queued || c.ToCall() || c.Rank != rank || c.Relay != "relay-1" {
		t.Fatalf("on the line: %+v", c)
	}
	w.must(nil, w.router.Reject(w.ctx, tenant, "c2", w.contact("c2").Offer))
	w.must(w.router.End(w.ctx, tenant, "c2", contact.CustomerLeft))
	w.status("lin", agent.Available)
	w.settle(0)
	w.wants(id, "OFFERED lin", "lin", "AVAILABLE 1") // before c3, who came while it rang
	w.must(w.router.Accept(w.ctx, tenant, id, w.contact(id).Offer))
	w.must(w.router.Joined(w.ctx, tenant, id, w.contact(id).Offer, "x"))
	w.must(w.router.End(w.ctx, tenant, id, contact.CustomerLeft))
	w.settle(2 * time.Minute)
	w.is("records", w.segments(id), "0 lin CUSTOMER_DISCONNECT")
}

func TestACustomerWhoIsCalledInVain(t *testing.T) {
	tests := []struct {
		name  string
		tries int
		do    func(w *world, id contact.ID, call int64) // of the first call
		calls int                                       // in ten minutes
		want  string
	}{
		{"is busy twice", 2, func(w *world, id contact.ID, call int64) {
			w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.CustomerBusy))
			w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.CustomerBusy)) // told twice
			w.settle(59 * time.Second)
			if n, _ := w.called(id); n != 1 {
				w.Errorf("called %d times within the pause", n)
			}
			w.settle(3 * time.Second)
			_, call = w.called(id)
			w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.CustomerBusy))
		}, 2, "COMPLETED customer_busy"},
		{"has a number that nobody has", 3, func(w *world, id contact.ID, call int64) {
			w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.BadDestination))
		}, 1, "COMPLETED OUTBOUND_DESTINATION_ENDPOINT_ERROR"},
		{"is never heard of", 1, func(w *world, id contact.ID, call int64) {
			w.must(w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1"))
		}, 1, "COMPLETED no_answer"},
		{"by no relay, as none has room", 1, func(*world, contact.ID, int64) {}, 7, "QUEUED "},
		{"and the sweeper alone is left", 1, func(w *world, id contact.ID, call int64) {
			w.must(w.router.CustomerPlaced(w.ctx, tenant, id, call, "relay-1"))
			w.must(w.router.Sweep(w.ctx, tenant))
			w.clock.Advance(callLease + ringGrace)
			w.must(w.router.Sweep(w.ctx, tenant))
		}, 1, "COMPLETED no_answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := customersFirst(t)
			w.status("lin", agent.Available)
			id := w.callsBack("c1", CallBack{Tries: contact.Tries{Max: tt.tries, Pause: time.Minute}, Delay: 2 * time.Second})
			w.settle(5 * time.Second)
			n, call := w.called(id)
			if n != 1 {
				t.Fatalf("called %d times", n)
			}
			rank := w.contact(id).Rank
			tt.do(w, id, call)
			w.settle(10 * time.Minute)
			c := w.contact(id)
			if n, _ = w.called(id); n != tt.calls || string(c.State)+" "+string(c.Reason) != tt.want || c.Rank != rank {
				t.Errorf("%d calls, %s %s, at %s; want %d, %s, at %s", n, c.State, c.Reason, c.Rank, tt.calls, tt.want, rank)
			}
			if over := c.State == contact.Completed; over != (w.records(id) == 1) || over != (w.rows() == "F lin") {
				t.Errorf("%d records, rows %s", w.records(id), w.rows())
			}
		})
	}
}

func TestACallThatIsOverWhenTheCustomerAnswers(t *testing.T) {
	w := customersFirst(t)
	w.status("lin", agent.Available)
	id := w.callsBack("c1", CallBack{Tries: contact.Tries{Max: 2, Pause: time.Minute}})
	_, call := w.called(id)
	w.must(nil, w.router.CustomerUnreached(w.ctx, tenant, id, call, contact.NoAnswer))
	if _, err := w.router.CustomerAnswered(w.ctx, tenant, id, call); err == nil {
		t.Error("an answer to a call that was given up counts")
	}
	if c := w.contact(id); !c.ToCall() || c.Tries.Made != 1 {
		t.Errorf("the callback: %+v", c)
	}
}

func TestWhenItIsACustomersTurn(t *testing.T) {
	slow, fast := Pace{Agents: 2, Handle: 4 * time.Minute}, Pace{Agents: 40, Handle: 4 * time.Minute}
	tests := []struct {
		name          string
		ahead         int
		pace          Pace
		free, staffed bool
		want          bool
	}{
		{"an agent is free", 3, slow, true, true, true},
		{"first of a slow queue", 0, slow, false, true, false},
		{"first of a fast queue", 0, fast, false, true, true},
		{"third of a fast queue: 18 s", 2, fast, false, false, true},
		{"fifth of a fast queue: 30 s", 4, fast, false, false, false},
		{"first, pace not known", 0, Pace{}, false, true, true},
		{"first, and nobody serves the queue", 0, Pace{}, false, false, false},
		{"second, pace not known", 1, Pace{}, false, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := turn(tt.ahead, tt.pace, 20*time.Second, tt.free, tt.staffed); got != tt.want {
				t.Errorf("turn = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCustomersAreCalledAsFastAsAgentsWillBeFree(t *testing.T) {
	w := customersFirst(t)
	w.router.run.Pace = func(context.Context, string, Queue) (Pace, error) {
		return Pace{Agents: 40, Handle: 4 * time.Minute}, nil
	}
	var ids []contact.ID
	for n := range 5 {
		ids = append(ids, w.callsBack(contact.ID("c"+strconv.Itoa(n)), CallBack{Tries: contact.Tries{Max: 1}}))
	}
	for n, id := range ids {
		if calls, _ := w.called(id); (calls == 1) != (n < 3) {
			t.Errorf("customer %d was called %d times", n, calls)
		}
	}
}

func TestCallbacksKeepToTheHours(t *testing.T) {
	const shop = `{"timeZone":"UTC","days":[[],[{"from":540,"to":1080}],[{"from":540,"to":1080}],[],[],[{"from":540,"to":1080}],[]],"exceptions":[{"from":"2026-11-23","to":"2026-11-23"}]}`
	const night = `{"timeZone":"UTC","days":[[{"from":1200,"to":1320}],[{"from":1200,"to":1320}],[{"from":1200,"to":1320}],[{"from":1200,"to":1320}],[{"from":1200,"to":1320}],[{"from":1200,"to":1320}],[{"from":1200,"to":1320}]]}`
	tests := []struct {
		name, first, window, at string
		want                    string // when it is called, or offered
	}{
		{"agent first, in the hours", FirstAgent, "", "2026-11-20T17:30:00Z", "2026-11-20T17:30"},
		{"agent first, after them and over a holiday", FirstAgent, "", "2026-11-20T18:30:00Z", "2026-11-24T09:00"},
		{"customer first, after them and over a holiday", FirstCustomer, "", "2026-11-20T18:30:00Z", "2026-11-24T09:00"},
		{"customer first, in hours of its own", FirstCustomer, "night", "2026-11-20T17:30:00Z", "2026-11-20T20:00"},
		{"agent first, in hours of its own", FirstAgent, "night", "2026-11-20T17:30:00Z", "2026-11-20T20:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			now, err := time.Parse(time.RFC3339, tt.at)
			w.must(now, err)
			w.configure(
				cloud.Write{Key: ConfigKey(tenant, "HOURS#shop"), Put: cloud.Item{"v": int64(1), "document": shop}},
				cloud.Write{Key: ConfigKey(tenant, "HOURS#night"), Put: cloud.Item{"v": int64(1), "document": night}},
				Queue{ID: "loans", Name: "Loans", Group: "main", Hours: "shop", CallerID: "95000"}.Put(tenant))
			w.clock.AdvanceTo(now)
			id := w.callsBack("c1", CallBack{First: tt.first, Hours: tt.window, Tries: contact.Tries{Max: 2, Pause: time.Minute}})
			rank := w.contact(id).Rank
			w.status("lin", agent.Available)
			w.settle(0)
			for w.contact(id).State == contact.Queued && w.contact(id).Calling.IsZero() && w.clock.Now().Before(now.Add(7*24*time.Hour)) {
				w.settle(30 * time.Minute) // by the group's timer, which is a row
				w.must(w.router.Sweep(w.ctx, tenant))
				w.settle(0)
			}
			if got := w.clock.Now().Format("2006-01-02T15:04"); got != tt.want {
				t.Errorf("called at %s, want %s", got, tt.want)
			}
			if c := w.contact(id); c.Rank != rank || len(w.dialled) == 0 {
				t.Errorf("it is %s at %s, with %d messages", c.State, c.Rank, len(w.dialled))
			}
		})
	}
}
