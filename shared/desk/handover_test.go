package desk

import (
	"fmt"
	"strings"
	"testing"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/flow"
	"huawu/shared/ivr/release"
)

// first returns the first element of a list in what the desk tells an agent.
func (b *bench) first(token, list string) map[string]any {
	b.t.Helper()
	all, _ := b.want(200, token, "GET", "/v1/agents/me", "").body[list].([]any)
	if len(all) == 0 {
		return nil
	}
	m, _ := all[0].(map[string]any)
	return m
}

func TestAContactIsHandedOver(t *testing.T) {
	b := newBench(t)
	mine, other := b.token("demo", lin, auth.Agent), b.token("demo", wu, auth.Agent)
	id := string(b.talk(mine))
	at := "/v1/contacts/" + id + "/"
	b.want(422, mine, "POST", at+"transfer", `{"kind":"moon","target":"x"}`)
	b.want(404, mine, "POST", at+"transfer", `{"kind":"flow","target":"x"}`)
	b.want(422, mine, "POST", at+"consult", `{"kind":"flow","target":"x"}`)
	b.want(422, mine, "POST", at+"transfer", `{"kind":"number","target":"no number"}`)
	b.want(404, mine, "POST", at+"transfer", `{"kind":"queue","target":"nowhere"}`)
	b.want(409, mine, "POST", at+"transfer", `{"kind":"agent","target":"`+wu+`"}`) // away
	b.want(404, other, "POST", at+"transfer", `{"kind":"queue","target":"loans"}`)
	b.want(200, other, "POST", "/v1/agents/me/status", `{"status":"available"}`)
	b.want(202, mine, "POST", at+"transfer", `{"kind":"agent","target":"`+wu+`","note":"wants a loan"}`)
	b.want(409, mine, "POST", at+"transfer", `{"kind":"queue","target":"loans"}`)
	now := b.first(mine, "contacts")
	if now["state"] != "ENDED" || now["transferred"] != true || now["leftOffer"] == nil {
		t.Errorf("what is left: %v", now)
	}
	offer := b.first(other, "offers")
	if from, _ := offer["transfer"].(map[string]any); from["from"] != "Name" || from["note"] != "wants a loan" {
		t.Errorf("the offer: %v", offer)
	}
	b.want(200, mine, "POST", at+"finish", `{"disposition":"passed","note":"was nice"}`)
	b.want(200, mine, "POST", at+"finish", `{"disposition":"again"}`)
	if b.first(mine, "contacts") != nil {
		t.Error("what was left is still there")
	}
	detail := b.want(200, mine, "GET", "/v1/contacts/"+id, "") // one who had it may read it
	if text := string(detail.raw); !strings.Contains(text, "wants a loan") || !strings.Contains(text, "was nice") || strings.Contains(text, "again") {
		t.Errorf("the contact: %s", text)
	}
}

func TestAContactIsHandedToAFlow(t *testing.T) {
	b := newBench(t)
	mine := b.token("demo", lin, auth.Agent)
	at := "/v1/contacts/" + string(b.talk(mine)) + "/transfer"
	const document = `{"Version":"2019-10-30","StartAction":"bye","Actions":[{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`
	for id, kind := range map[string]flow.Type{"bye": flow.ContactFlow, "music": flow.CustomerQueue} {
		writes, err := release.Seed("demo", id, id, []byte(strings.Replace(document, `"StartAction"`, `"Metadata":{"type":"`+string(kind)+`"},"StartAction"`, 1)), noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range writes {
			b.write(w)
		}
	}
	for target, status := range map[string]int{"nowhere": 404, "bye:7": 404, "bye:$SAVED": 404, "music": 409} {
		b.want(status, mine, "POST", at, `{"kind":"flow","target":"`+target+`"}`)
	}
	b.want(202, mine, "POST", at, `{"kind":"flow","target":"bye","note":"wants to be thanked"}`)
	b.want(409, mine, "POST", at, `{"kind":"flow","target":"bye"}`)
	if now := b.first(mine, "contacts"); now["state"] != "ENDED" || now["transferred"] != true {
		t.Errorf("what is left: %v", now)
	}
}

func TestAConsultAtTheDesk(t *testing.T) {
	b := newBench(t)
	mine, chief := b.token("demo", lin, auth.Agent), b.token("demo", boss, auth.Supervisor)
	id := string(b.talk(mine))
	at := "/v1/contacts/" + id + "/"
	for _, verb := range []string{"complete", "join", "cancel", "swap"} {
		if a := b.want(409, mine, "POST", at+"consult/"+verb, ""); !strings.Contains(string(a.raw), "there is no consult") {
			t.Errorf("%s without a consult: %s", verb, a.raw)
		}
	}
	b.want(200, chief, "POST", "/v1/agents/me/status", `{"status":"available"}`)
	b.want(202, mine, "POST", at+"consult", `{"kind":"queue","target":"loans"}`)
	b.want(409, mine, "POST", at+"consult", `{"kind":"number","target":"10086"}`)
	b.want(409, mine, "POST", at+"hold", "")
	b.want(409, mine, "POST", at+"consult/swap", "")
	offer := b.first(chief, "offers")
	party := fmt.Sprint(offer["party"])
	if from, _ := offer["invitation"].(map[string]any); offer["contactId"] != id || from["from"] != "Name" || from["reason"] != "consult" {
		t.Fatalf("the offer: %v", offer)
	}
	if c := b.first(mine, "contacts"); c["role"] != "agent" || c["onHold"] != true || fmt.Sprint(c["consult"]) != "map[party:"+party+" state:ringing]" {
		t.Errorf("the agent has %v", c)
	}
	b.want(409, chief, "POST", at+"accept", `{"offerId":"01938d2c-9999-7abc-8def-000000000001"}`)
	b.want(200, chief, "POST", at+"accept", `{"offerId":"`+party+`"}`)
	b.want(200, chief, "POST", at+"accept", `{"offerId":"`+party+`"}`)
	if _, _, err := b.router.AnswerParty(t.Context(), "demo", contact.ID(id), contact.OfferID(party), "leg"); err != nil {
		t.Fatal(err)
	}
	if c := b.first(chief, "contacts"); c["role"] != "consulted" || c["state"] != "CONNECTED" || len(c["parties"].([]any)) != 3 {
		t.Errorf("the consulted has %v", c)
	}
	b.want(202, mine, "POST", at+"consult/swap", "")
	b.want(202, mine, "POST", at+"consult/join", "")
	b.want(404, mine, "POST", at+"parties/nobody/hold", "")
	b.want(202, mine, "POST", at+"parties/"+party+"/hold", "")
	b.want(202, mine, "POST", at+"parties/"+party+"/resume", "")
	b.want(202, mine, "POST", at+"parties/customer/hold", "")
	b.want(409, mine, "POST", at+"parties/customer/drop", "")
	b.want(202, mine, "POST", at+"digits", `{"digits":"1#"}`)
	b.want(422, mine, "POST", at+"digits", `{"digits":"x"}`)
	b.want(202, chief, "POST", at+"hangup", "") // leaves
	if c := b.first(chief, "contacts"); c["state"] != "ENDED" || c["transferred"] != true {
		t.Errorf("who has left has %v", c)
	}
	b.want(200, chief, "POST", at+"finish", `{"disposition":"helped"}`)
}

func TestASupervisorAtTheDesk(t *testing.T) {
	b := newBench(t)
	mine, chief := b.token("demo", lin, auth.Agent), b.token("demo", boss, auth.Supervisor)
	id := string(b.talk(mine))
	at := "/v1/contacts/" + id + "/"
	b.want(403, mine, "POST", at+"supervise", `{"mode":"listen"}`)
	b.want(422, chief, "POST", at+"supervise", `{"mode":"shout"}`)
	b.want(202, chief, "POST", at+"supervise", `{"mode":"listen"}`)
	if c := b.first(chief, "contacts"); c["role"] != "supervisor" || c["state"] != "CONNECTING" {
		t.Errorf("the supervisor has %v", c)
	}
	b.want(202, chief, "POST", at+"supervise", `{"mode":"whisper"}`)
	b.want(202, chief, "POST", at+"supervise", `{"mode":"stop"}`)
	b.want(409, chief, "POST", at+"move", `{"queue":"loans"}`)
	waiting := string(b.call())
	b.want(404, chief, "POST", "/v1/contacts/"+waiting+"/move", `{"queue":"nowhere"}`)
	b.want(202, chief, "POST", "/v1/contacts/"+waiting+"/move", `{"queue":"loans"}`)
	a := b.want(200, chief, "POST", "/v1/agents/"+lin+"/status", `{"status":"custom","name":"talk with me"}`)
	if next, _ := a.body["next"].(map[string]any); next["name"] != "talk with me" {
		t.Errorf("the agent's status: %s", a.raw)
	}
	b.want(404, chief, "POST", "/v1/agents/nobody/status", `{"status":"offline"}`)
	items, _, err := b.cloud.Table().Query(t.Context(), cloud.Query{Part: "demo|AUDIT#" + b.clock.Now().Format("2006-01-02")})
	if err != nil || len(items) == 0 {
		t.Fatalf("%d audit items, %v", len(items), err)
	}
	for _, line := range []string{"action=contact:listen result=ok subject=" + id, "action=contact:move result=conflict", "action=agent:status result=ok subject=" + lin, "action=agent:status result=not_found"} {
		if !strings.Contains(b.log.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
}
