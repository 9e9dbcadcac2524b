package story

import (
	"encoding/json"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// happen makes up the event that ends an action the way the way wants it; nil
// ends the call.
func (t *traveller) happen(s interp.State, a sma.Action) interp.Event {
	d := &sma.ActionData{Type: a.Type, Parameters: a.Parameters}
	kind := sma.ActionSuccessful
	branch := ""
	if s.Phase == interp.Media && s.Flow == t.program.ID {
		branch = t.want[s.At]
	}
	switch p := a.Parameters.(type) {
	case *sma.SpeakAndGetDigits, *sma.PlayAudioAndGetDigits:
		kind = t.digits(s.At, branch, d)
	case *sma.CollectDigits:
		if kind = t.digits(s.At, branch, d); p.Encrypt != nil && d.ReceivedDigits != "" {
			d.ReceivedDigits, d.Huawu = "c2VhbGVk", &sma.Outcome{Encrypted: true}
		}
	case *sma.StartBotConversation:
		kind = t.intent(s.At, branch, d)
	case *sma.CallAndBridge:
		if branch == string(flow.ConnectionTimeLimitExceeded) {
			kind, d.ErrorType = sma.ActionFailed, sma.CallNotAnswered
		} else if branch != "" && branch != "NextAction" {
			kind, d.ErrorType = sma.ActionFailed, sma.SystemException
		}
	case *sma.PlayLoop:
		if !isCondition(t.program, s.At, branch) && !isError(branch) {
			return nil // it plays on
		}
		if isError(branch) {
			kind, d.ErrorType = sma.ActionFailed, sma.InvalidAudioSource
		} else {
			delete(t.want, s.At) // the second time it plays on
		}
	default:
		if isError(branch) {
			kind, d.ErrorType = sma.ActionFailed, sma.SystemException
		}
	}
	return call(&sma.Event{InvocationEventType: kind, ActionData: d})
}

// isError reports whether a branch is that of an error.
func isError(branch string) bool {
	return branch != "" && branch != "NextAction" && !strings.HasPrefix(branch, "=") && !strings.HasPrefix(branch, "Number") && !strings.HasPrefix(branch, "Text")
}

// digits types what makes an input take a branch.
func (t *traveller) digits(at, branch string, d *sma.ActionData) sma.EventType {
	_, then, _ := t.program.Action(at)
	switch flow.ErrorType(branch) {
	case flow.InputTimeLimitExceeded:
		d.ErrorType = sma.SystemException
		return sma.ActionFailed
	case flow.NoMatchingError:
		d.ErrorType = sma.InvalidAudioSource
		return sma.ActionFailed
	case flow.InvalidPhoneNumber:
		d.ReceivedDigits = "1"
		return sma.ActionSuccessful
	case flow.NoMatchingCondition:
		d.ReceivedDigits = "0"
		for _, key := range "0123456789*#" {
			if !isCondition(t.program, at, "="+string(key)) {
				d.ReceivedDigits = sma.Text(key)
			}
		}
		return sma.ActionSuccessful
	}
	d.ReceivedDigits = "13800135678"
	for _, c := range then.Conditions {
		if branchName(c.Condition) == branch {
			d.ReceivedDigits = sma.Text(c.Condition.Operands[0].String())
		}
	}
	return sma.ActionSuccessful
}

// intent is what makes a bot take a branch.
func (t *traveller) intent(at, branch string, d *sma.ActionData) sma.EventType {
	_, then, _ := t.program.Action(at)
	name := "NoSuchIntent"
	switch flow.ErrorType(branch) {
	case flow.InputTimeLimitExceeded:
		d.ErrorType = sma.SystemException
		return sma.ActionFailed
	case flow.NoMatchingError:
		d.ErrorType = sma.ResourceNotFound
		return sma.ActionFailed
	}
	for _, c := range then.Conditions {
		if branchName(c.Condition) == branch {
			name = c.Condition.Operands[0].String()
		}
	}
	raw, err := json.Marshal(map[string]any{"SessionState": map[string]any{"Intent": map[string]any{"Name": name}}})
	if err != nil {
		return sma.ActionFailed
	}
	d.IntentResult = raw
	return sma.ActionSuccessful
}

// otherParty hangs up a party that a flow has called; nil if there is none.
func (t *traveller) otherParty(s interp.State) interp.Event {
	kind, _, _ := t.program.Action(s.At)
	if kind != "TransferParticipantToThirdParty" {
		return nil
	}
	return call(&sma.Event{InvocationEventType: sma.Hangup, ActionData: &sma.ActionData{Type: sma.TypeHangup, Parameters: &sma.HangUp{Target: sma.On(legB)}}})
}
