package desk

import (
	"strings"
	"testing"

	"huawu/shared/auth"
)

const routing = `{"queues":[{"id":"loans","name":"Loans","afterContactSeconds":30},{"id":"cards","needs":{"card":2}}],"profiles":[{"id":"all","queues":[{"queue":"loans"}]}]}`

func TestAnAgentIsGivenOtherThingsToDo(t *testing.T) {
	b := newBench(t)
	admin := b.token("demo", root, auth.Admin)
	for _, s := range []struct {
		name, id, body string
		status         int
		says           string
	}{
		{"skills and room", lin, `{"profile":"p","skills":{"card":3},"slots":{"voice":1,"chat":4}}`, 200, `"skills":{"card":3},"slots":{"voice":1,"chat":4}`},
		{"a profile that is not there", lin, `{"profile":"none","slots":{"voice":1}}`, 404, "no such routing profile"},
		{"an agent who is not there", "nobody", `{"profile":"p","slots":{"voice":1}}`, 404, "no such agent"},
		{"a level that is none", lin, `{"profile":"p","skills":{"card":9},"slots":{"voice":1}}`, 422, `"location":"body.skills.card"`},
		{"two calls at a time", lin, `{"profile":"p","slots":{"voice":2}}`, 422, "slots.voice"},
	} {
		t.Run(s.name, func(t *testing.T) {
			a := b.do(admin, "PUT", "/v1/agents/"+s.id+"/assignment", s.body)
			if a.StatusCode != s.status || !strings.Contains(string(a.raw), s.says) {
				t.Errorf("%d %s", a.StatusCode, a.raw)
			}
		})
	}
}

func TestRoutingIsReadChangedAndPutBack(t *testing.T) {
	b := newBench(t)
	admin := b.token("demo", root, auth.Admin)
	longer := strings.Replace(routing, `"afterContactSeconds":30`, `"afterContactSeconds":60`, 1)
	broken := strings.Replace(routing, `{"queue":"loans"}`, `{"queue":"loan"}`, 1)
	none := `{"queues":[],"profiles":[]}`
	for _, s := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"what there is", "GET", "/v1/routing", "", 200, `"revision":0`},
		{"what would change", "PUT", "/v1/routing", `{"revision":0,"dryRun":true,"routing":` + routing + `}`, 200, `"applied":false,"changes":[{"what":"queue cards","how":"added"}`},
		{"a dry run changes nothing", "GET", "/v1/routing", "", 200, `"revision":0`},
		{"what is wrong, before it is applied", "PUT", "/v1/routing", `{"revision":0,"dryRun":true,"routing":` + broken + `}`, 200, `"where":"profiles.all.queues.loan"`},
		{"and is not applied", "PUT", "/v1/routing", `{"revision":0,"routing":` + broken + `}`, 422, `"location":"profiles.all.queues.loan"`},
		{"applied, and what to know of it", "PUT", "/v1/routing", `{"revision":0,"routing":` + routing + `}`, 200, `"where":"queues.cards","what":"no profile serves it`},
		{"a change", "PUT", "/v1/routing", `{"revision":1,"routing":` + longer + `}`, 200, `{"what":"queue loans","how":"afterContactSeconds 30 → 60"}`},
		{"one of somebody who has not seen it", "PUT", "/v1/routing", `{"revision":1,"routing":` + none + `}`, 409, "read it again"},
		{"what was there before", "GET", "/v1/routing?revision=1", "", 200, `"afterContactSeconds":30`},
		{"a revision that never was", "GET", "/v1/routing?revision=7", "", 404, "no such revision"},
		{"a field that is none", "PUT", "/v1/routing", `{"revision":2,"routing":{"queues":[{"id":"a","ringtone":1}],"profiles":[]}}`, 422, "ringtone"},
	} {
		t.Run(s.name, func(t *testing.T) {
			a := b.do(admin, s.method, s.path, s.body)
			if a.StatusCode != s.status || !strings.Contains(string(a.raw), s.says) {
				t.Errorf("%d %s", a.StatusCode, a.raw)
			}
		})
	}
	if a := b.do(b.token("demo", "chen", auth.Supervisor), "PUT", "/v1/routing", `{"revision":2,"routing":`+none+`}`); a.StatusCode != 403 {
		t.Errorf("a supervisor changes the routing: %d", a.StatusCode)
	}
}
