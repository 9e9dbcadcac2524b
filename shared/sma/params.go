package sma

// Target says what leg an action is for. Every parameter type embeds it. CallID
// wins over ParticipantTag; without both it is the leg that the event was
// about, or leg A.
type Target struct {
	CallID         string `json:"CallId,omitempty"`
	ParticipantTag Tag    `json:"ParticipantTag,omitempty"`
	Extra          Extra  `json:"-"` // members that the type has no field for
}

// Leg returns the CallId and the tag.
func (t *Target) Leg() (callID string, tag Tag) { return t.CallID, t.ParticipantTag }

func (t *Target) extra() *Extra { return &t.Extra }

// On is the leg with a CallId.
func On(callID string) Target { return Target{CallID: callID} }

// OnTag is the leg with a tag.
func OnTag(tag Tag) Target { return Target{ParticipantTag: tag} }

// AudioSource is a sound in an S3 bucket: WAV, PCM, 8 kHz mono, at most 50 MB.
type AudioSource struct {
	Type       string `json:"Type,omitempty"` // S3
	BucketName string `json:"BucketName,omitempty"`
	Key        string `json:"Key,omitempty"`
	Prefix     string `json:"Prefix,omitempty"` // RecordAudio destinations only
}

// Destination is where a call recording goes.
type Destination struct {
	Type     string `json:"Type,omitempty"`     // S3
	Location string `json:"Location,omitempty"` // bucket or bucket/prefix
}

// Speech is text to be spoken.
type Speech struct {
	Text         string `json:"Text,omitempty"`
	TextType     string `json:"TextType,omitempty"` // text (default), ssml
	Engine       string `json:"Engine,omitempty"`   // standard, neural
	LanguageCode string `json:"LanguageCode,omitempty"`
	VoiceID      string `json:"VoiceId,omitempty"`
}

// MediaOptions are the extension of Speak, PlayAudio and the digit actions.
type MediaOptions struct {
	Interruptible Bool   `json:"Interruptible,omitempty"` // an update of the call cuts it
	BargeIn       Bool   `json:"BargeIn,omitempty"`       // a digit cuts it
	TypeAhead     string `json:"TypeAhead,omitempty"`     // keep (default) or flush digits typed before
	PromptID      string `json:"PromptId,omitempty"`      // plays this prompt instead of the text or source
}

// PlayAudio plays a sound, Repeat times.
type PlayAudio struct {
	Target
	PlaybackTerminators Digits        `json:"PlaybackTerminators,omitempty"`
	Repeat              Int           `json:"Repeat,omitempty"` // default 1
	AudioSource         AudioSource   `json:"AudioSource,omitzero"`
	Huawu               *MediaOptions `json:"Huawu,omitempty"`
}

// PlayAudioAndGetDigits plays a sound and collects digits; it repeats both
// Repeat times until the digits match InputDigitsRegex.
type PlayAudioAndGetDigits struct {
	Target
	InputDigitsRegex                      string        `json:"InputDigitsRegex,omitempty"`
	AudioSource                           AudioSource   `json:"AudioSource,omitzero"`
	FailureAudioSource                    *AudioSource  `json:"FailureAudioSource,omitempty"`
	MinNumberOfDigits                     Int           `json:"MinNumberOfDigits,omitempty"`
	MaxNumberOfDigits                     Int           `json:"MaxNumberOfDigits,omitempty"` // default 128
	TerminatorDigits                      Digits        `json:"TerminatorDigits,omitzero"`   // nil is the default, #; [] is none
	InBetweenDigitsDurationInMilliseconds Int           `json:"InBetweenDigitsDurationInMilliseconds,omitempty"`
	Repeat                                Int           `json:"Repeat,omitempty"` // default 1
	RepeatDurationInMilliseconds          Int           `json:"RepeatDurationInMilliseconds,omitempty"`
	Huawu                                 *MediaOptions `json:"Huawu,omitempty"`
}

// Speak speaks a text once.
type Speak struct {
	Target
	Speech
	Huawu *MediaOptions `json:"Huawu,omitempty"`
}

// SpeakAndGetDigits speaks and collects digits as PlayAudioAndGetDigits does.
type SpeakAndGetDigits struct {
	Target
	InputDigitsRegex                      string        `json:"InputDigitsRegex,omitempty"`
	SpeechParameters                      Speech        `json:"SpeechParameters"`
	FailureSpeechParameters               *Speech       `json:"FailureSpeechParameters,omitempty"`
	MinNumberOfDigits                     Int           `json:"MinNumberOfDigits,omitempty"`
	MaxNumberOfDigits                     Int           `json:"MaxNumberOfDigits,omitempty"` // default 128
	TerminatorDigits                      Digits        `json:"TerminatorDigits,omitzero"`   // nil is the default, #; [] is none
	InBetweenDigitsDurationInMilliseconds Int           `json:"InBetweenDigitsDurationInMilliseconds,omitempty"`
	Repeat                                Int           `json:"Repeat,omitempty"` // default 1
	RepeatDurationInMilliseconds          Int           `json:"RepeatDurationInMilliseconds,omitempty"`
	Huawu                                 *MediaOptions `json:"Huawu,omitempty"`
}

// ReceiveDigits arms a listener in the background and returns at once; digits
// that match come later as a DIGITS_RECEIVED event.
type ReceiveDigits struct {
	Target
	InputDigitsRegex                      string `json:"InputDigitsRegex,omitempty"`
	InBetweenDigitsDurationInMilliseconds Int    `json:"InBetweenDigitsDurationInMilliseconds,omitempty"`
	FlushDigitsDurationInMilliseconds     Int    `json:"FlushDigitsDurationInMilliseconds,omitempty"`
}

// SendDigits sends digits to a leg; a comma is half a second of silence.
type SendDigits struct {
	Target
	Digits                     Text `json:"Digits,omitempty"`                     // 0-9 * # A-D ,
	ToneDurationInMilliseconds Int  `json:"ToneDurationInMilliseconds,omitempty"` // default 250
}

// Pause waits.
type Pause struct {
	Target
	DurationInMilliseconds Int `json:"DurationInMilliseconds,omitempty"`
}

// HangUp is the Hangup action, and the data of a HANGUP event.
type HangUp struct {
	Target
	SipResponseCode Int `json:"SipResponseCode"` // 0, 480, 486; an event may carry others
}

// CallAndBridge calls somebody and bridges the leg with the caller.
type CallAndBridge struct {
	Target
	CallTimeoutSeconds Int            `json:"CallTimeoutSeconds,omitempty"` // default 30
	CallerIDNumber     Text           `json:"CallerIdNumber,omitempty"`
	RingbackTone       *AudioSource   `json:"RingbackTone,omitempty"`
	Endpoints          []Endpoint     `json:"Endpoints,omitempty"`
	SipHeaders         Attributes     `json:"SipHeaders,omitempty"`
	Huawu              *BridgeOptions `json:"Huawu,omitempty"`
}

// Endpoint types of CallAndBridge.
const (
	EndpointPSTN = "PSTN" // Uri is a number
	EndpointAWS  = "AWS"  // Uri is a SIP user at the trunk or agent named by Arn
)

// Endpoint is somebody to call.
type Endpoint struct {
	BridgeEndpointType string `json:"BridgeEndpointType,omitempty"`
	URI                Text   `json:"Uri,omitempty"`
	Arn                string `json:"Arn,omitempty"`
}

// BridgeOptions are the extension of CallAndBridge.
type BridgeOptions struct {
	OfferID       string `json:"OfferId,omitempty"`
	AgentID       string `json:"AgentId,omitempty"`
	AnswerConfirm Bool   `json:"AnswerConfirm,omitempty"` // at B's answer ask first, bridge later
	KeepAudio     Bool   `json:"KeepAudio,omitempty"`     // leg A's playback goes on while B rings, no ringback
	AutoAnswer    Bool   `json:"AutoAnswer,omitempty"`    // ask B's device to answer by itself
	Ring          string `json:"Ring,omitempty"`          // parallel, serial
	Background    Bool   `json:"Background,omitempty"`    // the list goes on while B rings; needs AnswerConfirm
}

// StartCallRecording records a call in stereo from now on.
type StartCallRecording struct {
	Target
	Track       string      `json:"Track,omitempty"` // BOTH (default), INCOMING, OUTGOING
	Destination Destination `json:"Destination"`
}

// StopCallRecording ends the recording of a leg.
type StopCallRecording struct{ Target }

// PauseCallRecording writes silence from now on.
type PauseCallRecording struct{ Target }

// ResumeCallRecording records again after a pause.
type ResumeCallRecording struct{ Target }

// RecordAudio records a leg alone, for example a voicemail.
type RecordAudio struct {
	Target
	DurationInSeconds        Int         `json:"DurationInSeconds,omitempty"`
	SilenceDurationInSeconds Int         `json:"SilenceDurationInSeconds,omitempty"`
	SilenceThreshold         Int         `json:"SilenceThreshold,omitempty"` // default 200
	RecordingTerminators     Digits      `json:"RecordingTerminators,omitempty"`
	RecordingDestination     AudioSource `json:"RecordingDestination"`
}

// JoinChimeMeeting brings a leg into a meeting.
type JoinChimeMeeting struct {
	Target
	JoinToken string `json:"JoinToken,omitempty"` // older handlers write AttendeeJoinToken
	MeetingID string `json:"MeetingId,omitempty"`
}

// ModifyChimeMeetingAttendees mutes or unmutes attendees of a meeting.
type ModifyChimeMeetingAttendees struct {
	Target
	Operation    string   `json:"Operation,omitempty"` // Mute, Unmute
	MeetingID    string   `json:"MeetingId,omitempty"`
	AttendeeList []string `json:"AttendeeList,omitempty"`
}

// VoiceFocus switches noise suppression of a leg.
type VoiceFocus struct {
	Target
	Enable Bool `json:"Enable"`
}

// StartBotConversation lets a leg talk to a bot.
type StartBotConversation struct {
	Target
	BotAliasArn   string    `json:"BotAliasArn,omitempty"`
	LocaleID      string    `json:"LocaleId,omitempty"` // default en_US
	Configuration *BotSetup `json:"Configuration,omitempty"`
}

// BotSetup is how a conversation with a bot starts.
type BotSetup struct {
	SessionState    *BotSession  `json:"SessionState,omitempty"`
	WelcomeMessages []BotMessage `json:"WelcomeMessages,omitempty"`
}

// BotSession is the state a bot begins with.
type BotSession struct {
	SessionAttributes Attributes `json:"SessionAttributes,omitempty"`
	DialogAction      *BotDialog `json:"DialogAction,omitempty"`
}

// BotDialog is what a bot does first: Delegate or ElicitIntent.
type BotDialog struct {
	Type string `json:"Type,omitempty"`
}

// BotMessage is a greeting: PlainText or SSML.
type BotMessage struct {
	Content     string `json:"Content,omitempty"`
	ContentType string `json:"ContentType,omitempty"`
}

// CallUpdateRequest is the data of a CALL_UPDATE_REQUESTED event; it is not an action.
type CallUpdateRequest struct {
	Target
	Arguments Attributes `json:"Arguments"`
}
