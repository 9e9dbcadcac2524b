package media

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"huawu/mediarelay/media/g711"
)

// peer is a party with its own UDP socket: it sends a tone and keeps what comes.
type peer struct {
	t    *testing.T
	c    *net.UDPConn
	law  Law
	ssrc uint32

	mu   sync.Mutex
	seq  uint16
	ts   uint32
	got  []heard
	stop chan struct{}
	done sync.WaitGroup
}

// heard is one packet that a peer received.
type heard struct {
	packet
	at   time.Time
	from netip.AddrPort
}

func newPeer(t *testing.T, law Law) *peer {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadBuffer(1 << 20)
	p := &peer{t: t, c: c, law: law, ssrc: random(), seq: uint16(random()), ts: random(), stop: make(chan struct{})}
	p.done.Go(p.read)
	t.Cleanup(func() {
		close(p.stop)
		_ = c.Close()
		p.done.Wait()
	})
	return p
}

func (p *peer) addr() netip.AddrPort { return p.c.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *peer) read() {
	for {
		b := make([]byte, 2048)
		n, from, err := p.c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		h := heard{at: time.Now(), from: unmap(from)}
		if isRTCP(b[:n]) || !h.parse(b[:n]) {
			continue
		}
		p.mu.Lock()
		p.got = append(p.got, h)
		p.mu.Unlock()
	}
}

// rtp builds a packet.
func rtp(pt uint8, marker bool, seq uint16, ts, ssrc uint32, payload []byte) []byte {
	b := make([]byte, headLen, headLen+len(payload))
	putHead(b, pt, marker, seq, ts, ssrc)
	return append(b, payload...)
}

// send sends one packet to an address from the peer's socket.
func (p *peer) send(to netip.AddrPort, b []byte) {
	_, _ = p.c.WriteToUDPAddrPort(b, to)
}

// say sends a packet of the peer's own stream and counts on.
func (p *peer) say(to netip.AddrPort, pt uint8, payload []byte) {
	p.mu.Lock()
	b := rtp(pt, false, p.seq, p.ts, p.ssrc, payload)
	p.seq++
	p.ts += 160
	p.mu.Unlock()
	p.send(to, b)
}

// sing sends a tone to an address until the test ends.
func (p *peer) sing(to netip.AddrPort, hertz float64) {
	pcm := tone(hertz, 8000, 9000)
	p.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			at := i * 160 % len(pcm)
			p.say(to, uint8(p.law), code(pcm[at:at+160], p.law))
		}
	})
}

// packets returns a copy of what came so far.
func (p *peer) packets() []heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]heard(nil), p.got...)
}

// clear forgets what came so far.
func (p *peer) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = nil
}

// tone makes n samples of a sine.
func tone(hertz float64, n int, amplitude float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(amplitude * math.Sin(2*math.Pi*hertz*float64(i)/8000))
	}
	return pcm
}

func code(pcm []int16, law Law) []byte {
	if law == PCMA {
		return g711.EncodeATo(nil, pcm)
	}
	return g711.EncodeMuTo(nil, pcm)
}

func decode(b []byte, law Law) []int16 {
	if law == PCMA {
		return g711.DecodeATo(nil, b)
	}
	return g711.DecodeMuTo(nil, b)
}

// strength is the amplitude of a frequency in pcm, by a Goertzel filter.
func strength(pcm []int16, hertz float64) float64 {
	if len(pcm) == 0 {
		return 0
	}
	c := 2 * math.Cos(2*math.Pi*hertz/8000)
	var a, b float64
	for _, s := range pcm {
		a, b = c*a-b+float64(s), a
	}
	return 2 * math.Sqrt(math.Max(0, a*a+b*b-c*a*b)) / float64(len(pcm))
}

// audio decodes the audio of packets, one after the other.
func audio(in []heard) (pcm []int16) {
	for _, h := range in {
		if h.pt == uint8(PCMU) || h.pt == uint8(PCMA) {
			pcm = append(pcm, decode(h.payload(), Law(h.pt))...)
		}
	}
	return pcm
}

// hears reports whether the last frames that came are a tone and nothing else.
func (p *peer) hears(hertz float64) bool {
	in := p.packets()
	if len(in) < 10 {
		return false
	}
	pcm := audio(in[len(in)-10:])
	return len(pcm) >= 800 && strength(pcm, hertz) > 5000
}

// hearsNothing reports whether the last frames are near silence.
func (p *peer) hearsNothing() bool {
	in := p.packets()
	if len(in) < 10 {
		return false
	}
	for _, s := range audio(in[len(in)-10:]) {
		if s > 200 || s < -200 {
			return false
		}
	}
	return true
}

// eventually waits for a condition; the deadline is for a machine that is busy.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: did not happen", what)
		}
	}
}

// unbroken checks that packets are one stream: one SSRC, sequence numbers
// without a hole, time that goes forward by what was sent.
func unbroken(t *testing.T, in []heard) {
	t.Helper()
	for i := 1; i < len(in); i++ {
		a, b := in[i-1], in[i]
		if a.ssrc != b.ssrc {
			t.Fatalf("packet %d: SSRC changed", i)
		}
		if b.seq != a.seq+1 {
			t.Fatalf("packet %d: sequence %d after %d", i, b.seq, a.seq)
		}
		if step := int32(b.ts - a.ts); step < 0 || step > maxForward { // a machine that stands still leaves time out
			t.Fatalf("packet %d: timestamp steps by %d", i, step)
		}
	}
}

// recorder of events.
type eventLog struct {
	mu  sync.Mutex
	all []Event
}

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *eventLog) count(k EventKind) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.all {
		if e.Kind == k {
			n++
		}
	}
	return n
}

func (l *eventLog) digits() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b []byte
	for _, e := range l.all {
		if e.Kind == Digit {
			b = append(b, e.Digit)
		}
	}
	return string(b)
}

func newEngine(t *testing.T, cfg Config) *Engine {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func open(t *testing.T, e *Engine, o PortOptions) *Port {
	t.Helper()
	p, err := e.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func talk(p *peer) Remote {
	return Remote{Addr: p.addr(), Law: p.law, EventType: 101, Send: true, Receive: true}
}

func event(d byte, end bool, duration int) []byte {
	b := []byte{d, 10, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(duration))
	return b
}
