package ivr

import (
	"context"
	"slices"

	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// Flows that run beside the contact's own: whispers before agent and customer
// are joined, and what is heard on hold. Their state is not kept, so that a talk
// costs no write for them: what they set ends with them, and an event that is
// asked about again gets the same answer.

// maxBeside bounds what a flow beside plays: with a join behind it the answer has
// to fit into one list.
const maxBeside = 5

// whispers reports whether flows are bound to the joining of agent and customer.
func whispers(s interp.State) bool {
	return s.Hooks[interp.HookAgentWhisper] != "" || s.Hooks[interp.HookCustomerWhisper] != ""
}

// joinAfterWhispers lets the agent hear who is coming, then the customer, and
// joins them. A relay that takes longer than its lease to join is told again, and
// then joins at once.
func (s *Service) joinAfterWhispers(ctx context.Context, c *call, con *contact.Contact, agent sma.Participant) (sma.Response, error) {
	r, err := s.join(ctx, c, con, agent)
	if err != nil || !con.Whispers {
		return r, err
	}
	m, err := s.remember(ctx, c)
	if err != nil || m.version == 0 {
		return r, err
	}
	var list []sma.Action
	for _, w := range []struct {
		hook interp.Hook
		leg  string
	}{{interp.HookAgentWhisper, agent.CallID}, {interp.HookCustomerWhisper, c.legA.CallID}} {
		said, err := s.beside(ctx, c, con, m.state, w.hook, w.leg)
		if err != nil {
			return sma.Response{}, err
		}
		list = append(list, said...)
	}
	room := max(0, min(maxBeside, sma.MaxActions-len(r.Actions)))
	r.Actions = append(list[:min(len(list), room)], r.Actions...)
	return r, nil
}

// whisperFailed joins agent and customer who wait for a whisper that could not
// be played; ok is false if the failure is another's.
func (s *Service) whisperFailed(ctx context.Context, c *call) (r sma.Response, ok bool, err error) {
	if c.InvocationEventType != sma.ActionFailed || !slices.Contains([]sma.ActionType{sma.TypeSpeak, sma.TypePlayAudio}, c.ActionData.Type) {
		return sma.Response{}, false, nil
	}
	agent, live := c.agentLeg()
	if !live || agent.Status != sma.Connected {
		return sma.Response{}, false, nil
	}
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil || con.State != contact.Connecting || !con.Whispers {
		return sma.Response{}, false, err
	}
	s.run.Log.WarnContext(ctx, "a whisper cannot be played", "contact", string(c.id), "error", string(c.ActionData.ErrorType))
	r, err = s.join(ctx, c, con, agent)
	return r, true, err
}

// heldWith is what the customer hears on hold: the flow that is bound to it, else
// music. A relay plays one loop at a time in a list, so an agent who holds hears
// nothing: flows of the type AGENT_HOLD are not run.
func (s *Service) heldWith(ctx context.Context, c *call, con *contact.Contact) ([]sma.Action, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return nil, err
	}
	list, err := s.beside(ctx, c, con, m.state, interp.HookCustomerHold, c.legA.CallID)
	if err == nil && !loops(list) {
		list = append(list, sma.Do(s.holdMusic(c.legA.CallID))...)
	}
	return list, err
}

func loops(list []sma.Action) bool {
	return len(list) > 0 && list[len(list)-1].Type == sma.TypePlayLoop
}

// beside runs the flow of a hook on a leg to its end, or to a loop, and returns
// what it plays. A flow that fails plays nothing: those who talk, or are about
// to, are not hung up for it.
func (s *Service) beside(ctx context.Context, c *call, con *contact.Contact, state interp.State, h interp.Hook, leg string) ([]sma.Action, error) {
	child, bound := state.Enter(h)
	if !bound {
		return nil, nil
	}
	env, err := s.env(ctx, c)
	if err != nil {
		return nil, err
	}
	a, err := s.router.Agent(ctx, c.tenant, con.OfferAgent)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	env.CallID = leg
	if a != nil {
		env.Contact.Agent = interp.Agent{ARN: contact.ARN("agent", c.tenant, a.ID), UserName: a.Username, FirstName: a.Name}
	}
	m := &memory{state: child}
	var list []sma.Action
	var event interp.Event = interp.Begin{}
	for len(list) <= maxBeside {
		out, err := s.stepsIn(ctx, c, m, event, env)
		if err != nil {
			return nil, err
		}
		if out.Err != nil || out.Ended == interp.Failed {
			s.run.Log.ErrorContext(ctx, "flow failed", "tenant", c.tenant, "contact", string(c.id), "flow", child.Flow, "hook", string(h))
			return nil, nil
		}
		for _, a := range out.Actions {
			if p, ok := a.Parameters.(*sma.PlayLoop); ok {
				endless := *p
				endless.InterruptAfterMs = 0 // nobody would say what comes then
				a.Parameters = &endless
			}
			if a.Type != sma.TypeHangup {
				list = append(list, a)
			}
		}
		if out.Ended != "" || len(out.Actions) == 0 || loops(list) {
			break
		}
		last := out.Actions[len(out.Actions)-1]
		event = interp.Call{Event: &sma.Event{InvocationEventType: sma.ActionSuccessful, CallDetails: c.CallDetails,
			ActionData: &sma.ActionData{Type: last.Type, Parameters: last.Parameters}}}
	}
	return list, nil
}
