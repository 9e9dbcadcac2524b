//go:build linux && !portable

package media

import (
	"errors"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"huawu/shared/fault"
)

// The system calls here are raw: they return at once or within a tick, so the
// Go scheduler need not be told that the thread is away (spec: performance §3.3).

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// sockaddr is an address as the kernel wants it; the IPv6 form has room for both.
type sockaddr struct {
	raw unix.RawSockaddrInet6
	len uint32
}

// set fills a in the form that a socket of its family needs.
func (a *sockaddr) set(to netip.AddrPort, v6 bool) {
	a.raw = unix.RawSockaddrInet6{}
	if v6 {
		a.raw.Family, a.raw.Addr, a.len = unix.AF_INET6, to.Addr().As16(), unix.SizeofSockaddrInet6
	} else {
		r := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw))
		r.Family, r.Addr, a.len = unix.AF_INET, v4(to.Addr()), unix.SizeofSockaddrInet4
	}
	p := (*[2]byte)(unsafe.Pointer(&a.raw.Port))
	p[0], p[1] = byte(to.Port()>>8), byte(to.Port())
}

func (a *sockaddr) get() netip.AddrPort {
	p := (*[2]byte)(unsafe.Pointer(&a.raw.Port))
	port := uint16(p[0])<<8 | uint16(p[1])
	if a.raw.Family == unix.AF_INET6 {
		return netip.AddrPortFrom(netip.AddrFrom16(a.raw.Addr).Unmap(), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(&a.raw)).Addr), port)
}

// conn is a UDP socket that never blocks.
type conn struct {
	fd        int
	v6        bool
	connected bool
	out       *outbox // packets that leave together; nil: each leaves at once
}

// outbox holds the packets of one tick for one socket.
type outbox struct {
	n   int
	m   [batchSize]mmsghdr
	iov [batchSize]unix.Iovec
	to  [batchSize]sockaddr
	buf [batchSize][outSize]byte
}

// openConn binds a socket. A shared one has big buffers and sends in batches.
func openConn(at netip.AddrPort, shared bool) (*conn, error) {
	c := &conn{v6: at.Addr().Is6()}
	family := unix.AF_INET
	if c.v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "media: open socket")
	}
	c.fd = fd
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(at.Port()), Addr: v4(at.Addr())}
	if c.v6 {
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expedited)
	}
	if err := unix.Bind(fd, sa); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EACCES) {
			return nil, fault.Wrap(fault.Conflict, err, "media: bind port %d", at.Port())
		}
		return nil, fault.Wrap(fault.Unavailable, err, "media: bind port %d", at.Port())
	}
	if shared {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, sharedBuffer) // the system may allow less
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sharedBuffer)
		c.out = newOutbox()
	}
	return c, nil
}

func newOutbox() *outbox {
	o := &outbox{}
	for i := range o.m {
		o.iov[i].Base = &o.buf[i][0]
		o.m[i].hdr.Iov = &o.iov[i]
		o.m[i].hdr.SetIovlen(1)
		o.m[i].hdr.Name = (*byte)(unsafe.Pointer(&o.to[i].raw))
	}
	return o
}

func (c *conn) close() { _ = unix.Close(c.fd) }

// connect lets the kernel drop what comes from anywhere else.
func (c *conn) connect(to *sockaddr) {
	_, _, e := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(c.fd), uintptr(unsafe.Pointer(&to.raw)), uintptr(to.len))
	c.connected = e == 0
}

// disconnect hears everyone again; the port stays bound.
func (c *conn) disconnect() {
	if !c.connected {
		return
	}
	c.connected = false
	var none unix.RawSockaddr // AF_UNSPEC
	syscall.RawSyscall(unix.SYS_CONNECT, uintptr(c.fd), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none))
}

// send sends b to an address: with the others of its tick if the socket has an
// outbox, else at once. It reports whether the kernel took it, as far as known.
func (c *conn) send(b []byte, to *sockaddr) bool {
	if c.out == nil {
		return c.sendNow(b, to)
	}
	if len(b) > outSize {
		c.flush() // keep the order
		return c.sendNow(b, to)
	}
	o := c.out
	copy(o.buf[o.n][:], b)
	o.iov[o.n].SetLen(len(b))
	o.to[o.n] = *to
	o.m[o.n].hdr.Namelen = to.len
	o.n++
	if o.n == batchSize {
		return c.flush() == 0
	}
	return true
}

func (c *conn) sendNow(b []byte, to *sockaddr) bool {
	name, n := uintptr(unsafe.Pointer(&to.raw)), uintptr(to.len)
	if c.connected {
		name, n = 0, 0
	}
	for range 2 { // the first may report the ICMP error of an earlier packet
		_, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, name, n)
		if e == 0 {
			return true
		}
		if e != unix.ECONNREFUSED && e != unix.EINTR {
			return false
		}
	}
	return false
}

// flush sends what waits and returns how many packets the kernel refused.
func (c *conn) flush() (refused int) {
	if c.out == nil {
		return 0
	}
	m := c.out.m[:c.out.n]
	c.out.n = 0
	for len(m) > 0 {
		n, _, e := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), unix.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			m = m[n:]
		case unix.EINTR:
		default: // the first of m cannot go; the others may
			refused++
			m = m[1:]
		}
	}
	return refused
}

// batch is room for the packets of one recvmmsg.
type batch struct {
	m    [batchSize]mmsghdr
	iov  [batchSize]unix.Iovec
	name [batchSize]sockaddr
	buf  [batchSize][inSize]byte
}

func newBatch() *batch {
	b := &batch{}
	for i := range b.m {
		b.iov[i].Base = &b.buf[i][0]
		b.iov[i].SetLen(inSize)
		b.m[i].hdr.Iov = &b.iov[i]
		b.m[i].hdr.SetIovlen(1)
		b.m[i].hdr.Name = (*byte)(unsafe.Pointer(&b.name[i].raw))
		b.m[i].hdr.Namelen = unix.SizeofSockaddrInet6
	}
	return b
}

// packet returns the i-th packet; one that did not fit is cut to nothing.
func (b *batch) packet(i int) ([]byte, netip.AddrPort) {
	b.m[i].hdr.Namelen = unix.SizeofSockaddrInet6 // the kernel has set it
	n := min(b.m[i].len, inSize)
	if b.m[i].hdr.Flags&unix.MSG_TRUNC != 0 {
		n = 0
	}
	return b.buf[i][:n], b.name[i].get()
}

// receive takes up to batchSize waiting packets.
func (c *conn) receive(b *batch) int {
	for range 4 { // errors of earlier sends come first
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&b.m[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if e == 0 {
			return int(n)
		}
		if e == unix.EAGAIN {
			return 0
		}
	}
	return 0
}

// poller tells which sockets have packets.
type poller struct {
	fd  int
	evs [512]unix.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "media: epoll")
	}
	return &poller{fd: fd}, nil
}

func (p *poller) add(c *conn, id int32) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: id}
	return fault.Wrap(fault.Unavailable, unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, c.fd, &ev), "media: epoll")
}

func (p *poller) remove(c *conn, _ int32) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, c.fd, nil)
}

// ready returns how many sockets have packets, at most all that fit at once.
func (p *poller) ready() (n int, more bool) {
	r, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.evs[0])), uintptr(len(p.evs)), 0, 0, 0)
	if e != 0 {
		return 0, false
	}
	return int(r), int(r) == len(p.evs)
}

func (p *poller) id(i int) int32 { return p.evs[i].Fd }

func (p *poller) close() { _ = unix.Close(p.fd) }

// monotonic is the clock that sleepUntil sleeps by, in nanoseconds.
func monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// sleepUntil sleeps to a time of the monotonic clock. hidden keeps the
// processor meanwhile: the thread wakes without asking the scheduler, but
// nothing else runs there. It may return early on a signal, so that a stop of
// the world need not wait.
func sleepUntil(at int64, _ clock, hidden bool) {
	ts := unix.NsecToTimespec(at)
	if hidden {
		syscall.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		return
	}
	_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil)
}

// v4 is an address' IPv4 form, or 0.0.0.0.
func v4(a netip.Addr) [4]byte {
	if a.Is4() {
		return a.As4()
	}
	return [4]byte{}
}
