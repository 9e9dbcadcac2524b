package desk

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/journey"
)

// walked puts the line of a contact that went through a flow.
func (b *bench) walked(id string, p *interp.Program, handled bool, visits ...interp.Visit) {
	b.t.Helper()
	path := journey.Path(nil).Append(noon, visits, func(string) *interp.Program { return p })
	r := &contact.Record{Contact: contact.Contact{Tenant: "demo", ID: contact.ID(id), Initiated: noon, Since: noon.Add(9 * time.Second), Disconnected: noon.Add(9 * time.Second),
		Reason: contact.CustomerLeft}, Path: path}
	if handled {
		r.OfferAgent, r.AgentJoined = lin, noon.Add(5*time.Second)
	}
	item := r.Item()
	item[cloud.AttrPart], item[cloud.AttrSort] = r.Put().Key.Part, r.Put().Key.Sort
	publisher := event.New(b.cloud.Table(), b.cloud.Queue(), contact.Instance{}, rand.Reader)
	if err := publisher.HandleChange(b.t.Context(), event.Change{New: item}); err != nil {
		b.t.Fatal(err)
	}
}

func TestTheJourneyOfCallersThroughAFlow(t *testing.T) {
	b := newBench(t)
	admin := b.token("demo", root, auth.Admin)
	document := flowText("MessageParticipant", `{"Text":"one"}`)
	b.want(200, admin, "PUT", "/v1/flows/line/draft", document)
	b.want(200, admin, "POST", "/v1/flows/line/publish", `{}`)
	f, err := flow.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile("line:1", f)
	if err != nil {
		t.Fatal(err)
	}
	said, over := interp.Visit{Flow: "line:1", Action: "do", Branch: "NextAction"}, interp.Visit{Flow: "line:1", Action: "bye"}
	b.walked("01938d2c-0000-7abc-8def-0000000000a1", p, false, said, over)
	b.walked("01938d2c-0000-7abc-8def-0000000000a2", p, false, said)
	b.walked("01938d2c-0000-7abc-8def-0000000000a3", p, true, said)
	a := b.want(200, admin, "GET", "/v1/flows/line/journey", "")
	want := `{"flow":"line:1","calls":3,"hangUps":1,"agents":1,"nodes":[` +
		`{"action":"do","type":"MessageParticipant","entries":3,"exits":[{"branch":"NextAction","to":"bye","count":3}],"hangUps":1,"agents":1,"seconds":14,"longestSeconds":9,"ended":0,"lastSeen":0},` +
		`{"action":"bye","type":"DisconnectParticipant","entries":1,"exits":[{"branch":"","count":1}],"hangUps":0,"agents":0,"seconds":0,"longestSeconds":0,"ended":1,"lastSeen":0}],` +
		`"from":"2026-03-04","to":"2026-03-04","contacts":3,"versions":{"1":3}}`
	if got := strings.TrimSpace(string(a.raw)); got != want {
		t.Errorf("journey\n%s\nwant\n%s", got, want)
	}
	for query, status := range map[string]int{"?from=2026-03-05": 200, "?version=1": 200, "?version=2": 404, "?from=2026-03-05&to=2026-03-04": 422, "?from=2026-01-01&to=2026-03-04": 422, "?from=today": 422} {
		b.want(status, admin, "GET", "/v1/flows/line/journey"+query, "")
	}
	b.want(404, b.token("other", root, auth.Admin), "GET", "/v1/flows/line/journey", "")
	b.want(403, b.token("demo", lin, auth.Agent), "GET", "/v1/flows/line/journey", "")
}
