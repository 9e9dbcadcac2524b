// Package phone holds telephone numbers that mask themselves. It decides how a
// number is read, shown and hashed; it leaves dialling rules to trunk and who
// may see a whole number to auth.
package phone

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"huawu/shared/fault"
)

// maxLen bounds what Parse takes: a SIP user part that is no number may be
// longer than the 15 digits of E.164, but never a paragraph.
const maxLen = 64

// ErrNumber is returned by Parse for what can be no number and no SIP user.
var ErrNumber = fault.New(fault.Invalid, "phone: not a number")

// Number is the telephone number or SIP user of one party. However it is
// printed, logged or encoded it shows masked; only Full gives it whole. The zero
// Number is a withheld one.
type Number struct{ s string }

// Parse reads a number: E.164 ("+86 138-0013-5678"), national or short digits
// ("95000"), a SIP user ("lin"), or a sip: or tel: URI of these. Spaces, dots,
// hyphens and brackets between digits are dropped. "" and "anonymous" are the
// withheld number.
func Parse(s string) (Number, error) {
	s = strings.TrimSpace(s)
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	s, _, _ = strings.Cut(s, "@")
	s, _, _ = strings.Cut(s, ";")
	if s == "" || strings.EqualFold(s, "anonymous") {
		return Number{}, nil
	}
	if len(s) > maxLen {
		return Number{}, ErrNumber
	}
	if d := bare(s); d != "" {
		return Number{d}, nil
	}
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\|#:`, r) {
			return Number{}, ErrNumber
		}
	}
	return Number{s}, nil
}

// bare returns s without separators if it is digits after an optional plus, else "".
func bare(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -.()/", r):
		default:
			return ""
		}
	}
	if d := b.String(); d != "+" {
		return d
	}
	return ""
}

// MustParse is Parse for constants and tests; it panics on an error.
func MustParse(s string) Number {
	n, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

// Full returns the whole number: to dial it, to store it, to answer one who may
// see it. Nothing else may call it.
func (n Number) Full() string { return n.s }

// IsZero reports whether the number is withheld.
func (n Number) IsZero() bool { return n.s == "" }

// E164 reports whether the number is in international form: a plus and 7 to 15 digits.
func (n Number) E164() bool {
	return len(n.s) >= 8 && len(n.s) <= 16 && n.s[0] == '+' && bare(n.s) == n.s
}

// Masked returns what may be shown and logged: 138****5678. Four digits before
// the last four are hidden; of a shorter number all but the last two; of a SIP
// user all but the first letter.
func (n Number) Masked() string {
	s := n.s
	switch {
	case s == "":
		return ""
	case bare(s) != s:
		return s[:1] + "***"
	case len(s) >= 8:
		return s[:len(s)-8] + "****" + s[len(s)-4:]
	case len(s) > 4:
		return strings.Repeat("*", len(s)-2) + s[len(s)-2:]
	}
	return strings.Repeat("*", len(s))
}

// Hash returns a short name of the number for keys and joins. The secret, one
// per tenant, keeps it from being found by trying all numbers.
func (n Number) Hash(secret []byte) string {
	m := hmac.New(sha256.New, secret)
	io.WriteString(m, n.s)
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// String returns the masked number.
func (n Number) String() string { return n.Masked() }

// Format prints the masked number whatever the verb, %#v included.
func (n Number) Format(f fmt.State, _ rune) { io.WriteString(f, n.Masked()) }

// MarshalText encodes the masked number, so that a forgotten field in JSON or
// in a log leaks nothing.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }
