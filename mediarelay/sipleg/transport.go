package sipleg

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/sipleg/guard"
	"huawu/shared/fault"
)

// tame changes two settings that sipgo has for a whole process.
//
// It refuses to send more than 1,300 bytes by UDP, but only requests may move to
// TCP, and a 200 that is not sent, because its Via and Record-Route lines are
// long, loses the call: IP fragments it. And its connections log by themselves,
// past the logger that a layer was given.
var tame = sync.OnceFunc(func() {
	sip.UDPMTUSize = 16 << 10
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
})

// open opens the sockets and starts sipgo's layers on them.
func (s *Server) open() error {
	tame()
	conn, tcp, err := s.listen()
	if err != nil {
		return err
	}
	s.udp = newGatekeeper(conn, s)
	local := addrPort(conn.LocalAddr())
	host := local.Addr()
	if s.cfg.Advertise.IsValid() {
		host = s.cfg.Advertise.Unmap()
	}
	if host.IsUnspecified() || !host.IsValid() {
		conn.Close()
		if tcp != nil {
			tcp.Close()
		}
		return fault.New(fault.Invalid, "sipleg: Advertise is needed when listening on all addresses")
	}
	s.at = netip.AddrPortFrom(host, local.Port())
	if tcp != nil {
		s.tcp = newDoor(tcp, s)
	}

	quiet := slog.New(quietHandler{s.log})
	s.tp = sip.NewTransportLayer(net.DefaultResolver, s.parser, nil, sip.WithTransportLayerLogger(quiet))
	s.tp.OnMessage(s.tagRequest) // before the transactions see it
	s.tx = sip.NewTransactionLayer(s.tp, sip.WithTransactionLayerLogger(quiet),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) { s.count.dropped.Add(1) }))
	s.tx.OnRequest(s.onRequest)
	s.background(func() { _ = s.tp.ServeUDP(s.udp) }) // ends when Close closes the socket
	<-s.udp.ready
	if s.tcp != nil {
		s.background(func() { _ = s.tp.ServeTCP(s.tcp) }) // ends when Close closes the listener
	}
	s.serveFlows()
	return nil
}

// tagRequest gives a request that begins a dialog our tag before the transaction
// layer sees it, so that all its responses carry the same one, sipgo's own 487
// included. Repeated requests get the same tag.
func (s *Server) tagRequest(m sip.Message) {
	if m.Transport() == "UDP" {
		s.udp.named(m)
	}
	req, ok := m.(*sip.Request)
	if !ok {
		return
	}
	if to := req.To(); to != nil && !to.Params.Has("tag") {
		to.Params.Add("tag", s.tag(req))
	}
}

// tag is our tag in a dialog that this request begins. Nobody else can make it.
func (s *Server) tag(req *sip.Request) string {
	mac := hmac.New(sha256.New, s.secret)
	if id := req.CallID(); id != nil {
		mac.Write([]byte(id.Value()))
	}
	mac.Write([]byte{0})
	if from := req.From(); from != nil {
		mac.Write([]byte(from.Params.GetOr("tag", "")))
	}
	mac.Write([]byte{0})
	if via := req.Via(); via != nil {
		mac.Write([]byte(via.Params.GetOr("branch", "")))
	}
	return hex.EncodeToString(mac.Sum(nil)[:10])
}

// quietHandler passes on that sipgo noticed something, but not the message it
// noticed it in: that holds numbers and names.
type quietHandler struct{ log *slog.Logger }

func (h quietHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.log.Enabled(ctx, slog.LevelDebug)
}

func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	h.log.DebugContext(ctx, "sipleg: sipgo reports", "what", r.Message)
	return nil
}

func (h quietHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h quietHandler) WithGroup(string) slog.Handler      { return h }

// send begins a client transaction. to is where the request goes, whatever its
// URI says.
func (s *Server) send(ctx context.Context, req *sip.Request, to netip.AddrPort) (*sip.ClientTx, error) {
	if err := s.prepare(req, to); err != nil {
		return nil, err
	}
	tx, err := s.tx.Request(ctx, req)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "sipleg: send %s", req.Method)
	}
	return tx, nil
}

// sendAck sends an ACK to a 2xx, which has no transaction.
func (s *Server) sendAck(ack *sip.Request, to netip.AddrPort) error {
	if err := s.prepare(ack, to); err != nil {
		return err
	}
	return fault.Wrap(fault.Unavailable, s.tp.WriteMsg(ack), "sipleg: send ACK")
}

// prepare looks at a request a last time and names its destination.
func (s *Server) prepare(req *sip.Request, to netip.AddrPort) error {
	if err := guard.Outgoing(req); err != nil {
		return err
	}
	if !to.IsValid() {
		return fault.New(fault.Unavailable, "sipleg: no address to send %s to", req.Method)
	}
	req.SetDestination(to.String())
	if req.Body() == nil {
		req.SetBody(nil) // sets Content-Length, without which TCP has no end of message
	}
	if req.Transport() == "UDP" {
		local := addrPort(s.udp.LocalAddr())
		req.Laddr = sip.Addr{IP: local.Addr().AsSlice(), Port: int(local.Port())}
	}
	return nil
}

// respond sends a response on a request's transaction.
func (s *Server) respond(tx *sip.ServerTx, res *sip.Response) error {
	if err := guard.Outgoing(res); err != nil {
		return err
	}
	if err := tx.Respond(res); err != nil {
		return fault.Wrap(fault.Unavailable, err, "sipleg: send %d", res.StatusCode)
	}
	return nil
}

// addrPort reads a socket address; an IPv4 address is a plain one.
func addrPort(a net.Addr) netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	at, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}
