package ivr

import (
	"context"
	"errors"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// A call out has the agent's leg, LEG-B, before it has the customer's: LEG-A is
// there once the agent's device has answered and the customer is called, by a
// CallAndBridge of the agent's leg. When that answers too the two are joined like
// any agent and customer, and from then on nothing tells the call from one that
// came in.

// offerPlaced is the offer that an agent's device is called for.
func (c *call) offerPlaced() contact.OfferID {
	return contact.OfferID(c.CallDetails.TransactionAttributes[sma.AttrOffer])
}

// onPlaced lets a relay begin a call, or keeps it from it: the message came twice,
// or too late.
func (s *Service) onPlaced(ctx context.Context, c *call) (sma.Response, error) {
	if call, ok := c.customerCall(); ok {
		return s.onCustomerPlaced(ctx, c, call)
	}
	if c.offerPlaced() == "" {
		return sma.Keep(), nil // not for an agent
	}
	_, err := s.router.Placed(ctx, c.tenant, c.id, c.offerPlaced(), c.relay())
	if errors.Is(err, acd.ErrElsewhere) || errors.Is(err, acd.ErrNoContact) {
		s.run.Log.InfoContext(ctx, "call is not placed", "contact", string(c.id), "why", string(fault.KindOf(err)))
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
	return sma.Keep(), err
}

// onDeviceAnswered calls the customer for an agent whose device has answered. The
// agent hears that it rings. A customer who is called first has no agent yet.
func (s *Service) onDeviceAnswered(ctx context.Context, c *call) (sma.Response, error) {
	if call, ok := c.customerCall(); ok {
		return s.onCustomerAnswered(ctx, c, call)
	}
	agent, live := c.Leg(sma.LegB)
	if c.offerPlaced() == "" || !live {
		return sma.Keep(), nil
	}
	con, err := s.router.Answered(ctx, c.tenant, c.id, c.offerPlaced(), agent.CallID)
	switch {
	case errors.Is(err, acd.ErrOffer), errors.Is(err, acd.ErrNoContact), err == nil && (con.AgentLeg != agent.CallID || !con.ToCall()):
		return sma.Respond(hangUp(c.Live()...)...), nil
	case err != nil:
		return sma.Response{}, err
	}
	return sma.Respond(sma.Do(&sma.CallAndBridge{Target: sma.On(agent.CallID), CallTimeoutSeconds: contact.DialSeconds,
		CallerIDNumber: sma.Text(con.System.Full()),
		Endpoints:      []sma.Endpoint{{BridgeEndpointType: sma.EndpointPSTN, URI: sma.Text(con.Customer.Full())}},
		Huawu:          &sma.BridgeOptions{OfferID: string(con.Offer), AgentID: con.OfferAgent, AnswerConfirm: true},
	})...), nil
}

// fromAgent reports whether the leg that a CallAndBridge was for is an agent's, so
// that the customer was called.
func (c *call) fromAgent() bool {
	if c.ActionData.Parameters == nil {
		return false
	}
	_, tag := c.ActionData.Parameters.Leg()
	return tag == sma.LegB && c.offerPlaced() != "" && c.offerPlaced() == offerOf(c)
}

// onCustomerCalled joins the customer who has answered with the agent, or ends a
// call that was not answered.
func (s *Service) onCustomerCalled(ctx context.Context, c *call) (sma.Response, error) {
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil && !errors.Is(err, acd.ErrNoContact) {
		return sma.Response{}, err
	}
	agent, live := c.Leg(sma.LegB)
	if err != nil || con.Offer != offerOf(c) || !con.ToCall() || con.State != contact.Connecting || !live {
		if err == nil && con.State == contact.Connected {
			return sma.Keep(), nil // asked again
		}
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
	if c.InvocationEventType != sma.ActionFailed {
		return s.join(ctx, c, con, agent)
	}
	if err := s.router.Unreached(ctx, con, unreached(c)); err != nil {
		return sma.Response{}, err
	}
	return sma.Respond(hangUp(c.Live()...)...), nil
}

// unreached is why nobody has answered.
func unreached(c *call) contact.Reason {
	if o := c.ActionData.Huawu; o != nil && o.Status != 0 {
		return contact.Unreached(int(o.Status))
	}
	return contact.NoAnswer
}

// calledInVain ends a call out that a leg has left before customer and agent were
// joined.
func (s *Service) calledInVain(ctx context.Context, c *call, con *contact.Contact, lost bool) (sma.Response, error) {
	gone := s.gone(c)
	var err error
	switch {
	case acd.Over(con) || con.Offer != c.offerPlaced():
	case lost:
		err = s.router.Unreached(ctx, con, contact.RelayLost)
	case gone.ParticipantTag == sma.LegA: // has answered, and not waited to be joined
		_, err = s.router.EndTalk(ctx, con, contact.CustomerLeft)
	case con.AgentLeg == gone.CallID:
		err = s.router.Unreached(ctx, con, contact.AgentLeft)
	case con.State == contact.Offered:
		err = s.router.Expire(ctx, c.tenant, c.id, con.Offer)
	default:
		err = s.router.Unreached(ctx, con, contact.AttemptFailed)
	}
	if err != nil {
		return s.keepIfOver(err)
	}
	return sma.Respond(hangUp(c.Live()...)...), nil
}
