package call

import (
	"context"
	"slices"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// coverAfter is how long a caller waits in silence before a slow function is
// covered, where the route does not say.
const coverAfter = 800 * time.Millisecond

// patience is how many questions in a row may stay without an answer while a
// caller hears music: the place in the queue is worth more than an outage.
const patience = 10

// retryLoop is when a waiting caller's question is asked again after an outage.
const retryLoop = 15 * time.Second

// unanswerable decides what happens when the function is gone. Who talks goes
// on talking; who waits with music keeps the place; anybody else is told so and
// hung up politely.
func (c *call) unanswerable(a *ask) {
	c.failures++
	if a.waits != nil && !a.waits.talks() {
		c.drop(a.waits, "function_gone")
	}
	switch {
	case c.fallback || c.ending != "" || c.left() == 0:
	case c.conversing() || c.held():
		c.log.Warn("conversation goes on without the function")
	case c.caller().ended: // the caller has left and nobody says what the others do
		c.hangUpAll("caller_gone")
	case c.caller().loop != nil && c.failures < patience:
		c.keepWaiting()
	case a.gate || a.kind == sma.Hangup || c.failures >= patience:
		c.fallBack()
	}
}

// held reports whether the caller is on hold with somebody: the music that is
// heard then is no queue's, and who holds must not be lost by it.
func (c *call) held() bool {
	a := c.caller()
	return a.room != "" && !a.ended && slices.ContainsFunc(c.parties, func(p *party) bool { return p != a && p.room != "" && p.living() })
}

// keepWaiting leaves the caller with the music, without anybody else.
func (c *call) keepWaiting() {
	c.log.Warn("caller keeps waiting without the function", "failures", c.failures)
	c.cancelRings(nil)
	for _, p := range c.parties[1:] {
		if c.running == nil || !c.running.involves(p) {
			c.drop(p, "function_gone")
		}
	}
	a := c.caller()
	if l := a.loop; l != nil && l.asks {
		c.after(retryLoop, func() {
			if a.loop == l {
				l.due = true
			}
		})
	}
}

// fallBack runs the route's own list: nothing is asked any more but hang-ups.
func (c *call) fallBack() {
	if c.fallback {
		return
	}
	c.log.Error("call falls back: the function is gone")
	c.calls.count.fallbacks.Add(1)
	c.withdraw(func(a *ask) bool { return a.kind != sma.Hangup })
	if c.running != nil {
		c.cut(c.running)
	}
	c.cancelRings(nil)
	c.fallback = true
	for _, a := range c.asks {
		a.gate = false
	}
	c.gates = 0
	for _, p := range c.parties[1:] {
		c.drop(p, "function_gone")
	}
	list := c.route.Fallback
	if list == nil {
		list = sma.Do(&sma.PlayAudio{Huawu: &sma.MediaOptions{PromptID: "unavailable"}}, &sma.HangUp{})
	}
	c.pending = c.pending[:0]
	for _, action := range list {
		c.pending = append(c.pending, order{action, c.caller()})
	}
}

// cover arranges that the leg that waits for an answer does not hear silence
// for long: a caller who was not answered hears ringing, others the route's sound.
func (c *call) cover(a *ask) {
	if !a.gate {
		return
	}
	d := c.route.CoverAfter
	if d <= 0 {
		d = coverAfter
	}
	c.after(d, func() {
		p := c.caller()
		if c.asking != a || p.ended || p.leaving {
			return
		}
		if !p.up && !p.inbound {
			return // nobody listens yet
		}
		if !p.up {
			c.calls.count.covers.Add(1)
			c.legDid(p, "ring", p.leg.Ring())
			return
		}
		if p.playing != 0 || p.talks() || c.running != nil {
			return
		}
		c.calls.count.covers.Add(1)
		c.soften(p, c.route.DelayCover, c.calls.tones.cover, func() bool { return c.asking == a })
	})
}

// soften plays a message in a loop to a leg that would hear silence, as long as
// still says so; tone stands in for a message that is not there.
func (c *call) soften(p *party, m sma.Message, tone media.Clip, still func() bool) {
	play := func(clip media.Clip) {
		if still() && !p.ended && p.playing == 0 {
			c.play(p, media.Playlist{Clips: []media.Clip{clip}, Loop: true}, nil)
			p.cover = true
		}
	}
	if m.PromptID == "" && m.Text == "" && m.AudioSource == nil {
		play(tone)
		return
	}
	c.find([]sma.Message{m}, func(clips []media.Clip, err error) {
		if err != nil {
			c.log.Warn("cover not found, a tone stands in", "error", err)
			clips = []media.Clip{tone}
		}
		play(clips[0])
	})
}

// uncover ends delay cover when the answer is there.
func (c *call) uncover() {
	for _, p := range c.parties {
		if p.cover && !p.ended && !c.partnerHolds(p) && (p.ringback == nil || !p.ringback.goesOn()) {
			c.hush(p)
		}
	}
}

// find looks for the audio of messages in the background.
func (c *call) find(list []sma.Message, then func([]media.Clip, error)) {
	language := c.route.Language
	c.calls.work.Go(func() {
		ctx, cancel := context.WithTimeout(c.calls.base, c.calls.cfg.AskWait)
		defer cancel()
		clips := make([]media.Clip, 0, len(list))
		for _, m := range list {
			if m.LanguageCode != "" {
				language = m.LanguageCode
			}
			clip, err := c.calls.cfg.Prompts.Clip(ctx, Prompt{Tenant: c.in.Tenant, Language: language, Message: m})
			if err != nil {
				c.box.post(func() { then(nil, err) })
				return
			}
			clips = append(clips, clip)
		}
		c.box.post(func() { then(clips, nil) })
	})
}
