package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const day = `{"queues": [{"id": "loans"}, {"id": "gold"}],
 "profiles": [{"id": "all", "queues": [{"queue": "loans", "priority": 1}, {"queue": "gold", "priority": 1}]}],
 "contacts": [
  {"id": "a", "at": "2026-11-20T09:00:00Z", "queue": "loans", "talkSeconds": 60},
  {"id": "b", "at": "2026-11-20T09:00:01Z", "queue": "loans", "talkSeconds": 60},
  {"id": "c", "at": "2026-11-20T09:00:02Z", "queue": "gold", "talkSeconds": 60, "patienceSeconds": 100}],
 "shifts": [{"agent": "lin", "profile": "all", "from": "2026-11-20T09:00:00Z", "to": "2026-11-20T10:00:00Z"}]}`

const goldFirst = `{"queues": [{"id": "loans"}, {"id": "gold"}],
 "profiles": [{"id": "all", "queues": [{"queue": "loans", "priority": 2}, {"queue": "gold", "priority": 1}]}]}`

const records = `{"ContactId":"a","DisconnectTimestamp":"2026-11-20T09:02:00Z","Queue":{"Name":"loans","EnqueueTimestamp":"2026-11-20T09:00:00Z"},"Agent":{"Username":"lin","ConnectedToAgentTimestamp":"2026-11-20T09:00:10Z","AfterContactWorkEndTimestamp":"2026-11-20T09:02:30Z","RoutingProfile":{"Name":"all"}}}

{"ContactId":"b","DisconnectTimestamp":"2026-11-20T09:00:40Z","Queue":{"Name":"loans","EnqueueTimestamp":"2026-11-20T09:00:20Z"},"Agent":null}
`

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplayComparesTwoConfigurations(t *testing.T) {
	var out bytes.Buffer
	if err := replayDay(t.Context(), &out, []string{"-o", "json", "--other", file(t, "gold.json", goldFirst), file(t, "day.json", day)}); err != nil {
		t.Fatal(err)
	}
	var got []replayColumn
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Queues[1].Abandoned != 1 || got[1].Queues[1].Answered != 1 {
		t.Errorf("gold is lost as it is, and served where it is first: %s", out.String())
	}
	out.Reset()
	if err := replayDay(t.Context(), &out, []string{file(t, "day.json", day)}); err != nil || !strings.Contains(out.String(), "service level: answered within 20s") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestReplayOfContactRecords(t *testing.T) {
	var out bytes.Buffer
	if err := replayDay(t.Context(), &out, []string{"-o", "json", "--config", file(t, "gold.json", goldFirst), file(t, "day.jsonl", records)}); err != nil {
		t.Fatal(err)
	}
	var got []replayColumn
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if q := got[0].Queues[0]; q.Offered != 2 || q.Answered != 1 || q.Abandoned != 1 || q.HandleTime != 140 {
		t.Errorf("%+v", q)
	}
}

func TestReplaySaysWhatIsWrong(t *testing.T) {
	for name, text := range map[string]string{"day.json": `{"quues": []}`, "other.json": `{"contacts": [{"id": "a", "queue": "x"}]}`, "day.jsonl": "{}\nno"} {
		if err := replayDay(t.Context(), &bytes.Buffer{}, []string{file(t, name, text)}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzReadDay(f *testing.F) {
	f.Add([]byte(day), false)
	f.Add([]byte(records), true)
	f.Fuzz(func(_ *testing.T, raw []byte, lines bool) { _, _, _ = readDay(raw, lines) })
}

// TestReplayTellsHowFarEstimatesHeld: one agent, a contact each minute that takes
// just as long, behind two that came before. Once one was served there is a pace.
func TestReplayTellsHowFarEstimatesHeld(t *testing.T) {
	var contacts []string
	for n := range 30 {
		contacts = append(contacts, fmt.Sprintf(`{"id": "c%02d", "at": "2026-11-20T09:%02d:00Z", "queue": "loans", "talkSeconds": 60}`, n, max(0, n-2)))
	}
	text := `{"queues": [{"id": "loans"}], "profiles": [{"id": "all", "queues": [{"queue": "loans", "priority": 1}]}], "contacts": [` + strings.Join(contacts, ",") + `],
 "shifts": [{"agent": "lin", "profile": "all", "from": "2026-11-20T09:00:00Z", "to": "2026-11-20T11:00:00Z"}]}`
	var out bytes.Buffer
	if err := replayDay(t.Context(), &out, []string{"-o", "json", file(t, "day.json", text)}); err != nil {
		t.Fatal(err)
	}
	var got []replayColumn
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w := got[0].Queues[0].Waits; w.Estimates < 24 || w.Estimates > 28 || w.WithinHigh != w.Estimates || w.Error > 60 {
		t.Errorf("%+v", w)
	}
	out.Reset()
	if err := replayDay(t.Context(), &out, []string{file(t, "day.json", text)}); err != nil || !strings.Contains(out.String(), "100 % of 2") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
