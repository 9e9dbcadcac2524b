package relay

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/sma"
)

const placedID = "0198c0de-0000-7000-8000-0000000000aa"

// place puts the message of a call to lin's phone on the queue.
func (b *bed) place(validSeconds int, delay time.Duration) {
	b.t.Helper()
	raw, err := json.Marshal(sma.Place{Tenant: "acme", TransactionID: placedID, Purpose: sma.PurposeAgent, To: "lin", Agent: "lin", CallerID: "95000",
		ValidSeconds: validSeconds, Attributes: sma.Attributes{sma.AttrOffer: "o1"}})
	b.must(err)
	b.must(b.cloud.Queue().Send(b.soon(), sma.CallQueue, cloud.Message{Body: raw, Delay: delay}))
}

// once lets the first relay that asks place a call, and speaks to who answers; a
// call that came in hears a tone.
func once() func(sma.Event) []sma.Parameters {
	asked := 0
	return func(e sma.Event) []sma.Parameters {
		switch e.InvocationEventType {
		case sma.NewOutboundCall:
			if asked++; asked > 1 {
				return []sma.Parameters{&sma.HangUp{Target: sma.OnTag(sma.LegB)}}
			}
		case sma.CallAnswered:
			return []sma.Parameters{&sma.Speak{Target: sma.OnTag(sma.LegB), Speech: sma.Speech{Text: "600"}}, &sma.HangUp{Target: sma.OnTag(sma.LegB)}}
		case sma.NewInboundCall:
			return []sma.Parameters{&sma.PlayLoop{Target: sma.OnTag(sma.LegA), Messages: []sma.Message{{PromptID: "500"}}}}
		}
		return nil
	}
}

// The message of a call comes three times, and it rings once; its note is in the
// journal while it rings, so that a process that is killed then is reported.
func TestACallIsPlacedOnce(t *testing.T) {
	b := newBed(t, once(), nil)
	phone := b.phone()
	b.place(60, 0)
	b.place(60, 0)
	c := b.incoming(phone)
	notes, err := (&journal{filepath.Join(b.dir, "journal")}).load(quiet())
	b.must(err)
	if len(notes) != 1 || notes[0].TransactionID != placedID || len(notes[0].Legs) != 1 || notes[0].Legs[0].Tag != sma.LegB || notes[0].Legs[0].Ended || notes[0].Attributes[sma.AttrOffer] != "o1" {
		t.Errorf("journal while it rings: %+v", notes)
	}
	b.must(c.Answer())
	b.hears("agent", c, 600)
	b.must(c.Ended(b.soon()))
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	b.place(60, 0) // a queue may deliver long after
	b.until("every message is done with", func() bool {
		return b.cloud.Depth(sma.CallQueue) == 0 && b.relay.Calls().Len() == 0 && b.journal() == 0
	})
	if n := strings.Count(b.story(), "CALL_ANSWERED"); n != 1 {
		t.Errorf("answered %d times:\n%s", n, b.story())
	}
	// Whether the phone's 180 is told before it picks up, and where the other
	// messages fall, is chance.
	story := strings.NewReplacer("RINGING\n", "", "NEW_OUTBOUND_CALL\n", "").Replace(b.story() + "\n")
	if story != "CALL_ANSWERED\nHANGUP Hangup-B\n" {
		t.Errorf("story:\n%s", b.story())
	}
	select {
	case <-phone.Incoming():
		t.Error("it rings twice")
	default:
	}
}

func TestACallThatIsTooLateIsNotPlaced(t *testing.T) {
	b := newBed(t, once(), nil)
	b.phone()
	b.place(1, 2*time.Second)
	b.until("the message is done with", func() bool { return b.cloud.Depth(sma.CallQueue) == 0 })
	if b.story() != "" || b.relay.Calls().Len() != 0 {
		t.Errorf("story:\n%s", b.story())
	}
}

func TestACallWaitsForRoom(t *testing.T) {
	b := newBed(t, once(), func(c *Config) { c.MaxCalls = 1 })
	phone := b.phone()
	caller := b.dial()
	b.hears("caller", caller, 500)
	b.place(60, 0)
	select {
	case <-phone.Incoming():
		t.Fatal("a call is placed without room for it")
	case <-time.After(2 * time.Second):
	}
	if n := b.cloud.Depth(sma.CallQueue); n != 1 {
		t.Errorf("%d messages wait", n)
	}
	b.must(caller.Hangup())
	c := b.incoming(phone)
	b.must(c.Answer())
	b.hears("agent", c, 600)
}

func FuzzReadPlace(f *testing.F) {
	f.Add([]byte(`{"tenant":"t","transactionId":"x","to":"+8613900139000","validUntil":"2026-11-21T00:00:00Z"}`))
	f.Add([]byte(`{"tenant":"t","transactionId":"x","to":"lin","agent":"lin","validUntil":"2026-11-21T00:00:00Z"}`))
	f.Add([]byte(`{"to":"900;phone-context=x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := readPlace(body); err == nil && m.Agent == "" && !dialable(m.To) {
			t.Errorf("calls %q", m.To)
		}
	})
}
