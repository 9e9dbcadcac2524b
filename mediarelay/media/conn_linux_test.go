//go:build linux && !portable

package media

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func localOf(t testing.TB, c *conn) netip.AddrPort {
	sa, err := unix.Getsockname(c.fd)
	if err != nil {
		t.Fatal(err)
	}
	v4 := sa.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port))
}

// discard forgets what waits to be sent.
func discard(c *conn) { c.out.n = 0 }
