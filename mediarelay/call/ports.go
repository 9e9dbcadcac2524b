package call

import (
	"context"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// Audio is what a call uses of a media port. No method waits.
type Audio interface {
	Play(media.Playlist)
	Stop()
	Tap(t *media.Tap, channel int)
	TapHeard(t *media.Tap, channel int)
	SendDigits(id uint64, digits string, tone time.Duration)
}

// Mixer gives a call the audio of its legs and joins them.
type Mixer interface {
	// Audio returns a leg's audio.
	Audio(Leg) Audio
	// Bridge joins two legs both ways; each leaves the bridge it was in. With
	// b nil, a leaves its bridge.
	Bridge(a, b Leg)
	// Hear lets a leg hear the sum of others instead of its bridge; none: it
	// hears nobody.
	Hear(a Leg, others []Leg) error
}

// Ports is the Mixer of legs that have a port of the media engine.
type Ports struct{}

// Audio returns the leg's port.
func (Ports) Audio(l Leg) Audio { return l.Port() }

// Bridge joins the ports of two legs.
func (Ports) Bridge(a, b Leg) {
	if b == nil {
		a.Port().Bridge(nil)
		return
	}
	a.Port().Bridge(b.Port())
}

// Hear mixes the ports of others for a leg's.
func (Ports) Hear(a Leg, others []Leg) error {
	sources := make([]*media.Port, 0, len(others))
	for _, l := range others {
		sources = append(sources, l.Port())
	}
	return a.Port().Hear(sources...)
}

// Prompts finds the audio of what is to be said. An unknown prompt or sound is
// fault.NotFound, one that cannot be read fault.Invalid.
type Prompts interface {
	Clip(ctx context.Context, p Prompt) (media.Clip, error)
}

// Prompt is something to be said or played.
type Prompt struct {
	Tenant   string
	Language string // of the route, where the message names none
	Message  sma.Message
}

// RecordingSpec says what is recorded. Channel 0 is the leg the recording was
// started for, channel 1 whoever it talks with.
type RecordingSpec struct {
	Tenant    string
	ContactID string // the TransactionId
	Segment   int    // 0 for the first recording of the call
	CallID    string // the leg
	Channels  int    // 1 or 2
	// Silence, where it is not 0, calls Silent once after so much time in which
	// the mean amplitude of channel 0 stayed below Threshold (0 to 32767).
	Silence   time.Duration
	Threshold int
	Silent    func() // must not block
}

// Recorders starts recordings. Start does not wait: keys, disk and store may all
// be gone.
type Recorders interface {
	Start(spec RecordingSpec) (Recording, error)
}

// Recording is a recording that runs. No method waits; Stop must be called once
// for each Start that succeeded, what follows happens in the background.
type Recording interface {
	Tap() *media.Tap
	Object() string // the key under which the sealed recording will be found
	Pause()
	Resume()
	Stop()
}

// Journal keeps a note of each live call, so that a relay that was killed can
// report afterwards which legs it lost.
type Journal interface {
	Save(Entry) error
	Remove(transactionID string) error
}

// Entry is the note of one call: enough to report its end as the call itself
// would have. It holds personal data (From, To): whoever keeps it keeps it only
// until the report was taken, and out of logs.
type Entry struct {
	TransactionID string         `json:"transactionId"`
	Tenant        string         `json:"tenant"`
	Application   string         `json:"application,omitempty"` // SipMediaApplicationId
	Rule          string         `json:"rule,omitempty"`        // SipRuleId
	Extended      bool           `json:"extended"`              // the route negotiated extensions
	Sequence      int            `json:"sequence"`              // of the last event asked
	Legs          []LegEntry     `json:"legs"`
	Attributes    sma.Attributes `json:"attributes,omitempty"`
}

// LegEntry is one leg of an Entry whose HANGUP was not answered yet.
type LegEntry struct {
	CallID    string    `json:"callId"`
	Tag       sma.Tag   `json:"tag"`
	Direction string    `json:"direction"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Started   time.Time `json:"started"`
	Ended     bool      `json:"ended"` // it hung up; only the report is owed
	Code      int       `json:"code,omitempty"`
	Reason    string    `json:"reason,omitempty"`
}

// Route is how calls of one trunk or number are served.
type Route struct {
	Application  string           // SipMediaApplicationId in events
	Capabilities []sma.Capability // extensions the route negotiated; nil: the core contract
	Language     string           // BCP 47, of prompts that name none
	// DelayCover plays, looped, when a function has not answered after
	// CoverAfter (0: 800 ms) and the leg would hear nothing. The zero message is
	// a soft tone.
	DelayCover sma.Message
	CoverAfter time.Duration
	// Fallback runs when the function is gone. Nil: say prompt "unavailable", hang up.
	Fallback  []sma.Action
	HoldMusic sma.Message // for the other party while a phone holds; zero: prompt "hold-music"
	Ringback  sma.Message // zero: the tone of the route's country
}
