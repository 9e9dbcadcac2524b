package acd

import (
	"errors"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// callsOut lets lin call somebody, up to the message for the relays.
func callsOut(t *testing.T) (*world, *contact.Contact) {
	t.Helper()
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, Queue{ID: "loans", Name: "Loans", Group: "main", ACWSeconds: 30, Record: true, CallerID: "95000"}.Put(tenant)))
	w.settle(time.Minute)
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
	w.settle(0)
	c, err := w.router.Call(w.ctx, tenant, CallOut{Agent: "lin", To: outside})
	w.must(c, err)
	w.settle(0)
	return w, c
}

func TestACallOutFromBeginToEnd(t *testing.T) {
	w, c := callsOut(t)
	w.is("rows", w.rows(), "")
	if len(w.dialled) != 1 {
		t.Fatalf("%d messages", len(w.dialled))
	}
	p := w.dialled[0]
	want := sma.Place{Tenant: tenant, TransactionID: string(c.ID), Purpose: sma.PurposeAgent, To: "lin", Agent: "lin", CallerID: "95000", RingSeconds: 20,
		ValidSeconds: 20, Attributes: p.Attributes}
	if p.Attributes[sma.AttrOffer] != string(c.Offer) || p.ValidSeconds != want.ValidSeconds || p.To != want.To || p.CallerID != want.CallerID || p.TransactionID != want.TransactionID {
		t.Errorf("message %+v, want %+v", p, want)
	}
	w.must(w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-1"))
	w.must(w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-1")) // asked again
	if _, err := w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-2"); !errors.Is(err, ErrElsewhere) {
		t.Errorf("a second relay: %v", err)
	}
	w.must(w.router.Answered(w.ctx, tenant, c.ID, c.Offer, "leg-b"))
	if _, err := w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-1"); !errors.Is(err, ErrElsewhere) {
		t.Errorf("the message once more: %v", err)
	}
	w.settle(30 * time.Second) // the customer's telephone rings
	w.wants(c.ID, "CONNECTING lin", "lin", "AVAILABLE 1")
	w.must(w.router.JoinedSeen(w.ctx, w.contact(c.ID), "leg-b", "recordings/x"))
	if now := w.contact(c.ID); now.ToCall() || !now.ToSystem.Equal(w.clock.Now()) || now.State != contact.Connected {
		t.Errorf("joined: %+v", now)
	}
	w.must(w.router.End(w.ctx, tenant, c.ID, contact.CustomerLeft))
	w.must(w.router.Finish(w.ctx, tenant, c.ID, "sold"))
	w.settle(time.Minute)
	w.is("records", w.segments(c.ID), "0 lin CUSTOMER_DISCONNECT")
	w.wants(c.ID, "COMPLETED lin", "lin", "AVAILABLE 0")
	w.is("commands", w.verbs(), "")
}

func TestACallOutThatComesToNothing(t *testing.T) {
	tests := []struct {
		name string
		do   func(*world, *contact.Contact)
		want contact.Reason
		tell string // commands to the relay
	}{
		{"no relay has room", func(w *world, _ *contact.Contact) { w.settle(30 * time.Second) }, contact.Expired, ""},
		{"nobody answers, and no word of it", func(w *world, c *contact.Contact) {
			w.must(w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-1"))
			w.settle(2 * time.Minute)
		}, contact.NoAnswer, "hangup"},
		{"the line is busy", func(w *world, c *contact.Contact) {
			w.must(w.router.Placed(w.ctx, tenant, c.ID, c.Offer, "relay-1"))
			w.must(nil, w.router.Unreached(w.ctx, w.contact(c.ID), contact.CustomerBusy))
			w.must(nil, w.router.Unreached(w.ctx, c, contact.NoAnswer)) // late, and of an older read
			w.settle(0)
		}, contact.CustomerBusy, "hangup"},
		{"only the sweeper is left", func(w *world, c *contact.Contact) {
			w.must(w.cloud.Table().Write(w.ctx, cloud.Write{Key: ConfigKey(tenant, "AGENT#lin"), Put: cloud.Item{"v": int64(1), "agent": "lin"}}))
			w.clock.Advance(20 * time.Minute)
			w.must(w.router.Sweep(w.ctx, tenant))
		}, contact.NoAnswer, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, c := callsOut(t)
			tt.do(w, c)
			w.wants(c.ID, "COMPLETED lin", "lin", "AVAILABLE 0")
			if got := w.contact(c.ID).Reason; got != tt.want {
				t.Errorf("reason %s, want %s", got, tt.want)
			}
			w.is("records", w.segments(c.ID), "0 lin "+string(tt.want))
			w.is("commands", w.verbs(), tt.tell)
		})
	}
}

func TestWhoMayCallWhom(t *testing.T) {
	free := agent.Agent{ID: "lin", State: agent.Away, Profile: "p", Device: agent.Device{User: "lin"}, Voice: agent.Slots{Max: 1}}
	busy, off, bare := free, free, free
	busy.Voice.Used, off.State, bare.Device.User = 1, agent.Offline, ""
	number := phone.MustParse
	tests := []struct {
		name  string
		agent agent.Agent
		queue Queue
		to    phone.Number
		want  error
	}{
		{"a number in international form", free, Queue{CallerID: "95000"}, number("+8613900139000"), nil},
		{"a local number that nobody set", free, Queue{CallerID: "95000"}, number("13900139000"), ErrNotCalled},
		{"a local number", free, Queue{CallerID: "95000", Dials: []string{"1*"}}, number("13900139000"), nil},
		{"one local number", free, Queue{CallerID: "95000", Dials: []string{"10086"}}, number("10086"), nil},
		{"more than the local number", free, Queue{CallerID: "95000", Dials: []string{"10086"}}, number("100861"), ErrNotCalled},
		{"any country besides a local number", free, Queue{CallerID: "95000", Dials: []string{"10086"}}, number("+16502530000"), nil},
		{"a country that is not called", free, Queue{CallerID: "95000", Dials: []string{"+86"}}, number("+16502530000"), ErrNotCalled},
		{"a country that is", free, Queue{CallerID: "95000", Dials: []string{"+86"}}, number("+8613900139000"), nil},
		{"a name", free, Queue{CallerID: "95000", Dials: []string{"*"}}, number("lin"), ErrNotCalled},
		{"too long a number", free, Queue{CallerID: "95000"}, number("+12345678901234567"), ErrNotCalled},
		{"no number to show", free, Queue{}, number("+8613900139000"), ErrNoCallerID},
		{"one who talks", busy, Queue{CallerID: "95000"}, number("+8613900139000"), ErrYouAreBusy},
		{"one who is offline", off, Queue{CallerID: "95000"}, number("+8613900139000"), ErrNotLoggedIn},
		{"one without a device", bare, Queue{CallerID: "95000"}, number("+8613900139000"), ErrNoDevice},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.queue.ID = "q"
			r := &Routing{Queues: map[string]Queue{"q": tt.queue}, Profiles: map[string]Profile{"p": {Queues: []ProfileQueue{{Queue: "q"}}}}}
			if _, err := r.outbound(&tt.agent, CallOut{To: tt.to}); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestTwoCallsOutAtOnce(t *testing.T) {
	w, c := callsOut(t)
	if _, err := w.router.Call(w.ctx, tenant, CallOut{Agent: "lin", To: outside}); !errors.Is(err, ErrYouAreBusy) {
		t.Errorf("the second: %v", err)
	}
	w.call("c1", "loans")
	w.settle(0)
	if got := w.contact("c1").State; got != contact.Queued {
		t.Errorf("a caller is %s while the agent calls", got)
	}
	w.wants(c.ID, "CONNECTING lin", "lin", "AVAILABLE 1")
}
