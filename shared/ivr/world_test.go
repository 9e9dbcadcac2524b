package ivr

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

const (
	tenant = "demo"
	callA  = "0a000000-0000-7000-8000-00000000000a"
	callB  = "0b000000-0000-7000-8000-00000000000b"
	callID = contact.ID("0c000000-0000-7000-8000-00000000000c")
)

// world is a call that a test plays by hand.
type world struct {
	*testing.T
	ctx      context.Context
	cloud    *localcloud.Cloud
	clock    *localcloud.Clock
	router   *acd.Router
	service  *Service
	log      strings.Builder
	dialled  string
	sequence int
	legs     []sma.Participant
	invoked  []string // payloads that functions got
	reply    func() ([]byte, error)
	ids      int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), clock: localcloud.NewClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)), dialled: "95000"}
	w.reply = func() ([]byte, error) { return []byte(`{"balance":"100"}`), nil }
	var err error
	w.cloud, err = localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	w.router = acd.NewRouter(w.cloud.Table(), w.cloud.Queue(), acd.Runtime{Now: w.clock.Now, Log: log, Rand: func() float64 { return 0 },
		NewID: w.id, Sleep: func(context.Context, time.Duration) error { return nil }})
	w.service = New(w.cloud.Table(), w, w.router, Config{Language: "zh-CN", RecordingLocation: "recordings"}, Runtime{Now: w.clock.Now, Log: log})
	writes := []cloud.Write{
		acd.Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: 20, ACWSeconds: 30}.Put(tenant),
		acd.Profile{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}.Put(tenant),
		Number{Number: phone.MustParse("95000"), Flow: "menu", Language: "zh-CN"}.Put(tenant),
		Number{Number: phone.MustParse("95001"), Flow: "nowhere"}.Put(tenant),
		Number{Number: phone.MustParse("95002"), Flow: "broken", Language: "en-GB"}.Put(tenant),
		Number{Number: phone.MustParse("95003"), Flow: "remaining"}.Put(tenant),
		(&agent.Agent{Tenant: tenant, ID: "lin", State: agent.Offline, Username: "lin", Profile: "loans",
			Device: agent.Device{Kind: agent.Phone, User: "1001"}, Voice: agent.Slots{Max: 1}}).Put(),
	}
	for _, name := range []string{"menu", "queue", "broken", "remaining", "survey"} {
		doc, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		writes = append(writes, PutFlow(tenant, name, name, doc, 1))
	}
	for _, put := range writes {
		if _, err := w.cloud.Table().Write(w.ctx, put); err != nil {
			t.Fatal(err)
		}
	}
	w.legs = []sma.Participant{{CallID: callA, ParticipantTag: sma.LegA, To: "95000", From: "+8613800135678", Direction: "Inbound"}}
	return w
}

func (w *world) id() string {
	w.ids++
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", w.ids)
}

// Invoke is the functions that flows call.
func (w *world) Invoke(_ context.Context, name string, payload []byte) ([]byte, error) {
	w.invoked = append(w.invoked, name+" "+string(payload))
	return w.reply()
}

// event is the next event of the call.
func (w *world) event(kind sma.EventType, data *sma.ActionData) sma.Event {
	w.sequence++
	w.legs[0].To = sma.Text(w.dialled)
	return sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(w.sequence), InvocationEventType: kind, ActionData: data,
		CallDetails: sma.CallDetails{TransactionID: string(callID), Participants: append([]sma.Participant(nil), w.legs...),
			Huawu: &sma.Offer{Version: "1", Tenant: tenant, RelayID: "relay-1", Capabilities: sma.Capabilities()}}}
}

// handle asks about an event, as JSON and twice, and returns the actions in short.
func (w *world) handle(e sma.Event) string {
	w.Helper()
	first := w.once(e)
	if again := w.once(e); again != first {
		w.Errorf("event %s asked twice: first %s, then %s", e.InvocationEventType, first, again)
	}
	return first
}

func (w *world) once(e sma.Event) string {
	w.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		w.Fatal(err)
	}
	var read sma.Event
	if err := json.Unmarshal(raw, &read); err != nil {
		w.Fatal(err)
	}
	r, err := w.service.Handle(w.ctx, read)
	if err != nil {
		w.Fatalf("event %s: %v", e.InvocationEventType, err)
	}
	if faults := r.Check(sma.Capabilities()...); len(faults) > 0 {
		w.Errorf("event %s: the answer breaks the contract: %v", e.InvocationEventType, faults)
	}
	return short(r)
}

// short writes a response as "Join A, Join B, StartCallRecording A".
func short(r sma.Response) string {
	var all []string
	for _, a := range r.Actions {
		id, tag := a.Parameters.Leg()
		leg := map[string]string{callA: "A", callB: "B", callC: "C"}[id] + strings.TrimPrefix(string(tag), "LEG-")
		name := strings.TrimPrefix(strings.TrimPrefix(string(a.Type), "Huawu."), "Conference.")
		switch p := a.Parameters.(type) {
		case *sma.ConferenceUpdate:
			name += "=" + string(p.Mode)
		case *sma.ConferenceJoin:
			if p.Mode != sma.ModeTalk {
				name += "=" + string(p.Mode)
			}
		case *sma.Speak:
			name += "(" + p.Text + ")"
		case *sma.CallAndBridge:
			if p.Huawu == nil {
				name += fmt.Sprintf("(%s %s from %s, %d s)", p.Endpoints[0].BridgeEndpointType, p.Endpoints[0].URI, p.CallerIDNumber, p.CallTimeoutSeconds)
				break
			}
			name += fmt.Sprintf("(%s %s auto=%v)", p.Endpoints[0].URI, p.Endpoints[0].Arn, p.Huawu.AutoAnswer)
		case *sma.SendDigits:
			name += "(" + string(p.Digits) + ")"
		}
		all = append(all, strings.TrimSpace(name+" "+leg))
	}
	return strings.Join(all, ", ")
}

func (w *world) wants(got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("answer %q, want %q", got, want)
	}
}

// state returns where the contact stands, with its reason.
func (w *world) state() string {
	w.Helper()
	c, err := w.router.Contact(w.ctx, tenant, callID)
	if err != nil {
		w.Fatal(err)
	}
	return strings.TrimSpace(string(c.State) + " " + string(c.Reason))
}

func (w *world) contact() *contact.Contact {
	w.Helper()
	c, err := w.router.Contact(w.ctx, tenant, callID)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// done is the end of an action of the last answer.
func done(p sma.Parameters) *sma.ActionData {
	return &sma.ActionData{Type: p.ActionType(), Parameters: p}
}

func digits(pressed string) *sma.ActionData {
	p := &sma.SpeakAndGetDigits{Target: sma.On(callA), SpeechParameters: sma.Speech{Text: "贷款业务请按1，查询请按2。"}}
	return &sma.ActionData{Type: p.ActionType(), Parameters: p, ReceivedDigits: sma.Text(pressed)}
}

// toQueue plays the call up to the queue, and makes lin available.
func (w *world) toQueue() {
	w.Helper()
	w.handle(w.event(sma.NewInboundCall, nil))
	w.legs[0].Status = sma.Connected
	if w.dialled == "95000" {
		w.wants(w.handle(w.event(sma.ActionSuccessful, digits("1"))), "PlayLoop A")
	}
	if _, err := w.router.SetStatus(w.ctx, tenant, "lin", agent.Available, ""); err != nil {
		w.Fatal(err)
	}
}

// ring plays the offer up to the agent's phone, which then answers if it does.
func (w *world) ring() {
	w.Helper()
	w.handle(w.update(sma.VerbRing, sma.Attributes{sma.ArgURI: "1001", sma.ArgRingSeconds: "20", sma.ArgAgentID: "lin"}))
	w.legs = append(w.legs, sma.Participant{CallID: callB, ParticipantTag: sma.LegB, To: "1001", From: "+8613800135678", Direction: "Outbound"})
}

func (w *world) update(verb string, args sma.Attributes) sma.Event {
	all := sma.Attributes{sma.ArgVerb: verb, sma.ArgOfferID: string(w.contact().Offer)}
	for k, v := range args {
		all[k] = v
	}
	p := &sma.CallUpdateRequest{Arguments: all}
	return w.event(sma.CallUpdateRequested, &sma.ActionData{Type: p.ActionType(), Parameters: p})
}

// bridge is the end of the CallAndBridge of the current offer.
func (w *world) bridge(answered bool) *sma.ActionData {
	d := done(&sma.CallAndBridge{Target: sma.On(callA), CallerIDNumber: "+8613800135678", Endpoints: []sma.Endpoint{{BridgeEndpointType: "AWS", URI: "1001"}}})
	d.Huawu = &sma.Outcome{OfferID: string(w.contact().Offer), Answered: answered}
	if !answered {
		d.ErrorType = sma.CallNotAnswered
	}
	return d
}

// talk plays the call up to agent and customer talking.
func (w *world) talk() {
	w.Helper()
	w.toQueue()
	w.ring()
	w.legs[1].Status = sma.Connected
	w.handle(w.event(sma.ActionSuccessful, w.bridge(true)))
	last := done(&sma.StartCallRecording{Target: sma.On(callA)})
	last.CallRecordingDestination = &sma.Destination{Type: "S3", Location: "recordings/x"}
	w.handle(w.event(sma.ActionSuccessful, last))
}

// hangup is the HANGUP of a leg.
func (w *world) hangup(leg int, reason string) sma.Event {
	w.legs[leg].Status = sma.Disconnected
	d := done(&sma.HangUp{Target: sma.Target{CallID: w.legs[leg].CallID, ParticipantTag: w.legs[leg].ParticipantTag}})
	if reason != "" {
		d.Huawu = &sma.Outcome{Reason: reason}
	}
	return w.event(sma.Hangup, d)
}
