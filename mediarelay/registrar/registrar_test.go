package registrar

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// book is the accounts of the tests.
type book map[string]Account

func (b book) Account(user, domain string) (Account, bool) {
	a, ok := b[user]
	return a, ok
}

// bed is a registrar on its own clock, and a phone's view of it.
type bed struct {
	t   *testing.T
	r   *Registrar
	now time.Time
	src netip.AddrPort
	seq uint32
	log []string // Changed
}

func newBed(t *testing.T) *bed {
	b := &bed{t: t, now: time.Unix(1_800_000_000, 0), src: netip.MustParseAddrPort("192.0.2.9:5062")}
	b.r = New(book{
		"lin": {Tenant: "demo", User: "lin", Password: "secret"},
		"wu":  {Tenant: "demo", User: "wu", HA1: map[string]string{"MD5": HA1("MD5", "wu", "huawu", "secret"), "SHA-256": HA1("SHA-256", "wu", "huawu", "secret")}},
	}, Config{
		Now: func() time.Time { return b.now },
		Changed: func(tenant, user string, online bool) {
			b.log = append(b.log, fmt.Sprint(tenant, " ", user, " ", online))
		},
	})
	return b
}

// request is a REGISTER of one contact.
func (b *bed) request(user string) Request {
	b.seq++
	return Request{
		User: user, Domain: "relay.test", URI: "sip:relay.test", CallID: "c-" + user, CSeq: b.seq, Expires: -1,
		Contacts: []Contact{{URI: "sip:" + user + "@10.0.0.5:5062;ob", Expires: 120}}, Source: b.src, Transport: "udp",
	}
}

// sign answers the challenge at index i of a 401.
func sign(t *testing.T, challenges []string, i int, user, password, uri string, nc int) []string {
	t.Helper()
	c, err := digest.ParseChallenge(challenges[i])
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: "REGISTER", URI: uri, Username: user, Password: password, Count: nc})
	if err != nil {
		t.Fatal(err)
	}
	return []string{cred.String()}
}

// register sends, answers the challenge and sends again.
func (b *bed) register(user, password string) Result {
	b.t.Helper()
	q := b.request(user)
	first := b.r.Register(q)
	if first.Code != 401 {
		return first
	}
	q.Authorization = sign(b.t, first.Challenges, 0, user, password, q.URI, 1)
	q.CSeq++
	b.seq++
	return b.r.Register(q)
}

func TestRegisterAnswersWithBindings(t *testing.T) {
	for _, alg := range []int{0, 1} {
		for _, user := range []string{"lin", "wu"} {
			t.Run(fmt.Sprintf("%s with %s", user, algorithms[alg]), func(t *testing.T) {
				b := newBed(t)
				q := b.request(user)
				first := b.r.Register(q)
				if first.Code != 401 || len(first.Challenges) != 2 || !strings.Contains(first.Challenges[0], "SHA-256") {
					t.Fatalf("first answer %+v", first)
				}
				q.Authorization = sign(t, first.Challenges, alg, user, "secret", q.URI, 1)
				got := b.r.Register(q)
				if got.Code != 200 || len(got.Bindings) != 1 || got.Bindings[0].Expires.Sub(b.now) != 2*time.Minute {
					t.Fatalf("answer %+v", got)
				}
				where := b.r.Lookup("demo", user)
				if len(where) != 1 || where[0].Source != b.src || where[0].Contact != "sip:"+user+"@10.0.0.5:5062;ob" {
					t.Fatalf("Lookup = %+v", where)
				}
				if tenant, who, ok := b.r.User(b.src); !ok || tenant != "demo" || who != user {
					t.Errorf("User = %s %s %t", tenant, who, ok)
				}
				if len(b.r.Lookup("other", user)) != 0 {
					t.Error("another tenant finds the phone")
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		edit func(*testing.T, *bed, *Request, Result)
		want int
	}{
		{"a wrong password", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Authorization = sign(t, r.Challenges, 0, "lin", "wrong", q.URI, 1)
		}, 401},
		{"a user that does not exist", func(t *testing.T, b *bed, q *Request, r Result) {
			q.User = "nobody"
			q.Authorization = sign(t, r.Challenges, 0, "nobody", "secret", q.URI, 1)
		}, 401},
		{"another user's credentials", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Authorization = sign(t, r.Challenges, 0, "wu", "secret", q.URI, 1)
		}, 401},
		{"a digest for another URI", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Authorization = sign(t, r.Challenges, 0, "lin", "secret", "sip:elsewhere.test", 1)
		}, 401},
		{"an answer from another host", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Source = netip.MustParseAddrPort("198.51.100.1:5060")
		}, 401},
		{"a nonce that is too old", func(t *testing.T, b *bed, q *Request, r Result) { b.now = b.now.Add(nonceLife) }, 401},
		{"another realm", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Authorization[0] = strings.Replace(q.Authorization[0], `realm="huawu"`, `realm="other"`, 1)
		}, 401},
		{"an unknown algorithm", func(t *testing.T, b *bed, q *Request, r Result) {
			q.Authorization[0] = strings.Replace(q.Authorization[0], "SHA-256", "SHA-1", 1)
		}, 401},
		{"no digest at all", func(t *testing.T, b *bed, q *Request, r Result) { q.Authorization = []string{"Basic bGluOnNlY3JldA=="} }, 401},
		{"too short an interval", func(t *testing.T, b *bed, q *Request, r Result) { q.Contacts[0].Expires = 5 }, 423},
		{"a star with a contact", func(t *testing.T, b *bed, q *Request, r Result) { q.All = true }, 400},
		{"a star that does not unregister", func(t *testing.T, b *bed, q *Request, r Result) { q.All, q.Contacts = true, nil }, 400},
		{"all is well", func(t *testing.T, b *bed, q *Request, r Result) {}, 200},
		{"the default port is named", func(t *testing.T, b *bed, q *Request, r Result) { q.URI = "sip:relay.test:5060;transport=udp" }, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBed(t)
			q := b.request("lin")
			first := b.r.Register(q)
			q.Authorization = sign(t, first.Challenges, 0, "lin", "secret", q.URI, 1)
			tt.edit(t, b, &q, first)
			if got := b.r.Register(q); got.Code != tt.want {
				t.Errorf("Register = %d %s (%v), want %d", got.Code, got.Reason, got.Err, tt.want)
			}
		})
	}
}

func TestAnUnknownUserGetsTheAnswersOfAWrongPassword(t *testing.T) {
	shape := func(user string) (codes []string) {
		b := newBed(t)
		for range freeMisses + 2 {
			r := b.register(user, "guess")
			codes = append(codes, fmt.Sprint(r.Code, r.Reason, len(r.Challenges), r.RetryAfter))
		}
		return codes
	}
	if known, unknown := shape("lin"), shape("nobody"); !slices.Equal(known, unknown) {
		t.Errorf("known user %v\nunknown user %v", known, unknown)
	}
}

func TestAnOldNonceIsStale(t *testing.T) {
	b := newBed(t)
	q := b.request("lin")
	first := b.r.Register(q)
	q.Authorization = sign(t, first.Challenges, 0, "lin", "secret", q.URI, 1)
	b.now = b.now.Add(nonceLife + time.Second)
	got := b.r.Register(q)
	if got.Code != 401 || !strings.Contains(got.Challenges[0], "stale=true") {
		t.Fatalf("answer %+v", got)
	}
	q.Authorization = sign(t, got.Challenges, 0, "lin", "secret", q.URI, 1)
	if got := b.r.Register(q); got.Code != 200 {
		t.Fatalf("with the new nonce %+v", got)
	}
}

func TestANonceCountIsGoodOnce(t *testing.T) {
	b := newBed(t)
	q := b.request("lin")
	first := b.r.Register(q)
	try := func(nc int) int {
		q.CSeq++
		q.Authorization = sign(t, first.Challenges, 0, "lin", "secret", q.URI, nc)
		return b.r.Register(q).Code
	}
	for _, step := range []struct{ nc, want int }{{1, 200}, {1, 401}, {5, 200}, {3, 200}, {3, 401}, {5, 401}, {100, 200}, {4, 401}, {70, 200}, {0x7fffffff, 200}} {
		if got := try(step.nc); got != step.want {
			t.Fatalf("nc %d: %d, want %d", step.nc, got, step.want)
		}
	}
}

func TestWrongPasswordsLockOut(t *testing.T) {
	b := newBed(t)
	for range freeMisses {
		if r := b.register("lin", "guess"); r.Code != 401 {
			t.Fatalf("answer %+v", r)
		}
	}
	if r := b.register("lin", "secret"); r.Code != 403 || r.RetryAfter != firstLock {
		t.Fatalf("locked out user gets %+v", r)
	}
	if r := b.register("wu", "secret"); r.Code != 200 {
		t.Fatalf("another user behind the same address gets %+v", r)
	}
	b.now = b.now.Add(firstLock)
	if r := b.register("lin", "secret"); r.Code != 200 {
		t.Fatalf("after the lock: %+v", r)
	}
	for i := range banMisses {
		b.register(fmt.Sprint("u", i), "guess")
	}
	if !b.r.Banned(b.src.Addr()) || b.r.Banned(netip.MustParseAddr("192.0.2.10")) {
		t.Error("the guessing host is not banned, or another one is")
	}
	b.now = b.now.Add(48 * time.Hour)
	b.r.Sweep()
	if b.r.Banned(b.src.Addr()) || len(b.r.digest.misses.users)+len(b.r.digest.misses.hosts)+len(b.r.digest.used) != 0 {
		t.Error("two days later something is still remembered")
	}
}

func TestBindingsComeAndGo(t *testing.T) {
	b := newBed(t)
	b.register("lin", "secret")
	send := func(edit func(*Request)) Result {
		q := b.request("lin")
		first := b.r.Register(q)
		q.Authorization = sign(t, first.Challenges, 0, "lin", "secret", q.URI, 1)
		edit(&q)
		return b.r.Register(q)
	}
	if r := send(func(q *Request) { q.Contacts = nil }); r.Code != 200 || len(r.Bindings) != 1 {
		t.Fatalf("a query answers %+v", r)
	}
	if r := send(func(q *Request) { q.CSeq = 1 }); r.Code != 500 {
		t.Fatalf("an old CSeq answers %+v", r)
	}
	b.now = b.now.Add(100 * time.Second)
	if r := send(func(q *Request) {}); r.Code != 200 || len(r.Bindings) != 1 || r.Bindings[0].Expires.Sub(b.now) != 2*time.Minute {
		t.Fatalf("a refresh answers %+v", r)
	}
	for i := range 4 {
		send(func(q *Request) {
			q.CallID = fmt.Sprint("phone", i)
			q.Contacts[0].URI = fmt.Sprintf("sip:lin@10.0.0.%d", 20+i)
			q.Contacts[0].Q = float64(i) / 10
			q.Source = netip.AddrPortFrom(b.src.Addr(), uint16(6000+i))
		})
	}
	where := b.r.Lookup("demo", "lin")
	if len(where) != 3 || where[0].Contact != "sip:lin@10.0.0.23" || where[2].Contact != "sip:lin@10.0.0.21" {
		t.Fatalf("the three newest, the preferred first, are not what is found: %+v", where)
	}
	if _, _, ok := b.r.User(b.src); ok {
		t.Error("a source is known whose binding is gone")
	}
	if r := send(func(q *Request) { q.All, q.Contacts, q.Expires = true, nil, 0 }); r.Code != 200 || len(r.Bindings) != 0 {
		t.Fatalf("unregister all answers %+v", r)
	}
	if len(b.r.Lookup("demo", "lin")) != 0 || b.r.Known(b.src.Addr()) {
		t.Error("after unregistering something is found")
	}
	b.register("lin", "secret")
	b.now = b.now.Add(121 * time.Second)
	if len(b.r.Lookup("demo", "lin")) != 0 {
		t.Error("an expired binding is found")
	}
	b.r.Sweep()
	want := []string{"demo lin true", "demo lin false", "demo lin true", "demo lin false"}
	if !slices.Equal(b.log, want) {
		t.Errorf("Changed was told %q, want %q", b.log, want)
	}
}

func FuzzRegister(f *testing.F) {
	f.Add(`Digest username="lin", realm="huawu", nonce="x", uri="sip:relay.test", response="00", algorithm=MD5, qop=auth, nc=00000001, cnonce="a"`)
	f.Add(`Digest username="\"`)
	b := book{"lin": {Tenant: "demo", User: "lin", Password: "secret"}}
	f.Fuzz(func(t *testing.T, header string) {
		r := New(b, Config{})
		got := r.Register(Request{User: "lin", URI: "sip:relay.test", Authorization: []string{header}, Contacts: []Contact{{URI: "sip:lin@h", Expires: -1}}, Expires: -1,
			Source: netip.MustParseAddrPort("192.0.2.1:5060")})
		if got.Code == 200 {
			t.Errorf("let in with %q", header)
		}
	})
}

func TestBookFindsUsersByDomain(t *testing.T) {
	b, err := NewBook(
		Account{Tenant: "a", User: "lin", Domain: "a.test", Password: "x"},
		Account{Tenant: "b", User: "lin", Domain: "b.test", Password: "x"},
		Account{Tenant: "b", User: "wu", Domain: "b.test", Password: "x"},
	)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, user, domain, want string }{
		{"the domain decides", "lin", "B.test", "b"},
		{"a relay's address will do for a unique user", "wu", "127.0.0.1", "b"},
		{"but not for a name that two tenants have", "lin", "127.0.0.1", ""},
		{"nobody", "x", "a.test", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := b.Account(tt.user, tt.domain); got.Tenant != tt.want || ok != (tt.want != "") {
				t.Errorf("Account = %+v, %t", got, ok)
			}
		})
	}
	err = b.Replace(Account{Tenant: "a", User: "x y", Password: "p"}, Account{Tenant: "a", User: "z"}, Account{Tenant: "b", User: "z", Password: "p"})
	for _, want := range []string{"account 0 has no tenant", "account 1 has no password", "account 2 has the user"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported: %v", want, err)
		}
	}
	if _, ok := b.Account("wu", "b.test"); !ok {
		t.Error("a bad Replace changed the book")
	}
}

func TestPhonesThatGiveUpAtAnUnknownChallengeGetTheOneTheyKnow(t *testing.T) {
	d := newDigestServer("huawu", nil, time.Now)
	tests := []struct {
		name, agent string
		want        []string
	}{
		{"a phone by the book takes the first it knows", "Yealink SIP-T46U 108.86.0.20", []string{"SHA-256", "MD5"}},
		{"a phone that does not name itself", "", []string{"SHA-256", "MD5"}},
		{"old libre stops at the first it does not know", "baresip v1.0.0 (x86_64/linux)", []string{"MD5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := d.challenges(netip.MustParseAddr("127.0.0.1"), false, tt.agent)
			if len(got) != len(tt.want) {
				t.Fatalf("challenges %q, want %q", got, tt.want)
			}
			for n, alg := range tt.want {
				if !strings.Contains(got[n], "algorithm="+alg) {
					t.Errorf("challenge %d is %q, want %s", n, got[n], alg)
				}
			}
		})
	}
}
