package sim

import (
	"encoding/json"
	"slices"
	"time"

	"huawu/shared/sma"
)

// relay is the model of a relay: it reports the events of calls, obeys the
// answers, and keeps a journal of what lives that outlives its process.
type relay struct {
	w       *World
	calls   map[string]*call
	journal map[string]journalled
}

// call is a call that lives in the relay's process.
type call struct {
	relay      *relay
	id         string
	attributes sma.Attributes // of a call that the relay began
	placed     sma.Place      // its message
	sequence   int
	legs       []*leg // the customer's first, once it is there
	pending    []sma.Action
	running    *running
	rings      []*ringing // in the background
	joined     bool       // the customer hears somebody
	timed      bool       // it is known how long customer and agent talk
	held       int        // how often that was over while the customer heard nobody, or others went on
	fallback   bool
	asks       []question
	late       []question // hang-ups that got no answer
	asking     bool
	gates      int
	ends       int
	seen       map[string]bool
	recorded   bool
}

// running is the action that takes time.
type running struct {
	action sma.Action
	leg    *leg
	ring   *ringing // of a CallAndBridge
}

// question is an event that is to be reported.
type question struct {
	kind  sma.EventType
	data  *sma.ActionData
	gate  bool
	leg   *leg
	until time.Time // of an update
	waits *leg      // that answered, and waits to be joined
}

func newRelay(w *World) *relay {
	return &relay{w: w, calls: map[string]*call{}, journal: map[string]journalled{}}
}

// invite is a new call from a carrier.
func (r *relay) invite(id string, from, to string) *call {
	c := &call{relay: r, id: id, seen: map[string]bool{}}
	c.legs = []*leg{{id: r.w.newID(), tag: legA, from: from, to: to, inbound: true, first: true}}
	r.calls[id] = c
	c.note()
	c.ask(question{kind: sma.NewInboundCall, gate: true})
	return c
}

func (c *call) ask(q question) {
	if c.fallback && q.kind != sma.Hangup {
		return
	}
	if q.gate {
		c.gates++
	}
	c.asks = append(c.asks, q)
	c.relay.w.soon(c.pump)
}

// pump asks the next question, if none is open.
func (c *call) pump() {
	w := c.relay.w
	if c.asking || len(c.asks) == 0 || w.dead {
		return
	}
	q := c.asks[0]
	c.asks = c.asks[1:]
	if q.kind == sma.Hangup && len(c.late) > 0 {
		c.late = append(c.late, q)
		w.soon(c.pump)
		return
	}
	if !q.until.IsZero() && q.until.Before(w.clock.Now()) {
		w.soon(c.pump)
		return
	}
	c.sequence++
	c.note()
	c.asking = true
	answer, err := c.invoke(q)
	if err != nil && !w.dead {
		answer, err = c.invoke(q)
	}
	c.asking = false
	c.tell(q, answer, err)
	if w.dead {
		return
	}
	if q.gate {
		c.gates--
	}
	w.soon(c.pump)
	if err != nil {
		c.unanswered(q)
		return
	}
	if q.kind == sma.Hangup {
		q.leg.owes = false
		c.note()
	}
	if c.living() > 0 && !c.fallback {
		c.apply(q, answer)
	}
}

func (c *call) invoke(q question) (sma.Response, error) {
	e := sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(c.sequence), InvocationEventType: q.kind, ActionData: q.data,
		CallDetails: sma.CallDetails{TransactionID: c.id, TransactionAttributes: c.attributes, Huawu: &sma.Offer{Version: sma.ExtensionVersion, Tenant: Tenant, RelayID: relayID, Capabilities: sma.Capabilities()}}}
	for _, l := range c.legs {
		p := sma.Participant{CallID: l.id, ParticipantTag: sma.Tag(l.tag), To: sma.Text(l.to), From: sma.Text(l.from), Direction: "Outbound"}
		if l.inbound {
			p.Direction = "Inbound"
		}
		switch {
		case l.ended:
			p.Status = sma.Disconnected
		case l.up:
			p.Status = sma.Connected
		}
		e.CallDetails.Participants = append(e.CallDetails.Participants, p)
	}
	if c.sequence%wireEvery == 0 {
		raw, err := json.Marshal(e)
		if err != nil {
			return sma.Response{}, err
		}
		e = sma.Event{}
		if err := json.Unmarshal(raw, &e); err != nil {
			return sma.Response{}, err
		}
	}
	r, err := c.relay.w.machine().ivr.Handle(c.relay.w.invoked("ivr "+string(q.kind)), e)
	if err == nil {
		for _, f := range r.Check(sma.Capabilities()...) {
			c.relay.w.checker.fault("answer to %s breaks the contract: %v", q.kind, f)
		}
	}
	return r, err
}

// wireEvery is how many events go as values for one that goes as the JSON that a
// real relay sends: that reads as it was written is the business of other tests.
const wireEvery = 8

// tell tells a question and its answer to the log, for a seed that is run again.
func (c *call) tell(q question, r sma.Response, err error) {
	var about, answer []any
	if q.data != nil {
		about = append(about, q.data.Type, q.data.ErrorType)
		if q.leg != nil {
			about = append(about, q.leg.id)
		}
		if u, ok := q.data.Parameters.(*sma.CallUpdateRequest); ok {
			about = append(about, u.Arguments)
		}
	}
	for _, a := range r.Actions {
		id, _ := a.Parameters.Leg()
		answer = append(answer, a.Type, id)
	}
	c.relay.w.opt.Log.Debug("asked", "at", c.relay.w.clock.Now().Sub(c.relay.w.start), "call", c.id, "event", q.kind, "about", about, "answer", answer, "error", err)
}

// unanswered is what a relay does when the function is gone: talks and music go
// on, other callers hear an apology, and a hang-up is reported again.
func (c *call) unanswered(q question) {
	w := c.relay.w
	if q.waits != nil && q.waits.room == "" {
		c.end(q.waits, byRelay)
	}
	switch {
	case q.kind == sma.Hangup:
		c.late = append(c.late, q)
		w.inProcess(5*time.Second, func() {
			c.asks, c.late = append(c.late, c.asks...), nil
			w.soon(c.pump)
		})
	case c.talks(): // nobody was told of this talk: to the centre its end is another
		w.callers[c.id].anyReason = true
	case q.kind == sma.NewOutboundCall: // nobody was called yet
		c.end(c.legs[0], byRelay)
	case c.customer().music || c.living() == 0:
		c.dropOthers()
	default:
		c.fallback = true
		c.running, c.pending = nil, nil
		c.dropOthers()
		c.relay.w.callers[c.id].anyReason = true
		w.inProcess(3*time.Second, func() { c.end(c.legs[0], byRelay) })
	}
}

func (c *call) dropOthers() {
	c.cancelRings()
	for _, l := range slices.Clone(c.legs[1:]) {
		c.end(l, byRelay)
	}
}

func (c *call) living() (n int) {
	for _, l := range c.legs {
		if !l.ended {
			n++
		}
	}
	return n
}

// apply does what an answer says.
func (c *call) apply(q question, r sma.Response) {
	if q.kind == sma.NewOutboundCall {
		c.allowed(r)
		return
	}
	if len(r.Actions) > 0 {
		c.pending = slices.Clone(r.Actions)
		c.cutShort(q.kind == sma.CallUpdateRequested)
	}
	if u := q.command(); u != nil && u.Arguments[sma.ArgVerb] == sma.VerbUnring {
		c.unring(u.Arguments[sma.ArgOfferID])
	}
	if c.gates == 0 {
		c.advance()
	}
}

// command returns the command that a question is about, nil if it is about none.
func (q question) command() *sma.CallUpdateRequest {
	if q.kind != sma.CallUpdateRequested {
		return nil
	}
	u, _ := q.data.Parameters.(*sma.CallUpdateRequest)
	return u
}

// cutShort ends the running action for a new list: a command interrupts what may
// be, and a hang-up of a leg that rings, or waits for it, ends the ringing.
func (c *call) cutShort(command bool) {
	switch run := c.running; {
	case run == nil:
	case run.ring == nil:
		if command {
			c.running = nil
		}
	case c.pending[0].Type == sma.TypeHangup:
		if l := c.leg(c.pending[0].Parameters); l == run.leg || l == run.ring.leg {
			c.cancel(run.ring)
		}
	}
}

// advance runs actions until one needs time.
func (c *call) advance() {
	for c.running == nil && len(c.pending) > 0 && !c.relay.w.dead {
		a := c.pending[0]
		c.pending = c.pending[1:]
		c.start(a)
	}
}

func (c *call) leg(p sma.Parameters) *leg {
	id, tag := p.Leg()
	for _, l := range c.legs {
		if l.id == id || id == "" && l.tag == string(tag) {
			return l
		}
	}
	return c.legs[0]
}

// done ends an action with success.
func (c *call) done(a sma.Action, change func(*sma.ActionData)) {
	c.running = nil
	d := &sma.ActionData{Type: a.Type, Parameters: a.Parameters}
	if change != nil {
		change(d)
	}
	c.ask(question{kind: sma.ActionSuccessful, data: d, gate: true})
}

func (c *call) failed(a sma.Action, code sma.ErrorType) {
	c.running = nil
	c.ask(question{kind: sma.ActionFailed, data: &sma.ActionData{Type: a.Type, Parameters: a.Parameters, ErrorType: code}, gate: true})
}

// last ends an action without a result: the function is asked only at the end
// of the list.
func (c *call) last(a sma.Action) {
	c.running = nil
	switch {
	case len(c.pending) == 0:
		c.done(a, nil)
	case c.gates == 0:
		c.advance()
	}
}
