package ivr

import (
	"context"
	"errors"
	"slices"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// onHangup ends what a leg that is gone was part of.
func (s *Service) onHangup(ctx context.Context, c *call) (sma.Response, error) {
	lost := c.ActionData != nil && c.ActionData.Huawu != nil && c.ActionData.Huawu.Reason == sma.ReasonRelayLost
	con, err := s.router.Glance(ctx, c.tenant, c.id, c.sureEnd(s.gone(c).CallID))
	if errors.Is(err, acd.ErrNoContact) && c.legA.Direction == outbound {
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
	if errors.Is(err, acd.ErrNoContact) { // the function was gone while the call lived
		if _, err = s.begin(ctx, c); err == nil {
			con, err = s.router.Contact(ctx, c.tenant, c.id)
		}
	}
	if err != nil {
		return sma.Response{}, err
	}
	if con.CallFirst() {
		return s.onCustomerGone(ctx, c, con, lost)
	}
	if con.ToCall() {
		return s.calledInVain(ctx, c, con, lost)
	}
	if gone := s.gone(c).CallID; gone != c.legA.CallID {
		if !lost {
			return s.otherGone(ctx, c, con, gone)
		}
		if !con.Live() { // a leg that rang, of a customer who is reported too
			return sma.Keep(), nil
		}
	}
	why := contact.CustomerLeft
	if lost && con.State == contact.InFlow { // perhaps a message is left
		if _, err := s.whoEnded(ctx, c); err != nil {
			return sma.Response{}, err
		}
	}
	if lost {
		why = contact.RelayLost
	} else if con.State != contact.Connected && con.State != contact.Ended && con.State != contact.Completed {
		if why, err = s.whoEnded(ctx, c); err != nil {
			return sma.Response{}, err
		}
	}
	if _, err := s.router.EndSeen(ctx, con, why); err != nil {
		return sma.Response{}, err
	}
	return sma.Respond(hangUp(c.Live()...)...), nil
}

// sureEnd reports of a contact that a stale read of it will do at a leg's hang-up:
// what is over stays so, and the end of a talk by its customer, or by its agent if
// nobody else takes part, is the same whoever else ends it. Any other leg may be
// the agent's by now.
func (c *call) sureEnd(gone string) func(*contact.Contact) bool {
	return func(con *contact.Contact) bool {
		ends := gone == c.legA.CallID || gone == con.AgentLeg && !con.Talk
		return con.State == contact.Connected && ends || acd.Over(con)
	}
}

// gone returns the leg that a HANGUP is about, leg A if it does not say.
func (s *Service) gone(c *call) sma.Participant {
	if c.ActionData == nil || c.ActionData.Parameters == nil {
		return c.legA
	}
	id, tag := c.ActionData.Parameters.Leg()
	if p, ok := c.LegByID(id); ok {
		return p
	}
	if id != "" {
		return sma.Participant{CallID: id} // a leg that is listed no more
	}
	if p, ok := c.Leg(tag); ok {
		return p
	}
	return c.legA
}

// whoEnded tells a flow that hung up from a caller who did. What the caller was
// saying until then is a message.
func (s *Service) whoEnded(ctx context.Context, c *call) (contact.Reason, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return "", err
	}
	if err := s.leavesMessage(ctx, c, m); err != nil {
		return "", err
	}
	switch m.state.Ended {
	case interp.Disconnected:
		return contact.FlowEnded, nil
	case interp.Failed:
		return contact.Other, nil
	}
	return contact.CustomerLeft, nil
}

// agentGone handles an agent's leg that hung up while the customer is there. The
// hang-up of one who had the offer before may be reported when the next one
// talks already.
func (s *Service) agentGone(ctx context.Context, c *call, con *contact.Contact, leg string) (sma.Response, error) {
	if con.Talk && con.State == contact.Connected && leg != con.AgentLeg {
		return s.otherLeft(ctx, c, con, leg)
	}
	if con.Talk && con.State == contact.Connecting && leg != con.AgentLeg {
		return s.arrange(ctx, c, con) // handed over by this hang-up, and asked again
	}
	_, another := c.agentLeg()
	if con.AgentLeg != "" && con.AgentLeg != leg || con.AgentLeg == "" && another {
		return sma.Keep(), nil
	}
	switch con.State {
	case contact.Connected:
		return s.agentLeaves(ctx, c, con)
	case contact.Connecting:
		if late, err := s.ofAgentBefore(ctx, c, con, leg); late || err != nil {
			return sma.Keep(), err
		}
		return s.partAndWait(ctx, c, con)
	case contact.Ended, contact.Completed:
		return s.agentLeft(ctx, c, con, con.Reason)
	}
	m, err := s.remember(ctx, c) // a leg that rang, or one we parted and were asked about again
	if err != nil || !m.answered(c) {
		return sma.Keep(), err
	}
	return m.answer()
}

// ofAgentBefore reports whether a leg that is gone is that of who handed the contact
// over, and not of the next agent, who has accepted and has no leg yet.
func (s *Service) ofAgentBefore(ctx context.Context, c *call, con *contact.Contact, leg string) (bool, error) {
	p, known := c.LegByID(leg)
	if con.Segment == 0 || con.AgentLeg != "" || !known {
		return false, nil
	}
	called, err := s.called(ctx, c, con, &contact.Talk{})
	return !slices.Contains(called, string(p.To)), err
}

// agentLeaves ends a talk, or only the agent's part of it if others go on.
func (s *Service) agentLeaves(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	if r, ok, err := s.successor(ctx, c, con); ok || err != nil {
		return r, err
	}
	return s.agentLeft(ctx, c, con, leaver(con))
}

// leaver is the reason of a talk that ends from the agent's side.
func leaver(con *contact.Contact) contact.Reason {
	if !con.Dial.IsZero() {
		return contact.ThirdParty
	}
	return contact.AgentLeft
}

// agentLeft ends a talk from the agent's side. The customer hears the flow for
// customers who remain, if one is set, and is hung up after it.
func (s *Service) agentLeft(ctx context.Context, c *call, con *contact.Contact, why contact.Reason) (sma.Response, error) {
	if why != leaver(con) || con.State != contact.Connected && !(acd.Over(con) && con.Reason == why) {
		return sma.Keep(), nil
	}
	if _, err := s.router.EndTalk(ctx, con, why); err != nil {
		return s.keepIfOver(err)
	}
	out := sma.Respond(hangUp(c.allOthers()...)...)
	rest, bound, err := s.customerRemains(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	if !bound && c.legA.Status != sma.Disconnected {
		rest = hangUp(c.legA)
	}
	out.Actions = append(out.Actions, rest...)
	return out, nil
}
