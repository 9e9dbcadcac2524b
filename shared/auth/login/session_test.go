package login

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

func TestASessionGoesOn(t *testing.T) {
	b := newBench(t)
	x := b.in()
	seen := map[string]bool{x.Refresh: true}
	for range 70 { // a shift
		b.clock.Advance(9 * time.Minute)
		next := b.refresh(x.Refresh)
		if seen[next.Refresh] || next.Access == x.Access || next.Who.Agent != "agent-lin" || !next.Who.Expires.Equal(b.clock.Now().Add(AccessLife)) {
			t.Fatalf("refreshed to %+v", next)
		}
		seen[next.Refresh] = true
		x = next
	}
	if !x.Until.Equal(noon.Add(sessionLife)) {
		t.Errorf("until %s", x.Until)
	}
	b.clock.Advance(85 * time.Minute) // within the idle time
	x = b.refresh(x.Refresh)
	if !x.Who.Expires.Equal(noon.Add(sessionLife)) { // 5 minutes are left of the shift
		t.Errorf("access outlives the session: %s", x.Who.Expires)
	}
	b.clock.Advance(5 * time.Minute)
	b.over("after the longest time", x.Refresh)
}

func TestTokensThatContinueNoSession(t *testing.T) {
	b := newBench(t)
	x := b.in()
	parts := strings.Split(x.Refresh, ".")
	for name, token := range map[string]string{
		"nothing": "", "an access token": x.Access, "two parts": parts[0] + "." + parts[1], "another tenant": "other." + parts[1] + "." + parts[2],
		"another session": parts[0] + ".01938d2c-0000-7abc-8def-000000000001." + parts[2], "a session in capitals": parts[0] + "." + strings.ToUpper(parts[1]) + "." + parts[2],
		"a key in the tenant": "demo|S#." + parts[1] + "." + parts[2], "padding": x.Refresh + "=", "too long": x.Refresh + strings.Repeat("A", 300), "too short": x.Refresh[:len(x.Refresh)-1],
	} {
		b.over(name, token)
	}
	b.clock.Advance(idleLife - time.Second)
	x = b.refresh(x.Refresh) // none of them did it any harm
	b.clock.Advance(idleLife)
	b.over("after the idle time", x.Refresh)
}

func TestAReusedTokenEndsTheWholeSession(t *testing.T) {
	tests := []struct {
		name  string
		steps int // refreshes behind the one that is used again
		after time.Duration
	}{
		{"the last one, later", 1, grace},
		{"the last one, much later", 1, time.Hour},
		{"one before the last, at once", 2, 0},
		{"the first one", 5, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			cheap(b.s)
			other := b.in() // another browser
			stolen := b.in().Refresh
			live := stolen
			for range tt.steps {
				live = b.refresh(live).Refresh
			}
			b.clock.Advance(tt.after)
			b.over("the stolen one", stolen)
			b.over("its owner's", live)
			b.refresh(other.Refresh)
			if !strings.Contains(b.log.String(), "tenant=demo agent=agent-lin role=\"\" action=refresh result=revoked reason=reused") {
				t.Errorf("no audit line: %s", b.log)
			}
		})
	}
}

func TestTwoTabsThatRefreshTogetherKeepOneSession(t *testing.T) {
	b := newBench(t)
	cheap(b.s)
	x := b.in()
	tokens := make([]string, 4)
	var wg sync.WaitGroup
	for n := range tokens {
		s := b.service()
		wg.Go(func() {
			got, err := s.Refresh(t.Context(), x.Refresh)
			if err != nil {
				t.Error(err)
			}
			tokens[n] = got.Refresh
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == x.Refresh {
			t.Fatalf("the tabs have different tokens: %q", tokens)
		}
	}
	b.clock.Advance(time.Minute)
	b.refresh(tokens[0])
}

func TestAnAnswerThatWasLostIsGivenAgain(t *testing.T) {
	b := newBench(t)
	x := b.in()
	b.cloud.SetFaults(localcloud.Faults{Each: func(c localcloud.Call) localcloud.Verdict {
		if c.Op == localcloud.OpSign {
			return localcloud.Down
		}
		return localcloud.Pass
	}})
	if _, err := b.s.Refresh(t.Context(), x.Refresh); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("without keys: %v", err)
	}
	b.cloud.SetFaults(localcloud.Faults{})
	b.clock.Advance(time.Hour) // nothing was used up
	y := b.refresh(x.Refresh)
	b.clock.Advance(grace - time.Millisecond)
	if again := b.refresh(x.Refresh); again.Refresh != y.Refresh {
		t.Error("another token")
	}
}

func TestLeavingEndsOneSession(t *testing.T) {
	b := newBench(t)
	here, there := b.in(), b.in()
	for range 2 { // again is no change
		if err := b.s.Leave(t.Context(), here.Refresh); err != nil {
			t.Fatal(err)
		}
	}
	for _, nonsense := range []string{"", "x", "demo.x.y"} {
		if err := b.s.Leave(t.Context(), nonsense); err != nil {
			t.Errorf("%q: %v", nonsense, err)
		}
	}
	b.over("after leaving", here.Refresh)
	b.refresh(there.Refresh)
	if strings.Count(b.log.String(), "action=logout result=ok") != 1 {
		t.Errorf("logged %s", b.log)
	}
}

func TestAUserWhoChangedLosesSessions(t *testing.T) {
	hash := nobody
	for name, u := range map[string]User{
		"disabled":            {Agent: "agent-lin", Role: auth.Agent, Since: noon.Add(-time.Hour), Disabled: true},
		"a new password":      {Agent: "agent-lin", Role: auth.Agent, Since: noon.Add(time.Second)},
		"the name of another": {Agent: "agent-new", Role: auth.Agent, Since: noon.Add(-time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			x := b.in()
			u.Tenant, u.Username, u.Hash = "demo", "lin", hash
			b.put(u)
			b.over(name, x.Refresh)
			b.put(User{Tenant: "demo", Username: "lin", Agent: "agent-lin", Role: auth.Agent, Hash: hash})
			b.over("and never again", x.Refresh)
		})
	}
	b := newBench(t)
	x := b.in()
	b.put(User{Tenant: "demo", Username: "lin", Agent: "agent-lin", Role: auth.Supervisor, Hash: hash})
	if got := b.refresh(x.Refresh); got.Who.Role != auth.Supervisor {
		t.Errorf("a new role is not in the next token: %+v", got.Who)
	}
}

func TestWithoutTheTableNobodyIsRefusedForGood(t *testing.T) {
	b := newBench(t)
	x := b.in()
	b.cloud.SetFaults(localcloud.Faults{Each: func(localcloud.Call) localcloud.Verdict { return localcloud.Down }})
	if _, err := b.enter("lin", secret); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("log-in: %v", err)
	}
	if _, err := b.s.Refresh(t.Context(), x.Refresh); errors.Is(err, ErrSession) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("refresh: %v", err)
	}
	if err := b.s.Leave(t.Context(), x.Refresh); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("leave: %v", err)
	}
	b.cloud.SetFaults(localcloud.Faults{})
	b.refresh(x.Refresh)
	b.in()
}

func FuzzParseRefresh(f *testing.F) {
	f.Add("demo.01938d2c-0000-7abc-8def-000000000001.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("..")
	f.Add("demo|CFG.x.y")
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseRefresh(s)
		if ok && (r.String() != s || strings.Count(r.key().Part, "|") != 1 || r.key().Tenant() != r.tenant) {
			t.Fatalf("%q is read as %+v", s, r)
		}
	})
}
