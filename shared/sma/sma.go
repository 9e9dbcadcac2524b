// Package sma is the question and answer of call control: the events a relay
// sends to the function of a call and the actions the function answers with.
// It is the JSON contract of a SIP media application, schema version 1.0, with
// the extensions of Huawu, which a relay uses only on routes that ask for them.
//
// It decides what is well formed: it reads leniently what real handlers write,
// writes exactly, and checks a response against the contract's limits. It
// leaves what to do about an event to shared/ivr, and carrying actions out to
// mediarelay/call.
package sma

// SchemaVersion is the version of the core contract, in events and responses.
const SchemaVersion = "1.0"

// ExtensionVersion is the version of the Huawu.* extension, CallDetails.Huawu.Version.
const ExtensionVersion = "1"

// Limits of the contract. Source: spec, contracts/sma-contract.json "limits".
const (
	MaxActions              = 10    // actions in a response
	MaxInvocations          = 1000  // invocations of a call
	MaxAttributes           = 100   // pairs of TransactionAttributes
	MaxAttributeBytes       = 20480 // TransactionAttributes as JSON
	MaxArguments            = 20    // pairs of an update's arguments
	MaxSpeechCharacters     = 1000  // text of a Speak action
	MaxSentDigits           = 50    // SendDigits
	MaxBotBytes             = 10240 // Configuration of StartBotConversation
	MaxAttendees            = 100   // ModifyChimeMeetingAttendees
	MaxHeaderBytes          = 2048  // SIP headers of CallAndBridge, names and values
	MaxCallTimeoutSeconds   = 120   // CallAndBridge
	DefaultCallTimeout      = 30    // seconds, CallAndBridge
	DefaultMaxDigits        = 128   // MaxNumberOfDigits when absent
	DefaultToneMillis       = 250   // SendDigits
	AnswerTimeoutSeconds    = 30    // a new call without actions ends after this
	DefaultSilenceThreshold = 200   // RecordAudio
)

// EventType says what happened: Event.InvocationEventType.
type EventType string

// The event types.
const (
	NewInboundCall        EventType = "NEW_INBOUND_CALL"
	NewOutboundCall       EventType = "NEW_OUTBOUND_CALL" // the answer is not used, but on routes with extensions: a hang-up keeps the call from being placed
	Ringing               EventType = "RINGING"           // the answer is not used
	CallAnswered          EventType = "CALL_ANSWERED"     // of an outbound call, not of a bridged leg
	ActionSuccessful      EventType = "ACTION_SUCCESSFUL"
	ActionFailed          EventType = "ACTION_FAILED"
	ActionInterrupted     EventType = "ACTION_INTERRUPTED" // the answer is not used
	DigitsReceived        EventType = "DIGITS_RECEIVED"
	CallUpdateRequested   EventType = "CALL_UPDATE_REQUESTED"
	Hangup                EventType = "HANGUP" // the answer is used only while another leg lives
	InvalidLambdaResponse EventType = "INVALID_LAMBDA_RESPONSE"
)

// EventTypes returns every event type of the contract.
func EventTypes() []EventType {
	return []EventType{
		NewInboundCall, NewOutboundCall, Ringing, CallAnswered, ActionSuccessful, ActionFailed,
		ActionInterrupted, DigitsReceived, CallUpdateRequested, Hangup, InvalidLambdaResponse,
	}
}

// ErrorType is the machine-readable cause of ACTION_FAILED and INVALID_LAMBDA_RESPONSE.
type ErrorType string

// The error types.
const (
	InvalidActionParameter              ErrorType = "InvalidActionParameter"
	MissingRequiredActionParameter      ErrorType = "MissingRequiredActionParameter"
	InvalidAudioSource                  ErrorType = "InvalidAudioSource"
	AccessDenied                        ErrorType = "AccessDenied"
	ActionExecutionThrottled            ErrorType = "ActionExecutionThrottled"
	ResourceNotFound                    ErrorType = "ResourceNotFound"
	ResourceAccessDenied                ErrorType = "ResourceAccessDenied"
	CallNotAnswered                     ErrorType = "CallNotAnswered"
	NoAccessToDestination               ErrorType = "NoAccessToDestination"
	ErrorJoiningMeeting                 ErrorType = "ErrorJoiningMeeting"
	TransactionAttributesInvalidMapSize ErrorType = "TransactionAttributesInvalidMapSize"
	SystemException                     ErrorType = "SystemException"
)

// Tag names a leg of a call: Participant.ParticipantTag.
type Tag string

// The legs. Further ones (LEG-C …) appear only on routes with extensions.
const (
	LegA Tag = "LEG-A"
	LegB Tag = "LEG-B"
)

// Capability is something a relay can do beyond the core contract; it is listed
// in CallDetails.Huawu.Capabilities.
type Capability string

// The capabilities.
const (
	CanPlayLoop      Capability = "Huawu.PlayLoop"
	CanConference    Capability = "Huawu.Conference"    // Join, Update, Leave
	CanAnswer        Capability = "Huawu.Answer"        // Answer, Progress, Reject
	CanCollectDigits Capability = "Huawu.CollectDigits" // encrypted and validated input
	CanMediaOptions  Capability = "Huawu.MediaOptions"  // Parameters.Huawu of Speak, PlayAudio and the digit actions
	CanBridgeOptions Capability = "Huawu.BridgeOptions" // Parameters.Huawu of CallAndBridge, and AWS endpoints that are agents
	CanMix           Capability = "Huawu.Mix"           // more than two voices, listen, whisper, barge; CallAndBridge in the background
)

// Capabilities returns every capability there is.
func Capabilities() []Capability {
	return []Capability{CanPlayLoop, CanConference, CanAnswer, CanCollectDigits, CanMediaOptions, CanBridgeOptions, CanMix}
}
