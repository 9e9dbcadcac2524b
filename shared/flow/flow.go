// Package flow is the Amazon Connect flow language, version 2019-10-30, as
// teams export it: the envelope, its wrapper forms, references to attributes,
// conditions and errors.
//
// It decides what a flow is, whether it is valid, and what is wrong with it by
// action and field. It leaves running a flow to flow/interp and the outside
// world to shared/ivr. Where exports and the reference differ, exports are right.
package flow

import (
	"encoding/json"
	"strings"
)

// Version is the only version of the language.
const Version = "2019-10-30"

// Limits of a flow. Source: spec, contracts/flow-actions.json "envelope".
const (
	MaxActions      = 250     // actions in a flow
	MaxBytes        = 4 << 20 // a document with its wrapper; a flow itself is under 1 MB
	MaxDepth        = 64      // nesting of JSON values
	MaxBranches     = 300     // errors, and conditions, of an action
	MaxIdentifier   = 50      // characters of an action's identifier
	MaxTextChars    = 6000    // a prompt's text
	MaxModuleNests  = 5       // modules that call modules
	MaxLogicSteps   = 1000    // actions between two that play or collect
	MaxFunctionWait = 8       // seconds of a synchronous function
)

// Type is what a flow is for.
type Type string

// The types of flows.
const (
	ContactFlow     Type = "CONTACT_FLOW" // inbound, and disconnect hooks
	CustomerQueue   Type = "CUSTOMER_QUEUE"
	CustomerHold    Type = "CUSTOMER_HOLD"
	CustomerWhisper Type = "CUSTOMER_WHISPER"
	OutboundWhisper Type = "OUTBOUND_WHISPER"
	AgentHold       Type = "AGENT_HOLD"
	AgentWhisper    Type = "AGENT_WHISPER"
	AgentTransfer   Type = "AGENT_TRANSFER"
	QueueTransfer   Type = "QUEUE_TRANSFER"
	Campaign        Type = "CAMPAIGN"
	Module          Type = "MODULE" // ours: a flow module has no code of its own in exports
)

// Types returns every type of flow.
func Types() []Type {
	return []Type{ContactFlow, CustomerQueue, CustomerHold, CustomerWhisper, OutboundWhisper,
		AgentHold, AgentWhisper, AgentTransfer, QueueTransfer, Campaign, Module}
}

// Flow is one program of an IVR. What this package does not interpret it keeps
// byte for byte.
type Flow struct {
	Version     string
	StartAction string
	Actions     []Action
	Metadata    json.RawMessage // nil if absent
	Settings    json.RawMessage // nil if absent
	Extra       map[string]json.RawMessage

	Name string // from the wrapper, else from Metadata
	Type Type   // from the wrapper, else from Metadata, else guessed
	Wrap Wrapper
}

// Wrapper is the object around a flow, as tools that deploy flows write it.
type Wrapper struct {
	Form  Form
	Extra map[string]json.RawMessage // Name, Type, Tags, Description …; not Content
}

// Form is how a document holds its flow.
type Form string

// The forms.
const (
	Bare          Form = ""       // the document is the flow
	ContentObject Form = "object" // {"Content": {…}}
	ContentString Form = "string" // {"Content": "{…}"}
)

// Action is one step of a flow.
type Action struct {
	Identifier  string
	Type        string
	Parameters  json.RawMessage // nil if absent
	Transitions Transitions
	Extra       map[string]json.RawMessage
}

// Transitions are the ends of an action. All may be absent: an action without
// any is the last one.
type Transitions struct {
	NextAction string
	Errors     []ErrorBranch
	Conditions []ConditionBranch
	Extra      map[string]json.RawMessage
}

// ErrorBranch is where an action goes after an error.
type ErrorBranch struct {
	NextAction string
	ErrorType  ErrorType
}

// ConditionBranch is where an action goes when its result meets a condition.
type ConditionBranch struct {
	NextAction string
	Condition  Condition
}

// ErrorType names an error branch.
type ErrorType string

// The error branches.
const (
	NoMatchingError             ErrorType = "NoMatchingError" // any error without a branch of its own
	NoMatchingCondition         ErrorType = "NoMatchingCondition"
	InputTimeLimitExceeded      ErrorType = "InputTimeLimitExceeded"
	InvalidPhoneNumber          ErrorType = "InvalidPhoneNumber"
	QueueAtCapacity             ErrorType = "QueueAtCapacity"
	ConnectionTimeLimitExceeded ErrorType = "ConnectionTimeLimitExceeded"
	CallFailed                  ErrorType = "CallFailed"
	InvalidCallbackNumber       ErrorType = "InvalidCallbackNumber"
	CallbackNumberNotDialable   ErrorType = "CallbackNumberNotDialable"
	ChannelMismatch             ErrorType = "ChannelMismatch"
	ContactNotLinked            ErrorType = "ContactNotLinked"
	MultipleFound               ErrorType = "MultipleFound"
	NoneFound                   ErrorType = "NoneFound"
	MultipleFoundError          ErrorType = "MultipleFoundError"
	NoneFoundError              ErrorType = "NoneFoundError"
	ParticipantNotFound         ErrorType = "ParticipantNotFound"
	TimeLimitExceeded           ErrorType = "TimeLimitExceeded"
)

// Find returns the action with an identifier, nil if there is none.
func (f *Flow) Find(id string) *Action {
	for i := range f.Actions {
		if f.Actions[i].Identifier == id {
			return &f.Actions[i]
		}
	}
	return nil
}

// ResourceID returns the last part of an ARN, and any other text as it is:
// "arn:aws:connect:r:1:instance/i/queue/q" is "q".
func ResourceID(ref string) string {
	if !strings.HasPrefix(ref, "arn:") {
		return ref
	}
	if i := strings.LastIndexByte(ref, '/'); i >= 0 {
		return ref[i+1:]
	}
	return ref[strings.LastIndexByte(ref, ':')+1:]
}

// After returns where the action goes after an error: its own branch, else that
// of NoMatchingError, else NextAction if it has no error branches at all (older
// exports). It returns "" if the flow ends here.
func (t *Transitions) After(e ErrorType) string {
	for _, b := range t.Errors {
		if b.ErrorType == e {
			return b.NextAction
		}
	}
	for _, b := range t.Errors {
		if b.ErrorType == NoMatchingError {
			return b.NextAction
		}
	}
	if len(t.Errors) == 0 || e == NoMatchingCondition {
		return t.NextAction
	}
	return ""
}
