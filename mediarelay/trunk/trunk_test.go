package trunk

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
)

func prefix(s ...string) (ps []netip.Prefix) {
	for _, p := range s {
		ps = append(ps, netip.MustParsePrefix(p))
	}
	return ps
}

func TestMatch(t *testing.T) {
	table, err := NewTable(
		Trunk{ID: "wide", Tenant: "a", Peers: prefix("10.0.0.0/8")},
		Trunk{ID: "narrow", Tenant: "b", Peers: prefix("10.1.2.0/24", "2001:db8::/32")},
	)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, want string }{
		{"a range holds its addresses", "10.9.9.9", "wide"},
		{"the narrowest range wins", "10.1.2.3", "narrow"},
		{"a mapped address is its IPv4 address", "::ffff:10.1.2.3", "narrow"},
		{"IPv6", "2001:db8::1", "narrow"},
		{"nobody's address", "192.0.2.1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := table.Match(netip.MustParseAddr(tt.from))
			if got.ID != tt.want || (tt.want == "") != errors.Is(err, ErrUnknown) {
				t.Errorf("Match = %q, %v; want %q", got.ID, err, tt.want)
			}
		})
	}
}

func TestReplaceReportsEveryFaultAndKeepsWhatWas(t *testing.T) {
	good := Trunk{ID: "one", Tenant: "a", Peers: prefix("10.0.0.0/8")}
	table, err := NewTable(good)
	if err != nil {
		t.Fatal(err)
	}
	err = table.Replace(
		Trunk{ID: "two", Tenant: "a", Peers: prefix("10.0.0.0/8"), Transport: "sctp"},
		Trunk{ID: "two", Tenant: "a", Peers: prefix("10.3.0.0/8"), Codecs: []string{"OPUS"}, Username: "x\r\nEvil: 1", CPS: -1},
		Trunk{Peers: []netip.Prefix{{}}},
	)
	if fault.KindOf(err) != fault.Invalid {
		t.Fatalf("Replace = %v", err)
	}
	for _, want := range []string{"neither udp", "PCMA and PCMU", "control character", "negative", "listed twice", "another trunk", "id and tenant", "no address range"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the fault %q is not reported in %q", want, err)
		}
	}
	if got, _ := table.Match(netip.MustParseAddr("10.1.1.1")); got.ID != "one" {
		t.Errorf("after a bad Replace the address belongs to %q", got.ID)
	}
}

func TestPick(t *testing.T) {
	table, err := NewTable(
		Trunk{ID: "in", Tenant: "a"},
		Trunk{ID: "out", Tenant: "a", Address: "192.0.2.1:5060", Backups: []string{"192.0.2.2:5060"}},
		Trunk{ID: "other", Tenant: "b", Address: "192.0.2.3"},
	)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, tenant, id, want string }{
		{"the named trunk", "b", "other", "other"},
		{"the first that takes calls out", "a", "", "out"},
		{"never another tenant's", "a", "other", ""},
		{"not one for calls in", "a", "in", ""},
		{"no trunk", "c", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := table.Pick(tt.tenant, tt.id)
			if got.ID != tt.want || (tt.want == "") != (fault.KindOf(err) == fault.NotFound) {
				t.Errorf("Pick = %q, %v", got.ID, err)
			}
		})
	}
	if out, _ := table.Pick("a", ""); !slices.Equal(out.Addresses(), []string{"192.0.2.1:5060", "192.0.2.2:5060"}) {
		t.Errorf("Addresses = %v", out.Addresses())
	}
}

func TestCallerID(t *testing.T) {
	any := Trunk{}
	some := Trunk{CallerIDs: []string{"+861", "+862"}}
	if any.CallerID("+869") != "+869" || some.CallerID("+862") != "+862" || some.CallerID("+869") != "+861" || some.CallerID("") != "+861" {
		t.Error("a number is shown that the trunk does not allow")
	}
}

func TestGateHoldsCallsAndRate(t *testing.T) {
	now := time.Unix(1000, 0)
	g := NewGate(func() time.Time { return now })
	tr := Trunk{ID: "t", Tenant: "a", MaxCalls: 2}
	leave, err := g.Enter(tr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Enter(tr); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Enter(tr); !errors.Is(err, ErrFull) {
		t.Fatalf("third call: %v", err)
	}
	leave()
	leave() // twice is once
	if g.Calls(tr) != 1 {
		t.Fatalf("Calls = %d", g.Calls(tr))
	}

	fast := Trunk{ID: "r", Tenant: "a", CPS: 2}
	entered := func(n int) (ok int) {
		for range n {
			if _, err := g.Enter(fast); err == nil {
				ok++
			}
		}
		return ok
	}
	if got := entered(10); got != 2 {
		t.Errorf("%d calls at once, want 2", got)
	}
	now = now.Add(500 * time.Millisecond)
	if got := entered(10); got != 1 {
		t.Errorf("%d calls after half a second, want 1", got)
	}
	now = now.Add(time.Hour)
	if got := entered(10); got != 2 {
		t.Errorf("%d calls after an hour, want 2", got)
	}
}

func TestHealthTriesLastWhatFailedLately(t *testing.T) {
	now := time.Unix(1000, 0)
	h := NewHealth(func() time.Time { return now })
	all := []string{"a", "b", "c"}
	h.Failed("a")
	if got := h.Order(all); !slices.Equal(got, []string{"b", "c", "a"}) {
		t.Errorf("Order = %v", got)
	}
	h.Failed("b")
	h.Worked("a")
	if got := h.Order(all); !slices.Equal(got, []string{"a", "c", "b"}) {
		t.Errorf("Order = %v", got)
	}
	now = now.Add(shunTime + time.Second)
	if got := h.Order(all); !slices.Equal(got, all) {
		t.Errorf("Order = %v after the shun time", got)
	}
}
