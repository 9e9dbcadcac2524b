// Package sipleg speaks SIP with carriers, gateways and desk phones, and makes
// each dialog a leg of a call. It decides what a message means to a dialog
// (RFC 3261, 3262, 3264, 3311, 4028), which messages are believed, refused or
// dropped, and how a call out finds its way (forks, failover, digest). It leaves
// to call what happens in a call, to trunk and registrar who a peer is, and to
// media the audio.
//
// Of sipgo it uses the parser, the transactions and the UDP and TCP transports,
// and nothing of its dialogs. It also serves as the user agent of tests and
// demos.
package sipleg

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/registrar"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// Calls takes new calls; *call.Calls is one.
type Calls interface {
	Start(call.Inbound) (call.Notify, error)
}

// Trunks knows the carriers; *trunk.Table is one.
type Trunks interface {
	Match(netip.Addr) (trunk.Trunk, error)
	Pick(tenant, id string) (trunk.Trunk, error)
}

// Port is the audio end of a leg; *media.Port is one.
type Port interface {
	Local() netip.AddrPort
	SetRemote(media.Remote)
	Close()
}

// Media opens audio ends. Engine makes one of a *media.Engine.
type Media interface {
	Open(media.PortOptions) (Port, error)
}

// Engine lets legs use the ports of a media engine.
func Engine(e *media.Engine) Media { return engine{e} }

type engine struct{ e *media.Engine }

func (m engine) Open(o media.PortOptions) (Port, error) {
	p, err := m.e.Open(o)
	if err != nil {
		return nil, err // not a nil *media.Port in a non-nil Port
	}
	return p, nil
}

// Config says where the server listens and what it works with.
type Config struct {
	Listen    netip.AddrPort // UDP; port 0 takes a free one
	TCP       bool           // listen on the same port by TCP too
	Advertise netip.Addr     // address that peers use, in Via, Contact and SDP; invalid: Listen's
	Domains   []string       // names of ours in Request-URIs, besides addresses

	Calls     Calls
	Trunks    Trunks
	Registrar *registrar.Registrar // nil: no phones
	Media     Media
	// SharedPorts puts calls of trunks that name a public address on shared
	// sockets (media.PortOptions.Shared).
	SharedPorts bool

	// Refresh is the session interval we ask for (RFC 4028); 30 min if 0.
	Refresh time.Duration
	// NoAnswer is how long a trunk's address may stay silent before the next one
	// is tried; 2 s if 0.
	NoAnswer time.Duration
	Product  string // User-Agent and Server; "Huawu" if empty
	Log      *slog.Logger

	// Flows, if set, are served besides.
	Flows Flows
	// PacketConn, if set, is used instead of a UDP socket of our own.
	PacketConn net.PacketConn
}

// Server is one SIP endpoint. Make it with New and end it with Close.
type Server struct {
	cfg    Config
	log    *slog.Logger
	at     netip.AddrPort // our address as peers see it
	parser *sip.Parser
	tp     *sip.TransportLayer
	tx     *sip.TransactionLayer
	udp    *gatekeeper
	tcp    net.Listener
	gate   *trunk.Gate
	health *trunk.Health
	secret []byte // of the tags of dialogs that peers begin

	draining    atomic.Bool
	registerSeq atomic.Uint32 // CSeq of our own registrations
	count       counts

	mu     sync.Mutex
	legs   map[string]*Leg    // by Call-ID and our tag
	merged map[string]string  // branch of each initial INVITE at work: RFC 3261 §8.2.2.2
	hosts  map[netip.Addr]int // of live dialogs: what they send is read
	closed bool

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// New opens the sockets and serves until Close.
func New(cfg Config) (*Server, error) {
	if cfg.Calls == nil || cfg.Trunks == nil || cfg.Media == nil {
		return nil, fault.New(fault.Invalid, "sipleg: Calls, Trunks and Media are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Refresh == 0 {
		cfg.Refresh = 30 * time.Minute
	}
	if cfg.NoAnswer == 0 {
		cfg.NoAnswer = 2 * time.Second
	}
	if cfg.Product == "" {
		cfg.Product = "Huawu"
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, parser: sip.NewParser(), secret: make([]byte, 32),
		gate: trunk.NewGate(time.Now), health: trunk.NewHealth(time.Now),
		legs: map[string]*Leg{}, merged: map[string]string{}, hosts: map[netip.Addr]int{},
	}
	rand.Read(s.secret)
	s.registerSeq.Store(uint32(time.Now().Unix() & 0x3fffffff)) // grows over restarts
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.open(); err != nil {
		s.cancel()
		return nil, err
	}
	s.background(s.sweep)
	return s, nil
}

// Addr is where the server listens, with the port it really has.
func (s *Server) Addr() netip.AddrPort { return addrPort(s.udp.LocalAddr()) }

// Contact is the address that peers use to reach the server.
func (s *Server) Contact() netip.AddrPort { return s.at }

// Drain refuses new calls from now on (503 with Retry-After) and tells who asks
// (OPTIONS) to go elsewhere. Calls that are up stay.
func (s *Server) Drain() { s.draining.Store(true) }

// Live is how many dialogs are up or being set up.
func (s *Server) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.legs)
}

// Close hangs up what is left, closes the sockets and waits for all work to end.
func (s *Server) Close() error {
	s.Drain()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	left := make([]*Leg, 0, len(s.legs))
	for _, l := range s.legs {
		left = append(left, l)
	}
	s.mu.Unlock()
	for _, l := range left {
		_ = l.Hangup("shutting down") // a leg that just ended needs none
	}
	s.waitGone(500 * time.Millisecond)
	s.cancel()
	err := s.udp.PacketConn.Close()
	if s.tcp != nil {
		err = errors.Join(err, s.tcp.Close())
	}
	if s.cfg.Flows != nil {
		err = errors.Join(err, s.cfg.Flows.Close())
	}
	s.tx.Close()
	err = errors.Join(err, ignoreClosed(s.tp.Close()))
	s.work.Wait()
	return err
}

// waitGone waits until no dialog is left, at most d.
func (s *Server) waitGone(d time.Duration) {
	late := time.NewTimer(d)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.Live() > 0 {
		select {
		case <-late.C:
			return
		case <-tick.C:
		}
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// background runs f until it returns; Close waits for it.
func (s *Server) background(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	s.work.Go(func() {
		defer s.recovered("background")
		f()
	})
}

// recovered ends a panic in the handling of one message or leg: one peer's
// message must not end other peers' calls.
func (s *Server) recovered(where string) {
	if r := recover(); r != nil {
		s.count.panics.Add(1)
		s.log.Error("sipleg: panic", "where", where, "panic", r)
	}
}

// sweep forgets what expired, every few seconds.
func (s *Server) sweep() {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			if s.cfg.Registrar != nil {
				s.cfg.Registrar.Sweep()
			}
			s.udp.sweep()
		}
	}
}
