package media

import (
	"net/netip"
	"time"
)

type addrPort = netip.AddrPort

func addrOf(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

const (
	provePackets = 4                            // in sequence, before a foreign source is believed
	proveTime    = int64(25 * time.Millisecond) // … and spread over so long: no burst
	proveWindow  = int64(5 * time.Second)
	staleTime    = int64(time.Second) // a source left by an offer does not come back sooner
	rivalTime    = int64(200 * time.Millisecond)
)

// source decides whose packets are the party's. The address of the SDP is
// believed at once and always. Another one, of a party behind NAT, is believed
// only while none is and when it proves itself; then nothing changes until the
// next offer and answer. So whoever guesses a port can neither be heard nor
// pull a call's audio to himself.
type source struct {
	want  netip.AddrPort // by SDP
	via   netip.Addr     // host of the signalling; if valid no third host is believed
	from  netip.AddrPort // believed; invalid while learning
	stale netip.AddrPort // believed before the SDP named another address
	since int64          // of the last offer and answer
	last  int64          // last packet from from
	again bool           // the believed source may be replaced if it is silent
	try   [4]candidate
}

// candidate is a foreign source that tries to prove itself.
type candidate struct {
	from        netip.AddrPort
	ssrc        uint32
	next        uint16
	n           int
	first, last int64
}

// agree begins to learn anew after an offer and answer.
func (s *source) agree(r Remote, now int64) {
	s.since, s.via = now, r.Via
	s.try = [4]candidate{}
	if r.Addr == s.want && s.from.IsValid() {
		s.again = true
		return
	}
	s.stale, s.from, s.again = s.from, netip.AddrPort{}, false
	s.want = r.Addr
}

// believes reports whether a packet is the party's, and whether its address is
// newly so. Only the SDP's address is believed on a shared socket.
func (s *source) believes(k *packet, from netip.AddrPort, shared bool, now int64) (ok, moved bool) {
	switch {
	case from == s.from:
		if now-s.since > staleTime {
			s.again = false
		}
		s.last = now
		return true, false
	case from == s.want:
	case shared,
		s.from.IsValid() && (!s.again || now-s.last < staleTime),
		s.via.IsValid() && from.Addr() != s.via && from.Addr() != s.want.Addr(),
		from == s.stale && now-s.since < staleTime,
		!s.proves(k, from, now):
		return false, false
	}
	s.from, s.last, s.again = from, now, false
	s.try = [4]candidate{}
	return true, true
}

// proves adds a packet to its source's proof and reports whether it is complete.
// Two foreign sources at once prove nothing, unless one is on the SDP's host.
func (s *source) proves(k *packet, from netip.AddrPort, now int64) bool {
	c := &s.try[0]
	for i := range s.try {
		if s.try[i].from == from {
			c = &s.try[i]
			break
		}
		if s.try[i].last < c.last {
			c = &s.try[i]
		}
	}
	if c.from != from || c.ssrc != k.ssrc || c.next != k.seq || now-c.first > proveWindow {
		*c = candidate{from: from, ssrc: k.ssrc, first: now}
	}
	c.n++
	c.next, c.last = k.seq+1, now
	if c.n < provePackets || now-c.first < proveTime {
		return false
	}
	if from.Addr() == s.want.Addr() {
		return true
	}
	for i := range s.try {
		if r := &s.try[i]; r != c && r.n > 1 && now-r.last < rivalTime {
			return false
		}
	}
	return true
}

// settled reports whether the source can be left to the kernel to check: the
// SDP's address at once, a learned one when the SDP's had time to speak up.
func (s *source) settled(now int64) bool {
	return s.from.IsValid() && !s.again && (s.from == s.want || now-s.since > proveWindow)
}
