package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"huawu/localstack/onebox"
	"huawu/mediarelay/media/wav"
	"huawu/shared/cloud/localcloud"
	"huawu/tests/peers"
)

// eventually contact|contacts|webhook|recording|idle …: what comes to be stored
// and told.
func (s *story) wordEventually(words []string) {
	s.Helper()
	if len(words) == 0 {
		s.Fatalf("%s: eventually what?", s.at)
	}
	switch words[0] {
	case "contact":
		s.contact(words[1:])
	case "contacts":
		s.contacts(words[1:])
	case "webhook":
		s.webhook(words[1:])
	case "recording":
		s.recording(words[1:])
	default:
		s.Fatalf("%s: no such thing as %q", s.at, words[0])
	}
}

// detail is a contact as the desk tells it.
type detail struct {
	Contact     string `json:"contactId"`
	State       string
	Reason      string
	Queue       string
	Agent       string
	Language    string
	Disposition string
	Attributes  map[string]string
	Records     []struct {
		ContactID string `json:"ContactId"`
	}
	Recordings int
}

// contact state=… reason=… queue=… agent=… language=… disposition=… records=N
// attributes="a=1,b=2": of the caller; what is not given is not looked at.
func (s *story) contact(words []string) {
	s.Helper()
	_, o := s.read(words, "state", "reason", "queue", "agent", "language", "disposition", "records", "attributes")
	id := s.caller().id
	s.wait("the contact", func() error {
		var d detail
		if err := s.centre.ask(s.centre.info.Admin, "GET", "/v1/contacts/"+id, nil, &d); err != nil {
			return err
		}
		var attributes []string
		for name, value := range d.Attributes {
			attributes = append(attributes, name+"="+value)
		}
		slices.Sort(attributes)
		return differ(o, options{"attributes": strings.Join(attributes, ","), "state": d.State, "reason": d.Reason, "queue": d.Queue, "agent": d.Agent, "language": d.Language,
			"disposition": d.Disposition, "records": fmt.Sprint(len(d.Records))})
	})
}

// differ says where what is differs from what is wanted.
func differ(want, is options) error {
	var wrong []string
	for name, w := range want {
		if is[name] != w {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", name, is[name], w))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("%s", strings.Join(wrong, "; "))
}

// contacts count=N [reason=…] [queue=…]: lines of the day's list, all of which
// are as said, and no contact is in it twice.
func (s *story) contacts(words []string) {
	s.Helper()
	_, o := s.read(words, "count", "reason", "queue")
	want := s.number(o, "count", 1)
	delete(o, "count")
	s.wait("the list of contacts", func() error {
		var page struct {
			Contacts []struct {
				Contact string `json:"contactId"`
				Reason  string
				Queue   string
			}
		}
		if err := s.centre.ask(s.centre.info.Admin, "GET", "/v1/contacts?of=everyone&limit=100", nil, &page); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, c := range page.Contacts {
			if seen[c.Contact] {
				return fmt.Errorf("%s is listed twice", c.Contact)
			}
			seen[c.Contact] = true
			if err := differ(o, options{"reason": c.Reason, "queue": c.Queue}); err != nil {
				return err
			}
		}
		if len(seen) != want {
			return fmt.Errorf("%d contacts, want %d", len(seen), want)
		}
		return nil
	})
}

// webhook event=… signature=… count=N [deliveries=N] [at=RECEIVER] [all]: what a
// CRM got of the caller's contact: how many ids, how many deliveries. all: of
// every contact.
func (s *story) webhook(words []string) {
	s.Helper()
	plain, o := s.read(words, "event", "signature", "count", "deliveries", "at")
	contact := ""
	if len(plain) == 0 {
		contact = s.caller().id
	}
	at := o["at"]
	delete(o, "at")
	s.wait("the webhook", func() error {
		got, err := s.deliveries(at)
		if err != nil {
			return err
		}
		ids, deliveries, signature := map[string]bool{}, 0, ""
		for _, d := range got {
			var body struct {
				Type string
				Data struct {
					ContactID string `json:"ContactId"`
				}
			}
			if err := json.Unmarshal(d.Body, &body); err != nil {
				return err
			}
			if contact != "" && body.Data.ContactID != contact || body.Type != o["event"] {
				continue
			}
			ids[d.ID] = true
			if deliveries++; signature == "" || signature == "valid" {
				signature = d.Signature
			}
		}
		return differ(o, options{"event": o["event"], "signature": signature, "count": fmt.Sprint(len(ids)), "deliveries": fmt.Sprint(deliveries)})
	})
}

// deliveries is what a receiver got: the story's own, or the demo tenant's.
func (s *story) deliveries(at string) (all []onebox.Delivery, err error) {
	if at != "" {
		return s.shops[at].deliveries(), nil
	}
	var raw []byte
	if err := s.centre.ask("", "GET", strings.TrimPrefix(s.centre.info.CRM, s.centre.info.URL), nil, &raw); err != nil {
		return nil, err
	}
	for l := range strings.Lines(string(raw)) {
		var d onebox.Delivery
		if err := json.Unmarshal([]byte(l), &d); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// recording [n=0] [of=1] [channels=2] [left=Hz] [right=Hz] [until-kill=2s]
// [torn=true] or recording none: there are exactly so many, the one decrypts, on
// its channels are the tones, each only on its own.
func (s *story) recording(words []string) {
	s.Helper()
	plain, o := s.read(words, "channels", "left", "right", "until-kill", "torn", "n", "of")
	id := s.caller().id
	want := s.number(o, "of", 1)
	if slices.Contains(plain, "none") {
		want = 0
	}
	var list struct {
		Recordings []struct {
			N        int
			Started  time.Time
			Seconds  float64
			Channels int
			Torn     bool
		}
	}
	s.wait("the recording", func() error {
		err := s.centre.ask(s.centre.info.Admin, "GET", "/v1/contacts/"+id+"/recordings", nil, &list)
		if err == nil && len(list.Recordings) != want {
			err = fmt.Errorf("%d recordings, want %d", len(list.Recordings), want)
		}
		return err
	})
	if want == 0 {
		return
	}
	r := list.Recordings[s.number(o, "n", 0)]
	var raw []byte
	s.must(s.centre.ask(s.centre.info.Admin, "GET", fmt.Sprintf("/v1/contacts/%s/recordings/%d/audio", id, r.N), nil, &raw))
	sound, err := wav.Decode(raw)
	s.must(err)
	s.must(differ(options{"channels": o["channels"]}, options{"channels": fmt.Sprint(len(sound.Channels))}))
	if torn, ok := o["torn"]; ok {
		s.must(differ(options{"torn": torn}, options{"torn": fmt.Sprint(r.Torn)}))
	}
	tones := [2]float64{float64(s.number(o, "left", 0)), float64(s.number(o, "right", 0))}
	for n, hz := range tones {
		if a := peers.Audio(sound.Channels[n]); hz != 0 && (!a.HasTone(hz, 0.5) || a.HasTone(tones[1-n], 0.2)) {
			s.Errorf("%s: channel %d of %.1f s: %.0f Hz %v, %.0f Hz %v", s.at, n, r.Seconds, hz, a.HasTone(hz, 0.5), tones[1-n], a.HasTone(tones[1-n], 0.2))
		}
	}
	if text, ok := o["until-kill"]; ok {
		most, err := time.ParseDuration(text)
		s.must(err)
		end := r.Started.Add(time.Duration(r.Seconds * float64(time.Second)))
		lost := s.killed.Sub(end)
		s.Logf("the recording of %.1f s ends %.2f s before the kill", r.Seconds, lost.Seconds())
		if lost > most {
			s.Errorf("%s: %s of the recording are lost, at most %s may be", s.at, lost, most)
		}
	}
}

// count: write units are counted from here on.
func (s *story) wordCount([]string) { s.centre.cloud().ResetCounters() }

// writes at-most=22 [without=L,CFG,R] [less=2]: write units since count, per kind
// of item. less: that many of them were not the call's.
func (s *story) wordWrites(words []string) {
	_, o := s.read(words, "at-most", "without", "less")
	units := s.centre.cloud().Counters().Writes
	sum := localcloud.Sum(units, strings.Split(o["without"], ",")...) - float64(s.number(o, "less", 0))
	s.Logf("%g write units without %s: %v", sum, o["without"], units)
	if most := s.number(o, "at-most", 0); sum > float64(most) {
		s.Errorf("%s: %g write units, at most %d: %v", s.at, sum, most, units)
	}
}
