// Package contact is one interaction of a customer with the centre: its states,
// its items in the table, and the record that remains of it. It decides which
// step may follow which and how a contact and its record are written down. It
// leaves routing to acd, call control to ivr, and who is told of it to event.
package contact

import (
	"slices"
	"time"

	"huawu/shared/fault"
	"huawu/shared/phone"
)

// ID names a contact, a UUIDv7. For voice it is the SMA TransactionId.
type ID string

// OfferID names one offer of one contact to one agent, a UUIDv7. It is minted
// once and never used again: whoever presents it proves to speak of that offer.
type OfferID string

// State is where a contact stands.
type State string

// The states. Abandoned contacts are Completed contacts that no agent had.
const (
	Initiated  State = "INITIATED"  // known, no flow has run
	InFlow     State = "IN_FLOW"    // a flow talks to the customer
	Queued     State = "QUEUED"     // waits for an agent
	Offered    State = "OFFERED"    // rings at one agent
	Connecting State = "CONNECTING" // the agent has accepted, the relay joins the legs
	Connected  State = "CONNECTED"  // customer and agent talk
	Ended      State = "ENDED"      // the talk is over, the agent does after-contact work
	Completed  State = "COMPLETED"  // nothing more happens; never changes again
)

// States lists every state, in the order a contact goes through them.
func States() []State {
	return []State{Initiated, InFlow, Queued, Offered, Connecting, Connected, Ended, Completed}
}

// steps lists the steps that may follow a state. What is not here is a bug or a
// lost race. It is a switch because a package has no mutable variables.
func steps(from State) []State {
	switch from {
	case Initiated:
		return []State{InFlow, Connecting, Completed} // Connecting: an agent calls somebody
	case InFlow:
		return []State{Queued, Offered, Completed} // Offered: nobody waited, and an agent was free
	case Queued:
		return []State{InFlow, Offered, Completed} // InFlow: it left the queue, not the call
	case Offered:
		return []State{Connecting, Queued, Offered, Completed} // Queued: declined or missed; Offered: back to who sent it
	case Connecting:
		return []State{Connected, Queued, Completed} // Queued: the legs could not be joined
	case Connected:
		return []State{Ended, Completed, Queued, Offered, Connecting, InFlow} // the last four: transferred
	case Ended:
		return []State{Completed}
	}
	return nil
}

// ErrStep is the error of a step that the state does not allow.
var ErrStep = fault.New(fault.Conflict, "contact: step not allowed")

// Channel is how the customer talks to us.
type Channel string

// The channels, in the words of Amazon Connect.
const (
	Voice Channel = "VOICE"
	Chat  Channel = "CHAT"
	Email Channel = "EMAIL"
	Task  Channel = "TASK"
)

// Method is how a contact began (Connect InitiationMethod).
type Method string

// The methods in use.
const (
	Inbound  Method = "INBOUND"
	Outbound Method = "OUTBOUND"
	Transfer Method = "TRANSFER"          // a later segment, with an agent
	External Method = "EXTERNAL_OUTBOUND" // a later segment, with somebody outside
	Callback Method = "CALLBACK"          // we call a customer who did not want to wait
	API      Method = "API"               // put there by a program, as the message of a caller is
)

// Reason is why a contact ended: Connect's words for voice in capitals, ours in
// small letters. RelayLost: the relay died while media was up.
type Reason string

// The reasons.
const (
	CustomerLeft  Reason = "CUSTOMER_DISCONNECT"
	AgentLeft     Reason = "AGENT_DISCONNECT"
	FlowEnded     Reason = "CONTACT_FLOW_DISCONNECT"
	TelecomFailed Reason = "TELECOM_PROBLEM"
	ThirdParty    Reason = "THIRD_PARTY_DISCONNECT"
	Barged        Reason = "BARGED" // a supervisor took over
	Other         Reason = "OTHER"
	RelayLost     Reason = "relay_lost"
	QueueTimeout  Reason = "queue_timeout" // it waited longer than its queue lets
	QueueDeleted  Reason = "queue_deleted" // while it waited
)

// Excluded is an agent that a contact is not offered to until a time.
type Excluded struct {
	Agent string
	Until time.Time
}

// Hold counts how often and how long the customer was on hold.
type Hold struct {
	Since   time.Time // set while on hold
	Count   int
	Total   time.Duration
	Longest time.Duration
}

// Contact is one interaction. Invariants: State changes only through Move;
// Since never goes back; a Completed contact never changes again. Its item
// stays below 1 KB, as each write costs by the whole item: attributes and the
// flow's state are in an item of their own. Times are UTC, to the microsecond.
type Contact struct {
	Tenant  string
	ID      ID
	Version int64 // +1 per write, never a condition
	State   State
	Since   time.Time // when State was entered
	Epoch   int64     // changes only when it (again) waits: rows that point here carry it

	Channel  Channel
	Method   Method
	Customer phone.Number
	System   phone.Number // the number that was dialled
	Relay    string       // the relay's queue; "" if no relay holds it
	Language string       // BCP 47

	Queue     string
	Group     string // routing group of Queue
	Priority  int    // 1 is first
	Rank      string // place in Queue; sort order is service order
	Needs     map[string]int
	Steps     []Step    // what it asks for besides, and for how long
	NotBefore time.Time // not offered before; zero = at once
	Excluded  []Excluded
	Enqueued  time.Time // never rewritten while it waits
	Came      time.Time // when the customer first came, by a place in line that was kept; zero: with Enqueued
	Moved     time.Time // when its wait took it to a queue of another group; zero: it did not
	Passed    []string  // queues it was taken from so
	Dequeued  time.Time // when the agent was joined, or it left the queue

	Offer       OfferID
	OfferAgent  string // who it is offered to, then who has it
	AgentLeg    string // CallId of the leg that the agent talks on, once it is known
	RingSeconds int
	Attempts    int                // offers so far
	Why         [MaxChoices]string // Choice of the last ones, by their number
	Record      bool
	Whispers    bool   // flows are bound to the joining of agent and customer
	Recording   string // where the recording goes, once it runs

	Initiated    time.Time
	ToSystem     time.Time // when the system answered
	AgentJoined  time.Time
	Hold         Hold
	Disconnected time.Time
	ACWSeconds   int       // time for after-contact work, 0 = none
	ACWManual    bool      // after-contact work ends only when the agent says so, and ACWSeconds is what it should take
	ACWUntil     time.Time // set in Ended, if ACWSeconds is
	Reason       Reason
	Disposition  string
	Segment      int // this one's number; 0 is the first

	// What only a contact has that was transferred, or more than two talk in.
	Left      bool         // this is a segment that its agent has left: see Leave
	Previous  int          // number of the segment before this one, from Segment 1 on
	Next      int          // number of the segment after this one; 0 = none
	Last      int          // highest number that was given to a segment; 0 = Segment
	From      string       // agent who had the segment before
	FromOffer OfferID      // by which From had it, if it is sent to one agent or number
	Dial      phone.Number // number outside that it was sent to; it has no agent then
	Flow      string       // flow that it was sent to
	Talk      bool         // there is a Talk

	// What only a callback has.
	Tries         Tries
	CustomerFirst bool      // the customer is called before there is an agent
	Calling       time.Time // since when the customer is being called for that; zero: not now
	Window        string    // id of the hours in which the customer may be called; "": its queue's

	Related ID // contact that it is about: of a message, the caller's
}

// CanMove reports whether a step is allowed.
func CanMove(from, to State) bool { return slices.Contains(steps(from), to) }

// Move takes c to state to at time now, or returns ErrStep and leaves c as is.
func (c *Contact) Move(to State, now time.Time) error {
	if !CanMove(c.State, to) {
		return fault.Wrap(fault.Conflict, ErrStep, "%s %s→%s", c.ID, c.State, to)
	}
	c.State = to
	if now.After(c.Since) { // clocks of two machines may disagree
		c.Since = Instant(now)
	}
	return nil
}

// Requeue takes c back to Queued for another try, not with the agent that had
// the offer before until. It keeps its rank, so it keeps its place.
func (c *Contact) Requeue(now, until time.Time) error {
	agent := c.OfferAgent
	if err := c.Move(Queued, now); err != nil {
		return err
	}
	c.Epoch++
	c.Offer, c.OfferAgent, c.AgentLeg, c.RingSeconds = "", "", "", 0
	if c.ToCall() {
		c.Relay = "" // its next call may be placed by another one
	}
	c.unsend(now)
	c.Excluded = slices.DeleteFunc(c.Excluded, func(e Excluded) bool { return e.Agent == agent || !e.Until.After(now) })
	if agent != "" && until.After(now) {
		c.Excluded = append(c.Excluded, Excluded{agent, Instant(until)})
	}
	if n := len(c.Excluded); n > maxExcluded {
		c.Excluded = c.Excluded[n-maxExcluded:] // the oldest have waited longest
	}
	return nil
}

const maxExcluded = 8

// FirstCame is when the customer came, from which the place in line counts.
func (c *Contact) FirstCame() time.Time {
	if c.Came.IsZero() {
		return c.Enqueued
	}
	return c.Came
}

// Live reports whether an agent is bound to c: by an offer, a talk or
// after-contact work.
func (c *Contact) Live() bool {
	switch c.State {
	case Offered, Connecting, Connected, Ended:
		return true
	}
	return false
}

// StartHold marks the customer as on hold; again is no change.
func (c *Contact) StartHold(now time.Time) {
	if c.Hold.Since.IsZero() {
		c.Hold.Since = Instant(now)
		c.Hold.Count++
	}
}

// StopHold ends a hold; without one it is no change.
func (c *Contact) StopHold(now time.Time) {
	if c.Hold.Since.IsZero() {
		return
	}
	d := max(0, Instant(now).Sub(c.Hold.Since))
	c.Hold.Total += d
	c.Hold.Longest = max(c.Hold.Longest, d)
	c.Hold.Since = time.Time{}
}

// Instant returns t as the table keeps it: UTC, to the microsecond.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
