package acd

import (
	"errors"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// callsBack lets a caller who waits be called back, and hang up.
func callsBack(t *testing.T) (*world, contact.ID) {
	t.Helper()
	w := newWorld(t)
	w.must(w.cloud.Table().Write(w.ctx, Queue{ID: "loans", Name: "Loans", Group: "main", ACWSeconds: 30, CallerID: "95000"}.Put(tenant)))
	w.settle(time.Minute)
	w.call("c1", "loans")
	w.settle(time.Second)
	w.call("c2", "loans")
	b := CallBack{To: outside, Queue: "loans", Delay: 2 * time.Second, Tries: contact.Tries{Max: 2, Pause: time.Minute}}
	first, err := w.router.CallBack(w.ctx, w.contact("c1"), b)
	w.must(first, err)
	again, err := w.router.CallBack(w.ctx, w.contact("c1"), b)
	w.must(again, err)
	if again.ID != first.ID {
		t.Error("the same request makes two callbacks")
	}
	w.must(w.router.End(w.ctx, tenant, "c1", contact.FlowEnded))
	w.settle(5 * time.Second)
	return w, first.ID
}

func TestACallbackKeepsThePlace(t *testing.T) {
	w, id := callsBack(t)
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
	w.settle(0)
	c := w.contact(id)
	if c.State != contact.Offered || c.OfferAgent != "lin" || w.contact("c2").State != contact.Queued {
		t.Fatalf("the callback is %s, the one behind it %s", c.State, w.contact("c2").State)
	}
	if len(w.dialled) != 1 || w.dialled[0].Purpose != sma.PurposeCallback || w.dialled[0].To != "lin" || w.dialled[0].Attributes[sma.AttrOffer] != string(c.Offer) {
		t.Fatalf("messages %+v", w.dialled)
	}
	w.must(w.router.Placed(w.ctx, tenant, id, c.Offer, "relay-1"))
	w.must(w.router.Answered(w.ctx, tenant, id, c.Offer, "leg-b"))
	w.must(nil, w.router.Unreached(w.ctx, w.contact(id), contact.CustomerBusy))
	now := w.contact(id)
	if now.State != contact.Queued || now.Relay != "" || now.Tries.Made != 1 || !now.NotBefore.After(w.clock.Now()) || now.Rank != c.Rank {
		t.Fatalf("after a busy line: %+v", now)
	}
	w.settle(0)
	if w.contact("c2").OfferAgent != "lin" {
		t.Error("the agent who was free again gets nobody")
	}
	w.must(nil, w.router.Reject(w.ctx, tenant, "c2", w.contact("c2").Offer))
	w.settle(90 * time.Second)
	w.must(w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""))
	w.settle(0)
	c = w.contact(id)
	if c.State != contact.Offered {
		t.Fatalf("the second try is %s", c.State)
	}
	w.must(w.router.Placed(w.ctx, tenant, id, c.Offer, "relay-2"))
	w.must(w.router.Answered(w.ctx, tenant, id, c.Offer, "leg-c"))
	w.must(nil, w.router.Unreached(w.ctx, w.contact(id), contact.NoAnswer))
	w.settle(0)
	w.is("records", w.segments(id), "0 lin no_answer")
}

func TestCallbacksThatCannotBe(t *testing.T) {
	w, _ := callsBack(t)
	for name, tt := range map[string]struct {
		b    CallBack
		want error
	}{
		"a name":               {CallBack{To: phone.MustParse("lin"), Queue: "loans"}, ErrCallback},
		"withheld":             {CallBack{Queue: "loans"}, ErrCallback},
		"no queue":             {CallBack{To: outside, Queue: "x"}, ErrNoQueue},
		"no number to show":    {CallBack{To: outside, Queue: "cards"}, ErrNoCallerID},
		"a local number unset": {CallBack{To: phone.MustParse("10086"), Queue: "loans"}, ErrCallback},
	} {
		if _, err := w.router.CallBack(w.ctx, w.contact("c2"), tt.b); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
