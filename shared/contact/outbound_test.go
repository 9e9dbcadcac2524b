package contact

import (
	"testing"
	"time"

	"huawu/shared/phone"
)

func TestWhyACustomerWasNotReached(t *testing.T) {
	for status, want := range map[int]Reason{
		486: CustomerBusy, 600: CustomerBusy, 408: NoAnswer, 480: NoAnswer, 487: NoAnswer, 603: CustomerRefused, 403: CustomerRefused,
		404: BadDestination, 484: BadDestination, 503: TelecomFailed, 500: TelecomFailed, 0: TelecomFailed,
	} {
		if got := Unreached(status); got != want {
			t.Errorf("%d is %s, want %s", status, got, want)
		}
	}
}

func TestTheRecordOfACallOut(t *testing.T) {
	for reason, want := range map[Reason]string{CustomerBusy: "OUTBOUND_ATTEMPT_FAILED", NoAnswer: "OUTBOUND_ATTEMPT_FAILED", Expired: "EXPIRED",
		BadDestination: "OUTBOUND_DESTINATION_ENDPOINT_ERROR", CustomerLeft: "CUSTOMER_DISCONNECT"} {
		r := &Record{Contact: Contact{Tenant: "demo", ID: "01938d2c-0000-7000-8000-000000000001", State: Completed, Since: noon, Channel: Voice, Method: Outbound,
			Customer: phone.MustParse("+8613900139000"), System: phone.MustParse("95000"), Initiated: noon, OfferAgent: "lin", Reason: reason}, Username: "lin"}
		tr := r.Trace(Instance{}, "")
		if tr.DisconnectReason != want || tr.InitiationMethod != "OUTBOUND" || tr.CustomerEndpoint.Address != "+8613900139000" || tr.SystemEndpoint.Address != "95000" {
			t.Errorf("%s: %+v", reason, tr)
		}
		if exact := tr.Huawu.Reason; (exact == "") != (want == string(reason)) {
			t.Errorf("%s: the exact reason is %q", reason, exact)
		}
	}
}

func TestACallbackIsTriedAgainAtItsPlace(t *testing.T) {
	c := &Contact{ID: "c", State: Connecting, Since: noon, Epoch: 3, Method: Callback, Rank: "05.1", Relay: "relay-1", Offer: "o", OfferAgent: "lin", AgentLeg: "b",
		Enqueued: noon, Tries: Tries{Max: 2, Pause: time.Minute}}
	again, err := c.TryAgain(NoAnswer, noon.Add(time.Second))
	if err != nil || !again || c.State != Queued || c.Epoch != 4 || c.Rank != "05.1" || c.Relay != "" || c.Offer != "" || len(c.Excluded) != 0 ||
		!c.NotBefore.Equal(noon.Add(61*time.Second)) || c.Tries.Made != 1 {
		t.Fatalf("TryAgain = %v, %v: %+v", again, err, c)
	}
	c.State, c.Tries.Max = Connecting, 9
	if again, err := c.TryAgain(BadDestination, noon); again || err != nil || c.State != Connecting {
		t.Errorf("a number that nobody has: %v, %v, %s", again, err, c.State)
	}
	c.Tries.Max = 2
	if again, err := c.TryAgain(NoAnswer, noon); again || err != nil || c.State != Connecting {
		t.Errorf("after the last try: %v, %v, %s", again, err, c.State)
	}
}

func TestACallbackWhoseCustomerIsCalledFirst(t *testing.T) {
	c := &Contact{ID: "c", State: Queued, Since: noon, Epoch: 3, Method: Callback, Rank: "05.1", Relay: "relay-1", Calling: noon,
		Enqueued: noon, CustomerFirst: true, Tries: Tries{Max: 2, Pause: time.Minute}}
	if !c.CallFirst() {
		t.Error("is not to be called first")
	}
	again, err := c.TryAgain(CustomerBusy, noon.Add(time.Second))
	if err != nil || !again || c.State != Queued || c.Epoch != 4 || c.Rank != "05.1" || c.Relay != "" || !c.Calling.IsZero() ||
		!c.NotBefore.Equal(noon.Add(61*time.Second)) || c.Tries.Made != 1 {
		t.Fatalf("TryAgain = %v, %v: %+v", again, err, c)
	}
	c.ToSystem = noon
	if c.CallFirst() {
		t.Error("is to be called though the customer has answered")
	}
}
