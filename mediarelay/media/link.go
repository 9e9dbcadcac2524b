package media

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"huawu/shared/fault"
)

const (
	linkSlots = 32   // of one direction: 640 ms of a stream
	linkSize  = 1200 // a browser's packets are shorter
)

// Link is the way of a port's packets that no socket of the engine has: those of
// a browser come through ICE and are encrypted. Plain RTP and RTCP wait in it in
// both directions, and never for long: what does not fit is dropped and counted.
// Whoever speaks with the browser puts in what came and takes out what is to be
// sent; the port's worker does the same on its side once a tick.
type Link struct {
	ssrc    uint32
	wake    chan<- struct{}
	taken   atomic.Bool // by a port
	in, out linkRing
	puts    sync.Mutex // a new session may begin while the last packets of the old one come
	fresh   bool       // the worker put something into out in this tick
	dropped atomic.Uint64
}

// NewLink makes a link. At the end of a tick in which a packet was put out, the
// worker sends to wake if there is room in it; links may share one channel.
func NewLink(wake chan<- struct{}) *Link { return &Link{ssrc: random(), wake: wake} }

// SSRC is that of the stream that the port will send, to be named in SDP.
func (l *Link) SSRC() uint32 { return l.ssrc }

// Put gives the port a packet that came: RTP or RTCP, in plain. It returns false
// if there was no room.
func (l *Link) Put(b []byte) bool {
	l.puts.Lock()
	defer l.puts.Unlock()
	if l.in.put(b) {
		return true
	}
	l.dropped.Add(1)
	return false
}

// Take hands over each packet that waits to be sent. f must not keep it. Only
// one goroutine at a time may take.
func (l *Link) Take(f func(b []byte)) {
	for b := l.out.front(); b != nil; b = l.out.front() {
		f(b)
		l.out.pop()
	}
}

// Dropped is how many packets found no room, in both directions.
func (l *Link) Dropped() uint64 { return l.dropped.Load() }

// send is the worker's side of Take.
func (l *Link) send(b []byte) bool {
	if !l.out.put(b) {
		l.dropped.Add(1)
		return false
	}
	l.fresh = true
	return true
}

// announce tells that packets wait.
func (l *Link) announce() {
	if !l.fresh {
		return
	}
	l.fresh = false
	select {
	case l.wake <- struct{}{}:
	default: // whoever takes has not looked yet
	}
}

// linkRing is a bounded queue between two goroutines, without a lock.
type linkRing struct {
	head, tail atomic.Uint32 // next to take; next to fill
	size       [linkSlots]uint16
	slot       [linkSlots][linkSize]byte
}

func (r *linkRing) put(b []byte) bool {
	at := r.tail.Load()
	if len(b) == 0 || len(b) > linkSize || at-r.head.Load() == linkSlots {
		return false
	}
	i := at % linkSlots
	r.size[i] = uint16(copy(r.slot[i][:], b))
	r.tail.Store(at + 1)
	return true
}

// front is the oldest packet, nil if there is none. It is the taker's until pop.
func (r *linkRing) front() []byte {
	at := r.head.Load()
	if at == r.tail.Load() {
		return nil
	}
	i := at % linkSlots
	return r.slot[i][:r.size[i]]
}

func (r *linkRing) pop() { r.head.Add(1) }

// linkAddr stands for the party of a link: its packets were authenticated before
// they came, so their source is not asked for.
func linkAddr() netip.AddrPort { return netip.AddrPortFrom(netip.IPv4Unspecified(), 9) }

// openLink makes a port whose packets go by a link.
func (w *worker) openLink(o PortOptions) (*Port, error) {
	if o.Link.taken.Swap(true) {
		return nil, fault.New(fault.Invalid, "media: the link has a port already")
	}
	p := &Port{w: w}
	p.options, p.link = o, o.Link
	table := func() *input { return &input{c: &conn{}, legs: map[netip.AddrPort]*Port{}} }
	p.rtp = table()
	p.rtp.pair = table()
	if !w.do(func() {
		w.adopt(p)
		p.local, p.out.ssrc = linkAddr(), o.Link.ssrc
		w.links = append(w.links, p)
	}) {
		return nil, fault.New(fault.Unavailable, "media: engine is closed")
	}
	return p, nil
}

// drainLinks takes what came by links.
func (w *worker) drainLinks() {
	for _, p := range w.links {
		in := &p.link.in
		for b := in.front(); b != nil; b = in.front() {
			w.count.Received++
			if isRTCP(b) {
				p.onRTCP(b, linkAddr())
			} else {
				p.onRTP(b, linkAddr())
			}
			in.pop()
		}
	}
}

// announceLinks tells at the end of a tick which links have something to send.
func (w *worker) announceLinks() {
	for _, p := range w.links {
		p.link.announce()
	}
}

// leaveLink ends the use of a closed port's link. What it still sends is an
// RTCP BYE.
func (w *worker) leaveLink(p *Port) {
	p.link.announce()
	for i, other := range w.links {
		if other == p {
			last := len(w.links) - 1
			w.links[i], w.links[last] = w.links[last], nil
			w.links = w.links[:last]
			return
		}
	}
}

// transmit sends a packet by the port's link if it has one, else by a socket.
func (p *Port) transmit(c *conn, b []byte, to *sockaddr) bool {
	if p.link != nil {
		return p.link.send(b)
	}
	return c.send(b, to)
}
