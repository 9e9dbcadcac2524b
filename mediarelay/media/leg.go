package media

import (
	"time"
)

// leg is what the worker keeps of a port. Only the worker's thread touches it.
type leg struct {
	options PortOptions
	slot    int // in worker.legs
	closed  bool
	rtp     *input
	link    *Link // nil: packets come and go by rtp

	remote  Remote
	source  source
	to      sockaddr // where RTP goes
	sending bool

	in      ingress
	out     egress
	player  player
	dial    dialing
	digits  digitReader
	tones   *toneReader // nil unless asked for
	reports reports

	bridge *Port
	voice  *voice // while somebody hears the party in a mix
	mix    mixing
	tap    *tapRing
	fresh  bool // the tap has no frame of this stream yet
	first  bool // FirstPacket was sent

	waiting int64 // since when a packet is waited for
	lost    bool  // MediaLost was sent

	count Stats
}

// adopt gives the worker a port that has its sockets.
func (w *worker) adopt(p *Port) {
	p.local = addrOf(w.cfg.Bind, p.rtp.port)
	p.slot = len(w.legs)
	w.legs = append(w.legs, p)
	w.due = append(w.due, w.now+int64(random()%20)*tick) // spread over the 20 ms
	p.out.begin()
	p.reports.begin(w.now)
	p.fresh = true
	if p.options.InbandDigits {
		p.tones = newToneReader()
	}
}

// setRemote takes over the result of an offer and answer.
func (p *Port) setRemote(r Remote) {
	if p.closed {
		return
	}
	if r.PTime < 10*time.Millisecond || r.PTime > 60*time.Millisecond {
		r.PTime = 20 * time.Millisecond
	}
	if r.Law != PCMA {
		r.Law = PCMU
	}
	if p.link != nil {
		r.Addr, r.RTCP, r.Mux = linkAddr(), linkAddr(), true
	}
	if !r.RTCP.IsValid() && r.Addr.IsValid() {
		r.RTCP = addrOf(r.Addr.Addr(), r.Addr.Port()+1)
		if r.Mux {
			r.RTCP = r.Addr
		}
	}
	old := p.remote
	p.remote = r
	if p.rtp.legs != nil {
		p.claim(old, r)
	} else {
		p.rtp.c.disconnect()
	}
	p.source.agree(r, p.w.now)
	if !p.source.from.IsValid() && r.Addr.IsValid() {
		p.to.set(r.Addr, p.rtp.c.v6)
	}
	p.reports.aim(r, p.rtp.pair.c.v6)
	p.sending = r.Send && r.Addr.IsValid() && r.Addr.Port() != 0
	p.out.samples = samples(r.PTime)
	p.waiting, p.lost = p.w.now, false
}

// claim makes a shared socket's packets from the agreed address this leg's. If
// another leg has that address and still hears from it, it keeps it: better no
// audio than another call's.
func (p *Port) claim(old, r Remote) {
	p.yield(old)
	for _, c := range []struct {
		in   *input
		from addrPort
	}{{p.rtp, r.Addr}, {p.rtp.pair, r.RTCP}} {
		if !c.from.IsValid() {
			continue
		}
		other := c.in.legs[c.from]
		if other != nil && p.w.now-other.source.last < int64(5*time.Second) && other.source.last > 0 {
			p.w.count.SourceTaken++
			continue
		}
		c.in.legs[c.from] = p
	}
}

// yield gives up the addresses of a shared socket.
func (p *Port) yield(r Remote) {
	if p.rtp.legs[r.Addr] == p {
		delete(p.rtp.legs, r.Addr)
	}
	if p.rtp.pair.legs[r.RTCP] == p {
		delete(p.rtp.pair.legs, r.RTCP)
	}
}

// join makes other, or nobody, the party that p's party talks to. The other
// side is told by a command of its own, maybe on another worker.
func (p *Port) join(other *Port) {
	if p.closed {
		return
	}
	if old := p.bridge; old != nil && old != other {
		if old.w == p.w {
			old.part(p)
		} else {
			old.w.post(func() { old.part(p) })
		}
	}
	if other != nil {
		p.player.clear()
	}
	mixed := len(p.mix.sources) > 0
	p.hear(nil)
	if p.bridge != other {
		p.bridge = other
		p.out.anchored = false
		p.resume()
		if mixed && other != nil { // its next packet is not long in coming
			p.w.due[p.slot] = p.out.sentAt + stall
		}
	}
}

// part ends p's bridge to other, if it still has it.
func (p *Port) part(other *Port) {
	if p.bridge == other && !p.closed {
		p.bridge, p.mix.left = nil, other
		p.out.anchored = false
		p.resume()
	}
}

// shut ends the port and sends its sockets to rest.
func (p *Port) shut() {
	if p.closed {
		return
	}
	p.join(nil)
	p.sayBye()
	s := p.statistics(p.w.now)
	p.final.Store(&s)
	p.closed, p.sending, p.tap, p.mix.tap, p.voice = true, false, nil, nil, nil
	w := p.w
	last := len(w.legs) - 1
	w.legs[p.slot], w.due[p.slot] = w.legs[last], w.due[last]
	w.legs[p.slot].slot = p.slot
	w.legs[last] = nil
	w.legs, w.due = w.legs[:last], w.due[:last]
	switch {
	case p.link != nil:
		w.leaveLink(p)
	case p.rtp.legs != nil:
		p.yield(p.remote)
	default:
		w.retire(p.rtp)
	}
}

// keepHouse does what has time: ten times a second.
func (p *Port) keepHouse() {
	now := p.w.now
	if d := p.digits.timeout(now); d != 0 {
		p.emit(Event{Kind: Digit, Digit: d})
	}
	if p.rtp.legs == nil && p.source.settled(now) && !p.rtp.c.connected {
		p.rtp.c.connect(&p.to)
	}
	p.reports.due(p, now)
	if !p.remote.Receive || p.lost {
		return
	}
	limit := p.w.cfg.FirstPacketWait
	if p.first {
		limit = p.w.cfg.PacketWait
	}
	if now-max(p.waiting, p.source.last) >= int64(limit) {
		p.lost = true
		p.emit(Event{Kind: MediaLost})
	}
}

// emit tells the port's owner.
func (p *Port) emit(e Event) {
	if p.options.Events != nil && !p.closed {
		e.At = p.w.clock.wall(p.w.now)
		p.options.Events(e)
	}
}

// statistics completes the counters.
func (p *Port) statistics(now int64) Stats {
	s := p.count
	s.Lost = p.in.missing()
	s.Jitter = time.Duration(p.in.jitter>>4) * time.Second / 8000
	s.RTT, s.RemoteLoss = p.reports.rtt, p.reports.remoteLoss
	s.Source = p.source.from
	if s.Received > 0 {
		s.Last = p.w.clock.wall(p.source.last)
		loss := float64(s.Lost) / float64(s.Lost+s.Received)
		s.MOS = MOS(s.delay(), loss, true)
	}
	return s
}

// delay is one way from mouth to ear, as far as can be known: half the round
// trip, a frame to fill, and a jitter buffer of four times the jitter.
func (s *Stats) delay() time.Duration {
	buffer := min(max(4*s.Jitter, 20*time.Millisecond), 200*time.Millisecond)
	return s.RTT/2 + 20*time.Millisecond + buffer
}
