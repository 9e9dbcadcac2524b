package registrar

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"huawu/shared/fault"
)

const (
	nonceLife = 60 * time.Second
	maxNonces = 10_000 // whose nc is remembered; each lives 60 s
)

// algorithms are those we offer, the better first (RFC 8760 §2.3): phones that
// know no SHA-256 take the second.
var algorithms = [...]string{"SHA-256", "MD5"}

// ErrCredentials is why a phone was refused; it does not say which part was wrong.
var ErrCredentials = fault.New(fault.Forbidden, "registrar: wrong credentials")

// digestServer makes challenges and checks their answers.
type digestServer struct {
	realm  string
	secret []byte
	now    func() time.Time
	decoy  string // stands for the password of users that do not exist

	mu     sync.Mutex
	used   map[string]*window // by nonce
	misses *lockouts
}

// window remembers which nonce counts were seen, as phones may send requests
// out of order (RFC 7616 §3.4.6): the highest and the 64 before it.
type window struct {
	top  uint32
	seen uint64 // bit i is top-i
	ends time.Time
}

func newDigestServer(realm string, secret []byte, now func() time.Time) *digestServer {
	if len(secret) == 0 {
		secret = random(32)
	}
	return &digestServer{
		realm: realm, secret: secret, now: now, decoy: hex.EncodeToString(random(16)),
		used: map[string]*window{}, misses: newLockouts(now),
	}
}

// random returns n random bytes; crypto/rand never fails.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// nonce binds the time and the source, so that it can be checked without having
// been stored and is of no use from elsewhere.
func (d *digestServer) nonce(host netip.Addr) string {
	b := make([]byte, 16, 32)
	binary.BigEndian.PutUint64(b, uint64(d.now().UnixMilli()))
	copy(b[8:], random(8))
	return base64.RawURLEncoding.EncodeToString(append(b, d.seal(b, host)...))
}

func (d *digestServer) seal(b []byte, host netip.Addr) []byte {
	mac := hmac.New(sha256.New, d.secret)
	mac.Write(b)
	mac.Write([]byte(d.realm + "|" + host.String()))
	return mac.Sum(nil)[:16]
}

// fresh reports whether a nonce is ours and young enough.
func (d *digestServer) fresh(nonce string, host netip.Addr) (ours, young bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], d.seal(b[:16], host)) {
		return false, false
	}
	age := d.now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b))))
	return true, age >= 0 && age < nonceLife
}

// single are the beginnings of User-Agents that give up at the first challenge
// they do not know instead of going on to the next: libre before 2.0, seen with
// baresip 1.0.0 of Debian 12 ("Register: Function not implemented"). They get
// MD5 alone.
var single = [...]string{"baresip v0.", "baresip v1."}

// challenges are the values of WWW-Authenticate for a phone of some make.
func (d *digestServer) challenges(host netip.Addr, stale bool, agent string) []string {
	nonce := d.nonce(host)
	offered := algorithms[:]
	for _, beginning := range single {
		if strings.HasPrefix(agent, beginning) {
			offered = offered[len(offered)-1:]
		}
	}
	var all []string
	for _, alg := range offered {
		c := digest.Challenge{Realm: d.realm, Nonce: nonce, Algorithm: alg, QOP: []string{"auth"}, Stale: stale}
		all = append(all, c.String())
	}
	return all
}

// verify checks one answer. It does the same work whether the user exists or not.
func (d *digestServer) verify(acc Account, exists bool, c *digest.Credentials, method string) bool {
	alg := strings.ToUpper(c.Algorithm)
	if alg == "" {
		alg = "MD5"
	}
	if alg != "MD5" && alg != "SHA-256" {
		return false
	}
	ha1 := acc.HA1[alg]
	if ha1 == "" || !exists {
		password := acc.Password
		if !exists || password == "" {
			password = d.decoy
		}
		ha1 = HA1(alg, c.Username, d.realm, password)
	}
	ha2 := hash(alg, method+":"+c.URI)
	want := hash(alg, ha1+":"+c.Nonce+":"+ha2)
	if c.QOP != "" {
		want = hash(alg, fmt.Sprintf("%s:%s:%08x:%s:%s:%s", ha1, c.Nonce, c.Nc, c.Cnonce, c.QOP, ha2))
	}
	right := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c.Response))) == 1
	return right && exists && c.Username == acc.User && (c.QOP == "" || c.QOP == "auth")
}

// HA1 returns H(user:realm:password) in hex, which an Account may hold instead
// of a password. The algorithm is "SHA-256" or "MD5".
func HA1(algorithm, user, realm, password string) string {
	return hash(algorithm, user+":"+realm+":"+password)
}

func hash(algorithm, s string) string {
	if algorithm == "SHA-256" {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}

// once reports whether a nonce count was not used before. Without qop there is
// no count, so such a nonce is good once.
func (d *digestServer) once(c *digest.Credentials) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	nc := uint32(0)
	if c.QOP != "" {
		if c.Nc < 1 {
			return false
		}
		nc = uint32(c.Nc)
	}
	w := d.used[c.Nonce]
	switch {
	case w == nil:
		if len(d.used) >= maxNonces {
			return false // stale is said; only correct answers get here, so a flood cannot fill it
		}
		d.used[c.Nonce] = &window{top: nc, seen: 1, ends: d.now().Add(nonceLife)}
		return true
	case nc > w.top:
		w.seen = w.seen<<min(nc-w.top, 64) | 1
		w.top = nc
		return true
	case w.top-nc >= 64 || w.seen&(1<<(w.top-nc)) != 0:
		return false
	}
	w.seen |= 1 << (w.top - nc)
	return true
}

func (d *digestServer) banned(host netip.Addr) bool { return d.misses.banned(host) }

func (d *digestServer) sweep(now time.Time) {
	d.mu.Lock()
	for n, w := range d.used {
		if !w.ends.After(now) {
			delete(d.used, n)
		}
	}
	d.mu.Unlock()
	d.misses.sweep(now)
}
