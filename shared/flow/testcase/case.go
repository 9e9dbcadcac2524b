// Package testcase is the JSON testing language of Amazon Connect, and runs its
// test cases against flows offline: a caller, the functions, queues, hours and
// bots of a test are made up in memory, and time is virtual.
//
// It decides what a test case is, whether it is valid, and whether a flow does
// what it says. It leaves flows to flow and flow/interp. A test of our own
// writing, in words, is a story: see flow/story.
//
// Source: Amazon Connect API Reference, "Testing language" (observations,
// events, actions, example), and Administrator Guide, "Testing and simulation"
// (active observations, overrides that are used once, five minutes).
package testcase

import (
	"time"

	"huawu/shared/flow"
)

// Versions returns the versions of the language. The first reference named the
// first, today's names the second for the same language.
func Versions() []string { return []string{"2025-06-21", "2019-10-30"} }

// Limits of a test case.
const (
	MaxBytes        = 1 << 20
	MaxObservations = 200
	MaxActions      = 100             // of an observation
	MaxTimes        = 1000            // of a Usage
	TimeLimit       = 5 * time.Minute // of a call, on its own clock
)

// Case is a test of one call.
type Case struct {
	Name         string
	Version      string
	FlowID       string            // id or ARN of the flow the call begins with; "" is not said
	Channel      string            // VOICE or CHAT
	From, To     string            // addresses of the caller and of the system
	Attributes   map[string]string // the contact begins with
	Observations []Observation
}

// Observation is an event the test expects, and what it does then.
type Observation struct {
	ID      string
	Event   Event
	Usage   Usage
	Actions []Action // in the order they run in
	Next    []string // observations that become active when this one is complete
	first   bool     // active from the beginning
}

// EventType names what can be observed.
type EventType string

// The types of events.
const (
	TestInitiated     EventType = "TestInitiated"
	TestCompleted     EventType = "TestCompleted"
	MessageReceived   EventType = "MessageReceived"
	FlowActionStarted EventType = "FlowActionStarted"
)

// Event is what an observation waits for.
type Event struct {
	Type     EventType
	Message  Message // of MessageReceived
	FlowType string  // of FlowActionStarted: type of the action
	Resource string  // of FlowActionStarted: id or ARN it is about; "" is any
	AgentID  string  // of a transfer, as well
}

// Message is what the caller has to hear. At most one of the first four is set;
// without any it is every message.
type Message struct {
	PromptID  flow.Template
	Text      flow.Template
	SSML      flow.Template
	MediaURI  flow.Template
	Inclusion bool // contains the text; else is like it
}

// UsageType says how often an event may be observed.
type UsageType string

// The usages. ANY of the first reference is Always, EXACTLY is Exactly.
const (
	Exactly UsageType = "Exactly"
	AtLeast UsageType = "AtLeast"
	AtMost  UsageType = "AtMost"
	Always  UsageType = "Always" // whenever it happens, if at all
)

// Usage is how often an observation has to be matched.
type Usage struct {
	Type  UsageType
	Times int // 1 if it is not said
}

// ActionType names what a test can do.
type ActionType string

// The types of actions.
const (
	SendInstruction        ActionType = "SendInstruction"
	OverrideSystemBehavior ActionType = "OverrideSystemBehavior"
	Assert                 ActionType = "Assert"
	TestControl            ActionType = "TestControl"
)

// Action is something a test does. The part of its type is set.
type Action struct {
	ID       string
	Type     ActionType
	Send     *Instruction
	Override *Override
	Assert   *Assertion
	Control  *Control
}

// InstructionType names what the caller can do.
type InstructionType string

// The types of instructions.
const (
	DtmfInput     InstructionType = "DtmfInput"
	TextUtterance InstructionType = "TextUtterance"
	Disconnect    InstructionType = "Disconnect"
)

// Instruction is what the caller does.
type Instruction struct {
	Type  InstructionType
	Value flow.Template // keys, or what is said
}

// Override is another behaviour of a flow action, for one time.
type Override struct {
	FlowType   string         // type of the flow action
	Resource   string         // id or ARN it is about; "" is any
	Substitute string         // id or ARN of what takes its place; "" is a mock
	Fails      flow.ErrorType // the mock fails; "" is a success
	Value      string         // InHours or OutOfHours
	Data       string         // reply of a function, outcome of a bot: JSON
	Delay      time.Duration
}

// Assertion compares a value.
type Assertion struct {
	Namespace flow.Template
	Exists    bool
	Condition flow.Condition
}

// Control is a command to the test itself.
type Control struct {
	End bool
	Log []Expression // by label
}

// Expression is a value to be logged.
type Expression struct {
	Label string
	Value flow.Template
}
