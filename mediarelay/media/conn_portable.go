//go:build !linux || portable

package media

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"huawu/shared/fault"
)

// This file does with goroutines and the net package what conn_linux.go does
// with system calls: for laptops, where a few calls are enough.

// inboxSize bounds what waits for the worker on one socket.
const inboxSize = 512

type sockaddr struct{ to netip.AddrPort }

func (a *sockaddr) set(to netip.AddrPort, _ bool) { a.to = to }

type datagram struct {
	from netip.AddrPort
	b    []byte
}

type conn struct {
	udp       *net.UDPConn
	v6        bool
	connected bool
	done      chan struct{}

	mu   sync.Mutex
	wait []datagram
	free [][]byte
}

func openConn(at netip.AddrPort, _ bool) (*conn, error) {
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		kind := fault.Unavailable
		if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES) {
			kind = fault.Conflict
		}
		return nil, fault.Wrap(kind, err, "media: bind port %d", at.Port())
	}
	c := &conn{udp: udp, v6: at.Addr().Is6(), done: make(chan struct{})}
	go c.read()
	return c, nil
}

// read moves packets from the socket to the inbox until the socket closes.
func (c *conn) read() {
	defer close(c.done)
	var buf [inSize]byte
	for {
		n, from, err := c.udp.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-time.After(time.Millisecond) // an ICMP error; do not spin on a lasting one
			continue
		}
		c.mu.Lock()
		if len(c.wait) < inboxSize {
			var b []byte
			if l := len(c.free); l > 0 {
				b, c.free = c.free[l-1], c.free[:l-1]
			}
			c.wait = append(c.wait, datagram{unmap(from), append(b[:0], buf[:n]...)})
		}
		c.mu.Unlock()
	}
}

func (c *conn) close() {
	_ = c.udp.Close()
	<-c.done
}

// connect does nothing: the leg checks sources itself.
func (c *conn) connect(*sockaddr) { c.connected = true }
func (c *conn) disconnect()       { c.connected = false }

func (c *conn) send(b []byte, to *sockaddr) bool {
	_, err := c.udp.WriteToUDPAddrPort(b, to.to)
	return err == nil
}

func (c *conn) flush() int { return 0 }

type batch struct{ d [batchSize]datagram }

func newBatch() *batch { return &batch{} }

func (b *batch) packet(i int) ([]byte, netip.AddrPort) { return b.d[i].b, b.d[i].from }

func (c *conn) receive(b *batch) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.wait), batchSize)
	for i := range n {
		if old := b.d[i].b; old != nil {
			c.free = append(c.free, old)
		}
		b.d[i] = c.wait[i]
	}
	c.wait = append(c.wait[:0], c.wait[n:]...)
	if len(c.free) > batchSize {
		c.free = c.free[:batchSize]
	}
	return n
}

type poller struct {
	conns map[int32]*conn
	ids   []int32
}

func newPoller() (*poller, error) { return &poller{conns: map[int32]*conn{}}, nil }

func (p *poller) add(c *conn, id int32) error {
	p.conns[id] = c
	return nil
}

func (p *poller) remove(_ *conn, id int32) { delete(p.conns, id) }

func (p *poller) ready() (n int, more bool) {
	p.ids = p.ids[:0]
	for id, c := range p.conns {
		c.mu.Lock()
		if len(c.wait) > 0 {
			p.ids = append(p.ids, id)
		}
		c.mu.Unlock()
	}
	return len(p.ids), false
}

func (p *poller) id(i int) int32 { return p.ids[i] }

func (p *poller) close() {}

// monotonic is where a worker's clock begins; only differences matter here.
func monotonic() int64 { return 0 }

// sleepUntil sleeps to a time of the worker's clock.
func sleepUntil(at int64, c clock, _ bool) { <-time.After(time.Duration(at - c.now())) }
