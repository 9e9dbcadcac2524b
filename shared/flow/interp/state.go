package interp

import (
	"encoding/json"
	"hash/fnv"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/sma"
)

// StateVersion is the form of State that this package writes.
const StateVersion = 1

// State is where one contact stands in its flows, and what the flows have set.
// It is a value: Step never changes the maps of the state it is given. As JSON
// it is about 300 bytes plus attributes. Readers outside may use every exported
// field; only Step, Start, Enter and Merge change one.
type State struct {
	V int `json:"v"`

	Flow   string       `json:"f"`            // program that runs
	Type   flow.Type    `json:"t"`            // of the outermost flow, not of a module
	At     string       `json:"at,omitempty"` // action that is next or waits
	Phase  Phase        `json:"p,omitempty"`
	Last   Mark         `json:"l,omitempty"`  // mark of the batch's last action
	Joined []Joined     `json:"j,omitempty"`  // earlier actions of the batch that can fail elsewhere
	Batch  []sma.Action `json:"b,omitempty"`  // to be sent after the answer to a question that looks something up
	Stack  []Frame      `json:"s,omitempty"`  // callers of the module that runs, outermost first
	Loop   *Frame       `json:"lp,omitempty"` // the prompt loop that an interrupt left
	Since  int64        `json:"ls,omitempty"` // Unix seconds: when the prompt loop began, for core relays
	Idle   int          `json:"i,omitempty"`  // logic actions since the last media
	Draws  uint32       `json:"d,omitempty"`  // random numbers drawn
	Seed   uint32       `json:"sd,omitempty"` // of the contact
	Ended  End          `json:"e,omitempty"`

	Attributes     map[string]string          `json:"a,omitempty"`  // $.Attributes; go to the contact record
	FlowAttributes map[string]string          `json:"fa,omitempty"` // $.FlowAttributes; end with the flow
	External       json.RawMessage            `json:"x,omitempty"`  // $.External; the last function's reply
	Stored         string                     `json:"in,omitempty"` // $.StoredCustomerInput
	InvocationID   string                     `json:"li,omitempty"` // $.LambdaInvocation.InvocationId
	Metrics        map[string]string          `json:"mt,omitempty"` // $.Metrics, by path below it
	Told           Told                       `json:"to,omitzero"`  // what the caller was told of the wait
	Lex            json.RawMessage            `json:"lx,omitempty"` // $.Lex
	Data           map[string]json.RawMessage `json:"dt,omitempty"` // $.Customer, $.Case, $.Task by name
	Loops          map[string]int             `json:"lc,omitempty"` // Loop counters by flow and action, for the contact

	Queue       Queue                `json:"qu,omitzero"` // target queue, then the queue the contact waits in
	TargetAgent string               `json:"ag,omitempty"`
	Queued      bool                 `json:"qd,omitempty"` // Enqueue was answered; its queue flow runs
	Voice       Voice                `json:"vo,omitzero"`
	Language    string               `json:"la,omitempty"` // BCP 47; the contact's
	Recording   Recording            `json:"r,omitzero"`
	Hooks       map[Hook]string      `json:"h,omitempty"` // flow ids
	Logging     bool                 `json:"lg,omitempty"`
	Callback    string               `json:"cb,omitempty"` // $.CustomerCallbackNumber
	Priority    int                  `json:"pr,omitempty"` // 1 is first; 0 is the default, 5
	TimeShift   int                  `json:"ts,omitempty"` // seconds added to the time in queue
	Criteria    json.RawMessage      `json:"cr,omitempty"` // routing criteria: skills, levels, agents
	Name        string               `json:"n,omitempty"`
	Description string               `json:"de,omitempty"`
	CustomerID  string               `json:"ci,omitempty"`
	References  map[string]Reference `json:"re,omitempty"`
}

// Told is what a caller was told of the wait, and how things stood then.
type Told struct {
	At     int64  `json:"t"` // Unix seconds; 0: nothing
	Queue  string `json:"q"`
	High   int    `json:"h"` // seconds from then, at most
	Agents int    `json:"a"` // who served the queue
	Ahead  int    `json:"n"` // contacts before this one
}

// Frame is a place in a flow.
type Frame struct {
	Flow string `json:"f"`
	At   string `json:"at"`
}

// Joined is an action in the middle of a batch whose failure has a branch of
// its own.
type Joined struct {
	At   string `json:"at"`
	Mark Mark   `json:"m"` // of its call control action
}

// Queue is a queue a flow has set.
type Queue struct {
	ID      string `json:"id,omitempty"`
	ARN     string `json:"arn,omitempty"`
	Name    string `json:"n,omitempty"`
	HoursID string `json:"h,omitempty"`
	Caller  string `json:"c,omitempty"` // outbound caller id
}

// Voice is what texts are spoken with.
type Voice struct {
	ID     string `json:"id,omitempty"`
	Engine string `json:"e,omitempty"` // Standard, Neural, Generative
	Style  string `json:"s,omitempty"`
}

// Recording is what a flow wants recorded.
type Recording struct {
	Agent    bool   `json:"a,omitempty"` // the agent's side, once connected
	Customer bool   `json:"c,omitempty"` // the customer's side, once connected
	IVR      bool   `json:"i,omitempty"` // the part before an agent
	Set      bool   `json:"s,omitempty"` // a flow has decided; else the queue's default counts
	Analysis string `json:"n,omitempty"` // language of analysis, "" is none
}

// Reference is a typed reference of a contact.
type Reference struct {
	Type  string `json:"t"`
	Value string `json:"v"`
}

// Hook names an event a flow can be bound to.
type Hook string

// The hooks.
const (
	HookCustomerQueue     Hook = "CustomerQueue"
	HookCustomerHold      Hook = "CustomerHold"
	HookCustomerWhisper   Hook = "CustomerWhisper"
	HookCustomerRemaining Hook = "CustomerRemaining" // after the agent hung up
	HookAgentHold         Hook = "AgentHold"
	HookAgentWhisper      Hook = "AgentWhisper"
	HookDefaultAgentUI    Hook = "DefaultAgentUI"
	HookDisconnectAgentUI Hook = "DisconnectAgentUI"
	HookPauseContact      Hook = "PauseContact"
	HookResumeContact     Hook = "ResumeContact"
)

// Hooks returns every hook.
func Hooks() []Hook {
	return []Hook{HookCustomerQueue, HookCustomerHold, HookCustomerWhisper, HookCustomerRemaining, HookAgentHold,
		HookAgentWhisper, HookDefaultAgentUI, HookDisconnectAgentUI, HookPauseContact, HookResumeContact}
}

// Start is the state of a new contact that begins a flow; attributes may be nil.
func Start(contactID, flowID string, attributes map[string]string) State {
	h := fnv.New32a()
	_, _ = h.Write([]byte(contactID))
	return State{V: StateVersion, Flow: flowID, Type: flow.ContactFlow, Attributes: attributes, Seed: h.Sum32()}
}

// Enter is the state of a contact that begins the flow of a hook: what was set
// stays, and the place in the flow before is left. ok is false if no flow is
// bound to the hook. For CustomerRemaining the result is stepped with Begin in
// the place of s. Whispers and hold flows run beside the contact's own flow: step
// the result apart from s, and Merge it back when it has ended.
func (s State) Enter(h Hook) (child State, ok bool) {
	id := s.Hooks[h]
	if id == "" {
		return s, false
	}
	return s.begins(id, h.flowType()), true
}

// Restart is the state of a contact that begins another flow from its start, as
// one who was transferred to it: what was set stays. It is stepped with Begin.
func (s State) Restart(id string) State { return s.begins(id, flow.ContactFlow) }

// Wait is the state of a contact that waits in q and is on the line only now, as
// one who is called back: it begins a flow of type t, or, if id is "", that for
// customers who wait, if one is bound, or hears music. It is stepped with Begin.
func (s State) Wait(q Queue, id string, t flow.Type) State {
	if id == "" {
		id, t = orElse(s.Hooks[HookCustomerQueue], builtinQueue), flow.CustomerQueue
	}
	s = s.begins(id, t)
	s.Queue, s.Queued = q, true
	return s
}

// Unqueued is the state of a contact that was taken out of the queue where it is in
// its flow: there is nothing to go back to, and the flow's end is the contact's.
func (s State) Unqueued() State {
	s.Queued, s.Type, s.Loop, s.Since = false, flow.ContactFlow, nil, 0
	return s
}

// begins leaves the place in the flow before for the start of another one.
func (s State) begins(id string, t flow.Type) State {
	s.Flow, s.Type, s.At, s.Phase, s.Ended = id, t, "", Ready, ""
	s.Last, s.Joined, s.Batch, s.Stack, s.Loop, s.FlowAttributes, s.Idle, s.Since = "", nil, nil, nil, nil, nil, 0, 0
	s.Queued = false
	return s
}

// Merge takes over what a flow that ran beside s has set; s stays where it is.
func (s State) Merge(child State) State {
	s.Attributes, s.External, s.Stored = child.Attributes, child.External, child.Stored
	s.Lex, s.Data = child.Lex, child.Data
	s.Loops, s.Metrics, s.InvocationID, s.Draws = child.Loops, child.Metrics, child.InvocationID, child.Draws
	s.Recording, s.Hooks, s.References = child.Recording, child.Hooks, child.References
	s.Name, s.Description, s.CustomerID, s.Language = child.Name, child.Description, child.CustomerID, child.Language
	return s
}

func (h Hook) flowType() flow.Type {
	switch h {
	case HookCustomerQueue:
		return flow.CustomerQueue
	case HookCustomerHold:
		return flow.CustomerHold
	case HookCustomerWhisper:
		return flow.CustomerWhisper
	case HookAgentHold:
		return flow.AgentHold
	case HookAgentWhisper:
		return flow.AgentWhisper
	}
	return flow.ContactFlow
}

// ReadState decodes a state and refuses one of a newer form.
func ReadState(data []byte) (State, error) {
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fault.Wrap(fault.Invalid, err, "flow state")
	}
	if s.V != StateVersion {
		return State{}, fault.New(fault.Invalid, "flow state: version %d, want %d", s.V, StateVersion)
	}
	return s, nil
}
