package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/media/g711"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/trunk"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// patience is how long a test waits for what must happen: long, as the machine
// may be busy; nothing waits for it in vain.
const testPatience = 30 * time.Second

// sine is a second of a tone, at a third of full scale.
func sine(hz float64) media.Clip {
	pcm := make([]int16, 8000)
	for i := range pcm {
		pcm[i] = int16(10000 * math.Sin(2*math.Pi*hz*float64(i)/8000))
	}
	return media.NewClip(pcm)
}

// tonePrompts says every text as the tone that it names: "500".
type tonePrompts struct{}

func (tonePrompts) Clip(_ context.Context, p call.Prompt) (media.Clip, error) {
	hz, err := strconv.ParseFloat(p.Message.Text+p.Message.PromptID, 64)
	if err != nil {
		return media.Clip{}, fault.New(fault.NotFound, "no such tone")
	}
	return sine(hz), nil
}

// ears find out which tone a party hears.
type ears struct {
	tap   *media.Tap
	frame media.Frame
	pcm   []int16 // the last 100 ms
}

// tones are all that sound in these tests.
func allTones() []int { return []int{500, 700, 600, 1000, 1300} }

// hears reads what arrived and returns the loudest tone of the last 100 ms, 0
// for silence, -1 if too little has arrived yet.
func (e *ears) hears() int {
	pcm := e.pcm
	for e.tap.Read(&e.frame) {
		if e.frame.Law == media.PCMA {
			pcm = g711.DecodeATo(pcm, e.frame.Payload)
		} else {
			pcm = g711.DecodeMuTo(pcm, e.frame.Payload)
		}
	}
	pcm = append([]int16{}, pcm[max(0, len(pcm)-800):]...)
	if e.pcm = pcm; len(pcm) < 800 {
		return -1
	}
	best, power := 0, 1e6
	for _, hz := range allTones() {
		if p := goertzel(pcm, float64(hz)); p > power {
			best, power = hz, p
		}
	}
	return best
}

func goertzel(pcm []int16, hz float64) float64 {
	k := 2 * math.Cos(2*math.Pi*hz/8000)
	var s1, s2 float64
	for _, v := range pcm {
		s1, s2 = float64(v)+k*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - k*s1*s2) / float64(len(pcm))
}

// agent is a user agent of its own address: a carrier, or a phone.
type userAgent struct {
	t     *testing.T
	s     *sipleg.Server
	media *media.Engine

	mu     sync.Mutex
	in     []call.Inbound
	events []call.LegEvent
}

func newUserAgent(t *testing.T, at string, peers ...trunk.Trunk) *userAgent {
	t.Helper()
	u := &userAgent{t: t}
	var err error
	if u.media, err = media.New(media.Config{Bind: netip.MustParseAddr(at), PortMin: 30000, PortMax: 30099, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	table, err := trunk.NewTable(peers...)
	if err != nil {
		t.Fatal(err)
	}
	u.s, err = sipleg.New(sipleg.Config{
		Listen: netip.AddrPortFrom(netip.MustParseAddr(at), 0), Calls: u, Trunks: table, Media: sipleg.Engine(u.media),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.s.Close(); err != nil {
			t.Error(err)
		}
		u.media.Close()
	})
	return u
}

// Start lets a call ring.
func (u *userAgent) Start(in call.Inbound) (call.Notify, error) {
	u.mu.Lock()
	u.in = append(u.in, in)
	u.mu.Unlock()
	return u.tell, in.Leg.Ring()
}

func (u *userAgent) tell(e call.LegEvent) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.events = append(u.events, e)
}

// event returns the first event of a kind.
func (u *userAgent) event(kind call.LegEventKind) (call.LegEvent, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	i := slices.IndexFunc(u.events, func(e call.LegEvent) bool { return e.Kind == kind })
	if i < 0 {
		return call.LegEvent{}, false
	}
	return u.events[i], true
}

func (u *userAgent) ringing() call.Leg {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.in) == 0 {
		return nil
	}
	return u.in[0].Leg
}

// listen returns a leg's ears and lets it send a tone.
func listen(l call.Leg, hz float64) *ears {
	e := &ears{tap: media.NewTap(1)}
	l.Port().Tap(e.tap, 0)
	l.Port().Play(media.Playlist{ID: 1, Clips: []media.Clip{sine(hz)}, Loop: true})
	return e
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.Now().Add(testPatience)
	for !ok() {
		if time.Now().After(late) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// heard waits until a party hears a tone.
func heard(t *testing.T, who string, e *ears, hz int) {
	t.Helper()
	until(t, fmt.Sprintf("%s hears %d Hz", who, hz), func() bool {
		got := e.hears()
		return got == hz
	})
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

// bed is a relay with a cloud in memory, a carrier and a desk phone.
type bed struct {
	*script
	t       *testing.T
	cloud   *localcloud.Cloud
	relay   *Relay
	carrier *userAgent
	phone   *userAgent
	dir     string
	ran     chan error
}

func newBed(t *testing.T, answer func(sma.Event) []sma.Parameters, change func(*Config)) *bed {
	t.Helper()
	b := &bed{script: &script{answer: answer}, t: t, dir: t.TempDir(), ran: make(chan error, 1)}
	var err error
	b.cloud, err = localcloud.Open(localcloud.Options{Log: quiet(), Queues: []localcloud.QueueOptions{{Name: "relay-1"}}})
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
	b.relay, err = New(t.Context(), cfg, Ports{Functions: b.cloud.Invoker(), Queue: b.cloud.Queue(), Table: b.cloud.Table(), Blobs: b.cloud.Blobs(), Keys: b.cloud.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	go func() { b.ran <- b.relay.Run(context.Background()) }()
	t.Cleanup(b.drained)
	b.carrier = newUserAgent(t, "127.0.0.2", trunk.Trunk{ID: "relay", Tenant: "carrier", Address: b.relay.SIP().String(), Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	b.phone = newUserAgent(t, "127.0.0.3", trunk.Trunk{ID: "relay", Tenant: "phone", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	return b
}

// drained ends the relay, and fails if it does not end as it should.
func (b *bed) drained() {
	ctx, cancel := context.WithTimeout(context.Background(), testPatience)
	defer cancel()
	if err := b.relay.Drain(ctx); err != nil {
		b.t.Errorf("drain: %v", err)
	}
	if err := <-b.ran; err != nil {
		b.t.Errorf("run: %v", err)
	}
}

// dial calls the relay from the carrier.
func (b *bed) dial() call.Leg {
	b.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		b.t.Fatal(err)
	}
	l, err := b.carrier.s.Dial(b.t.Context(), call.Target{Kind: call.ToTrunk, LegID: id.String(), Tenant: "carrier", URI: "95000", CallerID: "13800135678"}, b.carrier.tell)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *bed) register() {
	b.t.Helper()
	lasts, err := b.phone.s.Register(b.t.Context(), sipleg.Registration{At: b.relay.SIP(), User: "lin", Password: "secret", Expires: time.Hour})
	if err != nil || lasts <= 0 {
		b.t.Fatalf("register: %v, %v", lasts, err)
	}
}

// command sends an update by the queue, as acd does.
func (b *bed) command(verb string, sequence int64) {
	b.t.Helper()
	live := b.relay.Calls().Live()
	if len(live) != 1 {
		b.t.Fatalf("calls: %v", live)
	}
	raw, err := json.Marshal(sma.Update{TransactionID: live[0], Sequence: sequence, ValidUntil: time.Now().Add(time.Minute),
		Arguments: sma.Attributes{sma.ArgVerb: verb, sma.ArgOfferID: "o1"}})
	if err != nil {
		b.t.Fatal(err)
	}
	for range 2 { // a queue delivers at least once
		if err := b.cloud.Queue().Send(b.t.Context(), "relay-1", cloud.Message{Body: raw}); err != nil {
			b.t.Fatal(err)
		}
	}
}
