package media

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"time"
)

const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBye  = 203

	reportEvery = 5 * time.Second
	blockSize   = 24               // of a report block
	toNTP       = 2208988800       // seconds from 1900 to 1970
	longestRTT  = 10 * time.Second // more is a wrong report
	cnameLen    = 16               // random: it must not name a user or host
)

// reports is a leg's RTCP (RFC 3550 §6): it tells the party what came and learns
// from it the round trip and what was lost on the way there.
type reports struct {
	to    sockaddr
	known bool
	cname [cnameLen]byte
	next  int64
	said  bool // a report was sent, so a BYE has meaning

	lastSR   uint32 // middle of the party's NTP time
	lastSRAt int64

	spanBefore, gotBefore uint64 // at the last report

	rtt        time.Duration
	remoteLoss float64
}

func (r *reports) begin(now int64) {
	r.next = now + int64(reportEvery)/2 + int64(random()%2500)*tick
	var b [cnameLen / 2]byte
	binary.BigEndian.PutUint32(b[:], random())
	binary.BigEndian.PutUint32(b[4:], random())
	hex.Encode(r.cname[:], b[:])
}

// aim sends reports where an SDP wants them.
func (r *reports) aim(to Remote, v6 bool) {
	if r.known = to.RTCP.IsValid(); r.known {
		r.to.set(to.RTCP, v6)
	}
}

// moved follows the audio to the address that was learned for it.
func (r *reports) moved(from netip.AddrPort, remote Remote, v6 bool) {
	switch {
	case remote.Mux:
		r.to.set(from, v6)
	case from != remote.Addr:
		r.to.set(addrOf(from.Addr(), from.Port()+1), v6)
	}
}

// onRTCP reads a compound packet. It must come from the host that the audio
// comes from and speak about the streams of this leg.
func (p *Port) onRTCP(b []byte, from netip.AddrPort) {
	host := p.source.from.Addr()
	if !host.IsValid() {
		host = p.source.want.Addr()
	}
	if from.Addr() != host || !p.remote.Receive && !p.remote.Send {
		p.count.BadSource++
		return
	}
	if !p.readRTCP(b) {
		p.count.BadRTCP++
		return
	}
	if p.rtp.legs == nil && !p.remote.Mux {
		p.reports.to.set(from, p.rtp.pair.c.v6) // NAT may have changed its port
	}
}

// readRTCP reports whether b is RTCP of the party.
func (p *Port) readRTCP(b []byte) bool {
	seen := false
	for len(b) >= 8 {
		size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if b[0]>>6 != 2 || size > len(b) || size < 8 {
			return false
		}
		if ssrc := binary.BigEndian.Uint32(b[4:]); p.in.started && ssrc != p.in.ssrc && b[1] <= typeRR {
			return seen
		}
		one, blocks := b[:size], int(b[0]&31)
		switch b[1] {
		case typeSR:
			if size < 28+blocks*blockSize {
				return false
			}
			p.reports.lastSR, p.reports.lastSRAt = binary.BigEndian.Uint32(one[10:]), p.w.now
			p.readBlocks(one[28:], blocks)
			seen = true
		case typeRR:
			if size < 8+blocks*blockSize {
				return false
			}
			p.readBlocks(one[8:], blocks)
			seen = true
		}
		b = b[size:]
	}
	return seen && len(b) == 0
}

// readBlocks takes what the party reports about our stream.
func (p *Port) readBlocks(b []byte, n int) {
	for ; n > 0; n, b = n-1, b[blockSize:] {
		if binary.BigEndian.Uint32(b) != p.out.ssrc {
			continue
		}
		p.reports.remoteLoss = float64(b[4]) / 256
		lsr, dlsr := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
		if lsr == 0 {
			continue
		}
		rtt := time.Duration(middle(p.ntp())-lsr-dlsr) * time.Second >> 16
		if rtt >= 0 && rtt < longestRTT {
			p.reports.rtt = rtt
		}
	}
}

// due sends a report every five seconds.
func (r *reports) due(p *Port, now int64) {
	if now < r.next {
		return
	}
	r.next += int64(reportEvery)
	if r.next < now {
		r.next = now + int64(reportEvery)
	}
	if p.mayReport() {
		p.sendRTCP(p.report(p.w.out[:0]))
		r.said = true
	}
}

func (p *Port) mayReport() bool {
	return p.reports.known && (p.out.started || p.in.started) && (p.remote.Send || p.remote.Receive)
}

// sayBye ends the streams for a party that is still there.
func (p *Port) sayBye() {
	if p.reports.said && p.mayReport() {
		b := p.report(p.w.out[:0])
		b = append(b, 0x81, typeBye, 0, 1)
		p.sendRTCP(binary.BigEndian.AppendUint32(b, p.out.ssrc))
	}
}

func (p *Port) sendRTCP(b []byte) {
	c, to := p.rtp.pair.c, &p.reports.to
	if p.remote.Mux {
		c, to = p.rtp.c, &p.to
	}
	if !p.transmit(c, b, to) {
		p.count.SendErrors++
	}
}

// report appends a sender report, or a receiver report if nothing was sent, and
// the name (RFC 3550 §6.4, §6.5).
func (p *Port) report(b []byte) []byte {
	be := binary.BigEndian
	blocks, kind, words := byte(0), byte(typeRR), uint16(1)
	if p.in.started {
		blocks, words = 1, words+blockSize/4
	}
	if p.out.started {
		kind, words = typeSR, words+5
	}
	b = append(b, 0x80|blocks, kind)
	b = be.AppendUint16(b, words)
	b = be.AppendUint32(b, p.out.ssrc)
	if p.out.started {
		b = be.AppendUint64(b, p.ntp())
		b = be.AppendUint32(b, p.out.sentTS+uint32((p.w.now-p.out.sentAt)/125000))
		b = be.AppendUint32(b, uint32(p.count.Sent))
		b = be.AppendUint32(b, uint32(p.count.SentBytes))
	}
	if p.in.started {
		b = p.reportBlock(b)
	}
	b = append(b, 0x81, typeSDES)
	b = be.AppendUint16(b, 1+(2+cnameLen+2)/4)
	b = be.AppendUint32(b, p.out.ssrc)
	b = append(b, 1, cnameLen)
	b = append(b, p.reports.cname[:]...)
	return append(b, 0, 0)
}

func (p *Port) reportBlock(b []byte) []byte {
	be, r, in := binary.BigEndian, &p.reports, &p.in
	span, got := in.span-min(in.span, r.spanBefore), in.got-min(in.got, r.gotBefore)
	r.spanBefore, r.gotBefore = in.span, in.got
	fraction := uint64(0)
	if span > got {
		fraction = min(255, (span-got)<<8/span)
	}
	b = be.AppendUint32(b, in.ssrc)
	b = be.AppendUint32(b, uint32(fraction)<<24|uint32(min(in.missing(), 0x7FFFFF)))
	b = be.AppendUint32(b, uint32(in.first)+uint32(in.span-1))
	b = be.AppendUint32(b, uint32(in.jitter>>4))
	since := uint32(0)
	if r.lastSR != 0 {
		since = uint32((p.w.now - r.lastSRAt) << 16 / int64(time.Second))
	}
	b = be.AppendUint32(b, r.lastSR)
	return be.AppendUint32(b, since)
}

// ntp is the wall time of the tick in NTP's 32.32 form.
func (p *Port) ntp() uint64 {
	n := p.w.clock.unixNano(p.w.now)
	s, f := uint64(n/int64(time.Second))+toNTP, uint64(n%int64(time.Second))
	return s<<32 | f<<32/uint64(time.Second)
}

// middle is the form of an NTP time that report blocks have.
func middle(ntp uint64) uint32 { return uint32(ntp >> 16) }
