// Package guard looks at every SIP message before anything acts on it, and at
// every one before it leaves. It decides which messages are dropped, which are
// refused and with what status (RFC 3261 §8.2, with the outcomes of RFC 4475),
// and that nothing we send can carry a header that someone smuggled in. It
// leaves who may call to sipleg.
package guard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// Bounds of what is read.
const (
	maxMessage = 64 << 10
	maxHeaders = 100
	maxLine    = 8 << 10
	maxVias    = 20
)

// ErrInjection is returned by Outgoing for a message with a line break inside a header.
var ErrInjection = fault.New(fault.Internal, "guard: line break in an outgoing header")

// Outcome says what becomes of a datagram.
type Outcome struct {
	Pass   bool   // goes on to the transaction layer
	Reply  []byte // otherwise: what to send back; nil: nothing
	Code   int    // status in Reply
	Why    string // for the log, without content of the message; "" if it passes
	Method string // "" for a response
}

// Inspect reads one datagram whole. It never panics, whatever the parser does.
func Inspect(p *sip.Parser, data []byte) (o Outcome) {
	defer func() {
		if r := recover(); r != nil {
			o = Outcome{Why: "parser panic"}
		}
	}()
	head, ok := bound(data)
	if !ok {
		o = Outcome{Why: "beyond bounds"}
		if isRequest(head) {
			o = o.refuse(head, Refusal{Code: 513, Reason: "Message Too Large"})
		}
		return o
	}
	msg, err := p.ParseSIP(data)
	switch m := msg.(type) {
	case *sip.Response:
		if err != nil || !goodResponse(m) {
			return Outcome{Why: "malformed response"}
		}
		return Outcome{Pass: true}
	case *sip.Request:
		o = Outcome{Method: string(m.Method)}
		if err == nil {
			if r := Request(m); r != nil {
				return o.refuse(head, *r)
			}
			if bareContact(head) {
				return o.refuse(head, Refusal{Code: 400, Reason: "Contact Needs Brackets"})
			}
			o.Pass = true
			return o
		}
	}
	if isRequest(head) {
		return o.refuse(head, Refusal{Code: 400, Reason: "Malformed Request"})
	}
	return Outcome{Why: "not SIP"}
}

// Refuse writes the reply that refuses a request unread, without state.
func Refuse(data []byte, r Refusal) Outcome {
	head, _ := bound(data)
	if !isRequest(head) {
		return Outcome{Why: "no request to refuse"}
	}
	return Outcome{}.refuse(head, r)
}

// bareContact reports a contact whose URI has headers but no brackets around
// it, so that one cannot tell whose they are (RFC 3261 §20).
func bareContact(head []byte) bool {
	if bytes.IndexByte(head, '?') < 0 {
		return false
	}
	for _, line := range unfold(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "contact", "m":
			if bytes.ContainsRune(value, '?') && !bytes.ContainsRune(value, '<') {
				return true
			}
		}
	}
	return false
}

// bound checks sizes and returns the header section.
func bound(data []byte) ([]byte, bool) {
	if len(data) > maxMessage {
		return nil, false
	}
	head, _, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if !found {
		head = data
	}
	lines, vias := 0, 0
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if lines++; lines > maxHeaders+1 || len(line) > maxLine {
			return head, false
		}
		if len(line) == 0 || line[0]|0x20 != 'v' {
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "via", "v":
			vias += 1 + bytes.Count(value, []byte(","))
		}
	}
	return head, vias <= maxVias
}

// isRequest reports whether the first line looks like that of a request other
// than ACK, which is never answered.
func isRequest(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	return bytes.Contains(line, []byte("SIP/")) && !bytes.HasPrefix(line, []byte("SIP/")) && !bytes.HasPrefix(line, []byte("ACK"))
}

// refuse writes the reply to a request from its own lines, as the message may
// be too broken to be a value. It has no state: a repeated request gets the
// same bytes, and the tag in To is a hash of the request.
func (o Outcome) refuse(head []byte, r Refusal) Outcome {
	o.Why = fmt.Sprintf("refused with %d %s", r.Code, r.Reason)
	if o.Method == "ACK" {
		return o
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", r.Code, r.Reason)
	vias := 0
	seen := map[string]bool{}
	for _, line := range unfold(head) {
		name, value, found := bytes.Cut(line, []byte(":"))
		full, wanted := copied[strings.ToLower(string(bytes.TrimSpace(name)))]
		if !found || !wanted || bytes.ContainsAny(value, "\r\n") {
			continue
		}
		if full == "Via" {
			vias++
		} else if seen[full] {
			continue
		}
		seen[full] = true
		value = bytes.TrimSpace(value)
		fmt.Fprintf(&b, "%s: %s", full, value)
		if full == "To" && !bytes.Contains(bytes.ToLower(value), []byte("tag=")) {
			sum := sha256.Sum256(head)
			b.WriteString(";tag=" + hex.EncodeToString(sum[:8]))
		}
		b.WriteString("\r\n")
	}
	if vias == 0 || !seen["CSeq"] && !seen["Call-ID"] {
		return o // nothing that a sender could match the reply with
	}
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	o.Reply, o.Code = b.Bytes(), r.Code
	return o
}

var copied = map[string]string{
	"via": "Via", "v": "Via", "from": "From", "f": "From", "to": "To", "t": "To",
	"call-id": "Call-ID", "i": "Call-ID", "cseq": "CSeq",
}

// unfold joins continued lines.
func unfold(head []byte) (lines [][]byte) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(lines) > 0 && len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			last := &lines[len(lines)-1]
			*last = append(bytes.TrimRight(bytes.Clone(*last), " \t"), append([]byte(" "), bytes.TrimSpace(line)...)...)
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// goodResponse reports whether a response can belong to a request of ours.
func goodResponse(m *sip.Response) bool {
	return m.StatusCode >= 100 && m.StatusCode <= 699 &&
		m.Via() != nil && len(m.GetHeaders("via")) == 1 && // another hop's response went astray (RFC 3261 §8.1.3.3)
		m.From() != nil && m.To() != nil && m.CallID() != nil && m.CSeq() != nil && Outgoing(m) == nil
}

// Outgoing reports a line break where none belongs. sipgo writes values as they
// are, so this is the last look at what we send.
func Outgoing(m sip.Message) error {
	broken := func(s string) bool { return strings.ContainsAny(s, "\r\n") }
	type withHeaders interface{ Headers() []sip.Header }
	if h, ok := m.(withHeaders); ok {
		for _, h := range h.Headers() {
			if broken(h.Name()) || broken(h.Value()) {
				return ErrInjection
			}
		}
	}
	switch m := m.(type) {
	case *sip.Request:
		if broken(m.StartLine()) {
			return ErrInjection
		}
	case *sip.Response:
		if broken(m.Reason) {
			return ErrInjection
		}
	}
	return nil
}

// Text returns s fit for a quoted string or a comment in a header: control
// characters become spaces, quotes and backslashes are taken out, and it is cut
// at 128 bytes.
func Text(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return ' '
		case r == '"' || r == '\\':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	for len(s) > 128 {
		s = strings.ToValidUTF8(s[:128], "")
	}
	return strings.TrimSpace(s)
}
