package story

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// What the caller and the outside notice.

func call(e *sma.Event) interp.Event { return interp.Call{Event: e} }

func resume() interp.Event { return interp.Resume{} }

func wordSays(p *player, args []string, _ map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	if s, ok := a.Parameters.(*sma.Speak); ok && strings.Contains(s.Text, strings.Join(args, " ")) {
		return nil
	}
	return wrong(a)
}

func wordPlays(p *player, args []string, _ map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	if s, ok := a.Parameters.(*sma.PlayAudio); ok && soundName(s.AudioSource, s.Huawu) == strings.Join(args, " ") {
		return nil
	}
	return wrong(a)
}

func wordAsks(p *player, args []string, set map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	text, ok := strings.Join(args, " "), false
	switch x := a.Parameters.(type) {
	case *sma.SpeakAndGetDigits:
		ok = strings.Contains(x.SpeechParameters.Text, text)
	case *sma.PlayAudioAndGetDigits:
		ok = soundName(x.AudioSource, x.Huawu) == text
	case *sma.CollectDigits:
		ok = slices.ContainsFunc(messageNames(x.Prompts), func(s string) bool { return strings.Contains(s, text) })
		ok = ok && (set["sealed"] != "true" || x.Encrypt != nil)
	}
	if !ok {
		return wrong(a)
	}
	return nil
}

func wordLoops(p *player, args []string, set map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	x, ok := a.Parameters.(*sma.PlayLoop)
	if !ok {
		return wrong(a)
	}
	names := messageNames(x.Messages)
	if len(names) != len(args) {
		return wrong(a)
	}
	for i := range args {
		if !strings.Contains(names[i], args[i]) {
			return wrong(a)
		}
	}
	if text, ok := set["interrupt"]; ok && text != fmt.Sprint(int(x.InterruptAfterMs)/1000)+"s" {
		return fmt.Errorf("it is interrupted after %d ms", x.InterruptAfterMs)
	}
	if text, ok := set["resume"]; ok && text != fmt.Sprint(bool(x.Resume)) {
		return fmt.Errorf("resume is %t", x.Resume)
	}
	return nil
}

func wordTalks(p *player, args []string, _ map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	if a.Type != sma.TypeStartBotConversation || !strings.Contains(describe(a), strings.Join(args, " ")) {
		return wrong(a)
	}
	return nil
}

func wordPauses(p *player, args []string, _ map[string]string) error {
	return p.exactly("pauses", args)
}

func wordHangs(p *player, args []string, _ map[string]string) error { return p.exactly("hangs", args) }

func wordSends(p *player, args []string, _ map[string]string) error { return p.exactly("sends", args) }

// exactly wants an action whose description is the line.
func (p *player) exactly(word string, args []string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	if describe(a) != word+" "+strings.Join(args, " ") {
		return wrong(a)
	}
	return nil
}

func wordCalls(p *player, args []string, set map[string]string) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	x, ok := a.Parameters.(*sma.CallAndBridge)
	if !ok || len(args) != 1 || string(x.Endpoints[0].URI) != args[0] {
		return wrong(a)
	}
	if text, ok := set["timeout"]; ok && text != fmt.Sprint(int(x.CallTimeoutSeconds))+"s" {
		return fmt.Errorf("the timeout is %d s", x.CallTimeoutSeconds)
	}
	if text, ok := set["caller"]; ok && text != string(x.CallerIDNumber) {
		return fmt.Errorf("the caller id is %s", x.CallerIDNumber)
	}
	return nil
}

func wordRecords(p *player, _ []string, _ map[string]string) error {
	return p.ofType(sma.TypeStartCallRecording)
}

func wordStops(p *player, _ []string, _ map[string]string) error {
	return p.ofType(sma.TypeStopCallRecording)
}

func (p *player) ofType(t sma.ActionType) error {
	a, err := p.want()
	if err != nil {
		return err
	}
	if a.Type != t {
		return wrong(a)
	}
	return nil
}

func wordSilent(p *player, _ []string, _ map[string]string) error {
	if len(p.pending) == 0 {
		if err := p.goOn(); err != nil {
			return err
		}
	}
	if len(p.pending) > 0 {
		return wrong(&p.pending[0])
	}
	return nil
}

// wordReply wants an effect on the outside; names that are not told do not matter.
func wordReply(p *player, args []string, _ map[string]string) error {
	if len(p.pending) == 0 && !p.happened(args) {
		if err := p.goOn(); err != nil {
			return err
		}
	}
	if p.happened(args) {
		return nil
	}
	return fmt.Errorf("it did not happen; what did: %s", strings.Join(p.replies, "; "))
}

// happened takes the first note that has every word of a line.
func (p *player) happened(want []string) bool {
	for i, note := range p.replies {
		have := splitNote(note)
		if have[0] != want[0] {
			continue
		}
		if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) && !strings.Contains(note, w) }) {
			p.replies = slices.Delete(p.replies, i, i+1)
			return true
		}
		return false
	}
	return false
}

func splitNote(note string) []string {
	words, err := split(note)
	if err != nil || len(words) == 0 {
		return []string{note}
	}
	return words
}

func wordAsked(p *player, args []string, _ map[string]string) error {
	return wordReply(p, append([]string{"data"}, args...), nil)
}

func wordAttribute(p *player, _ []string, set map[string]string) error {
	if len(set) == 0 {
		return errors.New("want name=value")
	}
	for name, value := range set {
		if have := p.state.Attributes[name]; have != value {
			return fmt.Errorf("%s is %q", name, have)
		}
	}
	return nil
}

// wordState compares fields of the state under their JSON names; a dot goes into objects.
func wordState(p *player, args []string, set map[string]string) error {
	raw, err := json.Marshal(p.state)
	if err != nil {
		return err
	}
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		return err
	}
	for name, value := range set {
		v := root
		for key := range strings.SplitSeq(name, ".") {
			m, _ := v.(map[string]any)
			v = m[key]
		}
		have := fmt.Sprint(v)
		if v == nil {
			have = ""
		}
		if have != value {
			return fmt.Errorf("%s is %q", name, have)
		}
	}
	if len(args) > 0 {
		return errors.New("want name=value")
	}
	return nil
}

func wordEnded(p *player, args []string, _ map[string]string) error {
	if len(p.pending) == 0 && p.ended == "" {
		if err := p.goOn(); err != nil {
			return err
		}
	}
	if want := strings.Join(args, " "); string(p.ended) != want {
		return fmt.Errorf("it is %q", p.ended)
	}
	return nil
}

func wordBroken(p *player, args []string, _ map[string]string) error {
	if len(p.pending) == 0 && p.fault == nil {
		if err := p.goOn(); err != nil {
			return err
		}
	}
	if p.fault == nil {
		return errors.New("the flow has no fault")
	}
	if want := strings.Join(args, " "); !strings.Contains(p.fault.Error(), want) {
		return fmt.Errorf("the fault is: %w", p.fault)
	}
	p.fault = nil
	return nil
}

func wordVoice(p *player, args []string, _ map[string]string) error {
	var have sma.Speech
	if p.current != nil {
		switch x := p.current.Parameters.(type) {
		case *sma.Speak:
			have = x.Speech
		case *sma.SpeakAndGetDigits:
			have = x.SpeechParameters
		}
	}
	if want := strings.Join(args, " "); strings.TrimSpace(have.VoiceID+" "+have.LanguageCode+" "+have.Engine) != want {
		return fmt.Errorf("it is %s %s %s", have.VoiceID, have.LanguageCode, have.Engine)
	}
	return nil
}
