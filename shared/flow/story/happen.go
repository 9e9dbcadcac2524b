package story

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"huawu/shared/sma"
)

// What the caller, the relay and time do.

func wordPress(p *player, args []string, _ map[string]string) error {
	if len(args) != 1 || p.current == nil {
		return errors.New("want keys, after asks")
	}
	p.env.Now = p.env.Now.Add(2 * time.Second)
	kind, d, _, ok := Collect(p.current, args[0])
	if !ok {
		return errors.New("nothing asks for digits")
	}
	return p.event(kind, d)
}

// Collect types keys at an action that asks for digits, as a relay takes them:
// it returns the event that ends the action and the keys that were not taken. ok
// is false for actions that ask for none.
func Collect(a *sma.Action, keys string) (kind sma.EventType, d *sma.ActionData, rest string, ok bool) {
	pattern, low, high, ends := inputShape(a)
	if high == 0 {
		return "", nil, keys, false
	}
	typed := ""
	for len(typed) < high && keys != "" {
		key := keys[:1]
		keys = keys[1:]
		if contains(ends, key) {
			break
		}
		typed += key
	}
	d = &sma.ActionData{Type: a.Type, Parameters: a.Parameters, ReceivedDigits: sma.Text(typed)}
	kind = sma.ActionSuccessful
	if ok, err := regexp.MatchString(pattern, typed); err != nil || !ok || len(typed) < low {
		kind, d.ErrorType = sma.ActionFailed, sma.SystemException
	}
	if c, ok := a.Parameters.(*sma.CollectDigits); ok && c.Encrypt != nil && typed != "" {
		d.ReceivedDigits, d.Huawu = "c2VhbGVk", &sma.Outcome{Encrypted: true}
	}
	return kind, d, keys, true
}

// wordSpeaks is a caller whose words something on the way recognises.
func wordSpeaks(p *player, args []string, _ map[string]string) error {
	if len(args) != 1 || p.current == nil || !p.env.Bots {
		return errors.New("want words, at a bot with a grammar")
	}
	p.env.Now = p.env.Now.Add(3 * time.Second)
	return p.event(sma.ActionSuccessful, &sma.ActionData{Huawu: &sma.Outcome{Text: args[0]}})
}

func wordWaits(p *player, _ []string, _ map[string]string) error {
	if p.current == nil {
		return errors.New("nothing is asked")
	}
	if _, _, high, _ := inputShape(p.current); high == 0 && p.current.Type != sma.TypeStartBotConversation {
		return errors.New("nothing is asked")
	}
	p.env.Now = p.env.Now.Add(5 * time.Second)
	return p.event(sma.ActionFailed, &sma.ActionData{ErrorType: sma.SystemException})
}

// wordUnderstands is what a bot makes of the caller: an intent, with slots.
func wordUnderstands(p *player, args []string, set map[string]string) error {
	if p.current == nil || p.current.Type != sma.TypeStartBotConversation || len(args) != 1 {
		return errors.New("want an intent, after talks")
	}
	type value struct {
		Value struct{ InterpretedValue string }
	}
	slots := map[string]value{}
	for name, text := range set {
		slots[name] = value{struct{ InterpretedValue string }{text}}
	}
	intent := map[string]any{"Name": args[0], "State": "ReadyForFulfillment", "Slots": slots}
	raw, err := json.Marshal(map[string]any{"SessionId": "s-1",
		"SessionState":    map[string]any{"Intent": intent, "SessionAttributes": map[string]string{"turns": "1"}},
		"Interpretations": []any{map[string]any{"Intent": intent, "NluConfidence": map[string]any{"Score": 0.91}}, map[string]any{"Intent": map[string]any{"Name": "Other"}, "NluConfidence": map[string]any{"Score": 0.2}}}})
	if err != nil {
		return err
	}
	return p.event(sma.ActionSuccessful, &sma.ActionData{IntentResult: raw})
}

// inputShape says what an input takes; high is 0 for other actions.
func inputShape(a *sma.Action) (pattern string, low, high int, ends sma.Digits) {
	switch x := a.Parameters.(type) {
	case *sma.SpeakAndGetDigits:
		pattern, low, high, ends = x.InputDigitsRegex, int(x.MinNumberOfDigits), int(x.MaxNumberOfDigits), x.TerminatorDigits
	case *sma.PlayAudioAndGetDigits:
		pattern, low, high, ends = x.InputDigitsRegex, int(x.MinNumberOfDigits), int(x.MaxNumberOfDigits), x.TerminatorDigits
	case *sma.CollectDigits:
		pattern, low, high, ends = "", 1, int(x.MaxLength), nil
		if n := len(x.Terminator); n > 0 {
			ends = sma.Digits{x.Terminator[n-1:]}
		}
	default:
		return "", 0, 0, nil
	}
	if ends == nil {
		ends = sma.Digits{"#"}
	}
	return pattern, low, high, ends
}

func contains(set sma.Digits, key string) bool {
	for _, k := range set {
		if k == key {
			return true
		}
	}
	return false
}

func wordFails(p *player, args []string, _ map[string]string) error {
	code := sma.InvalidAudioSource
	if len(args) == 1 {
		code = sma.ErrorType(args[0])
	}
	p.pending = nil // the relay's answer replaces the rest of the batch
	return p.event(sma.ActionFailed, &sma.ActionData{ErrorType: code})
}

func wordRefuses(p *player, _ []string, _ map[string]string) error {
	p.pending = nil
	return p.step(call(&sma.Event{InvocationEventType: sma.InvalidLambdaResponse, ErrorType: sma.InvalidActionParameter}))
}

func wordAfter(p *player, args []string, _ map[string]string) error {
	if len(args) != 1 {
		return errors.New("want a time such as 30s")
	}
	d, err := seconds(args[0])
	if err != nil {
		return err
	}
	p.env.Now = p.env.Now.Add(d)
	if p.current == nil || len(p.pending) > 0 {
		return nil
	}
	if loop, ok := p.current.Parameters.(*sma.PlayLoop); ok && loop.InterruptAfterMs > 0 && d.Milliseconds() >= int64(loop.InterruptAfterMs) {
		return p.event(sma.ActionSuccessful, &sma.ActionData{Huawu: &sma.Outcome{Interrupted: true}})
	}
	return nil
}

func wordCaller(p *player, args []string, _ map[string]string) error {
	if len(args) != 2 || args[0] != "hangs" {
		return errors.New("want: caller hangs up")
	}
	p.pending = nil
	return p.send(sma.Hangup, &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On(legA)}})
}

func wordOther(p *player, _ []string, _ map[string]string) error {
	return p.send(sma.Hangup, &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On(legB)}})
}

func wordAnswers(p *player, _ []string, _ map[string]string) error {
	return p.event(sma.ActionSuccessful, &sma.ActionData{CallID: legA})
}

func wordUnanswered(p *player, args []string, _ map[string]string) error {
	code := sma.CallNotAnswered
	if len(args) == 1 {
		code = sma.ErrorType(args[0])
	}
	return p.event(sma.ActionFailed, &sma.ActionData{ErrorType: code})
}

func wordResumes(p *player, _ []string, _ map[string]string) error {
	p.pending, p.current = nil, nil
	return p.step(resume())
}

// wrong says what was wanted and what came.
func wrong(a *sma.Action) error { return fmt.Errorf("instead it %s", describe(a)) }
