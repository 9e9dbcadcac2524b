//go:build !linux || portable

package media

import (
	"net"
	"net/netip"
	"testing"
)

func localOf(_ testing.TB, c *conn) netip.AddrPort {
	return c.udp.LocalAddr().(*net.UDPAddr).AddrPort()
}

func discard(*conn) {}
