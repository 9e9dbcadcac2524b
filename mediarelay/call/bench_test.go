package call

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"huawu/mediarelay/hook"
	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// nowhere is legs, audio, a dialer and prompts that do everything at once.
type nowhere struct{ clip media.Clip }

type instantLeg struct {
	id   string
	tell Notify
}

func (l *instantLeg) ID() string                 { return l.id }
func (l *instantLeg) Ring() error                { return nil }
func (l *instantLeg) Answer() error              { return nil }
func (l *instantLeg) Reject(int, string) error   { l.end(); return nil }
func (l *instantLeg) Hangup(string) error        { l.end(); return nil }
func (l *instantLeg) Port() *media.Port          { return nil }
func (l *instantLeg) Headers() map[string]string { return nil }
func (l *instantLeg) Stop()                      {}
func (l *instantLeg) Tap(*media.Tap, int)        {}
func (l *instantLeg) TapHeard(*media.Tap, int)   {}
func (l *instantLeg) end()                       { l.tell(LegEvent{LegID: l.id, Kind: Ended}) }

func (l *instantLeg) Play(p media.Playlist) {
	if !p.Loop {
		l.tell(LegEvent{LegID: l.id, Kind: Heard, Media: media.Event{Kind: media.PlayDone, ID: p.ID}})
	}
}

func (l *instantLeg) SendDigits(uint64, string, time.Duration) {}

func (nowhere) Audio(l Leg) Audio     { return l.(*instantLeg) }
func (nowhere) Bridge(a, b Leg)       {}
func (nowhere) Hear(Leg, []Leg) error { return nil }

func (n nowhere) Clip(context.Context, Prompt) (media.Clip, error) { return n.clip, nil }

func (nowhere) Dial(_ context.Context, to Target, tell Notify) (Leg, error) {
	tell(LegEvent{LegID: to.LegID, Kind: Answered})
	return &instantLeg{id: to.LegID, tell: tell}, nil
}

// BenchmarkCall runs whole calls: a greeting, a menu, music, an agent called and
// joined, both hung up. It is what the state machine costs with its questions
// as JSON both ways, without media, network and function.
func BenchmarkCall(b *testing.B) {
	var n nowhere
	n.clip = media.NewClip(make([]int16, 160))
	calls := New(Config{
		Handler: hook.New(script{}, hook.Config{}), Mixer: n, Dialer: n, Prompts: n,
		Route: func(Inbound) Route { return Route{Capabilities: Offered()} },
	})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l := &instantLeg{id: "a"}
			ready := make(chan struct{})
			var notify Notify
			l.tell = func(e LegEvent) { <-ready; notify(e) }
			var err error
			if notify, err = calls.Start(Inbound{Leg: l, Tenant: "acme"}); err != nil {
				b.Error(err)
				return
			}
			close(ready)
		}
	})
	calls.work.Wait()
	b.StopTimer()
	if got := calls.Count(); got.Ended != uint64(b.N) || got.AskFailed+got.FailedActions > 0 {
		b.Fatalf("%+v", got)
	}
	b.ReportMetric(float64(calls.Count().Asked)/float64(b.N), "questions/call")
	calls.Close()
}

// script answers the questions of such a call.
type script struct{}

func (script) Invoke(_ context.Context, _ string, payload []byte) ([]byte, error) {
	var e sma.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	on := func(i int) sma.Target { return sma.On(e.CallDetails.Participants[i].CallID) }
	var list []sma.Parameters
	switch e.InvocationEventType {
	case sma.NewInboundCall:
		list = []sma.Parameters{
			&sma.Speak{Target: on(0), Speech: sma.Speech{Text: "welcome"}},
			&sma.SpeakAndGetDigits{Target: on(0), SpeechParameters: sma.Speech{Text: "menu"}, RepeatDurationInMilliseconds: 1},
		}
	case sma.ActionSuccessful:
		switch e.ActionData.Type {
		case sma.TypeSpeakAndGetDigits:
			list = []sma.Parameters{
				&sma.PlayLoop{Target: on(0), Messages: []sma.Message{{PromptID: "music"}}},
				&sma.CallAndBridge{Target: on(0), CallerIDNumber: "1", Endpoints: []sma.Endpoint{{BridgeEndpointType: "PSTN", URI: "lin"}},
					Huawu: &sma.BridgeOptions{AnswerConfirm: true, KeepAudio: true}},
			}
		case sma.TypeCallAndBridge:
			list = []sma.Parameters{&sma.ConferenceJoin{Target: on(0), ConferenceID: "c"}, &sma.ConferenceJoin{Target: on(1), ConferenceID: "c"}}
		case sma.TypeConferenceJoin:
			list = []sma.Parameters{&sma.HangUp{Target: on(1)}, &sma.HangUp{Target: on(0)}}
		}
	}
	return json.Marshal(sma.Respond(sma.Do(list...)...))
}
