package acd

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

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
	q, err := w.line().Redeem(w.ctx, tenant, token, "loans", id)
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
			if _, err := w.line().Redeem(w.ctx, tenant, token, "loans", "c4"); !errors.Is(err, ErrPlace) {
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
		if _, err := w.line().Redeem(w.ctx, tenant, bad, "loans", "c9"); !errors.Is(err, ErrPlace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.line().Redeem(w.ctx, "other", token, "loans", "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("another tenant: %v", err)
	}
	if _, err := w.line().Redeem(w.ctx, tenant, token, "cards", "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("another queue: %v", err)
	}
	w.clock.Advance(25 * time.Hour)
	if _, err := w.line().Redeem(w.ctx, tenant, token, "loans", "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("too old: %v", err)
	}
	served := newWorld(t)
	served.call("c1", "loans")
	token = served.token("c1")
	served.status("lin", agent.Available)
	o := served.contact("c1").Offer
	served.must(served.router.Accept(served.ctx, tenant, "c1", o))
	served.must(served.router.Joined(served.ctx, tenant, "c1", o, ""))
	if _, err := served.line().Redeem(served.ctx, tenant, token, "loans", "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("of one whom an agent had: %v", err)
	}
	if _, err := served.line().Issue(served.ctx, served.contact("c1")); !errors.Is(err, contact.ErrStep) {
		t.Errorf("a place of one who does not wait: %v", err)
	}
}

// TestAPlaceThatWasKeptTwiceIsStillTheFirst: whoever comes a third time counts
// from the first, by a token as by the number, and however the queue was changed.
func TestAPlaceThatWasKeptTwiceIsStillTheFirst(t *testing.T) {
	w := newWorld(t)
	w.call("c1", "loans")
	w.clock.Advance(time.Minute)
	w.call("c2", "loans")
	w.back(w.token("c1"), "c3")
	w.clock.Advance(time.Minute)
	w.must(w.router.Move(w.ctx, tenant, "c3", Request{Queue: "loans", Priority: 3}))
	w.must(w.router.Move(w.ctx, tenant, "c3", Request{Queue: "loans", Priority: DefaultPriority}))
	w.back(w.token("c3"), "c4")
	w.must(w.router.End(w.ctx, tenant, "c4", contact.CustomerLeft))
	w.begin("c5")
	q, err := w.line().Regain(w.ctx, tenant, "c4", time.Minute, "loans", "c5")
	if err != nil || !q.Came.Equal(w.contact("c1").Enqueued) {
		t.Fatalf("%+v, %v", q, err)
	}
	w.must(w.router.Enqueue(w.ctx, tenant, "c5", q))
	w.settle(0)
	if got := w.rows(); got != "W c5, W c2" {
		t.Errorf("rows %s", got)
	}
}

func TestWhoHungUpWhileWaitingRegainsThePlace(t *testing.T) {
	tests := []struct {
		name  string
		queue string
		after func(w *world)
		good  bool
	}{
		{"soon after", "loans", func(w *world) { w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)) }, true},
		{"into another queue", "cards", func(w *world) { w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft)) }, false},
		{"too late", "loans", func(w *world) {
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
			w.clock.Advance(10*time.Minute + time.Second)
		}, false},
		{"while it still waits", "loans", func(*world) {}, false},
		{"after an agent had it", "loans", func(w *world) {
			w.status("lin", agent.Available)
			o := w.contact("c1").Offer
			w.must(w.router.Accept(w.ctx, tenant, "c1", o))
			w.must(w.router.Joined(w.ctx, tenant, "c1", o, ""))
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
			w.must(w.router.Finish(w.ctx, tenant, "c1", ""))
		}, false},
		{"after the token was used", "loans", func(w *world) {
			w.back(w.token("c1"), "c2")
			w.must(w.router.End(w.ctx, tenant, "c1", contact.CustomerLeft))
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.call("c1", "loans")
			w.clock.Advance(time.Minute)
			tt.after(w)
			w.begin("c9")
			for range 2 {
				q, err := w.line().Regain(w.ctx, tenant, "c1", 10*time.Minute, tt.queue, "c9")
				if tt.good != (err == nil) || err != nil && !errors.Is(err, ErrPlace) || tt.good && !q.Came.Equal(w.contact("c1").Enqueued) {
					t.Errorf("%+v, %v", q, err)
				}
			}
			if _, err := w.line().Regain(w.ctx, tenant, "c1", 10*time.Minute, tt.queue, "c8"); !errors.Is(err, ErrPlace) {
				t.Errorf("a second one: %v", err)
			}
		})
	}
	if _, err := newWorld(t).line().Regain(t.Context(), tenant, "nobody", time.Minute, "loans", "c9"); !errors.Is(err, ErrPlace) {
		t.Errorf("of nobody: %v", err)
	}
}

// TestTheOrderOfServiceIsTheOrderOfFirstComing is D1: however often customers hang
// up and come back, by a token or by being known again, and processes die, each is
// served in the order in which the customers first came, and none twice.
func TestTheOrderOfServiceIsTheOrderOfFirstComing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		type customer struct {
			contact contact.ID
			token   string
			gone    bool
		}
		var line []*customer // in the order in which they came
		contacts := 0
		comes := func(q Request) contact.ID {
			id := contact.ID(fmt.Sprint("c", contacts))
			contacts++
			w.begin(id)
			w.must(w.router.Enqueue(w.ctx, tenant, id, q))
			return id
		}
		for range rapid.IntRange(5, 25).Draw(r, "steps") {
			w.clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(r, "after")) * time.Second)
			if len(line) == 0 || rapid.IntRange(0, 2).Draw(r, "who") == 0 {
				line = append(line, &customer{contact: comes(Request{Queue: "loans"})})
				continue
			}
			c := line[rapid.IntRange(0, len(line)-1).Draw(r, "customer")]
			switch {
			case !c.gone:
				if c.token = ""; rapid.Bool().Draw(r, "has a token") {
					c.token = w.token(c.contact)
				}
				w.must(w.router.End(w.ctx, tenant, c.contact, contact.CustomerLeft))
				c.gone = true
			default:
				if rapid.Bool().Draw(r, "the process dies") {
					w.open(w.cloud)
				}
				id := contact.ID(fmt.Sprint("c", contacts))
				var q Request
				var err error
				if c.token != "" {
					q, err = w.line().Redeem(w.ctx, tenant, c.token, "loans", id)
				} else {
					q, err = w.line().Regain(w.ctx, tenant, c.contact, time.Hour, "loans", id)
				}
				if err != nil {
					r.Fatal(err)
				}
				c.contact, c.gone = comes(q), false
			}
		}
		var want []string
		for _, c := range line {
			if !c.gone {
				want = append(want, "W "+string(c.contact))
			}
		}
		w.settle(0)
		if got := w.rows(); got != strings.Join(want, ", ") {
			r.Fatalf("rows %s, want %s", got, strings.Join(want, ", "))
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add("e30.AAAA")
	f.Add(".")
	f.Fuzz(func(t *testing.T, token string) {
		w := newWorld(t)
		if _, err := w.line().Redeem(w.ctx, tenant, token, "loans", "c1"); !errors.Is(err, ErrPlace) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
