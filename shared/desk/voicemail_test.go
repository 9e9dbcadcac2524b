package desk

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/recording"
)

// message lets a caller, who has talked to somebody before, leave a message. It
// returns the caller's contact, the message, and what is heard of it.
func (b *bench) message() (of, id contact.ID, wav []byte) {
	b.t.Helper()
	of = b.call()
	b.recorded(of, 0, recording.Rate) // of a talk
	wav = b.recorded(of, 1, 3*recording.Rate)
	said := recording.ObjectKey(recording.Subject{Tenant: "demo", Contact: string(of), Segment: 1}, noon)
	con, err := b.router.End(b.t.Context(), "demo", of, contact.CustomerLeft)
	if err != nil {
		b.t.Fatal(err)
	}
	left, err := b.router.LeaveMessage(b.t.Context(), con, acd.Message{Queue: "loans", Began: b.clock.Now().Add(-3 * time.Second), Recording: "bucket/" + said, Language: "zh-CN"})
	if err != nil {
		b.t.Fatal(err)
	}
	return of, left.ID, wav
}

// offered returns the message that an agent is offered, and its offer.
func (b *bench) offered(token string) (id, offer string) {
	b.t.Helper()
	offers, _ := b.want(200, token, "GET", "/v1/agents/me", "").body["offers"].([]any)
	if len(offers) != 1 {
		b.t.Fatalf("offers %v", offers)
	}
	o, _ := offers[0].(map[string]any)
	if o["channel"] != "TASK" || !strings.Contains(fmt.Sprint(o["customer"]), "*") {
		b.t.Errorf("the offer is %v", o)
	}
	return fmt.Sprint(o["contactId"]), fmt.Sprint(o["offerId"])
}

func TestAnAgentWithADeskPhoneDealsWithAMessage(t *testing.T) {
	b := newBench(t)
	if _, err := b.router.Assign(t.Context(), "demo", wu, acd.Assignment{Profile: "p", Slots: map[contact.Channel]int{contact.Voice: 1, contact.Task: 1}}); err != nil {
		t.Fatal(err)
	}
	b.write(acd.Queue{ID: "calls", Name: "Calls", Group: "g", CallerID: "95000"}.Put("demo"))
	of, id, wav := b.message()
	mine, other := b.token("demo", wu, auth.Agent), b.token("demo", lin, auth.Agent)
	base := "/v1/contacts/" + string(id)
	b.want(404, mine, "GET", base+"/recordings", "") // not offered yet
	b.want(200, mine, "POST", "/v1/agents/me/status", `{"status":"available"}`)
	got, offer := b.offered(mine)
	if got != string(id) {
		t.Fatalf("offered %s, want %s", got, id)
	}
	b.want(200, mine, "POST", base+"/accept", `{"offerId":"`+offer+`"}`)
	if list := b.want(200, mine, "GET", base+"/recordings", ""); strings.Count(string(list.raw), `"n":`) != 1 || !strings.Contains(string(list.raw), `"n":1`) {
		t.Errorf("recordings %s", list.raw)
	}
	if a := b.want(200, mine, "GET", base+"/recordings/1/audio", ""); !bytes.Equal(a.raw, wav) {
		t.Errorf("the message is %d bytes, want %d", len(a.raw), len(wav))
	}
	b.want(404, mine, "GET", base+"/recordings/0/audio", "")                       // the talk is none of the agent's
	b.want(404, mine, "GET", "/v1/contacts/"+string(of)+"/recordings/1/audio", "") // nor is the call
	b.want(404, other, "GET", base+"/recordings", "")                              // another agent
	b.want(404, other, "GET", base+"/recordings/1/audio", "")                      //
	b.want(200, b.token("demo", boss, auth.Supervisor), "GET", base+"/recordings/1/audio", "")
	b.want(404, b.token("other", wu, auth.Admin), "GET", base+"/recordings/1/audio", "")
	b.want(409, mine, "POST", base+"/hold", "")
	b.want(409, mine, "POST", base+"/transfer", `{"kind":"queue","target":"loans"}`)
	b.want(409, b.token("demo", boss, auth.Supervisor), "POST", base+"/supervise", `{"mode":"listen"}`)
	b.want(404, other, "POST", "/v1/contacts", `{"kind":"outbound","of":"`+string(id)+`"}`)
	b.want(409, mine, "POST", "/v1/contacts", `{"kind":"outbound","of":"`+string(id)+`"}`) // no number to show
	b.want(202, mine, "POST", "/v1/contacts", `{"kind":"outbound","of":"`+string(id)+`","queue":"calls"}`)
	b.want(202, mine, "POST", base+"/hangup", "")
	b.want(200, mine, "POST", base+"/finish", `{"disposition":"called back"}`)
	b.want(200, mine, "GET", base+"/recordings/1/audio", "") // who had it may hear it again
	if c, err := b.router.Contact(t.Context(), "demo", id); err != nil || c.State != contact.Completed || c.Disposition != "called back" {
		t.Errorf("the message is %+v, %v", c, err)
	}
	detail := b.want(200, b.token("demo", boss, auth.Supervisor), "GET", base, "")
	for _, want := range []string{`"Channel":"TASK"`, `"InitiationMethod":"API"`, `"RelatedContactId":"` + string(of) + `"`, `"ParticipantType":"CUSTOMER"`, `"Location":"bucket/recordings/demo/`} {
		if !strings.Contains(string(detail.raw), want) {
			t.Errorf("the record lacks %s:\n%s", want, detail.raw)
		}
	}
}

func TestWhoLetAMessagePassDoesNotHearIt(t *testing.T) {
	b := newBench(t)
	if _, err := b.router.Assign(t.Context(), "demo", lin, acd.Assignment{Profile: "p", Slots: map[contact.Channel]int{contact.Voice: 1, contact.Task: 1}}); err != nil {
		t.Fatal(err)
	}
	_, id, wav := b.message()
	mine, base := b.token("demo", lin, auth.Agent), "/v1/contacts/"+string(id)
	b.want(200, mine, "POST", "/v1/agents/me/status", `{"status":"available"}`)
	_, offer := b.offered(mine)
	if a := b.want(200, mine, "GET", base+"/recordings/1/audio", ""); !bytes.Equal(a.raw, wav) {
		t.Errorf("the message is %d bytes, want %d", len(a.raw), len(wav))
	}
	b.want(200, mine, "POST", base+"/reject", `{"offerId":"`+offer+`"}`)
	b.want(404, mine, "GET", base+"/recordings/1/audio", "")
	if a, err := b.router.Agent(t.Context(), "demo", lin); err != nil || a.State != agent.Missed {
		t.Errorf("the agent is %+v, %v", a, err)
	}
}
