package pace

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

func TestACustomerIsCalledInTimeForTheQueuesPace(t *testing.T) {
	for bound, want := range map[time.Duration]bool{10 * time.Second: true, 10 * time.Minute: false} {
		w := newWorld(t)
		c, err := localcloud.Open(localcloud.Options{Manual: true, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}})
		if err != nil {
			t.Fatal(err)
		}
		w.put(acd.Queue{ID: "cards", Group: "main", RingSeconds: 20, CallerID: "95000", CallFirst: acd.FirstCustomer}.Put("demo"))
		w.agent("lin", "cards", agent.Available, nil)
		w.agent("wu", "cards", agent.Available, nil)
		w.contacts(20, "cards", time.Second, bound)
		id := 0
		r := Router(w.cloud.Table(), c.Queue(), acd.Runtime{Now: w.clock.Now, Log: slog.New(slog.DiscardHandler), Rand: func() float64 { return 0 },
			NewID: func() string { id++; return string(rune('a' + id)) }, Sleep: func(context.Context, time.Duration) error { return nil }})
		before := &contact.Contact{Tenant: "demo", ID: "before", State: contact.InFlow, Channel: contact.Voice, Since: nine, Initiated: nine}
		if err := r.Begin(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Enqueue(t.Context(), "demo", "before", acd.Request{Queue: "cards"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		back, err := r.CallBack(t.Context(), &contact.Contact{Tenant: "demo", ID: "of"}, acd.CallBack{To: phone.MustParse("+8613900139000"), Queue: "cards"})
		if err != nil {
			t.Fatal(err)
		}
		if back, err = r.Contact(t.Context(), "demo", back.ID); err != nil || back.Calling.IsZero() == want {
			t.Errorf("contacts of %s: called is %v, %v", bound, !back.Calling.IsZero(), err)
		}
	}
}
