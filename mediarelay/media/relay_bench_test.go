package media

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// pair is two ports bridged in a worker that the caller steps, and the packets
// of one party, ready to be received again and again.
func pair(t testing.TB, shared bool, from, to Law) (w *worker, a, b *Port, send func(), source netip.AddrPort) {
	w, a, b = bench(t, shared)
	out, err := openConn(netip.MustParseAddrPort("127.0.0.1:0"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.close)
	source = localOf(t, out)
	sink, err := openConn(netip.MustParseAddrPort("127.0.0.1:0"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.close)
	a.setRemote(Remote{Addr: source, Law: from, Send: true, Receive: true})
	b.setRemote(Remote{Addr: localOf(t, sink), Law: to, Send: true, Receive: true})
	a.join(b)
	b.join(a)
	pkt, seq := rtp(uint8(from), false, 0, 0, 5, make([]byte, 160)), uint16(0)
	var at sockaddr
	at.set(a.local, false)
	in := newBatch()
	send = func() {
		seq++
		binary.BigEndian.PutUint16(pkt[2:], seq)
		binary.BigEndian.PutUint32(pkt[4:], uint32(seq)*160)
		out.send(pkt, &at)
		for sink.receive(in) > 0 {
		}
		for out.receive(in) > 0 {
		}
	}
	return w, a, b, send, source
}

// The path of a packet from socket to socket allocates nothing, recorded or not.
func TestForwardingAllocatesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		shared bool
		law    Law
	}{{"own sockets, one law", false, PCMU}, {"shared sockets, two laws", true, PCMA}} {
		t.Run(tt.name, func(t *testing.T) {
			w, a, b, send, _ := pair(t, tt.shared, PCMU, tt.law)
			tap := NewTap(1)
			a.tap = tap.ring(0)
			var f Frame
			now := w.now
			step := func() {
				send()
				now += 20 * ms
				w.step(now)
				for tap.Read(&f) {
				}
			}
			for range 200 {
				step()
			}
			before := b.count.Sent
			if n := testing.AllocsPerRun(2000, step); n != 0 {
				t.Errorf("%g allocations for a packet", n)
			}
			if b.count.Sent-before < 1000 {
				t.Errorf("only %d packets were sent on", b.count.Sent-before)
			}
		})
	}
}

// Whatever takes over from a bridge follows its last packet at once: the party
// never waits for more than a frame, or three when the other side falls silent.
func TestNoPauseWhenABridgeEnds(t *testing.T) {
	for name, end := range map[string]func(a, b *Port){
		"left":            func(_, b *Port) { b.join(nil) },
		"other one left":  func(a, _ *Port) { a.shut() },
		"prompt":          func(_, b *Port) { b.play(Playlist{Clips: []Clip{NewClip(make([]int16, 800))}}) },
		"digits":          func(_, b *Port) { b.sendDigits(1, "5", 0) },
		"other is silent": func(_, _ *Port) {},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, b, send, _ := pair(t, false, PCMU, PCMU)
			now := w.now
			for range 5 {
				send()
				now += 20 * ms
				w.step(now)
			}
			end(a, b)
			sent, last := b.count.Sent, now
			for b.count.Sent < sent+10 {
				now += ms
				limit := 20 * ms
				if name == "other is silent" && b.count.Sent == sent {
					limit = stall
				}
				w.step(now)
				if now-last > limit {
					t.Fatalf("a pause of more than %v", time.Duration(limit))
				}
				if b.out.sentAt == now {
					last = now
				}
			}
		})
	}
}

// Playing music allocates nothing.
func TestPlayingAllocatesNothing(t *testing.T) {
	w, a, _, _, _ := pair(t, false, PCMU, PCMU)
	a.play(Playlist{Clips: []Clip{NewClip(tone(440, 999, 5000))}, Loop: true})
	now := w.now
	if n := testing.AllocsPerRun(1000, func() {
		now += 20 * ms
		w.step(now)
	}); n != 0 {
		t.Errorf("%g allocations for a frame", n)
	}
}

// BenchmarkForward is what the program itself does to a packet: check, place,
// change the law, queue. The kernel is left out.
func BenchmarkForward(b *testing.B) {
	for _, bb := range []struct {
		name string
		law  Law
		tap  bool
	}{{"same-law", PCMU, false}, {"other-law", PCMA, false}, {"recorded", PCMU, true}} {
		b.Run(bb.name, func(b *testing.B) {
			_, in, out, _, source := pair(b, true, PCMU, bb.law)
			tap := NewTap(1)
			if bb.tap {
				in.tap = tap.ring(0)
			}
			pkt, seq := rtp(0, false, 0, 0, 5, make([]byte, 160)), uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(pkt[2:], seq)
				binary.BigEndian.PutUint32(pkt[4:], uint32(seq)*160)
				pkt[0], pkt[1] = 0x80, 0
				binary.BigEndian.PutUint32(pkt[8:], 5)
				in.onRTP(pkt, source)
				discard(out.rtp.c)
				if bb.tap {
					r := &tap.rings[0]
					r.head.Store(r.tail.Load())
				}
			}
			if out.count.Sent < uint64(b.N)/2 {
				b.Fatalf("%d of %d sent on", out.count.Sent, b.N)
			}
		})
	}
}

// BenchmarkRelay is the same through the kernel's loopback: one packet in by
// recvmmsg, out by sendmmsg, a batch of 32 a tick.
func BenchmarkRelay(b *testing.B) {
	for _, shared := range []bool{true, false} {
		name := "own-sockets"
		if shared {
			name = "shared-sockets"
		}
		b.Run(name, func(b *testing.B) {
			w, _, out, send, _ := pair(b, shared, PCMU, PCMU)
			now, busy := w.now, time.Duration(0)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += 32 {
				for range 32 {
					send()
				}
				now += 20 * ms
				start := time.Now()
				w.step(now)
				busy += time.Since(start)
			}
			b.ReportMetric(float64(busy.Nanoseconds())/float64(out.count.Sent), "ns/relayed-packet")
			b.ReportMetric(float64(out.count.Sent)/float64(b.N), "relayed/sent")
		})
	}
}

// BenchmarkComfort is a leg in a queue: one generated frame.
func BenchmarkMusicFrame(b *testing.B) {
	w, p, _, _, _ := pair(b, true, PCMU, PCMU)
	p.play(Playlist{Clips: []Clip{NewClip(tone(440, 8000, 5000))}, Loop: true})
	b.ReportAllocs()
	for b.Loop() {
		w.now += 20 * ms
		p.frame()
		discard(p.rtp.c)
	}
}

// conference is a worker with parties that all hear each other. say gives each a
// packet.
func conference(t testing.TB, n int) (w *worker, ports []*Port, say func()) {
	w, _, _ = bench(t, false)
	for range n {
		opened := make(chan *Port)
		go func() {
			p, err := w.openLink(PortOptions{Link: NewLink(make(chan struct{}, 1))})
			if err != nil {
				t.Error(err)
			}
			opened <- p
		}()
		var p *Port
		for p == nil {
			w.commands()
			select {
			case p = <-opened:
			case <-time.After(time.Millisecond):
			}
		}
		p.setRemote(Remote{Law: Law(8 * (len(ports) % 2)), Send: true, Receive: true})
		ports = append(ports, p)
	}
	for i, p := range ports {
		p.hear(append(append([]*Port{}, ports[:i]...), ports[i+1:]...))
	}
	payload, seq := code(tone(440, 160, 5000), PCMU), uint16(0)
	pkt := rtp(0, false, 0, 0, 5, payload)
	return w, ports, func() {
		seq++
		binary.BigEndian.PutUint16(pkt[2:], seq)
		binary.BigEndian.PutUint32(pkt[4:], uint32(seq)*160)
		for _, p := range ports {
			p.onRTP(pkt, linkAddr())
		}
	}
}

// BenchmarkMix is what a party of a conference costs: its packet decoded into
// its place, and its frame summed up, coded and handed over. The kernel is left
// out.
func BenchmarkMix(b *testing.B) {
	for _, n := range []int{2, 3, 6} {
		b.Run(fmt.Sprintf("parties-%d", n), func(b *testing.B) {
			w, ports, say := conference(b, n)
			b.ReportAllocs()
			for b.Loop() {
				w.now += 20 * ms
				say()
				for _, p := range ports {
					w.due[p.slot] = w.now
					p.frame()
					p.link.out.head.Store(p.link.out.tail.Load())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/party-frame")
		})
	}
}
