package login

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"huawu/shared/auth"
	"huawu/shared/fault"
)

func TestHashes(t *testing.T) {
	one, err := Hash(rand.Reader, secret)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Hash(rand.Reader, secret)
	if err != nil || one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s and %s, %v", one, two, err)
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 257)} {
		if _, err := Hash(rand.Reader, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d bytes are taken: %v", len(bad), err)
		}
	}
	if _, err := parsePHC(nobody); err != nil {
		t.Errorf("nobody's hash: %v", err)
	}
	// From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, tt := range []struct {
		name, password, stored string
		want                   bool
	}{
		{"its own", secret, one, true},
		{"its own with another salt", secret, two, true},
		{"one of the reference implementation", "password", reference, true},
		{"another password", secret + " ", one, false},
		{"a password cut short", secret[:len(secret)-1], one, false},
		{"no password", "", one, false},
		{"nothing stored", secret, "", false},
		{"an unreadable hash", secret, one + "x", false},
	} {
		if got := Matches(tt.password, tt.stored); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestAStoredHashCannotAskForEverything(t *testing.T) {
	for _, bad := range []string{"m=1048576,t=2,p=1", "m=19456,t=100,p=1", "m=19456,t=2,p=255", "m=19456,t=0,p=1", "m=0,t=2,p=1", "m=-1,t=2,p=1", "m=19456, t=2,p=1", "m=019456,t=2,p=1", "m=4294967297,t=2,p=1"} {
		if _, err := parsePHC(strings.Replace(nobody, "m=19456,t=2,p=1", bad, 1)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, bad := range []string{"$argon2i$", "$argon2d$"} {
		if _, err := parsePHC(strings.Replace(nobody, "$argon2id$", bad, 1)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if _, err := (User{Tenant: "demo", Username: "x", Agent: "a", Role: auth.Agent, Hash: "plain"}).Put(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a user with a password for a hash: %v", err)
	}
}

func TestNewPasswordsAreTypedAndTaken(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		p, err := NewPassword(rand.Reader)
		if err != nil || len(p) != 19 || strings.Trim(p, "abcdefghjkmnpqrstuvwxyz123456789-") != "" || seen[p] {
			t.Fatalf("%q, %v", p, err)
		}
		seen[p] = true
	}
}

// A flood of log-ins with real hashes: the heap stays far below a function of 256 MB.
func TestAFloodOfLogInsIsBounded(t *testing.T) {
	b := newBench(t)
	inside, most := atomic.Int32{}, atomic.Int32{}
	b.s.hash = func(password, stored string) bool {
		if n := inside.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer inside.Add(-1)
		return Matches(password, stored)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	var away atomic.Int32
	for range 300 {
		wg.Go(func() {
			_, err := b.s.Enter(t.Context(), Attempt{"demo", "lin", secret, "192.0.2.1"})
			if fault.KindOf(err) == fault.Throttled {
				away.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	grown := (after.HeapSys - min(after.HeapSys, before.HeapSys)) >> 20
	t.Logf("%d of 300 sent away, %d hashed at once at most, heap grew by %d MiB", away.Load(), most.Load(), grown)
	if most.Load() > hashersAtOnce || grown > 160 {
		t.Error("not bounded")
	}
	b.in() // and it goes on
}

func TestTheGateHasAShortLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var leave []func()
		for range hashersAtOnce {
			l, err := g.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, l)
		}
		began := time.Now()
		errs := make(chan error, lineLength)
		for range lineLength {
			go func() { _, err := g.enter(t.Context()); errs <- err }()
		}
		synctest.Wait()
		var wait *Wait
		if _, err := g.enter(t.Context()); !errors.As(err, &wait) || time.Since(began) != 0 {
			t.Errorf("behind a full line: %v", err)
		}
		for range lineLength {
			if err := <-errs; !errors.As(err, &wait) || time.Since(began) != lineWait {
				t.Errorf("in the line: %v after %s", err, time.Since(began))
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.enter(gone); err == nil {
			t.Error("one who has gone is let in")
		}
		for _, l := range leave {
			l()
		}
		if l, err := g.enter(t.Context()); err != nil {
			t.Error(err)
		} else {
			l()
		}
		if len(g.line) != 0 || len(g.room) != 0 {
			t.Error("someone is left inside")
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add(nobody)
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePHC(s); err == nil && (p.String() != s || p.kib > maxKiB || p.passes > maxPasses) {
			t.Fatalf("%q is read as %+v", s, p)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Matches(secret, nobody)
	}
}
