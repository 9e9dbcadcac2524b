package sma

import (
	"bytes"
	"encoding/json"
	"time"
)

// Response is the answer to an event. No actions keep the list that is running;
// any action replaces everything after the running one.
type Response struct {
	SchemaVersion         string     `json:"SchemaVersion"`
	Actions               []Action   `json:"Actions"`
	TransactionAttributes Attributes `json:"TransactionAttributes,omitzero"` // nil keeps, {} clears
	Extra                 Extra      `json:"-"`
}

// Keep is the response without actions: what runs goes on.
func Keep() Response { return Response{SchemaVersion: SchemaVersion, Actions: []Action{}} }

// Respond makes a response of actions.
func Respond(actions ...Action) Response {
	if actions == nil {
		actions = []Action{}
	}
	return Response{SchemaVersion: SchemaVersion, Actions: actions}
}

// UnmarshalJSON reads what handlers answer: JSON that is not an object, or has
// no Actions, is a response without actions; attributes that are null count as
// absent. Only what is no JSON at all is an error.
func (r *Response) UnmarshalJSON(data []byte) error {
	type plain Response
	*r = Keep()
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' {
		return nil
	}
	var read plain
	extra, err := decode(data, &read)
	if err != nil {
		return err
	}
	*r = Response(read)
	r.Extra = extra
	if r.SchemaVersion == "" {
		r.SchemaVersion = SchemaVersion
	}
	if r.Actions == nil {
		r.Actions = []Action{}
	}
	return nil
}

// MarshalJSON writes the response; Actions is always a list.
func (r Response) MarshalJSON() ([]byte, error) {
	type plain Response
	if r.SchemaVersion == "" {
		r.SchemaVersion = SchemaVersion
	}
	if r.Actions == nil {
		r.Actions = []Action{}
	}
	return encode(plain(r), r.Extra)
}

// Update is a command to a running call. It travels through the queue of the
// call's relay, which turns it into a CALL_UPDATE_REQUESTED event. A relay
// drops one that waited too long, by the queue's own clock: sender and relay
// may differ by minutes. It drops what it has seen before, too: a queue
// delivers at least once and in any order.
type Update struct {
	TransactionID string     `json:"TransactionId"`
	Sequence      int64      `json:"Sequence"`     // grows with each update its sender makes for the call
	ID            string     `json:"Id"`           // of this update; made once, however often it is sent
	ValidSeconds  int        `json:"ValidSeconds"` // after it was sent; 0: for ever
	Arguments     Attributes `json:"Arguments"`    // at most 20 pairs; "huawu" names the verb
}

// Late reports whether an update that waited so long is not to be obeyed any more.
func (u Update) Late(waited time.Duration) bool { return late(u.ValidSeconds, waited) }

func late(validSeconds int, waited time.Duration) bool {
	return validSeconds > 0 && waited > time.Duration(validSeconds)*time.Second
}

// Verbs of Update.Arguments["huawu"].
const (
	VerbRing    = "ring"    // ring an agent's phone for an offer
	VerbUnring  = "unring"  // stop that
	VerbConnect = "connect" // call the device of an agent who accepted
	VerbJoin    = "join"    // join caller and agent, if that is not done or its word was lost
	VerbTalk    = "talk"    // let the legs talk as the contact and its talk say by now
	VerbDigits  = "digits"  // send digits to the customer's leg
	VerbHold    = "hold"
	VerbResume  = "resume"
	VerbHangup  = "hangup" // the agent ends the call
)

// Names of Update.Arguments.
const (
	ArgVerb        = "huawu"
	ArgOfferID     = "offerId"
	ArgAgentID     = "agentId"
	ArgURI         = "uri"
	ArgRingSeconds = "ringSeconds"
	ArgDigits      = "digits"
	ArgSince       = "since" // talk: the version of the talk that it is about
)

// ReadResponse decodes a handler's answer.
func ReadResponse(data []byte) (Response, error) {
	var r Response
	err := json.Unmarshal(data, &r)
	return r, err
}
