package ivr

import (
	"cmp"
	"context"
	"reflect"
	"strings"

	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// maxAsks bounds how much one event may ask of the outside.
const maxAsks = 100

// onFlow carries the flow of a call on by an event.
func (s *Service) onFlow(ctx context.Context, c *call) (sma.Response, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	return s.runFlow(ctx, c, m)
}

// runFlow answers an event by the flow, or as it was answered before.
func (s *Service) runFlow(ctx context.Context, c *call, m *memory) (sma.Response, error) {
	var event interp.Event = interp.Call{Event: c.Event}
	switch {
	case m.answered(c):
		return m.answer()
	case m.stale(c):
		return sma.Keep(), nil
	case m.version == 0: // nothing has run
		flowID, err := s.flowOf(ctx, c)
		if err != nil {
			return sma.Response{}, err
		}
		m.state, event = interp.Start(string(c.id), flowID, nil), interp.Begin{}
	}
	return s.step(ctx, c, m, event)
}

// flowOf returns the flow of the dialled number, "" if none is bound to it.
func (s *Service) flowOf(ctx context.Context, c *call) (string, error) {
	n, known, err := s.flows.number(ctx, c.tenant, number(c.system()))
	if err == nil && !known {
		s.run.Log.ErrorContext(ctx, "no flow for the dialled number", "tenant", c.tenant, "contact", string(c.id))
	}
	return n.Flow, err
}

// stepOnce carries the flow on by something that is no event of the call, and
// returns what it wants done.
func (s *Service) stepOnce(ctx context.Context, c *call, event interp.Event) ([]sma.Action, error) {
	m, err := s.remember(ctx, c)
	if err != nil || m.version == 0 {
		return nil, err
	}
	var r sma.Response
	if m.answered(c) {
		r, err = m.answer()
	} else {
		r, err = s.step(ctx, c, m, event)
	}
	return r.Actions, err
}

// customerRemains begins the flow for a customer whose agent has left; bound is
// false if none is set.
func (s *Service) customerRemains(ctx context.Context, c *call) (list []sma.Action, bound bool, err error) {
	m, err := s.remember(ctx, c)
	if err != nil || m.version == 0 {
		return nil, false, err
	}
	if m.remains { // asked again, or the agent's leg has followed the command
		if !m.answered(c) {
			return nil, true, nil
		}
		r, err := m.answer()
		return r.Actions, true, err
	}
	child, bound := m.state.Enter(interp.HookCustomerRemaining)
	if !bound {
		return nil, false, nil
	}
	m.state, m.remains = child, true
	r, err := s.step(ctx, c, m, interp.Begin{})
	return r.Actions, true, err
}

// step runs the flow until it wants something of the relay, and keeps state and
// answer. An event that changes nothing is not written down.
func (s *Service) step(ctx context.Context, c *call, m *memory, event interp.Event) (sma.Response, error) {
	return s.stepAfter(ctx, c, m, event, nil)
}

// stepAfter is step behind other actions. So that all fit into one answer, it is
// what one action of the flow plays; the rest follows when that was heard.
func (s *Service) stepAfter(ctx context.Context, c *call, m *memory, event interp.Event, first []sma.Action) (sma.Response, error) {
	before := m.state
	env, err := s.env(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	env.Apart = len(first) > 0
	out, err := s.stepsIn(ctx, c, m, event, env)
	if err != nil {
		return sma.Response{}, err
	}
	if out.Err != nil {
		s.run.Log.ErrorContext(ctx, "flow failed", "tenant", c.tenant, "contact", string(c.id), "flow", before.Flow, "action", before.At, "error", out.Err.Error())
	}
	r := sma.Respond(append(first, out.Actions...)...)
	if m.version > 0 && !m.noted && len(r.Actions) == 0 && reflect.DeepEqual(before, m.state) {
		return r, nil
	}
	kept, err := s.keep(ctx, c, m, r)
	if err != nil || kept {
		return r, err
	}
	other, err := s.remember(ctx, c) // the same event is being answered elsewhere
	if err != nil {
		return sma.Response{}, err
	}
	if other.answered(c) {
		return other.answer()
	}
	return sma.Response{}, fault.New(fault.Conflict, "ivr: two events of call %s at once", c.id)
}

// stepsIn runs the flow and carries out what it asks until it has an answer.
func (s *Service) stepsIn(ctx context.Context, c *call, m *memory, event interp.Event, env interp.Env) (interp.Out, error) {
	var (
		said []sma.Action
		err  error
	)
	env.Trace = true
	for range maxAsks {
		env.Now = s.run.Now()
		if m.records() {
			env.RecordingLocation = s.cfg.RecordingLocation
		}
		state, out := interp.Step(m.state, event, env)
		if load, ok := out.Ask.(interp.LoadFlow); ok {
			p, err := s.flows.program(ctx, c.tenant, load.ID, string(c.id))
			if err != nil {
				return interp.Out{}, err
			}
			env.Flows[load.ID] = p
			continue
		}
		m.state = state
		m.path = m.path.Append(s.run.Now(), out.Visits, env.Program)
		if out.Ask == nil {
			if err := s.recordsCaller(ctx, c, m, out.Actions); err != nil {
				return interp.Out{}, err
			}
			before, refused := keepPlace(c, state, out.Actions)
			if at := stopped(c, state, out.Actions); refused == nil && at != nil {
				said, event = append(said, out.Actions...), at
				continue
			}
			if refused == nil {
				room := max(0, sma.MaxActions-len(out.Actions))
				out.Actions = append(said[:min(len(said), room)], out.Actions...)
				return out, nil
			}
			s.run.Log.WarnContext(ctx, "one who waits is not connected outside", "contact", string(c.id), "action", state.At)
			said, event = append(said, before...), refused
			continue
		}
		event, err = s.answer(ctx, c, m, &env, out.Ask)
		if _, waits := event.(interp.Enqueued); waits && err == nil {
			said, err = s.stopRecorded(ctx, c, m, said)
		}
		if err != nil {
			return interp.Out{}, err
		}
	}
	return interp.Out{}, fault.New(fault.Invalid, "ivr: a flow of call %s asks without end", c.id)
}

// env is what the flow may know of the call.
func (s *Service) env(ctx context.Context, c *call) (interp.Env, error) {
	n, _, err := s.flows.number(ctx, c.tenant, number(c.system()))
	if err != nil {
		return interp.Env{}, err
	}
	env := interp.Env{
		Now:    s.run.Now(),
		CallID: c.legA.CallID,
		Flows:  map[string]*interp.Program{},
		Contact: interp.Contact{ID: string(c.id), InitialID: string(c.id), Channel: string(contact.Voice), InitiationMethod: string(contact.Inbound),
			InstanceARN: contact.ARN("instance", c.tenant, c.tenant), Region: s.cfg.Region,
			Customer: interp.Endpoint{Address: number(c.customer()).Full()}, System: interp.Endpoint{Address: number(c.system()).Full()},
			SIPHeaders: c.legA.SipHeaders},
		Language: cmp.Or(asked(c.legA.SipHeaders), n.Language, s.cfg.Language), PromptBucket: s.cfg.PromptBucket, QueueMusic: s.cfg.QueueMusic,
	}
	if _, called := c.customerCall(); called {
		env.Contact.InitiationMethod = string(contact.Callback)
	}
	if c.CallDetails.Huawu != nil {
		env.Can, env.Bots = c.CallDetails.Huawu.Capabilities, true
	}
	return env, nil
}

// headerLanguage is how a caller's page says which language was picked there.
const headerLanguage = "X-Language"

// asked is the language that a caller has asked for before the call, as a BCP 47
// tag; "" if none. Any caller may send the header, so it is looked at first.
func asked(headers sma.Attributes) string {
	tag := headers[headerLanguage]
	if len(tag) > 16 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return ""
	}
	return tag
}

// enqueue lets the contact wait, as its flow has set.
func (s *Service) enqueue(ctx context.Context, c *call, m *memory, a interp.Enqueue) (interp.Event, error) {
	if a.AgentID != "" {
		return interp.Refused{Cause: errUnserved}, nil
	}
	routing, err := s.router.Routing(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	q, err := routing.Queue(a.QueueID)
	if err != nil {
		return interp.Refused{Cause: err}, nil
	}
	request := s.request(ctx, c, m, q, a)
	if !a.Move {
		if err := s.keptPlace(ctx, c, m, &request); err != nil {
			return nil, err
		}
	}
	con, err := s.putInQueue(ctx, c, request, a.Move)
	if err != nil {
		if event, ok := refusal(err); ok {
			return event, nil
		}
		return nil, err
	}
	if con.State == contact.Ended || con.State == contact.Completed {
		return interp.Refused{Cause: contact.ErrStep}, nil
	}
	return interp.Enqueued{}, nil
}
