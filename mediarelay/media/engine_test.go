package media

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/shared/fault"
)

// freeRange finds n pairs of ports that nobody holds; what other programs take
// meanwhile is passed over, so the range is only nearly exact.
func freeRange(t *testing.T, n int) (lo, hi uint16) {
	t.Helper()
	for base := uint16(40000 + random()%8000&^1); base < 60000; base += 200 {
		free := true
		for p := base; p < base+uint16(2*n); p++ {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(p)})
			if err != nil {
				free = false
				break
			}
			_ = c.Close()
		}
		if free {
			return base, base + uint16(2*n) - 1
		}
	}
	t.Skip("no free ports on this machine")
	return 0, 0
}

func TestPortsRunOutAndComeBack(t *testing.T) {
	t.Parallel()
	lo, hi := freeRange(t, 2)
	e := newEngine(t, Config{PortMin: lo, PortMax: hi, Workers: 1, QuarantineIdle: 300 * time.Millisecond, QuarantineMax: 2 * time.Second})
	a, b := open(t, e, PortOptions{}), open(t, e, PortOptions{})
	if a.Local().Port()%2 != 0 || b.Local().Port()%2 != 0 || a.Local() == b.Local() {
		t.Errorf("ports %v and %v", a.Local(), b.Local())
	}
	_, err := e.Open(PortOptions{})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no free RTP port") {
		t.Fatalf("third port: %v", err)
	}
	alice := newPeer(t, PCMU)
	alice.sing(b.Local(), 440) // a gateway that does not stop
	a.Close()
	b.Close()
	if _, err := e.Open(PortOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("a freed port is used at once: %v", err)
	}
	if n := e.Count().PortsQuarantined; n != 2 {
		t.Errorf("%d ports rest, want 2", n)
	}
	var again *Port
	eventually(t, "the quiet port is free again", func() bool {
		again, err = e.Open(PortOptions{})
		return err == nil
	})
	if again.Local() != a.Local() && e.Count().PortsQuarantined != 0 {
		t.Errorf("the port that still gets packets was used again")
	}
	eventually(t, "the other one after the longest time", func() bool {
		_, err = e.Open(PortOptions{})
		return err == nil
	})
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{PortMin: 4001, PortMax: 4002}, {PortMin: 5000, PortMax: 4000}, {PortMax: 4000}, {PortMin: 65535, PortMax: 65535}} {
		if e, err := New(c); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d to %d: %v", c.PortMin, c.PortMax, err)
			if e != nil {
				_ = e.Close()
			}
		}
	}
	e, err := New(Config{Bind: netip.MustParseAddr("203.0.113.1")}) // not ours
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(PortOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a foreign address: %v", err)
	}
	_ = e.Close()
}

// After Close every method returns and does nothing, and no goroutine is left.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	e, err := New(Config{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	a, b := open(t, e, PortOptions{Shared: true}), open(t, e, PortOptions{})
	b.SetRemote(Remote{Addr: netip.MustParseAddrPort("127.0.0.1:9"), Send: true})
	b.Close()
	b.Close()
	if s := b.Stats(); s.Received != 0 {
		t.Errorf("%+v", s)
	}
	b.Play(Playlist{})
	b.SetRemote(Remote{})
	b.SendDigits(1, "1", 0)
	var others sync.WaitGroup
	for range 20 {
		others.Go(func() { _ = a.Stats(); _ = e.Count() })
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_ = e.Close()
	others.Wait()
	a.Bridge(b)
	a.Tap(NewTap(1), 0)
	a.Stop()
	a.Close()
	_ = a.Stats()
	if _, err := e.Open(PortOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Open after Close: %v", err)
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// A worker without ports does not tick.
func TestIdleCostsNothing(t *testing.T) {
	e := newEngine(t, Config{Workers: 1, QuarantineIdle: time.Millisecond})
	p := open(t, e, PortOptions{})
	eventually(t, "ticks with a port", func() bool { return e.Count().Ticks > 20 })
	p.Close()
	eventually(t, "the port is forgotten", func() bool { return e.Count().PortsQuarantined == 0 })
	before := e.Count().Ticks
	<-time.After(300 * time.Millisecond)
	if n := e.Count().Ticks - before; n > 10 {
		t.Errorf("%d ticks in 0.3 s without a port", n)
	}
}

// Ports of two calls, on two threads, can be bridged too.
func TestBridgeAcrossWorkers(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Workers: 2})
	alice, bob := newPeer(t, PCMU), newPeer(t, PCMA)
	a, b := open(t, e, PortOptions{}), open(t, e, PortOptions{})
	if a.w == b.w {
		t.Fatal("one worker")
	}
	a.SetRemote(talk(alice))
	b.SetRemote(talk(bob))
	a.Bridge(b)
	alice.sing(a.Local(), 440)
	bob.sing(b.Local(), 1000)
	eventually(t, "bob hears alice", func() bool { return bob.hears(440) })
	eventually(t, "alice hears bob", func() bool { return alice.hears(1000) })
	unbroken(t, bob.packets())
	a.Bridge(nil)
	eventually(t, "apart again", func() bool { return alice.hearsNothing() && bob.hearsNothing() })
	a.Bridge(b)
	eventually(t, "joined again", func() bool { return alice.hears(1000) })
	b.Close()
	eventually(t, "one has gone", alice.hearsNothing)
}

// A bridge moves from one party to another: the first hears silence.
func TestBridgeMoves(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob, carol := newPeer(t, PCMU), newPeer(t, PCMU), newPeer(t, PCMA)
	a, b, c := open(t, e, PortOptions{CallID: "c"}), open(t, e, PortOptions{CallID: "c"}), open(t, e, PortOptions{CallID: "c"})
	for _, x := range []struct {
		port *Port
		peer *peer
		tone float64
	}{{a, alice, 440}, {b, bob, 1000}, {c, carol, 700}} {
		x.port.SetRemote(talk(x.peer))
		x.peer.sing(x.port.Local(), x.tone)
	}
	a.Bridge(b)
	eventually(t, "alice hears bob", func() bool { return alice.hears(1000) })
	a.Bridge(c)
	eventually(t, "alice hears carol", func() bool { return alice.hears(700) && carol.hears(440) })
	eventually(t, "bob hears nobody", bob.hearsNothing)
	// A whisper: carol hears a prompt, alice still hears carol.
	c.Play(Playlist{Clips: []Clip{NewClip(tone(600, 8000, 9000))}})
	eventually(t, "the whisper", func() bool { return carol.hears(600) && alice.hears(700) })
	eventually(t, "after it the call goes on", func() bool { return carol.hears(440) })
	for _, p := range []*peer{alice, bob, carol} {
		unbroken(t, p.packets())
	}
}

// The tap has what the party sent, in the party's law, placed in time.
func TestTap(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob := newPeer(t, PCMA), newPeer(t, PCMU)
	a, b := open(t, e, PortOptions{CallID: "c"}), open(t, e, PortOptions{CallID: "c"})
	a.SetRemote(talk(alice))
	b.SetRemote(talk(bob))
	a.Bridge(b)
	tap := NewTap(2)
	a.Tap(tap, 0)
	b.Tap(tap, 1)
	a.Tap(tap, 9) // no such channel: as nil
	a.Tap(tap, 0)
	start := time.Now().Add(-time.Second)
	alice.sing(a.Local(), 440)
	bob.sing(b.Local(), 1000)
	var heard [2][]heardFrame
	var f Frame
	eventually(t, "a second of both", func() bool {
		for tap.Read(&f) {
			heard[f.Channel] = append(heard[f.Channel], heardFrame{f, append([]byte(nil), f.Payload...)})
		}
		return len(heard[0]) > 50 && len(heard[1]) > 50
	})
	for ch, want := range []struct {
		law   Law
		hertz float64
	}{{PCMA, 440}, {PCMU, 1000}} {
		var pcm []int16
		for i, f := range heard[ch] {
			pcm = append(pcm, decode(f.codes, f.Law)...)
			if f.Law != want.law || f.Gap || f.Restart != (i == 0) || f.At.Before(start) || f.At.After(time.Now().Add(time.Second)) {
				t.Fatalf("channel %d frame %d: %+v", ch, i, f.Frame)
			}
			if i > 0 && (f.RTP-heard[ch][i-1].RTP != 160 || f.At.Before(heard[ch][i-1].At)) {
				t.Fatalf("channel %d frame %d is not after the one before", ch, i)
			}
		}
		if s := strength(pcm, want.hertz); s < 8000 {
			t.Errorf("channel %d: tone at %.0f", ch, s)
		}
	}
	if tap.Dropped() != 0 {
		t.Errorf("%d dropped", tap.Dropped())
	}
}

type heardFrame struct {
	Frame
	codes []byte
}

// Nobody reads: the worker goes on, the loss is counted and flagged.
func TestTapOverflow(t *testing.T) {
	tap := NewTap(1)
	r := tap.ring(0)
	payload := make([]byte, 160)
	for i := range 1000 {
		binary.BigEndian.PutUint16(payload, uint16(i))
		r.put(int64(i)*20*ms, uint32(i*160), PCMU, i == 0 || i == 900, payload)
	}
	var f Frame
	n := 0
	for tap.Read(&f) {
		if int(binary.BigEndian.Uint16(f.Payload)) != n || f.RTP != uint32(n*160) || f.Gap {
			t.Fatalf("frame %d: %+v", n, f)
		}
		n++
	}
	if n != tapBytes/(tapHead+160) || tap.Dropped() != uint64(1000-n) {
		t.Errorf("%d read, %d dropped", n, tap.Dropped())
	}
	r.put(1000*20*ms, 160000, PCMU, false, payload)
	if !tap.Read(&f) || !f.Gap || !f.Restart {
		t.Errorf("after the loss: %+v", f)
	}
	if tap.Read(&f) {
		t.Error("more")
	}
}

// Many rounds through the ring, with a reader beside the writer.
func TestTapIsReadWhileWritten(t *testing.T) {
	tap := NewTap(2)
	var writer sync.WaitGroup
	const total = 20000
	writer.Go(func() {
		payload := make([]byte, 200)
		for i := range total {
			for !tapRoom(tap, 200) {
				runtime.Gosched()
			}
			binary.BigEndian.PutUint32(payload, uint32(i))
			tap.ring(i&1).put(int64(i), uint32(i), PCMA, false, payload[:4+i%190])
		}
	})
	var f Frame
	next := [2]uint32{0, 1}
	for n := 0; n < total; {
		if !tap.Read(&f) {
			runtime.Gosched()
			continue
		}
		if got := binary.BigEndian.Uint32(f.Payload); got != next[f.Channel] || f.RTP != got || len(f.Payload) != 4+int(got)%190 {
			t.Fatalf("channel %d: frame %d, want %d", f.Channel, got, next[f.Channel])
		}
		next[f.Channel] += 2
		n++
	}
	writer.Wait()
}

func tapRoom(t *Tap, n int) bool {
	for i := range t.rings {
		r := &t.rings[i]
		if len(r.buf)-int(r.tail.Load()-r.head.Load()) < n+tapHead {
			return false
		}
	}
	return true
}
