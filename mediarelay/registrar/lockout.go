package registrar

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"huawu/shared/fault"
)

const (
	freeMisses = 5                // wrong answers before a user is locked out from one host
	banMisses  = 20               // wrong answers of any users before a host gets no answer at all
	firstLock  = 30 * time.Second // doubles with each further wrong answer
	longLock   = time.Hour
	maxMisses  = 50_000 // entries kept; a flood of wrong answers pushes out nothing that locks
)

// lockouts counts wrong answers by host and user. Users that do not exist count
// like others, so that a lock tells nothing.
type lockouts struct {
	now   func() time.Time
	mu    sync.Mutex
	users map[string]*miss // host|user
	hosts map[netip.Addr]*miss
}

type miss struct {
	count int
	until time.Time // locked until
	ends  time.Time // forgotten after
}

func newLockouts(now func() time.Time) *lockouts {
	return &lockouts{now: now, users: map[string]*miss{}, hosts: map[netip.Addr]*miss{}}
}

// locked returns for how long a user is locked out from a host.
func (l *lockouts) locked(host netip.Addr, user string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.users[host.String()+"|"+user]; m != nil {
		return max(0, m.until.Sub(l.now()))
	}
	return 0
}

func (l *lockouts) banned(host netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.hosts[host]
	return m != nil && m.until.After(l.now())
}

// wrong counts a wrong answer.
func (l *lockouts) wrong(host netip.Addr, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count(l.users, host.String()+"|"+user, freeMisses, l.now())
	count(l.hosts, host, banMisses, l.now())
}

// right forgets a user's wrong answers from a host; those of the host stay, as
// one good account must not buy guesses at others.
func (l *lockouts) right(host netip.Addr, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.users, host.String()+"|"+user)
}

func count[K comparable](all map[K]*miss, key K, free int, now time.Time) {
	m := all[key]
	if m == nil {
		if len(all) >= maxMisses {
			return
		}
		m = &miss{}
		all[key] = m
	}
	m.count++
	m.ends = now.Add(longLock)
	if over := m.count - free; over >= 0 {
		m.until = now.Add(min(firstLock<<min(over, 10), longLock))
		m.ends = m.until.Add(longLock)
	}
}

func (l *lockouts) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, m := range l.users {
		if !m.ends.After(now) {
			delete(l.users, k)
		}
	}
	for k, m := range l.hosts {
		if !m.ends.After(now) {
			delete(l.hosts, k)
		}
	}
}

// authenticate finds the account of a REGISTER, or returns the answer that
// refuses it. Who asks about a user that does not exist gets the same answers
// as one with a wrong password.
func (r *Registrar) authenticate(q Request) (Account, *Result) {
	host := q.Source.Addr()
	if left := r.digest.misses.locked(host, q.User); left > 0 {
		return Account{}, &Result{Code: 403, Reason: "Too many wrong passwords", RetryAfter: left, Err: fault.New(fault.Throttled, "registrar: locked out")}
	}
	challenge := func(stale bool, why error) *Result {
		return &Result{Code: 401, Reason: "Unauthorized", Challenges: r.digest.challenges(host, stale, q.Agent), Err: why}
	}
	c := r.ourCredentials(q.Authorization)
	if c == nil {
		return Account{}, challenge(false, nil)
	}
	ours, young := r.digest.fresh(c.Nonce, host)
	acc, exists := r.accounts.Account(q.User, q.Domain)
	right := r.digest.verify(acc, exists, c, "REGISTER") && c.Username == q.User && sameTarget(c.URI, q.URI)
	switch {
	case !ours || !young:
		// A wrong password with an old nonce is not counted: the phone could not know.
		return Account{}, challenge(ours, nil)
	case !right:
		r.digest.misses.wrong(host, q.User)
		return Account{}, challenge(false, ErrCredentials)
	case !r.digest.once(c):
		return Account{}, challenge(true, fault.New(fault.Conflict, "registrar: nonce count used before"))
	}
	r.digest.misses.right(host, q.User)
	return acc, nil
}

// ourCredentials picks the answer to our challenge; a phone may send others.
func (r *Registrar) ourCredentials(values []string) *digest.Credentials {
	for _, v := range values {
		if len(v) > 2048 {
			continue
		}
		if c, err := digest.ParseCredentials(v); err == nil && c.Realm == r.cfg.Realm && !c.Userhash {
			return c
		}
	}
	return nil
}

// sameTarget reports whether the digest covers the request's URI. Phones differ
// in parameters and in naming the default port, so host and user decide.
func sameTarget(signed, uri string) bool { return target(signed) == target(uri) }

func target(uri string) string {
	s := bare(uri)
	_, s, found := strings.Cut(s, ":") // scheme
	if !found {
		return bare(uri)
	}
	return strings.TrimSuffix(s, ":5060")
}
