package call

import (
	"context"
	"errors"
	"slices"
	"time"

	"huawu/mediarelay/hook"
	"huawu/shared/sma"
)

// ask is one event that the function is to be asked about.
type ask struct {
	kind    sma.EventType
	about   *party
	data    *sma.ActionData
	gate    bool // its answer decides what comes next
	update  *sma.Update
	until   time.Time     // of an update: when it is of no use any more; zero: never
	failure sma.ErrorType // INVALID_LAMBDA_RESPONSE
	problem string
	waits   *party // a leg that answered: without an answer nobody would join it
	after   *party // a leg whose HANGUP was asked again for this one's sake
}

// used reports whether the contract uses the answer to the event.
func (c *call) used(a *ask) bool {
	switch a.kind {
	case sma.NewOutboundCall, sma.Ringing, sma.ActionInterrupted:
		return false
	}
	return c.left() > 0 // when nobody is left there is nothing to be done
}

func (c *call) ask(a *ask) {
	if c.fallback && a.kind != sma.Hangup {
		return
	}
	if a.gate {
		c.gates++
	}
	c.asks = append(c.asks, a)
}

// withdraw takes back questions that were not asked yet.
func (c *call) withdraw(which func(*ask) bool) {
	kept := c.asks[:0]
	for _, a := range c.asks {
		if !which(a) {
			kept = append(kept, a)
		} else if a.gate {
			c.gates--
		}
	}
	clear(c.asks[len(kept):])
	c.asks = kept
}

// pump asks the next question if none is open.
func (c *call) pump() {
	for c.asking == nil {
		a := c.next()
		if a == nil {
			return
		}
		switch {
		case a.update != nil && !a.until.IsZero() && time.Now().After(a.until):
			c.calls.count.dropped.Add(1)
			c.log.Info("command dropped: too late")
		case c.invocations >= sma.MaxInvocations && a.kind != sma.Hangup:
			c.overLimit(a)
		case a.kind == sma.Hangup && c.lateBefore(a) != nil:
			c.behind(a)
		default:
			c.invoke(a)
		}
	}
}

// next takes the first question that may be asked now, nil if none may.
func (c *call) next() *ask {
	n := slices.IndexFunc(c.asks, func(a *ask) bool { return a.update == nil || !c.underWay() })
	if n < 0 {
		return nil
	}
	a := c.asks[n]
	c.asks = slices.Delete(c.asks, n, n+1)
	return a
}

// underWay reports whether a list goes on by itself in a moment: it waits for an
// answer of its own, or for the sound of a loop. A command comes after that. Its
// answer is made for legs as it sees them, and takes the place of what is left of
// the list: a caller whose music was to begin would hear nothing.
func (c *call) underWay() bool {
	return c.gates > 0 || c.running != nil && c.running.kind.brief && len(c.pending) > 0
}

// lateBefore is the first hang-up without an answer of those before a's.
func (c *call) lateBefore(a *ask) (first *ask) {
	for _, l := range c.late {
		if l.about.nth < a.about.nth && (first == nil || l.about.nth < first.about.nth) {
			first = l
		}
	}
	return first
}

// behind keeps a hang-up behind one before it that got no answer, which is asked
// once more: who hung up first ended the call. If that fails again both are left
// to the journal, which tells them in their order.
func (c *call) behind(a *ask) {
	l := c.lateBefore(a)
	if a.after != l.about {
		a.after = l.about
		c.late = slices.DeleteFunc(c.late, func(x *ask) bool { return x == l })
		c.asks = append([]*ask{l, a}, c.asks...)
		return
	}
	c.unasked(a)
	c.unanswerable(a)
}

// unasked leaves a hang-up for later.
func (c *call) unasked(a *ask) {
	if a.gate {
		c.gates--
		a.gate = false
	}
	c.late = append(c.late, a)
}

// overLimit ends a call that asked too often, but not a conversation. Hang-ups
// are still reported.
func (c *call) overLimit(a *ask) {
	if a.gate {
		c.gates--
	}
	if !c.limited {
		c.limited = true
		c.calls.count.overLong.Add(1)
		c.log.Error("too many questions", "limit", sma.MaxInvocations)
	}
	if !c.conversing() {
		c.fallBack()
	}
}

func (c *call) invoke(a *ask) {
	c.asking = a
	c.sequence++
	c.invocations++
	c.note()
	e := c.event(a)
	c.calls.count.asked.Add(1)
	asked := time.Now()
	c.cover(a)
	c.calls.work.Go(func() {
		ctx, cancel := context.WithTimeout(c.calls.base, c.calls.cfg.AskWait)
		defer cancel()
		r, err := c.calls.cfg.Handler.Handle(ctx, e)
		c.box.post(func() { c.answered(a, r, err, time.Since(asked)) })
	})
}

func (c *call) event(a *ask) sma.Event {
	e := sma.Event{
		SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(c.sequence), InvocationEventType: a.kind,
		ActionData: a.data, ErrorType: a.failure, ErrorMessage: a.problem,
		CallDetails: sma.CallDetails{
			TransactionID: c.id, TransactionAttributes: c.attributes,
			SipMediaApplicationID: c.route.Application, SipRuleID: c.in.TrunkID,
		},
	}
	for _, p := range c.parties {
		if c.extended() || p.tag == sma.LegA || p.tag == sma.LegB {
			e.CallDetails.Participants = append(e.CallDetails.Participants, p.participant())
		}
	}
	if c.extended() {
		e.CallDetails.Huawu = &sma.Offer{
			Version: sma.ExtensionVersion, Tenant: c.in.Tenant, RelayID: c.calls.cfg.RelayID,
			ConversationID: c.id, Capabilities: c.route.Capabilities,
		}
	}
	return e
}

func (c *call) extended() bool { return len(c.route.Capabilities) > 0 }

// answered takes the function's answer, or learns that there is none.
func (c *call) answered(a *ask, r sma.Response, err error, took time.Duration) {
	c.asking = nil
	c.changed = true
	c.uncover()
	used := c.used(a)
	if a.gate {
		c.gates--
	}
	c.log.Debug("answer", "event", string(a.kind), "sequence", c.sequence, "ms", took.Milliseconds(), "actions", len(r.Actions), "used", used, "error", err)
	defer c.dropEnded()
	if a.kind == sma.NewOutboundCall {
		c.allowed(a, r, err)
		return
	}
	if a.kind == sma.Hangup && (err == nil || errors.Is(err, hook.ErrAnswer)) {
		a.about.owes = false // an answer that cannot be read is one: it was heard
	}
	switch {
	case err != nil && !errors.Is(err, hook.ErrAnswer):
		c.calls.count.failed.Add(1)
		c.log.Error("no answer", "event", string(a.kind), "sequence", c.sequence, "error", err)
		if a.kind == sma.Hangup {
			a.gate = false // counted above
			c.unasked(a)
		}
		c.unanswerable(a)
	case !used || c.fallback || c.ending != "":
		c.failures = 0
	case err != nil:
		c.failures = 0
		c.invalid(a, sma.SystemException, "the answer is not JSON of the contract")
	default:
		c.failures = 0
		c.apply(a, r)
	}
}

// apply does what an answer says.
func (c *call) apply(a *ask, r sma.Response) {
	for _, f := range r.Check(c.route.Capabilities...) {
		if f.Action < 0 {
			c.invalid(a, f.Code, f.Error())
			return
		}
	}
	c.misread = false
	if r.TransactionAttributes != nil {
		c.attributes = r.TransactionAttributes
		if len(c.attributes) == 0 {
			c.attributes = nil
		}
	}
	if len(r.Actions) > 0 {
		c.replace(a, r.Actions)
	}
	c.afterUpdate(a)
}

// invalid reports an answer that cannot be used. If the answer to that cannot
// be used either, the function counts as gone.
func (c *call) invalid(a *ask, code sma.ErrorType, problem string) {
	c.calls.count.invalid.Add(1)
	c.log.Error("invalid answer", "event", string(a.kind), "sequence", c.sequence, "error", problem)
	if c.misread {
		c.unanswerable(a)
		return
	}
	c.misread = true
	c.ask(&ask{kind: sma.InvalidLambdaResponse, about: a.about, gate: true, failure: code, problem: problem})
}
