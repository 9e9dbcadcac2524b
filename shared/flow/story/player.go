package story

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// Result is what became of a story.
type Result struct {
	Name        string
	Err         error // the line that did not come true, nil if all did
	Visits      []interp.Visit
	Invocations int           // events that a relay had to wait for an answer to
	Elapsed     time.Duration // on the story's clock
	StateBytes  int           // the largest state between two events, as JSON
}

// player is one call in progress.
type player struct {
	doc   *Document
	world world
	env   interp.Env
	state interp.State

	pending []sma.Action // sent and not told yet
	current *sma.Action  // the one told last
	replies []string     // outside effects that were not told yet
	result  Result
	ended   interp.End
	fault   error // of the flow
	begun   bool
	start   time.Time
}

const (
	legA = "leg-a"
	legB = "leg-b"
)

// Run plays a story.
func (d *Document) Run(s Story) Result {
	p := &player{doc: d, world: newWorld(), result: Result{Name: s.Name}}
	p.env = interp.Env{Now: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), CallID: legA, Can: sma.Capabilities(),
		Flows: map[string]*interp.Program{}, Trace: true, PromptBucket: "prompts",
		Contact: interp.Contact{ID: "0199-" + s.Name, Region: "cn-north-1", InstanceARN: "arn:aws:connect:cn-north-1:000000000000:instance/huawu"}}
	p.start, p.env.Bots = p.env.Now, len(d.Bots) > 0
	for _, l := range s.lines {
		if err := p.tell(l); err != nil {
			p.result.Err = fmt.Errorf("%s: %s: %w", l.where, strings.Join(l.words, " "), err)
			break
		}
	}
	if p.result.Err == nil {
		p.result.Err = p.close()
	}
	p.result.Elapsed = p.env.Now.Sub(p.start)
	return p.result
}

// RunAll plays every story of the document.
func (d *Document) RunAll() []Result {
	var list []Result
	for _, s := range d.Stories {
		list = append(list, d.Run(s))
	}
	return list
}

// close finds what happened and was not told.
func (p *player) close() error {
	if len(p.pending) > 0 {
		return fmt.Errorf("the story ends, but there is more: %s", describe(&p.pending[0]))
	}
	if p.fault != nil {
		return fmt.Errorf("the flow failed and the story does not say so: %w", p.fault)
	}
	for _, r := range p.replies {
		if !strings.HasPrefix(r, "found ") {
			return fmt.Errorf("the story ends, but there is more: %s", r)
		}
	}
	return nil
}

// step hands an event to the flow and takes what it wants.
func (p *player) step(e interp.Event) error {
	if len(p.pending) > 0 {
		return fmt.Errorf("before that: %s", describe(&p.pending[0]))
	}
	s, out, err := interp.Drive(p.state, e, p.env, p)
	if err != nil {
		return err
	}
	p.result.Invocations++
	raw, err := json.Marshal(s) // between two events a state is written and read
	if err != nil {
		return err
	}
	if p.state, err = interp.ReadState(raw); err != nil {
		return err
	}
	p.result.StateBytes = max(p.result.StateBytes, len(raw))
	p.result.Visits = append(p.result.Visits, out.Visits...)
	if out.Err != nil {
		p.fault = out.Err
	}
	p.ended = out.Ended
	if len(out.Actions) > 0 {
		if faults := sma.Respond(out.Actions...).Check(p.env.Can...); len(faults) > 0 {
			return faults[0]
		}
		p.pending, p.current = out.Actions, nil
	}
	return nil
}

// Load gives a program of the document.
func (p *player) Load(a interp.LoadFlow) (*interp.Program, error) {
	return p.doc.Flows[a.ID], nil
}

var errNothing = errors.New("nothing more happens")

// want takes the next action the caller notices. If all of the batch was told,
// its last action ends and the flow goes on.
func (p *player) want() (*sma.Action, error) {
	if len(p.pending) == 0 {
		if err := p.goOn(); err != nil {
			return nil, err
		}
	}
	if len(p.pending) == 0 {
		return nil, errNothing
	}
	a := p.pending[0]
	p.pending, p.current = p.pending[1:], &a
	p.env.Now = p.env.Now.Add(length(&a))
	return &a, nil
}

// goOn ends the last action of the batch if it ends by itself.
func (p *player) goOn() error {
	if p.current == nil || p.ended != "" {
		return nil
	}
	switch p.current.Parameters.(type) {
	case *sma.Speak, *sma.PlayAudio, *sma.Pause, *sma.StartCallRecording, *sma.StopCallRecording, *sma.SendDigits, *sma.RecordAudio:
		return p.event(sma.ActionSuccessful, &sma.ActionData{})
	}
	return nil
}

// event reports the current action.
func (p *player) event(kind sma.EventType, d *sma.ActionData) error {
	if p.current == nil {
		return errors.New("no action is running")
	}
	d.Type, d.Parameters = p.current.Type, p.current.Parameters
	return p.send(kind, d)
}

func (p *player) send(kind sma.EventType, d *sma.ActionData) error {
	return p.step(interp.Call{Event: &sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(p.result.Invocations + 1),
		InvocationEventType: kind, ActionData: d,
		CallDetails: sma.CallDetails{TransactionID: p.env.Contact.ID, Participants: []sma.Participant{{CallID: legA, ParticipantTag: sma.LegA, Status: sma.Connected}}}}})
}

// length is how long an action lasts on the story's clock.
func length(a *sma.Action) time.Duration {
	switch x := a.Parameters.(type) {
	case *sma.Speak:
		return time.Duration(len([]rune(x.Text))) * 100 * time.Millisecond
	case *sma.PlayAudio:
		return 5 * time.Second
	case *sma.Pause:
		return time.Duration(x.DurationInMilliseconds) * time.Millisecond
	}
	return 0
}

// describe says what the caller notices of an action.
func describe(a *sma.Action) string {
	switch x := a.Parameters.(type) {
	case *sma.Speak:
		return fmt.Sprintf("says %q", x.Text)
	case *sma.PlayAudio:
		return "plays " + soundName(x.AudioSource, x.Huawu)
	case *sma.SpeakAndGetDigits:
		return fmt.Sprintf("asks %q", x.SpeechParameters.Text)
	case *sma.PlayAudioAndGetDigits:
		return "asks " + soundName(x.AudioSource, x.Huawu)
	case *sma.CollectDigits:
		return fmt.Sprintf("asks %q", messageNames(x.Prompts))
	case *sma.PlayLoop:
		return fmt.Sprintf("loops %q", messageNames(x.Messages))
	case *sma.Pause:
		return "pauses " + (time.Duration(x.DurationInMilliseconds) * time.Millisecond).String()
	case *sma.HangUp:
		return "hangs up"
	case *sma.CallAndBridge:
		return "calls " + string(x.Endpoints[0].URI)
	case *sma.StartBotConversation:
		if len(x.Configuration.WelcomeMessages) > 0 {
			return fmt.Sprintf("talks %q", x.Configuration.WelcomeMessages[0].Content)
		}
		return "talks"
	case *sma.SendDigits:
		return "sends " + string(x.Digits)
	}
	return string(a.Type)
}

func soundName(s sma.AudioSource, o *sma.MediaOptions) string {
	if o != nil && o.PromptID != "" {
		return o.PromptID
	}
	return s.Key
}

func messageNames(list []sma.Message) []string {
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
	return names
}
