package legacy

import (
	"fmt"
	"strings"
)

// object is a JSON object in the making.
type object map[string]any

// set adds a member if its value is not empty.
func (o object) set(name, value string) object {
	if value != "" {
		o[name] = value
	}
	return o
}

// action returns the type and the parameters of the action a module becomes.
// Source: spec, contracts/legacy-modules.csv.
func (m *module) action() (string, object, error) {
	for _, find := range []func() (string, object){m.spoken, m.routed, m.stored, m.checked} {
		if kind, parameters := find(); kind != "" {
			return kind, parameters, nil
		}
	}
	message := "type: there is no module %.60q"
	if m.Target != "" {
		return "", nil, fmt.Errorf(message+" with target %.60q", m.Type, m.Target)
	}
	return "", nil, fmt.Errorf(message, m.Type)
}

// spoken converts what plays and asks.
func (m *module) spoken() (string, object) {
	switch m.Type {
	case "PlayPrompt", "PlayAudio":
		return "MessageParticipant", m.prompt()
	case "LoopPrompts":
		p := object{"Messages": m.messages()}
		return "MessageParticipantIteratively", p.set("InterruptFrequencySeconds", m.value("Timeout", "InterruptFrequency", "InterruptFrequencySeconds"))
	case "GetUserInput":
		if m.Target == "Lex" {
			return "ConnectParticipantWithLexBot", m.bot()
		}
		p := m.prompt()
		p["StoreInput"] = "False"
		return "GetParticipantInput", p.set("InputTimeLimitSeconds", m.value("Timeout"))
	case "StoreUserInput", "StoreCustomerInput":
		return "GetParticipantInput", m.input()
	case "Disconnect":
		return "DisconnectParticipant", object{}
	case "Resume":
		return "EndFlowExecution", object{}
	}
	return "", nil
}

// prompt converts a text or a recorded prompt.
func (m *module) prompt() object {
	p := object{}
	if id := m.value("AudioPrompt", "PromptId"); id != "" {
		return p.set("PromptId", id)
	}
	text := m.value("Text")
	if text == "" { // today's language wants a prompt; this one is not heard
		return object{"SSML": "<speak><break time=\"10ms\"/></speak>"}
	}
	if strings.EqualFold(m.value("TextToSpeechType"), "ssml") {
		return p.set("SSML", text)
	}
	return p.set("Text", text)
}

// messages converts the prompts of a loop, in their order.
func (m *module) messages() []object {
	var list []object
	for _, p := range m.Parameters {
		switch {
		case p.Name == "Text" && strings.EqualFold(p.Key, "ssml"):
			list = append(list, object{"SSML": p.text()})
		case p.Name == "Text":
			list = append(list, object{"Text": p.text()})
		case p.Name == "AudioPrompt":
			list = append(list, object{"PromptId": p.text()})
		}
	}
	return list
}

// input converts stored input.
func (m *module) input() object {
	p := m.prompt()
	p["StoreInput"] = "True"
	p.set("InputTimeLimitSeconds", m.value("Timeout"))
	if strings.EqualFold(m.value("CustomerInputType"), "PhoneNumber") || m.value("PhoneNumberFormat") != "" {
		format := "Local"
		if strings.Contains(strings.ToLower(m.value("PhoneNumberFormat")), "international") || strings.EqualFold(m.value("PhoneNumberFormat"), "E164") {
			format = "E164"
		}
		number := object{"NumberFormat": format}
		p["InputValidation"] = object{"PhoneNumberValidation": number.set("CountryCode", m.value("CountryCode"))}
	} else {
		length := m.value("MaxDigits")
		if length == "" {
			length = "20"
		}
		p["InputValidation"] = object{"CustomValidation": object{"MaximumLength": length}}
	}
	keys := object{}
	keys.set("InputTerminationSequence", m.value("TerminatorDigits"))
	if strings.EqualFold(m.value("DisableCancel"), "true") {
		keys["DisableCancelKey"] = "True"
	}
	if len(keys) > 0 {
		p["DTMFConfiguration"] = keys
	}
	if strings.EqualFold(m.value("EncryptEntry"), "true") {
		seal := object{}
		p["InputEncryption"] = seal.set("EncryptionKeyId", m.value("EncryptionKeyId")).set("Key", m.value("EncryptionKey"))
	}
	return p
}

// bot converts a conversation with a bot.
func (m *module) bot() object {
	p := m.prompt()
	name := object{}
	p["LexBot"] = name.set("Name", m.value("BotName", "Name")).set("Region", m.value("BotRegion", "Region")).set("Alias", m.value("BotAlias", "Alias"))
	if alias := m.value("LexV2BotAliasArn", "AliasArn"); alias != "" {
		delete(p, "LexBot")
		p["LexV2Bot"] = object{"AliasArn": alias}
	}
	if session := m.pairs("Attribute", "SessionAttribute"); len(session) > 0 {
		p["LexSessionAttributes"] = session
	}
	return p
}

// pairs are the settings that have a key.
func (m *module) pairs(names ...string) object {
	o := object{}
	for _, p := range m.Parameters {
		for _, name := range names {
			if p.Name == name && p.Key != "" {
				o[p.Key] = p.text()
			}
		}
	}
	return o
}

// routed converts what sends a contact on.
func (m *module) routed() (string, object) {
	switch m.Type {
	case "Transfer", "TransferToFlow", "CustomerInQueue":
		return m.transfer()
	case "SetQueue":
		p := object{}
		if agent := m.value("Agent", "AgentId"); agent != "" {
			return "UpdateContactTargetQueue", p.set("AgentId", agent)
		}
		return "UpdateContactTargetQueue", p.set("QueueId", m.value("Queue", "QueueId"))
	case "UpdateRoutingPriority":
		p := object{}
		return "UpdateContactRoutingBehavior", p.set("QueuePriority", m.value("AbsolutePosition")).set("QueueTimeAdjustmentSeconds", m.value("TimeOffset"))
	case "SetCallBackNumber":
		p := object{}
		return "UpdateContactCallbackNumber", p.set("CallbackNumber", m.value("CallBackNumber", "CallbackNumber", "PhoneNumber"))
	case "CreateCallback":
		p := object{}
		return "CreateCallbackContact", p.set("QueueId", m.value("Queue", "QueueId")).set("InitialCallDelaySeconds", orElse(m.value("InitialDelay", "InitialCallDelaySeconds"), "5")).
			set("MaximumConnectionAttempts", orElse(m.value("MaxRetryAttempts", "MaximumConnectionAttempts"), "1")).set("RetryDelaySeconds", orElse(m.value("RetryDelay", "RetryDelaySeconds"), "600"))
	case "SetEventHook", "SetContactFlow":
		hook := orElse(m.value("Type"), "CustomerQueue")
		if hook == "Disconnect" || hook == "CustomerDisconnect" {
			hook = "CustomerRemaining"
		}
		return "UpdateContactEventHooks", object{"EventHooks": object{hook: m.value("ContactFlowId")}}
	}
	return "", nil
}

// transfer converts the targets of a transfer.
func (m *module) transfer() (string, object) {
	p := object{}
	switch {
	case m.Type == "TransferToFlow" || m.Target == "Flow":
		return "TransferToFlow", p.set("ContactFlowId", m.value("ContactFlowId"))
	case m.Target == "PhoneNumber":
		goesOn := "True"
		if strings.EqualFold(m.value("BlindTransfer"), "true") {
			goesOn = "False"
		}
		p["ContinueFlowExecution"] = goesOn
		if cli := m.value("CallerId", "CallerIdNumber"); cli != "" {
			p["CallerId"] = object{"Number": cli}
		}
		return "TransferParticipantToThirdParty", p.set("ThirdPartyPhoneNumber", m.value("PhoneNumber")).
			set("ThirdPartyConnectionTimeLimitSeconds", m.value("Timeout", "TimeLimit")).set("ThirdPartyDTMFDigits", m.value("SendDigits", "DTMF"))
	case m.Type == "CustomerInQueue" || m.Target == "Queue":
		if queue := m.value("Queue", "QueueId"); queue != "" { // within a queue flow
			return "DequeueContactAndTransferToQueue", p.set("QueueId", queue)
		}
		return "TransferContactToQueue", p
	}
	return "", nil
}

// stored converts what is kept for the contact.
func (m *module) stored() (string, object) {
	switch m.Type {
	case "SetAttributes", "SetScreenPop":
		return "UpdateContactAttributes", object{"Attributes": m.pairs("Attribute", "ScreenPop")}
	case "SetLoggingBehavior":
		state := "Disabled"
		if strings.HasPrefix(m.value("LoggingBehavior"), "Enable") {
			state = "Enabled"
		}
		return "UpdateFlowLoggingBehavior", object{"FlowLoggingBehavior": state}
	case "SetVoice":
		return "UpdateContactTextToSpeechVoice", object{"TextToSpeechVoice": m.value("GlobalVoice", "Voice")}
	case "SetRecordingBehavior":
		who := []string{}
		if strings.HasPrefix(m.value("RecordingBehaviorOption"), "Enable") {
			switch m.value("RecordingParticipantOption") {
			case "Agent":
				who = []string{"Agent"}
			case "Customer":
				who = []string{"Customer"}
			default:
				who = []string{"Agent", "Customer"}
			}
		}
		return "UpdateContactRecordingBehavior", object{"RecordingBehavior": object{"RecordedParticipants": who}}
	case "InvokeExternalResource":
		p := object{"ResponseValidation": object{"ResponseType": "STRING_MAP"}}
		if parameters := m.pairs("Parameter"); len(parameters) > 0 {
			p["LambdaInvocationAttributes"] = parameters
		}
		return "InvokeLambdaFunction", p.set("LambdaFunctionARN", m.value("FunctionArn")).set("InvocationTimeLimitSeconds", orElse(m.value("TimeLimit"), "3"))
	}
	return "", nil
}

// checked converts what decides.
func (m *module) checked() (string, object) {
	p := object{}
	switch m.Type {
	case "CheckAttribute":
		return "Compare", p.set("ComparisonValue", reference(orElse(m.value("Namespace"), "User Defined"), m.value("Attribute")))
	case "CheckHoursOfOperation":
		return "CheckHoursOfOperation", p.set("HoursOfOperationId", m.value("Hours", "HoursOfOperation", "HoursOfOperationId"))
	case "CheckStaffing":
		status := orElse(m.value("Status"), "Available")
		return "CheckMetricData", p.set("MetricType", "NumberOfAgents"+status).set("QueueId", m.value("Queue", "QueueId"))
	case "CheckQueueStatus":
		kind := "NumberOfContactsInQueue"
		if t := strings.ToLower(m.value("MetricType", "Type", "Status")); strings.Contains(t, "time") || strings.Contains(t, "oldest") {
			kind = "OldestContactInQueueAgeSeconds"
		}
		return "CheckMetricData", p.set("MetricType", kind).set("QueueId", m.value("Queue", "QueueId"))
	case "Loop":
		return "Loop", p.set("LoopCount", orElse(m.value("LoopCount"), "0"))
	case "Wait":
		return "Wait", p.set("TimeLimitSeconds", orElse(m.value("TimeLimit", "Timeout", "TimeoutSeconds"), "60"))
	case "PercentileBranching":
		return "DistributeByPercentage", p
	}
	return "", nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Modules returns the types of modules that are converted; a target is in brackets.
func Modules() []string {
	return []string{
		"PlayPrompt", "PlayAudio", "Disconnect", "Transfer (Queue)", "Transfer (Flow)", "TransferToFlow", "Transfer (PhoneNumber)",
		"CustomerInQueue", "CheckAttribute", "SetAttributes", "SetScreenPop", "InvokeExternalResource", "SetQueue",
		"GetUserInput (Digits)", "GetUserInput (Lex)", "StoreUserInput", "StoreCustomerInput", "SetLoggingBehavior", "SetVoice",
		"SetRecordingBehavior", "Loop", "LoopPrompts", "SetEventHook", "SetContactFlow", "Resume", "CheckHoursOfOperation",
		"CheckStaffing", "CheckQueueStatus", "UpdateRoutingPriority", "Wait", "PercentileBranching", "SetCallBackNumber", "CreateCallback",
	}
}
