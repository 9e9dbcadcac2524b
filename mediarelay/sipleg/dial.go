package sipleg

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/sipleg/guard"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// *Server is the relay's dialer for SIP.
var _ call.Dialer = (*Server)(nil)

// Dial begins a call out: to all phones of an agent at once, of which the first
// that answers has it, or to a trunk's addresses one after the other.
func (s *Server) Dial(ctx context.Context, to call.Target, tell call.Notify) (call.Leg, error) {
	headers, err := extraHeaders(to)
	if err != nil {
		return nil, err
	}
	l := &Leg{s: s, id: to.LegID, release: func() {}}
	if l.id == "" {
		l.id = newID()
	}
	l.events.tell = tell
	switch to.Kind {
	case call.ToAgent:
		err = s.dialPhones(l, to, headers)
	case call.ToTrunk:
		err = s.dialTrunk(l, to, headers)
	default:
		err = fault.New(fault.Invalid, "sipleg: target kind %q", to.Kind)
	}
	if err != nil {
		return nil, err
	}
	s.count.calls.Add(1)
	return l, nil
}

// dialPhones rings every phone that the user has registered.
func (s *Server) dialPhones(l *Leg, to call.Target, headers []sip.Header) error {
	if s.cfg.Registrar == nil {
		return fault.New(fault.NotFound, "sipleg: no registrar")
	}
	where := s.cfg.Registrar.Lookup(to.Tenant, to.URI)
	if len(where) == 0 {
		return fault.New(fault.NotFound, "sipleg: no phone registered")
	}
	l.isPhone = true
	if err := s.openPort(l, to.CallID, false); err != nil {
		return err
	}
	for _, b := range where {
		var uri sip.Uri
		if err := sip.ParseUri(b.Contact, &uri); err != nil || uri.Host == "" {
			continue // it was checked when it registered
		}
		a := s.newAttempt(l, to, uri, b.Source, strings.ToUpper(b.Transport), headers)
		a.viaFlow = true
		a.sdp = s.newSession(l.port, nil)
	}
	return s.launch(l, func() { l.ringAll() })
}

// Room reports whether a call out by the trunk that Dial takes for a tenant would
// be let out now. Where there is none, Dial is to say so.
func (s *Server) Room(tenant string) bool {
	tr, err := s.cfg.Trunks.Pick(tenant, "")
	return err != nil || s.gate.Room(tr)
}

// dialTrunk tries a trunk's addresses in order.
func (s *Server) dialTrunk(l *Leg, to call.Target, headers []sip.Header) error {
	tr, err := s.cfg.Trunks.Pick(to.Tenant, to.TrunkID)
	if err != nil {
		return err
	}
	user, err := escapeUser(to.URI)
	if err != nil {
		return err
	}
	if l.release, err = s.gate.Enter(tr); err != nil {
		return err
	}
	if err := s.openPort(l, to.CallID, false); err != nil {
		l.release()
		return err
	}
	to.CallerID = tr.CallerID(to.CallerID)
	return s.launch(l, func() { l.tryTrunk(tr, to, user, headers) })
}

// launch starts the work of a leg that has its audio.
func (s *Server) launch(l *Leg, f func()) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		l.port.Close()
		l.release()
		return fault.New(fault.Unavailable, "sipleg: shutting down")
	}
	s.background(f)
	return nil
}

// newAttempt prepares an INVITE and registers its dialog before it is sent.
func (s *Server) newAttempt(l *Leg, to call.Target, uri sip.Uri, at netip.AddrPort, transport string, headers []sip.Header) *attempt {
	a := &attempt{
		l: l, s: s, uri: uri, to: at, udp: transport, headers: headers, refresh: s.cfg.Refresh,
		callID: token(12) + "@" + s.at.Addr().String(), seq: firstSeq, stop: make(chan struct{}),
		from: s.shown(to),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
	if l.state != setup {
		a.cancel("ended") // before it began
		return a
	}
	s.keep(l, dialogKey(a.callID, a.from.tag), at.Addr())
	return a
}

// shown is From: the number to show, or nobody (RFC 3323).
func (s *Server) shown(to call.Target) party {
	p := party{name: guard.Text(to.CallerName), tag: token(10), uri: sip.Uri{Scheme: "sip", Host: s.at.Addr().String()}}
	user, err := escapeUser(to.CallerID)
	if err != nil {
		p.name, p.uri.User, p.uri.Host = "Anonymous", "anonymous", "anonymous.invalid"
		return p
	}
	p.uri.User = user
	return p
}

// ringAll runs a leg's attempts at once and fails it when all have failed.
func (l *Leg) ringAll() {
	l.mu.Lock()
	all := slices.Clone(l.attempts)
	l.mu.Unlock()
	results := make(chan outcome, len(all))
	for _, a := range all {
		l.s.background(func() { results <- a.run(0) })
	}
	worst := outcome{code: 480, reason: "no phone answered"}
	for range all {
		select {
		case o := <-results:
			if o.won {
				return
			}
			worst = weightier(worst, o)
		case <-l.s.ctx.Done():
			l.failed(outcome{code: 503, reason: "shutting down"})
			return
		}
	}
	l.failed(worst)
}

// weightier picks which failure of several forks is told: a refusal by a person
// says more than a phone that was not there (RFC 3261 §16.7).
func weightier(a, b outcome) outcome {
	rank := func(o outcome) int {
		switch {
		case o.code >= 600:
			return 3
		case o.code == 486 || o.code == 603:
			return 2
		case o.code == 480 || o.code == 408 || o.code == 503:
			return 0
		}
		return 1
	}
	if rank(b) > rank(a) || a.code == 480 && rank(b) == rank(a) {
		return b
	}
	return a
}

// tryTrunk sends the call to a trunk's addresses until one takes it.
func (l *Leg) tryTrunk(tr trunk.Trunk, to call.Target, user string, headers []sip.Header) {
	s := l.s
	last := outcome{code: 503, reason: "no address"}
	transport := strings.ToUpper(tr.Transport)
	if transport == "" {
		transport = "UDP"
	}
	var hops []hop
	for _, addr := range s.health.Order(tr.Addresses()) {
		found, err := s.resolve(s.ctx, addr, transport)
		if err != nil {
			s.log.Warn("sipleg: trunk address not found", "trunk", tr.ID, "error", err)
			s.health.Failed(addr)
			continue
		}
		hops = append(hops, found...)
	}
	for i, h := range hops {
		uri := sip.Uri{Scheme: "sip", User: user, Host: h.host, Port: int(h.port)}
		a := s.newAttempt(l, to, uri, h.at, transport, s.identified(to, headers))
		a.sdp = s.newSession(l.port, tr.Codecs)
		a.creds = credentials{tr.Username, tr.Password, tr.Realm}
		patience := s.cfg.NoAnswer
		if i == len(hops)-1 {
			patience = 0 // nothing else is left: the transaction's own 32 s
		}
		o := a.run(patience)
		if !o.silent {
			s.health.Worked(h.name)
		}
		if o.won || l.gone() {
			return
		}
		if last = o; !o.silent {
			break // the carrier has said no
		}
		s.health.Failed(h.name)
		s.log.Warn("sipleg: trunk address failed", "trunk", tr.ID, "to", h.at, "status", o.code)
	}
	l.failed(last)
}

// identified adds who calls for carriers that look there (RFC 3325).
func (s *Server) identified(to call.Target, headers []sip.Header) []sip.Header {
	user, err := escapeUser(to.CallerID)
	if err != nil {
		return append(slices.Clone(headers), sip.NewHeader("Privacy", "id"))
	}
	return append(slices.Clone(headers), sip.NewHeader("P-Asserted-Identity", "<sip:"+user+"@"+s.at.Addr().String()+">"))
}

func (l *Leg) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state != setup
}

func (l *Leg) failed(o outcome) {
	l.mu.Lock()
	defer l.unlock()
	if l.state == setup {
		l.finish(call.Failed, o.code, o.reason)
	}
}

// ringing passes an 18x of an attempt on: the first, and the first with audio.
// Early audio is heard only if there is one attempt, else they would mix.
func (l *Leg) ringing(a *attempt, res *sip.Response) {
	l.mu.Lock()
	defer l.unlock()
	if l.state != setup || l.early {
		return
	}
	early := false
	if len(res.Body()) > 0 && len(l.attempts) == 1 {
		l.d.flow, l.sdp = a.to, a.sdp
		early = l.acceptIn(res) == nil
	}
	if l.rang && !early {
		return
	}
	l.rang, l.early = true, early
	l.events.add(call.LegEvent{LegID: l.id, Kind: call.Ringing, Early: early})
}

// extraHeaders are a target's own headers and those of an automatic answer.
func extraHeaders(to call.Target) ([]sip.Header, error) {
	var hs []sip.Header
	names := make([]string, 0, len(to.Headers))
	for name := range to.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		lower := strings.ToLower(name)
		if lower != "user-to-user" && lower != "diversion" && !strings.HasPrefix(lower, "x-") || strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			return nil, fault.New(fault.Invalid, "sipleg: header not allowed")
		}
		v := to.Headers[name]
		if len(v) > 512 || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fault.New(fault.Invalid, "sipleg: header value not allowed")
		}
		hs = append(hs, sip.NewHeader(name, v))
	}
	if to.AutoAnswer {
		hs = append(hs, sip.NewHeader("Call-Info", "<sip:huawu>;answer-after=0"), sip.NewHeader("Alert-Info", "info=alert-autoanswer"))
	}
	return hs, nil
}

// escapeUser writes a number or SIP user as the user part of a URI.
func escapeUser(s string) (string, error) {
	if s == "" || len(s) > 64 {
		return "", fault.New(fault.Invalid, "sipleg: no number")
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("+*-_.!~'()", c) >= 0:
			b.WriteByte(c)
		case c == '#':
			b.WriteString("%23")
		default:
			return "", fault.New(fault.Invalid, "sipleg: a number holds what cannot be dialled")
		}
	}
	return b.String(), nil
}
