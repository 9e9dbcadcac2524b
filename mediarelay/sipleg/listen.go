package sipleg

import (
	"errors"
	"net"
	"syscall"

	"huawu/shared/fault"
)

// freePortTries is how many free UDP ports are tried until one is free for TCP too.
const freePortTries = 20

// listen opens the sockets: UDP, and TCP on the same port where it is wanted. A
// free UDP port may be taken for TCP by somebody else; with port 0 another one is
// taken then.
func (s *Server) listen() (net.PacketConn, *net.TCPListener, error) {
	for try := 1; ; try++ {
		conn, err := s.listenUDP()
		if err != nil || !s.cfg.TCP {
			return conn, nil, err
		}
		tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addrPort(conn.LocalAddr())))
		if err == nil {
			return conn, tcp, nil
		}
		conn.Close()
		again := s.cfg.PacketConn == nil && s.cfg.Listen.Port() == 0 && errors.Is(err, syscall.EADDRINUSE)
		if !again || try == freePortTries {
			return nil, nil, fault.Wrap(fault.Unavailable, err, "sipleg: listen on TCP")
		}
	}
}

func (s *Server) listenUDP() (net.PacketConn, error) {
	if s.cfg.PacketConn != nil {
		return s.cfg.PacketConn, nil
	}
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.cfg.Listen))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "sipleg: listen on UDP")
	}
	_ = udp.SetReadBuffer(4 << 20) // the kernel gives what it allows
	return udp, nil
}
