package call

import (
	"errors"
	"slices"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// roomBridge is the conference that CallAndBridge makes of itself.
const roomBridge = "bridge"

// A conference has room for so many who talk or are on hold, and so many who
// only listen or whisper.
const (
	maxTalkers   = 6
	maxListeners = 5
)

// errFull refuses one leg too many.
var errFull = errors.New("the conference is full")

// hearing is whom a leg hears.
type hearing struct {
	mate    *party   // joined with directly: the two hear only each other
	sources []*party // all that it hears
}

// plan says whom each leg hears. In a conference everyone who is not on hold
// hears everyone who talks; who whispers is heard only by whom it names. Two
// that hear only each other, and whom nobody else hears, are joined directly,
// which needs no mixing.
func plan(parties []*party) map[*party]hearing {
	hears, heard := map[*party][]*party{}, map[*party]int{}
	for _, p := range parties {
		for _, q := range parties {
			if p.isToHear(q) {
				hears[p] = append(hears[p], q)
			}
		}
		// A phone that holds us sends its own music, or nothing: among several it
		// is left out.
		if rest := slices.DeleteFunc(slices.Clone(hears[p]), func(q *party) bool { return q.peerHold }); len(rest) > 0 {
			hears[p] = rest
		}
		for _, q := range hears[p] {
			heard[q]++
		}
	}
	all := map[*party]hearing{}
	for p, list := range hears {
		h := hearing{sources: list}
		if q := list[0]; len(list) == 1 && len(hears[q]) == 1 && hears[q][0] == p && heard[p] == 1 && heard[q] == 1 {
			h.mate = q
		}
		all[p] = h
	}
	return all
}

// isToHear reports whether the conference lets p hear q.
func (p *party) isToHear(q *party) bool {
	if p == q || !p.talks() || q.ended || q.room != p.room {
		return false
	}
	switch q.mode {
	case sma.ModeTalk, sma.ModeBarge:
		return true
	case sma.ModeWhisper:
		return slices.Contains(q.only, p.id)
	}
	return false
}

// full reports whether a conference has no room for p in a mode.
func (c *call) full(p *party, room string, mode sma.Mode) bool {
	talkers, listeners := 0, 0
	for _, q := range c.parties {
		if q == p || q.ended || q.room != room {
			continue
		}
		if q.mode == sma.ModeListen || q.mode == sma.ModeWhisper {
			listeners++
		} else {
			talkers++
		}
	}
	if mode == sma.ModeListen || mode == sma.ModeWhisper {
		return listeners >= maxListeners
	}
	return talkers >= maxTalkers
}

// take gives a leg its part in a conference, out of the one it was in. A leg
// that is to hear the others stops hearing what plays. only are the CallIds of
// those who hear it whisper.
func (c *call) take(p *party, room string, mode sma.Mode, only []string) error {
	if c.full(p, room, mode) {
		return errFull
	}
	p.room, p.mode, p.only = room, mode, only
	if p.talks() {
		c.hush(p)
		p.typed = nil
	}
	return c.replan()
}

// leave takes a leg out of its conference.
func (c *call) leave(p *party) {
	if p.room == "" {
		return
	}
	p.room, p.mode, p.only = "", "", nil
	if err := c.replan(); err != nil {
		c.log.Error("legs not joined", "error", err)
	}
}

// replan brings the ports to what the conferences say: first who hears nobody
// any more, then who hears several, then the pairs. What does not change is not
// touched, so nobody notices that somebody else comes or goes.
func (c *call) replan() error {
	want := plan(c.parties)
	mixer := c.calls.cfg.Mixer
	var failed error
	var changed []*party
	for _, p := range c.parties {
		now := want[p]
		was := hearing{p.mate, p.hears}
		if now.mate == was.mate && slices.Equal(now.sources, was.sources) {
			continue
		}
		p.mate, p.hears = now.mate, now.sources
		changed = append(changed, p)
		switch {
		case p.ended || now.mate != nil:
		case len(now.sources) == 0 && was.mate != nil:
			mixer.Bridge(p.leg, nil)
		default: // a mix, or the end of one
			failed = errors.Join(failed, mixer.Hear(p.leg, legsOf(now.sources)))
		}
	}
	for i, p := range changed {
		if p.mate != nil && !slices.Contains(changed[:i], p.mate) {
			mixer.Bridge(p.leg, p.mate.leg)
			c.log.Info("legs joined", "one", string(p.tag), "other", string(p.mate.tag))
		}
	}
	for _, p := range changed {
		if len(p.hears) > 1 || len(p.hears) == 1 && p.mate == nil {
			c.log.Info("leg hears a mix", "leg", string(p.tag), "voices", len(p.hears))
		}
		if !p.ended {
			c.holdMusic(p)
		}
	}
	c.retape()
	return failed
}

func legsOf(list []*party) []Leg {
	legs := make([]Leg, 0, len(list))
	for _, p := range list {
		legs = append(legs, p.leg)
	}
	return legs
}

// conversing reports whether any leg hears another.
func (c *call) conversing() bool {
	return slices.ContainsFunc(c.parties, func(p *party) bool { return len(p.hears) > 0 })
}

// peerHolds notes that a phone has put us on hold by itself, or took us back:
// who hears nobody else hears music meanwhile.
func (c *call) peerHolds(p *party, held bool) {
	p.peerHold = held
	if err := c.replan(); err != nil {
		c.log.Error("legs not joined", "error", err)
	}
	for _, other := range c.parties {
		if slices.Contains(other.hears, p) {
			c.holdMusic(other)
		}
	}
}

// holdMusic plays music to a leg whose partners all hold it, and ends that when
// one does not.
func (c *call) holdMusic(p *party) {
	if !c.partnerHolds(p) {
		if p.cover {
			c.hush(p)
		}
		return
	}
	if p.playing != 0 {
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
	return len(p.hears) > 0 && !slices.ContainsFunc(p.hears, func(q *party) bool { return !q.peerHold })
}
