package sma

import (
	"encoding/json"
	"strings"
)

// ActionType names an action: Action.Type and ActionData.Type.
type ActionType string

// Parameters are the parameters of one action type. Each implementation is a
// pointer to the struct named after its type, for example *Speak; a type that
// this package does not know is *Unknown.
type Parameters interface {
	// ActionType returns the type the parameters belong to.
	ActionType() ActionType
	// Leg returns what leg the action is for: a CallId, else a tag, else neither.
	Leg() (callID string, tag Tag)
}

// Action is one thing a relay is asked to do.
type Action struct {
	Type       ActionType
	Parameters Parameters // never nil after decoding
	Extra      Extra
}

// Do makes actions of parameters, in order.
func Do(list ...Parameters) []Action {
	actions := make([]Action, len(list))
	for i, p := range list {
		actions[i] = Action{Type: p.ActionType(), Parameters: p}
	}
	return actions
}

// UnmarshalJSON reads an action; absent parameters are empty ones. Parameters
// of a wrong JSON type are kept as *Unknown with the fault, so that one bad
// action does not make the others unreadable: Check reports it.
func (a *Action) UnmarshalJSON(data []byte) error {
	var head struct{ Type ActionType }
	extra, err := decode(data, &head)
	if err != nil {
		return err
	}
	raw := extra["Parameters"]
	delete(extra, "Parameters")
	p, err := readParameters(head.Type, raw)
	if err != nil {
		p = &Unknown{Type: head.Type, Raw: raw, Fault: err.Error()}
	}
	*a = Action{Type: head.Type, Parameters: p, Extra: extra.rest()}
	return nil
}

// MarshalJSON writes the action as {"Type": …, "Parameters": {…}}.
func (a Action) MarshalJSON() ([]byte, error) {
	raw, err := rawParameters(a.Parameters)
	if err != nil {
		return nil, err
	}
	return encode(struct {
		Type       ActionType
		Parameters json.RawMessage
	}{a.Type, raw}, a.Extra)
}

// Unknown holds the parameters of an action that this package does not know,
// or cannot read: then Fault says why.
type Unknown struct {
	Type  ActionType
	Raw   json.RawMessage
	Fault string
}

// ActionType returns the type as it was written.
func (u *Unknown) ActionType() ActionType { return u.Type }

// Leg returns the CallId and ParticipantTag if the raw parameters have them.
func (u *Unknown) Leg() (string, Tag) {
	var t Target
	if json.Unmarshal(u.Raw, &t) != nil {
		return "", ""
	}
	return t.Leg()
}

// MarshalJSON writes the parameters as they were read.
func (u *Unknown) MarshalJSON() ([]byte, error) {
	if len(u.Raw) == 0 {
		return []byte("{}"), nil
	}
	return u.Raw, nil
}

// splitError takes "Type: message" apart.
func splitError(text, message string) (ErrorType, string) {
	kind, rest, ok := strings.Cut(text, ":")
	if ok && message == "" {
		message = strings.TrimSpace(rest)
	}
	return ErrorType(strings.TrimSpace(kind)), message
}
