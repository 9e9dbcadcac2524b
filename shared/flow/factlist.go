package flow

func participantFacts() []Facts {
	prompt := []string{"PromptId", "Text", "SSML", "Media"}
	return []Facts{
		{Type: "MessageParticipant", Tier: 1, Errors: errs(NoMatchingError), OneOf: prompt,
			FlowTypes: []Type{ContactFlow, CustomerQueue, CustomerWhisper, OutboundWhisper, AgentWhisper, AgentTransfer, QueueTransfer, Module}},
		{Type: "GetParticipantInput", Tier: 1, Operators: equals(), OneOf: prompt, Required: []string{"StoreInput", "InputTimeLimitSeconds"},
			Errors: errs(NoMatchingError, InputTimeLimitExceeded, NoMatchingCondition, InvalidPhoneNumber), FlowTypes: spoken()},
		{Type: "MessageParticipantIteratively", Tier: 1, Operators: equals(), Operands: []string{"MessagesInterrupted"}, Required: []string{"Messages"},
			Errors: errs(NoMatchingError), FlowTypes: []Type{CustomerQueue, CustomerHold, AgentHold}},
		{Type: "DisconnectParticipant", Tier: 1, Last: true, FlowTypes: spoken()},
		{Type: "TransferParticipantToThirdParty", Tier: 1, Required: []string{"ThirdPartyPhoneNumber"},
			Errors: errs(NoMatchingError, ConnectionTimeLimitExceeded, CallFailed), FlowTypes: spoken()},
	}
}

func contactFacts() []Facts {
	recorded := []Type{ContactFlow, CustomerQueue, OutboundWhisper, AgentTransfer, QueueTransfer, Module}
	return []Facts{
		{Type: "UpdateContactAttributes", Tier: 1, Required: []string{"Attributes"}, Errors: errs(NoMatchingError)},
		{Type: "UpdateContactTargetQueue", Tier: 1, OneOf: []string{"QueueId", "AgentId"}, Errors: errs(NoMatchingError), FlowTypes: routed()},
		{Type: "TransferContactToQueue", Tier: 1, Errors: errs(QueueAtCapacity, NoMatchingError), FlowTypes: routed()},
		{Type: "DequeueContactAndTransferToQueue", Tier: 1, OneOf: []string{"QueueId", "AgentId"},
			Errors: errs(QueueAtCapacity, NoMatchingError), FlowTypes: []Type{CustomerQueue}},
		{Type: "UpdateContactEventHooks", Tier: 1, Required: []string{"EventHooks"}, Errors: errs(NoMatchingError)},
		{Type: "UpdateContactRecordingBehavior", Tier: 1, Required: []string{"RecordingBehavior"}, Errors: errs(NoMatchingError), FlowTypes: recorded},
		{Type: "UpdateContactTextToSpeechVoice", Tier: 1, Required: []string{"TextToSpeechVoice"}, Errors: errs(NoMatchingError)},
		{Type: "UpdateContactRoutingBehavior", Tier: 1, Errors: errs(NoMatchingError), FlowTypes: recorded},
		{Type: "UpdateContactData", Tier: 1, Errors: errs(NoMatchingError)},
		{Type: "UpdateContactCallbackNumber", Tier: 1, Required: []string{"CallbackNumber"},
			Errors: errs(InvalidCallbackNumber, CallbackNumberNotDialable), FlowTypes: spoken()},
		{Type: "CreateCallbackContact", Tier: 1, Required: []string{"InitialCallDelaySeconds", "MaximumConnectionAttempts", "RetryDelaySeconds"},
			Errors: errs(NoMatchingError), FlowTypes: spoken()},
		{Type: "InvokeFlowModule", Tier: 1, Required: []string{"FlowModuleId"}, Errors: errs(NoMatchingError), FlowTypes: []Type{ContactFlow, Module}},
		{Type: "EndFlowModuleExecution", Tier: 1, Last: true, FlowTypes: []Type{Module}},
	}
}

func logicFacts() []Facts {
	return []Facts{
		{Type: "Compare", Tier: 1, Required: []string{"ComparisonValue"}, Operators: Operators(), Errors: errs(NoMatchingCondition)},
		{Type: "InvokeLambdaFunction", Tier: 1, Required: []string{"LambdaFunctionARN", "InvocationTimeLimitSeconds"}, Errors: errs(NoMatchingError),
			FlowTypes: []Type{ContactFlow, CustomerQueue, CustomerHold, CustomerWhisper, AgentHold, AgentWhisper, AgentTransfer, QueueTransfer, Module}},
		{Type: "CheckHoursOfOperation", Tier: 1, Operators: equals(), Operands: []string{"True", "False"}, Errors: errs(NoMatchingError), FlowTypes: spoken()},
		{Type: "CheckMetricData", Tier: 1, Required: []string{"MetricType"}, Operators: Operators(),
			Errors: errs(NoMatchingError, NoMatchingCondition), FlowTypes: spoken()},
		{Type: "GetMetricData", Tier: 1, Errors: errs(NoMatchingError)},
		{Type: "DistributeByPercentage", Tier: 1, Operators: Operators(), Errors: errs(NoMatchingCondition)},
		{Type: "Loop", Tier: 1, Required: []string{"LoopCount"}, Operators: equals(), Operands: []string{"ContinueLooping", "DoneLooping"}, Errors: errs(NoMatchingCondition, NoMatchingError)},
		{Type: "Wait", Tier: 1, Operators: equals(), Errors: errs(NoMatchingError, ParticipantNotFound), FlowTypes: []Type{ContactFlow, CustomerQueue, Module}},
		{Type: "TransferToFlow", Tier: 1, Required: []string{"ContactFlowId"}, Errors: errs(NoMatchingError), FlowTypes: routed()},
		{Type: "EndFlowExecution", Tier: 1, Last: true},
		{Type: "UpdateFlowAttributes", Tier: 1, Required: []string{"FlowAttributes"}, Errors: errs(NoMatchingError)},
		{Type: "UpdateFlowLoggingBehavior", Tier: 1, Required: []string{"FlowLoggingBehavior"}},
	}
}

func laterFacts() []Facts {
	return []Facts{
		{Type: "ConnectParticipantWithLexBot", Tier: 2, Operators: equals(), Errors: errs(NoMatchingError, NoMatchingCondition, InputTimeLimitExceeded),
			OneOf: []string{"PromptId", "Text", "SSML", "Media", "LexInitializationData", "LexInitilizationData"}, FlowTypes: spoken()},
		{Type: "UpdateContactMediaStreamingBehavior", Tier: 2, Required: []string{"MediaStreamingState"}, Errors: errs(NoMatchingError)},
		{Type: "CreateTask", Tier: 2, Required: []string{"Name"}, Errors: errs(NoMatchingError)},
		{Type: "UpdateContactRoutingCriteria", Tier: 2, Required: []string{"RoutingCriteria"}, Errors: errs(NoMatchingError)},
		{Type: "UpdatePreviousContactParticipantState", Tier: 2, Required: []string{"PreviousContactParticipantState"}, Errors: errs(NoMatchingError)},
		{Type: "CompleteOutboundCall", Tier: 2, Errors: errs(NoMatchingError), FlowTypes: []Type{OutboundWhisper}},
		{Type: "TransferContactToAgent", Tier: 2, Errors: errs(NoMatchingError), FlowTypes: []Type{AgentTransfer, QueueTransfer}},
		{Type: "CheckOutboundCallStatus", Tier: 2, Operators: equals(), Errors: errs(NoMatchingError, NoMatchingCondition)},
		{Type: "UpdateContactRecordingAndAnalyticsBehavior", Tier: 2, Errors: errs(NoMatchingError, ChannelMismatch, "InFlightRedactionConfigurationFailed")},
	}
}

func domainFacts() []Facts {
	profile := errs(NoMatchingError, MultipleFoundError, NoneFoundError)
	return []Facts{
		{Type: "GetCustomerProfile", Tier: 3, Errors: profile},
		{Type: "CreateCustomerProfile", Tier: 3, Errors: errs(NoMatchingError)},
		{Type: "UpdateCustomerProfile", Tier: 3, Errors: errs(NoMatchingError)},
		{Type: "GetCustomerProfileObject", Tier: 3, Errors: profile},
		{Type: "GetCalculatedAttributesForCustomerProfile", Tier: 3, Errors: profile},
		{Type: "AssociateContactToCustomerProfile", Tier: 3, Errors: errs(NoMatchingError)},
		{Type: "GetCase", Tier: 3, Errors: errs(NoMatchingError, ContactNotLinked, MultipleFound, NoneFound)},
		{Type: "CreateCase", Tier: 3, Errors: errs(NoMatchingError, ContactNotLinked)},
		{Type: "UpdateCase", Tier: 3, Errors: errs(NoMatchingError, ContactNotLinked)},
		{Type: "TagContact", Tier: 3, Errors: errs(NoMatchingError)},
		{Type: "UnTagContact", Tier: 3, Errors: errs(NoMatchingError)},
		{Type: "ResumeContact", Tier: 3, Errors: errs(NoMatchingError)},
	}
}

func refusedFacts() []Facts {
	voiceID := "Voice ID does not exist here: ask for a PIN with GetParticipantInput and check it with InvokeLambdaFunction"
	return []Facts{
		{Type: "ShowView", Tier: 4, Instead: "agent-side guides are not part of flows here: use the desk's forms, or MessageParticipant for the customer"},
		{Type: "CreateWisdomSession", Tier: 4, Instead: "the desk opens the knowledge base by itself: remove the action"},
		{Type: "CheckVoiceId", Tier: 4, Instead: voiceID},
		{Type: "StartVoiceIdStream", Tier: 4, Instead: voiceID},
		{Type: "StartOutboundChatContact", Tier: 4, Instead: "send messages with InvokeLambdaFunction or CreateTask"},
		{Type: "UpdateContactMediaProcessing", Tier: 4, Instead: "message processing is a setting of the channel: remove the action"},
		{Type: "AuthenticateParticipant", Tier: 4, Instead: "use GetParticipantInput and InvokeLambdaFunction"},
		{Type: "LoadContactContent", Tier: 4, Instead: "use InvokeLambdaFunction"},
		{Type: "CreatePersistentContactAssociation", Tier: 4, Instead: "chats are continued by the customer's identity: remove the action"},
		{Type: "EvaluateDataTableValues", Tier: 4, Instead: "look the values up with InvokeLambdaFunction"},
		{Type: "ListDataTableValues", Tier: 4, Instead: "look the values up with InvokeLambdaFunction"},
		{Type: "UpsertDataTableValues", Tier: 4, Instead: "write the values with InvokeLambdaFunction"},
		{Type: "RenderMessageTemplate", Tier: 4, Instead: "put the text into MessageParticipant"},
		{Type: "StartOutboundEmailContact", Tier: 4, Instead: "send messages with InvokeLambdaFunction or CreateTask"},
		{Type: "PutDialRequest", Tier: 4, Instead: "start calls with a campaign of the dialer"},
	}
}
