package interp

// newAction returns the empty code of an action type, nil if there is none.
// Each type has a file of its own and a folder of cases below testdata.
func newAction(kind string) action {
	if isDomain(kind) {
		return &domainAction{kind: kind}
	}
	for _, find := range []func(string) action{participantAction, contactAction, routingAction, logicAction} {
		if a := find(kind); a != nil {
			return a
		}
	}
	return nil
}

func participantAction(kind string) action {
	switch kind {
	case "ConnectParticipantWithLexBot":
		return &connectParticipantWithLexBot{}
	case "DisconnectParticipant":
		return &disconnectParticipant{}
	case "GetParticipantInput":
		return &getParticipantInput{}
	case "MessageParticipant":
		return &messageParticipant{}
	case "MessageParticipantIteratively":
		return &messageParticipantIteratively{}
	case "TransferParticipantToThirdParty":
		return &transferParticipantToThirdParty{}
	}
	return nil
}

func contactAction(kind string) action {
	switch kind {
	case "UpdateContactAttributes":
		return &updateContactAttributes{}
	case "UpdateContactCallbackNumber":
		return &updateContactCallbackNumber{}
	case "UpdateContactData":
		return &updateContactData{}
	case "UpdateContactEventHooks":
		return &updateContactEventHooks{}
	case "UpdateContactMediaStreamingBehavior":
		return &updateContactMediaStreamingBehavior{}
	case "UpdateContactRecordingAndAnalyticsBehavior":
		return &updateContactRecordingAndAnalyticsBehavior{}
	case "UpdateContactRecordingBehavior":
		return &updateContactRecordingBehavior{}
	case "UpdateContactRoutingBehavior":
		return &updateContactRoutingBehavior{}
	case "UpdateContactRoutingCriteria", "UpdateRoutingCriteria":
		return &updateContactRoutingCriteria{}
	case "UpdateContactTargetQueue":
		return &updateContactTargetQueue{}
	case "UpdateContactTextToSpeechVoice":
		return &updateContactTextToSpeechVoice{}
	case "UpdatePreviousContactParticipantState":
		return &updatePreviousContactParticipantState{}
	}
	return nil
}

func routingAction(kind string) action {
	switch kind {
	case "CompleteOutboundCall":
		return &completeOutboundCall{}
	case "CreateCallbackContact":
		return &createCallbackContact{}
	case "DequeueContactAndTransferToQueue":
		return &dequeueContactAndTransferToQueue{}
	case "TransferContactToAgent":
		return &transferContactToAgent{}
	case "TransferContactToQueue":
		return &transferContactToQueue{}
	}
	return nil
}

func logicAction(kind string) action {
	switch kind {
	case "CheckHoursOfOperation":
		return &checkHoursOfOperation{}
	case "CheckMetricData":
		return &checkMetricData{}
	case "CheckOutboundCallStatus":
		return &checkOutboundCallStatus{}
	case "Compare":
		return &compare{}
	case "DistributeByPercentage":
		return &distributeByPercentage{}
	case "EndFlowExecution":
		return &endFlowExecution{}
	case "EndFlowModuleExecution":
		return &endFlowModuleExecution{}
	case "GetMetricData":
		return &getMetricData{}
	case "InvokeFlowModule":
		return &invokeFlowModule{}
	case "InvokeLambdaFunction":
		return &invokeLambdaFunction{}
	case "Loop":
		return &loop{}
	case "TransferToFlow":
		return &transferToFlow{}
	case "UpdateFlowAttributes":
		return &updateFlowAttributes{}
	case "UpdateFlowLoggingBehavior":
		return &updateFlowLoggingBehavior{}
	case "Wait":
		return &wait{}
	}
	return nil
}
