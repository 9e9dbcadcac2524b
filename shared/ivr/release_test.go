package ivr

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/contact"
	"huawu/shared/flow"
	"huawu/shared/ivr/release"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// asking is a flow that says a text before it waits for a key, and after it.
func asking(text string) []byte {
	return fmt.Appendf(nil, `{"Version":"2019-10-30","StartAction":"ask","Actions":[
{"Identifier":"ask","Type":"GetParticipantInput","Parameters":{"Text":%q,"StoreInput":"False","InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"say","Errors":[{"NextAction":"say","ErrorType":"NoMatchingError"},{"NextAction":"say","ErrorType":"NoMatchingCondition"},{"NextAction":"say","ErrorType":"InputTimeLimitExceeded"}],"Conditions":[]}},
{"Identifier":"say","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"bye","Errors":[],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text+"?", text+"!")
}

func (w *world) releases() release.Store {
	return release.Store{Table: w.cloud.Table(), Now: w.clock.Now, NewID: w.id}
}

func (w *world) publish(id, text string) {
	w.Helper()
	s := w.releases()
	if _, err := s.Save(w.ctx, tenant, id, asking(text), release.Change{}); err != nil {
		w.Fatal(err)
	}
	if _, err := s.Publish(w.ctx, tenant, id, release.Change{}, func(*flow.Flow) error { return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) bind(ref string) {
	w.Helper()
	w.put(Number{Number: phone.MustParse(w.dialled), Flow: ref, Language: "zh-CN"}.Put(tenant))
}

// answers returns the answer to an event.
func (w *world) answers(e sma.Event) sma.Response {
	w.Helper()
	r, err := w.service.Handle(w.ctx, e)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func said(r sma.Response) string {
	var b strings.Builder
	for _, a := range r.Actions {
		switch p := a.Parameters.(type) {
		case *sma.Speak:
			b.WriteString(p.Text)
		case *sma.SpeakAndGetDigits:
			b.WriteString(p.SpeechParameters.Text)
		}
	}
	return b.String()
}

func TestALiveContactStaysOnTheVersionItBeganWith(t *testing.T) {
	for _, ref := range []string{"line", "line:live", "line:1", "arn:aws:connect:r:1:instance/i/contact-flow/line:live"} {
		t.Run(ref, func(t *testing.T) {
			w := newWorld(t)
			w.publish("line", "old")
			if _, err := w.releases().SetAlias(w.ctx, tenant, "line", "live", []release.Share{{Version: 1, Percent: 100}}); err != nil {
				t.Fatal(err)
			}
			w.bind(ref)
			first := w.answers(w.event(sma.NewInboundCall, nil))
			if got := said(first); got != "old?" {
				t.Fatalf("the caller hears %q", got)
			}
			w.publish("line", "new")
			if _, err := w.releases().SetAlias(w.ctx, tenant, "line", "live", []release.Share{{Version: 2, Percent: 100}}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
			w.service = New(w.cloud.Table(), w, w.router, w.service.cfg, w.service.run) // another process, with nothing in memory
			key := done(first.Actions[0].Parameters)
			key.ReceivedDigits = "1"
			if got := said(w.answers(w.event(sma.ActionSuccessful, key))); got != "old!" {
				t.Errorf("after a new version was published the caller hears %q", got)
			}
		})
	}
}

func TestNewContactsGetWhatIsPublished(t *testing.T) {
	w := newWorld(t)
	w.publish("line", "one")
	w.bind("line")
	hears := func(want string) {
		t.Helper()
		w.clock.Advance(configAge)
		p, err := w.service.flows.program(w.ctx, tenant, "line", string(contact.ID(w.id())))
		if err != nil || p == nil || p.ID != want {
			t.Errorf("program %v, %v, want %s", p, err, want)
		}
	}
	hears("line:1")
	w.publish("line", "two")
	hears("line:2")
	if _, err := w.releases().Rollback(w.ctx, tenant, "line", 0); err != nil {
		t.Fatal(err)
	}
	hears("line:1")
}

func TestATestNumberHearsTheDraft(t *testing.T) {
	w := newWorld(t)
	w.bind("line:$SAVED")
	for _, text := range []string{"first", "second"} {
		if _, err := w.releases().Save(w.ctx, tenant, "line", asking(text), release.Change{}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(configAge)
		p, err := w.service.flows.program(w.ctx, tenant, "line:$SAVED", string(callID))
		if err != nil || p == nil || p.ID != "line:$SAVED" {
			t.Fatalf("program %v, %v", p, err)
		}
	}
	if got := said(w.answers(w.event(sma.NewInboundCall, nil))); got != "second?" {
		t.Errorf("the caller hears %q", got)
	}
}
