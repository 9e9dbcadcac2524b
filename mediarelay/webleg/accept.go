package webleg

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"huawu/mediarelay/sipleg"
	"huawu/shared/fault"
)

// handshakeWait bounds everything before a socket is open.
const handshakeWait = 5 * time.Second

// statuses are how errors look to HTTP.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusForbidden,
	fault.Throttled: http.StatusTooManyRequests,
}

// ServeHTTP opens a browser's socket (RFC 7118 §4): from one of our pages, with a
// ticket in the query ("?ticket=…") that is used up by it. It returns when the
// socket has closed.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, err := s.admit(r)
	if err != nil {
		s.count.refused.Add(1)
		code := statuses[fault.KindOf(err)]
		if code == 0 {
			code = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "5")
		}
		s.log.Info("webleg: socket refused", "status", code, "error", err)
		http.Error(w, http.StatusText(code), code)
		return
	}
	defer s.admitted()
	limit := http.NewResponseController(w)
	_ = limit.SetWriteDeadline(time.Now().Add(handshakeWait)) // Accept writes the answer and lifts it
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"sip"}, InsecureSkipVerify: true, // the origin was checked, more strictly
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has answered
	}
	c.SetReadLimit(maxFrame)
	if k := s.enter(c, who); k != nil {
		defer s.work.Done()
		k.serve()
		return
	}
	_ = c.Close(websocket.StatusGoingAway, "relay ends")
}

// admit says whose socket a request opens.
func (s *Server) admit(r *http.Request) (Identity, error) {
	if s.drained.Load() {
		return Identity{}, fault.New(fault.Unavailable, "webleg: draining")
	}
	if !s.fromUs(r) {
		return Identity{}, fault.New(fault.Forbidden, "webleg: page is not ours")
	}
	if !slices.ContainsFunc(r.Header.Values("Sec-Websocket-Protocol"), offersSIP) {
		return Identity{}, fault.New(fault.Invalid, "webleg: subprotocol sip is not offered")
	}
	s.mu.Lock()
	full := s.closed || s.opening >= s.cfg.MaxSockets
	if !full {
		s.opening++
	}
	s.mu.Unlock()
	if full {
		return Identity{}, fault.New(fault.Unavailable, "webleg: no room for another socket")
	}
	who, err := s.cfg.Tickets.Redeem(r.Context(), r.URL.Query().Get("ticket"))
	if err == nil && (who.Tenant == "" || who.User == "") {
		err = fault.New(fault.Internal, "webleg: ticket names nobody")
	}
	if err != nil {
		s.admitted()
	}
	return who, err
}

// admitted gives the room of a socket back.
func (s *Server) admitted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening--
}

func offersSIP(header string) bool {
	for p := range strings.SplitSeq(header, ",") {
		if strings.EqualFold(strings.TrimSpace(p), "sip") {
			return true
		}
	}
	return false
}

// fromUs reports whether one of our pages opens the socket. Browsers always say
// which page it is.
func (s *Server) fromUs(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || slices.ContainsFunc(s.cfg.Origins, func(o string) bool { return strings.EqualFold(o, origin) })
}

// enter gives a socket its name and shows it to the SIP side; nil if the server
// is closed. Close waits for the socket.
func (s *Server) enter(c *websocket.Conn, who Identity) *socket {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	k := newSocket(s, c, who, s.freeName())
	s.sockets[k.name.Addr()] = k
	s.work.Add(1)
	s.mu.Unlock()
	s.count.sockets.Add(1)
	if !s.flows.put(k) {
		k.close(websocket.StatusGoingAway, "relay ends")
	}
	return k
}

// freeName is a name that no open socket has. s.mu is held.
func (s *Server) freeName() netip.AddrPort {
	for {
		s.next++
		if name := sipleg.FlowName(s.next); s.sockets[name.Addr()] == nil {
			return name
		}
	}
}
