package flow

import (
	"slices"
	"sync"
)

// TaskVoicemail is the template of the one task that is carried out here: with it
// CreateTask lets the caller leave a message.
const TaskVoicemail = "voicemail"

// Facts are what the language says about an action type.
// Source: spec, contracts/flow-actions.json.
type Facts struct {
	Type      string
	Tier      int         // 1 and 2 run here, 3 needs a domain, 4 is refused
	Operands  []string    // results, if the set is closed; nil for any
	Operators []Operator  // of its conditions; nil if it has none
	Errors    []ErrorType // branches it can take
	Required  []string    // parameters, as paths
	OneOf     []string    // parameters of which exactly one must be set
	FlowTypes []Type      // nil for all
	Last      bool        // the flow ends here: no branch is needed
	Instead   string      // tier 4: what to use instead
}

// Branches of an action's result.
func equals() []Operator { return []Operator{Equals} }

func errs(list ...ErrorType) []ErrorType { return list }

// spoken are the flow types in which a caller can be asked.
func spoken() []Type { return []Type{ContactFlow, CustomerQueue, AgentTransfer, QueueTransfer, Module} }

// routed are the flow types in which a contact can be sent on.
func routed() []Type { return []Type{ContactFlow, AgentTransfer, QueueTransfer, Module} }

// AllFacts returns the facts of every action type, in the order of tiers.
func AllFacts() []Facts {
	return slices.Concat(participantFacts(), contactFacts(), logicFacts(), laterFacts(), domainFacts(), refusedFacts())
}

// byType are the facts by type. They never change: a reader gets a copy, whose
// lists it must leave as they are.
var byType = sync.OnceValue(func() map[string]Facts {
	m := map[string]Facts{}
	for _, f := range AllFacts() {
		m[f.Type] = f
	}
	return m
})

// FactsOf returns the facts of a type; ok is false for a type that does not exist.
func FactsOf(kind string) (f Facts, ok bool) {
	if f, ok := byType()[kind]; ok {
		return f, true
	}
	switch kind { // other spellings, of the reference and of exports
	case "UpdateRoutingCriteria":
		return FactsOf("UpdateContactRoutingCriteria")
	case "UntagContact":
		return FactsOf("UnTagContact")
	}
	return Facts{}, false
}

// invented returns the action a name stands for that people write but the
// language does not have: block names of the designer and of the older format.
func invented(name string) string {
	switch name {
	case "PlayPrompt", "PlayAudio", "Speak", "Play":
		return "MessageParticipant"
	case "GetUserInput", "GetDigits", "GetInput", "StoreInput", "StoreUserInput", "StoreCustomerInput", "GetCustomerInput":
		return "GetParticipantInput"
	case "InvokeExternalResource", "InvokeLambda", "Lambda", "InvokeFunction":
		return "InvokeLambdaFunction"
	case "TransferToQueue", "CustomerInQueue", "Queue", "TransferQueue":
		return "TransferContactToQueue"
	case "CheckStaffing", "CheckQueueStatus":
		return "CheckMetricData"
	case "SetCallbackNumber", "SetCallBackNumber":
		return "UpdateContactCallbackNumber"
	case "ConnectParticipant", "GetUserInputLex":
		return "ConnectParticipantWithLexBot"
	case "Disconnect", "Hangup", "HangUp", "End":
		return "DisconnectParticipant"
	case "CheckAttribute", "CheckContactAttributes", "Branch", "If":
		return "Compare"
	case "SetAttributes", "SetContactAttributes", "SetScreenPop":
		return "UpdateContactAttributes"
	case "SetQueue", "SetWorkingQueue":
		return "UpdateContactTargetQueue"
	case "SetLoggingBehavior":
		return "UpdateFlowLoggingBehavior"
	case "SetVoice":
		return "UpdateContactTextToSpeechVoice"
	case "SetRecordingBehavior", "StartRecording":
		return "UpdateContactRecordingBehavior"
	case "LoopPrompts":
		return "MessageParticipantIteratively"
	case "SetEventHook", "SetContactFlow", "SetCustomerQueueFlow", "SetDisconnectFlow", "SetWhisperFlow":
		return "UpdateContactEventHooks"
	case "Transfer", "TransferFlow":
		return "TransferToFlow"
	case "Resume":
		return "EndFlowExecution"
	case "PercentileBranching":
		return "DistributeByPercentage"
	case "CreateCallback":
		return "CreateCallbackContact"
	}
	return ""
}

// Suggest returns the action type that an unknown name was probably meant to be, or "".
func Suggest(name string) string {
	if meant := invented(name); meant != "" {
		return meant
	}
	var list []string
	for _, f := range AllFacts() {
		if f.Tier < 4 {
			list = append(list, f.Type)
		}
	}
	return Nearest(name, list)
}
