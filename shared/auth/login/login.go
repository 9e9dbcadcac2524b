// Package login lets people of a tenant in by name and password, and keeps them
// in: it decides who gets a token, how often may be guessed, how long a session
// lasts and when it is taken for stolen, and how often an address may do what
// needs no log-in. Signing and checking tokens is left to
// auth, cookies and status codes to desk.
//
// Its items, besides User in the tenant's configuration:
//
//	<tenant>|S#<session>  SESSION  hashes of the live and the last refresh token
//	<tenant>|LOGIN#<hash> TRIES    failures of a user name, be it known or not
//	_|LOGIN#<hash>        TRIES    failures from an address
//	_|USE#<hash>#<time>   USES     what an address did in a minute without a log-in
//	_|CFG                 SECRET#login  the key of those hashes
//
// All but the last have a TTL. Names that are wrong and addresses are only kept
// as hashes: people type passwords into the wrong field.
package login

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// AccessLife is how long an access token is valid. A role that was taken away
// is gone after that time at the latest.
const AccessLife = 10 * time.Minute

// ErrWrong is the error of a log-in that is refused, for whatever reason.
var ErrWrong = fault.New(fault.Forbidden, "login: name or password is wrong")

// ErrSession is the error of a refresh token that continues no session: log in again.
var ErrSession = fault.New(fault.Forbidden, "login: no such session")

// Wait says that too much was tried; it is fault.Throttled.
type Wait struct {
	For time.Duration // how long to wait
}

// Error says how long to wait.
func (w *Wait) Error() string { return "login: too many attempts; wait " + w.For.String() }

// As lets fault.KindOf see the kind.
func (w *Wait) As(target any) bool {
	if e, ok := target.(**fault.Error); ok {
		*e = &fault.Error{Kind: fault.Throttled, Step: w.Error()}
		return true
	}
	return false
}

// Config is what a Service works with.
type Config struct {
	Table  cloud.Table
	Tokens *auth.Tokens
	Now    func() time.Time
	Random io.Reader // for secrets: crypto/rand
	Log    *slog.Logger
}

// Service lets people in. It is made once for each process, because it bounds
// what hashing may cost the process.
type Service struct {
	table  cloud.Table
	tokens *auth.Tokens
	now    func() time.Time
	random io.Reader
	log    *slog.Logger
	gate   gate
	hash   func(password, stored string) bool

	mu     sync.Mutex
	secret []byte // of hashes in keys; read once
}

// New returns a service.
func New(c Config) *Service {
	return &Service{table: c.Table, tokens: c.Tokens, now: c.Now, random: c.Random, log: c.Log, gate: newGate(), hash: Matches}
}

// Attempt is what someone claims.
type Attempt struct {
	Tenant, Username, Password string
	Address                    string // IP address of who asks
}

// Session is what a log-in or refresh gives.
type Session struct {
	Who     auth.Identity // Expires: end of the access token
	Access  string
	Refresh string    // the one refresh token that is valid from now on
	Until   time.Time // end of the refresh token, if it is not used before
}

// Enter begins a session. An unknown name costs the same time, requests and
// answer as a wrong password. It is ErrWrong, or a *Wait.
func (s *Service) Enter(ctx context.Context, a Attempt) (Session, error) {
	a.Tenant, a.Username = strings.ToLower(a.Tenant), strings.ToLower(a.Username)
	from, name, err := s.tryKeys(ctx, a)
	if err != nil {
		return Session{}, err
	}
	if err := s.open(ctx, from); err != nil {
		s.refused(ctx, err, User{})
		return Session{}, err
	}
	u, counted, err := s.check(ctx, a, name)
	if err != nil {
		s.refused(ctx, err, u)
		if errors.Is(err, ErrWrong) {
			if _, err := s.count(ctx, from, perAddress()); err != nil && fault.KindOf(err) != fault.Throttled {
				return Session{}, err
			}
		}
		return Session{}, err
	}
	out, err := s.begin(ctx, u)
	if err != nil {
		return Session{}, err
	}
	if err := s.forgive(ctx, name, counted); err != nil {
		return Session{}, err
	}
	s.audit(ctx, u, "login", "ok")
	return out, nil
}

// check counts the attempt before it looks at the password, so that guesses at
// the same time count, too; who was right is forgiven later. Hashing is behind
// the gate, and an attempt that found no room there does not count.
func (s *Service) check(ctx context.Context, a Attempt, name cloud.Key) (User, tries, error) {
	if err := s.open(ctx, name); err != nil { // no room is taken by who must wait
		return User{}, tries{}, err
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return User{}, tries{}, err
	}
	defer leave()
	counted, err := s.count(ctx, name, perUser())
	if err != nil {
		return User{}, tries{}, err
	}
	u, known, err := s.user(ctx, a.Tenant, a.Username)
	if err != nil {
		return User{}, tries{}, err
	}
	stored := nobody
	if known {
		stored = u.Hash
	}
	if right := s.hash(a.Password, stored); !right || !known || u.Disabled {
		return u, tries{}, ErrWrong
	}
	return u, counted, nil
}

// user reads a user; a name that can be nobody's costs a read as well.
func (s *Service) user(ctx context.Context, tenant, username string) (u User, known bool, err error) {
	key := UserKey(tenant, username)
	if !validTenant(tenant) || !validUsername(username) {
		key = UserKey("_", "-")
	}
	item, err := s.table.Get(ctx, key, true)
	if err != nil {
		return User{}, false, fault.Wrap(fault.KindOf(err), err, "login: read user")
	}
	u, known = UserFrom(item)
	return u, known, nil
}

var ( // both are safe in a key
	tenants   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	usernames = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)
)

func validTenant(s string) bool   { return tenants.MatchString(s) }
func validUsername(s string) bool { return usernames.MatchString(s) }

// refused writes the audit line of a refusal. Of a name that is not known it
// tells nothing: what was typed may be anything.
func (s *Service) refused(ctx context.Context, err error, u User) {
	switch {
	case errors.Is(err, ErrWrong) && u.Agent == "":
		s.audit(ctx, u, "login", "unknown")
	case errors.Is(err, ErrWrong) && u.Disabled:
		s.audit(ctx, u, "login", "disabled")
	case errors.Is(err, ErrWrong):
		s.audit(ctx, u, "login", "wrong")
	case fault.KindOf(err) == fault.Throttled:
		s.audit(ctx, u, "login", "locked")
	}
}

// audit writes a line; it holds ids only.
func (s *Service) audit(ctx context.Context, u User, action, result string, more ...any) {
	s.log.InfoContext(ctx, "audit", append([]any{"tenant", u.Tenant, "agent", u.Agent, "role", string(u.Role), "action", action, "result", result}, more...)...)
}
