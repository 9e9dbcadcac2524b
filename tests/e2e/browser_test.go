package e2e

import (
	"fmt"
	"strings"
	"time"

	"huawu/localstack/seed"
	"huawu/mediarelay/webleg/webtest"
	"huawu/tests/peers"
)

// sipTicket is what the desk's API gives a page for its socket.
type sipTicket struct {
	URL, URI, User, Target string
}

// page [language=en-US]: a customer calls by the caller's page.
func (s *story) wordPage(words []string) {
	s.Helper()
	plain, o := s.read(words, "language")
	s.want(plain, 0, "page [language=TAG]")
	var t sipTicket
	s.must(s.centre.ask("", "POST", "/v1/call/tickets", map[string]string{"language": o["language"]}, &t))
	if want := "sip:" + seed.Number + "@huawu"; t.Target != want {
		s.Fatalf("%s: the page is to call %q, want %q", s.at, t.Target, want)
	}
	c := &caller{page: webtest.New(s.T, t.User)}
	s.callers[s.who] = c
	known := len(s.centre.calls())
	c.page.Connect(t.URL)
	if code := c.page.Call(callerTone); code != 200 {
		s.Fatalf("%s: the call ended with %d", s.at, code)
	}
	c.ear = earOf(c.page)
	s.wait("the call is known", func() error {
		ids := s.centre.calls()
		if len(ids) <= known {
			return fmt.Errorf("%d calls", len(ids))
		}
		c.id = ids[known]
		return nil
	})
}

func earOf(p *webtest.Page) *peers.Ear {
	return peers.NewEarOf(func() peers.Audio { return p.Ear.All() })
}

// pressOn presses keys on a page, by RFC 4733.
func pressOn(p *webtest.Page, keys string) {
	for _, key := range keys {
		p.Mouth.Press(byte(strings.IndexRune("0123456789*#ABCD", key)))
		time.Sleep(300 * time.Millisecond) // as fingers do
	}
}

// open logs an agent in at the desk's page, by name and password, and registers
// its softphone.
func (s *story) open(d *desk) {
	s.Helper()
	var in struct {
		Token string `json:"accessToken"`
	}
	s.must(s.centre.ask("", "POST", "/v1/auth/login", map[string]string{
		"tenant": s.centre.info.Tenant, "username": d.login.Username, "password": d.login.DeskPassword}, &in))
	d.login.Token = in.Token
	s.register(d)
}

// register opens a page with a ticket of its own.
func (s *story) register(d *desk) {
	s.Helper()
	var t sipTicket
	s.must(s.centre.ask(d.login.Token, "POST", "/v1/sip/tickets", nil, &t))
	d.page = webtest.New(s.T, t.User)
	d.page.Connect(t.URL)
	if code := d.page.Register(t.User, 600); code != 200 {
		s.Fatalf("%s: registered with %d", s.at, code)
	}
}

// answer takes the call that the relay sends to the page: it is to answer by
// itself, and to say which leg it takes over, if any.
func (s *story) answer(d *desk, resume string) {
	s.Helper()
	hz, ok := agentTones(d.login.Username)
	if !ok {
		s.Fatalf("%s: %s has no tone", s.at, d.login.Username)
	}
	invite := d.page.Answer(hz, nil)
	if !strings.Contains(invite.Get("Alert-Info"), "info=alert-autoanswer") || (invite.Get("X-Resume") != "") != (resume != "") {
		s.Errorf("%s: the page was called with Alert-Info %q, X-Resume %q", s.at, invite.Get("Alert-Info"), invite.Get("X-Resume"))
	}
	d.ear = earOf(d.page)
}

// soundWithin is how long a reloaded page may be without sound from its
// registration on; the goal of 1 s is measured, as a busy machine needs longer.
const soundWithin = 10 * time.Second

// comeBack is the page after its reload: it registers, is called, and both hear
// each other again.
func (s *story) comeBack(d *desk) {
	s.Helper()
	began := time.Now()
	s.register(d)
	s.answer(d, "the leg")
	c := s.caller()
	c.ear.Skip()
	hz, _ := agentTones(d.login.Username)
	s.wait("the caller hears the agent again", c.ear.Tone(hz))
	s.wait("the agent hears the caller again", d.ear.Tone(callerTone))
	took := time.Since(began)
	s.Logf("reload → sound both ways, known as tones: %v", took.Round(time.Millisecond))
	if took > soundWithin {
		s.Errorf("%s: sound came back after %v", s.at, took)
	}
}
