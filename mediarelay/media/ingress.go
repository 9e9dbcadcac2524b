package media

import (
	"net/netip"
)

const (
	maxAhead  = 3000 // a greater step of sequence numbers is a new stream (RFC 3550 §A.1)
	windowLen = 64   // how far back a late packet is told from a duplicate
)

// ingress follows the party's stream: what is missing, double or foreign.
type ingress struct {
	started bool
	ssrc    uint32
	max     uint16 // highest sequence number
	first   uint16 // lowest
	seen    uint64 // bit i: max−i has come
	span    uint64 // sequence numbers from the first to max
	got     uint64 // packets of the stream
	gone    uint64 // missing in earlier streams

	probe     bool // a new stream shows; its second packet in sequence is taken
	probeSSRC uint32
	probeSeq  uint16

	transit int32
	timed   bool
	jitter  int64 // 1/16 sample
}

// verdict is what ingress makes of a packet.
type verdict uint8

const (
	taken verdict = iota
	restarted
	duplicate
	foreign
)

// accept places a packet in the stream. A new SSRC or a wild jump counts only
// when two packets in sequence show it.
func (s *ingress) accept(k *packet) verdict {
	if !s.started {
		s.restart(k)
		return restarted
	}
	step := int16(k.seq - s.max)
	if k.ssrc != s.ssrc || step > maxAhead || step <= -windowLen {
		if s.probe && k.ssrc == s.probeSSRC && k.seq == s.probeSeq {
			s.gone = s.missing()
			s.restart(k)
			return restarted
		}
		s.probe, s.probeSSRC, s.probeSeq = true, k.ssrc, k.seq+1
		return foreign
	}
	s.probe = false
	if step > 0 {
		s.seen = s.seen<<uint(step) | 1
		s.max, s.span = k.seq, s.span+uint64(step)
	} else {
		bit := uint64(1) << uint(-step)
		if s.seen&bit != 0 {
			return duplicate
		}
		s.seen |= bit
		if n := uint64(-step) + 1; n > s.span { // before what came first
			s.span, s.first = n, k.seq
		}
	}
	s.got++
	return taken
}

func (s *ingress) restart(k *packet) {
	*s = ingress{started: true, ssrc: k.ssrc, max: k.seq, first: k.seq, seen: 1, span: 1, got: 1, gone: s.gone, jitter: s.jitter}
}

// missing is how many packets never came.
func (s *ingress) missing() uint64 {
	if s.span > s.got {
		return s.gone + s.span - s.got
	}
	return s.gone
}

// time takes the arrival of an audio packet into the jitter (RFC 3550 §A.8).
func (s *ingress) time(k *packet, now int64) {
	transit := int32(uint32(now/125000) - k.ts)
	if s.timed {
		d := int64(transit - s.transit)
		if d < 0 {
			d = -d
		}
		s.jitter += d - (s.jitter+8)>>4
	}
	s.transit, s.timed = transit, true
}

// onRTP handles one datagram that came for the leg.
func (p *Port) onRTP(b []byte, from netip.AddrPort) {
	var k packet
	if !k.parse(b) {
		p.count.BadPacket++
		return
	}
	if !p.remote.Receive {
		p.count.Early++
		return
	}
	if k.kind = p.kindOf(k.pt); k.kind == unknown {
		p.count.BadPayload++
		return
	}
	now := p.w.now
	ok, moved := p.source.believes(&k, from, p.rtp.legs != nil, now)
	if !ok {
		p.count.BadSource++
		return
	}
	if moved {
		p.moved(from)
	}
	// Some gateways send digits as a stream of their own.
	if k.kind == digit && p.in.started && k.ssrc != p.in.ssrc {
		p.onDigit(&k)
		return
	}
	switch p.in.accept(&k) {
	case duplicate:
		p.count.Duplicate++
		return
	case foreign:
		p.count.BadSSRC++
		return
	case restarted:
		p.fresh = true
	}
	p.believed(&k)
}

// believed handles a packet that is the party's for certain.
func (p *Port) believed(k *packet) {
	now := p.w.now
	p.count.Received++
	p.count.ReceivedBytes += uint64(len(k.payload()))
	p.lost = false
	if !p.first {
		p.first = true
		p.count.First = p.w.clock.wall(now)
		p.emit(Event{Kind: FirstPacket})
	}
	switch {
	case k.kind == digit:
		p.onDigit(k)
	case k.audio() && len(k.payload()) > 0:
		p.in.time(k, now)
		if p.tap != nil {
			p.tap.put(p.w.clock.unixNano(now), k.ts, k.law(), p.fresh, k.payload())
			p.fresh = false
		}
		if p.voice != nil {
			p.speak(k)
		}
		if p.tones != nil && p.remote.EventType == 0 {
			if d := p.tones.read(k.payload(), k.law()); d != 0 {
				p.emit(Event{Kind: Digit, Digit: d})
			}
		}
	}
	if to := p.bridge; to == nil {
		return
	} else if to.w == p.w {
		to.forward(k)
	} else {
		to.w.cross(to, k)
	}
}

// onDigit reads a telephone-event.
func (p *Port) onDigit(k *packet) {
	for _, d := range p.digits.read(k, p.w.now) {
		if d != 0 {
			p.emit(Event{Kind: Digit, Digit: d})
		}
	}
}

// moved sends to the address that is believed from now on.
func (p *Port) moved(from netip.AddrPort) {
	p.to.set(from, p.rtp.c.v6)
	if p.rtp.legs == nil && p.source.settled(p.w.now) {
		p.rtp.c.connect(&p.to)
	}
	p.reports.moved(from, p.remote, p.rtp.pair.c.v6)
}

// kindOf says what a payload type means here. Both laws are always understood.
func (p *Port) kindOf(pt uint8) kind {
	switch {
	case pt == uint8(PCMU):
		return muAudio
	case pt == uint8(PCMA):
		return aAudio
	case pt == 13:
		return comfort
	case pt != 0 && (pt == p.remote.EventType || pt == p.remote.EventIn):
		return digit
	}
	return unknown
}
