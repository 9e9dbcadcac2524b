package sipleg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/relaytest"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
	"huawu/tests/peers"
)

// board is a switchboard on real sockets: it answers with a tone of 700 Hz, or
// connects a call for "agent" to the phone lin.
type board struct {
	t     *testing.T
	s     *sipleg.Server
	m     *media.Engine
	relay netip.AddrPort
	log   bytes.Buffer

	mu     sync.Mutex
	events []call.LegEvent
	legs   []call.Leg
}

func newBoard(t *testing.T, trunks ...trunk.Trunk) *board {
	t.Helper()
	b := &board{t: t}
	m, err := media.New(media.Config{PortMin: 40000, PortMax: 49999, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	b.m = m
	if trunks == nil {
		trunks = []trunk.Trunk{{ID: "carrier", Tenant: "demo", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	}
	table, err := trunk.NewTable(trunks...)
	if err != nil {
		t.Fatal(err)
	}
	book, err := registrar.NewBook(registrar.Account{Tenant: "demo", User: "lin", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	b.s, err = sipleg.New(sipleg.Config{
		Listen: netip.MustParseAddrPort("127.0.0.1:0"), TCP: true, Calls: b, Trunks: table, Registrar: registrar.New(book, registrar.Config{}),
		Media: sipleg.Engine(m), Log: slog.New(slog.NewTextHandler(&locked{b: &b.log}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if c := b.s.Count(); c.Panics != 0 {
			t.Errorf("%d panics", c.Panics)
		}
	})
	b.relay = b.s.Addr()
	return b
}

// locked makes a buffer fit for several writers.
type locked struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Start answers a call, and connects it if it is for the agent.
func (b *board) Start(in call.Inbound) (call.Notify, error) {
	b.mu.Lock()
	b.legs = append(b.legs, in.Leg)
	b.mu.Unlock()
	if in.To != "agent" {
		if err := in.Leg.Answer(); err != nil {
			return nil, err
		}
		in.Leg.Port().Play(media.Playlist{ID: 1, Clips: []media.Clip{media.NewClip(relaytest.Tone(700, time.Second))}, Loop: true})
		return b.tell, nil
	}
	var out call.Leg
	ready := make(chan struct{})
	leg, err := b.s.Dial(context.Background(), call.Target{Kind: call.ToAgent, Tenant: "demo", URI: "lin", CallID: in.ID, CallerID: in.From}, func(e call.LegEvent) {
		b.tell(e)
		switch e.Kind {
		case call.Ringing:
			_ = in.Leg.Ring()
		case call.Answered:
			go func() {
				<-ready
				_ = in.Leg.Answer()
				in.Leg.Port().Bridge(out.Port())
			}()
		case call.Failed:
			go func() { _ = in.Leg.Reject(480, "") }()
		case call.Ended:
			go func() { _ = in.Leg.Hangup("agent left") }()
		}
	})
	if err != nil {
		return nil, err
	}
	out = leg
	close(ready)
	return func(e call.LegEvent) {
		b.tell(e)
		if e.Kind == call.Ended {
			go func() { _ = out.Hangup("caller left") }()
		}
	}, nil
}

func (b *board) tell(e call.LegEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// count is how often an event was told; digits are all that were heard.
func (b *board) count(kind call.LegEventKind) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (b *board) digits() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var d []byte
	for _, e := range b.events {
		if e.Kind == call.Heard && e.Media.Kind == media.Digit {
			d = append(d, e.Media.Digit)
		}
	}
	return string(d)
}

func (b *board) await(kind call.LegEventKind, n int) {
	b.t.Helper()
	peers.Eventually(b.t, string(kind), func() error {
		if got := b.count(kind); got < n {
			return fmt.Errorf("told %d times, want %d", got, n)
		}
		return nil
	})
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), peers.Patience)
	t.Cleanup(cancel)
	return ctx
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCarrierAndRegisteredPhoneTalkThroughTheRelay(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		t.Run(map[bool]string{false: "UDP", true: "TCP"}[tcp], func(t *testing.T) {
			b, ctx := newBoard(t), patient(t)
			phone, err := relaytest.NewPhone(ctx, relaytest.Config{Relay: b.relay, User: "lin", Password: "secret", TCP: tcp, Codecs: []string{"PCMA"}})
			ok(t, err)
			defer phone.Close()
			carrier, err := relaytest.NewCarrier(relaytest.Config{Relay: b.relay, CallerID: "+8613800135678", TCP: tcp, Codecs: []string{"PCMU"}})
			ok(t, err)
			defer carrier.Close()
			out, err := carrier.Dial(ctx, "agent")
			ok(t, err)
			in := <-phone.Incoming()
			if in.From != "+8613800135678" {
				t.Errorf("the phone shows %q", in.From)
			}
			ok(t, out.Ringing(ctx))
			ok(t, in.Answer())
			ok(t, out.Answered(ctx))
			out.Speak(relaytest.Tone(440, time.Minute))
			in.Speak(relaytest.Tone(1000, time.Minute))
			ok(t, in.HearTone(ctx, 440))
			ok(t, out.HearTone(ctx, 1000))
			ok(t, in.Hold(ctx, true))
			b.await(call.Held, 1)
			ok(t, in.Hold(ctx, false))
			b.await(call.Resumed, 1)
			ok(t, in.Hangup())
			ok(t, out.Ended(ctx))
			b.await(call.Ended, 2)
			if n := b.s.Live(); n != 0 {
				t.Errorf("%d legs are left", n)
			}
		})
	}
}

func TestBaresipAsACaller(t *testing.T) {
	b := newBoard(t)
	caller := peers.StartBaresip(t, peers.Phone{User: "caller", Tone: 440})
	caller.Do("dial", "sip:95000@"+b.relay.String())
	caller.Await("CALL_ESTABLISHED", 1)
	b.await(call.Answered, 1)
	peers.Eventually(t, "baresip hears the tone", func() error {
		if !caller.Heard().HasTone(700, 0.5) {
			return errors.New("not yet")
		}
		return nil
	})
	caller.Press("15#")
	peers.Eventually(t, "digits", func() error {
		if got := b.digits(); got != "15#" {
			return fmt.Errorf("heard %q", got)
		}
		return nil
	})
	caller.Do("hold", "")
	b.await(call.Held, 1)
	caller.Do("resume", "")
	b.await(call.Resumed, 1)
	ok(t, b.legs[0].Hangup("done"))
	caller.Await("CALL_CLOSED", 1)
	b.await(call.Ended, 1)
}

func TestBaresipAsARegisteredPhone(t *testing.T) {
	b, ctx := newBoard(t), patient(t)
	phone := peers.StartBaresip(t, peers.Phone{User: "lin", Registrar: b.relay.String(), Password: "secret", Tone: 1000, Auto: true})
	phone.Registered()
	carrier, err := relaytest.NewCarrier(relaytest.Config{Relay: b.relay, CallerID: "+8613800135678"})
	ok(t, err)
	defer carrier.Close()
	out, err := carrier.Dial(ctx, "agent")
	ok(t, err)
	ok(t, out.Answered(ctx))
	out.Speak(relaytest.Tone(440, time.Minute))
	ok(t, out.HearTone(ctx, 1000))
	peers.Eventually(t, "baresip hears the carrier", func() error {
		if !phone.Heard().HasTone(440, 0.5) {
			return errors.New("not yet")
		}
		return nil
	})
	phone.Do("hangup", "")
	ok(t, out.Ended(ctx))
	b.await(call.Ended, 2)
}

func TestAllAddressesWithOneThatIsAdvertised(t *testing.T) {
	ctx := patient(t)
	b := &board{t: t}
	m, err := media.New(media.Config{PortMin: 40000, PortMax: 49999, Workers: 1})
	ok(t, err)
	defer m.Close()
	table, err := trunk.NewTable(trunk.Trunk{ID: "carrier", Tenant: "demo", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	ok(t, err)
	cfg := sipleg.Config{Listen: netip.MustParseAddrPort("0.0.0.0:0"), Calls: b, Trunks: table, Media: sipleg.Engine(m)}
	if _, err := sipleg.New(cfg); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without Advertise: %v", err)
	}
	cfg.Advertise = netip.MustParseAddr("127.0.0.1")
	b.s, err = sipleg.New(cfg)
	ok(t, err)
	defer b.s.Close()
	carrier, err := relaytest.NewCarrier(relaytest.Config{Relay: b.s.Contact()})
	ok(t, err)
	defer carrier.Close()
	out, err := carrier.Dial(ctx, "95000")
	ok(t, err)
	ok(t, out.Answered(ctx))
	ok(t, out.HearTone(ctx, 700))
	ok(t, out.Hangup())
	b.await(call.Ended, 1)
}

func TestSippCallsIn(t *testing.T) {
	b := newBoard(t)
	const calls = 30
	before := runtime.NumGoroutine()
	runSipp(t, "-sn", "uac", "-s", "95000", "-m", fmt.Sprint(calls), "-r", "15", "-d", "300", b.relay.String())
	b.await(call.Ended, calls)
	if got := b.count(call.Answered); got != calls {
		t.Errorf("%d of %d calls were answered", got, calls)
	}
	peers.Eventually(t, "goroutines end", func() error {
		if n := runtime.NumGoroutine(); n > before+2 {
			return fmt.Errorf("%d before, %d after", before, n)
		}
		return nil
	})
	if n := b.s.Live(); n != 0 {
		t.Errorf("%d legs are left", n)
	}
}

func TestSippIsCalled(t *testing.T) {
	port := peers.FreePorts(t, 2)
	b := newBoard(t, trunk.Trunk{ID: "out", Tenant: "demo", Address: fmt.Sprintf("127.0.0.1:%d", port), Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	const calls = 5
	done := make(chan struct{})
	go func() {
		defer close(done)
		runSipp(t, "-sn", "uas", "-p", fmt.Sprint(port), "-m", fmt.Sprint(calls))
	}()
	peers.Eventually(t, "sipp listens", func() error {
		c, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			return errors.New("its port is still free")
		}
		return nil
	})
	for i := range calls {
		leg, err := b.s.Dial(t.Context(), call.Target{Kind: call.ToTrunk, Tenant: "demo", TrunkID: "out", URI: "+8610086", CallerID: "95000"}, b.tell)
		ok(t, err)
		b.await(call.Answered, i+1)
		ok(t, leg.Hangup("done"))
		b.await(call.Ended, i+1)
	}
	<-done
}

// runSipp runs sipp until it has had its calls; it fails on any message that its
// scenario does not expect.
func runSipp(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), peers.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, peers.Need(t, "sipp"), append([]string{"-i", "127.0.0.1", "-nostdin", "-trace_err", "-timeout", "50"}, args...)...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	logs, _ := filepath.Glob(filepath.Join(cmd.Dir, "*errors.log"))
	for _, l := range logs {
		raw, _ := os.ReadFile(l)
		out = append(out, raw...)
	}
	t.Errorf("sipp: %v\n%s", err, out[max(0, len(out)-3000):])
}

func TestAfterAFloodOfRubbishACallWorks(t *testing.T) {
	b, ctx := newBoard(t), patient(t)
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(b.relay))
	ok(t, err)
	defer conn.Close()
	files, err := filepath.Glob("guard/testdata/torture/*.dat")
	ok(t, err)
	var rubbish [][]byte
	for _, f := range files {
		raw, err := os.ReadFile(f)
		ok(t, err)
		rubbish = append(rubbish, raw)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		p := slices.Clone(rubbish[rnd.IntN(len(rubbish))])
		for range rnd.IntN(20) {
			p[rnd.IntN(len(p))] = byte(rnd.Uint32())
		}
		_, _ = conn.Write(p[:rnd.IntN(len(p)+1)])
	}
	tcp, err := net.Dial("tcp4", b.relay.String())
	ok(t, err)
	defer tcp.Close()
	_, _ = tcp.Write(bytes.Repeat([]byte("rubbish without an end "), 4000))

	carrier, err := relaytest.NewCarrier(relaytest.Config{Relay: b.relay, CallerID: "+8613800135678"})
	ok(t, err)
	defer carrier.Close()
	out, err := carrier.Dial(ctx, "95000")
	ok(t, err)
	ok(t, out.Answered(ctx))
	ok(t, out.HearTone(ctx, 700))
	ok(t, out.Hangup())
	if c := b.s.Count(); c.Malformed == 0 {
		t.Errorf("counted %+v", c)
	}
	if strings.Contains(b.log.String(), "+13035551111") {
		t.Error("a caller's number is in the log")
	}
}
