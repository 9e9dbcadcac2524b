package call

import (
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// loop is music that a leg hears until something else plays on it. It belongs
// to the leg, not to the list: the list is free to go on, for example to ring
// an agent.
type loop struct {
	params  *sma.PlayLoop
	clips   []media.Clip
	first   int // clip it began with
	started time.Time
	asks    bool // InterruptAfterMs: the function is asked when the time is over …
	due     bool // … which it is
	stop    func()
}

func (p *party) endLoop() {
	l := p.loop
	if l == nil {
		return
	}
	p.loop = nil
	if l.stop != nil {
		l.stop()
	}
	p.lastLoop = l
	l.first = l.current(time.Now())
}

// startLoop plays messages over and over to a leg.
func (c *call) startLoop(p *party, params *sma.PlayLoop, clips []media.Clip) {
	before := p.loop
	if before == nil {
		before = p.lastLoop
	} else {
		before.first = before.current(time.Now())
	}
	c.hush(p)
	l := &loop{params: params, clips: clips, started: time.Now(), asks: params.InterruptAfterMs > 0}
	if bool(params.Resume) && before != nil && len(before.clips) == len(clips) {
		l.first = before.first
	}
	order := append(append([]media.Clip{}, clips[l.first:]...), clips[:l.first]...)
	c.play(p, media.Playlist{Clips: order, Loop: true}, nil)
	p.loop = l
	if l.asks {
		l.stop = c.after(time.Duration(params.InterruptAfterMs)*time.Millisecond, func() { l.due = true })
	}
}

// current is which of the clips plays now.
func (l *loop) current(now time.Time) int {
	var whole time.Duration
	for _, clip := range l.clips {
		whole += clip.Duration()
	}
	if whole <= 0 {
		return 0
	}
	at := now.Sub(l.started) % whole
	for i := range l.clips {
		n := (l.first + i) % len(l.clips)
		if at -= l.clips[n].Duration(); at < 0 {
			return n
		}
	}
	return l.first
}

// loopsDue asks about loops whose time is over, once nothing else goes on. The
// music plays on until the answer replaces it.
func (c *call) loopsDue() {
	if c.running != nil || len(c.pending) > 0 || c.asking != nil || len(c.asks) > 0 || c.fallback || c.ending != "" {
		return
	}
	for _, p := range c.parties {
		l := p.loop
		if l == nil || !l.due || p.leaving {
			continue
		}
		l.due = false
		c.ask(&ask{kind: sma.ActionSuccessful, about: p, gate: true, data: &sma.ActionData{
			Type: sma.TypePlayLoop, Parameters: atLeg(l.params, p), Huawu: &sma.Outcome{Interrupted: true},
		}})
		return
	}
}
