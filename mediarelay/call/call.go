package call

import (
	"log/slog"
	"runtime/debug"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/sma"
)

// call is one call. Everything in it belongs to the goroutine of run; others
// reach it through box only.
//
// An action list runs while no gate is open: a gate is a question whose answer
// decides what comes next. Invariants: at most one question is asked at a time;
// at most one action runs; after the last leg ended no action runs.
type call struct {
	calls *Calls
	id    string
	in    Inbound
	out   *Outbound // a call that we place; nil: one that came in
	rang  bool      // … has rung
	route Route
	log   *slog.Logger
	box   *mailbox
	since time.Time

	parties []*party // leg A first
	pending []order  // actions that wait for the running one
	running *step
	rings   []*ring // CallAndBridges in the background

	asks        []*ask // questions to be asked, in order
	asking      *ask   // the one that is asked
	late        []*ask // hang-ups that got no answer
	ends        int    // how many legs have ended
	gates       int    // open questions that decide what comes next
	sequence    int
	invocations int
	attributes  sma.Attributes
	limited     bool // the limit of invocations was reached
	misread     bool // the last answer was INVALID_LAMBDA_RESPONSE
	failures    int  // questions in a row that got no answer

	fallback bool // the function is gone: the route's own list runs, nothing is asked
	ending   string
	seen     map[string]bool // commands, so that a repeated one does nothing
	lastID   uint64          // of playlists and sent digits
	segments int             // recordings begun
	timers   map[*time.Timer]bool
	changed  bool // the journal's note is out of date
	done     bool
}

// order is an action that waits for its turn, with the leg that its list was
// an answer about.
type order struct {
	action  sma.Action
	trigger *party
}

func newCall(cs *Calls, in Inbound) *call {
	return &call{
		calls: cs, id: in.ID, in: in, route: cs.cfg.Route(in), box: newMailbox(), since: time.Now(),
		log:  cs.cfg.Log.With("transactionId", in.ID, "tenant", in.Tenant),
		seen: map[string]bool{}, timers: map[*time.Timer]bool{},
	}
}

// run owns the call until its last leg has ended and was reported.
func (c *call) run() {
	c.begin()
	for !c.done {
		c.box.next()()
		c.settle()
	}
	c.box.close()
	for t := range c.timers {
		t.Stop()
	}
	c.log.Info("call ended", "seconds", int(time.Since(c.since).Seconds()), "questions", c.invocations, "reported", !c.unheard())
}

// safely runs the call; a bug that shows in one call must not end the others.
// Its legs are hung up, its note stays, so that its end is reported.
func (c *call) safely() {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		c.calls.count.panics.Add(1)
		c.log.Error("call ends: panic", "panic", r, "stack", string(debug.Stack()))
		c.box.close()
		for _, p := range c.parties {
			if p.leg != nil && !p.ended {
				c.legDid(p, "hang up", p.leg.Hangup("internal error"))
			}
			if p.recording != nil {
				p.recording.run.Stop()
			}
		}
	}()
	c.run()
}

func (c *call) begin() {
	if c.out != nil {
		c.beginOut()
		return
	}
	leg := c.in.Leg
	c.addParty(&party{
		id: leg.ID(), leg: leg, audio: c.calls.cfg.Mixer.Audio(leg), from: c.in.From, to: c.in.To,
		inbound: true, first: true, headers: sma.Attributes(leg.Headers()),
	})
	c.log.Info("call began", "trunk", c.in.TrunkID)
	c.after(c.calls.cfg.AnswerWait, c.unanswered)
	c.after(c.calls.cfg.MaxDuration, func() { c.hangUpAll("max_duration") })
	c.ask(&ask{kind: sma.NewInboundCall, about: c.caller(), gate: true})
	c.settle()
}

// settle brings the call on as far as it goes after anything happened.
func (c *call) settle() {
	c.advance()
	c.loopsDue()
	c.pump()
	if c.over() {
		c.finish()
	} else if c.changed {
		c.note()
	}
}

// over reports whether every leg has ended and was reported.
func (c *call) over() bool {
	for _, p := range c.parties {
		if !p.ended {
			return false
		}
	}
	return c.asking == nil && len(c.asks) == 0
}

// unheard reports whether the function missed a hang-up.
func (c *call) unheard() bool {
	for _, p := range c.parties {
		if p.owes {
			return true
		}
	}
	return false
}

// finish ends the call's note, unless a HANGUP is still owed to the function.
func (c *call) finish() {
	c.done = true
	if c.calls.cfg.Journal == nil {
		return
	}
	if c.unheard() {
		c.note()
		return
	}
	if err := c.calls.cfg.Journal.Remove(c.id); err != nil {
		c.calls.count.journal.Add(1)
		c.log.Error("journal: note not removed", "error", err)
	}
}

// after runs f in the call's goroutine once d is over; stop prevents it.
func (c *call) after(d time.Duration, f func()) (stop func()) {
	stopped := false
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.box.post(func() {
			delete(c.timers, t)
			if !stopped {
				f()
			}
		})
	})
	c.timers[t] = true
	return func() {
		stopped = true
		t.Stop()
		delete(c.timers, t)
	}
}

// maxWaitingDigits is how many messages may wait before digits are dropped: no
// one types that fast.
const maxWaitingDigits = 1024

// notify tells the call of a leg's event. It is a Notify.
func (c *call) notify(e LegEvent) {
	if e.Kind == Heard && e.Media.Kind == media.Digit && c.box.waiting() > maxWaitingDigits {
		return
	}
	c.box.post(func() { c.legEvent(e) })
}

func (c *call) legEvent(e LegEvent) {
	p := c.byID(e.LegID)
	if p == nil || p.ended {
		return // late: digits after hang-up, a second BYE
	}
	switch e.Kind {
	case Heard:
		c.heard(p, e.Media)
	case Held, Resumed:
		c.peerHolds(p, e.Kind == Held)
	case Ended, Failed:
		c.legEnded(p, e)
	case Answered:
		if p.inbound {
			return // the ACK; the leg is up since our answer
		}
		if p.leaving { // its 200 crossed our CANCEL; the leg's owner ends it
			return
		}
		p.up = true
		fallthrough
	case Ringing:
		if p.watch != nil {
			p.watch(e)
		}
	}
}

// heard handles an event of a leg's port.
func (c *call) heard(p *party, e media.Event) {
	switch e.Kind {
	case media.Digit:
		c.digit(p, e.Digit)
	case media.PlayDone:
		if e.ID == p.playing {
			then := p.played
			p.playing, p.played = 0, nil
			if then != nil {
				then()
			}
		}
	case media.DigitsSent:
		if e.ID == p.sending {
			then := p.sent
			p.sending, p.sent = 0, nil
			if then != nil {
				then()
			}
		}
	case media.MediaLost:
		c.log.Warn("leg hung up: no audio arrives", "leg", string(p.tag))
		c.drop(p, "media_lost")
	}
}

// digit gives a key to whoever wants it: the running action of its leg, else
// the listener in the background, else the leg's next digit action. Two parties
// that talk type for each other only.
func (c *call) digit(p *party, d byte) {
	if s := c.running; s != nil && s.party == p && s.digit != nil && s.sealed == p.secretKeys && s.digit(d) {
		return
	}
	if p.secretKeys {
		c.keepSecret(p, d)
		return
	}
	if p.listener != nil {
		p.listener.take(d)
		return
	}
	if !p.talks() {
		p.keep(d, time.Now())
	}
}

// unanswered refuses a caller whom no action has answered in time.
func (c *call) unanswered() {
	a := c.caller()
	if a.up || a.ended || c.running != nil || len(c.pending) > 0 || len(c.rings) > 0 {
		return
	}
	c.log.Warn("call refused: not answered in time")
	c.drop(a, "no_answer")
}

// drop hangs a leg up, or refuses it if it was not answered. Its end is forced
// if the leg does not report it.
func (c *call) drop(p *party, reason string) {
	c.dropWith(p, 0, reason)
}

func (c *call) dropWith(p *party, code int, reason string) {
	if p.ended || p.leaving {
		return
	}
	p.leaving, p.reason = true, reason
	if p.inbound && !p.up {
		if code == 0 {
			code = 480
		}
		p.code = code
		c.legDid(p, "reject", p.leg.Reject(code, reason))
	} else if p.leg != nil {
		c.legDid(p, "hang up", p.leg.Hangup(reason))
	}
	c.after(c.calls.cfg.EndWait, func() {
		if !p.ended {
			c.log.Warn("leg did not report its end", "leg", string(p.tag))
			c.legEnded(p, LegEvent{LegID: p.id, Kind: Ended})
		}
	})
}

// legDid logs what a leg could not do. The call goes on: the leg's end, or the
// time limit of what waits for it, decides.
func (c *call) legDid(p *party, what string, err error) {
	if err != nil {
		c.log.Warn("leg: "+what+" failed", "leg", string(p.tag), "error", err)
	}
}

// hangUpAll ends the call: nothing more is run, every leg is hung up.
func (c *call) hangUpAll(reason string) {
	c.ending, c.pending = reason, nil
	if c.running != nil {
		c.cut(c.running)
	}
	c.cancelRings(nil)
	for _, p := range c.parties {
		c.drop(p, reason)
	}
}

// answer answers a caller that no one has answered yet.
func (c *call) answer(p *party) {
	if p.up || !p.inbound || p.ended || p.leaving {
		return
	}
	c.legDid(p, "answer", p.leg.Answer())
	p.up = true
}
