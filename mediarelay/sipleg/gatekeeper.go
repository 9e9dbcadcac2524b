package sipleg

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/sipleg/guard"
)

// origin says what we know about an address.
type origin uint8

const (
	stranger origin = iota
	phone           // a registered phone, or another one behind its address
	peer            // a trunk, or the other end of a dialog that is up
	banned          // guessed too many passwords
)

// classify says whose an address is.
func (s *Server) classify(host netip.Addr) origin {
	host = host.Unmap()
	if _, err := s.cfg.Trunks.Match(host); err == nil {
		return peer
	}
	if s.cfg.Registrar != nil {
		switch {
		case s.cfg.Registrar.Banned(host):
			return banned
		case s.cfg.Registrar.Known(host):
			return phone
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts[host] > 0 {
		return peer
	}
	return stranger
}

const (
	sourceLife  = time.Minute // how long sipgo knows a source that was heard
	strangerTCP = 200         // connections of strangers at once
	maxTCP      = 2_000
)

// gatekeeper reads datagrams and lets through only those that sipgo should see.
// Everything else costs no memory and, beyond a small rate, no answer.
//
// sipgo's reader (v1.7.2) keeps an entry for every source address it ever saw,
// for as long as it reads. So it is shown all datagrams as if they came from our
// own address; named, which sipgo calls before anything else, puts the true
// source into each message, and into sipgo's table for a minute.
type gatekeeper struct {
	net.PacketConn
	s     *Server
	rates *rates
	from  netip.AddrPort // of the datagram that the one reader handles now
	ready chan struct{}  // closed when sipgo reads, and so knows the socket
	once  sync.Once

	mu   sync.Mutex
	seen map[string]time.Time // sources in sipgo's table, when last heard
}

func newGatekeeper(c net.PacketConn, s *Server) *gatekeeper {
	return &gatekeeper{PacketConn: c, s: s, rates: newRates(), ready: make(chan struct{}), seen: map[string]time.Time{}}
}

// ReadFrom returns the next datagram that passes.
func (g *gatekeeper) ReadFrom(b []byte) (int, net.Addr, error) {
	g.once.Do(func() { close(g.ready) })
	for {
		n, addr, err := g.PacketConn.ReadFrom(b)
		if err != nil {
			return n, addr, err
		}
		from := addrPort(addr)
		n = copy(b, guard.Tidy(b[:n]))
		if g.admit(b[:n], from, addr) {
			g.from = from
			return n, g.LocalAddr(), nil
		}
	}
}

// named gives a message its true source and lets sipgo answer there by our socket.
func (g *gatekeeper) named(m sip.Message) {
	source := g.from.String()
	m.SetSource(source)
	g.mu.Lock()
	_, known := g.seen[source]
	g.seen[source] = time.Now()
	g.mu.Unlock()
	if known {
		return
	}
	pool := g.s.tp.Pool("udp")
	if c := pool.Get(g.LocalAddr().String()); c != nil {
		pool.Add(source, c)
		_, _ = c.TryClose() // gives back what Get counted; a listening socket stays open
	}
}

// sweep makes sipgo forget sources that were not heard for a while.
func (g *gatekeeper) sweep() {
	g.rates.sweep()
	g.mu.Lock()
	defer g.mu.Unlock()
	pool, now := g.s.tp.Pool("udp"), time.Now()
	for source, at := range g.seen {
		if now.Sub(at) > sourceLife {
			delete(g.seen, source)
			pool.Delete(source)
		}
	}
}

// admit reports whether a datagram goes on; if not, it may have answered it.
func (g *gatekeeper) admit(data []byte, from netip.AddrPort, addr net.Addr) bool {
	s := g.s
	if len(data) < 16 { // a keep-alive, which phones send often
		return false
	}
	who := s.classify(from.Addr())
	if who == banned || !g.rates.allow(from.Addr(), who) {
		s.count.dropped.Add(1)
		return false
	}
	o := guard.Inspect(s.parser, data)
	switch {
	case o.Why != "" && who != stranger:
		s.count.malformed.Add(1)
		s.log.Warn("sipleg: message refused", "from", from, "why", o.Why)
	case o.Why != "":
		s.count.malformed.Add(1)
		o.Reply = nil // strangers learn nothing
	case who == stranger && o.Method == string(sip.INVITE):
		s.count.strangers.Add(1)
		s.log.Warn("sipleg: call from unknown trunk refused", "from", from, "status", 403)
		o = guard.Refuse(data, guard.Refusal{Code: 403, Reason: "Unknown Trunk"})
	case who == stranger && (o.Method != string(sip.REGISTER) || s.cfg.Registrar == nil):
		s.count.dropped.Add(1)
		o.Pass = false
	}
	if o.Reply != nil {
		_, _ = g.PacketConn.WriteTo(o.Reply, addr) // lost like any datagram may be
	}
	return o.Pass
}

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token; rate is per second, size the most there can be.
func (b *bucket) take(now time.Time, rate, size float64) bool {
	if b.at.IsZero() {
		b.tokens = size
	} else {
		b.tokens = min(size, b.tokens+now.Sub(b.at).Seconds()*rate)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// rates bounds how many messages one host, and all strangers together, may send.
type rates struct {
	mu        sync.Mutex
	hosts     map[netip.Addr]*bucket
	strangers bucket
}

const maxBuckets = 50_000

func newRates() *rates { return &rates{hosts: map[netip.Addr]*bucket{}} }

func (r *rates) allow(host netip.Addr, who origin) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	b := r.hosts[host]
	if b == nil {
		if len(r.hosts) >= maxBuckets && who == stranger {
			return false
		}
		b = &bucket{}
		r.hosts[host] = b
	}
	switch who {
	case peer:
		return b.take(now, 5000, 10_000)
	case phone:
		return b.take(now, 50, 200)
	}
	return b.take(now, 2, 10) && r.strangers.take(now, 100, 200)
}

// sweep forgets hosts that were silent long enough for a full bucket.
func (r *rates) sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for h, b := range r.hosts {
		if now.Sub(b.at) > 10*time.Second {
			delete(r.hosts, h)
		}
	}
}
