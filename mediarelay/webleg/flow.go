package webleg

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// flows is the listener in memory by which the SIP side gets sockets.
type flows struct {
	c    chan net.Conn
	done chan struct{}
	once sync.Once
}

func newFlows() *flows { return &flows{c: make(chan net.Conn, 64), done: make(chan struct{})} }

// put shows a socket; false if nobody listens any more. It waits while others
// are taken.
func (f *flows) put(k *socket) bool {
	select {
	case f.c <- k:
		return true
	case <-f.done:
		return false
	}
}

// Accept returns the next socket.
func (f *flows) Accept() (net.Conn, error) {
	select {
	case c := <-f.c:
		return c, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (f *flows) Close() error {
	f.once.Do(func() { close(f.done) })
	return nil
}

// Addr is no address that anything could connect to.
func (f *flows) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(239, 0, 0, 0), Port: 1} }

// browsers are the flows and who may register by them.
type browsers struct {
	*flows
	front
}

// mute stands where a SIP server has its UDP socket: browsers have none.
type mute struct {
	at   netip.AddrPort
	done chan struct{}
	once sync.Once
}

func newMute(at netip.AddrPort) *mute { return &mute{at: at, done: make(chan struct{})} }

// ReadFrom waits for the end.
func (m *mute) ReadFrom([]byte) (int, net.Addr, error) {
	<-m.done
	return 0, nil, net.ErrClosed
}

// WriteTo loses what is written.
func (m *mute) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// Close ends ReadFrom.
func (m *mute) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

// LocalAddr is the address that Via and Contact name.
func (m *mute) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(m.at) }

// SetDeadline does nothing.
func (m *mute) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (m *mute) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (m *mute) SetWriteDeadline(time.Time) error { return nil }
