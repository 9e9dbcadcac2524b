package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/hook"
	"huawu/shared/sma"
)

func entry(id string) call.Entry {
	at := time.UnixMilli(1700000000000)
	return call.Entry{
		TransactionID: id, Tenant: "acme", Application: "app", Rule: "carrier", Extended: true, Sequence: 7,
		Legs: []call.LegEntry{
			{CallID: "a", Tag: sma.LegA, Direction: "Inbound", Started: at, From: "+86138", To: "95000"},
			{CallID: "b", Tag: sma.LegB, Direction: "Outbound", Started: at, Ended: true, Code: 480, Reason: "drain"},
		},
	}
}

// asked is a function that remembers, and fails the first so many times.
type asked struct {
	mu   sync.Mutex
	fail int
	got  []sma.Event
}

func (a *asked) Handle(_ context.Context, e sma.Event) (sma.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail > 0 {
		a.fail--
		return sma.Response{}, errors.New("gone")
	}
	a.got = append(a.got, e)
	return sma.Keep(), nil
}

func TestTheEndOfLostCallsIsReportedOnceTheFunctionAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, err := openJournal(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"one", "alive"} {
			if err := j.Save(entry(id)); err != nil {
				t.Fatal(err)
			}
		}
		f := &asked{fail: 3}
		r := &reporter{
			journal: j, handler: hook.NewOrdered(f), log: quiet(), pause: reportPause,
			live:  func(id string) bool { return id == "alive" },
			offer: sma.Offer{Version: "1", RelayID: "relay-2", Capabilities: call.Offered()},
		}
		began := time.Now()
		if n := r.pass(t.Context()); n != 1 {
			t.Fatalf("reported %d calls", n)
		}
		if got := time.Since(began); got != 7*time.Second {
			t.Errorf("took %v, want 1+2+4 s", got)
		}
		var lines []string
		for _, e := range f.got {
			h := e.ActionData.Parameters.(*sma.HangUp)
			lines = append(lines, fmt.Sprint(e.Sequence, e.InvocationEventType, h.CallID, h.SipResponseCode, e.ActionData.Huawu.Reason,
				e.CallDetails.Huawu.Tenant, e.CallDetails.Huawu.RelayID, e.CallDetails.SipRuleID, len(e.Live())))
		}
		want := "8 HANGUP a 0 relay_lost acme relay-2 carrier 0\n9 HANGUP b 480 drain acme relay-2 carrier 0"
		if got := strings.Join(lines, "\n"); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("asked\n%s\nwant\n%s", got, want)
		}
		if p := f.got[0].CallDetails.Participants[0]; p.From != "+86138" || p.To != "95000" || p.StartTimeInMilliseconds != "1700000000000" {
			t.Errorf("participant: %+v", p)
		}
		left, err := j.load(quiet())
		if err != nil || len(left) != 1 || left[0].TransactionID != "alive" {
			t.Errorf("journal holds %v, %v", left, err)
		}
	})
}

// A report that was stopped half-way goes on with the next leg and a higher
// sequence.
func TestAReportGoesOnWhereItWasStopped(t *testing.T) {
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Save(entry("one")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := &asked{}
	stopping := hook.HandlerFunc(func(c context.Context, e sma.Event) (sma.Response, error) {
		if len(f.got) == 1 {
			cancel()
			return sma.Response{}, errors.New("killed")
		}
		return f.Handle(c, e)
	})
	r := &reporter{journal: j, handler: stopping, live: func(string) bool { return false }, log: quiet(), pause: time.Millisecond}
	r.pass(ctx)
	r.handler = f
	r.pass(t.Context())
	if len(f.got) != 2 || f.got[1].Sequence != 9 || f.got[1].CallDetails.Participants[0].CallID != "b" {
		t.Errorf("asked %+v", f.got)
	}
}

func TestATornNoteIsNamedOnceAndPutAside(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Save(entry("whole")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"torn.json": `{"transactionId":"to`, "empty.json": "", "foreign.json": `{"transactionId":"x"}`, "half.json.tmp": "{"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	for range 2 {
		list, err := j.load(slog.New(slog.NewTextHandler(&out, nil)))
		if err != nil || len(list) != 1 || list[0].TransactionID != "whole" {
			t.Fatalf("load: %v, %v", list, err)
		}
	}
	for _, name := range []string{"torn.json", "empty.json", "foreign.json"} {
		if n := strings.Count(out.String(), "file="+name); n != 1 {
			t.Errorf("%s is named %d times", name, n)
		}
	}
	if strings.Contains(out.String(), "half.json") {
		t.Error("a file that was being written is an error")
	}
}

func TestJournalTakesNoIDThatIsNoFileName(t *testing.T) {
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "../x", "a/b", "a.b", strings.Repeat("a", 65)} {
		if err := j.Save(call.Entry{TransactionID: id}); err == nil {
			t.Errorf("%q was saved", id)
		}
	}
	if err := j.Remove("absent"); err != nil {
		t.Error(err)
	}
}

func FuzzJournalReadsAnything(f *testing.F) {
	f.Add([]byte(`{"transactionId":"x","legs":[{"callId":"a"}]}`))
	f.Add([]byte(`{"legs":[null],"transactionId":"x"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		j := &journal{dir}
		if err := os.WriteFile(filepath.Join(dir, "x.json"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := j.load(quiet())
		if err != nil {
			t.Fatal(err)
		}
		r := &reporter{journal: j, handler: &asked{}, live: func(string) bool { return false }, log: quiet(), pause: time.Millisecond}
		for _, e := range list {
			r.report(t.Context(), e)
		}
		if left, _ := j.load(quiet()); len(left) != 0 {
			t.Errorf("%q stays", raw)
		}
	})
}

func BenchmarkJournalSave(b *testing.B) {
	j, err := openJournal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	e := entry("0198c0de-0000-7000-8000-000000000001")
	for b.Loop() {
		if err := j.Save(e); err != nil {
			b.Fatal(err)
		}
	}
}
