package e2e

import (
	"fmt"
	"slices"
	"strings"

	"huawu/tests/peers"
)

// handsOver is what an agent does with a contact that others are to take part in:
// transfers|consults queue=…|agent=…|number=… [note=…] [refused=409];
// completes|joins|cancels|swaps a consult; drops|party-holds|party-resumes NAME;
// supervises MODE NAME; leaves; got-from NAME NOTE: who handed the agent's contact
// over with what note; parties "lin talk" …: who takes part, by the desk. It
// reports whether it knows the verb.
func (s *story) handsOver(d *desk, verb string, more []string) bool {
	s.Helper()
	switch verb {
	case "calls":
		s.callsOut(d, more)
	case "books":
		s.booksCall(d, more)
	case "transfers":
		_, o := s.read(more, "queue", "agent", "number", "flow", "note", "refused")
		s.tell(d, "transfer", o)
	case "consults":
		_, o := s.read(more, "queue", "agent", "number", "refused")
		s.tell(d, "consult", o)
	case "completes", "joins", "cancels", "swaps":
		_, o := s.read(more, "refused")
		s.tell(d, "consult/"+strings.TrimSuffix(verb, "s"), o)
	case "drops", "party-holds", "party-resumes":
		_, o := s.read(more[1:], "refused")
		s.tell(d, "parties/"+s.party(d, more[0])+"/"+strings.TrimPrefix(strings.TrimSuffix(verb, "s"), "party-"), o)
	case "supervises":
		_, o := s.read(more[2:], "refused")
		d.contact = s.agent(more[1]).contact
		o["mode"] = more[0]
		s.tell(d, "supervise", o)
	case "leaves":
		s.command(d, "hangup")
	case "types":
		s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts/"+d.contact+"/digits", map[string]string{"digits": more[0]}, nil))
	case "parties":
		s.wait("the parties", func() error {
			all, err := s.parties(d)
			if err == nil && !slices.Equal(all, more) {
				err = fmt.Errorf("%q take part, want %q", all, more)
			}
			return err
		})
	case "got-from":
		s.gotFrom(d, more)
	default:
		return false
	}
	return true
}

// tell sends a command with a target, and wants it refused with a status if the
// options say so.
func (s *story) tell(d *desk, verb string, o options) {
	s.Helper()
	body := map[string]string{}
	for _, kind := range []string{"queue", "agent", "number", "flow"} {
		if to, ok := o[kind]; ok {
			body["kind"], body["target"] = kind, to
		}
	}
	for _, name := range []string{"note", "mode"} {
		if v, ok := o[name]; ok {
			body[name] = v
		}
	}
	err := s.centre.ask(d.login.Token, "POST", "/v1/contacts/"+d.contact+"/"+verb, body, nil)
	status, refused := o["refused"]
	switch {
	case !refused:
		s.must(err)
	case err == nil || !strings.Contains(err.Error(), status):
		s.Errorf("%s: %v, want it refused with %s", s.at, err, status)
	}
}

// partyOf is a party of a contact as the desk tells it.
type partyOf struct {
	ID, Kind, Name, Mode string
	Me                   bool
}

// atTable returns who takes part in the agent's contact.
func (s *story) atTable(d *desk) ([]partyOf, error) {
	var m struct {
		Contacts []struct {
			Contact string `json:"contactId"`
			State   string
			Parties []partyOf
		}
	}
	err := s.centre.ask(d.login.Token, "GET", "/v1/agents/me", nil, &m)
	for _, c := range m.Contacts {
		if c.Contact == d.contact && c.State != "ENDED" {
			return c.Parties, err
		}
	}
	return nil, err
}

// parties returns who takes part, in short: "customer hold", "me talk", "吴明 talk".
func (s *story) parties(d *desk) (all []string, err error) {
	list, err := s.atTable(d)
	for _, p := range list {
		name := p.Name
		if p.Kind == "customer" || p.Kind == "number" {
			name = p.Kind
		}
		if p.Me {
			name = "me"
		}
		all = append(all, name+" "+p.Mode)
	}
	return all, err
}

// party is the id of a party of the agent's contact by its name or kind.
func (s *story) party(d *desk, name string) string {
	s.Helper()
	list, err := s.atTable(d)
	s.must(err)
	for _, p := range list {
		if p.Name == name || p.Kind == name {
			return p.ID
		}
	}
	s.Fatalf("%s: no party %s among %v", s.at, name, list)
	return ""
}

// gotFrom NAME NOTE: who handed the agent's contact over, and what was said.
func (s *story) gotFrom(d *desk, words []string) {
	s.Helper()
	w := s.want(words, 2, "agent NAME got-from NAME NOTE")
	var m struct {
		Contacts []struct{ Transfer struct{ From, Note string } }
	}
	s.must(s.centre.ask(d.login.Token, "GET", "/v1/agents/me", nil, &m))
	if len(m.Contacts) != 1 || m.Contacts[0].Transfer.From != w[0] || m.Contacts[0].Transfer.Note != w[1] {
		s.Errorf("%s: the desk shows %+v", s.at, m.Contacts)
	}
}

// outside NAME is NUMBER|rings|stops-ringing|answers|hears X|hangs-up: a
// telephone outside that can be called. The first word makes it, before the
// centre runs.
func (s *story) wordOutside(words []string) {
	s.Helper()
	if len(words) < 2 {
		s.Fatalf("%s: want outside NAME VERB", s.at)
	}
	name, verb, more := words[0], words[1], words[2:]
	if verb == "is" {
		hz, _ := agentTones(name)
		phone := peers.StartBaresip(s.T, peers.Phone{User: more[0], Tone: hz, Keep: *keep})
		s.outside[name] = &caller{phone: phone, ear: peers.NewEar(phone)}
		s.setup.out = phone.Address
		return
	}
	c := s.outside[name]
	if c == nil {
		s.Fatalf("%s: there is no %s outside", s.at, name)
	}
	switch verb {
	case "rings":
		c.dials++
		s.wait("the telephone rings", c.told("CALL_INCOMING", c.dials))
	case "stops-ringing":
		s.wait("the telephone stops", c.told("CALL_CLOSED", c.dials))
	case "answers":
		c.ear.Skip()
		c.phone.Do("accept", "")
	case "hears":
		s.hears(c.ear, more)
	case "hangs-up":
		c.phone.Do("hangup", "")
	default:
		s.Fatalf("%s: nobody outside does %q", s.at, verb)
	}
}

// segments "0 lin →1" "1 wu": the records of the caller's contact, in short.
func (s *story) wordSegments(words []string) {
	s.Helper()
	id := s.caller().id
	s.wait("the segments", func() error {
		var d struct {
			Records []struct {
				ContactID string `json:"ContactId"`
				Initial   string `json:"InitialContactId"`
				Previous  string `json:"PreviousContactId"`
				Next      string `json:"NextContactId"`
				Reason    string `json:"DisconnectReason"`
				Method    string `json:"InitiationMethod"`
				Agent     *struct{ Username string }
				To        *struct{ Address string } `json:"TransferredToEndpoint"`
			}
		}
		if err := s.centre.ask(s.centre.info.Admin, "GET", "/v1/contacts/"+id, nil, &d); err != nil {
			return err
		}
		var is []string
		for n, r := range d.Records {
			if n > 0 && r.Initial != id || n == 0 && r.ContactID != id {
				return fmt.Errorf("segment %d: %+v", n, r)
			}
			text := r.Method
			if r.Agent != nil {
				text += " " + r.Agent.Username
			}
			if r.To != nil {
				text += " to " + r.To.Address
			}
			is = append(is, text+" "+r.Reason)
			if n > 0 && r.Previous != d.Records[n-1].ContactID || n < len(d.Records)-1 && r.Next != d.Records[n+1].ContactID {
				return fmt.Errorf("segments %d is not linked: %+v", n, d.Records)
			}
		}
		if !slices.Equal(is, words) {
			return fmt.Errorf("segments %q, want %q", is, words)
		}
		return nil
	})
}
