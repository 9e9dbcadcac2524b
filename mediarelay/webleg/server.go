package webleg

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"

	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg"
	"huawu/shared/fault"
)

// Config says how browsers reach the relay. Zero fields take the value in their
// comment.
type Config struct {
	Listen    netip.AddrPort // UDP port of all browsers' audio; port 0 takes a free one
	Advertise netip.Addr     // address that browsers use for it; invalid: Listen's
	// Origins are the pages that may open a socket, as "https://desk.example".
	// Those of the host that the socket is opened at always may.
	Origins    []string
	Tickets    Tickets
	Calls      sipleg.Calls
	Engine     *media.Engine
	Laws       []media.Law   // in our order; PCMA, PCMU
	Patience   time.Duration // how long a call waits for a page that is reloaded; 15 s
	PingEvery  time.Duration // a socket is dead after three times this without a sign of life; 5 s
	MaxSockets int           // 2,000
	// Changed is told when somebody's page registers and when it is gone. It must
	// not block.
	Changed func(Presence)
	Log     *slog.Logger // nil discards
}

// Server is the relay's browser side. It is the http.Handler of its sockets and
// a call.Dialer to agents' pages.
type Server struct {
	cfg   Config
	log   *slog.Logger
	udp   *net.UDPConn
	mux   *ice.UDPMuxDefault
	bound netip.AddrPort
	at    netip.AddrPort // for browsers
	cert  tls.Certificate
	print string
	sip   *sipleg.Server
	flows *flows
	count counts

	wake   chan struct{}          // a leg has packets to send
	shown  atomic.Pointer[[]*Leg] // for the writer
	sealed [1500]byte             // the writer's

	mu      sync.Mutex
	sockets map[netip.Addr]*socket
	opening int
	pages   map[userKey]*page
	legs    map[*Leg]struct{}
	next    uint32
	closed  bool
	drained atomic.Bool

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// New opens the UDP port; sockets come by ServeHTTP.
func New(cfg Config) (*Server, error) {
	if cfg.Tickets == nil || cfg.Calls == nil || cfg.Engine == nil {
		return nil, fault.New(fault.Invalid, "webleg: Tickets, Calls and Engine are needed")
	}
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, log: cfg.Log, flows: newFlows(), wake: make(chan struct{}, 1),
		sockets: map[netip.Addr]*socket{}, pages: map[userKey]*page{}, legs: map[*Leg]struct{}{},
	}
	s.shown.Store(&[]*Leg{})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.open(); err != nil {
		s.cancel()
		return nil, err
	}
	s.background(s.writes)
	return s, nil
}

func (c Config) withDefaults() Config {
	if !c.Listen.IsValid() {
		c.Listen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	if len(c.Laws) == 0 {
		c.Laws = []media.Law{media.PCMA, media.PCMU}
	}
	if c.Patience <= 0 {
		c.Patience = 15 * time.Second
	}
	if c.PingEvery <= 0 {
		c.PingEvery = pingEvery
	}
	if c.MaxSockets <= 0 {
		c.MaxSockets = 2000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// open opens what a server has, the lowest first.
func (s *Server) open() (err error) {
	if s.cert, s.print, err = certificate(); err != nil {
		return err
	}
	if s.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.cfg.Listen)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "webleg: listen on UDP")
	}
	_ = s.udp.SetReadBuffer(4 << 20) // the kernel gives what it allows
	_ = s.udp.SetWriteBuffer(4 << 20)
	bound, _ := netip.ParseAddrPort(s.udp.LocalAddr().String())
	s.bound = netip.AddrPortFrom(bound.Addr().Unmap(), bound.Port())
	s.at = s.bound
	if s.cfg.Advertise.IsValid() {
		s.at = netip.AddrPortFrom(s.cfg.Advertise.Unmap(), s.bound.Port())
	}
	if s.at.Addr().IsUnspecified() {
		_ = s.udp.Close()
		return fault.New(fault.Invalid, "webleg: Advertise is needed when listening on all addresses")
	}
	s.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet().NewLogger("mux"), UDPConn: s.udp})
	f := front{s}
	s.sip, err = sipleg.New(sipleg.Config{
		Advertise: s.at.Addr(), Calls: f, Trunks: f, Media: f, Flows: browsers{s.flows, f}, PacketConn: newMute(s.at), Log: s.log,
	})
	if err != nil {
		_ = s.mux.Close()
	}
	return err
}

// Media is where browsers send their audio.
func (s *Server) Media() netip.AddrPort { return s.at }

// Live is how many legs there are.
func (s *Server) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.legs)
}

// writes encrypts and sends what the media workers put out, each time they say
// that there is something.
func (s *Server) writes() {
	for {
		select {
		case <-s.wake:
			for _, l := range *s.shown.Load() {
				l.link.Take(l.write)
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// Drain refuses new sockets and new calls; what is up stays.
func (s *Server) Drain() {
	s.drained.Store(true)
	s.sip.Drain()
}

// Close hangs up, closes sockets and connections and waits for all work to end.
func (s *Server) Close() error {
	s.Drain()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	err := s.sip.Close() // says BYE while there are sockets
	s.cancel()
	s.work.Wait()
	return errors.Join(err, s.mux.Close())
}

// background runs f; Close waits for it.
func (s *Server) background(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	s.work.Go(f)
}

// HTTP is a server of its own for the sockets, at one path, with the patience
// that a public port needs. Whoever opens the listener serves and closes it.
func (s *Server) HTTP(path string) *http.Server {
	mux := http.NewServeMux()
	mux.Handle(path, s)
	return &http.Server{
		Handler: mux, ReadHeaderTimeout: handshakeWait, ReadTimeout: handshakeWait, WriteTimeout: handshakeWait,
		IdleTimeout: handshakeWait, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
