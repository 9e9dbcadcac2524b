package sipleg

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// Registration is what a user agent tells a registrar.
type Registration struct {
	At             netip.AddrPort // the registrar
	TCP            bool
	Domain         string // "" is At's address
	User, Password string
	Expires        time.Duration // 0 unregisters
}

// Register registers this server as a phone and returns how long the registrar
// keeps it. It answers one challenge, and one more if the first was stale.
func (s *Server) Register(ctx context.Context, r Registration) (time.Duration, error) {
	user, err := escapeUser(r.User)
	if err != nil {
		return 0, err
	}
	domain := r.Domain
	if domain == "" {
		domain = r.At.Addr().String()
	}
	uri := sip.Uri{Scheme: "sip", Host: domain}
	if r.Domain == "" {
		uri.Port = int(r.At.Port())
	}
	req := sip.NewRequest(sip.REGISTER, uri)
	req.SetTransport("UDP")
	if r.TCP {
		req.SetTransport("TCP")
	}
	own := sip.Uri{Scheme: "sip", User: user, Host: domain}
	from := &sip.FromHeader{Address: own}
	from.Params.Add("tag", token(10))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: *own.Clone()})
	id := sip.CallIDHeader("r-" + r.User + "@" + s.at.String()) // one Call-ID for all registrations of a phone (§10.2)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: s.registerSeq.Add(2), MethodName: sip.REGISTER})
	s.dress(req, user)
	req.AppendHeader(sip.NewHeader("Expires", seconds(r.Expires)))
	res, err := s.exchange(ctx, req, r.At, credentials{user: r.User, password: r.Password})
	if err != nil {
		return 0, err
	}
	if !res.IsSuccess() {
		return 0, fault.New(fault.Forbidden, "sipleg: registrar answered %d", res.StatusCode)
	}
	lasts := r.Expires
	for _, h := range res.GetHeaders("contact") {
		c, ok := h.(*sip.ContactHeader)
		if ok && c.Address.Host == s.at.Addr().String() && c.Address.Port == int(s.at.Port()) && strings.EqualFold(c.Address.User, user) {
			if n := number(c.Params.GetOr("expires", "")); n >= 0 {
				lasts = time.Duration(n) * time.Second
			}
		}
	}
	return lasts, nil
}
