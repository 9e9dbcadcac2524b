package webleg

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"

	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg"
	"huawu/mediarelay/sipleg/offer"
	"huawu/shared/fault"
)

const (
	setupWait  = 15 * time.Second // for ICE and DTLS, once both sides know each other
	quietAfter = 4 * time.Second  // without any packet the browser counts as gone
	lookEvery  = time.Second      // how often that is looked at
)

// audioEvent is what an audio tells its leg.
type audioEvent uint8

const (
	audioUp     audioEvent = iota + 1 // keys are there, or packets come again
	audioQuiet                        // no packet came for a while
	audioGone                         // the browser has closed it
	audioFailed                       // it never came up: no ICE, or not the browser that was promised
)

// audio is one browser connection of a leg: ICE, DTLS and the keys of SRTP. A
// reloaded page gets a new one; the leg's media port stays. It is the
// sipleg.Negotiator of one dialog.
type audio struct {
	s   *Server
	leg *Leg
	n   *negotiation

	mu         sync.Mutex
	agent      *ice.Agent
	ufrag, pwd string
	peer       *described // whom we met; nil: nobody yet
	closed     bool
	agreed     chan struct{} // closed when both sides know each other
	once       sync.Once
	stop       context.CancelFunc
	ctx        context.Context

	conn *ice.Conn // set before keys
	keys atomic.Pointer[keys]
	pipe *pipe
}

func (s *Server) newAudio(l *Leg) (*audio, error) {
	a := &audio{s: s, leg: l, agreed: make(chan struct{}), pipe: newPipe()}
	a.ctx, a.stop = context.WithCancel(s.ctx)
	a.n = newNegotiation(a, s.at, s.print, s.cfg.Laws)
	a.ufrag, a.pwd = secret(6), secret(24)
	network := ice.NetworkTypeUDP4
	if s.bound.Addr().Is6() {
		network = ice.NetworkTypeUDP6
	}
	var err error
	a.agent, err = ice.NewAgentWithOptions(
		ice.WithICELite(true), ice.WithUDPMux(s.mux), ice.WithLocalCredentials(a.ufrag, a.pwd),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}), ice.WithNetworkTypes([]ice.NetworkType{network}),
		ice.WithIncludeLoopback(), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithLoggerFactory(quiet()),
		ice.WithDisconnectedTimeout(quietAfter), ice.WithFailedTimeout(0), ice.WithKeepaliveInterval(lookEvery),
	)
	if err == nil {
		err = a.agent.OnCandidate(func(ice.Candidate) {}) // there is one, and the description names it
	}
	if err == nil {
		err = a.agent.OnConnectionStateChange(a.onState)
	}
	if err == nil {
		err = a.agent.GatherCandidates()
	}
	if err != nil {
		a.stop()
		return nil, fault.Wrap(fault.Unavailable, err, "webleg: begin ICE")
	}
	return a, nil
}

// secret is a random ICE name or password of n bytes.
func secret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawStdEncoding.EncodeToString(b) // all of ICE's characters are base64's
}

// Local is where the browser finds us.
func (a *audio) Local() netip.AddrPort { return a.s.at }

// Session is the dialog's offer and answer.
func (a *audio) Session() sipleg.Session { return a.n }

// SetRemote takes what offer and answer agreed; from now on ICE is waited for.
func (a *audio) SetRemote(r media.Remote) {
	a.once.Do(func() { close(a.agreed) })
	a.leg.setRemote(a, r)
}

// Close ends the connection; the browser is told by DTLS if there was any.
func (a *audio) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.closed = true
	a.stop() // run, if there is one, closes what is open
	if a.conn == nil {
		agent := a.agent
		a.s.background(func() { _ = agent.Close() })
	}
	a.leg.audioClosed(a)
}

// credentials are our side's, as ICE uses them now.
func (a *audio) credentials() (ufrag, pwd string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ufrag, a.pwd
}

// meet takes the browser's side of a description: the first begins the
// connection, a later one may only restart ICE. client says that DTLS begins
// with us.
func (a *audio) meet(d *described, client bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return fault.New(fault.Gone, "webleg: audio is closed")
	}
	if p := a.peer; p != nil {
		if p.hash != d.hash || !bytes.Equal(p.print, d.print) {
			return offer.ErrNothing // another browser: that needs another call
		}
		if p.ufrag == d.ufrag && p.pwd == d.pwd {
			return nil
		}
		if err := a.restart(d); err != nil {
			return err
		}
		a.peer = d
		return nil
	}
	conn, err := a.agent.StartAccept(d.ufrag, d.pwd)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "webleg: begin ICE")
	}
	a.conn, a.peer = conn, d
	a.s.background(func() { a.run(conn, d, client) })
	a.s.background(func() { a.read(conn) })
	return nil
}

// restart begins ICE anew with new names; DTLS and keys stay (RFC 8445 §9).
func (a *audio) restart(d *described) error {
	a.ufrag, a.pwd = secret(6), secret(24)
	err := a.agent.Restart(a.ufrag, a.pwd)
	if err == nil {
		err = a.agent.SetRemoteCredentials(d.ufrag, d.pwd)
	}
	if err == nil {
		err = a.agent.GatherCandidates()
	}
	return fault.Wrap(fault.Unavailable, err, "webleg: restart ICE")
}

// onState follows ICE: a browser that falls silent may come back.
func (a *audio) onState(s ice.ConnectionState) {
	if a.keys.Load() == nil {
		return // run says what becomes of it
	}
	switch s {
	case ice.ConnectionStateConnected:
		a.tell(audioUp)
	case ice.ConnectionStateDisconnected:
		a.tell(audioQuiet)
	}
}

func (a *audio) tell(e audioEvent) {
	if a.ctx.Err() == nil {
		a.leg.onAudio(a, e)
	}
}

// run brings the connection up and waits for its end.
func (a *audio) run(conn *ice.Conn, d *described, client bool) {
	defer func() { _ = conn.Close() }()
	defer a.stop()
	defer a.pipe.close()
	select {
	case <-a.agreed:
	case <-a.ctx.Done():
		return
	}
	secure, err := a.shake(conn, d, client)
	if err != nil {
		if a.ctx.Err() == nil {
			a.s.count.failed.Add(1)
			a.s.log.Warn("webleg: audio did not come up", "leg", a.leg.id, "error", err)
		}
		a.tell(audioFailed)
		return
	}
	a.s.count.up.Add(1)
	a.s.log.Debug("webleg: audio is up", "leg", a.leg.id, "profile", a.keys.Load().profile.String())
	a.tell(audioUp)
	done := make(chan struct{})
	a.s.background(func() {
		defer close(done)
		var b [1500]byte
		for { // data is not agreed; the end of DTLS is what is waited for
			if _, err := secure.Read(b[:]); err != nil {
				return
			}
		}
	})
	select {
	case <-done:
		a.tell(audioGone)
	case <-a.ctx.Done():
	}
	_ = secure.Close() // tells the browser
	<-done
}

// shake waits for ICE, does the DTLS handshake and makes the keys.
func (a *audio) shake(conn *ice.Conn, d *described, client bool) (*dtls.Conn, error) {
	ctx, cancel := context.WithTimeout(a.ctx, setupWait)
	defer cancel()
	if err := a.agent.AwaitConnect(ctx); err != nil {
		return nil, fault.Wrap(fault.Timeout, err, "webleg: ICE")
	}
	a.pipe.to = conn
	secure, err := a.s.secure(a.pipe, d, client)
	if err == nil {
		err = secure.HandshakeContext(ctx)
	}
	if err != nil {
		if secure != nil {
			_ = secure.Close()
		}
		return nil, fault.Wrap(fault.Forbidden, err, "webleg: DTLS")
	}
	k, err := newKeys(secure, client)
	if err != nil {
		_ = secure.Close()
		return nil, err
	}
	a.keys.Store(k)
	return secure, nil
}

// read tells the packets of a connection apart by their first byte (RFC 7983),
// until it closes.
func (a *audio) read(conn *ice.Conn) {
	var b [2048]byte
	for {
		n, err := conn.Read(b[:])
		switch {
		case err != nil:
			return
		case n == 0:
		case b[0] >= 20 && b[0] <= 63:
			a.pipe.put(b[:n])
		case b[0] >= 128 && b[0] <= 191:
			a.receive(b[:n])
		}
	}
}

// receive decrypts a packet and gives it to the port. Whatever is not the
// browser's is counted and forgotten.
func (a *audio) receive(b []byte) {
	k := a.keys.Load()
	if k == nil {
		a.s.count.early.Add(1)
		return
	}
	plain, err := k.open(b)
	if err != nil {
		a.s.count.forged.Add(1)
		return
	}
	a.leg.link.Put(plain)
}

// send encrypts a packet and sends it. buf is room for it. Only the writer calls it.
func (a *audio) send(b, buf []byte) {
	k := a.keys.Load()
	if k == nil {
		return // nobody could read it
	}
	sealed, err := k.seal(buf, b)
	if err == nil {
		_, err = a.conn.Write(sealed)
	}
	if err != nil {
		a.s.count.unsent.Add(1)
	}
}
