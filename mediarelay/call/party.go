package call

import (
	"slices"
	"strconv"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// typeAhead bounds what is kept of digits that no action has asked for yet: so
// many, and none older than so long, as a digit of minutes ago answers nothing.
const (
	typeAheadDigits = sma.DefaultMaxDigits
	typeAheadAge    = 30 * time.Second
)

// party is one leg of a call. Owned by the call's goroutine.
//
// A leg is up when it can be heard; it counts as a leg that lives (living) from
// the INVITE if the call began with it, and from its answer if it was called
// during the call.
type party struct {
	id       string
	tag      sma.Tag
	leg      Leg
	audio    Audio // nil until there is a leg
	from, to string
	inbound  bool
	first    bool // the call began with it: its end is reported even if it never answered
	started  time.Time
	headers  sma.Attributes

	up       bool // answered
	leaving  bool // we hung it up
	ended    bool
	owes     bool // its HANGUP was not answered yet
	nth      int  // how many legs had ended with it; 0 while it lives
	peerHold bool // its phone holds us
	code     int  // SIP status of its end
	reason   string

	watch func(LegEvent) // CallAndBridge listens while it rings

	playing    uint64 // playlist whose end is awaited or that loops; 0 none
	played     func() // at the playlist's end
	loop       *loop  // music that goes on until something else plays
	lastLoop   *loop  // the one before, for Resume
	sending    uint64 // digits that are being sent
	sent       func()
	cover      bool  // what plays is delay cover or hold cover
	ringback   *ring // … or the tone of this one, while it goes on
	typed      []keypress
	listener   *listener
	secret     bool // no recording hears it …
	secretKeys bool // … and what it types is for sealed inputs only; see beginSecret
	stopSecret func()
	room       string // conference it is in; "" none
	mode       sma.Mode
	only       []string // CallIds that hear it whisper
	hears      []*party // whom it hears; see plan
	mate       *party   // … if it is one who hears only it: their ports are bridged
	recording  *tape
}

type keypress struct {
	digit  byte
	at     time.Time
	secret bool // for a sealed input only
}

// living reports whether the leg counts as one that is left in the call.
func (p *party) living() bool { return !p.ended && !p.leaving && (p.first || p.up) }

// talks reports whether the leg takes part in a conference now, if only by
// listening.
func (p *party) talks() bool { return !p.ended && p.room != "" && p.mode != sma.ModeHold }

// play plays clips instead of what plays now; then runs at their end.
func (c *call) play(p *party, l media.Playlist, then func()) {
	c.lastID++
	l.ID = c.lastID
	p.playing, p.played, p.cover = l.ID, then, false
	p.audio.Play(l)
}

// hush ends what plays on a leg, its loop included.
func (c *call) hush(p *party) {
	p.endLoop()
	if p.playing != 0 {
		p.playing, p.played, p.cover, p.ringback = 0, nil, false, nil
		p.audio.Stop()
	}
}

// keep puts a digit aside for the leg's next digit action.
func (p *party) keep(digit byte, now time.Time) {
	if len(p.typed) < typeAheadDigits {
		p.typed = append(p.typed, keypress{digit, now, p.secretKeys})
	}
}

// takeTyped takes the oldest digit that was typed ahead; ok is false if there is
// none. A sealed input gets only secret digits, any other only those that are
// not, and the rest is gone.
func (p *party) takeTyped(now time.Time, secret bool) (digit byte, ok bool) {
	for len(p.typed) > 0 {
		k := p.typed[0]
		p.typed[0] = keypress{}
		p.typed = p.typed[1:]
		if k.secret == secret && now.Sub(k.at) <= typeAheadAge {
			return k.digit, true
		}
	}
	return 0, false
}

// participant is the leg as events show it.
func (p *party) participant() sma.Participant {
	v := sma.Participant{
		CallID: p.id, ParticipantTag: p.tag, To: sma.Text(p.to), From: sma.Text(p.from), Direction: "Outbound",
		StartTimeInMilliseconds: sma.Text(strconv.FormatInt(p.started.UnixMilli(), 10)), SipHeaders: p.headers,
	}
	if p.inbound {
		v.Direction = "Inbound"
	}
	switch {
	case p.ended || p.leaving:
		v.Status = sma.Disconnected
	case p.up:
		v.Status = sma.Connected
	}
	return v
}

// addParty gives a new leg the lowest free tag, if it has none. Leg A is the first.
func (c *call) addParty(p *party) {
	for letter := byte('A'); p.tag == ""; letter++ {
		tag := sma.Tag("LEG-" + string(letter))
		if c.byTag(tag) == nil {
			p.tag = tag
		}
	}
	p.started = time.Now()
	if p.tag == sma.LegA {
		c.parties = slices.Insert(c.parties, 0, p)
		return
	}
	c.parties = append(c.parties, p)
}

func (c *call) byID(id string) *party {
	for _, p := range c.parties {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (c *call) byTag(tag sma.Tag) *party {
	for _, p := range c.parties {
		if p.tag == tag {
			return p
		}
	}
	return nil
}

// caller is leg A; before the customer of an agent's call is called, the agent's leg.
func (c *call) caller() *party { return c.parties[0] }

// dropEnded forgets legs whose end needs no further mention, so that a queue
// that rings many agents does not grow its list of participants. Leg A stays.
func (c *call) dropEnded() {
	kept := c.parties[:1]
	for _, p := range c.parties[1:] {
		if !p.ended || p.owes {
			kept = append(kept, p)
		}
	}
	clear(c.parties[len(kept):])
	c.parties = kept
}
