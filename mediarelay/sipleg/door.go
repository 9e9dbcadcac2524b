package sipleg

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	strangerIdle = 30 * time.Second // a TCP connection of a stranger may be silent this long
	knownIdle    = 10 * time.Minute
	perHost      = 10 // connections of one stranger
	writeWait    = 5 * time.Second
)

// door bounds who may hold TCP connections, and for how long without a word.
type door struct {
	net.Listener
	s         *Server
	mu        sync.Mutex
	open      int
	strangers map[netip.Addr]int
	total     int // of strangers
}

func newDoor(l net.Listener, s *Server) *door {
	return &door{Listener: l, s: s, strangers: map[netip.Addr]int{}}
}

// Accept returns the next connection that may stay.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := addrPort(c.RemoteAddr()).Addr()
		who := d.s.classify(host)
		if who == banned || !d.enter(host, who) {
			d.s.count.dropped.Add(1)
			c.Close()
			continue
		}
		return &guest{Conn: c, d: d, host: host, stranger: who == stranger}, nil
	}
}

func (d *door) enter(host netip.Addr, who origin) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= maxTCP || who == stranger && (d.total >= strangerTCP || d.strangers[host] >= perHost) {
		return false
	}
	d.open++
	if who == stranger {
		d.total++
		d.strangers[host]++
	}
	return true
}

func (d *door) leave(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if !g.stranger {
		return
	}
	d.total--
	if d.strangers[g.host]--; d.strangers[g.host] <= 0 {
		delete(d.strangers, g.host)
	}
}

// guest is one TCP connection.
type guest struct {
	net.Conn
	d        *door
	host     netip.Addr
	stranger bool // when it came
	once     sync.Once
}

// Read waits as long as the sender's standing allows.
func (g *guest) Read(b []byte) (int, error) {
	idle, who := knownIdle, g.d.s.classify(g.host)
	if who == stranger {
		idle = strangerIdle
	}
	if who == banned || !g.d.s.udp.rates.allow(g.host, who) {
		g.Close()
		return 0, net.ErrClosed
	}
	if err := g.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	return g.Conn.Read(b)
}

// Write gives up on a peer that does not read.
func (g *guest) Write(b []byte) (int, error) {
	if err := g.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return 0, err
	}
	return g.Conn.Write(b)
}

// Close closes the connection and makes room for another.
func (g *guest) Close() error {
	g.once.Do(func() { g.d.leave(g) })
	return g.Conn.Close()
}
