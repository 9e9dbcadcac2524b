package sma

import (
	"encoding/json"
	"fmt"
)

// typeCallUpdate is the type of the data of a CALL_UPDATE_REQUESTED event.
const typeCallUpdate ActionType = "CallUpdateRequest"

// The action types of the core contract, then those of the extension.
const (
	TypePlayAudio                   ActionType = "PlayAudio"
	TypePlayAudioAndGetDigits       ActionType = "PlayAudioAndGetDigits"
	TypeSpeak                       ActionType = "Speak"
	TypeSpeakAndGetDigits           ActionType = "SpeakAndGetDigits"
	TypeReceiveDigits               ActionType = "ReceiveDigits"
	TypeSendDigits                  ActionType = "SendDigits"
	TypePause                       ActionType = "Pause"
	TypeHangup                      ActionType = "Hangup"
	TypeCallAndBridge               ActionType = "CallAndBridge"
	TypeRecordAudio                 ActionType = "RecordAudio"
	TypeStartCallRecording          ActionType = "StartCallRecording"
	TypeStopCallRecording           ActionType = "StopCallRecording"
	TypePauseCallRecording          ActionType = "PauseCallRecording"
	TypeResumeCallRecording         ActionType = "ResumeCallRecording"
	TypeJoinChimeMeeting            ActionType = "JoinChimeMeeting"
	TypeModifyChimeMeetingAttendees ActionType = "ModifyChimeMeetingAttendees"
	TypeStartBotConversation        ActionType = "StartBotConversation"
	TypeVoiceFocus                  ActionType = "VoiceFocus"

	TypePlayLoop         ActionType = "Huawu.PlayLoop"
	TypeConferenceJoin   ActionType = "Huawu.Conference.Join"
	TypeConferenceUpdate ActionType = "Huawu.Conference.Update"
	TypeConferenceLeave  ActionType = "Huawu.Conference.Leave"
	TypeAnswer           ActionType = "Huawu.Answer"
	TypeProgress         ActionType = "Huawu.Progress"
	TypeReject           ActionType = "Huawu.Reject"
	TypeCollectDigits    ActionType = "Huawu.CollectDigits"
)

// ActionTypes returns every action type this package knows, the core ones first.
func ActionTypes() []ActionType {
	return []ActionType{
		TypePlayAudio, TypePlayAudioAndGetDigits, TypeSpeak, TypeSpeakAndGetDigits, TypeReceiveDigits,
		TypeSendDigits, TypePause, TypeHangup, TypeCallAndBridge, TypeRecordAudio, TypeStartCallRecording,
		TypeStopCallRecording, TypePauseCallRecording, TypeResumeCallRecording, TypeJoinChimeMeeting,
		TypeModifyChimeMeetingAttendees, TypeStartBotConversation, TypeVoiceFocus,
		TypePlayLoop, TypeConferenceJoin, TypeConferenceUpdate, TypeConferenceLeave,
		TypeAnswer, TypeProgress, TypeReject, TypeCollectDigits,
	}
}

// Extension returns the capability a relay must offer for an action type, and
// false if the type is part of the core contract.
func (t ActionType) Extension() (Capability, bool) {
	switch t {
	case TypePlayLoop:
		return CanPlayLoop, true
	case TypeConferenceJoin, TypeConferenceUpdate, TypeConferenceLeave:
		return CanConference, true
	case TypeAnswer, TypeProgress, TypeReject:
		return CanAnswer, true
	case TypeCollectDigits:
		return CanCollectDigits, true
	}
	return "", false
}

// New returns empty parameters of a type, or nil if it is not known.
func New(t ActionType) Parameters {
	switch t {
	case TypePlayAudio:
		return &PlayAudio{}
	case TypePlayAudioAndGetDigits:
		return &PlayAudioAndGetDigits{}
	case TypeSpeak:
		return &Speak{}
	case TypeSpeakAndGetDigits:
		return &SpeakAndGetDigits{}
	case TypeReceiveDigits:
		return &ReceiveDigits{}
	case TypeSendDigits:
		return &SendDigits{}
	case TypePause:
		return &Pause{}
	case TypeHangup:
		return &HangUp{}
	case TypeCallAndBridge:
		return &CallAndBridge{}
	case TypeRecordAudio:
		return &RecordAudio{}
	case TypeStartCallRecording:
		return &StartCallRecording{}
	case TypeStopCallRecording:
		return &StopCallRecording{}
	case TypePauseCallRecording:
		return &PauseCallRecording{}
	case TypeResumeCallRecording:
		return &ResumeCallRecording{}
	case TypeJoinChimeMeeting:
		return &JoinChimeMeeting{}
	case TypeModifyChimeMeetingAttendees:
		return &ModifyChimeMeetingAttendees{}
	case TypeStartBotConversation:
		return &StartBotConversation{}
	case TypeVoiceFocus:
		return &VoiceFocus{}
	case typeCallUpdate:
		return &CallUpdateRequest{}
	}
	return newExtension(t)
}

// newExtension returns empty parameters of an extension type, or nil.
func newExtension(t ActionType) Parameters {
	switch t {
	case TypePlayLoop:
		return &PlayLoop{}
	case TypeConferenceJoin:
		return &ConferenceJoin{}
	case TypeConferenceUpdate:
		return &ConferenceUpdate{}
	case TypeConferenceLeave:
		return &ConferenceLeave{}
	case TypeAnswer:
		return &Answer{}
	case TypeProgress:
		return &Progress{}
	case TypeReject:
		return &Reject{}
	case TypeCollectDigits:
		return &CollectDigits{}
	}
	return nil
}

// readParameters decodes the parameters of a type; null and nothing are empty ones.
func readParameters(t ActionType, raw json.RawMessage) (Parameters, error) {
	p := New(t)
	if p == nil {
		return &Unknown{Type: t, Raw: raw}, nil
	}
	if len(raw) == 0 || string(raw) == "null" {
		return p, nil
	}
	extra, err := decode(raw, p)
	if err != nil {
		return nil, fmt.Errorf("Parameters: %w", err)
	}
	if j, ok := p.(*JoinChimeMeeting); ok && j.JoinToken == "" {
		if err := extra.take("AttendeeJoinToken", &j.JoinToken); err != nil {
			return nil, fmt.Errorf("Parameters.AttendeeJoinToken: %w", err)
		}
	}
	if keeper, ok := p.(interface{ extra() *Extra }); ok {
		*keeper.extra() = extra.rest()
	}
	return p, nil
}

// rawParameters encodes parameters with the members their type does not know.
func rawParameters(p Parameters) (json.RawMessage, error) {
	switch p := p.(type) {
	case nil:
		return json.RawMessage("{}"), nil
	case *Unknown:
		return p.MarshalJSON()
	case interface{ extra() *Extra }:
		return encode(p, *p.extra())
	}
	return json.Marshal(p)
}
