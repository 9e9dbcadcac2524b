package media

import (
	"net/netip"
	"sync"

	"huawu/shared/fault"
)

// pool hands out pairs of ports: RTP on the even one, RTCP on the next. A port
// is used again only after its quarantine: some gateways send on for seconds
// after a call, and the next call must not hear it.
type pool struct {
	bind     netip.Addr
	min, max uint32 // even; the last even port of the range

	mu      sync.Mutex
	next    uint32
	used    map[uint32]bool
	resting int
}

func newPool(c Config) *pool {
	p := &pool{bind: c.Bind, min: uint32(c.PortMin) + c.pairOffset(), used: map[uint32]bool{}}
	p.max = (uint32(c.PortMax) - 1) &^ 1
	p.next = p.min
	return p
}

// take binds the next free pair. Ports that another program holds are passed over.
func (p *pool) take(shared bool) (rtp, rtcp *conn, port uint16, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range (p.max-p.min)/2 + 1 {
		n := p.next
		if p.next += 2; p.next > p.max {
			p.next = p.min
		}
		if p.used[n] {
			continue
		}
		rtp, rtcp, err = p.open(uint16(n), shared)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		if err != nil {
			return nil, nil, 0, err
		}
		p.used[n] = true
		return rtp, rtcp, uint16(n), nil
	}
	return nil, nil, 0, fault.New(fault.Unavailable, "media: no free RTP port from %d to %d (%d in use, %d of them resting)", p.min, p.max, len(p.used), p.resting)
}

func (p *pool) open(n uint16, shared bool) (rtp, rtcp *conn, err error) {
	if rtp, err = openConn(netip.AddrPortFrom(p.bind, n), shared); err != nil {
		return nil, nil, err
	}
	if rtcp, err = openConn(netip.AddrPortFrom(p.bind, n+1), false); err != nil {
		rtp.close()
		return nil, nil, err
	}
	return rtp, rtcp, nil
}

// retire begins the quarantine of a port; give ends it.
func (p *pool) retire() {
	p.mu.Lock()
	p.resting++
	p.mu.Unlock()
}

func (p *pool) give(port uint16) {
	p.mu.Lock()
	delete(p.used, uint32(port))
	p.resting--
	p.mu.Unlock()
}

func (p *pool) quarantined() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resting
}

// open makes a port. An own pair of sockets is bound here, in the caller's
// goroutine, so that the worker is not held up.
func (w *worker) open(o PortOptions) (*Port, error) {
	if o.Link != nil {
		return w.openLink(o)
	}
	p := &Port{w: w}
	p.options = o
	if o.Shared && w.cfg.Shared > 0 {
		var err error
		if !w.do(func() {
			if p.rtp, err = w.trunkSocket(); err == nil {
				w.adopt(p)
			}
		}) {
			return nil, fault.New(fault.Unavailable, "media: engine is closed")
		}
		return p, err
	}
	rtp, rtcp, n, err := w.pool.take(false)
	if err != nil {
		return nil, err
	}
	if !w.do(func() {
		if p.rtp, err = w.listen(rtp, rtcp, n); err == nil {
			p.rtp.owner, p.rtp.pair.owner = p, p
			w.adopt(p)
		}
	}) {
		err = fault.New(fault.Unavailable, "media: engine is closed")
	}
	if err != nil {
		w.forget(rtp, rtcp, n)
		return nil, err
	}
	return p, nil
}

// forget closes a pair that was never used.
func (w *worker) forget(rtp, rtcp *conn, n uint16) {
	rtp.close()
	rtcp.close()
	w.pool.retire()
	w.pool.give(n)
}

// trunkSocket takes the shared sockets in turn and opens each when it is first
// needed.
func (w *worker) trunkSocket() (*input, error) {
	if len(w.shared) < w.cfg.Shared {
		rtp, rtcp, n, err := w.pool.take(true)
		if err == nil {
			var in *input
			if in, err = w.listen(rtp, rtcp, n); err == nil {
				in.legs, in.pair.legs = map[netip.AddrPort]*Port{}, map[netip.AddrPort]*Port{}
				w.shared = append(w.shared, in)
				return in, nil
			}
			w.forget(rtp, rtcp, n)
		}
		if len(w.shared) == 0 {
			return nil, err
		}
	}
	w.turn++
	return w.shared[w.turn%len(w.shared)], nil
}

// listen begins to poll a pair of sockets.
func (w *worker) listen(rtp, rtcp *conn, port uint16) (*input, error) {
	in, err := w.register(rtp, port)
	if err != nil {
		return nil, err
	}
	if in.pair, err = w.register(rtcp, 0); err != nil {
		w.inputs[in.id] = nil
		w.spares = append(w.spares, in.id)
		w.poll.remove(rtp, in.id)
		return nil, err
	}
	return in, nil
}

func (w *worker) register(c *conn, port uint16) (*input, error) {
	id := int32(len(w.inputs))
	if n := len(w.spares); n > 0 {
		id, w.spares = w.spares[n-1], w.spares[:n-1]
	} else {
		w.inputs = append(w.inputs, nil)
	}
	in := &input{c: c, id: id, port: port}
	if err := w.poll.add(c, id); err != nil {
		w.spares = append(w.spares, id)
		return nil, err
	}
	w.inputs[id] = in
	return in, nil
}

// drop closes a socket.
func (w *worker) drop(in *input) {
	w.poll.remove(in.c, in.id)
	w.inputs[in.id] = nil
	w.spares = append(w.spares, in.id)
	in.c.close()
}

// retire sends the sockets of a closed port to rest.
func (w *worker) retire(in *input) {
	in.owner, in.pair.owner = nil, nil
	in.c.disconnect()
	in.freed, in.heard, in.pair.heard = w.now, w.now, w.now
	w.rest = append(w.rest, in)
	w.pool.retire()
}

// expire frees the ports whose quarantine is over.
func (w *worker) expire() {
	keep := w.rest[:0]
	for _, in := range w.rest {
		quiet := w.now - max(in.heard, in.pair.heard)
		if quiet < int64(w.cfg.QuarantineIdle) && w.now-in.freed < int64(w.cfg.QuarantineMax) {
			keep = append(keep, in)
			continue
		}
		w.drop(in)
		w.drop(in.pair)
		w.pool.give(in.port)
	}
	clear(w.rest[len(keep):])
	w.rest = keep
}
