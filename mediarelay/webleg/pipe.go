package webleg

import (
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/packetio"
)

// maxFlight bounds the DTLS packets that wait to be read: two flights.
const maxFlight = 64

// pipe is the net.PacketConn that DTLS speaks through: the connection's packets
// that are DTLS's come in by put, its own go out by ICE.
type pipe struct {
	in *packetio.Buffer
	to *ice.Conn // set before DTLS begins
}

func newPipe() *pipe {
	p := &pipe{in: packetio.NewBuffer()}
	p.in.SetLimitCount(maxFlight)
	return p
}

// put hands a packet to DTLS; one too many is lost, as on any network.
func (p *pipe) put(b []byte) { _, _ = p.in.Write(b) }

func (p *pipe) close() { _ = p.in.Close() }

// ReadFrom returns the next DTLS packet.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.in.Read(b)
	return n, address{}, err
}

// WriteTo sends a DTLS packet to where ICE says the browser is.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.to.Write(b) }

// Close ends reading; the connection is closed by whoever opened it.
func (p *pipe) Close() error { return p.in.Close() }

// LocalAddr and RemoteAddr stand for what only ICE knows.
func (p *pipe) LocalAddr() net.Addr { return address{} }

// RemoteAddr is the browser.
func (p *pipe) RemoteAddr() net.Addr { return address{} }

// SetDeadline bounds reading only: writing does not wait.
func (p *pipe) SetDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetReadDeadline bounds the next reads.
func (p *pipe) SetReadDeadline(t time.Time) error { return p.in.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
