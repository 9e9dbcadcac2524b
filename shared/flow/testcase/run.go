package testcase

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/story"
	"huawu/shared/sma"
)

// player is one call in progress.
type player struct {
	world World
	env   interp.Env
	state interp.State

	watches   []*watch
	overrides []*Override // not used yet, oldest first
	keys      string      // pressed and not taken yet
	said      []string    // spoken and not taken yet
	leaves    bool        // the caller wants to hang up
	stopped   bool        // by the test
	ended     interp.End
	open      string // flow action that was observed and has not ended
	at        string // flow action that runs, for people
	start     time.Time
	result    Result
}

const (
	legA       = "leg-a"
	noAnswer   = 5 * time.Second // silence until an input without a limit of its own gives up
	botSilence = 10 * time.Second
	clip       = 5 * time.Second // a recorded prompt
	maxSteps   = 2000            // questions and events of one call
)

// Run plays the test case with a flow; "" is the one the test case names.
func (c *Case) Run(flowID string, w World) Result {
	id, ok := c.program(flowID, w)
	p := &player{world: w, start: w.Start, result: Result{Name: firstText(c.Name, "test case"), Flow: id}}
	if p.start.IsZero() {
		p.start = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	}
	for i := range c.Observations {
		o := &c.Observations[i]
		p.watches = append(p.watches, &watch{Observation: o})
		if o.first {
			p.activate(p.watches[i])
		}
	}
	if !ok {
		p.result.Failure = fmt.Sprintf("there is no flow %q%s", short(id), nearest(id, slices.Collect(maps.Keys(w.Flows))))
		p.result.End = "it could not begin"
		p.settle()
		return p.result
	}
	p.env = interp.Env{Now: p.start, CallID: legA, Can: sma.Capabilities(), Flows: maps.Clone(w.Flows), Trace: true, RecordingLocation: "recordings", Apart: true,
		PromptBucket: "prompts", Language: w.Language,
		Contact: interp.Contact{ID: "0199-test", Channel: c.Channel, Region: "cn-north-1", InstanceARN: "arn:aws:connect:cn-north-1:000000000000:instance/huawu",
			Customer: interp.Endpoint{Address: c.From}, System: interp.Endpoint{Address: c.To}}}
	p.state = interp.Start(p.env.Contact.ID, id, maps.Clone(c.Attributes))
	p.happens(happening{kind: TestInitiated})
	p.call()
	p.stopped = false // a test that ended itself sees its end
	p.happens(happening{kind: TestCompleted})
	if p.keys != "" {
		p.note("nothing took the keys %s", p.keys)
	}
	p.result.Seconds = p.env.Now.Sub(p.start).Seconds()
	p.settle()
	return p.result
}

// program finds the flow of a test.
func (c *Case) program(flowID string, w World) (id string, ok bool) {
	id = firstText(flowID, c.FlowID)
	if id == "" && len(w.Flows) == 1 {
		for only := range w.Flows {
			return only, true
		}
	}
	if w.Flows[id] == nil {
		id = flow.ResourceID(id)
	}
	return id, w.Flows[id] != nil
}

// call plays the call to its end.
func (p *player) call() {
	var e interp.Event = interp.Begin{}
	for range maxSteps {
		if p.stopped {
			p.result.End = "the test ended it"
			return
		}
		batch, ok := p.drive(e)
		switch {
		case !ok:
			p.result.End = "the flow asked too much"
			return
		case p.ended == interp.CallerLeft:
			p.result.End = "the caller hung up"
			return
		}
		if !p.leaves && !p.stopped {
			e = p.play(batch)
		}
		switch {
		case p.stopped:
			continue
		case p.leaves:
			e = p.event(sma.Hangup, &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On(legA)}})
		case p.ended != "":
			p.result.End = map[interp.End]string{interp.Disconnected: "the flow hung up", interp.Failed: "the flow failed and hung up", interp.Returned: "the flow returned"}[p.ended]
			return
		case p.env.Now.Sub(p.start) >= TimeLimit:
			p.result.End = "the time was up"
			return
		case p.settled():
			p.result.End = "nothing more was to be observed"
			return
		case e == nil:
			p.result.End = "the flow waited for nothing"
			return
		}
	}
	p.result.End = "there were too many steps"
}

// drive steps the flow until it has something for the relay, and shows what it
// does to the observations on the way.
func (p *player) drive(e interp.Event) (batch []sma.Action, ok bool) {
	p.result.Invocations++
	for range maxSteps {
		next, out := interp.Step(p.state, e, p.env)
		if load, is := out.Ask.(interp.LoadFlow); is {
			p.env.Flows[load.ID] = p.world.Flows[flow.ResourceID(load.ID)]
			if p.env.Flows[load.ID] == nil {
				p.note("flow %s is not here", flow.ResourceID(load.ID))
			}
			continue
		}
		p.state = next
		p.passed(out.Visits, out.Actions)
		if out.Err != nil {
			p.note("the flow failed: %v", out.Err)
		}
		if out.Ask == nil {
			p.ended = out.Ended
			return out.Actions, true
		}
		e = p.answer(out.Ask)
	}
	return nil, false
}

// passed shows the flow actions that were passed, but for those that were
// shown when they asked or began to wait.
func (p *player) passed(visits []interp.Visit, batch []sma.Action) {
	p.result.Visits = append(p.result.Visits, visits...)
	for _, v := range visits {
		key := v.Flow + "/" + v.Action
		seen := key == p.open
		p.open = ""
		if v.Branch == "waits" {
			p.open = key
		}
		p.at = key
		program := p.env.Flows[v.Flow]
		if seen || program == nil {
			continue
		}
		kind, _, _ := program.Action(v.Action)
		resource := ""
		for i := range batch {
			if bot, is := batch[i].Parameters.(*sma.StartBotConversation); is {
				resource = bot.BotAliasArn
			}
		}
		p.happens(happening{kind: FlowActionStarted, flowType: kind, resource: resource})
	}
}

// started shows a flow action that asks for something.
func (p *player) started(kind, resource, agent string) {
	key := p.state.Flow + "/" + p.state.At
	p.open, p.at = key, key
	p.happens(happening{kind: FlowActionStarted, flowType: kind, resource: resource, agent: agent})
}

// play lets the caller hear a batch and returns the event that ends it; nil if
// none does.
func (p *player) play(batch []sma.Action) interp.Event {
	if len(batch) == 0 {
		return nil
	}
	last := batch[len(batch)-1]
	if loop, is := last.Parameters.(*sma.PlayLoop); is {
		return p.loop(loop, last)
	}
	for _, s := range sounds(batch) {
		if !p.sound(s, true) {
			return nil
		}
	}
	switch a := last.Parameters.(type) {
	case *sma.HangUp:
		p.hear("the flow hangs up", p.at)
		return nil
	case *sma.Pause:
		p.pass(time.Duration(a.DurationInMilliseconds) * time.Millisecond)
	case *sma.SpeakAndGetDigits:
		return p.collect(last, a.RepeatDurationInMilliseconds)
	case *sma.PlayAudioAndGetDigits:
		return p.collect(last, a.RepeatDurationInMilliseconds)
	case *sma.CollectDigits:
		return p.collect(last, a.FirstDigitMs)
	case *sma.StartBotConversation:
		return p.talk(a, last)
	case *sma.CallAndBridge:
		p.note("the call to %s is not answered: the testing language has nobody to answer it", a.Endpoints[0].URI)
		return p.event(sma.ActionFailed, &sma.ActionData{Type: last.Type, Parameters: last.Parameters, ErrorType: sma.CallNotAnswered})
	}
	return p.event(sma.ActionSuccessful, &sma.ActionData{Type: last.Type, Parameters: last.Parameters})
}

// sound plays one message and reports whether the call goes on.
func (p *player) sound(s sound, first bool) bool {
	if first {
		p.hear(s.String(), p.at)
	}
	p.happens(happening{kind: MessageReceived, sound: s})
	if s.text == "" {
		p.pass(clip)
	} else {
		p.pass(max(time.Second, time.Duration(len(letters(s.text)))*100*time.Millisecond))
	}
	return !p.stopped && !p.leaves
}

// loop plays lap after lap until it is interrupted or the test is over.
func (p *player) loop(a *sma.PlayLoop, last sma.Action) interp.Event {
	list := sounds([]sma.Action{last})
	began := p.env.Now
	limit := TimeLimit
	if a.InterruptAfterMs > 0 {
		limit = time.Duration(a.InterruptAfterMs) * time.Millisecond
	}
	for lap := 0; len(list) > 0 && p.env.Now.Sub(began) < limit; lap++ {
		for _, s := range list {
			if !p.sound(s, lap == 0) || p.settled() || p.env.Now.Sub(p.start) >= TimeLimit {
				return nil
			}
			if p.env.Now.Sub(began) >= limit {
				break
			}
		}
	}
	if a.InterruptAfterMs == 0 {
		p.pass(TimeLimit)
		return nil
	}
	if len(list) == 0 {
		p.pass(limit)
	}
	return p.event(sma.ActionSuccessful, &sma.ActionData{Type: last.Type, Parameters: last.Parameters, Huawu: &sma.Outcome{Interrupted: true}})
}

// collect presses the keys the caller has in mind, or none in time.
func (p *player) collect(last sma.Action, limit sma.Int) interp.Event {
	if p.keys == "" {
		p.pass(max(time.Second, time.Duration(limit)*time.Millisecond))
		if limit == 0 {
			p.pass(noAnswer)
		}
		return p.event(sma.ActionFailed, &sma.ActionData{Type: last.Type, Parameters: last.Parameters, ErrorType: sma.SystemException})
	}
	p.pass(2 * time.Second)
	kind, d, rest, _ := story.Collect(&last, p.keys)
	p.hear("the caller presses "+p.keys[:len(p.keys)-len(rest)], p.at)
	p.keys = rest
	return p.event(kind, d)
}

// instruct remembers what the caller is going to do.
func (p *player) instruct(in *Instruction) {
	switch in.Type {
	case DtmfInput:
		p.keys += p.expand(in.Value)
	case TextUtterance:
		p.said = append(p.said, withoutTags(p.expand(in.Value)))
	case Disconnect:
		p.leaves = true
	}
}

// talk is a conversation with a bot.
func (p *player) talk(a *sma.StartBotConversation, last sma.Action) interp.Event {
	d := &sma.ActionData{Type: last.Type, Parameters: last.Parameters}
	text := ""
	if len(p.said) > 0 {
		text, p.said = p.said[0], p.said[1:]
		p.hear(fmt.Sprintf("the caller says %q", text), p.at)
	}
	bot := a.BotAliasArn
	if o := p.override(talks, bot); o != nil {
		p.pass(o.Delay)
		switch {
		case o.Fails == flow.TimeLimitExceeded:
			d.ErrorType = sma.SystemException
			return p.event(sma.ActionFailed, d)
		case o.Fails != "":
			d.ErrorType = sma.ResourceNotFound
			return p.event(sma.ActionFailed, d)
		case o.Substitute == "":
			d.IntentResult = intent(o.Data)
			return p.event(sma.ActionSuccessful, d)
		}
		bot = o.Substitute
	}
	if text == "" {
		p.pass(botSilence)
		d.ErrorType = sma.SystemException
		return p.event(sma.ActionFailed, d)
	}
	if p.world.Understand != nil {
		if raw, ok := p.world.Understand(bot, text); ok {
			d.IntentResult = raw
			return p.event(sma.ActionSuccessful, d)
		}
	}
	p.note("bot %s is not mocked: it fails", flow.ResourceID(bot))
	d.ErrorType = sma.ResourceNotFound
	return p.event(sma.ActionFailed, d)
}

// intent makes the outcome of a bot of the data of a mock: as the bot's API
// returns it (sessionState), or as flows see it ($.Lex).
func intent(data string) json.RawMessage {
	var has struct{ SessionState json.RawMessage }
	if json.Unmarshal([]byte(data), &has) == nil && has.SessionState != nil {
		return json.RawMessage(data)
	}
	var flat struct {
		IntentName        string
		Slots             map[string]any
		SessionAttributes map[string]any
		DialogState       string
	}
	if json.Unmarshal([]byte(data), &flat) != nil {
		return json.RawMessage(data)
	}
	texts := func(m map[string]any) map[string]string {
		out := map[string]string{}
		for name, value := range m {
			if value != nil {
				out[name] = fmt.Sprint(value)
			}
		}
		return out
	}
	slots := map[string]any{}
	for name, value := range texts(flat.Slots) {
		slots[name] = map[string]any{"Value": map[string]string{"InterpretedValue": value}}
	}
	raw, err := json.Marshal(map[string]any{"SessionState": map[string]any{"SessionAttributes": texts(flat.SessionAttributes),
		"Intent": map[string]any{"Name": flat.IntentName, "State": flat.DialogState, "Slots": slots}}})
	if err != nil { // it was made of JSON
		return nil
	}
	return raw
}

func (p *player) event(kind sma.EventType, d *sma.ActionData) interp.Event {
	return interp.Call{Event: &sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(p.result.Invocations), InvocationEventType: kind, ActionData: d,
		CallDetails: sma.CallDetails{TransactionID: p.env.Contact.ID, Participants: []sma.Participant{{CallID: legA, ParticipantTag: sma.LegA, Status: sma.Connected}}}}}
}

func (p *player) pass(d time.Duration) { p.env.Now = p.env.Now.Add(d) }

// hear writes down what the caller notices.
func (p *player) hear(what, at string) {
	h := Heard{Seconds: p.env.Now.Sub(p.start).Seconds(), What: what}
	for i := range at {
		if at[i] == '/' {
			h.Flow, h.Action = at[:i], at[i+1:]
			break
		}
	}
	p.result.Heard = append(p.result.Heard, h)
}
