package auth

import (
	"errors"
	"testing"
	"time"

	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

func TestATicketSaysWhoseSocketItIs(t *testing.T) {
	clock := localcloud.NewClock(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	tickets := NewTickets(c.Keys(), "huawu", "desk", clock.Now)
	want := Ticket{Tenant: "demo", User: "web-1", Agent: "", Dials: "95000", Language: "en-US"}
	one, err := tickets.Issue(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	got, id, until, err := tickets.Check(t.Context(), one)
	if err != nil || got != want || id == "" || !until.Equal(clock.Now().Add(TicketLife+leeway)) {
		t.Errorf("%+v, %q, %v, %v", got, id, until, err)
	}
	if two, _ := tickets.Issue(t.Context(), want); two == one {
		t.Error("two tickets are one")
	}
	refused := func(what string, by *Tickets, ticket string) {
		t.Helper()
		if _, _, _, err := by.Check(t.Context(), ticket); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", what, err)
		}
	}
	token, err := New(c.Keys(), "huawu", "desk", clock.Now).Issue(t.Context(), Identity{Tenant: "demo", Agent: "lin", Role: Agent, Expires: clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	refused("of another installation", NewTickets(c.Keys(), "other", "desk", clock.Now), one)
	refused("for another audience", NewTickets(c.Keys(), "huawu", "other", clock.Now), one)
	refused("changed", tickets, one[:len(one)-8]+"AAAAAAAA")
	refused("nothing", tickets, "")
	if _, err := New(c.Keys(), "huawu", "desk", clock.Now).Verify(t.Context(), one); !errors.Is(err, ErrToken) {
		t.Errorf("a ticket logs in: %v", err)
	}
	if who, _, _, err := tickets.Check(t.Context(), token); !errors.Is(err, ErrToken) {
		t.Errorf("a token is a ticket: %+v, %v", who, err)
	}
	clock.Advance(TicketLife + leeway + time.Second)
	refused("old", tickets, one)
	for _, bad := range []Ticket{{User: "lin"}, {Tenant: "demo"}, {Tenant: "a|b", User: "lin"}} {
		if _, err := tickets.Issue(t.Context(), bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
