package sipleg

import (
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"huawu/shared/fault"
)

// credentials answer a peer's challenge. With a realm only that realm's
// challenges are answered, so that nobody else can collect digests.
type credentials struct{ user, password, realm string }

// authorize puts the answer to a 401 or 407 into a request: to the strongest
// challenge that we understand (RFC 8760 §2.4).
func (c credentials) authorize(req *sip.Request, res *sip.Response) error {
	ask, reply := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, reply = "Proxy-Authenticate", "Proxy-Authorization"
	}
	if c.user == "" {
		return fault.New(fault.Forbidden, "sipleg: challenged, and no credentials are set")
	}
	var best *digest.Challenge
	for _, h := range res.GetHeaders(ask) {
		ch, err := digest.ParseChallenge(h.Value())
		if err != nil || c.realm != "" && ch.Realm != c.realm {
			continue
		}
		for i, q := range ch.QOP {
			ch.QOP[i] = strings.TrimSpace(q)
		}
		if digest.CanDigest(ch) && (best == nil || strength(ch) > strength(best)) {
			best = ch
		}
	}
	if best == nil {
		return fault.New(fault.Forbidden, "sipleg: no challenge that may be answered")
	}
	cred, err := digest.Digest(best, digest.Options{Method: string(req.Method), URI: req.Recipient.String(), Username: c.user, Password: c.password})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "sipleg: digest")
	}
	req.RemoveHeader(reply)
	req.AppendHeader(sip.NewHeader(reply, cred.String()))
	return nil
}

func strength(c *digest.Challenge) int {
	switch strings.ToUpper(c.Algorithm) {
	case "SHA-512", "SHA-512-256":
		return 3
	case "SHA-256":
		return 2
	}
	return 1
}

// stale reports whether a challenge only wants a newer nonce.
func stale(res *sip.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if ch, err := digest.ParseChallenge(h.Value()); err == nil && ch.Stale {
				return true
			}
		}
	}
	return false
}

// again writes a request anew with the next CSeq and another branch.
func (s *Server) again(req *sip.Request) *sip.Request {
	next := req.Clone()
	next.CSeq().SeqNo++
	next.RemoveHeader("Via")
	next.PrependHeader(s.via(next.Transport()))
	return next
}
