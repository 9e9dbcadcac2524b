package relay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/mediarelay/media/wav"
	"huawu/mediarelay/relaytest"
	"huawu/mediarelay/seal/sealtest"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/recording"
	"huawu/shared/sma"
)

// ledger is where log lines go.
type ledger struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *ledger) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A card number typed in a recorded call over real SIP and RTP: the function
// gets it sealed, and neither log, event, journal, spool nor recording holds it.
// The recording is silent while it is typed, as some phones send tones as well.
func TestACardNumberLeavesTheRelaySealedOnly(t *testing.T) {
	const card, key = "4929000000000018", "key-2026"
	h, log := sealtest.New(t, 2048), &ledger{}
	sealed := make(chan string, 1)
	b := newBed(t, func(e sma.Event) []sma.Parameters {
		a, _ := e.Leg(sma.LegA)
		on := sma.On(a.CallID)
		switch {
		case e.InvocationEventType == sma.NewInboundCall:
			return []sma.Parameters{&sma.Answer{Target: on}, &sma.StartCallRecording{Target: on, Destination: sma.Destination{Type: "S3", Location: "recordings"}}}
		case e.InvocationEventType != sma.ActionSuccessful:
		case e.ActionData.Type == sma.TypeStartCallRecording:
			return []sma.Parameters{&sma.PlayAudio{Target: on, Huawu: &sma.MediaOptions{PromptID: "500"}}, &sma.CollectDigits{Target: on,
				Prompts: []sma.Message{{PromptID: "700"}}, MaxLength: 20, FirstDigitMs: 30000, InterDigitMs: 20000,
				Encrypt: &sma.Encrypt{KeyID: key, Certificate: h.Certificate}}}
		case e.ActionData.Type == sma.TypeCollectDigits:
			sealed <- string(e.ActionData.ReceivedDigits)
			return []sma.Parameters{&sma.PlayLoop{Target: on, Messages: []sma.Message{{PromptID: "600"}}}}
		}
		return nil
	}, func(cfg *Config) {
		cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	caller := b.dial()
	b.must(caller.Answered(b.soon()))
	// It stands for the tones of keys, and sounds on when the input has begun.
	caller.Speak(relaytest.Tone(1000, 4*time.Second))
	b.hears("caller", caller, 500)
	b.hears("caller", caller, 700)
	id := b.relay.Calls().Live()[0]
	b.must(caller.SendDigits(b.soon(), card+"#"))
	message, err := base64.StdEncoding.DecodeString(<-sealed)
	b.must(err)
	if text, err := h.Open(key, message); err != nil || string(text) != card {
		t.Errorf("opened %q, %v", text, err)
	}
	b.hears("caller", caller, 600)
	b.must(caller.Hangup())
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	b.silentOnce(id)

	b.mu.Lock()
	events, err := json.Marshal(b.events)
	b.mu.Unlock()
	b.must(err)
	if strings.Contains(string(events), card) || strings.Contains(log.String(), card) {
		t.Error("the card number stands in an event or a log line")
	}
	b.must(filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(card)) {
			t.Errorf("the card number stands in %s", d.Name())
		}
		return err
	}))
}

// silentOnce checks that a recording has the caller's tone, then silence for a
// second or longer.
func (b *bed) silentOnce(id string) {
	b.t.Helper()
	store := recording.Store{Table: b.cloud.Table(), Blobs: b.cloud.Blobs(), Keys: b.cloud.Keys()}
	var x recording.Index
	b.until("the recording is stored", func() (ok bool) {
		var err error
		x, err = store.Get(b.soon(), recording.Subject{Tenant: "acme", Contact: id})
		return err == nil
	})
	r, closer, err := store.Open(b.soon(), x)
	b.must(err)
	defer func() { b.must(closer.Close()) }()
	raw, err := io.ReadAll(recording.NewWAV(r, x.Samples))
	b.must(err)
	sound, err := wav.Decode(raw)
	b.must(err)
	pcm := sound.Channels[0]
	loud, silent := 0, 0
	for at := 0; at+800 <= len(pcm); at += 800 { // a tenth of a second
		switch level := relaytest.Loudness(pcm[at : at+800]); {
		case level > 500 && silent == 0:
			loud++
		case level < 50 && loud > 0:
			silent++
		}
	}
	if loud < 3 || silent < 10 {
		b.t.Errorf("%d tenths of a second of the caller's tone, then %d of silence, of %d", loud, silent, len(pcm)/800)
	}
}

// The two ends together: a flow with encrypted input, as Amazon Connect exports
// it, stores what only the holder of the key reads. A number is checked before.
func TestAFlowStoresSealedInput(t *testing.T) {
	h := sealtest.New(t, 2048)
	pemText, err := json.Marshal(h.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse([]byte(`{"Version":"2019-10-30","StartAction":"card","Actions":[
		{"Identifier":"card","Type":"GetParticipantInput","Parameters":{"Text":"500","StoreInput":"True","InputTimeLimitSeconds":"20",
			"InputValidation":{"PhoneNumberValidation":{"NumberFormat":"Local","CountryCode":"CN"}},
			"InputEncryption":{"EncryptionKeyId":"key-2026","Key":` + string(pemText) + `}},
			"Transitions":{"NextAction":"keep","Errors":[{"ErrorType":"InvalidPhoneNumber","NextAction":"again"},{"ErrorType":"NoMatchingError","NextAction":"end"}]}},
		{"Identifier":"again","Type":"MessageParticipant","Parameters":{"Text":"600"},"Transitions":{"NextAction":"card"}},
		{"Identifier":"keep","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"number":"$.StoredCustomerInput"}},"Transitions":{"NextAction":"thanks"}},
		{"Identifier":"thanks","Type":"MessageParticipant","Parameters":{"Text":"700"},"Transitions":{"NextAction":"end"}},
		{"Identifier":"end","Type":"DisconnectParticipant","Parameters":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile("main", f)
	if err != nil {
		t.Fatal(err)
	}
	state := interp.Start("c", "main", nil)
	stored := ""
	b := newBed(t, func(e sma.Event) []sma.Parameters {
		a, _ := e.Leg(sma.LegA)
		env := interp.Env{Now: time.Now(), CallID: a.CallID, Can: e.CallDetails.Huawu.Capabilities, Flows: map[string]*interp.Program{"main": p}}
		var event interp.Event = interp.Call{Event: &e}
		if e.InvocationEventType == sma.NewInboundCall {
			event = interp.Begin{}
		} else if e.InvocationEventType == sma.Hangup {
			return nil
		}
		var out interp.Out
		state, out = interp.Step(state, event, env)
		stored = state.Attributes["number"]
		var list []sma.Parameters
		for _, action := range out.Actions {
			list = append(list, action.Parameters)
		}
		return list
	}, nil)
	caller := b.dial()
	b.must(caller.Answered(b.soon()))
	b.hears("caller", caller, 500)
	b.must(caller.SendDigits(b.soon(), "12#")) // no number
	b.hears("caller", caller, 600)
	b.hears("caller", caller, 500)
	b.must(caller.SendDigits(b.soon(), "13800135678#"))
	b.hears("caller", caller, 700)
	b.must(caller.Ended(b.soon()))
	b.until("the call ends", func() bool { return b.relay.Calls().Len() == 0 })
	b.mu.Lock()
	defer b.mu.Unlock()
	message, err := base64.StdEncoding.DecodeString(stored)
	b.must(err)
	if text, err := h.Open("key-2026", message); err != nil || string(text) != "+8613800135678" {
		t.Errorf("stored %q: %q, %v", stored, text, err)
	}
}
