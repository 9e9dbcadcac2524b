// Package registrar knows which phones are registered and where they can be
// reached. It decides whether a phone's credentials are right (RFC 7616, RFC
// 8760), how long a binding lasts and who is locked out. It leaves SIP messages
// to sipleg and which agent has which phone to the caller.
package registrar

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/fault"
)

// Account is one phone user. Either Password or HA1 is set.
type Account struct {
	Tenant   string
	User     string // SIP user, also the digest username
	Domain   string // the SIP domain of the tenant; "" if users are unique over all tenants
	Password string
	// HA1 holds H(user:realm:password) in hex by algorithm, "SHA-256" and "MD5",
	// so that no password need be stored.
	HA1 map[string]string
}

// Accounts finds a phone user. The domain is the host part of the address that
// the phone registers; phones without a domain name send the relay's address.
type Accounts interface {
	Account(user, domain string) (Account, bool)
}

// Binding is where one phone of a user can be reached.
type Binding struct {
	Tenant, User string
	Contact      string         // URI as the phone gave it
	Source       netip.AddrPort // where its REGISTER came from: requests are sent there, so that NAT lets them in
	Transport    string         // "udp" or "tcp"
	Expires      time.Time
	CallID       string
	CSeq         uint32
	Agent        string // User-Agent, for the administrator
	Q            float64
}

// Config sets limits. Zero fields take the value in their comment.
type Config struct {
	Realm       string        // "huawu"
	MinExpires  time.Duration // 30 s; shorter wishes are refused (423)
	MaxExpires  time.Duration // 1 h; longer ones are cut
	Expires     time.Duration // 5 min, if the phone names none
	MaxContacts int           // 3; a further phone takes the place of the oldest
	Secret      []byte        // of nonces; random if empty
	Now         func() time.Time
	// Changed, if set, is told when a user's first phone registers and the last one goes.
	Changed func(tenant, user string, online bool)
}

// Registrar holds bindings in memory. Phones register again after a restart of
// the relay at the latest when half their time is over. Safe for concurrent use.
type Registrar struct {
	cfg      Config
	accounts Accounts
	digest   *digestServer

	mu       sync.Mutex
	bindings map[string][]Binding   // tenant|user, oldest first
	sources  map[netip.AddrPort]int // how many bindings came from an address
	hosts    map[netip.Addr]int
}

// New returns an empty registrar for these accounts.
func New(accounts Accounts, cfg Config) *Registrar {
	cfg.Realm = cmp.Or(cfg.Realm, "huawu")
	cfg.MinExpires = cmp.Or(cfg.MinExpires, 30*time.Second)
	cfg.MaxExpires = cmp.Or(cfg.MaxExpires, time.Hour)
	cfg.Expires = cmp.Or(cfg.Expires, 5*time.Minute)
	cfg.MaxContacts = cmp.Or(cfg.MaxContacts, 3)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Registrar{
		cfg: cfg, accounts: accounts, digest: newDigestServer(cfg.Realm, cfg.Secret, cfg.Now),
		bindings: map[string][]Binding{}, sources: map[netip.AddrPort]int{}, hosts: map[netip.Addr]int{},
	}
}

// Request is what sipleg read from a REGISTER.
type Request struct {
	User, Domain  string // of To: the address of record
	URI           string // Request-URI
	Authorization []string
	CallID        string
	CSeq          uint32
	Contacts      []Contact
	All           bool // Contact: *
	Expires       int  // Expires header in seconds; -1 if absent
	Source        netip.AddrPort
	Transport     string
	Agent         string
}

// Contact is one contact of a REGISTER.
type Contact struct {
	URI     string
	Expires int // seconds; -1 if absent
	Q       float64
}

// Result is the answer to a REGISTER: a SIP status and what goes with it.
type Result struct {
	Code       int
	Reason     string
	Challenges []string      // WWW-Authenticate
	Bindings   []Binding     // of a 200
	MinExpires time.Duration // of a 423
	RetryAfter time.Duration // of a lock-out
	// Err says why it was refused, for the log; nil for a 200 and a first challenge.
	Err error
}

// Register handles a REGISTER (RFC 3261 §10.3).
func (r *Registrar) Register(q Request) Result {
	acc, refused := r.authenticate(q)
	if refused != nil {
		return *refused
	}
	want := make([]Binding, 0, len(q.Contacts))
	for _, c := range q.Contacts {
		seconds := c.Expires
		if seconds < 0 {
			seconds = q.Expires
		}
		lasts := r.cfg.Expires
		if seconds >= 0 {
			lasts = min(time.Duration(min(seconds, 1<<24))*time.Second, r.cfg.MaxExpires)
		}
		if lasts > 0 && lasts < r.cfg.MinExpires {
			return Result{Code: 423, Reason: "Interval Too Brief", MinExpires: r.cfg.MinExpires}
		}
		b := Binding{
			Tenant: acc.Tenant, User: acc.User, Contact: c.URI, Source: q.Source, Transport: q.Transport,
			CallID: q.CallID, CSeq: q.CSeq, Agent: q.Agent, Q: c.Q,
		}
		if lasts > 0 {
			b.Expires = r.cfg.Now().Add(lasts)
		}
		want = append(want, b)
	}
	if q.All && (q.Expires != 0 || len(q.Contacts) > 0) {
		return Result{Code: 400, Reason: "Contact * needs Expires 0 and nothing else", Err: fault.New(fault.Invalid, "registrar: contact * misused")}
	}
	return r.apply(acc, q, want)
}

// apply changes the bindings of a user, all of them or none.
func (r *Registrar) apply(acc Account, q Request, want []Binding) Result {
	r.mu.Lock()
	key := acc.Tenant + "|" + acc.User
	now := r.cfg.Now()
	old := r.bindings[key]
	next := slices.DeleteFunc(slices.Clone(old), func(b Binding) bool { return !b.Expires.After(now) })
	for _, b := range next {
		if b.CallID == q.CallID && q.CSeq <= b.CSeq && (q.All || len(want) > 0) {
			r.mu.Unlock()
			return Result{Code: 500, Reason: "Out of order", Err: fault.New(fault.Conflict, "registrar: CSeq did not grow")}
		}
	}
	if q.All {
		next = nil
	}
	for _, w := range want {
		next = slices.DeleteFunc(next, func(b Binding) bool { return sameContact(b.Contact, w.Contact) })
		if !w.Expires.IsZero() {
			next = append(next, w)
		}
	}
	if extra := len(next) - r.cfg.MaxContacts; extra > 0 {
		next = next[extra:] // a phone that came back with another port leaves old contacts behind
	}
	r.store(key, old, next)
	r.mu.Unlock()
	r.tell(acc.Tenant, acc.User, len(old) > 0, len(next) > 0)
	return Result{Code: 200, Reason: "OK", Bindings: slices.Clone(next)}
}

// store replaces a user's bindings and counts their sources. r.mu is held.
func (r *Registrar) store(key string, old, next []Binding) {
	for _, b := range old {
		if r.sources[b.Source]--; r.sources[b.Source] <= 0 {
			delete(r.sources, b.Source)
		}
		if h := b.Source.Addr(); r.hosts[h] <= 1 {
			delete(r.hosts, h)
		} else {
			r.hosts[h]--
		}
	}
	for _, b := range next {
		r.sources[b.Source]++
		r.hosts[b.Source.Addr()]++
	}
	if len(next) == 0 {
		delete(r.bindings, key)
		return
	}
	r.bindings[key] = next
}

func (r *Registrar) tell(tenant, user string, was, is bool) {
	if r.cfg.Changed != nil && was != is {
		r.cfg.Changed(tenant, user, is)
	}
}

// Lookup returns where a user's phones are, the preferred first.
func (r *Registrar) Lookup(tenant, user string) []Binding {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Now()
	live := slices.DeleteFunc(slices.Clone(r.bindings[tenant+"|"+user]), func(b Binding) bool { return !b.Expires.After(now) })
	slices.SortStableFunc(live, func(a, b Binding) int { return cmp.Compare(b.Q, a.Q) })
	return live
}

// User returns whose phone an address is.
func (r *Registrar) User(from netip.AddrPort) (tenant, user string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sources[from] == 0 {
		return "", "", false
	}
	for _, list := range r.bindings {
		for _, b := range list {
			if b.Source == from {
				return b.Tenant, b.User, true
			}
		}
	}
	return "", "", false
}

// Known reports whether a phone is registered from this host.
func (r *Registrar) Known(host netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hosts[host] > 0
}

// Banned reports whether a host failed so often that it gets no more answers.
func (r *Registrar) Banned(host netip.Addr) bool { return r.digest.banned(host) }

// Sweep forgets what has expired. Call it every few seconds.
func (r *Registrar) Sweep() {
	now := r.cfg.Now()
	r.digest.sweep(now)
	type gone struct{ tenant, user string }
	var left []gone
	r.mu.Lock()
	for key, list := range r.bindings {
		next := slices.DeleteFunc(slices.Clone(list), func(b Binding) bool { return !b.Expires.After(now) })
		if len(next) == len(list) {
			continue
		}
		r.store(key, list, next)
		if len(next) == 0 {
			left = append(left, gone{list[0].Tenant, list[0].User})
		}
	}
	r.mu.Unlock()
	for _, g := range left {
		r.tell(g.tenant, g.user, true, false)
	}
}

// sameContact compares two contact URIs without their parameters.
func sameContact(a, b string) bool { return bare(a) == bare(b) }

// bare is a URI's scheme, user, host and port, with the host in lower case.
func bare(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	user, host, ok := strings.Cut(uri, "@")
	if !ok {
		user, host = "", uri
	}
	host, _, _ = strings.Cut(host, ";")
	return user + "@" + strings.ToLower(host)
}
