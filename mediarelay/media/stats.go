package media

import (
	"net/netip"
	"time"
)

// Stats is what a port saw of its party, for the call's quality record.
type Stats struct {
	Received, ReceivedBytes uint64 // RTP packets and payload bytes that were believed
	Sent, SentBytes         uint64
	Lost                    uint64 // missing between the first and last sequence number
	Duplicate               uint64
	LateForward             uint64 // came too late to be sent on

	BadPacket  uint64 // no RTP: short, wrong version, impossible lengths
	BadPayload uint64 // a payload type that was not agreed
	BadSource  uint64 // another address than the party's
	BadSSRC    uint64 // a second stream from the party's address
	BadRTCP    uint64
	Early      uint64 // before the party may send
	SendErrors uint64

	Jitter     time.Duration // RFC 3550 §6.4.1, of what is received
	RTT        time.Duration // by RTCP; 0 if never measured
	RemoteLoss float64       // share lost on the way to the party, 0 to 1, by its last report
	MOS        float64       // of what is received: E-model, loss concealment assumed

	First, Last time.Time      // arrival of the first and last believed packet; zero if none
	Source      netip.AddrPort // address that is believed; invalid before it is known
}

// Counters add up a whole engine.
type Counters struct {
	Ports            int    // open
	PortsQuarantined int    // freed, not yet usable
	Received, Sent   uint64 // datagrams
	Forwarded        uint64 // RTP packets from one party to another
	Mixed            uint64 // frames that were summed up for a party
	UnknownSource    uint64 // on shared sockets: from an address no call has
	SourceTaken      uint64 // two calls on one shared socket named one remote address
	SendErrors       uint64
	LateTicks        uint64 // the thread came 60 ms late or more
	Ticks            uint64
}

func (c *Counters) add(o Counters) {
	c.Ports += o.Ports
	c.Received += o.Received
	c.Sent += o.Sent
	c.Forwarded += o.Forwarded
	c.Mixed += o.Mixed
	c.UnknownSource += o.UnknownSource
	c.SourceTaken += o.SourceTaken
	c.SendErrors += o.SendErrors
	c.LateTicks += o.LateTicks
	c.Ticks += o.Ticks
}

// Bpl of G.711 in ITU-T G.113: how well it bears loss, with and without
// concealment (G.711 Appendix I).
const (
	bplConcealed = 25.1
	bplBare      = 4.3
)

// MOS is the mean opinion score, 1 to 4.5, that the E-model (ITU-T G.107,
// narrow band, defaults, random loss) predicts for G.711.
//
// delay is one way, mouth to ear, with the jitter buffer; loss is a share from 0
// to 1. Below 3.5 users complain.
func MOS(delay time.Duration, loss float64, concealed bool) float64 {
	bpl := bplBare
	if concealed {
		bpl = bplConcealed
	}
	d := float64(delay) / float64(time.Millisecond)
	id := 0.024 * d
	if d > 177.3 {
		id += 0.11 * (d - 177.3)
	}
	p := min(max(loss, 0), 1) * 100
	r := 93.2 - id - 95*p/(p+bpl)
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
}
