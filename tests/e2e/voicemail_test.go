package e2e

import (
	"fmt"
	"strings"

	"huawu/mediarelay/media/wav"
	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/tests/peers"
)

// message: from here on the caller's contact is the message that the caller left.
func (s *story) wordMessage([]string) {
	c := s.caller()
	c.id = string(acd.VoicemailID(contact.ID(c.id)))
	s.message = c.id
}

// hearsMessage is what an agent does with the message:
// takes: accepts it at the desk, whatever the agent's device; plays PERSON: what is
// recorded is that person and nobody else; is-denied: may not listen to it;
// calls-back: calls who left it, which is the story's caller from then on;
// has-done DISPOSITION: is done with it, whatever call came of it.
func (s *story) hearsMessage(d *desk, verb string, more []string) bool {
	s.Helper()
	path := "/v1/contacts/" + s.message
	switch verb {
	case "takes":
		m, err := s.offer(d)
		s.must(err)
		if d.contact = m.Offers[0].Contact; d.contact != s.message {
			s.Fatalf("%s: the agent is offered %s, want the message %s", s.at, d.contact, s.message)
		}
		s.must(s.centre.ask(d.login.Token, "POST", path+"/accept", map[string]string{"offerId": m.Offers[0].Offer}, nil))
	case "plays":
		s.plays(d, path, s.want(more, 1, "agent NAME plays PERSON")[0])
	case "is-denied":
		for _, what := range []string{"/recordings", "/recordings/0/audio"} {
			if err := s.centre.ask(d.login.Token, "GET", path+what, nil, nil); err == nil || !strings.Contains(err.Error(), ": 404 ") {
				s.Errorf("%s: %s: %v, want 404", s.at, what, err)
			}
		}
	case "calls-back":
		var out struct {
			Contact string `json:"contactId"`
		}
		s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts", map[string]string{"kind": "outbound", "of": s.message}, &out))
		d.contact = out.Contact
		s.callers[s.who] = &caller{id: out.Contact}
	case "has-done":
		d.contact = s.message
		s.command(d, "hangup")
		s.has(d, "ENDED", false)
		s.must(s.centre.ask(d.login.Token, "POST", path+"/finish", map[string]string{"disposition": s.want(more, 1, "agent NAME has-done DISPOSITION")[0]}, nil))
	default:
		return false
	}
	return true
}

func (s *story) plays(d *desk, path, person string) {
	s.Helper()
	var list struct {
		Recordings []struct {
			N       int
			Seconds float64
		}
	}
	s.wait("the message can be heard", func() error {
		err := s.centre.ask(d.login.Token, "GET", path+"/recordings", nil, &list)
		if err == nil && len(list.Recordings) != 1 {
			err = fmt.Errorf("%d recordings", len(list.Recordings))
		}
		return err
	})
	var raw []byte
	s.must(s.centre.ask(d.login.Token, "GET", fmt.Sprintf("%s/recordings/%d/audio", path, list.Recordings[0].N), nil, &raw))
	sound, err := wav.Decode(raw)
	s.must(err)
	hz, known := personTone(person)
	if !known {
		s.Fatalf("%s: nobody is called %s", s.at, person)
	}
	said, other := peers.Audio(sound.Channels[0]), peers.Audio(sound.Channels[1])
	if !said.HasTone(hz, 0.5) || said.HasTone(1000, 0.1) || other.HasTone(hz, 0.05) || other.HasTone(1000, 0.05) {
		s.Errorf("%s: %.1f s: %.0f Hz %v and the beep %v, on the other channel %v", s.at, list.Recordings[0].Seconds, hz, said.HasTone(hz, 0.5), said.HasTone(1000, 0.1), other.HasTone(hz, 0.05))
	}
}
