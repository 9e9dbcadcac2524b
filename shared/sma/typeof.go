package sma

// The type that each kind of parameters belongs to.

// ActionType returns TypePlayAudio.
func (*PlayAudio) ActionType() ActionType { return TypePlayAudio }

// ActionType returns TypePlayAudioAndGetDigits.
func (*PlayAudioAndGetDigits) ActionType() ActionType { return TypePlayAudioAndGetDigits }

// ActionType returns TypeSpeak.
func (*Speak) ActionType() ActionType { return TypeSpeak }

// ActionType returns TypeSpeakAndGetDigits.
func (*SpeakAndGetDigits) ActionType() ActionType { return TypeSpeakAndGetDigits }

// ActionType returns TypeReceiveDigits.
func (*ReceiveDigits) ActionType() ActionType { return TypeReceiveDigits }

// ActionType returns TypeSendDigits.
func (*SendDigits) ActionType() ActionType { return TypeSendDigits }

// ActionType returns TypePause.
func (*Pause) ActionType() ActionType { return TypePause }

// ActionType returns TypeHangup.
func (*HangUp) ActionType() ActionType { return TypeHangup }

// ActionType returns TypeCallAndBridge.
func (*CallAndBridge) ActionType() ActionType { return TypeCallAndBridge }

// ActionType returns TypeRecordAudio.
func (*RecordAudio) ActionType() ActionType { return TypeRecordAudio }

// ActionType returns TypeStartCallRecording.
func (*StartCallRecording) ActionType() ActionType { return TypeStartCallRecording }

// ActionType returns TypeStopCallRecording.
func (*StopCallRecording) ActionType() ActionType { return TypeStopCallRecording }

// ActionType returns TypePauseCallRecording.
func (*PauseCallRecording) ActionType() ActionType { return TypePauseCallRecording }

// ActionType returns TypeResumeCallRecording.
func (*ResumeCallRecording) ActionType() ActionType { return TypeResumeCallRecording }

// ActionType returns TypeJoinChimeMeeting.
func (*JoinChimeMeeting) ActionType() ActionType { return TypeJoinChimeMeeting }

// ActionType returns TypeModifyChimeMeetingAttendees.
func (*ModifyChimeMeetingAttendees) ActionType() ActionType { return TypeModifyChimeMeetingAttendees }

// ActionType returns TypeStartBotConversation.
func (*StartBotConversation) ActionType() ActionType { return TypeStartBotConversation }

// ActionType returns TypeVoiceFocus.
func (*VoiceFocus) ActionType() ActionType { return TypeVoiceFocus }

// ActionType returns TypePlayLoop.
func (*PlayLoop) ActionType() ActionType { return TypePlayLoop }

// ActionType returns TypeConferenceJoin.
func (*ConferenceJoin) ActionType() ActionType { return TypeConferenceJoin }

// ActionType returns TypeConferenceUpdate.
func (*ConferenceUpdate) ActionType() ActionType { return TypeConferenceUpdate }

// ActionType returns TypeConferenceLeave.
func (*ConferenceLeave) ActionType() ActionType { return TypeConferenceLeave }

// ActionType returns TypeAnswer.
func (*Answer) ActionType() ActionType { return TypeAnswer }

// ActionType returns TypeProgress.
func (*Progress) ActionType() ActionType { return TypeProgress }

// ActionType returns TypeReject.
func (*Reject) ActionType() ActionType { return TypeReject }

// ActionType returns TypeCollectDigits.
func (*CollectDigits) ActionType() ActionType { return TypeCollectDigits }

// ActionType returns CallUpdateRequest.
func (*CallUpdateRequest) ActionType() ActionType { return typeCallUpdate }
