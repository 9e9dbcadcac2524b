package sipleg

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/sipleg/guard"
)

// onRequest handles every request that is not a repeated one. sipgo runs it in a
// goroutine of its own; a request for a dialog that is up is that leg's, whatever
// its method, and only others can begin something.
func (s *Server) onRequest(req *sip.Request, tx *sip.ServerTx) {
	defer s.recovered("request")
	if req.Method == sip.ACK { // sipgo makes a transaction of it, which nothing would end
		tx.Terminate()
		s.onAck(req)
		return
	}
	if req.Transport() != "UDP" { // datagrams were checked when they came in
		if r := guard.Request(req); r != nil {
			s.count.malformed.Add(1)
			s.log.Warn("sipleg: message refused", "from", source(req), "status", r.Code, "why", r.Reason)
			headers := make([]sip.Header, len(r.Headers))
			for i, h := range r.Headers {
				headers[i] = sip.NewHeader(h.Name, h.Value)
			}
			s.answer(req, tx, r.Code, r.Reason, headers...)
			return
		}
	}
	tag := req.To().Params.GetOr("tag", "")
	if leg := s.find(req.CallID().Value(), tag); leg != nil {
		leg.onRequest(req, tx)
		return
	}
	if tag != s.tag(req) { // the peer thinks there is a dialog
		s.answer(req, tx, 481, "")
		return
	}
	s.onOutside(req, tx)
}

// onOutside handles a request outside of any dialog.
func (s *Server) onOutside(req *sip.Request, tx *sip.ServerTx) {
	if m := req.MaxForwards(); m != nil && m.Val() == 0 && !(req.Method == sip.OPTIONS && s.ours(req.Recipient.Host)) {
		s.answer(req, tx, 483, "")
		return
	}
	switch req.Method {
	case sip.INVITE:
		s.onInvite(req, tx)
	case sip.OPTIONS:
		s.onOptions(req, tx)
	case sip.REGISTER:
		s.onRegister(req, tx)
	case sip.CANCEL, sip.BYE, sip.UPDATE, sip.INFO, sip.PRACK, sip.NOTIFY:
		s.answer(req, tx, 481, "")
	case sip.SUBSCRIBE:
		s.answer(req, tx, 489, "")
	case sip.REFER:
		s.answer(req, tx, 403, "Transfers are made at the desk")
	case sip.MESSAGE, sip.PUBLISH:
		s.answer(req, tx, 405, "", sip.NewHeader("Allow", allow))
	default:
		s.answer(req, tx, 501, "", sip.NewHeader("Allow", allow))
	}
}

// onOptions says whether we take calls; carriers ask to learn who is alive.
func (s *Server) onOptions(req *sip.Request, tx *sip.ServerTx) {
	if s.draining.Load() {
		s.answer(req, tx, 503, "Draining", sip.NewHeader("Retry-After", retryAfter))
		return
	}
	s.answer(req, tx, 200, "", s.abilities()...)
}

// abilities are the headers that say what we understand.
func (s *Server) abilities() []sip.Header {
	return []sip.Header{
		sip.NewHeader("Allow", allow),
		sip.NewHeader("Accept", "application/sdp"),
		sip.NewHeader("Supported", strings.Join(guard.Supported, ", ")),
	}
}

// ours reports whether a host name or address is this server's.
func (s *Server) ours(host string) bool {
	host = strings.Trim(host, "[]")
	return host == s.at.Addr().String() || host == s.Addr().Addr().String() ||
		slices.ContainsFunc(s.cfg.Domains, func(d string) bool { return strings.EqualFold(d, host) })
}

// find returns the leg of a dialog, or nil.
func (s *Server) find(callID, localTag string) *Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[dialogKey(callID, localTag)]
}

// onAck finds the leg whose INVITE was answered.
func (s *Server) onAck(req *sip.Request) {
	if req.To() == nil || req.CallID() == nil || req.CSeq() == nil || req.From() == nil {
		return
	}
	if leg := s.find(req.CallID().Value(), req.To().Params.GetOr("tag", "")); leg != nil {
		leg.onAck(req)
	}
}
