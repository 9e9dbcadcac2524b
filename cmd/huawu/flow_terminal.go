package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/hours"
	"huawu/shared/sma"
)

// hear prints what the caller notices of an action.
func (r *terminal) hear(a *sma.Action) {
	switch x := a.Parameters.(type) {
	case *sma.Speak:
		r.say("says: %s", x.Text)
	case *sma.PlayAudio:
		r.say("plays: %s", sound(x.AudioSource, x.Huawu))
	case *sma.SpeakAndGetDigits:
		r.say("asks: %s", x.SpeechParameters.Text)
	case *sma.PlayAudioAndGetDigits:
		r.say("asks: %s", sound(x.AudioSource, x.Huawu))
	case *sma.CollectDigits:
		sealed := ""
		if x.Encrypt != nil {
			sealed = " (sealed)"
		}
		r.say("asks%s: %s", sealed, messages(x.Prompts))
	case *sma.PlayLoop:
		r.say("loops: %s", messages(x.Messages))
	case *sma.Pause:
		r.say("pauses %s", time.Duration(x.DurationInMilliseconds)*time.Millisecond)
	case *sma.HangUp:
		r.say("hangs up")
	case *sma.CallAndBridge:
		r.say("calls %s", x.Endpoints[0].URI)
	case *sma.StartBotConversation:
		welcome := ""
		if x.Configuration != nil && len(x.Configuration.WelcomeMessages) > 0 {
			welcome = ": " + string(x.Configuration.WelcomeMessages[0].Content)
		}
		r.say("listens%s", welcome)
	default:
		r.note("%s", a.Type)
	}
}

func sound(s sma.AudioSource, o *sma.MediaOptions) string {
	if o != nil && o.PromptID != "" {
		return o.PromptID
	}
	return s.Key
}

func messages(list []sma.Message) string {
	var names []string
	for _, m := range list {
		switch {
		case m.PromptID != "":
			names = append(names, m.PromptID)
		case m.AudioSource != nil:
			names = append(names, m.AudioSource.Key)
		default:
			names = append(names, m.Text)
		}
	}
	return strings.Join(names, " · ")
}

// next is what happens after an action: the caller types, waits or hangs up.
func (r *terminal) next(last *sma.Action) interp.Event {
	if last == nil {
		if _, ok := r.read("Enter: the other party hangs up"); !ok {
			return r.hangUp("a")
		}
		return r.hangUp("b")
	}
	switch x := last.Parameters.(type) {
	case *sma.SpeakAndGetDigits, *sma.PlayAudioAndGetDigits, *sma.CollectDigits:
		return r.digits(last)
	case *sma.StartBotConversation:
		return r.intent(last)
	case *sma.CallAndBridge:
		answer, ok := r.read("Enter: they answer, no: they do not")
		if !ok {
			return r.hangUp("a")
		}
		if answer != "" {
			return r.ended(last, sma.ActionFailed, &sma.ActionData{ErrorType: sma.CallNotAnswered})
		}
		return r.ended(last, sma.ActionSuccessful, &sma.ActionData{CallID: "a"})
	case *sma.PlayLoop:
		return r.loop(last, x)
	}
	return r.ended(last, sma.ActionSuccessful, &sma.ActionData{})
}

// loop lets time pass in front of music.
func (r *terminal) loop(last *sma.Action, x *sma.PlayLoop) interp.Event {
	if x.InterruptAfterMs <= 0 {
		_, _ = r.read("the music goes on; Enter: hang up") // there is no other way out
		return r.hangUp("a")
	}
	wait := time.Duration(x.InterruptAfterMs) * time.Millisecond
	if _, ok := r.read(fmt.Sprintf("Enter: %s pass", wait)); !ok {
		return r.hangUp("a")
	}
	r.env.Now = r.env.Now.Add(wait)
	return r.ended(last, sma.ActionSuccessful, &sma.ActionData{Huawu: &sma.Outcome{Interrupted: true}})
}

// digits reads keys. The terminal checks nothing: what does not fit is the
// flow's to refuse.
func (r *terminal) digits(last *sma.Action) interp.Event {
	ask := "keys (Enter: none)"
	if r.atBot() {
		ask = "say or type (Enter: nothing)"
	}
	for {
		keys, ok := r.read(ask)
		switch {
		case !ok:
			return r.hangUp("a")
		case keys == "":
			r.env.Now = r.env.Now.Add(5 * time.Second)
			return r.ended(last, sma.ActionFailed, &sma.ActionData{ErrorType: sma.SystemException})
		case strings.Trim(keys, "0123456789*#") != "" && r.atBot():
			return r.ended(last, sma.ActionSuccessful, &sma.ActionData{Huawu: &sma.Outcome{Text: keys}})
		case strings.Trim(keys, "0123456789*#") != "":
			r.note("a telephone has the keys 0-9, * and #")
			continue
		}
		d := &sma.ActionData{ReceivedDigits: sma.Text(keys)}
		if c, ok := last.Parameters.(*sma.CollectDigits); ok {
			end := c.Terminator
			if end == "" {
				end = "#"
			}
			d.ReceivedDigits = sma.Text(strings.TrimSuffix(keys, end))
			if c.Encrypt != nil {
				d.ReceivedDigits, d.Huawu = "c2VhbGVk", &sma.Outcome{Encrypted: true}
			}
		}
		return r.ended(last, sma.ActionSuccessful, d)
	}
}

// atBot reports whether a bot with a grammar listens.
func (r *terminal) atBot() bool {
	p := r.env.Program(r.state.Flow)
	if p == nil || r.bots == nil {
		return false
	}
	kind, _, _ := p.Action(r.state.At)
	return kind == "ConnectParticipantWithLexBot"
}

// intent reads what a bot would have understood.
func (r *terminal) intent(last *sma.Action) interp.Event {
	name, ok := r.read("intent (Enter: silence)")
	if !ok {
		return r.hangUp("a")
	}
	if name == "" {
		return r.ended(last, sma.ActionFailed, &sma.ActionData{ErrorType: sma.SystemException})
	}
	raw, err := json.Marshal(map[string]any{"SessionState": map[string]any{"Intent": map[string]any{"Name": name}}})
	if err != nil {
		return r.hangUp("a")
	}
	return r.ended(last, sma.ActionSuccessful, &sma.ActionData{IntentResult: raw})
}

// ended is the event of an action that has ended.
func (r *terminal) ended(a *sma.Action, kind sma.EventType, d *sma.ActionData) interp.Event {
	d.Type, d.Parameters = a.Type, a.Parameters
	return r.event(kind, d)
}

// hangUp is the event of a leg that is gone.
func (r *terminal) hangUp(leg string) interp.Event {
	r.left = leg == "a"
	return r.event(sma.Hangup, &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On(leg)}})
}

func (r *terminal) event(kind sma.EventType, d *sma.ActionData) interp.Event {
	r.step++
	return interp.Call{Event: &sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(r.step), InvocationEventType: kind, ActionData: d,
		CallDetails: sma.CallDetails{TransactionID: r.env.Contact.ID, Participants: []sma.Participant{{CallID: "a", ParticipantTag: sma.LegA, Status: sma.Connected}}}}}
}

// Load finds a flow beside the one that runs.
func (r *terminal) Load(a interp.LoadFlow) (*interp.Program, error) {
	if a.ID == "" || a.ID != filepath.Base(a.ID) {
		return nil, nil
	}
	d, err := readDocument(filepath.Join(r.folder, a.ID+".json"))
	if os.IsNotExist(err) {
		r.note("there is no flow %s beside this one", a.ID)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return compileDocument(d)
}

// Answer is the world: queues exist, agents are there, functions reply what is typed.
func (r *terminal) Answer(_ interp.State, a interp.Ask) (interp.Event, error) {
	switch a := a.(type) {
	case interp.FindBot, interp.Understand:
		return r.bots.Answer(a)
	case interp.FindQueue:
		return interp.QueueFound{Queue: interp.Queue{ID: a.QueueID, Name: a.QueueID}}, nil
	case interp.Enqueue:
		return interp.Enqueued{}, nil
	case interp.CheckHours:
		r.note("hours %s: %s", a.HoursID, map[bool]string{true: "closed", false: "open"}[r.closed])
		if r.closed {
			return interp.HoursAnswer{Hours: hours.Hours{Name: "closed", TimeZone: "UTC"}}, nil
		}
		return interp.HoursAnswer{Hours: hours.Always()}, nil
	case interp.GetMetrics:
		r.note("metrics %s: %d available", a.QueueID, r.agents)
		return interp.MetricsAnswer{QueueName: a.QueueID, Online: r.agents, Available: r.agents, Staffed: r.agents}, nil
	case interp.InvokeFunction:
		reply, err := r.reply(a.ARN, pairsOf(a.Parameters))
		return interp.FunctionReply{Payload: reply, InvocationID: "terminal"}, err
	case interp.Data:
		reply, err := r.reply(a.Type, string(a.Parameters))
		return interp.DataReply{Namespace: map[bool]string{true: "Case", false: "Customer"}[strings.Contains(a.Type, "Case")], Value: reply}, err
	case interp.CreateCallback:
		r.note("callback to %s from queue %s after %s", a.Number, a.QueueID, a.Delay)
	case interp.Act:
		r.note("%s %s", a.Type, a.Parameters)
	}
	return interp.Done{}, nil
}

// reply is what a function replies: as the flags say, else as is typed.
func (r *terminal) reply(name, parameters string) (json.RawMessage, error) {
	r.note("calls %s(%s)", name, parameters)
	for _, known := range []string{name, name[strings.LastIndexAny(name, ":/")+1:]} {
		if text, ok := r.replies[known]; ok {
			return json.RawMessage(text), nil
		}
	}
	for {
		text, ok := r.read("reply as JSON (Enter: it fails)")
		if !ok || text == "" {
			return nil, fault.New(fault.Unavailable, "no reply")
		}
		if json.Valid([]byte(text)) {
			return json.RawMessage(text), nil
		}
		r.note("that is no JSON")
	}
}

func pairsOf(m map[string]string) string {
	raw, err := json.Marshal(m)
	if err != nil || len(m) == 0 {
		return ""
	}
	return string(raw)
}
