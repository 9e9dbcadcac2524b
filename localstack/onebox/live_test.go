package onebox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	acdfn "huawu/functions/acd/handler"
	"huawu/localstack/seed"
	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/phone"
)

// page is a browser that is logged in.
type page struct {
	t     *testing.T
	in    Info
	token string
	ws    *websocket.Conn
}

func (p *page) rest(method, path, body string) map[string]any {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.in.URL+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= 300 {
		p.t.Fatalf("%s %s: %s %s %v", method, path, r.Status, raw, err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *page) open(url string, headers http.Header) (*http.Response, error) {
	c, r, err := websocket.Dial(p.t.Context(), url, &websocket.DialOptions{HTTPHeader: headers})
	if err == nil {
		c.SetReadLimit(1 << 20)
		p.ws = c
	}
	return r, err
}

func (p *page) say(text string) {
	p.t.Helper()
	if err := p.ws.Write(p.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// hear reads frames until one is as wanted.
func (p *page) hear(what string, wanted func(map[string]any) bool) map[string]any {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, text, err := p.ws.Read(ctx)
		if err != nil {
			p.t.Fatalf("%s: %v", what, err)
		}
		var f map[string]any
		if err := json.Unmarshal(text, &f); err != nil {
			p.t.Fatalf("%s: %v in %s", what, err, text)
		}
		together, _ := f["deltas"].([]any) // changes that came together
		for _, d := range append(together, f) {
			if d, ok := d.(map[string]any); ok && wanted(d) {
				return d
			}
		}
	}
}

func frame(kind, topic, entity string) func(map[string]any) bool {
	return func(f map[string]any) bool {
		return f["type"] == kind && (topic == "" || f["topic"] == topic) && (entity == "" || f["entity"] == entity)
	}
}

func TestAPageSeesWhatChangesWhileItLooks(t *testing.T) {
	b, stop := start(t, t.TempDir(), nil)
	defer stop()
	in := b.Info()
	who := func(role string) Login {
		return in.Agents[slices.IndexFunc(in.Agents, func(l Login) bool { return l.Role == role })]
	}
	boss, lin := who("supervisor"), who("agent")
	p := &page{t: t, in: in, token: boss.Token}
	ticket := p.rest("POST", "/v1/live/tickets", "")
	url, _ := ticket["url"].(string)
	if want := "ws" + strings.TrimPrefix(in.URL, "http") + "/live?ticket="; !strings.HasPrefix(url, want) {
		t.Fatalf("url %s, want %s…", url, want)
	}
	if r, err := p.open(url, http.Header{"Origin": {"https://evil.example"}}); err == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site: %v", err)
	}
	if _, err := p.open(url, http.Header{"Origin": {in.URL}}); err != nil {
		t.Fatal(err)
	}
	if r, err := (&page{t: t}).open(url, nil); err == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("the same ticket again: %v", err)
	}
	p.say(`{"type":"ping"}`)
	p.hear("pong", frame("pong", "", ""))
	p.say(`{"type":"subscribe","topic":"me"}`)
	me := p.hear("my state", frame("snapshot", "me", ""))
	p.say(`{"type":"subscribe","topic":"floor"}`)
	floor := p.hear("the floor", frame("snapshot", "floor", ""))
	if s, _ := floor["state"].(map[string]any); len(s["agents"].([]any)) != len(in.Agents) || len(s["queues"].([]any)) != 1 || len(s["statuses"].([]any)) != 5 {
		t.Errorf("floor %v", floor)
	}
	p.rest("POST", "/v1/agents/me/status", `{"status":"custom","name":"meal"}`)
	mine := p.hear("my new status", frame("delta", "me", "agent"))
	versions, _ := me["versions"].(map[string]any)
	status, _ := mine["state"].(map[string]any)["status"].(map[string]any)
	if before, _ := versions["agent/"+boss.ID].(float64); mine["v"] != before+1 || mine["from"] != 0.0 || status["name"] != "meal" {
		t.Errorf("delta %v after versions %v", mine, versions)
	}
	p.hear("it on the floor", frame("delta", "floor", "agent"))
	p.hear("the queues", frame("delta", "floor", "queue"))
	agent := &page{t: t, in: in, token: lin.Token}
	url, _ = agent.rest("POST", "/v1/live/tickets", "")["url"].(string)
	if _, err := agent.open(url, nil); err != nil {
		t.Fatal(err)
	}
	agent.say(`{"type":"subscribe","topic":"floor"}`)
	if f := agent.hear("an answer", frame("error", "", "")); f["code"] != "forbidden" {
		t.Errorf("an agent and the floor: %v", f)
	}
	agent.say(`{"type":"subscribe","topic":"me"}`)
	agent.hear("my state", frame("snapshot", "me", ""))
	agent.rest("POST", "/v1/agents/me/status", `{"status":"available"}`)
	agent.hear("my new status", frame("delta", "me", "agent"))
	p.hear("a colleague on the floor", func(f map[string]any) bool { return f["entity"] == "agent" && f["id"] == lin.ID })
}

func TestAnOfferIsPushedThroughTheWholeCentre(t *testing.T) {
	b, stop := start(t, t.TempDir(), nil)
	defer stop()
	in := b.Info()
	lin := in.Agents[slices.IndexFunc(in.Agents, func(l Login) bool { return l.ID == "lin" })]
	p := &page{t: t, in: in, token: lin.Token}
	url, _ := p.rest("POST", "/v1/live/tickets", "")["url"].(string)
	if _, err := p.open(url, nil); err != nil {
		t.Fatal(err)
	}
	p.say(`{"type":"subscribe","topic":"me"}`)
	p.hear("my state", frame("snapshot", "me", ""))
	p.rest("POST", "/v1/agents/me/status", `{"status":"available"}`)
	router, now, id := acd.NewRouter(b.cloud.Table(), b.cloud.Queue(), acdfn.Machine(b.log)), time.Now(), contact.ID(uuid.Must(uuid.NewV7()).String())
	c := &contact.Contact{Tenant: in.Tenant, ID: id, State: contact.InFlow, Since: now, Initiated: now, ToSystem: now, Channel: contact.Voice, Method: contact.Inbound,
		Customer: phone.MustParse("+862161234567"), System: phone.MustParse(in.Number), Relay: "relay-1", Language: "zh-CN"}
	if err := router.Begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := router.Enqueue(t.Context(), in.Tenant, id, acd.Request{Queue: seed.Queue}); err != nil {
		t.Fatal(err)
	}
	offer := p.hear("an offer", frame("delta", "me", "offer"))
	state, _ := offer["state"].(map[string]any)
	pop, _ := state["pop"].(map[string]any)
	if offer["id"] != string(id) || state["queue"] != seed.Queue || pop["region"] != "上海市" || pop["customer"] != "+8621****4567" {
		t.Errorf("offer %v", offer)
	}
	if _, err := router.End(t.Context(), in.Tenant, id, contact.CustomerLeft); err != nil {
		t.Fatal(err)
	}
	p.hear("its end", func(f map[string]any) bool { return f["id"] == string(id) && f["state"] == nil })
}
