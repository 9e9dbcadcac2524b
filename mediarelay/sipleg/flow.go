package sipleg

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/sipleg/guard"
	"huawu/mediarelay/sipleg/offer"
	"huawu/shared/fault"
)

// Flows are connections that somebody else opened and knows the user of, such
// as the WebSockets of browsers (RFC 7118, RFC 5626). Accept returns a
// connection whose remote address is the flow's name, made by FlowName. A
// server with flows sends a dialog's requests to its flow and nowhere else,
// whatever Contact and Record-Route say.
type Flows interface {
	net.Listener
	// Register is asked about each REGISTER that comes by a flow. It returns the
	// status to answer, and how long the registration lasts.
	Register(FlowRegistration) (code int, lasts time.Duration)
}

// FlowRegistration is a REGISTER that came by a flow.
type FlowRegistration struct {
	Flow    netip.AddrPort
	User    string        // of the address of record
	CallID  string        // stays the same as long as the user agent lives
	Contact string        // URI to be called; "" if the user agent only asks
	Expires time.Duration // 0: it leaves
}

// FlowName is the name of the n-th flow: an address that no packet can have as
// its source and no connection as its target.
func FlowName(n uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, byte(n >> 16), byte(n >> 8), byte(n)}), 1+uint16(n>>24))
}

// isFlow reports whether an address is the name of a flow.
func isFlow(at netip.AddrPort) bool { return at.Addr().IsMulticast() }

// Session is one leg's side of offer and answer; *offer.Session is one.
type Session interface {
	Answer(offer []byte) ([]byte, offer.Agreed, error)
	Offer() []byte
	Accept(answer []byte) (offer.Agreed, error)
	Again() []byte
	Hold(on bool)
}

// Negotiator is a Port that does its own offer and answer: one whose audio is
// encrypted with keys that only it knows.
type Negotiator interface {
	Port
	Session() Session
}

// FlowTarget is whom DialFlow calls.
type FlowTarget struct {
	call.Target
	Flow    netip.AddrPort
	Contact string // as registered
	Audio   Negotiator
}

// DialFlow calls the user agent at the other end of a flow.
func (s *Server) DialFlow(_ context.Context, to FlowTarget, tell call.Notify) (*Leg, error) {
	headers, err := extraHeaders(to.Target)
	if err != nil {
		return nil, err
	}
	var uri sip.Uri
	if err := sip.ParseUri(to.Contact, &uri); err != nil || uri.Host == "" || !isFlow(to.Flow) {
		return nil, fault.New(fault.Invalid, "sipleg: contact or flow is none")
	}
	l := &Leg{s: s, id: to.LegID, release: func() {}, port: to.Audio}
	l.events.tell = tell
	a := s.newAttempt(l, to.Target, uri, to.Flow, "TCP", headers)
	a.viaFlow, a.sdp = true, to.Audio.Session()
	if err := s.launch(l, func() { l.ringAll() }); err != nil {
		return nil, err
	}
	s.count.calls.Add(1)
	return l, nil
}

// Flow is where the peer's messages come from.
func (l *Leg) Flow() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.d.flow
}

// Move sends the dialog's requests to another flow of the same user agent.
func (l *Leg) Move(flow netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == up && isFlow(flow) {
		l.d.flow = flow
		l.s.keep(l, dialogKey(l.d.callID, l.d.local.tag), flow.Addr())
	}
}

// Drop ends a leg whose user agent is gone for certain: nothing is sent.
func (l *Leg) Drop(reason string) {
	l.mu.Lock()
	defer l.unlock()
	for _, a := range l.attempts {
		a.cancel(reason)
	}
	l.finish(call.Ended, 0, reason)
}

// Hear takes a digit that came as RTP and reports whether it is new: some
// browsers send INFO besides (RFC 6086).
func (l *Leg) Hear(digit byte, at time.Time) bool { return l.digits.first(byRTP, digit, at) }

// Inspect looks at a message before it goes into a flow's connection: it may
// pass, be answered at once, or be neither SIP nor worth an answer.
func (s *Server) Inspect(data []byte) (pass bool, reply []byte) {
	o := guard.Inspect(s.parser, data)
	if !o.Pass {
		s.count.malformed.Add(1)
	}
	return o.Pass, o.Reply
}

// serveFlows reads the connections until Close closes the listener.
func (s *Server) serveFlows() {
	if s.cfg.Flows != nil {
		s.background(func() { _ = s.tp.ServeTCP(s.cfg.Flows) })
	}
}

// wireName is a transport as Via and Contact name it. sipgo carries flows like
// TCP connections; their other ends are WebSockets.
func (s *Server) wireName(transport string) string {
	if s.cfg.Flows != nil && transport == "TCP" {
		return "WS"
	}
	return transport
}

// onFlowRegister answers a REGISTER that came by a flow.
func (s *Server) onFlowRegister(req *sip.Request, tx *sip.ServerTx) {
	q, ok := registration(req)
	if !ok || len(q.Contacts) > 1 {
		s.answer(req, tx, 400, "Bad Contact")
		return
	}
	r := FlowRegistration{Flow: q.Source, User: q.User, CallID: q.CallID, Expires: longestFlow}
	wanted := q.Expires
	if len(q.Contacts) == 1 {
		r.Contact = q.Contacts[0].URI
		if n := q.Contacts[0].Expires; n >= 0 {
			wanted = n
		}
	}
	if wanted >= 0 {
		r.Expires = min(r.Expires, time.Duration(wanted)*time.Second)
	}
	code, lasts := s.cfg.Flows.Register(r)
	if code != 200 || lasts == 0 || r.Contact == "" {
		s.answer(req, tx, code, "")
		return
	}
	c := req.Contact().Clone()
	c.Params.Remove("expires")
	c.Params.Add("expires", strconv.Itoa(int(lasts/time.Second)))
	s.answer(req, tx, 200, "", sip.NewHeader("Contact", strings.TrimSpace(c.Value())))
}

// longestFlow is how long a registration by a flow lasts at most. It ends with
// the flow in any case.
const longestFlow = 10 * time.Minute
