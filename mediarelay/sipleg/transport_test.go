package sipleg

import (
	"net"
	"net/netip"
	"testing"
)

func TestAFreePortIsFreeForTCPToo(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().(*net.TCPAddr).Port
	for _, tt := range []struct {
		name string
		port uint16 // asked for
		ok   bool
	}{
		{"any port: another one is picked", 0, true},
		{"this port: it is said to be taken", uint16(busy), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Server{cfg: Config{Listen: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), tt.port), TCP: true}}
			first := true
			udp, tcp, err := s.sockets(func(network string, at *net.UDPAddr) (*net.UDPConn, error) {
				if first {
					first, at = false, &net.UDPAddr{IP: at.IP, Port: busy} // as the system may pick
				}
				return net.ListenUDP(network, at)
			})
			if (err == nil) != tt.ok {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				defer udp.Close()
				defer tcp.Close()
				if u, c := addrPort(udp.LocalAddr()).Port(), addrPort(tcp.Addr()).Port(); u != c || int(u) == busy {
					t.Errorf("UDP on %d, TCP on %d", u, c)
				}
			}
		})
	}
}
