package relay

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/relaytest"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/recording"
	"huawu/shared/sma"
)

// phoneCall answers the events of a call that waits with music until an agent's
// phone is rung. The tones: 500 the menu, 700 the music, 600 hold, 1000 the
// caller, 1300 the agent.
func phoneCall(e sma.Event) []sma.Parameters {
	a, _ := e.Leg(sma.LegA)
	agent, _ := e.Leg(sma.LegB)
	on, conference := sma.On(a.CallID), e.CallDetails.TransactionID
	switch {
	case e.InvocationEventType == sma.NewInboundCall:
		return []sma.Parameters{&sma.SpeakAndGetDigits{Target: on, SpeechParameters: sma.Speech{Text: "500"}, InputDigitsRegex: "^[12]$",
			MinNumberOfDigits: 1, MaxNumberOfDigits: 1, Repeat: 20, RepeatDurationInMilliseconds: 2000}}
	case e.InvocationEventType == sma.CallUpdateRequested:
		switch e.Arguments()[sma.ArgVerb] {
		case sma.VerbRing:
			return []sma.Parameters{&sma.CallAndBridge{Target: on, CallTimeoutSeconds: 60, CallerIDNumber: "95000",
				Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointAWS, URI: "lin", Arn: "arn:aws:huawu:::agent/acme/a1"}},
				Huawu:     &sma.BridgeOptions{OfferID: "o1", AgentID: "a1", AnswerConfirm: true, KeepAudio: true}}}
		case sma.VerbHold:
			return []sma.Parameters{&sma.ConferenceUpdate{Target: on, ConferenceID: conference, Mode: sma.ModeHold},
				&sma.PlayLoop{Target: on, Messages: []sma.Message{{PromptID: "600"}}}}
		case sma.VerbResume:
			return []sma.Parameters{&sma.ConferenceUpdate{Target: on, ConferenceID: conference, Mode: sma.ModeTalk}}
		}
	case e.InvocationEventType == sma.Hangup && len(e.Live()) > 0:
		return []sma.Parameters{&sma.HangUp{Target: sma.On(e.Live()[0].CallID)}}
	case e.InvocationEventType != sma.ActionSuccessful:
	case e.ActionData.Type == sma.TypeSpeakAndGetDigits:
		return []sma.Parameters{&sma.PlayLoop{Target: on, Messages: []sma.Message{{PromptID: "700"}}}}
	case e.ActionData.Type == sma.TypeCallAndBridge:
		return []sma.Parameters{&sma.ConferenceJoin{Target: on, ConferenceID: conference},
			&sma.ConferenceJoin{Target: sma.On(agent.CallID), ConferenceID: conference},
			&sma.StartCallRecording{Target: on, Destination: sma.Destination{Type: "S3", Location: "recordings"}}}
	}
	return nil
}

// One call over real SIP and RTP: menu, digit, music, the agent's phone, both
// hear each other, hold, the agent hangs up; then the recording is there.
func TestACallFromCarrierToPhone(t *testing.T) {
	b := newBed(t, phoneCall, nil)
	phone := b.phone()
	caller := b.dial()
	b.must(caller.Answered(b.soon()))
	b.hears("caller", caller, 500)
	b.must(caller.SendDigits(b.soon(), "1"))
	speak(caller, 1000)
	b.hears("caller", caller, 700)
	id := b.relay.Calls().Live()[0]

	b.command(sma.VerbRing, 1)
	agent := b.incoming(phone)
	caller.Forget()
	b.hears("caller while it rings", caller, 700)
	b.must(agent.Answer())
	speak(agent, 1300)
	b.hears("caller", caller, 1300)
	b.hears("agent", agent, 1000)
	// What a kill would leave behind: both legs, as alive.
	notes, err := b.relay.journal.load(quiet())
	if err != nil || len(notes) != 1 || notes[0].TransactionID != id || len(notes[0].Legs) != 2 || notes[0].Legs[0].Ended || notes[0].Sequence < 5 {
		t.Errorf("journal: %+v, %v", notes, err)
	}

	b.command(sma.VerbHold, 2)
	b.hears("caller on hold", caller, 600)
	b.must(agent.HearSilence(b.soon()))
	b.command(sma.VerbResume, 3)
	b.hears("caller again", caller, 1300)
	b.hears("agent again", agent, 1000)

	b.must(agent.Hangup())
	b.must(caller.Ended(b.soon()))
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	want := `NEW_INBOUND_CALL
ACTION_SUCCESSFUL SpeakAndGetDigits1-A
CALL_UPDATE_REQUESTED CallUpdateRequest
ACTION_SUCCESSFUL CallAndBridge-A
ACTION_SUCCESSFUL StartCallRecording-A
CALL_UPDATE_REQUESTED CallUpdateRequest
CALL_UPDATE_REQUESTED CallUpdateRequest
ACTION_SUCCESSFUL Huawu.Conference.Update-A
HANGUP Hangup-B
HANGUP Hangup-A`
	if got := b.story(); got != want {
		t.Errorf("the function was asked\n%s\nwant\n%s", got, want)
	}
	b.until("the recording is stored", func() bool {
		item, err := b.cloud.Table().Get(b.soon(), recording.IndexKey(recording.Subject{Tenant: "acme", Contact: id}), true)
		if err != nil || item == nil {
			return false
		}
		x, err := recording.FromItem(item)
		return err == nil && x.Duration() > 500*time.Millisecond && x.Channels == 2
	})
	if files, err := os.ReadDir(filepath.Join(b.dir, "journal")); err != nil || len(files) != 0 {
		t.Errorf("journal: %v, %v", files, err)
	}
	for who, c := range map[string]*relaytest.Call{"caller": caller, "agent": agent} {
		if s := c.Stats(); s.Streams != 1 { // one for the whole call, whatever played in it
			t.Errorf("%s heard %d streams", who, s.Streams)
		}
	}
}

// A caller who gives up while the agent's phone rings ends the ringing.
func TestTheCallerGivesUpWhileItRings(t *testing.T) {
	b := newBed(t, phoneCall, nil)
	phone := b.phone()
	caller := b.dial()
	b.hears("caller", caller, 500)
	b.must(caller.SendDigits(b.soon(), "1"))
	b.hears("caller", caller, 700)
	b.command(sma.VerbRing, 1)
	agent := b.incoming(phone)
	b.must(caller.Hangup())
	b.must(agent.Ended(b.soon()))
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	if got := b.story(); !strings.HasSuffix(got, "CALL_UPDATE_REQUESTED CallUpdateRequest\nHANGUP Hangup-A") {
		t.Errorf("the function was asked\n%s", got)
	}
}

// The function is gone: the caller hears a tone for it and is hung up, and the
// hang-up is reported when it is back.
func TestAnOutageIsHeardAndReportedLater(t *testing.T) {
	var back atomic.Bool
	b := newBed(t, func(sma.Event) []sma.Parameters {
		if !back.Load() {
			panic("the function is broken")
		}
		return nil
	}, func(c *Config) {
		c.FunctionWait = 300 * time.Millisecond
		c.Route = func(call.Inbound) call.Route {
			return call.Route{Capabilities: call.Offered(), Fallback: sma.Do(
				&sma.Speak{Target: sma.OnTag(sma.LegA), Speech: sma.Speech{Text: "500"}}, &sma.HangUp{Target: sma.OnTag(sma.LegA)})}
		}
	})
	caller := b.dial()
	b.hears("caller", caller, 500)
	b.must(caller.Ended(b.soon()))
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	back.Store(true)
	b.until("the hang-up is reported", func() bool { return strings.HasSuffix(b.story(), "HANGUP Hangup-A fallback") && b.journal() == 0 })
}

// journal is how many calls the journal holds.
func (b *bed) journal() int {
	files, err := os.ReadDir(filepath.Join(b.dir, "journal"))
	b.must(err)
	return len(files)
}

// A call that an earlier process left behind is reported as lost.
func TestCallsOfAKilledProcessAreReported(t *testing.T) {
	b := newBed(t, phoneCall, func(c *Config) {
		j, err := openJournal(filepath.Join(c.Dir, "journal"))
		if err == nil {
			err = j.Save(entry("0198c0de-0000-7000-8000-000000000001"))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	b.until("the lost call is reported", func() bool {
		return b.story() == "HANGUP Hangup-A relay_lost\nHANGUP Hangup-B drain"
	})
}

// A full relay refuses with 503; a draining one too, says so to the load
// balancer, and hangs up what is left when its time is over.
func TestAdmissionAndDrain(t *testing.T) {
	b := newBed(t, func(e sma.Event) []sma.Parameters {
		if e.InvocationEventType == sma.NewInboundCall {
			return []sma.Parameters{&sma.PlayLoop{Messages: []sma.Message{{PromptID: "700"}}}}
		}
		return nil
	}, func(c *Config) { c.MaxCalls, c.DrainWait = 1, time.Second })
	admin := "http://" + b.relay.Admin().String()
	if code, _ := get(t, admin+"/readyz"); code != 200 {
		t.Errorf("ready: %d", code)
	}
	first := b.dial()
	b.must(first.Answered(b.soon()))
	if code, text := get(t, admin+"/readyz"); code != 503 || text != "full\n" {
		t.Errorf("while full: %d %q", code, text)
	}
	second := b.dial()
	b.must(second.Ended(b.soon()))
	if second.Status() != 503 {
		t.Errorf("the second call got %d", second.Status())
	}
	_, metrics := get(t, admin+"/metrics")
	for _, line := range []string{
		"huawu_relay_calls 1\n", "huawu_relay_calls_refused_total 1\n", "huawu_relay_media_ports 1\n", `huawu_relay_invocation_seconds_bucket{le="+Inf"} `,
		"# TYPE huawu_relay_calls gauge\n",
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics have no %q:\n%s", line, metrics)
		}
	}
	item, err := b.cloud.Table().Get(t.Context(), leaseKey("relay-1"), true)
	if err != nil || item.Str("owner") == "" {
		t.Errorf("lease: %v, %v", item, err)
	}
	b.drain()
	b.must(first.Ended(b.soon()))
	if got := b.story(); got != "NEW_INBOUND_CALL\nHANGUP Hangup-A drain" {
		t.Errorf("the function was asked\n%s", got)
	}
	if item, err := b.cloud.Table().Get(t.Context(), leaseKey("relay-1"), true); err != nil || item.Str("owner") != "" {
		t.Errorf("lease after the end: %v, %v", item, err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// Another process takes the id: no new calls, what is up goes on until the drain.
func TestARelayWhoseIDWasTakenTakesNoMoreCalls(t *testing.T) {
	b := newBed(t, phoneCall, func(c *Config) { c.DrainWait = time.Second })
	caller := b.dial()
	b.hears("caller", caller, 500)
	if _, err := takeLease(b.soon(), b.cloud.Table(), "relay-1", nil, "other", quiet()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-b.ran:
		if !errors.Is(err, errLost) {
			t.Errorf("run: %v", err)
		}
		b.ran <- nil // for drain
	case <-time.After(testPatience):
		t.Fatal("the relay goes on")
	}
	second := b.dial()
	b.must(second.Ended(b.soon()))
	if second.Status() != 503 || caller.Over() {
		t.Errorf("a new call got %d, the one that was up has ended: %v", second.Status(), caller.Over())
	}
	b.drain()
	if item, err := b.cloud.Table().Get(b.soon(), leaseKey("relay-1"), true); err != nil || item.Str("owner") != "other" {
		t.Errorf("lease: %v, %v", item, err)
	}
}

// A command that cannot be read stays in the queue, for the dead letters; one
// for a call that is over is done with.
func TestBadCommands(t *testing.T) {
	b := newBed(t, phoneCall, nil)
	for _, body := range []string{`{"TransactionId":`, `{}`, `{"TransactionId":"gone","Arguments":{"huawu":"hold"}}`} {
		if err := b.cloud.Queue().Send(t.Context(), "relay-1", cloud.Message{Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	b.until("the command for no call is done with", func() bool { return b.cloud.Depth("relay-1") == 2 })
	if n := b.relay.Calls().Count(); n.DroppedUpdates != 1 {
		t.Errorf("%+v", n)
	}
}

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	_, err := New(t.Context(), Config{}, Ports{})
	if fault.KindOf(err) == "" {
		t.Fatal("no error")
	}
	for _, what := range []string{"ports", "Dir", "Trunks", "Prompts", "Listen"} {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("%s is not named: %v", what, err)
		}
	}
}

// A relay that cannot open a socket gives its id back.
func TestARelayThatCannotOpenGivesItsIDBack(t *testing.T) {
	b := newBed(t, phoneCall, nil)
	cfg := b.relay.cfg
	cfg.ID, cfg.Dir, cfg.Admin = "relay-2", t.TempDir(), b.relay.Admin() // taken
	cfg.Media = media.Config{Bind: cfg.Media.Bind, PortMin: 30200, PortMax: 30299, Workers: 1}
	_, err := New(t.Context(), cfg, b.ports())
	if err == nil {
		t.Fatal("no error")
	}
	if item, err := b.cloud.Table().Get(t.Context(), leaseKey("relay-2"), true); err != nil || item.Str("owner") != "" {
		t.Errorf("lease: %v, %v", item, err)
	}
}
