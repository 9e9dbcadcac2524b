package relaytest

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"huawu/mediarelay/media"
	"huawu/mediarelay/media/g711"
	"huawu/mediarelay/sipleg"
	"huawu/shared/fault"
)

const (
	frame     = rate / 50      // samples in a packet of 20 ms
	keepHeard = 10 * 60 * rate // samples that are kept of what was heard
	digitTime = 100 * time.Millisecond
	digitGap  = 60 * time.Millisecond
)

// Stats is what an audio end saw.
type Stats struct {
	Sent, Received int
	Streams        int           // different SSRCs heard
	Lost           int           // gaps in sequence numbers
	LongestGap     time.Duration // between two packets
}

// audio is a plain RTP end: one socket, one goroutine that sends every 20 ms and
// one that listens. It shares only the G.711 tables with the relay's media.
type audio struct {
	conn   *net.UDPConn
	closed chan struct{}
	once   sync.Once
	done   sync.WaitGroup

	mu      sync.Mutex
	remote  media.Remote
	queue   []int16 // to be sent
	keys    []key   // to be sent before it
	said    chan struct{}
	heard   []int16
	digits  []byte
	stats   Stats
	ssrc    uint32
	seen    map[uint32]bool
	lastSeq uint16
	lastAt  time.Time
	event   uint32 // timestamp of the last telephone-event that was noted
	change  chan struct{}
}

// key is one digit on its way out.
type key struct {
	code  byte
	start uint32 // its timestamp, once begun
	begun bool
	held  int // frames sent
	ends  int // End packets sent
	pause int // frames of silence after it
}

// openAudio opens an even port on an address.
func openAudio(host netip.Addr) (*audio, error) {
	for range 100 {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "relaytest: open RTP")
		}
		if c.LocalAddr().(*net.UDPAddr).Port%2 != 0 {
			c.Close() // gateways exist that take odd ports for RTCP
			continue
		}
		a := &audio{conn: c, closed: make(chan struct{}), ssrc: rand.Uint32(), seen: map[uint32]bool{}, change: make(chan struct{})}
		a.done.Go(a.send)
		a.done.Go(a.listen)
		return a, nil
	}
	return nil, fault.New(fault.Unavailable, "relaytest: no even port is free")
}

// Local is where the end receives RTP.
func (a *audio) Local() netip.AddrPort {
	return a.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// SetRemote sets what was agreed.
func (a *audio) SetRemote(r media.Remote) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remote = r
}

// Close ends the audio.
func (a *audio) Close() {
	a.once.Do(func() {
		close(a.closed)
		a.conn.Close()
	})
}

// send sends a packet every 20 ms: a digit, what is to be said, or silence.
func (a *audio) send() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	seq, stamp := uint16(rand.Uint32()), rand.Uint32()
	buf := make([]byte, 0, 256)
	for {
		select {
		case <-a.closed:
			return
		case <-tick.C:
		}
		a.mu.Lock()
		r := a.remote
		if !r.Addr.IsValid() || !r.Send {
			a.mu.Unlock()
			continue
		}
		packet := a.packet(buf[:12], r, stamp)
		a.stats.Sent++
		a.mu.Unlock()
		packet[0] = 0x80
		binary.BigEndian.PutUint16(packet[2:], seq)
		binary.BigEndian.PutUint32(packet[8:], a.ssrc)
		_, _ = a.conn.WriteToUDPAddrPort(packet, r.Addr) // a lost packet is what RTP is made for
		seq++
		stamp += frame
	}
}

// packet fills the payload type, timestamp and payload of the next packet.
func (a *audio) packet(p []byte, r media.Remote, stamp uint32) []byte {
	if len(a.keys) > 0 && r.EventType != 0 {
		if q, ok := a.keyPacket(p, r, stamp); ok {
			return q
		}
	}
	p[1] = byte(r.Law)
	binary.BigEndian.PutUint32(p[4:], stamp)
	pcm := make([]int16, frame)
	if len(a.keys) == 0 {
		n := copy(pcm, a.queue)
		a.queue = a.queue[n:]
		if len(a.queue) == 0 && a.said != nil {
			close(a.said)
			a.said = nil
		}
	}
	if r.Law == media.PCMA {
		return g711.EncodeATo(p, pcm)
	}
	return g711.EncodeMuTo(p, pcm)
}

// keyPacket writes the next packet of the first digit (RFC 4733 §2.5): one
// timestamp for all of it, a growing duration, End three times, then a pause.
func (a *audio) keyPacket(p []byte, r media.Remote, stamp uint32) ([]byte, bool) {
	k := &a.keys[0]
	if k.ends == 3 {
		if k.pause--; k.pause <= 0 {
			a.keys = a.keys[1:]
			if len(a.keys) == 0 && len(a.queue) == 0 && a.said != nil {
				close(a.said)
				a.said = nil
			}
		}
		return nil, false
	}
	p[1] = r.EventType
	if !k.begun {
		k.begun, k.start = true, stamp
		p[1] |= 0x80 // marker
	}
	binary.BigEndian.PutUint32(p[4:], k.start)
	flags := byte(10) // volume
	if k.held < int(digitTime/(20*time.Millisecond)) {
		k.held++
	} else {
		flags |= 0x80
		k.ends++
	}
	return append(p, k.code, flags, byte(k.held*frame>>8), byte(k.held*frame)), true
}

// listen notes what comes.
func (a *audio) listen() {
	buf := make([]byte, 2048)
	for {
		n, _, err := a.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n >= 12 && buf[0]>>6 == 2 {
			a.mu.Lock()
			a.note(buf[:n])
			a.mu.Unlock()
		}
	}
}

// note takes one packet.
func (a *audio) note(p []byte) {
	now := time.Now()
	seq, stamp, ssrc := binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:])
	if a.stats.Received > 0 {
		a.stats.LongestGap = max(a.stats.LongestGap, now.Sub(a.lastAt))
		if a.seen[ssrc] && int16(seq-a.lastSeq) > 1 {
			a.stats.Lost += int(seq - a.lastSeq - 1)
		}
	}
	if !a.seen[ssrc] && len(a.seen) < 100 {
		a.seen[ssrc] = true
		a.stats.Streams++
	}
	a.stats.Received++
	a.lastSeq, a.lastAt = seq, now
	switch payload := p[12:]; p[1] & 0x7f {
	case byte(media.PCMU):
		a.heard = g711.DecodeMuTo(a.heard, payload)
	case byte(media.PCMA):
		a.heard = g711.DecodeATo(a.heard, payload)
	case a.remote.EventType:
		if len(payload) >= 4 && payload[1]&0x80 != 0 && (stamp != a.event || len(a.digits) == 0) && int(payload[0]) < len(digitCodes) {
			a.event = stamp
			a.digits = append(a.digits, digitCodes[payload[0]])
		}
	}
	if extra := len(a.heard) - keepHeard; extra > 0 {
		a.heard = append(a.heard[:0], a.heard[extra:]...)
	}
	close(a.change)
	a.change = make(chan struct{})
}

const digitCodes = "0123456789*#ABCD"

// until waits for a condition on what was heard, which is asked again after each
// packet.
func (a *audio) until(ctx context.Context, what string, ok func() bool) error {
	for {
		a.mu.Lock()
		done, change := ok(), a.change
		a.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-change:
		case <-a.closed:
			return fault.New(fault.Gone, "relaytest: the call ended before %s", what)
		case <-ctx.Done():
			return fault.Wrap(fault.Timeout, ctx.Err(), "relaytest: wait for %s", what)
		}
	}
}

// ends is a sipleg.Media of such ends.
type ends struct{ host netip.Addr }

// Open opens an end.
func (e ends) Open(media.PortOptions) (sipleg.Port, error) {
	a, err := openAudio(e.host)
	if err != nil {
		return nil, err
	}
	return a, nil
}
