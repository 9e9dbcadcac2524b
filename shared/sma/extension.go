package sma

// Message is one item of a playlist: exactly one of a prompt, a text and a sound.
type Message struct {
	PromptID string `json:"PromptId,omitempty"`
	Speech
	AudioSource *AudioSource `json:"AudioSource,omitempty"`
}

// PlayLoop plays messages over and over until another action for the leg
// replaces it. With InterruptAfterMs it ends then with ACTION_SUCCESSFUL and
// Huawu.Interrupted; Resume goes on where the leg's last loop was cut.
type PlayLoop struct {
	Target
	Messages         []Message `json:"Messages"`
	InterruptAfterMs Int       `json:"InterruptAfterMs,omitempty"`
	Resume           Bool      `json:"Resume,omitempty"`
}

// Mode is how a leg takes part in a conference.
type Mode string

// The modes.
const (
	ModeTalk    Mode = "talk"
	ModeListen  Mode = "listen"  // hears all, nobody hears it
	ModeWhisper Mode = "whisper" // hears all, only SpeakOnlyTo hears it
	ModeBarge   Mode = "barge"   // as talk, for a supervisor
	ModeHold    Mode = "hold"    // neither hears nor is heard
)

// Modes returns every mode.
func Modes() []Mode { return []Mode{ModeTalk, ModeListen, ModeWhisper, ModeBarge, ModeHold} }

// ConferenceJoin brings a leg into a conference; the first one makes it. Two
// legs that talk are a plain bridge in the relay.
type ConferenceJoin struct {
	Target
	ConferenceID string   `json:"ConferenceId"`
	Mode         Mode     `json:"Mode,omitempty"`        // default talk
	SpeakOnlyTo  []string `json:"SpeakOnlyTo,omitempty"` // CallIds, with whisper
}

// ConferenceUpdate changes how a leg takes part; talk stops the leg's playback.
type ConferenceUpdate struct {
	Target
	ConferenceID string   `json:"ConferenceId"`
	Mode         Mode     `json:"Mode"`
	SpeakOnlyTo  []string `json:"SpeakOnlyTo,omitempty"`
}

// ConferenceLeave takes a leg out of a conference without hanging it up.
type ConferenceLeave struct {
	Target
	ConferenceID string `json:"ConferenceId"`
}

// Answer answers a leg without playing anything.
type Answer struct{ Target }

// Progress tells the caller's network that the call is ringing, with early media.
type Progress struct{ Target }

// Reject refuses an unanswered leg with a SIP status of one's choice.
type Reject struct {
	Target
	SipResponseCode Int    `json:"SipResponseCode"` // 300-699
	Reason          string `json:"Reason,omitempty"`
}

// CollectDigits plays prompts and collects digits in the relay, so that with
// Encrypt no digit leaves it in clear.
type CollectDigits struct {
	Target
	Prompts      []Message    `json:"Prompts,omitempty"`
	MaxLength    Int          `json:"MaxLength,omitempty"`
	Terminator   string       `json:"Terminator,omitempty"` // up to 5 keys in sequence; default #
	CancelKey    string       `json:"CancelKey,omitempty"`  // erases what was typed before it
	FirstDigitMs Int          `json:"FirstDigitMs"`         // wait for the first digit after the prompts
	InterDigitMs Int          `json:"InterDigitMs"`         // wait between digits
	PhoneNumber  *PhoneFormat `json:"PhoneNumber,omitempty"`
	Encrypt      *Encrypt     `json:"Encrypt,omitempty"`
}

// PhoneFormat makes collected digits a telephone number or refuses them.
type PhoneFormat struct {
	Format  string `json:"Format"`            // Local, E164
	Country string `json:"Country,omitempty"` // ISO 3166-1 alpha-2, with Local
}

// Encrypt names the certificate that collected digits are sealed for.
type Encrypt struct {
	KeyID       string `json:"KeyId"`
	Certificate string `json:"Certificate"` // X.509, PEM
}
