// Package interp runs flows. Step takes the state of one contact's flow and
// what happened, and returns the new state and what to do: a batch of call
// control actions, or one question to the outside.
//
// It decides which action of a flow is next, what attributes hold, and how
// flow actions become the fewest possible answers to a relay. It does no I/O
// and knows no clock: shared/ivr loads flows, carries out questions, keeps the
// state and moves contacts; a queued contact's offers and bridges are ivr's too.
package interp

import (
	"time"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// Env is what a step may know besides the state. Nothing in it is changed.
type Env struct {
	Now     time.Time
	Contact Contact
	CallID  string              // the leg the flow talks to: leg A, or the agent's for its whispers
	Can     []sma.Capability    // what the relay offers beyond the core contract
	Flows   map[string]*Program // what LoadFlow asked for; nil for a flow that does not exist

	Bots              bool                // bots are the outside's (FindBot, Understand), not the relay's
	Language          string              // BCP 47, of a contact that set no voice and no language; default en-US
	PromptBucket      string              // where prompts/<id>.wav lie for relays that know no prompts
	RecordingLocation string              // bucket[/prefix] of recordings of the IVR part; "" records none
	QueueMusic        string              // prompt of the built-in queue flow; default DefaultMusic
	Trace             bool                // fill Out.Visits
	Apart             bool                // what each action plays is an answer of its own, for those who look in between or have little room
	Override          map[string]Override // outcomes of actions by identifier, for tests; nil in production
}

// Override is what an action comes to in place of being run. Exactly one field is set.
type Override struct {
	Error flow.ErrorType // it takes this error branch
	Value string         // its result, to be held against its conditions; may hold references
}

// DefaultMusic is the prompt the built-in customer queue flow loops.
const DefaultMusic = "queue-music"

// Contact is what the outside knows about the contact, for references such as
// $.CustomerEndpoint.Address and for functions. What flows change is in State.
type Contact struct {
	ID               string
	InitialID        string
	PreviousID       string
	RelatedID        string
	TaskID           string
	Channel          string // VOICE when empty
	InitiationMethod string // INBOUND when empty
	InstanceARN      string
	Region           string
	Customer         Endpoint
	System           Endpoint
	Agent            Agent             // only in hold, whisper and transfer flows
	SIPHeaders       map[string]string // $.Media.Sip.Headers.*
	Tags             map[string]string
	Segment          map[string]string // $.SegmentAttributes['connect:Subtype'].ValueString
	Position         int               // in the queue from 1; 0 is not known
	CallProgress     string            // of a campaign's call: CallAnswered, VoicemailBeep, VoicemailNoBeep; "" is NotDetected
}

// Endpoint is an address of a party; a TELEPHONE_NUMBER when Type is empty.
type Endpoint struct {
	Address string
	Type    string
}

// Agent is the agent of the contact.
type Agent struct {
	ARN, UserName, FirstName, LastName string
}

// Out is what a step wants: either an Ask, or Actions to answer the event with.
type Out struct {
	Ask     Ask          // a question; nil if Actions is the answer
	Actions []sma.Action // may be empty: what the relay plays goes on
	Ended   End          // set when the flow is over
	Err     error        // what was wrong with the flow when the caller hears the fallback; not for callers
	Visits  []Visit      // what was passed, if Env.Trace
}

// End says how a flow ended; it is empty while it runs.
type End string

// The ends.
const (
	Disconnected End = "disconnected" // the last action is a Hangup
	Returned     End = "returned"     // a whisper, hold or module test ran to its end: nothing is hung up
	Failed       End = "failed"       // the fallback is said and the call hung up
	CallerLeft   End = "caller_left"  // the caller's leg is gone
)

// Visit is one action that was passed, for coverage and journeys.
type Visit struct {
	Flow   string
	Action string
	Branch string // "NextAction", an error type, operator and operands of a condition; "waits"; "" at an end
	To     string // the next action, "" if the flow ended here
}

// Phase is what the action at State.At waits for.
type Phase string

// The phases.
const (
	Ready Phase = ""  // it has not begun: the batch before it plays, or the flow starts
	Media Phase = "m" // it waits for its call control action
	Asked Phase = "q" // it waits for the answer to its question
	Over  Phase = "x" // the flow has ended
)

// Valid reports whether a flow of type t can be a hook, so that configuration
// can be checked before a call.
func (h Hook) Valid(t flow.Type) bool {
	switch h {
	case HookCustomerQueue:
		return t == flow.CustomerQueue
	case HookCustomerHold:
		return t == flow.CustomerHold
	case HookAgentHold:
		return t == flow.AgentHold
	case HookCustomerWhisper:
		return t == flow.CustomerWhisper || t == flow.OutboundWhisper
	case HookAgentWhisper:
		return t == flow.AgentWhisper
	case HookCustomerRemaining:
		return t == flow.ContactFlow
	}
	return false
}
