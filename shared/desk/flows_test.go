package desk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"huawu/shared/auth"
)

// flowText is a flow that says one thing; spaces are not as a machine would put them.
func flowText(kind, parameters string) string {
	return fmt.Sprintf(`{ "Version":"2019-10-30","StartAction":"do",  "Metadata":{"Annotations":[ ]},"Actions":[
{"Identifier":"do","Type":%q,"Parameters":%s,"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, kind, parameters)
}

func TestTheWayOfAFlowToItsCallers(t *testing.T) {
	b := newBench(t)
	admin := b.token("demo", root, auth.Admin)
	first, second := flowText("MessageParticipant", `{"Text":"one"}`), flowText("MessageParticipant", `{"Text":"two"}`)
	steps := []struct {
		name, method, path, body string
		status                   int
		says                     string // part of the answer
	}{
		{"a draft", "PUT", "/v1/flows/line/draft?note=begun", first, 200, `"status":"SAVED"`},
		{"a number for a flow that nobody can call", "PUT", "/v1/numbers/95000", `{"flow":"line"}`, 404, "nothing to run"},
		{"published", "POST", "/v1/flows/line/publish", `{"note":"first"}`, 200, `"published":1`},
		{"a number", "PUT", "/v1/numbers/95000", `{"flow":"line:live"}`, 404, "nothing to run"},
		{"an alias", "PUT", "/v1/flows/line/aliases/live", `{"shares":[{"version":1,"percent":100}]}`, 200, `"live":{"shares":[{"version":1,"percent":100}]}`},
		{"a number for it", "PUT", "/v1/numbers/95000", `{"flow":"line:live","language":"zh-CN"}`, 200, `"line:live"`},
		{"the numbers", "GET", "/v1/numbers", "", 200, `{"number":"95000","flow":"line:live","language":"zh-CN"}`},
		{"the next draft", "PUT", "/v1/flows/line/draft?revision=1", second, 200, `"revision":2`},
		{"a draft of somebody who has not seen it", "PUT", "/v1/flows/line/draft?revision=1", second, 409, "somebody else"},
		{"the second version", "POST", "/v1/flows/line/publish", `{}`, 200, `"published":2`},
		{"a tenth of the calls", "PUT", "/v1/flows/line/aliases/live", `{"shares":[{"version":1,"percent":90},{"version":2,"percent":10}]}`, 200, `"before":[{"version":1,"percent":100}]`},
		{"no more of them", "PUT", "/v1/flows/line/aliases/live", `{"restore":true}`, 200, `"live":{"shares":[{"version":1,"percent":100}]`},
		{"shares of too little", "PUT", "/v1/flows/line/aliases/live", `{"shares":[{"version":1,"percent":90}]}`, 422, "90 percent"},
		{"back", "POST", "/v1/flows/line/rollback", `{}`, 200, `"published":1`},
		{"the versions", "GET", "/v1/flows/line", "", 200, `"versions":[{"version":2`},
		{"all flows", "GET", "/v1/flows", "", 200, `{"flows":[{"id":"line"`},
		{"version 2 as it was saved", "GET", "/v1/flows/line/versions/2", "", 200, second},
		{"the published one as it was saved", "GET", "/v1/flows/line/versions/published", "", 200, first},
		{"the draft as it was saved", "GET", "/v1/flows/line/versions/$SAVED", "", 200, second},
		{"a version that is not there", "GET", "/v1/flows/line/versions/9", "", 404, "no such version"},
		{"a flow that is not there", "GET", "/v1/flows/nothing", "", 404, "no such flow"},
		{"what is no flow", "PUT", "/v1/flows/line/draft", `{"Version":1}`, 422, "Version"},
		{"a flow that cannot run", "PUT", "/v1/flows/views/draft", flowText("ShowView", `{}`), 200, "SAVED"},
		{"is not published", "POST", "/v1/flows/views/publish", `{}`, 422, "ShowView cannot run here"},
		{"nor what nobody carries out", "PUT", "/v1/flows/cases/draft", flowText("CreateCase", `{}`), 200, "SAVED"},
		{"a bot", "PUT", "/v1/bots/orders", `{"intents":[{"name":"Order","keys":["1"]}]}`, 200, `{"id":"orders","intents":["Order"],"keys":1}`},
		{"a bot that understands nothing", "PUT", "/v1/bots/orders", `{"intents":[]}`, 422, "0 intents"},
		{"cases are not here yet", "POST", "/v1/flows/cases/publish", `{}`, 422, `"location":"action do (CreateCase), Type"`},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			a := b.do(admin, s.method, s.path, s.body)
			if a.StatusCode != s.status || !strings.Contains(string(a.raw), s.says) {
				t.Errorf("%s %s: %d %s, want %d and %s", s.method, s.path, a.StatusCode, a.raw, s.status, s.says)
			}
		})
	}
}

func TestOnlyAdminsChangeFlows(t *testing.T) {
	b := newBench(t)
	for _, role := range []auth.Role{auth.Agent, auth.Supervisor} {
		if a := b.do(b.token("demo", boss, role), "PUT", "/v1/flows/line/draft", flowText("MessageParticipant", `{"Text":"x"}`)); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", role, a.StatusCode)
		}
	}
	b.do(b.token("demo", root, auth.Admin), "PUT", "/v1/flows/line/draft", flowText("MessageParticipant", `{"Text":"x"}`))
	if a := b.do(b.token("other", root, auth.Admin), "GET", "/v1/flows/line", ""); a.StatusCode != http.StatusNotFound {
		t.Errorf("another tenant: %d", a.StatusCode)
	}
}
