package call

import (
	"errors"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// roomBridge is the conference that CallAndBridge makes of itself.
const roomBridge = "bridge"

// errMix is why a conference is refused that needs mixing: media joins two ports.
var errMix = errors.New("this relay joins two legs that talk; listening, whispering and a third voice need mixing")

// member is a leg's part in a conference, as plan sees it.
type member struct {
	party *party
	mode  sma.Mode
}

// plan says whose ports have to be joined for the members of a conference. It
// is where a mixer will be asked for; until then it refuses what needs one.
func plan(members []member) (pair [2]*party, err error) {
	var talk []*party
	for _, m := range members {
		switch m.mode {
		case sma.ModeTalk, sma.ModeBarge:
			talk = append(talk, m.party)
		case sma.ModeHold:
		default:
			return pair, errMix
		}
	}
	switch len(talk) {
	case 2:
		return [2]*party{talk[0], talk[1]}, nil
	case 0, 1:
		return pair, nil
	}
	return pair, errMix
}

// members are the legs of a conference, with one leg's part changed (mode ""
// takes it out).
func (c *call) members(room string, changed *party, mode sma.Mode) []member {
	var list []member
	for _, p := range c.parties {
		switch {
		case p == changed && mode != "":
			list = append(list, member{p, mode})
		case p != changed && p.room == room && !p.ended:
			list = append(list, member{p, p.mode})
		}
	}
	return list
}

// take gives a leg its part in a conference and joins who is to be joined. A
// leg that is to talk stops hearing what plays.
func (c *call) take(p *party, room string, mode sma.Mode) error {
	pair, err := plan(c.members(room, p, mode))
	if err != nil {
		return err
	}
	p.room, p.mode = room, mode
	if p.talks() {
		c.hush(p)
		p.typed = nil
	}
	c.join(pair)
	return nil
}

// leave takes a leg out of its conference.
func (c *call) leave(p *party) {
	if p.room == "" {
		return
	}
	pair, err := plan(c.members(p.room, p, ""))
	p.room, p.mode = "", ""
	if err == nil {
		c.join(pair)
	}
}

// join makes pair the joined ports, nobody if it is empty.
func (c *call) join(pair [2]*party) {
	if pair == c.joined || pair[0] == c.joined[1] && pair[1] == c.joined[0] {
		return
	}
	for _, p := range c.joined {
		if p != nil && !p.ended {
			c.calls.cfg.Mixer.Bridge(p.leg, nil)
			if p.cover {
				c.hush(p)
			}
		}
	}
	c.joined = pair
	if pair[0] != nil {
		c.calls.cfg.Mixer.Bridge(pair[0].leg, pair[1].leg)
		c.log.Info("legs joined", "one", string(pair[0].tag), "other", string(pair[1].tag))
		for _, p := range pair {
			c.holdMusic(p)
		}
	}
	c.retape()
}

// partner is the leg that p is joined with, nil if none.
func (c *call) partner(p *party) *party {
	switch p {
	case c.joined[0]:
		return c.joined[1]
	case c.joined[1]:
		return c.joined[0]
	}
	return nil
}

// peerHolds notes that a phone has put us on hold by itself, or took us back:
// the other party hears music meanwhile.
func (c *call) peerHolds(p *party, held bool) {
	p.peerHold = held
	other := c.partner(p)
	if other == nil {
		return
	}
	if held {
		c.holdMusic(other)
	} else if other.cover {
		c.hush(other)
	}
}

// holdMusic plays music to a leg whose partner holds it.
func (c *call) holdMusic(p *party) {
	if !c.partnerHolds(p) || p.playing != 0 {
		return
	}
	m := c.route.HoldMusic
	if m.PromptID == "" && m.Text == "" && m.AudioSource == nil {
		m.PromptID = "hold-music"
	}
	var quiet media.Clip = c.calls.tones.cover
	c.soften(p, m, quiet, func() bool { return c.partnerHolds(p) })
}

func (c *call) partnerHolds(p *party) bool {
	other := c.partner(p)
	return other != nil && other.peerHold
}
