package call

import "huawu/shared/sma"

// catalogue is the table of actions: one file each. A type of the contract that
// is in neither this list nor unsupported fails the build of the tests.
func catalogue() map[sma.ActionType]kind {
	kinds := map[sma.ActionType]kind{
		sma.TypePlayAudio:             {start: playAudio, answers: true, interruptible: true},
		sma.TypePlayAudioAndGetDigits: {start: playAudioAndGetDigits, answers: true, result: true},
		sma.TypeSpeak:                 {start: speak, answers: true},
		sma.TypeSpeakAndGetDigits:     {start: speakAndGetDigits, answers: true, result: true},
		sma.TypeReceiveDigits:         {start: receiveDigits},
		sma.TypeSendDigits:            {start: sendDigits},
		sma.TypePause:                 {start: pause, interruptible: true},
		sma.TypeHangup:                {start: hangUp, anyLeg: true},
		sma.TypeCallAndBridge:         {start: callAndBridge, result: true},
		sma.TypeRecordAudio:           {start: recordAudio, answers: true, interruptible: true, result: true},
		sma.TypeStartCallRecording:    {start: startCallRecording, result: true},
		sma.TypeStopCallRecording:     {start: stopCallRecording, result: true},
		sma.TypePauseCallRecording:    {start: pauseCallRecording, result: true},
		sma.TypeResumeCallRecording:   {start: resumeCallRecording, result: true},

		sma.TypeCollectDigits:    {start: collectDigits, answers: true, result: true},
		sma.TypePlayLoop:         {start: playLoop, answers: true, brief: true},
		sma.TypeConferenceJoin:   {start: conferenceJoin, answers: true},
		sma.TypeConferenceUpdate: {start: conferenceUpdate},
		sma.TypeConferenceLeave:  {start: conferenceLeave},
		sma.TypeAnswer:           {start: answerLeg, answers: true},
		sma.TypeProgress:         {start: progress},
		sma.TypeReject:           {start: reject, anyLeg: true},
	}
	for t, code := range unsupported() {
		kinds[t] = kind{anyLeg: true, result: true, start: func(s *step) { s.fail(code, "this relay does not offer "+string(t)) }}
	}
	return kinds
}

// unsupported are the actions of the contract that this relay does not carry
// out, with the error type that a handler expects of each when it is not to be had.
func unsupported() map[sma.ActionType]sma.ErrorType {
	return map[sma.ActionType]sma.ErrorType{
		sma.TypeJoinChimeMeeting:            sma.ErrorJoiningMeeting,
		sma.TypeModifyChimeMeetingAttendees: sma.SystemException,
		sma.TypeStartBotConversation:        sma.ResourceNotFound,
		sma.TypeVoiceFocus:                  sma.SystemException,
	}
}

// Offered are the extensions that a relay of this build carries out.
func Offered() []sma.Capability {
	return []sma.Capability{sma.CanPlayLoop, sma.CanConference, sma.CanAnswer, sma.CanCollectDigits, sma.CanMediaOptions, sma.CanBridgeOptions, sma.CanMix}
}
