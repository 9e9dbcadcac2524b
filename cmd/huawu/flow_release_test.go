package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/localstack/onebox"
	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/desk"
)

// running is the data folder of a centre whose API runs in this process.
func running(t *testing.T) string {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	log := slog.New(slog.DiscardHandler)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: now, Log: log, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	lin := agent.Agent{Tenant: "demo", ID: "lin", State: agent.Offline, Username: "lin", Name: "林晓", Profile: "service", Skills: map[string]int{"english": 2}, Voice: agent.Slots{Max: 1}}
	for _, w := range []cloud.Write{
		acd.Queue{ID: "service", Name: "Service", Group: "g"}.Put("demo"), lin.Put(), {Key: acd.ConfigKey("demo", "AGENT#lin"), Put: cloud.Item{"v": int64(1), "agent": "lin"}},
		acd.Profile{ID: "service", Group: "g"}.Put("demo"),
	} {
		if _, err := c.Table().Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	tokens := auth.New(c.Keys(), "huawu", "desk", now)
	router := acd.NewRouter(c.Table(), c.Queue(), acd.Runtime{Now: now, Log: log, NewID: rand.Text, Rand: func() float64 { return 0 },
		Sleep: func(context.Context, time.Duration) error { return nil }})
	server := httptest.NewServer(desk.New(desk.Config{Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Router: router, Tokens: tokens, Now: now, Log: log,
		Login: login.New(login.Config{Table: c.Table(), Tokens: tokens, Now: now, Random: rand.Reader, Log: log})}))
	t.Cleanup(server.Close)
	admin, err := tokens.Issue(t.Context(), auth.Identity{Tenant: "demo", Agent: "root", Role: auth.Admin, Expires: now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(onebox.Info{URL: server.URL, Admin: admin})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, onebox.InfoFile), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheWayOfAFlowToItsCallersByCommands(t *testing.T) {
	data := running(t)
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		document := fmt.Sprintf(`{"Version":"2019-10-30","StartAction":"hi", "Metadata":{"a":[ 1.0 ]},"Actions":[
{"Identifier":"hi","Type":%q,"Parameters":{"Text":"hello"},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("line.json", "MessageParticipant")
	write("bad.json", "ShowView")
	if err := os.WriteFile(filepath.Join(folder, "orders.grammar.json"), []byte(`{"intents":[{"name":"Order","keys":["1"]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	steps := []struct {
		args string
		says string // part of what is printed or of the error
		bad  bool
	}{
		{"save line.json --note begun", "line: draft 1 saved; callers get nothing yet", false},
		{"number 95000 line", "nothing to run", true},
		{"publish line --note first", "line: version 1 is published", false},
		{"publish line.json", "line: version 2 is published", false},
		{"publish bad.json", "ShowView cannot run here", true},
		{"publish orders.grammar.json", "bot orders understands", false},
		{"publish nothing.grammar.json", "no such file", true},
		{"alias line live 1=90 2=10", "line:live is 1=90 2=10", false},
		{"alias line live 1=90", "90 percent", true},
		{"alias line live 2", "line:live is 2", false},
		{"alias --back line live", "line:live is 1=90 2=10", false},
		{"number --language zh-CN 95000 line:live", "95000  line:live  zh-CN", false},
		{"number", "95000  line:live  zh-CN", false},
		{"number -o json", `"flow": "line:live"`, false},
		{"rollback line", "line: callers get version 1 of 2", false},
		{"rollback line --to 7", "no such version", true},
		{"versions line", "1 *      2026-11-20 12:00:00", false},
		{"versions line", "alias live: 1=90 2=10; before: 2", false},
		{"versions", "line  PUBLISHED  1            2     2", false},
		{"versions -o json line", `"published": 1`, false},
		{"versions --get $SAVED line", `"Metadata":{"a":[ 1.0 ]}`, false},
		{"versions --get 9 line", "no such version", true},
		{"journey line", "line:1, 2026-11-20 to 2026-11-20: 0 calls of 0", false},
		{"journey -o json line", `"nodes": []`, false},
		{"journey -o mermaid line", "flowchart TD", false},
		{"journey -o svg line", "<svg", false},
		{"journey --version 9 line", "no such version", true},
		{"journey --from yesterday line", "expected", true},
		{"alias --remove line live", "line:live is no more", false},
		{"versions nothing", "no such flow", true},
	}
	for _, s := range steps {
		t.Run(s.args, func(t *testing.T) {
			var out bytes.Buffer
			err := dispatch(t.Context(), &out, append([]string{"flow"}, append(strings.Fields(s.args), "--data", data)...))
			if (err != nil) != s.bad {
				t.Errorf("err = %v", err)
			}
			text := out.String()
			if err != nil {
				text += err.Error()
			}
			if !strings.Contains(text, s.says) {
				t.Errorf("printed %q, want %q", text, s.says)
			}
		})
	}
}

func TestReleaseCommandsCalledWrongly(t *testing.T) {
	for _, args := range []string{"save", "publish", "publish --consent maybe x", "versions a b", "versions --get 3", "alias line", "alias line live", "alias line live 3 --back",
		"alias line live three", "rollback", "number 95000", "save -o xml x", "journey", "journey -o png line"} {
		t.Run(args, func(t *testing.T) {
			if err := dispatch(t.Context(), &bytes.Buffer{}, append([]string{"flow"}, append(strings.Fields(args), "--data", running(t))...)); !errors.Is(err, errUsage) {
				t.Errorf("err = %v, want wrong usage", err)
			}
		})
	}
}
