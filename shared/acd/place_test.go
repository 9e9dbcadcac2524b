package acd

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"huawu/shared/agent"
	"huawu/shared/contact"
)

func (w *world) line() *Places {
	return NewPlaces(w.router, bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
}

// token gives the place of a contact.
func (w *world) token(id contact.ID) string {
	w.Helper()
	token, err := w.line().Issue(w.ctx, w.contact(id))
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// back lets a new contact take the place of a token.
func (w *world) back(token string, id contact.ID) {
	w.Helper()
	w.begin(id)
	q, err := w.line().Redeem(w.ctx, tenant, token, id)
	if err != nil {
		w.Fatal(err)
	}
	w.must(w.router.Enqueue(w.ctx, tenant, id, q))
}

func TestAPlaceOutlivesTheCall(t *testing.T) {
	for name, before := range map[string]func(w *world){
		"after a hang-up":           func(w *world) { w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)) },
		"while the first one waits": func(*world) {},
		"after the process died": func(w *world) {
			w.must(w.router.End(w.ctx, tenant, "c1", contact.RelayLost))
			w.open(w.cloud)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.call("c1", "loans")
			w.clock.Advance(time.Minute)
			w.call("c2", "loans")
			token := w.token("c1")
			if strings.Contains(token, "138") {
				t.Error("the token tells the number")
			}
			w.clock.Advance(time.Hour)
			before(w)
			w.settle(0)
			w.back(token, "c3")
			w.back(token, "c3") // twice
			w.settle(0)
			if got := w.rows(); got != "W c3, W c2" {
				t.Errorf("rows %s, want the old place", got)
			}
			w.status("lin", agent.Available)
			w.wants("c3", "OFFERED lin", "lin", "AVAILABLE 1")
			if _, err := w.line().Redeem(w.ctx, tenant, token, "c4"); !errors.Is(err, ErrPlace) {
				t.Errorf("a second contact: %v", err)
			}
		})
	}
}

func TestPlacesThatAreNotGood(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	token := w.token("c1")
	text, mac, _ := strings.Cut(token, ".")
	for name, bad := range map[string]string{"nothing": "", "no signature": text, "another signature": text + "." + strings.Repeat("A", len(mac)),
		"changed": "A" + token, "huge": token + strings.Repeat("A", 2000)} {
		if _, err := w.line().Redeem(w.ctx, tenant, bad, "c9"); !errors.Is(err, ErrPlace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.line().Redeem(w.ctx, "other", token, "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("another tenant: %v", err)
	}
	w.clock.Advance(25 * time.Hour)
	if _, err := w.line().Redeem(w.ctx, tenant, token, "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("too old: %v", err)
	}
	served := newWorld(t)
	served.call("c1", "loans")
	token = served.token("c1")
	served.status("lin", agent.Available)
	o := served.contact("c1").Offer
	served.must(served.router.Accept(served.ctx, tenant, "c1", o))
	served.must(served.router.Joined(served.ctx, tenant, "c1", o, ""))
	if _, err := served.line().Redeem(served.ctx, tenant, token, "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("of one whom an agent had: %v", err)
	}
	if _, err := served.line().Issue(served.ctx, served.contact("c1")); !errors.Is(err, contact.ErrStep) {
		t.Errorf("a place of one who does not wait: %v", err)
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("e30.AAAA")
	f.Add(".")
	f.Fuzz(func(t *testing.T, token string) {
		w := newWorld(t)
		if _, err := w.line().Redeem(w.ctx, tenant, token, "c1"); !errors.Is(err, ErrPlace) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
