package sma

import "time"

// CallQueue is where calls to be placed wait for a relay that has room.
const CallQueue = "calls"

// Purpose says what a call is placed for; it is for logs and counts.
type Purpose string

// The purposes.
const (
	PurposeAgent    Purpose = "agent"    // an agent calls somebody
	PurposeCallback Purpose = "callback" // a customer gets the call that was asked for
	PurposeFlow     Purpose = "flow"     // a flow talks to the customer
)

// AttrOffer is the transaction attribute that carries the offer an agent's device
// is called for.
const AttrOffer = "huawuOffer"

// AttrCall is the transaction attribute that tells the calls apart by which the
// customer of a callback is called before there is an agent.
const AttrCall = "huawuCall"

// Place is the message by which somebody has a call placed. The same TransactionID
// makes one call, however often its message comes. With Agent it is the agent's
// device that is called, and becomes LEG-B: LEG-A is the customer's, whom the
// function calls as soon as the agent is there. Without, To is the customer.
type Place struct {
	Tenant        string     `json:"tenant"`
	TransactionID string     `json:"transactionId"` // UUIDv7, made by whoever asks
	Purpose       Purpose    `json:"purpose"`
	To            string     `json:"to"`    // number, or with Agent the SIP user of the device
	Agent         string     `json:"agent"` // id
	AutoAnswer    bool       `json:"autoAnswer,omitempty"`
	CallerID      string     `json:"callerId"`
	RingSeconds   int        `json:"ringSeconds,omitempty"` // 0: 30
	ValidSeconds  int        `json:"validSeconds"`          // after it was sent; no call is begun later
	Attributes    Attributes `json:"attributes,omitempty"`  // TransactionAttributes of its events
}

// Late reports whether a call whose message waited so long is not to be begun.
func (p Place) Late(waited time.Duration) bool { return late(p.ValidSeconds, waited) }
