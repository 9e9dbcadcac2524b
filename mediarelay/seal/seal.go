// Package seal encrypts what a caller typed, so that only the holder of a
// private key reads it. The result is an AWS Encryption SDK message as Amazon
// Connect makes it of stored customer input: key provider AmazonConnect, the
// data key wrapped by RSA OAEP with SHA-512 and MGF1, text in base64.
//
// It decides which certificates are good enough and how a message is laid out.
// It leaves to call what is sealed and when, and keeps nothing.
package seal

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"huawu/shared/fault"
)

const (
	maxPEM  = 64 << 10 // of text that claims to be a certificate
	minBits = 2048     // OAEP with SHA-512 needs 1,296 and some; less than this is no protection
	maxBits = 8192     // a longer key would only cost time
	maxKey  = 1024     // bytes of a key's name
	maxText = 4096     // bytes that are sealed: one frame
)

// Certificate is a public key that input is sealed for.
type Certificate struct{ key *rsa.PublicKey }

// Parse reads an X.509 certificate or a bare public key in PEM. Line breaks may
// have been lost on the way through an attribute, as "\n" or blanks. Dates and
// issuer are not looked at: the certificate only carries the key, and a payment
// line must not fall silent on the day that it expires.
func Parse(text string) (Certificate, error) {
	if len(text) > maxPEM {
		return Certificate{}, fault.New(fault.Invalid, "seal: the certificate is too long")
	}
	block, _ := pem.Decode([]byte(unfold(text)))
	if block == nil {
		return Certificate{}, fault.New(fault.Invalid, "seal: no PEM block")
	}
	var public any
	switch block.Type {
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Certificate{}, fault.Wrap(fault.Invalid, err, "seal: certificate")
		}
		public = c.PublicKey
	case "PUBLIC KEY":
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return Certificate{}, fault.Wrap(fault.Invalid, err, "seal: public key")
		}
		public = k
	default: // a private key above all: it has no business in a flow
		return Certificate{}, fault.New(fault.Invalid, "seal: the PEM block is neither a certificate nor a public key")
	}
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return Certificate{}, fault.New(fault.Invalid, "seal: the key is not RSA")
	}
	if n := key.N.BitLen(); n < minBits || n > maxBits {
		return Certificate{}, fault.New(fault.Invalid, "seal: the key has %d bits, want %d to %d", n, minBits, maxBits)
	}
	return Certificate{key}, nil
}

const (
	beginMark = "-----BEGIN "
	endMark   = "-----END "
	dashes    = "-----"
)

// unfold gives a PEM text its line breaks back.
func unfold(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), `\n`, "\n")
	if strings.Contains(text, "\n") {
		return text + "\n"
	}
	label, rest, ok := strings.Cut(strings.TrimPrefix(text, beginMark), dashes)
	body, _, ended := strings.Cut(rest, endMark)
	if !ok || !ended || !strings.HasPrefix(text, beginMark) {
		return text
	}
	lines := append([]string{beginMark + label + dashes}, strings.Fields(body)...)
	return strings.Join(append(lines, endMark+label+dashes), "\n") + "\n"
}
