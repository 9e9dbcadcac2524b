package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRoutingByCommands(t *testing.T) {
	data := running(t)
	file := filepath.Join(t.TempDir(), "routing.json")
	do := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := dispatch(t.Context(), &out, append(args[:2:2], append([]string{"--data", data}, args[2:]...)...))
		return out.String(), err
	}
	text, err := do("routing", "get")
	if err != nil || !strings.Contains(text, `"id": "service"`) || !strings.Contains(text, `"revision": 0`) {
		t.Fatalf("%s %v", text, err)
	}
	change := func(from, to string) {
		t.Helper()
		changed := strings.Replace(text, from, to, 1)
		if changed == text || os.WriteFile(file, []byte(changed), 0o600) != nil {
			t.Fatalf("%q is not in %s", from, text)
		}
	}
	for _, s := range []struct{ name, from, to, args, says, fails string }{
		{"a dry run", `"name": "Service"`, `"name": "Service", "ringSeconds": 30`, "apply --dry-run", "queue service: ringSeconds – → 30\nwarning  queues.service: no profile serves it: who waits there waits for ever\nnot applied: this was a dry run\n", ""},
		{"a dry run of what is wrong", `"name": "Service"`, `"name": "Service", "ringSeconds": 300`, "apply --dry-run", "error    queues.service.ringSeconds: is 300, want 5 to 60\n", "not valid"},
		{"what is wrong", `"name": "Service"`, `"name": "Service", "ringSeconds": 300`, "apply", "", "queues.service.ringSeconds: is 300"},
		{"what is no field", `"name": "Service"`, `"title": "Service"`, "apply", "", `unknown field "title"`},
		{"applied", `"name": "Service"`, `"name": "Service", "ringSeconds": 30`, "apply", "revision 1 is in force within 30 s; huawu routing undo puts back what was there before\n", ""},
		{"by somebody who has read what was there before", `"name": "Service"`, `"name": "Other"`, "apply", "", "was changed since"},
		{"put back", `"name"`, `"name"`, "undo", "queue service: ringSeconds 30 → –\n", ""},
		{"applied again as a file without a revision", "\"revision\": 0,\n", "\n", "apply", "nothing changes\n", ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			args := strings.Fields("routing " + s.args)
			if args[1] == "apply" {
				change(s.from, s.to)
				args = append(args, file)
			}
			got, err := do(args...)
			if !strings.Contains(got, s.says) || (err == nil) != (s.fails == "") || err != nil && !strings.Contains(err.Error(), s.fails) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	old, err := do("routing", "get", "--revision", "1")
	var f routingFile
	if err != nil || json.Unmarshal([]byte(old), &f) != nil || f.Queues[0].RingSeconds != 30 || *f.Revision != 2 {
		t.Errorf("an earlier one, to be applied over the latest: %s %v", old, err)
	}
}

func TestAgentsByCommands(t *testing.T) {
	data := running(t)
	do := func(args string) (string, error) {
		var out bytes.Buffer
		words := strings.Fields(args)
		err := dispatch(t.Context(), &out, append([]string{"agent", words[0], "--data", data}, words[1:]...))
		return out.String(), err
	}
	for _, s := range []struct{ name, args, says, fails string }{
		{"all of them", "list", "OFFLINE  service  english=2  voice=1", ""},
		{"a skill and room for chats", "set --skill card=3 --room chat=4 lin", "lin: profile service, skills card=3 english=2, room chat=4 voice=1\n", ""},
		{"a skill taken", "set --skill english=0 lin", "lin: profile service, skills card=3, room chat=4 voice=1\n", ""},
		{"a profile that is not there", "set --profile sales lin", "", "no such routing profile"},
		{"an agent who is not there", "set --skill a=1 nobody", "", "huawu agent list shows them"},
		{"no level", "set --skill card lin", "", "wrong usage"},
	} {
		t.Run(s.name, func(t *testing.T) {
			got, err := do(s.args)
			if !strings.Contains(got, s.says) || (err == nil) != (s.fails == "") || err != nil && !strings.Contains(err.Error(), s.fails) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
