package desk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"huawu/shared/auth"
	"huawu/shared/cloud"
)

func TestASupervisorSendsAMessage(t *testing.T) {
	b := newBench(t)
	b.staff()
	sup, agent := b.token("demo", boss, auth.Supervisor), b.token("demo", lin, auth.Agent)
	text := "  <script>alert(1)</script>\n系统 10 分钟后恢复 "
	body, err := json.Marshal(map[string]string{"text": text, "profile": "p", "queue": "loans"})
	if err != nil {
		t.Fatal(err)
	}
	sent := b.want(202, sup, "POST", "/v1/broadcasts", string(body))
	me := b.want(200, agent, "GET", "/v1/agents/me", "")
	notices, _ := me.body["notices"].([]any)
	if len(notices) != 1 {
		t.Fatalf("%s", me.raw)
	}
	n, _ := notices[0].(map[string]any)
	if n["id"] != sent.body["id"] || n["text"] != strings.TrimSpace(text) || n["from"] != "Name" || n["at"] != sent.body["at"] {
		t.Errorf("%v, sent %v", n, sent.body)
	}
	items, _, err := b.cloud.Table().Query(t.Context(), cloud.Query{Part: "demo|AUDIT#" + b.clock.Now().UTC().Format(time.DateOnly)})
	if err != nil || len(items) != 1 || items[0].Str("action") != "broadcast" || items[0].Str("subject") != sent.body["id"] || items[0].Str("agent") != boss {
		t.Errorf("audit %v, %v", items, err)
	}
	if strings.Contains(b.log.String(), "恢复") {
		t.Error("the log tells what was said")
	}
}

func TestMessagesThatCannotBeSent(t *testing.T) {
	b := newBench(t)
	sup := b.token("demo", boss, auth.Supervisor)
	for name, body := range map[string]string{
		"nothing":            `{}`,
		"empty":              `{"text":""}`,
		"blank":              `{"text":" \n\t "}`,
		"too long":           fmt.Sprintf(`{"text":%q}`, strings.Repeat("字", 1001)),
		"control characters": `{"text":"a\u0007b"}`,
		"no such profile":    `{"text":"x","profile":"nobody"}`,
		"no such queue":      `{"text":"x","queue":"nowhere"}`,
		"an unknown field":   `{"text":"x","to":"all"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := b.want(422, sup, "POST", "/v1/broadcasts", body)
			if errors, _ := got.body["errors"].([]any); len(errors) == 0 {
				t.Errorf("no field is named: %s", got.raw)
			}
		})
	}
	b.want(202, sup, "POST", "/v1/broadcasts", fmt.Sprintf(`{"text":%q}`, strings.Repeat("字", 1000)))
	b.want(403, b.token("demo", lin, auth.Agent), "POST", "/v1/broadcasts", `{"text":"x"}`)
}
