package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"huawu/localstack/onebox"
	"huawu/tests/peers"
)

// wish is what a story asks of this side.
type wish struct {
	Cut    bool    `json:"cut"`
	From   string  `json:"from"`   // number of a telephone
	Tone   float64 `json:"tone"`   // that it says, or that it is to hear
	To     string  `json:"to"`     // number that is dialled
	Digits string  `json:"digits"` // keys
	Phone  string  `json:"phone"`  // agent whose desk phone is meant
}

// control answers a story's wishes for what a page cannot do: telephones that
// call or ring, and a line that is cut. out is the telephone outside; nil if there
// is none. It returns its URL.
func control(t *testing.T, info onebox.Info, l *line, out *telephone) string {
	phones := map[string]*telephone{}
	if out != nil {
		phones[out.name] = out
	}
	do := map[string]func(wish) error{
		"line":  func(w wish) error { l.set(w.Cut); return nil },
		"dial":  func(w wish) error { return dial(t, phones, info, w) },
		"desk":  func(w wish) error { return deskPhone(t, phones, info, w) },
		"press": func(w wish) error { return with(phones, w, func(p *telephone) error { p.Press(w.Digits); return nil }) },
		"hangup": func(w wish) error {
			return with(phones, w, func(p *telephone) error { p.Do("hangup", ""); return nil })
		},
		"rings": func(w wish) error {
			return with(phones, w, func(p *telephone) error {
				return until(func() error {
					if p.Count("CALL_INCOMING") < p.calls {
						return fmt.Errorf("%s: nobody calls", p.name)
					}
					return nil
				})
			})
		},
		"answer": func(w wish) error {
			return with(phones, w, func(p *telephone) error { p.Do("accept", ""); return nil })
		},
		"hears": func(w wish) error {
			return with(phones, w, func(p *telephone) error { p.ear.Skip(); return until(p.ear.Tone(w.Tone)) })
		},
		"silence": func(w wish) error {
			return with(phones, w, func(p *telephone) error { p.ear.Skip(); return until(p.ear.Silence()) })
		},
		"over": func(w wish) error {
			return with(phones, w, func(p *telephone) error {
				return until(func() error {
					if p.Count("CALL_CLOSED") < p.calls {
						return fmt.Errorf("%s: the call is not over", p.name)
					}
					return nil
				})
			})
		},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked wish
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f, ok := do[r.URL.Path[1:]]
		if !ok {
			http.Error(w, "nothing is called "+r.URL.Path, http.StatusNotFound)
			return
		}
		if err := f(asked); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// telephone is one that is no browser.
type telephone struct {
	*peers.Baresip
	name  string
	ear   *peers.Ear
	calls int
}

func with(phones map[string]*telephone, w wish, do func(*telephone) error) error {
	name := w.From
	if name == "" {
		name = w.Phone
	}
	p := phones[name]
	if p == nil {
		return fmt.Errorf("no telephone is called %q", name)
	}
	return do(p)
}

// dial lets a telephone call and waits until it is answered.
func dial(t *testing.T, phones map[string]*telephone, info onebox.Info, w wish) error {
	p := phones[w.From]
	if p == nil {
		b := peers.StartBaresip(t, peers.Phone{User: w.From, Tone: w.Tone})
		p = &telephone{Baresip: b, name: w.From, ear: peers.NewEar(b)}
		phones[w.From] = p
	}
	p.calls++
	p.Do("dial", "sip:"+w.To+"@"+info.SIP)
	return until(func() error {
		if p.Count("CALL_ESTABLISHED") < p.calls {
			return fmt.Errorf("%s: not answered", p.name)
		}
		return nil
	})
}

// deskPhone registers the desk phone of an agent; it picks up by itself.
func deskPhone(t *testing.T, phones map[string]*telephone, info onebox.Info, w wish) error {
	for _, a := range info.Agents {
		if a.ID == w.Phone {
			b := peers.StartBaresip(t, peers.Phone{User: a.SIPUser, Password: a.Password, Registrar: info.SIP, Tone: w.Tone, Auto: true})
			b.Registered()
			phones[w.Phone] = &telephone{Baresip: b, name: w.Phone, ear: peers.NewEar(b), calls: 1}
			return nil
		}
	}
	return fmt.Errorf("no agent is called %q", w.Phone)
}

// until asks a check until it holds.
func until(check func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
