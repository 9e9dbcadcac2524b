package call

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"huawu/shared/fault"
	"huawu/shared/sma"
)

// ring is a CallAndBridge that rings.
type ring struct {
	step     *step
	params   *sma.CallAndBridge
	options  sma.BridgeOptions
	left     []sma.Endpoint // not called yet
	patience time.Duration
	legs     []*party // that ring now
	stops    []func()
	code     int    // SIP status of the last that failed
	problem  string // why
	early    bool   // the caller hears the called party's network
	over     bool   // nothing more comes of it
}

// sound lets the caller hear that it rings.
func (r *ring) sound() {
	s, a := r.step, r.step.party
	switch {
	case a.inbound && !a.up:
		s.c.legDid(a, "ring", a.leg.Ring())
		return
	case bool(r.options.KeepAudio), s.background && (len(a.hears) > 0 || a.playing != 0):
		return
	}
	s.c.hush(a)
	a.ringback = r
	m := s.c.route.Ringback
	if r.params.RingbackTone != nil {
		m = sma.Message{AudioSource: r.params.RingbackTone}
	}
	s.c.soften(a, m, s.c.calls.tones.ringback, func() bool { return r.goesOn() && !r.early && len(a.hears) == 0 })
}

// dial calls the next endpoint.
func (r *ring) dial() {
	s, c := r.step, r.step.c
	e := r.left[0]
	r.left = r.left[1:]
	id, err := uuid.NewV7()
	if err != nil {
		r.problem = "no id"
		return
	}
	p := &party{id: id.String(), to: string(e.URI), from: string(r.params.CallerIDNumber), headers: r.params.SipHeaders}
	c.addParty(p)
	p.watch = func(e LegEvent) { r.event(p, e) }
	s.legs, r.legs = append(s.legs, p), append(r.legs, p)
	to := c.destination(e)
	to.LegID, to.CallerID, to.Headers, to.AutoAnswer = p.id, p.from, p.headers, bool(r.options.AutoAnswer)
	leg, err := c.calls.cfg.Dialer.Dial(c.calls.base, to, c.notify)
	if err != nil {
		p.ended = true
		r.lost(p, statusOf(err), "not reachable: "+string(fault.KindOf(err)))
		return
	}
	p.leg, p.audio = leg, c.calls.cfg.Mixer.Audio(leg)
	c.changed = true
	r.stops = append(r.stops, c.after(r.patience, func() {
		if r.goesOn() && r.rings(p) {
			r.lost(p, 408, "no answer")
			c.drop(p, "no_answer")
			r.check()
		}
	}))
}

// statusOf is the SIP status that a failed Dial amounts to.
func statusOf(err error) int {
	if fault.KindOf(err) == fault.NotFound {
		return 480
	}
	return 503
}

// event handles what a called leg reports.
func (r *ring) event(p *party, e LegEvent) {
	if !r.goesOn() || !r.rings(p) {
		return
	}
	switch e.Kind {
	case Ringing:
		if e.Early {
			r.earlyMedia(p)
		}
	case Answered:
		r.answered(p)
	case Failed, Ended:
		r.lost(p, e.Code, "refused")
		r.check()
	}
}

// earlyMedia lets the caller hear the called party's network instead of our tone.
func (r *ring) earlyMedia(p *party) {
	s := r.step
	if a := s.party; s.background || bool(r.options.KeepAudio) || !a.up || len(r.legs) > 1 || a.room != "" {
		return
	}
	r.early = true
	s.c.hush(s.party)
	s.c.calls.cfg.Mixer.Bridge(s.party.leg, p.leg)
}

func (r *ring) rings(p *party) bool {
	for _, l := range r.legs {
		if l == p {
			return true
		}
	}
	return false
}

// lost takes a leg out of those that ring.
func (r *ring) lost(p *party, code int, problem string) {
	for i, l := range r.legs {
		if l == p {
			r.legs = append(r.legs[:i:i], r.legs[i+1:]...)
			break
		}
	}
	r.code, r.problem = code, problem
}

// check calls the next endpoint when nobody rings any more, and fails the
// action when there is none.
func (r *ring) check() {
	s := r.step
	for r.goesOn() && len(r.legs) == 0 {
		if len(r.left) > 0 {
			r.dial()
			continue
		}
		r.quiet()
		r.end()
		s.failWith(sma.CallNotAnswered, r.problem, func(d *sma.ActionData) {
			if s.offer(d); d.Huawu != nil {
				d.Huawu.Status = sma.Int(r.code)
			}
		})
	}
}

// answered ends the ringing: the first who answers has the call.
func (r *ring) answered(p *party) {
	s, c := r.step, r.step.c
	p.watch = nil
	for _, other := range r.legs {
		if other != p {
			c.drop(other, "answered_elsewhere")
		}
	}
	c.log.Info("leg answered", "leg", string(p.tag), "confirm", bool(r.options.AnswerConfirm))
	c.changed = true
	if !r.options.AnswerConfirm {
		r.quiet()
		c.answer(s.party)
		if err := r.join(p); err != nil {
			c.drop(p, "no_bridge")
			r.end()
			s.failWith(sma.InvalidActionParameter, err.Error(), s.offer)
			return
		}
	}
	r.end()
	s.waits = p
	s.done(func(d *sma.ActionData) {
		d.CallID = s.party.id
		if c.extended() && (r.options.OfferID != "" || bool(r.options.AnswerConfirm)) {
			d.Huawu = &sma.Outcome{OfferID: r.options.OfferID, Answered: bool(r.options.AnswerConfirm)}
			if bool(r.options.AnswerConfirm) {
				d.Huawu.LegID = p.id
			}
		}
	})
}

// join brings the step's leg and the one that answered together.
func (r *ring) join(p *party) error {
	c, a := r.step.c, r.step.party
	room := a.room
	if room == "" {
		room = roomBridge
		if err := c.take(a, room, sma.ModeTalk, nil); err != nil {
			return err
		}
	}
	return c.take(p, room, sma.ModeTalk, nil)
}

// quiet ends what the caller heard while it rang.
func (r *ring) quiet() {
	a := r.step.party
	if r.step.background {
		if a.ringback == r && a.cover {
			r.step.c.hush(a)
		}
		return
	}
	if !bool(r.options.KeepAudio) && a.up {
		r.step.c.hush(a)
		if r.early {
			r.step.c.calls.cfg.Mixer.Bridge(a.leg, nil)
		}
	}
}

// goesOn reports whether an answer would still be taken.
func (r *ring) goesOn() bool { return !r.over && (r.step.background || r.step.runs()) }

// end takes the ringing out of the call.
func (r *ring) end() {
	r.over = true
	for _, stop := range r.stops {
		stop()
	}
	r.step.c.rings = slices.DeleteFunc(r.step.c.rings, func(other *ring) bool { return other == r })
}

// cancel stops the ringing.
func (r *ring) cancel() {
	r.quiet()
	legs := r.legs
	r.end()
	for _, p := range legs {
		r.step.c.drop(p, "cancelled")
	}
}

// cancelRings stops what rings in the background: that of one leg, or all.
func (c *call) cancelRings(of *party) {
	for _, r := range slices.Clone(c.rings) {
		if of == nil || r.step.party == of {
			r.cancel()
		}
	}
}

// interrupted stops the ringing in the background that a leg takes part in,
// because the function hangs that leg up. The leg's own end is left to the
// caller.
func (c *call) interrupted(p *party) {
	for _, r := range slices.Clone(c.rings) {
		if !r.rings(p) {
			continue
		}
		r.legs = slices.DeleteFunc(r.legs, func(l *party) bool { return l == p })
		r.cancel()
		p.watch = nil
		d := r.step.data()
		r.step.offer(d)
		c.ask(&ask{kind: sma.ActionInterrupted, about: r.step.party, data: d})
	}
}
