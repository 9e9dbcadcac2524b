package sipleg

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/registrar"
)

// onRegister lets a phone register (RFC 3261 §10.3).
func (s *Server) onRegister(req *sip.Request, tx *sip.ServerTx) {
	if s.cfg.Flows != nil && isFlow(source(req)) {
		s.onFlowRegister(req, tx)
		return
	}
	if s.cfg.Registrar == nil {
		s.answer(req, tx, 405, "", sip.NewHeader("Allow", allow))
		return
	}
	to := req.To().Address
	if scheme := strings.ToLower(to.Scheme); scheme != "sip" && scheme != "sips" || userOf(to) == "" {
		s.answer(req, tx, 404, "")
		return
	}
	q, ok := registration(req)
	if !ok {
		s.answer(req, tx, 400, "Bad Contact")
		return
	}
	r := s.cfg.Registrar.Register(q)
	if r.Err != nil {
		s.log.Warn("sipleg: registration refused", "from", source(req), "status", r.Code, "error", r.Err)
	}
	var headers []sip.Header
	for _, c := range r.Challenges {
		headers = append(headers, sip.NewHeader("WWW-Authenticate", c))
	}
	if r.MinExpires > 0 {
		headers = append(headers, sip.NewHeader("Min-Expires", seconds(r.MinExpires)))
	}
	if r.RetryAfter > 0 {
		headers = append(headers, sip.NewHeader("Retry-After", seconds(r.RetryAfter)))
	}
	now := time.Now()
	for _, b := range r.Bindings {
		headers = append(headers, sip.NewHeader("Contact", "<"+b.Contact+">;expires="+strconv.Itoa(max(0, int(b.Expires.Sub(now).Seconds()+0.5)))))
	}
	s.answer(req, tx, r.Code, r.Reason, headers...)
}

// registration reads a REGISTER; false if a contact is none that can be dialled.
func registration(req *sip.Request) (registrar.Request, bool) {
	to := req.To().Address
	q := registrar.Request{
		User: userOf(to), Domain: to.Host, URI: req.Recipient.String(), CallID: req.CallID().Value(), CSeq: req.CSeq().SeqNo,
		Expires: number(value(req, "Expires")), Source: source(req), Transport: strings.ToLower(req.Transport()), Agent: value(req, "User-Agent"),
	}
	for _, h := range req.GetHeaders("authorization") {
		q.Authorization = append(q.Authorization, h.Value())
	}
	for _, h := range req.GetHeaders("contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || len(q.Contacts) == 10 {
			return q, false
		}
		if c.Address.Wildcard {
			q.All = true
			continue
		}
		uri := c.Address.Clone()
		uri.Headers = nil // they would go into every request to it (RFC 4475 §3.1.1.13)
		text := uri.String()
		if scheme := strings.ToLower(uri.Scheme); scheme != "sip" && scheme != "sips" || uri.Host == "" || len(text) > 512 || strings.ContainsAny(text, "<>\r\n") {
			return q, false
		}
		weight := 1.0
		if v, ok := c.Params.Get("q"); ok {
			if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && f >= 0 && f <= 1 {
				weight = f
			}
		}
		q.Contacts = append(q.Contacts, registrar.Contact{URI: text, Expires: number(c.Params.GetOr("expires", "")), Q: weight})
	}
	return q, true
}

// number reads a count of seconds; -1 if there is none, and a huge one is cut.
func number(s string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return -1
	}
	return int(min(n, 1<<24))
}
