package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// keys signs with a key in memory.
type keys struct {
	cloud.Keys
	private *ecdsa.PrivateKey
	down    bool
}

func newKeys(t testing.TB) *keys {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &keys{private: k}
}

func (k *keys) Sign(_ context.Context, message []byte) ([]byte, error) {
	if k.down {
		return nil, fault.New(fault.Unavailable, "keys are down")
	}
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return nil, err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig, nil
}

func (k *keys) Verify(_ context.Context, message, sig []byte) error {
	if k.down {
		return fault.New(fault.Unavailable, "keys are down")
	}
	sum := sha256.Sum256(message)
	if !ecdsa.Verify(&k.private.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return fault.New(fault.Forbidden, "signature")
	}
	return nil
}

func newTokens(k *keys, at *time.Time) *Tokens {
	return New(k, "huawu", "desk", func() time.Time { return *at })
}

func TestATokenStandsForWhoItWasIssuedTo(t *testing.T) {
	at := noon
	k := newKeys(t)
	tokens := newTokens(k, &at)
	want := Identity{Tenant: "demo", Agent: "0195-lin", Role: Supervisor, Expires: noon.Add(time.Hour)}
	token, err := tokens.Issue(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tokens.Verify(t.Context(), token); err != nil || got != want {
		t.Fatalf("Verify = %+v, %v", got, err)
	}
	// A library that is not ours reads it, too.
	parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return &k.private.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(func() time.Time { return at }))
	if err != nil || !parsed.Valid {
		t.Errorf("a standard parser says %v", err)
	}
	at = noon.Add(time.Hour + leeway)
	if _, err := tokens.Verify(t.Context(), token); !errors.Is(err, ErrToken) {
		t.Errorf("after its end: %v", err)
	}
	at = noon.Add(-time.Minute)
	if _, err := newTokens(k, &at).Verify(t.Context(), token); !errors.Is(err, ErrToken) {
		t.Errorf("before its begin: %v", err)
	}
	if _, err := tokens.Issue(t.Context(), Identity{Tenant: "a|b", Agent: "x", Role: Agent}); err == nil {
		t.Error("a tenant that breaks keys was issued")
	}
}

// sign makes a token of any header and claims.
func sign(t *testing.T, k *keys, header, body map[string]any) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(body)
	sig, err := k.Sign(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestTokensThatProveNothing(t *testing.T) {
	at := noon
	k := newKeys(t)
	tokens := newTokens(k, &at)
	header := func(change map[string]any) map[string]any {
		return merged(map[string]any{"alg": "ES256", "typ": "JWT"}, change)
	}
	body := func(change map[string]any) map[string]any {
		return merged(map[string]any{"iss": "huawu", "aud": "desk", "sub": "lin", "tenant": "demo", "role": "agent",
			"exp": noon.Add(time.Hour).Unix(), "nbf": noon.Unix(), "iat": noon.Unix()}, change)
	}
	good := sign(t, k, header(nil), body(nil))
	if _, err := tokens.Verify(t.Context(), good); err != nil {
		t.Fatalf("a good one: %v", err)
	}
	parts := strings.Split(good, ".")
	pub, _ := k.private.PublicKey.Bytes()
	hmacSigned, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(body(nil))).SignedString(pub)
	if err != nil {
		t.Fatal(err)
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims(body(nil))).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"nothing": "", "one part": parts[0], "four parts": good + ".x", "too long": good + strings.Repeat("A", maxToken),
		"alg none": none, "no signature": parts[0] + "." + parts[1] + ".", "HMAC with the public key": hmacSigned,
		"signed by another key": sign(t, newKeys(t), header(nil), body(nil)),
		"changed body":          parts[0] + "." + parts[1][:len(parts[1])-2] + "AA." + parts[2],
		"padded signature":      good + "==",
		"alg RS256":             sign(t, k, header(map[string]any{"alg": "RS256"}), body(nil)),
		"lower case alg":        sign(t, k, header(map[string]any{"alg": "es256"}), body(nil)),
		"no alg":                sign(t, k, header(map[string]any{"alg": nil}), body(nil)),
		"critical header":       sign(t, k, header(map[string]any{"crit": []string{"b64"}}), body(nil)),
		"key brought along":     sign(t, k, header(map[string]any{"jwk": map[string]any{}}), body(nil)),
		"another type":          sign(t, k, header(map[string]any{"typ": "JOSE"}), body(nil)),
		"another issuer":        sign(t, k, header(nil), body(map[string]any{"iss": "x"})),
		"no issuer":             sign(t, k, header(nil), body(map[string]any{"iss": nil})),
		"another audience":      sign(t, k, header(nil), body(map[string]any{"aud": []string{"x"}})),
		"no audience":           sign(t, k, header(nil), body(map[string]any{"aud": nil})),
		"expired":               sign(t, k, header(nil), body(map[string]any{"exp": noon.Add(-time.Minute).Unix()})),
		"no expiry":             sign(t, k, header(nil), body(map[string]any{"exp": nil})),
		"expiry is text":        sign(t, k, header(nil), body(map[string]any{"exp": "tomorrow"})),
		"not yet valid":         sign(t, k, header(nil), body(map[string]any{"nbf": noon.Add(time.Minute).Unix()})),
		"no begin":              sign(t, k, header(nil), body(map[string]any{"nbf": nil})),
		"issued in the future":  sign(t, k, header(nil), body(map[string]any{"iat": noon.Add(time.Minute).Unix()})),
		"no tenant":             sign(t, k, header(nil), body(map[string]any{"tenant": nil})),
		"tenant with a bar":     sign(t, k, header(nil), body(map[string]any{"tenant": "demo|C#1"})),
		"no subject":            sign(t, k, header(nil), body(map[string]any{"sub": ""})),
		"unknown role":          sign(t, k, header(nil), body(map[string]any{"role": "root"})),
		"no role":               sign(t, k, header(nil), body(map[string]any{"role": nil})),
	} {
		if id, err := tokens.Verify(t.Context(), token); !errors.Is(err, ErrToken) || fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	k.down = true
	if _, err := newTokens(k, &at).Verify(t.Context(), good); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("keys down: %v, want unavailable", err)
	}
}

// merged returns base with change over it; nil takes a field out.
func merged(base, change map[string]any) map[string]any {
	for name, value := range change {
		if value == nil {
			delete(base, name)
		} else {
			base[name] = value
		}
	}
	return base
}

func TestEachRoleMayWhatTheTableSays(t *testing.T) {
	// Written down a second time, as a person would draw it.
	want := map[Permission][]Role{
		ActAsAgent: {Agent, Supervisor}, ReadOwn: {Agent, Supervisor, Admin}, ReadAny: {Supervisor, Admin},
		ViewNumbers: {Supervisor, Admin}, ListenOwn: {Agent, Supervisor, Admin}, ListenRecording: {Supervisor, Admin}, WatchFloor: {Supervisor, Admin}, EditFlows: {Admin}, EditRouting: {Admin}, Supervise: {Supervisor},
	}
	for _, r := range append(Roles(), "root", "") {
		for _, p := range append(Permissions(), "everything", "") {
			id := Identity{Role: r}
			if allowed := slices.Contains(want[p], r); id.May(p) != allowed || (id.Require(p) == nil) != allowed {
				t.Errorf("%q and %q: may %v", r, p, id.May(p))
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	at := noon
	k := newKeys(f)
	tokens := newTokens(k, &at)
	token, err := tokens.Issue(context.Background(), Identity{Tenant: "demo", Agent: "lin", Role: Agent, Expires: noon.Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := tokens.Verify(context.Background(), s); err == nil && s != token {
			t.Fatalf("another token is valid: %q", s)
		}
	})
}
