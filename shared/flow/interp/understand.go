package interp

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// FindBot asks what a bot takes. Answer: BotFound; Refused for one that is not here.
type FindBot struct{ ID string }

// BotFound answers FindBot.
type BotFound struct {
	Keys   int  // length of the longest keys that mean an intent; 0 if none do
	Speech bool // what a caller says is recognised on the way: Outcome.Text of the input
}

// Understand asks what a caller's words or keys mean. Answer: Understood.
type Understand struct {
	BotID    string
	Language string // BCP 47
	Text     string
	Keys     string            // in place of Text
	Session  map[string]string // what the flow gives the bot
}

// Understood answers Understand.
type Understood struct {
	Intent string // FallbackIntent if nothing was understood
	Slots  map[string]string
	Score  int // 0 to 100
	Others []Understood
}

func (FindBot) ask()      {}
func (Understand) ask()   {}
func (BotFound) event()   {}
func (Understood) event() {}

// botID is what a bot is known by here: its id in the ARN of an alias, or its name.
func botID(ref string) string {
	if _, rest, ok := strings.Cut(ref, ":bot-alias/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return flow.ResourceID(ref)
}

// understood runs the action where not the relay has the bot, but the outside
// understands: the prompt is played, keys or recognised words end it, and the
// outside says what they mean. Without a bot, or with one that takes only words
// where nothing recognises them, it is NoMatchingError before anything is played.
func (a *connectParticipantWithLexBot) understood(r *run, bot string, s said) result {
	if branch, no := r.refused(); no {
		return r.failed(branch)
	}
	switch answer := r.answer.(type) {
	case BotFound:
		if answer.Keys == 0 && !answer.Speech {
			return r.failed(flow.NoMatchingError)
		}
		return a.listen(r, s, max(1, answer.Keys))
	case Call:
		return a.heard(r, bot, answer.Event)
	case Understood:
		return a.meant(r, answer)
	}
	return r.ask(FindBot{ID: botID(bot)})
}

// listen plays the prompt and takes keys; a relay that recognises speech takes
// words at the same time.
func (a *connectParticipantWithLexBot) listen(r *run, s said, keys int) result {
	if s.empty() {
		s.speech = r.speech(`<speak><break time="10ms"/></speak>`, true)
	}
	const wait = 5000 // milliseconds, as for a menu
	ends := sma.Digits{"#"}
	if keys == 1 {
		ends = sma.Digits{} // # is a key like the others
	}
	list := r.actions(s)
	n := len(list) - 1
	switch last := list[n].(type) {
	case *sma.Speak:
		list[n] = &sma.SpeakAndGetDigits{Target: r.leg(), SpeechParameters: last.Speech, MinNumberOfDigits: 1, MaxNumberOfDigits: sma.Int(keys),
			TerminatorDigits: ends, Repeat: 1, InBetweenDigitsDurationInMilliseconds: interDigitMillis, RepeatDurationInMilliseconds: wait}
	case *sma.PlayAudio:
		list[n] = &sma.PlayAudioAndGetDigits{Target: r.leg(), AudioSource: last.AudioSource, Huawu: last.Huawu, MinNumberOfDigits: 1, MaxNumberOfDigits: sma.Int(keys),
			TerminatorDigits: ends, Repeat: 1, InBetweenDigitsDurationInMilliseconds: interDigitMillis, RepeatDurationInMilliseconds: wait}
	}
	return r.do(list...)
}

// heard asks what the caller's keys or words mean.
func (a *connectParticipantWithLexBot) heard(r *run, bot string, e *sma.Event) result {
	d := e.ActionData
	if d == nil || e.InvocationEventType != sma.ActionSuccessful && e.InvocationEventType != sma.ActionFailed {
		return r.wait() // another leg hung up
	}
	u := Understand{BotID: botID(bot), Language: r.language(), Keys: string(d.ReceivedDigits), Session: maps.Collect(a.LexSessionAttributes.all(r))}
	if d.Huawu != nil {
		u.Text = d.Huawu.Text
	}
	switch {
	case e.InvocationEventType == sma.ActionFailed && !isNoInput(d):
		return r.failed(flow.NoMatchingError)
	case u.Keys == "" && u.Text == "":
		return r.failed(flow.InputTimeLimitExceeded)
	}
	return r.ask(u)
}

// meant holds the intent against the conditions; what was understood is $.Lex.
func (a *connectParticipantWithLexBot) meant(r *run, u Understood) result {
	score := func(n int) map[string]any {
		return map[string]any{"Score": strconv.FormatFloat(float64(n)/100, 'f', 2, 64)}
	}
	others := map[string]any{}
	for i, o := range u.Others {
		others[strconv.Itoa(i+1)] = map[string]any{"IntentName": o.Intent, "Slots": o.Slots, "IntentConfidence": score(o.Score)}
	}
	raw, err := json.Marshal(map[string]any{"IntentName": u.Intent, "Slots": u.Slots, "SessionAttributes": maps.Collect(a.LexSessionAttributes.all(r)),
		"DialogState": "ReadyForFulfillment", "IntentConfidence": score(u.Score), "AlternateIntents": others})
	if err != nil {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Lex = raw
	return r.value(u.Intent)
}
