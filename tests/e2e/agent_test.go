package e2e

import (
	"errors"
	"fmt"
	"strings"

	"huawu/localstack/onebox"
	"huawu/mediarelay/webleg/webtest"
	"huawu/tests/peers"
)

// desk is an agent with a telephone and a desk.
type desk struct {
	login   onebox.Login
	phone   *peers.Baresip // nil if the agent talks in the desk's page
	page    *webtest.Page
	ear     *peers.Ear
	rang    int    // offers that rang at the phone and were looked at
	calls   int    // calls that were looked at when they ended
	contact string // the last one that was accepted
}

// me is what the desk tells an agent.
type me struct {
	Status struct{ Status string }
	Offers []struct {
		Offer   string `json:"offerId"`
		Contact string `json:"contactId"`
	}
	Contacts []struct {
		Contact string `json:"contactId"`
		State   string
		OnHold  bool
	}
}

func (s *story) me(d *desk) (m me, err error) {
	err = s.centre.ask(d.login.Token, "GET", "/v1/agents/me", nil, &m)
	return m, err
}

// agent NAME login|opens|reloads|returns|closes|available|offline|rings|picks-up|offered|accepts|declines|connected|
// hears X|holds|resumes|hangs-up|phone-hangs-up|finishes DISPOSITION|
// stops-ringing|is STATUS: what an agent does or sees.
func (s *story) wordAgent(words []string) {
	s.Helper()
	if len(words) < 2 {
		s.Fatalf("%s: want agent NAME VERB", s.at)
	}
	d, verb, more := s.agent(words[0]), words[1], words[2:]
	switch verb {
	case "login":
		s.logIn(d)
	case "opens":
		s.open(d)
	case "reloads":
		d.page.Leave()
	case "returns":
		s.comeBack(d)
	case "closes":
		d.page.Leave()
	case "available", "offline":
		s.must(s.centre.ask(d.login.Token, "POST", "/v1/agents/me/status", map[string]string{"status": verb}, nil))
	case "is":
		s.wait("the agent's status", func() error {
			m, err := s.me(d)
			if err == nil && m.Status.Status != more[0] {
				err = fmt.Errorf("status %s", m.Status.Status)
			}
			return err
		})
	case "rings":
		d.rang++
		s.wait("the phone rings", told(d.phone, "CALL_INCOMING", d.rang))
	case "stops-ringing":
		if d.page != nil {
			d.page.Reply(d.page.Request("BYE"), "200 OK", "")
			return
		}
		d.calls++
		s.wait("the phone stops", told(d.phone, "CALL_CLOSED", d.calls))
	case "offered":
		s.wait("the offer is seen", func() error { _, err := s.offer(d); return err })
	case "accepts":
		s.accept(d)
	case "picks-up":
		d.ear.Skip()
		d.phone.Do("accept", "")
	case "declines":
		d.phone.Do("hangup", "")
	case "connected":
		s.has(d, "CONNECTED", false)
	case "hears":
		s.hears(d.ear, more)
	case "holds", "resumes":
		s.command(d, strings.TrimSuffix(verb, "s"))
		s.has(d, "CONNECTED", verb == "holds")
	case "hangs-up":
		s.command(d, "hangup")
	case "phone-hangs-up":
		d.phone.Do("hangup", "")
	case "finishes":
		s.has(d, "ENDED", false)
		s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts/"+d.contact+"/finish", map[string]string{"disposition": more[0], "note": "said thanks"}, nil))
	default:
		if !s.handsOver(d, verb, more) && !s.hearsMessage(d, verb, more) {
			s.Fatalf("%s: an agent does not %q", s.at, verb)
		}
	}
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", s.at, err)
	}
}

// agent returns the agent of that name.
func (s *story) agent(name string) *desk {
	s.Helper()
	if d := s.agents[name]; d != nil {
		return d
	}
	for _, l := range s.centre.info.Agents {
		if l.Username == name {
			s.agents[name] = &desk{login: l}
			return s.agents[name]
		}
	}
	s.Fatalf("%s: no agent %q", s.at, name)
	return nil
}

// logIn registers the agent's phone. A softphone answers what it is told to
// answer at once.
func (s *story) logIn(d *desk) {
	hz, _ := agentTones(d.login.Username)
	d.rang, d.calls = 0, 0
	d.phone = peers.StartBaresip(s.T, peers.Phone{User: d.login.SIPUser, Registrar: s.centre.info.SIP, Password: d.login.Password,
		Tone: hz, Auto: d.login.Device == "softphone", Keep: *keep})
	d.ear = peers.NewEar(d.phone)
	d.phone.Registered()
}

var errNoOffer = errors.New("no offer")

func (s *story) offer(d *desk) (m me, err error) {
	if m, err = s.me(d); err == nil && len(m.Offers) == 0 {
		err = errNoOffer
	}
	return m, err
}

// accept picks up the phone, or accepts at the desk what the softphone then answers.
func (s *story) accept(d *desk) {
	s.Helper()
	m, err := s.offer(d)
	s.must(err)
	d.contact = m.Offers[0].Contact
	if d.page == nil {
		d.ear.Skip()
	}
	if d.login.Device == "phone" {
		d.phone.Do("accept", "")
		return
	}
	s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts/"+d.contact+"/accept", map[string]string{"offerId": m.Offers[0].Offer}, nil))
	if d.page != nil {
		s.answer(d, "")
	}
}

// has waits until the agent's contact is in a state.
func (s *story) has(d *desk, state string, onHold bool) {
	s.Helper()
	s.wait("the agent's contact is "+state, func() error {
		m, err := s.me(d)
		if err != nil {
			return err
		}
		for _, c := range m.Contacts {
			if c.Contact == d.contact && c.State == state && c.OnHold == onHold {
				return nil
			}
		}
		return fmt.Errorf("the agent has %+v", m.Contacts)
	})
}

func (s *story) command(d *desk, verb string) {
	s.Helper()
	s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts/"+d.contact+"/"+verb, nil, nil))
}
