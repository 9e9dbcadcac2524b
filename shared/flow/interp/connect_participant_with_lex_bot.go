package interp

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// connectParticipantWithLexBot is ConnectParticipantWithLexBot: the caller
// talks to a bot, and the conditions name its intents. A core relay has the bot;
// with Env.Bots the outside understands, and keys stand for words: see
// understood. What was understood is $.Lex.
// Source: Amazon Connect flow language, "ConnectParticipantWithLexBot".
type connectParticipantWithLexBot struct {
	prompts
	LexV2Bot struct {
		AliasArn flow.Template
	}
	LexBot struct {
		Name   flow.Template
		Region flow.Template
		Alias  flow.Template
	}
	LexSessionAttributes  pairs
	LexInitializationData lexStart
	LexInitilizationData  lexStart // as the reference spells it
	LexTimeoutSeconds     struct {
		Text flow.Template
	}
}

// lexStart is what a bot begins with.
type lexStart struct {
	InitialMessage flow.Template
}

func (a *connectParticipantWithLexBot) execute(r *run) result {
	call, ended := r.answer.(Call)
	if ended && !r.env.Bots {
		return a.ended(r, call.Event)
	}
	bot := r.expand(a.LexV2Bot.AliasArn)
	if bot == "" {
		bot = r.expand(a.LexBot.Name)
	}
	s, ok := r.say(&a.prompts)
	if bot == "" || !ok {
		return r.failed(flow.NoMatchingError)
	}
	if r.env.Bots {
		return a.understood(r, bot, s)
	}
	session := maps.Collect(a.LexSessionAttributes.all(r))
	setup := &sma.BotSetup{SessionState: &sma.BotSession{SessionAttributes: session, DialogAction: &sma.BotDialog{Type: "ElicitIntent"}}}
	var before []sma.Parameters
	if s.speech.Text != "" {
		kind := "PlainText"
		if s.speech.TextType == "ssml" {
			kind = "SSML"
		}
		setup.WelcomeMessages = []sma.BotMessage{{Content: s.speech.Text, ContentType: kind}}
	} else if !s.empty() {
		before = r.actions(s)
	}
	locale := strings.ReplaceAll(r.language(), "-", "_")
	return r.do(append(before, &sma.StartBotConversation{Target: r.leg(), BotAliasArn: bot, LocaleID: locale, Configuration: setup})...)
}

// intentResult is what a bot conversation came to, in the form of the SIP media
// application contract.
type intentResult struct {
	SessionState struct {
		SessionAttributes map[string]string
		Intent            lexIntent
	}
	Interpretations []struct {
		Intent        lexIntent
		NluConfidence struct{ Score json.Number }
	}
}

type lexIntent struct {
	Name  string
	State string
	Slots map[string]struct {
		Value struct{ InterpretedValue, OriginalValue string }
	}
}

func (a *connectParticipantWithLexBot) ended(r *run, e *sma.Event) result {
	if e.ActionData == nil || e.InvocationEventType == sma.Hangup {
		return r.wait()
	}
	if e.InvocationEventType == sma.ActionFailed {
		if e.ActionData.ErrorType == sma.SystemException || e.ActionData.ErrorType == "" {
			return r.failed(flow.InputTimeLimitExceeded)
		}
		return r.failed(flow.NoMatchingError)
	}
	var got intentResult
	if json.Unmarshal(e.ActionData.IntentResult, &got) != nil || got.SessionState.Intent.Name == "" {
		return r.failed(flow.NoMatchingError)
	}
	raw, err := json.Marshal(got.namespace())
	if err != nil {
		return r.failed(flow.NoMatchingError)
	}
	r.s.Lex = raw
	return r.value(got.SessionState.Intent.Name)
}

// namespace makes $.Lex of a result.
func (g *intentResult) namespace() map[string]any {
	slots := func(i lexIntent) map[string]string {
		m := map[string]string{}
		for name, slot := range i.Slots {
			m[name] = orElse(slot.Value.InterpretedValue, slot.Value.OriginalValue)
		}
		return m
	}
	lex := map[string]any{"IntentName": g.SessionState.Intent.Name, "Slots": slots(g.SessionState.Intent),
		"SessionAttributes": g.SessionState.SessionAttributes, "DialogState": g.SessionState.Intent.State}
	others := map[string]any{}
	for i, other := range g.Interpretations {
		if other.Intent.Name == g.SessionState.Intent.Name {
			lex["IntentConfidence"] = map[string]any{"Score": other.NluConfidence.Score}
			continue
		}
		others[strconv.Itoa(i)] = map[string]any{"IntentName": other.Intent.Name, "Slots": slots(other.Intent),
			"IntentConfidence": map[string]any{"Score": other.NluConfidence.Score}}
	}
	lex["AlternateIntents"] = others
	return lex
}

func (a *connectParticipantWithLexBot) check(*flow.Transitions) (field, wrong string) {
	if a.LexV2Bot.AliasArn.Absent() && a.LexBot.Name.Absent() {
		return "Parameters.LexV2Bot.AliasArn", "missing"
	}
	return "", ""
}
