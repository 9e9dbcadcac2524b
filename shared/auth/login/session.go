package login

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// How long a session lasts: a shift with its overtime, and so long without a
// refresh. A desk that is open refreshes every few minutes.
const (
	sessionLife = 12 * time.Hour
	idleLife    = 2 * time.Hour
)

// grace is how long after a refresh the token before it still gives its
// successor, the same one: two tabs that refresh together, and an answer that was
// lost on the way, are no theft. Later, and for any older token, it is one.
const grace = 10 * time.Second

// secretBytes is the length of the secret part of a refresh token.
const secretBytes = 32

// refresh is a refresh token: `<tenant>.<session>.<secret>`.
type refresh struct {
	tenant, session string
	secret          []byte
}

// String returns the token as a client keeps it.
func (r refresh) String() string {
	return r.tenant + "." + r.session + "." + base64.RawURLEncoding.EncodeToString(r.secret)
}

func (r refresh) key() cloud.Key {
	return cloud.Key{Part: r.tenant + "|S#" + r.session, Sort: "SESSION"}
}

// parseRefresh reads a token; false for what cannot be one of ours.
func parseRefresh(s string) (refresh, bool) {
	parts := strings.Split(s, ".")
	if len(s) > 256 || len(parts) != 3 || !validTenant(parts[0]) {
		return refresh{}, false
	}
	id, err := uuid.Parse(parts[1])
	if err != nil || id.String() != parts[1] {
		return refresh{}, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(secret) != secretBytes {
		return refresh{}, false
	}
	return refresh{parts[0], parts[1], secret}, true
}

// session is what is kept of a session: hashes only.
type session struct {
	username, agent       string
	began, rotated, until time.Time
	seed                  []byte // successor of a token = HMAC(seed, token)
	hash, before          []byte // SHA-256 of the live token's secret and of the one before it
}

func sessionFrom(i cloud.Item) session {
	at := func(name string) time.Time { return time.UnixMicro(i.Int(name)).UTC() }
	blob := func(name string) []byte { b, _ := i[name].([]byte); return b }
	return session{i.Str("username"), i.Str("agent"), at("began"), at("rotated"), at("until"), blob("seed"), blob("hash"), blob("before")}
}

// end is when the session ends if nobody refreshes it after time at.
func (s session) end(at time.Time) time.Time {
	if idle := at.Add(idleLife); idle.Before(s.until) {
		return idle
	}
	return s.until
}

// successor is the token behind a token. The table alone gives no token, and the
// same token always gives the same successor.
func (s session) successor(secret []byte) []byte {
	m := hmac.New(sha256.New, s.seed)
	m.Write(secret) // a hash never fails
	return m.Sum(nil)
}

func sum(secret []byte) []byte {
	h := sha256.Sum256(secret)
	return h[:]
}

func same(a, b []byte) bool { return len(a) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }

// begin opens a session for a user.
func (s *Service) begin(ctx context.Context, u User) (Session, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "login: session id")
	}
	random := make([]byte, 2*secretBytes)
	if _, err := io.ReadFull(s.random, random); err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "login: make token")
	}
	now := s.now().UTC()
	t := refresh{u.Tenant, id.String(), random[:secretBytes]}
	f := session{began: now, until: now.Add(sessionLife)}
	out, err := s.grant(ctx, u, f, t, now)
	if err != nil {
		return Session{}, err
	}
	_, err = s.table.Write(ctx, cloud.Write{Key: t.key(), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"v": int64(1),
		"username": u.Username, "agent": u.Agent, "began": now.UnixMicro(), "rotated": now.UnixMicro(), "until": f.until.UnixMicro(),
		"seed": random[secretBytes:], "hash": sum(t.secret), cloud.AttrTTL: out.Until.Unix()}})
	return out, fault.Wrap(fault.KindOf(err), err, "login: begin session")
}

// grant issues the access token that goes with a refresh token.
func (s *Service) grant(ctx context.Context, u User, f session, t refresh, now time.Time) (Session, error) {
	end := now.Add(AccessLife)
	if f.until.Before(end) {
		end = f.until
	}
	who := auth.Identity{Tenant: u.Tenant, Agent: u.Agent, Role: u.Role, Expires: end.Truncate(time.Second)}
	access, err := s.tokens.Issue(ctx, who)
	if err != nil {
		return Session{}, err
	}
	return Session{Who: who, Access: access, Refresh: t.String(), Until: f.end(now)}, nil
}

// Refresh gives a new access token and the next refresh token. A token that was
// used before is taken for stolen: the whole session ends, for thief and owner.
// It is ErrSession where there is no session to go on with.
func (s *Service) Refresh(ctx context.Context, token string) (Session, error) {
	t, ok := parseRefresh(token)
	if !ok {
		return Session{}, ErrSession
	}
	for range 4 {
		out, err := s.refresh(ctx, t)
		if err == nil || fault.KindOf(err) != fault.Conflict {
			return out, err
		}
	}
	return Session{}, fault.New(fault.Unavailable, "login: many refresh one session at once")
}

// refresh is one try; it is fault.Conflict if another was faster.
func (s *Service) refresh(ctx context.Context, t refresh) (Session, error) {
	item, err := s.table.Get(ctx, t.key(), true)
	if err != nil {
		return Session{}, fault.Wrap(fault.KindOf(err), err, "login: read session")
	}
	now, f := s.now().UTC(), sessionFrom(item)
	if item == nil || !now.Before(f.end(f.rotated)) {
		return Session{}, ErrSession
	}
	u, known, err := s.user(ctx, t.tenant, f.username)
	if err != nil {
		return Session{}, err
	}
	if !known || u.Disabled || u.Agent != f.agent || f.began.Before(u.Since) {
		return Session{}, s.revoke(ctx, t, f, "user changed")
	}
	hash := sum(t.secret)
	live, again := same(hash, f.hash), same(hash, f.before) && now.Sub(f.rotated) < grace
	if !live && !again {
		return Session{}, s.revoke(ctx, t, f, "reused")
	}
	next := refresh{t.tenant, t.session, f.successor(t.secret)}
	out, err := s.grant(ctx, u, f, next, now)
	if err != nil || again {
		return out, err
	}
	_, err = s.table.Write(ctx, cloud.Write{Key: t.key(), If: []cloud.Cond{{Attr: "hash", Op: "=", Value: f.hash}}, Add: map[string]int64{"v": 1},
		Set: cloud.Item{"hash": sum(next.secret), "before": hash, "rotated": now.UnixMicro(), cloud.AttrTTL: out.Until.Unix()}})
	if err != nil {
		return Session{}, fault.Wrap(fault.KindOf(err), err, "login: go on with session")
	}
	return out, nil
}

// revoke ends a session that must not go on, and is ErrSession once it is done.
func (s *Service) revoke(ctx context.Context, t refresh, f session, why string) error {
	if err := s.remove(ctx, t); err != nil {
		return err
	}
	s.audit(ctx, User{Tenant: t.tenant, Agent: f.agent}, "refresh", "revoked", "reason", why)
	return ErrSession
}

func (s *Service) remove(ctx context.Context, t refresh) error {
	_, err := s.table.Write(ctx, cloud.Write{Key: t.key(), Delete: true})
	return fault.Wrap(fault.KindOf(err), err, "login: end session")
}

// Leave ends the session of a refresh token, be it the live one or an older one.
// It does nothing where there is none. The access token lives out its minutes.
func (s *Service) Leave(ctx context.Context, token string) error {
	t, ok := parseRefresh(token)
	if !ok {
		return nil
	}
	item, err := s.table.Get(ctx, t.key(), true)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "login: read session")
	}
	if item == nil {
		return nil
	}
	if err := s.remove(ctx, t); err != nil {
		return err
	}
	s.audit(ctx, User{Tenant: t.tenant, Agent: sessionFrom(item).agent}, "logout", "ok")
	return nil
}
