package relay

import (
	"context"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/relaytest"
	"huawu/mediarelay/trunk"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// testPatience is how long a test waits for what must happen: long, as the
// machine may be busy; nothing waits for it in vain.
const testPatience = 30 * time.Second

// tonePrompts says every text as the second of tone that it names: "500".
type tonePrompts struct{}

func (tonePrompts) Clip(_ context.Context, p call.Prompt) (media.Clip, error) {
	hz, err := strconv.ParseFloat(p.Message.Text+p.Message.PromptID, 64)
	if err != nil {
		return media.Clip{}, fault.New(fault.NotFound, "no such tone")
	}
	return media.NewClip(relaytest.Tone(hz, time.Second)), nil
}

// script is the function: for each event it is asked for its actions, and
// remembers the events.
type script struct {
	mu     sync.Mutex
	events []sma.Event
	answer func(e sma.Event) []sma.Parameters
}

func (s *script) handle(_ context.Context, payload []byte) ([]byte, error) {
	var e sma.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return json.Marshal(sma.Respond(sma.Do(s.answer(e)...)...))
}

// story is what the function was asked, in short words.
func (s *script) story() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for _, e := range s.events {
		w := string(e.InvocationEventType)
		if d := e.ActionData; d != nil {
			_, tag := d.Parameters.Leg()
			w += " " + string(d.Type) + string(d.ReceivedDigits) + strings.TrimPrefix(string(tag), "LEG")
			if d.Huawu != nil {
				w += " " + d.Huawu.Reason
			}
		}
		words = append(words, strings.TrimSpace(w))
	}
	return strings.Join(words, "\n")
}

// bed is a relay with a cloud in memory and a carrier.
type bed struct {
	*script
	t       *testing.T
	cloud   *localcloud.Cloud
	relay   *Relay
	carrier *relaytest.Carrier
	dir     string
	ended   sync.Once
	ran     chan error
}

func newBed(t *testing.T, answer func(sma.Event) []sma.Parameters, change func(*Config)) *bed {
	t.Helper()
	b := &bed{script: &script{answer: answer}, t: t, dir: t.TempDir(), ran: make(chan error, 1)}
	var err error
	b.cloud, err = localcloud.Open(localcloud.Options{Log: quiet(), Queues: []localcloud.QueueOptions{{Name: "relay-1"}, {Name: sma.CallQueue}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.cloud.Close() })
	b.cloud.Invoker().Register(localcloud.Function{Name: "ivr", Timeout: 10 * time.Second, Handle: b.handle})
	trunks, err := trunk.NewTable(trunk.Trunk{ID: "carrier", Tenant: "acme", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	if err != nil {
		t.Fatal(err)
	}
	book, err := registrar.NewBook(registrar.Account{Tenant: "acme", User: "lin", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		ID: "relay-1", Dir: b.dir, Tenants: []string{"acme"}, Listen: netip.MustParseAddrPort("127.0.0.1:0"), Admin: netip.MustParseAddrPort("127.0.0.1:0"),
		Media:  media.Config{Bind: netip.MustParseAddr("127.0.0.1"), PortMin: 30100, PortMax: 30199, Workers: 1},
		Trunks: trunks, Accounts: book, Prompts: tonePrompts{}, Log: quiet(),
	}
	if change != nil {
		change(&cfg)
	}
	b.relay, err = New(t.Context(), cfg, b.ports())
	if err != nil {
		t.Fatal(err)
	}
	go func() { b.ran <- b.relay.Run(context.Background()) }()
	t.Cleanup(b.drain)
	b.carrier, err = relaytest.NewCarrier(relaytest.Config{Listen: netip.MustParseAddrPort("127.0.0.2:0"), Relay: b.relay.SIP(), CallerID: "+8613800135678"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.must(b.carrier.Close()) })
	return b
}

func (b *bed) ports() Ports {
	return Ports{Functions: b.cloud.Invoker(), Queue: b.cloud.Queue(), Table: b.cloud.Table(), Blobs: b.cloud.Blobs(), Keys: b.cloud.Keys()}
}

// drain ends the relay, and fails if it does not end as it should.
func (b *bed) drain() {
	b.ended.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testPatience)
		defer cancel()
		if err := b.relay.Drain(ctx); err != nil {
			b.t.Errorf("drain: %v", err)
		}
		if err := <-b.ran; err != nil {
			b.t.Errorf("run: %v", err)
		}
	})
}

// must ends the test if something that has to work does not.
func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// soon is the time in which what is waited for has to happen.
func (b *bed) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testPatience)
	b.t.Cleanup(cancel)
	return ctx
}

// dial calls the relay from the carrier.
func (b *bed) dial() *relaytest.Call {
	b.t.Helper()
	c, err := b.carrier.Dial(b.soon(), "95000")
	b.must(err)
	return c
}

// phone registers a desk phone.
func (b *bed) phone() *relaytest.Phone {
	b.t.Helper()
	p, err := relaytest.NewPhone(b.soon(), relaytest.Config{Listen: netip.MustParseAddrPort("127.0.0.3:0"), Relay: b.relay.SIP(), User: "lin", Password: "secret"})
	b.must(err)
	b.t.Cleanup(func() { b.must(p.Close()) })
	return p
}

// incoming waits for a call that rings at a phone.
func (b *bed) incoming(p *relaytest.Phone) *relaytest.Call {
	b.t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(testPatience):
		b.t.Fatal("the phone does not ring")
		return nil
	}
}

// hears waits until a party hears a tone.
func (b *bed) hears(who string, c *relaytest.Call, hz float64) {
	b.t.Helper()
	if err := c.HearTone(b.soon(), hz); err != nil {
		b.t.Fatalf("%s does not hear %v Hz: %v", who, hz, err)
	}
}

// speak lets a party send a tone for longer than a test takes.
func speak(c *relaytest.Call, hz float64) { c.Speak(relaytest.Tone(hz, 2*testPatience)) }

// until waits for a condition.
func (b *bed) until(what string, ok func() bool) {
	b.t.Helper()
	late := time.Now().Add(testPatience)
	for !ok() {
		if time.Now().After(late) {
			b.t.Fatalf("in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// command sends an update by the queue, as acd does.
func (b *bed) command(verb string, sequence int64) {
	b.t.Helper()
	live := b.relay.Calls().Live()
	if len(live) != 1 {
		b.t.Fatalf("calls: %v", live)
	}
	raw, err := json.Marshal(sma.Update{TransactionID: live[0], Sequence: sequence, ValidSeconds: 60,
		Arguments: sma.Attributes{sma.ArgVerb: verb, sma.ArgOfferID: "o1"}})
	b.must(err)
	for range 2 { // a queue delivers at least once
		b.must(b.cloud.Queue().Send(b.soon(), "relay-1", cloud.Message{Body: raw}))
	}
}
