package e2e

import "strings"

// callsOut NUMBER [refused=409]: the agent calls somebody. The contact is the
// story's caller from then on.
func (s *story) callsOut(d *desk, words []string) {
	s.Helper()
	plain, o := s.read(words, "refused")
	var out struct {
		Contact string `json:"contactId"`
	}
	err := s.centre.ask(d.login.Token, "POST", "/v1/contacts", map[string]string{"kind": "outbound", "to": plain[0]}, &out)
	if status, refused := o["refused"]; refused {
		if err == nil || !strings.Contains(err.Error(), status) {
			s.Errorf("%s: %v, want it refused with %s", s.at, err, status)
		}
		return
	}
	s.must(err)
	d.contact = out.Contact
	s.callers[s.who] = &caller{id: out.Contact}
}

// booksCall NUMBER queue=ID [first=customer] [attempts=2] [retry=5]: the agent has
// somebody called back. The contact is the story's caller from then on.
func (s *story) booksCall(d *desk, words []string) {
	s.Helper()
	plain, o := s.read(words, "queue", "first", "attempts", "retry")
	body := map[string]any{"kind": "callback", "to": plain[0], "queue": o["queue"], "attempts": s.number(o, "attempts", 1), "retrySeconds": s.number(o, "retry", 5)}
	if o["first"] != "" {
		body["first"] = o["first"]
	}
	var out struct {
		Contact string `json:"contactId"`
	}
	s.must(s.centre.ask(d.login.Token, "POST", "/v1/contacts", body, &out))
	s.callers[s.who] = &caller{id: out.Contact}
}
