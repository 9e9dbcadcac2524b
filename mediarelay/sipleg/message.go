package sipleg

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/sipleg/guard"
	"huawu/shared/fault"
)

const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REGISTER"

// status is the one place where errors become SIP.
var status = map[fault.Kind]int{
	fault.Invalid: 400, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 488, fault.Gone: 410,
	fault.Throttled: 503, fault.Timeout: 504, fault.Unavailable: 503, fault.Internal: 500,
}

// reasons are the phrases of the statuses we send.
var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 410: "Gone", 415: "Unsupported Media Type",
	420: "Bad Extension", 422: "Session Interval Too Small", 423: "Interval Too Brief", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Merged Request", 483: "Too Many Hops", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
	500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out", 603: "Decline",
}

// retryAfter is what a caller is told who came while there is no room.
const retryAfter = "5"

// token returns n random bytes in hex.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// response writes a response; a reason phrase "" is the usual one.
func (s *Server) response(req *sip.Request, code int, reason string, headers ...sip.Header) *sip.Response {
	if reason == "" {
		reason = reasons[code]
	}
	res := sip.NewResponseFromRequest(req, code, guard.Text(reason), nil)
	res.AppendHeader(sip.NewHeader("Server", s.cfg.Product))
	for _, h := range headers {
		res.AppendHeader(h)
	}
	return res
}

// answer sends a final response and logs if it cannot.
func (s *Server) answer(req *sip.Request, tx *sip.ServerTx, code int, reason string, headers ...sip.Header) {
	if err := s.respond(tx, s.response(req, code, reason, headers...)); err != nil {
		s.log.Debug("sipleg: response not sent", "method", req.Method, "status", code, "error", err)
	}
}

// via is the topmost Via of a request of ours.
func (s *Server) via(transport string) *sip.ViaHeader {
	v := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: s.wireName(transport), Host: s.at.Addr().String(), Port: int(s.at.Port())}
	v.Params.Add("branch", sip.RFC3261BranchMagicCookie+token(10))
	v.Params.Add("rport", "")
	return v
}

// dress gives a request what every one of ours has.
func (s *Server) dress(req *sip.Request, contact string) {
	hops := sip.MaxForwardsHeader(70)
	req.PrependHeader(s.via(req.Transport()), &hops)
	if contact != "" {
		req.AppendHeader(s.contact(contact, req.Transport()))
	}
	req.AppendHeader(sip.NewHeader("User-Agent", s.cfg.Product))
}

// contact is where the peer of a leg reaches us.
func (s *Server) contact(user, transport string) *sip.ContactHeader {
	c := &sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: user, Host: s.at.Addr().String(), Port: int(s.at.Port())}}
	if transport == "TCP" {
		c.Address.UriParams.Add("transport", strings.ToLower(s.wireName(transport)))
	}
	return c
}

// withSDP puts a description into a message.
func withSDP(m sip.Message, sdp []byte) {
	ct := sip.ContentTypeHeader("application/sdp")
	m.AppendHeader(&ct)
	m.SetBody(sdp)
}

// value returns a header's value, "" if it is absent.
func value(m interface{ GetHeader(string) sip.Header }, name string) string {
	if h := m.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// lists reports whether a comma-separated header holds a word.
func lists(m interface{ GetHeaders(string) []sip.Header }, name, word string) bool {
	for _, h := range m.GetHeaders(name) {
		for w := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(w), word) {
				return true
			}
		}
	}
	return false
}

// source is where a request came from.
func source(m interface{ Source() string }) netip.AddrPort {
	at, _ := netip.ParseAddrPort(m.Source())
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// reasonOf reads the Reason header (RFC 3326) for the log: protocol, cause and
// text, cut and cleaned.
func reasonOf(m interface{ GetHeader(string) sip.Header }) string {
	return guard.Text(value(m, "Reason"))
}

// reasonHeader writes a Reason header.
func reasonHeader(code int, text string) sip.Header {
	v := "SIP"
	if code > 0 {
		v += ";cause=" + strconv.Itoa(code)
	}
	if text = guard.Text(text); text != "" {
		v += `;text="` + text + `"`
	}
	return sip.NewHeader("Reason", v)
}
