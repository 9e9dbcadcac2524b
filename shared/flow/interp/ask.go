package interp

import (
	"encoding/json"
	"time"

	"huawu/shared/flow"
	"huawu/shared/hours"
)

// Ask is a question of a step to the outside. Each names the event that
// answers it; Refused answers any of them. It is one of the types below.
type Ask interface{ ask() }

// LoadFlow asks for a program. It is not answered: put the program, or nil if
// there is none, in Env.Flows and call Step again with the same state and event.
type LoadFlow struct {
	ID     string // id, name or ARN as the flow has it
	Module bool
}

// InvokeFunction asks to call a function with LambdaEvent. Answer: FunctionReply.
type InvokeFunction struct {
	ARN        string
	Parameters map[string]string
	JSON       bool          // the reply may be any JSON, else a flat map of strings
	TimeLimit  time.Duration // within which the reply, retries included, has to come
	Async      bool          // answer at once, with InvocationID
}

// FindQueue asks for a queue, or for an agent's own one. Answer: QueueFound.
type FindQueue struct {
	QueueID string // id, name or ARN; "" if AgentID is set
	AgentID string
}

// Enqueue asks to put the contact in a queue. Answer: Enqueued, or Refused with
// QueueAtCapacity. It may be asked twice for one contact: the second is a success.
type Enqueue struct {
	QueueID   string
	AgentID   string          // a certain agent only
	Priority  int             // 1 is first; 0 is the default, 5
	TimeShift int             // seconds added to the time in queue
	Criteria  json.RawMessage // routing criteria, nil for none
	Move      bool            // out of the queue it waits in now
}

// SetRouting asks to change how a contact that already waits is ordered. Answer: Done.
type SetRouting struct {
	Priority  int
	TimeShift int
	Criteria  json.RawMessage // nil for none
}

// SetContact asks to set data of a related contact. Answer: Done. The contact's
// own data is in State and needs no question.
type SetContact struct {
	Attributes  map[string]string
	Name        string
	Description string
	CustomerID  string
	Language    string
	References  map[string]Reference
}

// CheckHours asks whether hours of operation are open. Answer: HoursAnswer.
type CheckHours struct {
	HoursID string // "" for those of the queue
	QueueID string
}

// GetMetrics asks for live figures of a queue or of an agent. Answer: MetricsAnswer.
type GetMetrics struct {
	QueueID string
	AgentID string
	Channel string // VOICE, CHAT; "" is all
	Place   bool   // also where the contact itself stands, which waits in the queue
}

// CreateCallback asks for a callback. Answer: Done.
type CreateCallback struct {
	Number      string
	QueueID     string
	AgentID     string
	FlowID      string
	CallerID    string
	Delay       time.Duration
	RetryDelay  time.Duration
	MaxAttempts int
}

// Act asks call control for something beside the flow's own leg. Answer: Done.
type Act struct {
	Type       string          // CompleteOutboundCall, UpdatePreviousContactParticipantState
	Parameters json.RawMessage // with every reference resolved
}

// Data asks for something that a domain keeps: tasks, cases, customer
// profiles, tags. Answer: DataReply,
// or Refused with a branch such as NoneFoundError.
type Data struct {
	Type       string          // the action's type, e.g. CreateTask
	Parameters json.RawMessage // with every path resolved
}

func (LoadFlow) ask()       {}
func (InvokeFunction) ask() {}
func (FindQueue) ask()      {}
func (Enqueue) ask()        {}
func (SetRouting) ask()     {}
func (SetContact) ask()     {}
func (CheckHours) ask()     {}
func (GetMetrics) ask()     {}
func (CreateCallback) ask() {}
func (Act) ask()            {}
func (Data) ask()           {}

// Event is what a step is about: a call's event, or the answer to an Ask. It is
// one of Begin, Call, Resume and the answers below.
type Event interface{ event() }

// Refused answers any Ask that could not be carried out.
type Refused struct {
	Branch flow.ErrorType // "" is NoMatchingError
	Cause  error          // for the flow log
}

// FunctionReply answers InvokeFunction.
type FunctionReply struct {
	Payload      json.RawMessage
	InvocationID string // of an asynchronous call
}

// QueueFound answers FindQueue.
type QueueFound struct{ Queue Queue }

// Enqueued answers Enqueue.
type Enqueued struct{}

// Done answers an Ask that returns nothing.
type Done struct{}

// HoursAnswer answers CheckHours; Refused does for unknown ones.
type HoursAnswer struct{ Hours hours.Hours }

// MetricsAnswer answers GetMetrics. Counts are of the queue's agents and contacts.
// Of those who are staffed and not available it is not told who talks and who does
// after-contact work.
type MetricsAnswer struct {
	QueueName, QueueARN        string
	Online, Available, Staffed int
	Missed, NonProductive      int
	Size                       int // contacts that wait
	OldestAge                  time.Duration
	NewcomerWait               time.Duration // estimate for one who would come now
	WaitKnown                  bool
	Contact                    *ContactMetrics // of the contact itself, if it waits in the queue
}

// ContactMetrics are where a contact stands in its queue. The wait is told in
// whole minutes, from Low to High; without Known there is nothing to be told.
type ContactMetrics struct {
	Position        int
	Known           bool
	Low, Mean, High time.Duration
	Cause           string // why it may be later than was told: CauseFewerAgents, CauseOvertaken; "" = it is not
	Told            Told   // to be kept for the next time
}

// Causes of a wait that became longer than was told.
const (
	CauseFewerAgents = "FEWER_AGENTS"
	CauseOvertaken   = "OVERTAKEN"
)

// DataReply answers Data.
type DataReply struct {
	Namespace string          // where Value goes: "Customer", "Case", "Task"; "" is nowhere
	Value     json.RawMessage // an object
}

func (Refused) event()       {}
func (FunctionReply) event() {}
func (QueueFound) event()    {}
func (Enqueued) event()      {}
func (Done) event()          {}
func (HoursAnswer) event()   {}
func (MetricsAnswer) event() {}
func (DataReply) event()     {}
