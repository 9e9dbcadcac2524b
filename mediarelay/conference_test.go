package relay

import (
	"io"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"huawu/mediarelay/media/wav"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/relaytest"
	"huawu/shared/recording"
	"huawu/shared/sma"
)

// Tones of the parties of a conference; 600 is the music on hold.
const (
	customerTone, agentTone, colleagueTone, bossTone = 1000, 1300, 1700, 2100
)

// talk answers the events of a call that an agent, a colleague and a supervisor
// join one after the other. Its verbs are those of this test.
type talk struct {
	mu   sync.Mutex
	legs map[string]string // CallIds by user
}

func (k *talk) dial(base, user string) sma.Parameters {
	return &sma.CallAndBridge{Target: sma.On(k.legs[base]), CallTimeoutSeconds: 60, CallerIDNumber: "95000",
		Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointAWS, URI: sma.Text(user), Arn: "arn:aws:huawu:::agent/acme/" + user}},
		Huawu:     &sma.BridgeOptions{OfferID: user, AnswerConfirm: true, KeepAudio: true, Background: true}}
}

func (k *talk) join(room, user string) sma.Parameters {
	return &sma.ConferenceJoin{Target: sma.On(k.legs[user]), ConferenceID: room}
}

func (k *talk) mode(user string, m sma.Mode, only ...string) sma.Parameters {
	var ids []string
	for _, u := range only {
		ids = append(ids, k.legs[u])
	}
	return &sma.ConferenceUpdate{Target: sma.On(k.legs[user]), ConferenceID: "main", Mode: m, SpeakOnlyTo: ids}
}

func (k *talk) answer(e sma.Event) []sma.Parameters {
	k.mu.Lock()
	defer k.mu.Unlock()
	music := func(user string) sma.Parameters {
		return &sma.PlayLoop{Target: sma.On(k.legs[user]), Messages: []sma.Message{{PromptID: "600"}}}
	}
	switch {
	case e.InvocationEventType == sma.NewInboundCall:
		a, _ := e.Leg(sma.LegA)
		k.legs = map[string]string{"customer": a.CallID}
		return []sma.Parameters{music("customer"), k.dial("customer", "lin")}
	case e.InvocationEventType == sma.ActionSuccessful && e.ActionData.Type == sma.TypeCallAndBridge:
		user := e.ActionData.Huawu.OfferID
		k.legs[user] = e.ActionData.Huawu.LegID
		switch user {
		case "lin":
			return []sma.Parameters{k.join("main", "customer"), k.join("main", "lin"),
				&sma.StartCallRecording{Target: sma.On(k.legs["customer"]), Destination: sma.Destination{Type: "S3", Location: "recordings"}}}
		case "wu":
			return []sma.Parameters{k.join("consult", "lin"), k.join("consult", "wu")}
		}
		return []sma.Parameters{&sma.ConferenceJoin{Target: sma.On(k.legs["boss"]), ConferenceID: "main", Mode: sma.ModeListen}}
	case e.InvocationEventType == sma.CallUpdateRequested:
		switch e.Arguments()[sma.ArgVerb] {
		case "consult":
			return []sma.Parameters{k.mode("customer", sma.ModeHold), music("customer"), k.dial("lin", "wu")}
		case "join":
			return []sma.Parameters{k.join("main", "lin"), k.join("main", "wu"), k.mode("customer", sma.ModeTalk)}
		case "listen":
			return []sma.Parameters{k.dial("customer", "boss")}
		case "whisper":
			return []sma.Parameters{k.mode("boss", sma.ModeWhisper, "lin")}
		case "barge":
			return []sma.Parameters{k.mode("boss", sma.ModeBarge)}
		case "complete":
			return []sma.Parameters{&sma.HangUp{Target: sma.On(k.legs["boss"])}, &sma.HangUp{Target: sma.On(k.legs["lin"])}}
		}
	case e.InvocationEventType == sma.Hangup && len(e.Live()) == 1:
		return []sma.Parameters{&sma.HangUp{Target: sma.On(e.Live()[0].CallID)}}
	}
	return nil
}

// hearsAll waits until a party hears these tones at once and none of the others.
func (b *bed) hearsAll(who string, c *relaytest.Call, tones ...float64) {
	b.t.Helper()
	b.until(who+" hears all of them and nobody else", func() bool {
		pcm := c.Heard()
		if len(pcm) < 3200 {
			return false
		}
		return together(pcm[len(pcm)-3200:], tones...)
	})
}

// together reports whether samples hold these tones of the parties, and no other.
func together(pcm []int16, tones ...float64) bool {
	for _, hz := range []float64{customerTone, agentTone, colleagueTone, bossTone, 600} {
		share := relaytest.Share(pcm, hz)
		if slices.Contains(tones, hz) && share < 0.5/float64(len(tones)) || !slices.Contains(tones, hz) && share > 0.01 {
			return false
		}
	}
	return true
}

// A call over real SIP and RTP in which an agent consults a colleague, makes a
// conference of it, a supervisor listens, whispers and barges in, and agent and
// supervisor leave the other two. The recording is one throughout.
func TestConsultConferenceAndSupervision(t *testing.T) {
	k := &talk{}
	b := newBed(t, k.answer, func(cfg *Config) {
		book, err := registrar.NewBook(registrar.Account{Tenant: "acme", User: "lin", Password: "secret"},
			registrar.Account{Tenant: "acme", User: "wu", Password: "secret"}, registrar.Account{Tenant: "acme", User: "boss", Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Accounts = book
	})
	phones := map[string]*relaytest.Phone{}
	for _, user := range []string{"lin", "wu", "boss"} {
		p, err := relaytest.NewPhone(b.soon(), relaytest.Config{Listen: netip.MustParseAddrPort("127.0.0.3:0"), Relay: b.relay.SIP(), User: user, Password: "secret"})
		b.must(err)
		t.Cleanup(func() { b.must(p.Close()) })
		phones[user] = p
	}
	pick := func(user string, hz float64) *relaytest.Call {
		c := b.incoming(phones[user])
		b.must(c.Answer())
		speak(c, hz)
		return c
	}
	customer := b.dial()
	agent := pick("lin", agentTone)
	b.must(customer.Answered(b.soon()))
	speak(customer, customerTone)
	b.hearsAll("customer", customer, agentTone)
	b.hearsAll("agent", agent, customerTone)
	id := b.relay.Calls().Live()[0]

	b.command("consult", 1)
	b.hearsAll("customer on hold", customer, 600)
	colleague := pick("wu", colleagueTone)
	b.hearsAll("agent", agent, colleagueTone)
	b.hearsAll("colleague", colleague, agentTone)
	b.hearsAll("customer still on hold", customer, 600)

	b.command("join", 2)
	b.hearsAll("customer", customer, agentTone, colleagueTone)
	b.hearsAll("agent", agent, customerTone, colleagueTone)
	b.hearsAll("colleague", colleague, customerTone, agentTone)

	b.command("listen", 3)
	boss := pick("boss", bossTone)
	b.hearsAll("supervisor", boss, customerTone, agentTone, colleagueTone)
	b.hearsAll("agent", agent, customerTone, colleagueTone)
	b.command("whisper", 4)
	b.hearsAll("agent", agent, customerTone, colleagueTone, bossTone)
	b.hearsAll("customer", customer, agentTone, colleagueTone)
	b.command("barge", 5)
	b.hearsAll("customer", customer, agentTone, colleagueTone, bossTone)

	b.command("complete", 6)
	b.must(agent.Ended(b.soon()))
	b.must(boss.Ended(b.soon()))
	b.hearsAll("customer", customer, colleagueTone)
	b.hearsAll("colleague", colleague, customerTone)
	customer.Forget() // as much again, so that the recording has it for certain
	b.hearsAll("customer", customer, colleagueTone)
	b.must(customer.Hangup())
	b.must(colleague.Ended(b.soon()))
	for who, c := range map[string]*relaytest.Call{"customer": customer, "agent": agent, "colleague": colleague, "supervisor": boss} {
		if s := c.Stats(); s.Streams != 1 {
			t.Errorf("%s heard %d streams", who, s.Streams)
		}
	}
	b.recorded(id)
}

// recorded checks the recording of a conference: the customer alone on the one
// side, all whom it heard on the other, together where they were together.
func (b *bed) recorded(id string) {
	b.t.Helper()
	subject := recording.Subject{Tenant: "acme", Contact: id}
	store := recording.Store{Table: b.cloud.Table(), Blobs: b.cloud.Blobs(), Keys: b.cloud.Keys()}
	var x recording.Index
	b.until("the recording is stored", func() (ok bool) {
		var err error
		x, err = store.Get(b.soon(), subject)
		return err == nil
	})
	r, closer, err := store.Open(b.soon(), x)
	b.must(err)
	defer func() { b.must(closer.Close()) }()
	raw, err := io.ReadAll(recording.NewWAV(r, x.Samples))
	b.must(err)
	sound, err := wav.Decode(raw)
	b.must(err)
	for _, want := range [][]float64{{agentTone}, {agentTone, colleagueTone}, {agentTone, colleagueTone, bossTone}, {colleagueTone}} {
		found := false
		for at := 0; at+3200 <= len(sound.Channels[1]) && !found; at += 800 {
			found = together(sound.Channels[1][at:at+3200], want...) && together(sound.Channels[0][at:at+3200], customerTone)
		}
		if !found {
			b.t.Errorf("nowhere in the recording are %v on the one side and the customer on the other (%v)", want, x.Duration().Round(time.Second))
		}
	}
}
