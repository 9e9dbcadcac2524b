//go:build linux

package load

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// generator is all parties of all calls: one socket each, 50 packets of G.711 a
// second, each with the time it left.
type generator struct {
	legs  []leg
	fds   []int
	to    []unix.SockaddrInet4
	epoll int

	packet   [172]byte
	seq      []uint16
	next     []time.Time
	sent     int
	received int
	delays   []int64 // nanoseconds
}

func newGenerator(n int) (*generator, error) {
	g := &generator{legs: make([]leg, n), to: make([]unix.SockaddrInet4, n), seq: make([]uint16, n), next: make([]time.Time, n)}
	var err error
	if g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for i := range n {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		g.fds = append(g.fds, fd)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return nil, err
		}
		at, err := unix.Getsockname(fd)
		if err != nil {
			return nil, err
		}
		g.legs[i].Gen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(at.(*unix.SockaddrInet4).Port))
		if err := unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *generator) close() {
	for _, fd := range g.fds {
		_ = unix.Close(fd)
	}
	_ = unix.Close(g.epoll)
}

func (g *generator) reset() { g.sent, g.received, g.delays = 0, 0, g.delays[:0] }

// run sends for a time, the parties spread over each 20 ms.
func (g *generator) run(d time.Duration) {
	start := time.Now()
	for i := range g.legs {
		g.to[i] = unix.SockaddrInet4{Port: int(g.legs[i].Relay.Port()), Addr: g.legs[i].Relay.Addr().As4()}
		g.next[i] = start.Add(20 * time.Millisecond * time.Duration(i) / time.Duration(len(g.legs)))
	}
	events := make([]unix.EpollEvent, 256)
	for now := start; now.Sub(start) < d; now = time.Now() {
		for i := range g.legs {
			if now.After(g.next[i]) {
				g.next[i] = g.next[i].Add(20 * time.Millisecond)
				g.send(i, now)
			}
		}
		g.receive(events, 0)
		pause := unix.NsecToTimespec(int64(200 * time.Microsecond))
		_ = unix.Nanosleep(&pause, nil)
	}
}

func (g *generator) send(i int, now time.Time) {
	b := g.packet[:]
	b[0], b[1] = 0x80, 0
	binary.BigEndian.PutUint16(b[2:], g.seq[i])
	binary.BigEndian.PutUint32(b[4:], uint32(g.seq[i])*160)
	binary.BigEndian.PutUint32(b[8:], uint32(i)+1)
	binary.BigEndian.PutUint32(b[12:], magic)
	binary.BigEndian.PutUint64(b[16:], uint64(now.UnixNano()))
	g.seq[i]++
	g.sent++
	_ = unix.Sendto(g.fds[i], b, 0, &g.to[i])
}

// magic marks our payload; a relay's own comfort noise has not got it.
const magic = 0x48755731

func (g *generator) receive(events []unix.EpollEvent, wait int) int {
	n, _ := unix.EpollWait(g.epoll, events, wait)
	var b [1500]byte
	for _, ev := range events[:max(n, 0)] {
		for {
			size, _, err := unix.Recvfrom(int(ev.Fd), b[:], 0)
			if err != nil {
				break
			}
			if size == len(g.packet) && binary.BigEndian.Uint32(b[12:]) == magic {
				g.received++
				g.delays = append(g.delays, time.Now().UnixNano()-int64(binary.BigEndian.Uint64(b[16:])))
			}
		}
	}
	return n
}

// settle takes what is still on its way.
func (g *generator) settle() {
	events := make([]unix.EpollEvent, 256)
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		g.receive(events, 50)
	}
}

// delay is a quantile in microseconds.
func (g *generator) delay(q float64) float64 {
	slices.Sort(g.delays)
	return float64(g.delays[int(q*float64(len(g.delays)-1))]) / 1e3
}
