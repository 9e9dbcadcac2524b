package sipleg

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg/offer"
	"huawu/mediarelay/trunk"
	"huawu/shared/fault"
)

// refusal is an error that knows its SIP status.
type refusal struct {
	code    int
	reason  string
	headers []sip.Header
	cause   error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return r.cause.Error()
	}
	return r.reason
}

func (r *refusal) Unwrap() error { return r.cause }

// refusalOf maps an error to what SIP answers.
func refusalOf(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	r = &refusal{code: status[fault.KindOf(err)], cause: err}
	switch {
	case errors.Is(err, offer.ErrType):
		r.code, r.headers = 415, []sip.Header{sip.NewHeader("Accept", "application/sdp")}
	case errors.Is(err, offer.ErrMalformed):
		r.code, r.reason = 400, "Malformed SDP"
	case r.code == 503:
		r.headers = []sip.Header{sip.NewHeader("Retry-After", retryAfter)}
	}
	return r
}

// onInvite makes a new dialog a leg and hands it to a call, or refuses it. It
// decides nothing about the call. RFC 3261 §8.2 (checks), §13.3 (INVITE).
func (s *Server) onInvite(req *sip.Request, tx *sip.ServerTx) {
	err := s.accept(req, tx)
	if err == nil {
		return
	}
	r := refusalOf(err)
	s.count.refused.Add(1)
	s.log.Warn("sipleg: call refused", "from", source(req), "status", r.code, "error", err)
	s.answer(req, tx, r.code, r.reason, r.headers...)
}

// accept turns an INVITE into a leg of a new call.
func (s *Server) accept(req *sip.Request, tx *sip.ServerTx) error {
	if s.draining.Load() {
		return &refusal{code: 503, reason: "Draining", headers: []sip.Header{sip.NewHeader("Retry-After", retryAfter)}}
	}
	tr, err := s.caller(req)
	if err != nil {
		return err
	}
	sdp, err := s.bodyOf(req)
	if err != nil {
		return err
	}
	if err := tooShort(req); err != nil {
		return err
	}
	leave, err := s.gate.Enter(tr)
	if err != nil {
		return err
	}
	l, in, err := s.newInbound(req, tx, tr, sdp, leave)
	if err != nil {
		leave()
		return err
	}
	s.count.calls.Add(1)
	_ = s.respond(tx, s.response(req, 100, "")) // the peer stops repeating itself
	if !tx.OnCancel(func(c *sip.Request) { s.background(func() { l.cancelled(c) }) }) {
		l.cancelled(nil)
		return nil
	}
	tell, err := s.cfg.Calls.Start(in)
	if err != nil {
		l.mu.Lock()
		defer l.unlock()
		l.finish(call.Ended, 0, "refused")
		return err
	}
	l.events.attach(tell)
	return nil
}

// caller returns the trunk that an INVITE comes from.
func (s *Server) caller(req *sip.Request) (trunk.Trunk, error) {
	from := source(req)
	tr, err := s.cfg.Trunks.Match(from.Addr())
	if err == nil {
		return tr, nil
	}
	if s.cfg.Registrar != nil && s.cfg.Registrar.Known(from.Addr()) {
		return tr, &refusal{code: 403, reason: "Calls are dialled at the desk", cause: fault.New(fault.Forbidden, "sipleg: a phone dialled")}
	}
	return tr, &refusal{code: 403, reason: "Unknown Trunk", cause: err}
}

// bodyOf returns the SDP of a request, nil if it has none.
func (s *Server) bodyOf(req *sip.Request) ([]byte, error) {
	if enc := value(req, "content-encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, &refusal{code: 415, headers: []sip.Header{sip.NewHeader("Accept-Encoding", "identity")}, cause: offer.ErrType}
	}
	if accepts := req.GetHeaders("accept"); len(accepts) > 0 && !acceptsSDP(accepts) {
		return nil, &refusal{code: 406, cause: fault.New(fault.Invalid, "sipleg: peer takes no SDP")}
	}
	kind := ""
	if h := req.ContentType(); h != nil {
		kind = h.Value()
	}
	return offer.Find(kind, req.Body())
}

func acceptsSDP(hs []sip.Header) bool {
	for _, h := range hs {
		for kind := range strings.SplitSeq(h.Value(), ",") {
			kind, _, _ = strings.Cut(kind, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/sdp", "application/*", "*/*":
				return true
			}
		}
	}
	return false
}

// newInbound opens the audio, answers the offer in advance, so that a hopeless
// one is refused at once, and registers the dialog.
func (s *Server) newInbound(req *sip.Request, tx *sip.ServerTx, tr trunk.Trunk, sdp []byte, leave func()) (*Leg, call.Inbound, error) {
	in := call.Inbound{ID: newID(), Tenant: tr.Tenant, TrunkID: tr.ID, From: callerOf(req), To: dialledOf(req)}
	d, err := serverDialog(req, source(req), false)
	if err != nil {
		return nil, in, err
	}
	l := &Leg{s: s, id: newID(), inbound: true, release: leave, d: d, invite: req, tx: tx, headers: visible(req)}
	l.updates = lists(req, "allow", "UPDATE")
	if err := s.openPort(l, in.ID, s.cfg.SharedPorts && shareable(sdp, d.flow.Addr())); err != nil {
		return nil, in, err
	}
	l.sdp = s.newSession(l.port, tr.Codecs)
	if sdp != nil {
		if l.ready, l.agreed, err = l.sdp.Answer(sdp); err != nil {
			l.port.Close()
			return nil, in, err
		}
	}
	if err := s.admitOnce(l, req); err != nil {
		l.port.Close()
		return nil, in, err
	}
	in.Leg = l
	return l, in, nil
}

// admitOnce registers a new dialog, and refuses an INVITE that came by two ways
// (RFC 3261 §8.2.2.2).
func (s *Server) admitOnce(l *Leg, req *sip.Request) error {
	branch := req.Via().Params.GetOr("branch", "")
	key := l.d.callID + "\x00" + l.d.remote.tag + "\x00" + req.CSeq().Value()
	s.mu.Lock()
	if other, ok := s.merged[key]; ok && other != branch {
		s.mu.Unlock()
		return &refusal{code: 482, cause: fault.New(fault.Conflict, "sipleg: the same INVITE by another way")}
	}
	s.merged[key] = branch
	l.merge = key
	s.mu.Unlock()
	if !s.keep(l, dialogKey(l.d.callID, l.d.local.tag), l.d.flow.Addr(), l.d.nextHop().Addr()) {
		s.forget(l)
		return &refusal{code: 503, cause: fault.New(fault.Unavailable, "sipleg: closing, or the dialog exists")}
	}
	return nil
}

// openPort opens a leg's audio.
func (s *Server) openPort(l *Leg, callID string, shared bool) error {
	p, err := s.cfg.Media.Open(media.PortOptions{CallID: callID, Shared: shared, Events: l.onMedia})
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "sipleg: open audio")
	}
	l.port = p
	return nil
}

// newSession begins offer and answer for a port, with the address that peers use.
func (s *Server) newSession(p Port, codecs []string) Session {
	if n, ok := p.(Negotiator); ok {
		return n.Session()
	}
	at := p.Local()
	if s.cfg.Advertise.IsValid() || at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(s.at.Addr(), at.Port())
	}
	var laws []media.Law
	for _, c := range codecs {
		laws = append(laws, map[string]media.Law{"PCMU": media.PCMU, "PCMA": media.PCMA}[c])
	}
	return offer.NewSession(at, laws, sessionID())
}

// shareable reports whether an offer names a public address of the peer itself,
// so that its packets can be told by their source.
func shareable(sdp []byte, from netip.Addr) bool {
	at, ok := offer.Where(sdp)
	return ok && !hidden(at.Addr(), from)
}

// callerOf is who calls: the identity that the carrier vouches for (RFC 3325),
// else From; "" if withheld.
func callerOf(req *sip.Request) string {
	if lists(req, "privacy", "id") {
		return ""
	}
	if v := value(req, "P-Asserted-Identity"); v != "" {
		var u sip.Uri
		var p sip.HeaderParams
		if i := strings.IndexByte(v, '>'); i >= 0 {
			v = v[:i+1] // the first of several
		}
		if _, err := sip.ParseAddressValue(v, &u, &p); err == nil {
			if n := userOf(u); n != "" {
				return n
			}
		}
	}
	n := userOf(req.From().Address)
	if strings.EqualFold(n, "anonymous") || strings.EqualFold(n, "unknown") {
		return ""
	}
	return n
}

// dialledOf is whom the caller wants: the Request-URI's user, else To's.
func dialledOf(req *sip.Request) string {
	if n := userOf(req.Recipient); n != "" {
		return n
	}
	return userOf(req.To().Address)
}

// userOf returns the user of a SIP URI or the number of a tel URI.
func userOf(u sip.Uri) string {
	user := u.User
	if strings.EqualFold(u.Scheme, "tel") {
		user = u.Raw()
	}
	user, _, _ = strings.Cut(user, ";")
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	if len(user) > 64 || strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return user
}

// visible are the headers of an INVITE that functions may see, a bounded number.
func visible(m interface{ Headers() []sip.Header }) map[string]string {
	const most, longest = 20, 512
	seen := map[string]string{}
	for _, h := range m.Headers() {
		name := h.Name()
		lower := strings.ToLower(name)
		if lower != "user-to-user" && lower != "diversion" && !strings.HasPrefix(lower, "x-") {
			continue
		}
		if len(seen) < most && len(h.Value()) <= longest {
			seen[name] = strings.ToValidUTF8(h.Value(), "")
		}
	}
	return seen
}

// newID returns a time-ordered UUID; it fails only if the system has no randomness.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
