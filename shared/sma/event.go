package sma

import (
	"encoding/json"
	"slices"
)

// Event is one question of a relay. TransactionID and Sequence name it: a
// repeated Sequence must get the same answer.
type Event struct {
	SchemaVersion       string      `json:"SchemaVersion"`
	Sequence            Int         `json:"Sequence"` // +1 per invocation of the call, from 1
	InvocationEventType EventType   `json:"InvocationEventType"`
	CallDetails         CallDetails `json:"CallDetails"`
	ActionData          *ActionData `json:"ActionData,omitempty"`   // absent on NEW_*, RINGING, CALL_ANSWERED
	ErrorType           ErrorType   `json:"ErrorType,omitempty"`    // only INVALID_LAMBDA_RESPONSE
	ErrorMessage        string      `json:"ErrorMessage,omitempty"` // only INVALID_LAMBDA_RESPONSE
	Extra               Extra       `json:"-"`
}

// CallDetails is what a relay knows about a call.
type CallDetails struct {
	TransactionID         string        `json:"TransactionId"` // UUID, for the whole call; the contact's id
	TransactionAttributes Attributes    `json:"TransactionAttributes,omitempty"`
	AwsAccountID          Text          `json:"AwsAccountId,omitempty"`
	AwsRegion             string        `json:"AwsRegion,omitempty"`
	SipRuleID             string        `json:"SipRuleId,omitempty"` // inbound calls
	SipMediaApplicationID string        `json:"SipMediaApplicationId,omitempty"`
	Participants          []Participant `json:"Participants"`
	Huawu                 *Offer        `json:"Huawu,omitempty"` // only on routes with extensions
	Extra                 Extra         `json:"-"`
}

// Offer says what a relay offers beyond the core contract, and where it stands.
type Offer struct {
	Version        string       `json:"Version"`
	Tenant         string       `json:"Tenant"`
	RelayID        string       `json:"RelayId"`
	ConversationID string       `json:"ConversationId,omitempty"`
	Capabilities   []Capability `json:"Capabilities"`
}

// Status is whether a leg is up.
type Status string

// The states of a leg; it is empty before the leg is answered.
const (
	Connected    Status = "Connected"
	Disconnected Status = "Disconnected"
)

// Participant is one leg of a call.
type Participant struct {
	CallID                  string     `json:"CallId"`
	ParticipantTag          Tag        `json:"ParticipantTag"`
	To                      Text       `json:"To"`        // E.164 or SIP user; personal data
	From                    Text       `json:"From"`      // E.164; personal data
	Direction               string     `json:"Direction"` // Inbound, Outbound
	StartTimeInMilliseconds Text       `json:"StartTimeInMilliseconds"`
	Status                  Status     `json:"Status,omitempty"`
	SipHeaders              Attributes `json:"SipHeaders,omitempty"`
	Extra                   Extra      `json:"-"`
}

// ActionData is the action an event is about, and what became of it.
type ActionData struct {
	Type                     ActionType      `json:"Type"`
	Parameters               Parameters      `json:"-"` // written as "Parameters"; nil if absent
	ReceivedDigits           Text            `json:"ReceivedDigits,omitempty"`
	CallID                   string          `json:"CallId,omitempty"` // CallAndBridge: leg A
	RecordingDestination     *AudioSource    `json:"RecordingDestination,omitempty"`
	RecordingTerminatorUsed  string          `json:"RecordingTerminatorUsed,omitempty"`
	CallRecordingDestination *Destination    `json:"CallRecordingDestination,omitempty"`
	IntentResult             json.RawMessage `json:"IntentResult,omitempty"`
	ErrorType                ErrorType       `json:"ErrorType,omitempty"`
	ErrorMessage             string          `json:"ErrorMessage,omitempty"`
	Huawu                    *Outcome        `json:"Huawu,omitempty"`
	Extra                    Extra           `json:"-"`
}

// Outcome is what became of an action, beyond the core contract.
type Outcome struct {
	OfferID     string `json:"OfferId,omitempty"`         // CallAndBridge: the offer that was rung
	Answered    bool   `json:"Answered,omitempty"`        // CallAndBridge with AnswerConfirm: B answered and waits
	LegID       string `json:"LegId,omitempty"`           // CallAndBridge with AnswerConfirm: B's CallId
	Interrupted bool   `json:"Interrupted,omitempty"`     // Huawu.PlayLoop: InterruptAfterMs is over
	Reason      string `json:"Reason,omitempty"`          // HANGUP: why, e.g. ReasonRelayLost
	Encrypted   bool   `json:"Encrypted,omitempty"`       // ReceivedDigits is an encrypted message
	Cause       string `json:"Cause,omitempty"`           // why the digits ended, or are none: CauseLength …
	Status      Int    `json:"SipResponseCode,omitempty"` // CallAndBridge: SIP status of the last that was called in vain
	Text        string `json:"Text,omitempty"`            // of an input: what the caller said or typed, where something recognises it
}

// The causes of Huawu.CollectDigits.
const (
	CauseLength     = "length"     // MaxLength was reached
	CauseTerminator = "terminator" // the terminator was typed
	CauseTimeout    = "timeout"    // no further digit came in time
	CausePhone      = "phone"      // with ACTION_FAILED: the digits are no telephone number
)

// ReasonRelayLost is Outcome.Reason of a leg that a relay found in its journal
// after a restart: its media is gone and nobody hung up.
const ReasonRelayLost = "relay_lost"

// UnmarshalJSON reads an event leniently and keeps what it does not know.
func (e *Event) UnmarshalJSON(data []byte) error {
	type plain Event
	*e = Event{}
	extra, err := decode(data, (*plain)(e))
	if err != nil {
		return err
	}
	if e.InvocationEventType == "" { // one page of the guide names it so
		if err := extra.take("InvocationEvent", &e.InvocationEventType); err != nil {
			return err
		}
	}
	if d := e.ActionData; d != nil && e.CallDetails.TransactionID == "" { // an example nests it
		if err := d.Extra.take("CallDetails", &e.CallDetails); err != nil {
			return err
		}
		d.Extra = d.Extra.rest()
	}
	e.Extra = extra.rest()
	return nil
}

// MarshalJSON writes the event with the members it did not know.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	return encode(plain(e), e.Extra)
}

// UnmarshalJSON reads call details; SipApplicationId is the older name of SipMediaApplicationId.
func (c *CallDetails) UnmarshalJSON(data []byte) error {
	type plain CallDetails
	*c = CallDetails{}
	extra, err := decode(data, (*plain)(c))
	if err != nil {
		return err
	}
	if c.SipMediaApplicationID == "" {
		if err := extra.take("SipApplicationId", &c.SipMediaApplicationID); err != nil {
			return err
		}
	}
	c.Extra = extra.rest()
	return nil
}

// MarshalJSON writes the details with the members they did not know.
func (c CallDetails) MarshalJSON() ([]byte, error) {
	type plain CallDetails
	if c.Participants == nil {
		c.Participants = []Participant{}
	}
	return encode(plain(c), c.Extra)
}

// UnmarshalJSON reads a leg and keeps what it does not know.
func (p *Participant) UnmarshalJSON(data []byte) (err error) {
	type plain Participant
	*p = Participant{}
	p.Extra, err = decode(data, (*plain)(p))
	return err
}

// MarshalJSON writes the leg with the members it did not know.
func (p Participant) MarshalJSON() ([]byte, error) {
	type plain Participant
	return encode(plain(p), p.Extra)
}

// UnmarshalJSON reads the data of an action. Besides ErrorType and ErrorMessage
// it knows the two older forms of a failure: Error and ErrorList.
func (d *ActionData) UnmarshalJSON(data []byte) error {
	type plain ActionData
	*d = ActionData{}
	extra, err := decode(data, (*plain)(d))
	if err != nil {
		return err
	}
	if raw, ok := extra["Parameters"]; ok {
		delete(extra, "Parameters")
		if d.Parameters, err = readParameters(d.Type, raw); err != nil {
			return err
		}
	}
	if d.ErrorType == "" {
		if err := d.takeOldError(extra); err != nil {
			return err
		}
	}
	d.Extra = extra.rest()
	return nil
}

// takeOldError reads {"Error": "Type: message"} and {"ErrorList": ["Type"]}.
func (d *ActionData) takeOldError(extra Extra) error {
	var list []string
	if _, ok := extra["Error"]; ok {
		list = append(list, "")
		if err := extra.take("Error", &list[0]); err != nil {
			return err
		}
	} else if err := extra.take("ErrorList", &list); err != nil {
		return err
	}
	if len(list) > 0 {
		d.ErrorType, d.ErrorMessage = splitError(list[0], d.ErrorMessage)
	}
	return nil
}

// MarshalJSON writes the data with its parameters and the members it did not know.
func (d ActionData) MarshalJSON() ([]byte, error) {
	type plain ActionData
	if d.Parameters == nil {
		return encode(plain(d), d.Extra)
	}
	raw, err := rawParameters(d.Parameters)
	if err != nil {
		return nil, err
	}
	return encode(struct {
		plain
		Parameters json.RawMessage `json:"Parameters"`
	}{plain(d), raw}, d.Extra)
}

// Has reports whether the relay that sent e offers a capability.
func (e *Event) Has(c Capability) bool {
	return e.CallDetails.Huawu != nil && slices.Contains(e.CallDetails.Huawu.Capabilities, c)
}

// Leg returns the participant with a tag; ok is false if there is none.
func (e *Event) Leg(tag Tag) (p Participant, ok bool) {
	for _, p := range e.CallDetails.Participants {
		if p.ParticipantTag == tag {
			return p, true
		}
	}
	return Participant{}, false
}

// LegByID returns the participant with a CallId; ok is false if there is none.
func (e *Event) LegByID(callID string) (p Participant, ok bool) {
	for _, p := range e.CallDetails.Participants {
		if p.CallID == callID {
			return p, true
		}
	}
	return Participant{}, false
}

// Live returns the legs that are not disconnected, in the order of the event.
func (e *Event) Live() []Participant {
	var live []Participant
	for _, p := range e.CallDetails.Participants {
		if p.Status != Disconnected {
			live = append(live, p)
		}
	}
	return live
}

// Arguments returns the arguments of a CALL_UPDATE_REQUESTED event, nil for others.
func (e *Event) Arguments() Attributes {
	if e.ActionData == nil {
		return nil
	}
	if u, ok := e.ActionData.Parameters.(*CallUpdateRequest); ok {
		return u.Arguments
	}
	return nil
}
