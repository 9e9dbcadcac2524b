// Package auth says who a request comes from and what they may do. It issues and
// checks the signed token of an agent, and holds the table of permissions.
// Passwords and log-in are left to auth/login, asking for a permission to
// whoever does the thing it protects.
//
// A token is a JWT (RFC 7519) signed by ES256 (RFC 7518 §3.4) with a key that
// never leaves cloud.Keys.
package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// ErrToken is the error of a token that proves nothing: changed, expired, made
// for someone else or by someone else.
var ErrToken = fault.New(fault.Forbidden, "auth: token not valid")

// maxToken bounds a token in bytes before anything is parsed; ours have about 500.
const maxToken = 4096

// leeway is how far the clocks of two machines may disagree.
const leeway = 30 * time.Second

// Identity is who a request comes from.
type Identity struct {
	Tenant  string
	Agent   string // agent id; the token's subject
	Role    Role
	Expires time.Time // UTC, whole seconds
}

// Tokens issues and checks tokens. Issuer and audience are those of one
// installation: a token of another is not valid here.
type Tokens struct {
	keys     cloud.Keys
	issuer   string
	audience string
	now      func() time.Time
}

// New returns the tokens of one installation.
func New(keys cloud.Keys, issuer, audience string, now func() time.Time) *Tokens {
	return &Tokens{keys: keys, issuer: issuer, audience: audience, now: now}
}

// claims is the body of a token.
type claims struct {
	jwt.RegisteredClaims
	Tenant string `json:"tenant"`
	Role   Role   `json:"role"`
}

// Validate refuses what jwt.Validator does not know of. It is called by it.
func (c claims) Validate() error {
	if c.Tenant == "" || c.Subject == "" || strings.ContainsAny(c.Tenant+c.Subject, "|#") {
		return fault.New(fault.Forbidden, "tenant or subject missing")
	}
	if c.NotBefore == nil || c.IssuedAt == nil {
		return fault.New(fault.Forbidden, "nbf or iat missing")
	}
	if !c.Role.Known() {
		return fault.New(fault.Forbidden, "unknown role")
	}
	return nil
}

// method signs by cloud.Keys in the place of a private key.
type method struct {
	ctx  context.Context
	keys cloud.Keys
}

// Alg is the algorithm's name in a header.
func (method) Alg() string { return jwt.SigningMethodES256.Alg() }

// Sign returns the signature of text; the key stays in cloud.Keys.
func (m method) Sign(text string, _ any) ([]byte, error) { return m.keys.Sign(m.ctx, []byte(text)) }

// Verify checks a signature of text.
func (m method) Verify(text string, sig []byte, _ any) error {
	return m.keys.Verify(m.ctx, []byte(text), sig)
}

// Issue returns a token for id that is valid until id.Expires.
func (t *Tokens) Issue(ctx context.Context, id Identity) (string, error) {
	jti, err := uuid.NewV7()
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "auth: token id")
	}
	now := t.now()
	c := claims{Tenant: id.Tenant, Role: id.Role, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: t.issuer, Subject: id.Agent, Audience: jwt.ClaimStrings{t.audience}, ID: jti.String(),
		ExpiresAt: jwt.NewNumericDate(id.Expires), NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now),
	}}
	if err := c.Validate(); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "auth: issue")
	}
	token, err := jwt.NewWithClaims(method{ctx, t.keys}, c).SignedString(nil)
	return token, fault.Wrap(fault.KindOf(err), err, "auth: sign")
}

// Verify returns who a token stands for. Anything wrong with it is ErrToken; a
// failed dependency has its own kind.
func (t *Tokens) Verify(ctx context.Context, token string) (Identity, error) {
	var c claims
	if err := t.open(ctx, token, &c); err != nil {
		return Identity{}, err
	}
	return Identity{Tenant: c.Tenant, Agent: c.Subject, Role: c.Role, Expires: c.ExpiresAt.UTC()}, nil
}

// open checks a token of ours and reads its claims into c.
func (t *Tokens) open(ctx context.Context, token string, c jwt.Claims) error {
	refuse := func(cause error) error { return fault.Wrap(fault.Forbidden, ErrToken, "%s", cause) }
	if len(token) > maxToken {
		return refuse(fault.New(fault.Invalid, "too long"))
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return refuse(fault.New(fault.Invalid, "not three parts"))
	}
	if err := checkHeader(parts[0]); err != nil {
		return refuse(err)
	}
	strict := base64.RawURLEncoding.Strict()
	sig, err := strict.DecodeString(parts[2])
	if err != nil || len(sig) != 64 {
		return refuse(fault.New(fault.Invalid, "signature is no ES256"))
	}
	// The signature first: nothing unsigned is believed.
	if err := (method{ctx, t.keys}).Verify(parts[0]+"."+parts[1], sig, nil); err != nil {
		if fault.KindOf(err) == fault.Forbidden || fault.KindOf(err) == fault.Invalid {
			return refuse(err)
		}
		return fault.Wrap(fault.KindOf(err), err, "auth: verify")
	}
	body, err := strict.DecodeString(parts[1])
	if err != nil {
		return refuse(err)
	}
	if err := json.Unmarshal(body, c); err != nil {
		return refuse(fault.New(fault.Invalid, "claims are no JSON"))
	}
	v := jwt.NewValidator(jwt.WithIssuer(t.issuer), jwt.WithAudience(t.audience), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(t.now))
	if err := v.Validate(c); err != nil {
		return refuse(err)
	}
	return nil
}

// checkHeader takes our own kind of header only: one algorithm, nothing critical
// that we do not know (RFC 7515 §4.1.11), no key brought along.
func checkHeader(part string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return fault.New(fault.Invalid, "header is no base64url")
	}
	var h map[string]any
	if err := json.Unmarshal(raw, &h); err != nil {
		return fault.New(fault.Invalid, "header is no JSON")
	}
	for name, value := range h {
		switch {
		case name == "alg" && value == jwt.SigningMethodES256.Alg():
		case name == "typ" && value == "JWT":
		default:
			return fault.New(fault.Invalid, "header %s", name)
		}
	}
	if h["alg"] == nil {
		return fault.New(fault.Invalid, "header alg missing")
	}
	return nil
}
