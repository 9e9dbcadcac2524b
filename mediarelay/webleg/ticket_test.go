package webleg

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huawu/shared/fault"
)

func TestASignedTicketIsGoodOnce(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	lin := Identity{Tenant: "demo", User: "lin", Agent: "a1"}
	s := NewSigned(func(_ context.Context, ticket string) (Identity, string, time.Time, error) {
		if ticket == "forged" {
			return Identity{}, "", time.Time{}, fault.New(fault.Forbidden, "not ours")
		}
		return lin, ticket, now.Add(time.Minute), nil
	}, func() time.Time { return now })
	for n, want := range []fault.Kind{"", fault.Forbidden, fault.Forbidden} {
		who, err := s.Redeem(t.Context(), "one")
		if fault.KindOf(err) != want || want == "" && who != lin {
			t.Errorf("use %d: %+v, %v", n, who, err)
		}
	}
	if _, err := s.Redeem(t.Context(), "forged"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("forged: %v", err)
	}
	for n := range maxTickets - 1 {
		if _, err := s.Redeem(t.Context(), fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Redeem(t.Context(), "more"); fault.KindOf(err) != fault.Throttled {
		t.Errorf("more than are remembered: %v", err)
	}
	now = now.Add(2 * time.Minute)
	if _, err := s.Redeem(t.Context(), "more"); err != nil {
		t.Errorf("when the others are too old to come again: %v", err)
	}
}
