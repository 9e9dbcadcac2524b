package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/hook"
	"huawu/mediarelay/media"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Every action of the contract is carried out or refused on purpose, and a
// story shows it.
func TestEveryActionHasALineAndAStory(t *testing.T) {
	var stories strings.Builder
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stories.Write(raw)
	}
	kinds := catalogue()
	for _, a := range sma.ActionTypes() {
		if kinds[a].start == nil {
			t.Errorf("%s: neither in the catalogue nor unsupported", a)
		}
		if !strings.Contains(stories.String(), `"Type":"`+string(a)+`"`) {
			t.Errorf("%s: no story", a)
		}
	}
	if len(kinds) != len(sma.ActionTypes()) {
		t.Errorf("catalogue has %d types, the contract %d", len(kinds), len(sma.ActionTypes()))
	}
}

// world is a set of calls on fakes with a handler.
func world(st *stage, h hook.Handler, change func(*Config)) *Calls {
	cfg := Config{
		RelayID: "relay-1", Handler: h, Mixer: fakeMixer{st}, Dialer: st, Prompts: st, Recorders: st, Journal: st,
		Route: func(Inbound) Route { return Route{Capabilities: Offered()} }, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

func begin(t testing.TB, st *stage, c *Calls, id string) *fakeLeg {
	l := st.newLeg(id+"-a", true, nil)
	notify, err := c.Start(Inbound{ID: id, Leg: l, Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	l.use(notify)
	return l
}

func TestTheThousandAndFirstQuestionIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage()
		var asked, hangups atomic.Int64
		c := world(st, hook.HandlerFunc(func(_ context.Context, e sma.Event) (sma.Response, error) {
			asked.Add(1)
			if e.InvocationEventType == sma.Hangup {
				hangups.Add(1)
				return sma.Keep(), nil
			}
			return sma.Respond(sma.Do(&sma.ReceiveDigits{
				InputDigitsRegex: "1", InBetweenDigitsDurationInMilliseconds: 1, FlushDigitsDurationInMilliseconds: 1,
			})...), nil
		}), nil)
		begin(t, st, c, "tx")
		for c.Len() > 0 {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if asked.Load() != sma.MaxInvocations+1 || hangups.Load() != 1 {
			t.Errorf("asked %d times, %d hang-ups; want 1000 questions and the hang-up", asked.Load(), hangups.Load())
		}
		if n := c.Count(); n.OverLimit != 1 || n.Fallbacks != 1 {
			t.Errorf("counters: %+v", n)
		}
		if len(st.journal) != 0 {
			t.Error("the journal keeps the call")
		}
		c.Close()
	})
}

func TestAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage()
		h := hook.HandlerFunc(func(_ context.Context, e sma.Event) (sma.Response, error) { return sma.Keep(), nil })
		c := world(st, h, func(cfg *Config) { cfg.MaxCalls, cfg.CallsPerSecond = 3, 2 })
		try := func(id string) error {
			l := st.newLeg(id, true, nil)
			tell, err := c.Start(Inbound{ID: id, Leg: l, Tenant: "acme"})
			if err == nil {
				l.use(tell)
			}
			return err
		}
		steps := []struct {
			name string
			wait time.Duration
			id   string
			want error
		}{
			{"the first", 0, "1", nil},
			{"the second of the same second", 0, "2", nil},
			{"the third of it is too fast", 0, "3", ErrBusy},
			{"half a second later there is room", 500 * time.Millisecond, "3", nil},
			{"a fourth is one too many", 5 * time.Second, "4", ErrBusy},
		}
		for _, s := range steps {
			time.Sleep(s.wait)
			if err := try(s.id); !errors.Is(err, s.want) {
				t.Errorf("%s: %v, want %v", s.name, err, s.want)
			}
		}
		if err := try("1"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same id twice: %v", err)
		}
		c.Refuse()
		st.order[0].end(LegEvent{Kind: Ended})
		time.Sleep(time.Second)
		if err := try("9"); !errors.Is(err, ErrBusy) {
			t.Errorf("while draining: %v", err)
		}
		if got := c.Count().Refused; got != 4 {
			t.Errorf("refused %d, want 4", got)
		}
		c.HangUpAll("drain")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Wait(ctx); err != nil {
			t.Error(err)
		}
		c.Close()
	})
}

// A bug in one call ends that call only: its legs are hung up, and its note
// stays for the report of its end.
func TestAPanicEndsOneCallOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage()
		c := world(st, hook.HandlerFunc(func(context.Context, sma.Event) (sma.Response, error) { return sma.Keep(), nil }), nil)
		bad, good := begin(t, st, c, "bad"), begin(t, st, c, "good")
		synctest.Wait()
		c.find("bad").box.post(func() { panic("bug") })
		synctest.Wait()
		if !bad.over || good.over || c.Len() != 1 || c.Count().Panics != 1 {
			t.Errorf("bad over %v, good over %v, %d calls, %+v", bad.over, good.over, c.Len(), c.Count())
		}
		if e, ok := st.journal["bad"]; !ok || len(e.Legs) != 1 || e.Legs[0].Ended {
			t.Errorf("journal: %+v", st.journal)
		}
		c.Close()
	})
}

// Any answer leaves a call that can be ended.
func FuzzAnswerRuns(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range lines(section(string(raw), "answers")) {
			if strings.HasPrefix(line, "[") {
				f.Add([]byte(`{"Actions":` + strings.ReplaceAll(line, "$A", "tx-a") + `}`))
			}
		}
	}
	f.Add([]byte(`{"Actions":[null,{},{"Type":"Speak"},{"Type":"Hangup","Parameters":null}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		synctest.Test(t, func(t *testing.T) {
			st := newStage()
			var out bytes.Buffer
			first := true
			st.refuse["ghost"] = fault.New(fault.NotFound, "none")
			c := world(st, hook.HandlerFunc(func(_ context.Context, e sma.Event) (sma.Response, error) {
				if !first {
					return sma.Keep(), nil
				}
				first = false
				return sma.ReadResponse(answer)
			}), func(cfg *Config) { cfg.Log = slog.New(slog.NewTextHandler(&out, nil)) })
			l := begin(t, st, c, "tx")
			time.Sleep(time.Second)
			l.hear(media.Event{Kind: media.Digit, Digit: '1'})
			time.Sleep(time.Second)
			l.end(LegEvent{Kind: Ended})
			for range 200 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			if c.Len() != 0 || c.Count().Panics != 0 {
				t.Errorf("%d calls up, %d panics\n%s", c.Len(), c.Count().Panics, strings.ReplaceAll(out.String(), `\n`, "\n"))
			}
			c.Close()
		})
	})
}

// Whatever a function answers and whatever the legs do, a call ends when its
// legs hang up, and nothing is left of it. synctest fails if a goroutine is.
func TestEveryCallEndsAndLeavesNothing(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for seed := range rounds {
		synctest.Test(t, func(t *testing.T) {
			chaos(t, rand.New(rand.NewPCG(uint64(seed), 7)), seed)
		})
		if t.Failed() {
			return
		}
	}
}

func chaos(t *testing.T, r *rand.Rand, seed int) {
	st := newStage()
	te := &teller{stage: st, t: t}
	st.refuse["ghost"], st.quick["fast"] = fault.New(fault.NotFound, "none"), true
	calm := make(chan struct{}) // closed when the storm is over
	h := &monkey{st: st, r: rand.New(rand.NewPCG(uint64(seed), 8)), calm: calm}
	c := world(st, hook.New(h, hook.Config{}), func(cfg *Config) { cfg.EndWait = 5 * time.Second })
	te.calls = c
	a := begin(t, st, c, "tx")
	for range 5 + r.IntN(40) {
		time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
		st.mu.Lock()
		l := st.order[r.IntN(len(st.order))]
		st.mu.Unlock()
		whatever(te, r, l)
		synctest.Wait()
		wrong := make(chan string, 1)
		if call := c.find("tx"); call == nil || !call.box.post(func() { wrong <- misheard(call, st) }) {
			break
		}
		synctest.Wait()
		select {
		case text := <-wrong:
			if text != "" {
				t.Errorf("seed %d: %s", seed, text)
			}
		default: // the call ended first
		}
	}
	close(calm)
	for range 20 { // legs that a late action calls hang up as well
		time.Sleep(10 * time.Second)
		st.mu.Lock()
		legs := append([]*fakeLeg{}, st.order...)
		st.mu.Unlock()
		for _, l := range legs {
			l.mute.Store(false)
			l.end(LegEvent{Kind: Ended})
		}
		synctest.Wait()
		if c.Len() == 0 {
			break
		}
	}
	if c.Len() != 0 || !a.over || st.open != 0 || h.broken.Load() {
		t.Errorf("seed %d: %d calls up, caller over %v, %d recordings run\n%s", seed, c.Len(), a.over, st.open, strings.Join(st.lines, "\n"))
		c.HangUpAll("test")
	}
	if len(st.journal) > 0 && c.Count().AskFailed == 0 {
		t.Errorf("seed %d: the journal keeps a call whose hang-ups were answered", seed)
	}
	c.Close()
}

// misheard compares whom each leg hears with what the rules of conferences say.
func misheard(c *call, st *stage) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, p := range c.parties {
		if p.ended || p.leg == nil || p.room == "" && st.mates[p.leg.(*fakeLeg).name] != "" { // the last hears early media
			continue
		}
		var want, held []string
		for _, q := range c.parties {
			whispers := q.mode == sma.ModeWhisper && slices.Contains(q.only, p.id)
			switch {
			case p == q || q.ended || p.room == "" || p.room != q.room || p.mode == sma.ModeHold:
			case q.mode != sma.ModeTalk && q.mode != sma.ModeBarge && !whispers:
			case q.peerHold:
				held = append(held, q.leg.(*fakeLeg).name)
			default:
				want = append(want, q.leg.(*fakeLeg).name)
			}
		}
		if len(want) == 0 {
			want = held
		}
		if name := p.leg.(*fakeLeg).name; !slices.Equal(st.hears[name], want) {
			return fmt.Sprintf("%s hears %v, is to hear %v", name, st.hears[name], want)
		}
	}
	return ""
}

// whatever is something that may happen to a leg.
func whatever(te *teller, r *rand.Rand, l *fakeLeg) {
	switch r.IntN(14) {
	case 0:
		l.end(LegEvent{Kind: Ended})
	case 1, 2:
		if !l.inbound {
			l.answered()
		}
	case 3:
		if !l.inbound {
			l.end(LegEvent{Kind: Failed, Code: 486})
		}
	case 4:
		l.tell(LegEvent{LegID: l.id, Kind: Held})
	case 5:
		l.tell(LegEvent{LegID: l.id, Kind: Resumed})
	case 6:
		l.tell(LegEvent{LegID: l.id, Kind: Ringing, Early: r.IntN(2) == 0})
	case 7:
		l.hear(media.Event{Kind: media.MediaLost})
	case 8:
		l.mute.Store(r.IntN(4) == 0)
	case 9, 10:
		verbs := []string{"ring", "unring", "hold", "resume", "hangup", "connect"}
		_ = te.calls.Update(sma.Update{TransactionID: "tx", Sequence: r.Int64(), ValidSeconds: 60,
			Arguments: sma.Attributes{"huawu": verbs[r.IntN(len(verbs))], "offerId": fmt.Sprint(r.IntN(5))}}, 0)
	default:
		l.hear(media.Event{Kind: media.Digit, Digit: "0123456789*#"[r.IntN(12)]})
	}
}

// monkey answers at random, in time or not, in order or not at all.
type monkey struct {
	st   *stage
	r    *rand.Rand // one question at a time per call: no lock
	calm chan struct{}

	asking   atomic.Int32
	sequence sma.Int
	broken   atomic.Bool
}

func (m *monkey) Invoke(ctx context.Context, _ string, payload []byte) ([]byte, error) {
	var e sma.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	m.st.say("-> %s", (&teller{}).describe(&e))
	if m.asking.Add(1) != 1 || e.Sequence != m.sequence && e.Sequence != m.sequence+1 {
		m.st.say("ORDER: %d questions at once, sequence %d after %d", m.asking.Load(), e.Sequence, m.sequence)
		m.broken.Store(true)
	}
	m.sequence = e.Sequence
	defer m.asking.Add(-1)
	select {
	case <-m.calm:
		return []byte(`{}`), nil
	default:
	}
	switch m.r.IntN(25) {
	case 0:
		return nil, errors.New("broken")
	case 1:
		<-ctx.Done()
		return nil, ctx.Err()
	case 2:
		return []byte("no json"), nil
	case 3:
		select {
		case <-time.After(time.Duration(m.r.IntN(3000)) * time.Millisecond):
		case <-ctx.Done():
		}
	}
	var list []sma.Action
	for range m.r.IntN(4) {
		list = append(list, m.action(&e))
	}
	return json.Marshal(sma.Respond(list...))
}

func (m *monkey) action(e *sma.Event) sma.Action {
	legs := e.CallDetails.Participants
	on := sma.On(legs[m.r.IntN(len(legs))].CallID)
	sound := sma.AudioSource{Type: "S3", BucketName: "b", Key: "k:2s"}
	uri := []string{"lin", "ghost", "fast"}
	var choice = []sma.Parameters{
		&sma.Speak{Target: on, Speech: sma.Speech{Text: "a:3s"}, Huawu: &sma.MediaOptions{Interruptible: m.r.IntN(2) == 0, BargeIn: m.r.IntN(2) == 0}},
		&sma.PlayAudio{Target: on, AudioSource: sound, PlaybackTerminators: sma.Digits{"#"}},
		&sma.SpeakAndGetDigits{Target: on, InputDigitsRegex: "^[12]", SpeechParameters: sma.Speech{Text: "m:4s"}, FailureSpeechParameters: &sma.Speech{Text: "f:1s"}, Repeat: 2, MinNumberOfDigits: 1, MaxNumberOfDigits: 2, RepeatDurationInMilliseconds: 2000},
		&sma.ReceiveDigits{Target: on, InputDigitsRegex: "1", InBetweenDigitsDurationInMilliseconds: 500, FlushDigitsDurationInMilliseconds: 2000},
		&sma.CollectDigits{Target: on, Prompts: []sma.Message{{PromptID: "c:2s"}}, MaxLength: 3, FirstDigitMs: 3000, InterDigitMs: 2000, CancelKey: "*",
			Encrypt: []*sma.Encrypt{nil, {KeyID: "k", Certificate: storyCertificate()}}[m.r.IntN(2)]},
		&sma.SendDigits{Target: on, Digits: "12"},
		&sma.Pause{Target: on, DurationInMilliseconds: 1500},
		&sma.HangUp{Target: on},
		&sma.CallAndBridge{Target: on, CallTimeoutSeconds: 8, CallerIDNumber: "1", Endpoints: []sma.Endpoint{{BridgeEndpointType: "PSTN", URI: sma.Text(uri[m.r.IntN(3)])}, {BridgeEndpointType: "PSTN", URI: "wu"}},
			Huawu: &sma.BridgeOptions{OfferID: fmt.Sprint(m.r.IntN(5)), AnswerConfirm: m.r.IntN(2) == 0, KeepAudio: m.r.IntN(2) == 0, Ring: []string{"", "parallel"}[m.r.IntN(2)]}},
		&sma.CallAndBridge{Target: on, CallTimeoutSeconds: 8, CallerIDNumber: "1", Endpoints: []sma.Endpoint{{BridgeEndpointType: "PSTN", URI: "lin"}}},
		&sma.CallAndBridge{Target: on, CallTimeoutSeconds: 8, CallerIDNumber: "1", Endpoints: []sma.Endpoint{{BridgeEndpointType: "PSTN", URI: sma.Text(uri[m.r.IntN(3)])}, {BridgeEndpointType: "PSTN", URI: "wu"}},
			Huawu: &sma.BridgeOptions{OfferID: fmt.Sprint(m.r.IntN(5)), AnswerConfirm: true, KeepAudio: true, Background: true, Ring: []string{"", "parallel"}[m.r.IntN(2)]}},
		&sma.RecordAudio{Target: on, DurationInSeconds: 4, RecordingTerminators: sma.Digits{"#"}, RecordingDestination: sma.AudioSource{Type: "S3", BucketName: "b"}},
		&sma.StartCallRecording{Target: on, Destination: sma.Destination{Type: "S3", Location: "b"}},
		&sma.StopCallRecording{Target: on},
		&sma.PauseCallRecording{Target: on},
		&sma.PlayLoop{Target: on, Messages: []sma.Message{{PromptID: "m:5s"}}, InterruptAfterMs: 3000},
		&sma.ConferenceJoin{Target: on, ConferenceID: []string{"c", "c", "d"}[m.r.IntN(3)]},
		&sma.ConferenceUpdate{Target: on, ConferenceID: "c", Mode: sma.Modes()[m.r.IntN(5)], SpeakOnlyTo: []string{legs[0].CallID}},
		&sma.ConferenceLeave{Target: on, ConferenceID: "c"},
		&sma.Answer{Target: on}, &sma.Progress{Target: on},
		&sma.Reject{Target: on, SipResponseCode: 486},
	}
	return sma.Do(choice[m.r.IntN(len(choice))])[0]
}
