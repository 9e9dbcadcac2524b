package login

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"huawu/shared/fault"
)

// What one hash costs: argon2id with 19 MiB, two passes, one lane (OWASP
// Password Storage Cheat Sheet; RFC 9106 §4 has larger ones for larger machines).
const (
	costKiB    = 19 * 1024
	costPasses = 2
	costLanes  = 1
	saltBytes  = 16
	hashBytes  = 32
)

// The most that a stored hash may ask for: who can write an item must not be
// able to exhaust the function.
const (
	maxKiB    = 64 * 1024
	maxPasses = 8
)

// Bounds of a password that is set, and of one that is tried.
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes
)

// nobody is the hash of a password that nobody knows: random bytes that were
// thrown away. Unknown names are checked against it, so that they take as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$3AuWcBVCkRWMvOuJA9OmFQ$g9ndxCDVsaEGzulwObWzcxRQV+oSqxLGe2ROorcJLUA"

// Hash returns what is kept of a password, with a salt of its own, in the PHC
// string format.
func Hash(random io.Reader, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < MinPassword || len(password) > MaxPassword {
		return "", fault.New(fault.Invalid, "login: a password has %d characters to %d bytes", MinPassword, MaxPassword)
	}
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fault.Wrap(fault.Internal, err, "login: make salt")
	}
	p := phc{costKiB, costPasses, costLanes, salt, nil}
	p.sum = p.of(password)
	return p.String(), nil
}

// NewPassword returns a random password of 80 bits that a person can type.
func NewPassword(random io.Reader) (string, error) {
	const letters = "abcdefghjkmnpqrstuvwxyz123456789" // 32; none looks like another
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fault.Wrap(fault.Internal, err, "login: make password")
	}
	var b strings.Builder
	for n, r := range raw {
		if n > 0 && n%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[r%32])
	}
	return b.String(), nil
}

// Matches reports whether a password is the one of a stored hash, in constant
// time. A hash that cannot be read matches nothing, and takes as long.
func Matches(password, stored string) bool {
	p, err := parsePHC(stored)
	if err != nil {
		p, _ = parsePHC(nobody)
	}
	if len(password) > MaxPassword {
		password = password[:MaxPassword+1] // never right, see Hash; bounds the time
	}
	return subtle.ConstantTimeCompare(p.of(password), p.sum) == 1 && err == nil
}

// phc is a hash in the PHC string format:
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<sum>.
type phc struct {
	kib, passes uint32
	lanes       uint8
	salt, sum   []byte
}

func (p phc) of(password string) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.kib, p.lanes, hashBytes)
}

// String returns the stored form.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.kib, p.passes, p.lanes, b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

func parsePHC(s string) (phc, error) {
	bad := fault.New(fault.Invalid, "login: stored hash is not readable")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, bad
	}
	var p phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.kib, &p.passes, &p.lanes); n != 3 || err != nil {
		return phc{}, bad
	}
	strict := base64.RawStdEncoding.Strict()
	var err error
	if p.salt, err = strict.DecodeString(parts[4]); err != nil {
		return phc{}, bad
	}
	if p.sum, err = strict.DecodeString(parts[5]); err != nil {
		return phc{}, bad
	}
	if p.kib < 8 || p.kib > maxKiB || p.passes < 1 || p.passes > maxPasses || p.lanes < 1 || p.lanes > 4 || len(p.salt) < 8 || len(p.salt) > 64 || len(p.sum) != hashBytes || p.String() != s {
		return phc{}, bad
	}
	return p, nil
}

// How much is hashed at once: two use 38 MiB and both of a small machine's
// cores. A short line waits; who comes when it is full is sent away at once.
const (
	hashersAtOnce = 2
	lineLength    = 32
	lineWait      = 3 * time.Second
)

// gate bounds what log-ins cost this process, however many come.
type gate struct {
	line, room chan struct{} // one entry each for who is inside
}

func newGate() gate {
	return gate{line: make(chan struct{}, hashersAtOnce+lineLength), room: make(chan struct{}, hashersAtOnce)}
}

// enter waits for room and returns how to leave, or a *Wait.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.line <- struct{}{}:
	default:
		return nil, &Wait{time.Second}
	}
	ctx, cancel := context.WithTimeout(ctx, lineWait)
	defer cancel()
	select {
	case g.room <- struct{}{}:
		return func() { <-g.room; <-g.line }, nil
	case <-ctx.Done():
		<-g.line
		return nil, &Wait{time.Second}
	}
}
