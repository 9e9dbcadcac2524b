package guard

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Refusal is the status that a request is answered with.
type Refusal struct {
	Code    int
	Reason  string
	Headers []Header
}

// Header is one further header of an answer.
type Header struct{ Name, Value string }

// Supported lists the extensions we understand.
var Supported = []string{"100rel", "timer"}

// repeated reports a header that may come only once (RFC 3261 §7.3.1).
func repeated(all []sip.Header) bool {
	var seen [8]bool
	for _, h := range all {
		i := -1
		switch h.(type) {
		case *sip.FromHeader:
			i = 0
		case *sip.ToHeader:
			i = 1
		case *sip.CallIDHeader:
			i = 2
		case *sip.CSeqHeader:
			i = 3
		case *sip.MaxForwardsHeader:
			i = 4
		case *sip.ContentLengthHeader:
			i = 5
		case *sip.ContentTypeHeader:
			i = 6
		default:
			if !strings.EqualFold(h.Name(), "Expires") {
				continue
			}
			i = 7
		}
		if seen[i] {
			return true
		}
		seen[i] = true
	}
	return false
}

// Request returns why a request is refused, or nil if it may be acted on.
func Request(m *sip.Request) *Refusal {
	bad := func(why string) *Refusal { return &Refusal{Code: 400, Reason: why} }
	if !strings.EqualFold(m.SipVersion, "SIP/2.0") {
		return &Refusal{Code: 505, Reason: "Version Not Supported"}
	}
	via, cseq := m.Via(), m.CSeq()
	switch {
	case via == nil:
		return bad("Missing Via")
	case m.From() == nil || m.To() == nil || m.CallID() == nil || cseq == nil:
		return bad("Missing Mandatory Header")
	case via.Host == "":
		return bad("Bad Via")
	}
	if branch, _ := via.Params.Get("branch"); branch == sip.RFC3261BranchMagicCookie {
		return bad("Empty Via Branch")
	}
	if repeated(m.Headers()) {
		return bad("Header Repeated")
	}
	if !strings.EqualFold(string(cseq.MethodName), string(m.Method)) { // sipgo writes the start line's in capitals
		return bad("CSeq Method Mismatch")
	}
	if Outgoing(m) != nil { // a bare line feed: what we would repeat to others
		return bad("Line Break in Header")
	}
	if r := checkURI(m); r != nil {
		return r
	}
	return checkExtensions(m)
}

// checkURI looks at the Request-URI.
func checkURI(m *sip.Request) *Refusal {
	u := m.Recipient
	switch strings.ToLower(u.Scheme) {
	case "sip", "sips":
		if u.Host == "" || len(u.Headers) > 0 {
			return &Refusal{Code: 400, Reason: "Bad Request-URI"}
		}
	case "tel":
	default:
		return &Refusal{Code: 416, Reason: "Unsupported URI Scheme"}
	}
	return nil
}

// checkExtensions refuses what the sender requires and we do not know. CANCEL
// and ACK cannot require anything (RFC 3261 §8.2.2.3).
func checkExtensions(m *sip.Request) *Refusal {
	if m.Method == sip.CANCEL || m.Method == sip.ACK {
		return nil
	}
	var unknown []string
	for _, name := range []string{"require", "proxy-require"} {
		for _, h := range m.GetHeaders(name) {
			for tag := range strings.SplitSeq(h.Value(), ",") {
				if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(Supported, strings.ToLower(tag)) {
					unknown = append(unknown, tag)
				}
			}
		}
	}
	if unknown == nil {
		return nil
	}
	return &Refusal{Code: 420, Reason: "Bad Extension", Headers: []Header{{"Unsupported", strings.Join(unknown, ", ")}}}
}
