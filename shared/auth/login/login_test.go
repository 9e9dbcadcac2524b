package login

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const secret = "k7m2-xq9d-p4ta-hs3w"

// bench is a tenant with two users, and a service before it.
type bench struct {
	*testing.T
	cloud *localcloud.Cloud
	clock *localcloud.Clock
	s     *Service
	log   *bytes.Buffer
	lines *slog.Logger // into log; TextHandler lets one write at a time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := localcloud.NewClock(noon)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, cloud: c, clock: clock, log: &bytes.Buffer{}}
	b.lines = slog.New(slog.NewTextHandler(b.log, nil))
	b.s = b.service()
	hash, err := Hash(rand.Reader, secret)
	if err != nil {
		t.Fatal(err)
	}
	b.put(User{Tenant: "demo", Username: "lin", Agent: "agent-lin", Role: auth.Agent, Hash: hash, Since: noon.Add(-time.Hour)})
	b.put(User{Tenant: "demo", Username: "wu", Agent: "agent-wu", Role: auth.Supervisor, Hash: hash, Since: noon.Add(-time.Hour), Disabled: true})
	return b
}

// service is another process over the same table.
func (b *bench) service() *Service {
	return New(Config{Table: b.cloud.Table(), Tokens: auth.New(b.cloud.Keys(), "huawu", "desk", b.clock.Now), Now: b.clock.Now, Random: rand.Reader, Log: b.lines})
}

// cheap makes a service that compares without hashing, where the cost is not
// what is tested.
func cheap(s *Service) *Service {
	s.hash = func(password, stored string) bool { return password == secret && stored != nobody }
	return s
}

func (b *bench) put(u User) {
	b.Helper()
	w, err := u.Put()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.cloud.Table().Write(b.Context(), w); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) enter(username, password string) (Session, error) {
	return b.s.Enter(b.Context(), Attempt{"demo", username, password, "192.0.2.1"})
}

// in logs lin in.
func (b *bench) in() Session {
	b.Helper()
	x, err := b.enter("lin", secret)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

func (b *bench) refresh(token string) Session {
	b.Helper()
	x, err := b.s.Refresh(b.Context(), token)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

func (b *bench) over(what, token string) {
	b.Helper()
	if _, err := b.s.Refresh(b.Context(), token); !errors.Is(err, ErrSession) {
		b.Errorf("%s: %v, want no session", what, err)
	}
}

func TestWhoGetsIn(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("x", 1<<20)
	tests := []struct {
		name string
		a    Attempt
		err  error
		line string
	}{
		{"the right password", Attempt{"demo", "lin", secret, "192.0.2.1"}, nil, "tenant=demo agent=agent-lin role=agent action=login result=ok"},
		{"a name in capitals", Attempt{"Demo", "LIN", secret, "192.0.2.1"}, nil, "result=ok"},
		{"no address", Attempt{"demo", "lin", secret, ""}, nil, "result=ok"},
		{"a wrong password", Attempt{"demo", "lin", secret + "x", "192.0.2.1"}, ErrWrong, "agent=agent-lin role=agent action=login result=wrong"},
		{"no password", Attempt{"demo", "lin", "", "192.0.2.1"}, ErrWrong, "result=wrong"},
		{"a password of a megabyte", Attempt{"demo", "lin", long, "192.0.2.1"}, ErrWrong, "result=wrong"},
		{"an unknown name", Attempt{"demo", "nemo", secret, "192.0.2.1"}, ErrWrong, `tenant="" agent="" role="" action=login result=unknown`},
		{"an unknown tenant", Attempt{"other", "lin", secret, "192.0.2.1"}, ErrWrong, "result=unknown"},
		{"a disabled user", Attempt{"demo", "wu", secret, "192.0.2.1"}, ErrWrong, "result=disabled"},
		{"a tenant that breaks keys", Attempt{"demo|CFG", "lin", secret, "192.0.2.1"}, ErrWrong, "result=unknown"},
		{"the tenant of the house", Attempt{"_", "lin", secret, "192.0.2.1"}, ErrWrong, "result=unknown"},
		{"a name that breaks keys", Attempt{"demo", "lin#", secret, "192.0.2.1"}, ErrWrong, "result=unknown"},
		{"the password as the name", Attempt{"demo", secret, "lin", "192.0.2.1"}, ErrWrong, "result=unknown"},
		{"hostile text", Attempt{"\x00", "<script>\xff", "\x00\xff", "::1%eth0"}, ErrWrong, "result=unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.log.Reset()
			got, err := b.s.Enter(t.Context(), tt.a)
			if !errors.Is(err, tt.err) || !strings.Contains(b.log.String(), tt.line) {
				t.Errorf("%+v, %v, logged %s", got.Who, err, b.log)
			}
			if who, e := b.s.tokens.Verify(t.Context(), got.Access); (e == nil) != (tt.err == nil) || e == nil && (who != got.Who || who.Agent != "agent-lin" || !who.Expires.Equal(noon.Add(10*time.Minute))) {
				t.Errorf("the token says %+v, %v", who, e)
			}
		})
	}
}

func TestAnUnknownNameCostsTheSameRequestsAndHashes(t *testing.T) {
	b := newBench(t)
	b.in() // the secret is read
	var stored []string
	b.s.hash = func(_, of string) bool { stored = append(stored, of); return false }
	var calls []string
	b.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		calls = append(calls, fmt.Sprint(c.Op))
		return localcloud.Pass
	}})
	cost := func(tenant, name string) string {
		calls = nil
		if _, err := b.s.Enter(t.Context(), Attempt{tenant, name, "wrong", "192.0.2.1"}); !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
		return fmt.Sprint(calls)
	}
	want := cost("demo", "lin")
	for _, who := range [][2]string{{"demo", "nemo"}, {"none", "lin"}, {"demo", "not a name"}, {"|", "|"}} {
		if got := cost(who[0], who[1]); got != want {
			t.Errorf("%v: %s, a known one %s", who, got, want)
		}
	}
	known, err := parsePHC(stored[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stored[1:] {
		p, err := parsePHC(s)
		if err != nil || s == stored[0] || p.kib != known.kib || p.passes != known.passes || p.lanes != known.lanes {
			t.Errorf("an unknown name hashes by %s, %v", s, err)
		}
	}
}

func TestTenWrongPasswords(t *testing.T) {
	for _, name := range []string{"lin", "nemo"} { // known or not is no difference
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			cheap(b.s)
			for n := 1; n <= 10; n++ {
				_, err := b.enter(name, "wrong")
				var wait *Wait
				switch {
				case n <= 5 && !errors.Is(err, ErrWrong):
					t.Fatalf("attempt %d: %v", n, err)
				case n > 5 && (!errors.As(err, &wait) || wait.For != 30*time.Second || fault.KindOf(err) != fault.Throttled):
					t.Fatalf("attempt %d: %v, want to wait 30 s", n, err)
				}
			}
			if _, err := b.enter(name, secret); fault.KindOf(err) != fault.Throttled {
				t.Errorf("the right one within the time: %v", err)
			}
			for _, seconds := range []int{60, 120, 240, 480, 900, 900} { // each next failure doubles it
				b.clock.Advance(b.waits(name))
				if _, err := b.enter(name, "wrong"); !errors.Is(err, ErrWrong) {
					t.Fatal(err)
				}
				if got := b.waits(name); got != time.Duration(seconds)*time.Second {
					t.Errorf("wait %s, want %d s", got, seconds)
				}
			}
			b.clock.Advance(b.waits(name))
			if _, err := b.enter(name, secret); (err == nil) != (name == "lin") {
				t.Errorf("the right one after it: %v", err)
			}
			if name == "lin" { // and all is forgotten
				for range 5 {
					if _, err := b.enter(name, "wrong"); !errors.Is(err, ErrWrong) {
						t.Error(err)
					}
				}
			}
		})
	}
}

// waits asks how long a name must wait, without an attempt.
func (b *bench) waits(name string) time.Duration {
	b.Helper()
	_, key, err := b.s.tryKeys(b.Context(), Attempt{Tenant: "demo", Username: name})
	if err != nil {
		b.Fatal(err)
	}
	var w *Wait
	if err := b.s.open(b.Context(), key); err != nil && !errors.As(err, &w) {
		b.Fatal(err)
	}
	if w == nil {
		return 0
	}
	return w.For
}

func TestFailuresAreForgottenAfterADay(t *testing.T) {
	b := newBench(t)
	cheap(b.s)
	for range 20 {
		if _, err := b.enter("lin", "wrong"); !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
		b.clock.Advance(24 * time.Hour)
	}
}

func TestGuessesAtTheSameTimeAllCount(t *testing.T) {
	b := newBench(t)
	asked := make(chan struct{}, 100)
	var wg sync.WaitGroup
	for range 8 { // as many processes
		s := b.service()
		s.hash = func(string, string) bool { asked <- struct{}{}; return false }
		wg.Go(func() {
			for range 5 {
				if _, err := s.Enter(t.Context(), Attempt{"demo", "lin", "wrong", "192.0.2.1"}); !errors.Is(err, ErrWrong) && fault.KindOf(err) != fault.Throttled {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(asked); n != 5 {
		t.Errorf("%d of 40 guesses were looked at, want 5", n)
	}
}

func TestAnAddressThatTriesManyNamesMustWait(t *testing.T) {
	b := newBench(t)
	cheap(b.s)
	try := func(name, address, password string) error {
		_, err := b.s.Enter(t.Context(), Attempt{"demo", name, password, address})
		return err
	}
	for n := range 100 {
		if err := try(fmt.Sprint("name", n), fmt.Sprintf("2001:db8::%x", n), "wrong"); !errors.Is(err, ErrWrong) {
			t.Fatalf("name %d: %v", n, err)
		}
		if err := try("lin", "2001:db8::1", secret); err != nil && n < 99 { // who gets in does not count, nor forgive
			t.Fatalf("after %d: %v", n, err)
		}
	}
	if err := try("lin", "2001:db8::ffff", secret); fault.KindOf(err) != fault.Throttled {
		t.Errorf("from the same network: %v", err)
	}
	if err := try("lin", "2001:db8:0:1::1", secret); err != nil {
		t.Errorf("from another one: %v", err)
	}
	b.clock.Advance(31 * time.Second)
	if err := try("lin", "2001:db8::1", secret); err != nil {
		t.Errorf("later: %v", err)
	}
}

func TestNothingSecretIsLoggedOrKept(t *testing.T) {
	b := newBench(t)
	x := b.in()
	y := b.refresh(x.Refresh)
	b.clock.Advance(time.Minute)
	b.over("the old one", x.Refresh)
	z := b.in()
	if err := b.s.Leave(t.Context(), z.Refresh); err != nil {
		t.Fatal(err)
	}
	_, _ = b.enter("my-password", "lin") // refused, see TestWhoGetsIn
	live := b.in()
	kept := b.log.String()
	for _, part := range []string{"demo|CFG", "_|CFG"} {
		kept += b.dump(part)
	}
	f, _ := parseRefresh(live.Refresh)
	kept += b.dump(f.key().Part)
	from, name, err := b.s.tryKeys(t.Context(), Attempt{"demo", "my-password", "", "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	kept += b.dump(from.Part) + b.dump(name.Part)
	if !strings.Contains(kept, "result=revoked") || !strings.Contains(kept, "TRIES") || !strings.Contains(kept, "argon2id") {
		t.Fatalf("not what was to be looked at: %s", kept)
	}
	for what, bad := range map[string]string{"password": secret, "name that is none": "my-password", "address": "192.0.2.1", "access": y.Access, "refresh": y.Refresh, "live": live.Refresh,
		"secret part": strings.Split(live.Refresh, ".")[2], "secret bytes": string(f.secret)} {
		if strings.Contains(kept, bad) {
			t.Errorf("the %s is kept: %s", what, kept)
		}
	}
}

// dump is all that a partition holds, as text; bytes as they are.
func (b *bench) dump(part string) string {
	b.Helper()
	items, _, err := b.cloud.Table().Query(b.Context(), cloud.Query{Part: part})
	if err != nil {
		b.Fatal(err)
	}
	var s strings.Builder
	for _, i := range items {
		for k, v := range i {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintf(&s, "%s=%v ", k, v)
		}
	}
	return s.String()
}
