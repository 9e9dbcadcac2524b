package call

import (
	"reflect"
	"slices"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// kind is what the table of actions says about one type.
type kind struct {
	start         func(*step) // runs the action; the step ends by done, fail or end
	answers       bool        // a caller who was not answered is answered first
	interruptible bool        // an update of the call cuts it short
	result        bool        // asks the function on success even in mid-list
	anyLeg        bool        // also for a leg that has ended or rings
	brief         bool        // it may take a moment, but ends by itself
}

// step is the action that runs.
type step struct {
	c       *call
	action  sma.Action
	kind    kind
	party   *party          // the leg it is for
	legs    []*party        // further legs it works with
	digit   func(byte) bool // takes a digit of its leg; false: it does not want it
	cancel  func()          // frees what it holds when it is cut short
	updates bool            // may be interrupted although its kind may not
	stops   []func()        // timers
	waits   *party          // a leg that answered and waits to be joined
	// background: the list went on without waiting for it.
	background bool
	sealed     bool // its digits are secret
}

// advance runs the actions of the list until one needs time, or a question has
// to be answered first.
func (c *call) advance() {
	for c.running == nil && c.gates == 0 && len(c.pending) > 0 {
		o := c.pending[0]
		c.pending = c.pending[1:]
		c.run1(o)
	}
	if c.fallback && c.running == nil && len(c.pending) == 0 && c.ending == "" && !c.conversing() {
		c.hangUpAll(reasonFallback)
	}
}

// run1 begins an action.
func (c *call) run1(o order) {
	c.calls.count.actions.Add(1)
	k, known := c.calls.kinds[o.action.Type]
	s := &step{c: c, action: o.action, kind: k, party: c.target(o)}
	c.running = s
	can := c.route.Capabilities
	if c.fallback {
		can = sma.Capabilities()
	}
	if faults := o.action.Check(0, can...); len(faults) > 0 {
		s.fail(faults[0].Code, problem(faults[0]))
		return
	}
	if !known {
		s.fail(sma.InvalidActionParameter, "no such action")
		return
	}
	switch p := s.party; {
	case p == nil:
		s.fail(sma.InvalidActionParameter, "no such leg")
		return
	case k.anyLeg:
	case p.ended || p.leaving:
		s.fail(sma.InvalidActionParameter, "the leg has hung up")
		return
	case !p.inbound && !p.up:
		s.fail(sma.InvalidActionParameter, "the leg has not answered yet")
		return
	case k.answers:
		c.answer(p)
	}
	c.log.Debug("action", "type", string(o.action.Type), "leg", string(s.party.tag))
	k.start(s)
}

// problem is a fault in the words of one action's failure.
func problem(f sma.Fault) string {
	if f.Field == "" {
		return f.Problem
	}
	return "Parameters." + f.Field + ": " + f.Problem
}

// target is the leg of an action: the named one, else the one that the event
// was about as long as it lives, else the caller.
func (c *call) target(o order) *party {
	id, tag := o.action.Parameters.Leg()
	switch {
	case id != "":
		return c.byID(id)
	case tag != "":
		return c.byTag(tag)
	case o.trigger != nil && !o.trigger.ended && !o.trigger.leaving:
		return o.trigger
	}
	return c.caller()
}

// replace puts a new list in place of what follows the running action. An
// update of the call interrupts an action that may be, and a hang-up of a leg
// that rings, or waits for it, ends the ringing.
func (c *call) replace(a *ask, actions []sma.Action) {
	c.pending = c.pending[:0]
	for _, action := range actions {
		if action.Parameters == nil {
			action.Parameters = &sma.Unknown{Type: action.Type}
		}
		c.pending = append(c.pending, order{action, a.about})
	}
	s := c.running
	if s == nil {
		return
	}
	byUpdate := a.kind == sma.CallUpdateRequested && (s.kind.interruptible || s.updates)
	if !byUpdate && !c.hangsUpRinging(s) {
		return
	}
	c.cut(s)
	c.ask(&ask{kind: sma.ActionInterrupted, about: s.party, data: s.data()})
}

// hangsUpRinging reports whether the list begins with a hang-up of a leg that
// takes part in ringing.
func (c *call) hangsUpRinging(s *step) bool {
	if s.action.Type != sma.TypeCallAndBridge || c.pending[0].action.Type != sma.TypeHangup {
		return false
	}
	p := c.target(c.pending[0])
	return p != nil && s.involves(p)
}

// cut ends the running action without a result.
func (c *call) cut(s *step) {
	s.clear()
	if s.cancel != nil {
		s.cancel()
	}
}

func (s *step) involves(p *party) bool {
	if s.party == p {
		return true
	}
	for _, l := range s.legs {
		if l == p {
			return true
		}
	}
	return false
}

// clear takes the step out of the call.
func (s *step) clear() {
	for _, stop := range s.stops {
		stop()
	}
	s.stops, s.digit = nil, nil
	if s.c.running == s {
		s.c.running = nil
	}
}

// runs reports whether the step is still the running one.
func (s *step) runs() bool { return s.c.running == s }

// after runs f after d, unless the step has ended before.
func (s *step) after(d time.Duration, f func()) (stop func()) {
	stop = s.c.after(d, func() {
		if s.runs() {
			f()
		}
	})
	s.stops = append(s.stops, stop)
	return stop
}

// end ends the step without an event.
func (s *step) end() { s.clear() }

// done ends the step with success. The function is asked if the step has a
// result, or was the last of its list.
func (s *step) done(result func(*sma.ActionData)) {
	s.clear()
	if !s.kind.result && len(s.c.pending) > 0 {
		return
	}
	d := s.data()
	if result != nil {
		result(d)
	}
	s.c.ask(&ask{kind: sma.ActionSuccessful, about: s.party, data: d, gate: !s.background, waits: s.waits})
}

// fail ends the step with a failure, which the function is always asked about.
func (s *step) fail(code sma.ErrorType, message string) { s.failWith(code, message, nil) }

func (s *step) failWith(code sma.ErrorType, message string, result func(*sma.ActionData)) {
	s.clear()
	s.c.calls.count.failedActions.Add(1)
	s.c.log.Warn("action failed", "type", string(s.action.Type), "code", string(code), "error", message)
	d := s.data()
	d.ErrorType, d.ErrorMessage = code, message
	if result != nil {
		result(d)
	}
	s.c.ask(&ask{kind: sma.ActionFailed, about: s.party, data: d, gate: !s.background})
}

// data names the action, with the leg it ran on.
func (s *step) data() *sma.ActionData {
	return &sma.ActionData{Type: s.action.Type, Parameters: atLeg(s.action.Parameters, s.party)}
}

// atLeg returns a copy of parameters that names the leg, as events do even
// where the action did not. Every parameter type embeds sma.Target.
func atLeg(p sma.Parameters, leg *party) sma.Parameters {
	if u, ok := p.(*sma.Unknown); ok && u.Fault != "" { // what could not be read is not sent back
		return &sma.Unknown{Type: u.Type}
	}
	if leg == nil {
		return p
	}
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return p
	}
	target := v.Elem().FieldByName("Target")
	if !target.IsValid() || target.Type() != reflect.TypeFor[sma.Target]() {
		return p
	}
	c := reflect.New(v.Elem().Type())
	c.Elem().Set(v.Elem())
	t := c.Elem().FieldByName("Target").Addr().Interface().(*sma.Target)
	t.CallID, t.ParticipantTag = leg.id, leg.tag
	return c.Interface().(sma.Parameters)
}

// clips finds the audio of messages in the background, then goes on with it.
func (s *step) clips(list []sma.Message, then func([]media.Clip)) {
	s.c.find(list, func(clips []media.Clip, err error) {
		switch {
		case !s.runs():
		case err != nil && s.c.fallback: // nobody is told; the caller hears that something is wrong
			s.c.log.Warn("fallback prompt not found, a tone stands in", "error", err)
			then(slices.Repeat([]media.Clip{s.c.calls.tones.congestion}, len(list)))
		case err != nil:
			s.fail(audioFault(err), err.Error())
		default:
			then(clips)
		}
	})
}

// play plays clips to the step's leg, then goes on.
func (s *step) play(l media.Playlist, then func()) {
	s.c.play(s.party, l, func() {
		if s.runs() {
			then()
		}
	})
}

// audioFault is the error type of a sound that could not be had.
func audioFault(err error) sma.ErrorType {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid:
		return sma.InvalidAudioSource
	case fault.Forbidden:
		return sma.AccessDenied
	case fault.Throttled:
		return sma.ActionExecutionThrottled
	}
	return sma.SystemException
}
