package call

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/hook"
	"huawu/mediarelay/media"
	"huawu/mediarelay/seal/sealtest"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

var update = flag.Bool("update", false, "write the traces of stories anew")

// A story is a txtar file: what the route is (config), what the function
// answers (answers, one line per question, then "keep"), what happens at which
// second (events), and the trace of everything that follows from it.
//
//	answers:  [actions JSON] | {response JSON} | keep | error | hang | raw TEXT, after "in 2s" and before "…"
//	events:   SECONDS WHO WHAT …; see happen
//
// $A, $B … stand for CallIds.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, want, _ := strings.Cut(string(raw), "-- trace --\n")
			got := tell(t, section(text, "config"), section(text, "answers"), section(text, "events"))
			if *update {
				if err := os.WriteFile(file, []byte(text+"-- trace --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("trace differs\n--- got\n%s--- want\n%s", got, want)
			}
		})
	}
}

// section returns the part of a txtar file with a name.
func section(text, name string) string {
	_, rest, _ := strings.Cut("\n"+text, "\n-- "+name+" --\n")
	part, _, _ := strings.Cut("\n"+rest, "\n-- ")
	return part
}

// teller runs one story.
type teller struct {
	*stage
	t       *testing.T
	answers []string
	calls   *Calls
	route   Route
}

func tell(t *testing.T, config, answers, events string) (trace string) {
	synctest.Test(t, func(t *testing.T) {
		te := &teller{stage: newStage(), t: t, answers: lines(answers)}
		te.route = Route{Application: "app", Capabilities: Offered(), Language: "en"}
		cfg := Config{
			RelayID: "relay-1", Mixer: fakeMixer{te.stage}, Dialer: te.stage, Prompts: te.stage, Recorders: te.stage, Journal: te.stage,
			Route: func(Inbound) Route { return te.route }, Log: slog.New(slog.DiscardHandler),
		}
		for _, line := range lines(config) {
			te.configure(&cfg, line)
		}
		// The time-outs of the real hook, without its transport.
		cfg.Handler = hook.New(invoker{te}, hook.Config{})
		te.calls = New(cfg)
		for _, line := range lines(events) {
			te.event(line)
		}
		te.until(10 * time.Minute)
		if n := te.calls.Len(); n != 0 {
			te.say("NOT ENDED: %d calls", n)
			te.calls.HangUpAll("test")
			te.until(time.Minute)
		}
		te.check()
		te.calls.Close()
		trace = strings.Join(te.lines, "\n") + "\n"
	})
	return trace
}

func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}

// until lets virtual time pass until no call is up, at most d.
func (te *teller) until(d time.Duration) {
	for end := time.Now().Add(d); te.calls.Len() > 0 && time.Now().Before(end); {
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

// check tells what must not be left when a call is over.
func (te *teller) check() {
	for _, l := range te.order {
		if !l.over && !l.mute.Load() {
			te.say("LEAK: leg %s is still up", l.name)
		}
	}
	if te.open != 0 {
		te.say("LEAK: %d recordings run", te.open)
	}
	for _, e := range te.journal {
		var legs []string
		for _, l := range e.Legs {
			legs = append(legs, fmt.Sprintf("%s ended=%v code=%d", l.Tag, l.Ended, l.Code))
		}
		te.say("journal keeps sequence %d: %s", e.Sequence, strings.Join(legs, ", "))
	}
}

func (te *teller) configure(cfg *Config, line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "core":
		te.route.Capabilities = nil
	case "without":
		te.route.Capabilities = slices.DeleteFunc(Offered(), func(c sma.Capability) bool { return string(c) == rest })
	case "fallback":
		if err := json.Unmarshal([]byte(rest), &te.route.Fallback); err != nil {
			te.t.Fatal(err)
		}
	case "cover":
		te.route.DelayCover = sma.Message{PromptID: rest}
	case "hold-music":
		te.route.HoldMusic = sma.Message{PromptID: rest}
	case "refuse":
		te.refuse[rest] = fault.New(fault.NotFound, "not registered")
	case "quick":
		te.quick[rest] = true
	case "no-recorder":
		cfg.Recorders = nil
	case "disk-full":
		te.dead = true
	case "max-duration":
		cfg.MaxDuration, _ = time.ParseDuration(rest)
	default:
		te.t.Fatalf("config: what is %q?", line)
	}
}

// event makes one line happen: "2.5 A digit 1".
func (te *teller) event(line string) {
	words := strings.Fields(line)
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		te.t.Fatalf("event %q: %v", line, err)
	}
	time.Sleep(time.Until(te.start.Add(time.Duration(at * float64(time.Second)))))
	synctest.Wait()
	te.say("* %s", strings.Join(words[1:], " "))
	te.happen(words[1], words[2:])
	synctest.Wait()
}

func (te *teller) happen(who string, words []string) {
	switch who {
	case "call":
		l := te.newLeg("leg-a", true, nil)
		notify, err := te.calls.Start(Inbound{ID: "tx", Leg: l, Tenant: "acme", From: "+8613800135678", To: "95000", TrunkID: "carrier"})
		if err != nil {
			te.say("refused: %v", err)
			return
		}
		l.use(notify)
		return
	case "place":
		te.placed(words)
		return
	case "update":
		te.updated(words)
		return
	case "drain":
		te.calls.HangUpAll("drain")
		return
	case "silence":
		te.silent()
		return
	}
	l := te.leg(who)
	if l == nil {
		te.t.Fatalf("no leg %s", who)
	}
	te.legDoes(l, words)
}

func (te *teller) legDoes(l *fakeLeg, words []string) {
	switch words[0] {
	case "press":
		for _, d := range words[1] {
			l.hear(media.Event{Kind: media.Digit, Digit: byte(d)})
		}
	case "hangs-up":
		l.end(LegEvent{Kind: Ended})
	case "cancels":
		l.end(LegEvent{Kind: Ended, Code: 487})
	case "rings":
		l.tell(LegEvent{LegID: l.id, Kind: Ringing, Early: len(words) > 1})
	case "answers":
		l.answered()
	case "refuses":
		code, _ := strconv.Atoi(words[1])
		l.end(LegEvent{Kind: Failed, Code: code})
	case "holds":
		l.tell(LegEvent{LegID: l.id, Kind: Held})
	case "resumes":
		l.tell(LegEvent{LegID: l.id, Kind: Resumed})
	case "loses-media":
		l.hear(media.Event{Kind: media.MediaLost})
	case "mute":
		l.mute.Store(true)
	default:
		te.t.Fatalf("what is %q?", words)
	}
}

// placed begins a call out: "place agent 1001" or "place number +86…".
func (te *teller) placed(words []string) {
	to := Target{Kind: ToTrunk, URI: words[1]}
	if words[0] == "agent" {
		to = Target{Kind: ToAgent, URI: words[1], AutoAnswer: true}
	}
	err := te.calls.Place(Outbound{ID: "tx", Tenant: "acme", First: to, From: "95000", Ring: 20 * time.Second, Attributes: sma.Attributes{"k": "v"}})
	if err != nil {
		te.say("not placed: %s", fault.KindOf(err))
	}
}

// updated sends a command: "ring offerId=o1 valid=5 waited=2s sequence=2".
func (te *teller) updated(words []string) {
	waited := time.Duration(0)
	u := sma.Update{TransactionID: "tx", ValidSeconds: 60, Arguments: sma.Attributes{sma.ArgVerb: words[0]}}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "valid":
			u.ValidSeconds, _ = strconv.Atoi(v)
		case "waited":
			waited, _ = time.ParseDuration(v)
		case "sequence":
			u.Sequence, _ = strconv.ParseInt(v, 10, 64)
		case "transaction":
			u.TransactionID = v
		default:
			u.Arguments[k] = v
		}
	}
	if err := te.calls.Update(u, waited); err != nil {
		te.say("update: %v", err)
	}
}

// invoker is the function: it tells the event and answers the next line.
type invoker struct{ *teller }

func (i invoker) Invoke(ctx context.Context, _ string, payload []byte) ([]byte, error) {
	time.Sleep(time.Nanosecond) // all else of this instant comes first, so that a trace has one order
	var e sma.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	text := i.describe(&e)
	i.mu.Lock()
	for _, l := range i.order {
		text = strings.ReplaceAll(text, l.id, "$"+l.name)
	}
	i.mu.Unlock()
	i.say("-> %s", text)
	i.mu.Lock()
	answer := "keep"
	if len(i.answers) > 0 {
		answer, i.answers = i.answers[0], i.answers[1:]
	}
	answer = strings.ReplaceAll(answer, "$CERT", strings.ReplaceAll(storyCertificate(), "\n", `\n`))
	for _, l := range i.order {
		answer = strings.ReplaceAll(answer, "$"+l.name, l.id)
	}
	i.mu.Unlock()
	if rest, ok := strings.CutPrefix(answer, "in "); ok {
		wait, rest, _ := strings.Cut(rest, " ")
		d, err := time.ParseDuration(wait)
		if err != nil {
			i.t.Error(err)
		}
		answer = rest
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return i.reply(ctx, answer)
}

// storyCertificate is made once for all stories.
var storyCertificate = sync.OnceValue(func() string { return sealtest.New(nil, 2048).Certificate })

func (i invoker) reply(ctx context.Context, answer string) ([]byte, error) {
	word, rest, _ := strings.Cut(answer, " ")
	switch {
	case word == "keep":
		return []byte(`{"SchemaVersion":"1.0","Actions":[]}`), nil
	case word == "error":
		return nil, errors.New("function error")
	case word == "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case word == "raw":
		return []byte(rest), nil
	case strings.HasPrefix(answer, "["):
		return []byte(`{"SchemaVersion":"1.0","Actions":` + answer + `}`), nil
	}
	return []byte(answer), nil
}

// describe is an event in one line, with what matters of it.
func (te *teller) describe(e *sma.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", e.Sequence, e.InvocationEventType)
	if d := e.ActionData; d != nil {
		fmt.Fprintf(&b, " %s", d.Type)
		if d.Parameters != nil {
			if _, tag := d.Parameters.Leg(); tag != "" {
				fmt.Fprintf(&b, " %s", tag)
			}
		}
		if h, ok := d.Parameters.(*sma.HangUp); ok && e.InvocationEventType == sma.Hangup {
			fmt.Fprintf(&b, " code=%d", h.SipResponseCode)
		}
		if d.ReceivedDigits != "" {
			text := string(d.ReceivedDigits)
			if d.Huawu != nil && d.Huawu.Encrypted { // never twice the same
				text = fmt.Sprintf("(sealed for %s)", d.Parameters.(*sma.CollectDigits).Encrypt.KeyID)
			}
			fmt.Fprintf(&b, " digits=%s", text)
		}
		if d.ErrorType != "" {
			fmt.Fprintf(&b, " %s %q", d.ErrorType, d.ErrorMessage)
		}
		if d.RecordingDestination != nil {
			fmt.Fprintf(&b, " %s/%s by=%q", d.RecordingDestination.BucketName, d.RecordingDestination.Key, d.RecordingTerminatorUsed)
		}
		if d.CallRecordingDestination != nil {
			fmt.Fprintf(&b, " %s", d.CallRecordingDestination.Location)
		}
		if d.Huawu != nil {
			raw, _ := json.Marshal(d.Huawu)
			fmt.Fprintf(&b, " %s", raw)
		}
		if a := e.Arguments(); a != nil {
			raw, _ := json.Marshal(a)
			fmt.Fprintf(&b, " %s", raw)
		}
	}
	if e.ErrorType != "" {
		fmt.Fprintf(&b, " %s %q", e.ErrorType, e.ErrorMessage)
	}
	if a := e.CallDetails.TransactionAttributes; a != nil {
		raw, _ := json.Marshal(a)
		fmt.Fprintf(&b, " attributes=%s", raw)
	}
	for _, p := range e.CallDetails.Participants {
		fmt.Fprintf(&b, " [%s %s]", strings.TrimPrefix(string(p.ParticipantTag), "LEG-"), p.Status)
	}
	return strings.ReplaceAll(b.String(), " ]", "]")
}
