package ivr

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/sma"
)

const first = contact.ID("0e000000-0000-7000-8000-000000000000") // the first of those who wait

// token is the place of a contact that waits.
func (w *world) token(id contact.ID) string {
	w.Helper()
	c, err := w.router.Contact(w.ctx, tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	token, err := acd.NewPlaces(w.router, bytes.NewReader(make([]byte, 32))).Issue(w.ctx, c)
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// queues is a flow that sets attributes and lets the call wait.
func (w *world) queues(attributes, queue string) {
	w.Helper()
	w.runs(append([]node{{id: "keep", kind: "UpdateContactAttributes", params: `{"Attributes":` + attributes + `,"TargetContact":"Current"}`, next: "target",
		errs: map[string]string{"NoMatchingError": "oops"}}}, transfers(queue)...)...)
}

func TestACallerWithATokenHasTheOldPlace(t *testing.T) {
	tests := []struct {
		name   string
		queue  string
		header bool
		change func(w *world, token string) string
		kept   bool
	}{
		{"by an attribute", "loans", false, nil, true},
		{"by a header", "loans", true, nil, true},
		{"in another queue", "vip", false, nil, false},
		{"a forged one", "loans", false, func(_ *world, token string) string { return "x" + token }, false},
		{"one that is too old", "loans", false, func(w *world, token string) string {
			w.clock.Advance(25 * time.Hour)
			return token
		}, false},
		{"one of another tenant", "loans", true, func(w *world, _ string) string {
			c := &contact.Contact{Tenant: "other", ID: "x1", State: contact.Queued, Queue: "loans", Enqueued: w.clock.Now().Add(-time.Hour)}
			token, err := acd.NewPlaces(w.router, bytes.NewReader(make([]byte, 32))).Issue(w.ctx, c)
			if err != nil {
				w.Fatal(err)
			}
			return token
		}, false},
		{"one that another has used", "loans", false, func(w *world, token string) string {
			if _, err := acd.NewPlaces(w.router, bytes.NewReader(make([]byte, 32))).Redeem(w.ctx, tenant, token, "loans", "somebody"); err != nil {
				w.Fatal(err)
			}
			return token
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(acd.Queue{ID: "vip", Name: "VIP", Group: "main", RingSeconds: 20}.Put(tenant))
			w.waits(3)
			old, err := w.router.Contact(w.ctx, tenant, first)
			if err != nil {
				t.Fatal(err)
			}
			token := w.token(first)
			if tt.change != nil {
				token = tt.change(w, token)
			}
			if tt.header {
				w.queues(`{"a":"b"}`, tt.queue)
				w.legs[0].SipHeaders = sma.Attributes{"X-Place": token}
			} else {
				w.queues(`{"placeToken":"`+token+`"}`, tt.queue)
			}
			w.handle(w.event(sma.NewInboundCall, nil)) // twice
			c := w.contact()
			if c.State != contact.Queued || c.Queue != tt.queue || c.Came.Equal(old.Enqueued) != tt.kept || c.FirstCame().Equal(c.Enqueued) == tt.kept {
				t.Errorf("%s in %s since %s, first at %s", c.State, c.Queue, c.Enqueued, c.Came)
			}
			if tt.kept == strings.Contains(w.log.String(), "no place in line") || strings.Contains(w.log.String(), token) {
				t.Errorf("log %s", w.log.String())
			}
		})
	}
}

// comesAgain plays a caller who hangs up while waiting and calls again after a
// while; it returns the second contact.
func comesAgain(t *testing.T, attributes, from string, after time.Duration) (old, again *contact.Contact) {
	t.Helper()
	w := newWorld(t)
	w.queues(attributes, "loans")
	w.legs[0].From = sma.Text(from)
	w.handle(w.event(sma.NewInboundCall, nil))
	w.legs[0].Status = sma.Connected
	w.waits(2)
	w.handle(w.hangup(0, ""))
	key := contact.RecordKey(tenant, callID, 0)
	record, err := w.cloud.Table().Get(w.ctx, key, true)
	if err != nil || record == nil {
		t.Fatalf("no record, %v", err)
	}
	p := event.New(w.cloud.Table(), w.cloud.Queue(), contact.Instance{}, strings.NewReader(strings.Repeat("s", 32)))
	if err := p.HandleChange(w.ctx, event.Change{ID: "1", At: w.clock.Now(), New: record}); err != nil {
		t.Fatal(err)
	}
	old = w.contact()
	w.clock.Advance(after)
	w.legs = []sma.Participant{{CallID: callB, ParticipantTag: sma.LegA, To: "95000", From: sma.Text(from), Direction: "Inbound"}}
	w.sequence = 0
	e := w.event(sma.NewInboundCall, nil)
	e.CallDetails.TransactionID = "0c000000-0000-7000-8000-00000000000d"
	if _, err := w.service.Handle(w.ctx, e); err != nil {
		t.Fatal(err)
	}
	again, err = w.router.Contact(w.ctx, tenant, contact.ID(e.CallDetails.TransactionID))
	if err != nil {
		t.Fatal(err)
	}
	return old, again
}

func TestACallerWhoHangsUpAndCallsAgainKeepsThePlace(t *testing.T) {
	for _, tt := range []struct {
		name, attributes, from string
		after                  time.Duration
		kept                   bool
	}{
		{"soon", `{"keepPlace":"10"}`, "+8613800135678", 5 * time.Minute, true},
		{"too late", `{"keepPlace":"10"}`, "+8613800135678", 11 * time.Minute, false},
		{"where the flow does not keep places", `{"a":"b"}`, "+8613800135678", time.Minute, false},
		{"for longer than may be", `{"keepPlace":"500"}`, "+8613800135678", time.Minute, false},
		{"for a while that is none", `{"keepPlace":"soon"}`, "+8613800135678", time.Minute, false},
		{"without a number", `{"keepPlace":"10"}`, "anonymous", time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old, again := comesAgain(t, tt.attributes, tt.from, tt.after)
			if again.State != contact.Queued || again.Came.Equal(old.Enqueued) != tt.kept || again.Came.IsZero() == tt.kept {
				t.Errorf("came %s, the first %s: %s", again.Came, old.Enqueued, fmt.Sprint(again.Enqueued))
			}
			if ahead := again.Rank < old.Rank; ahead {
				t.Error("ahead of where it was")
			}
		})
	}
}

// A simple call pays nothing for places.
func TestACallWithoutAPlaceReadsNothingForOne(t *testing.T) {
	w := newWorld(t)
	w.queues(`{"a":"b"}`, "loans")
	w.cloud.ResetCounters()
	w.handle(w.event(sma.NewInboundCall, nil))
	if n := w.cloud.Counters(); n.Reads["PLACE"]+n.Writes["PLACE"]+n.Reads["L"] != 0 {
		t.Errorf("%s", n)
	}
}
