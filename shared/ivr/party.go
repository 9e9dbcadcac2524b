package ivr

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/sma"
)

// Customer, agent and all who joined them are in the room of the contact; one
// who is consulted is in a room aside, with the agent or on hold.

// room is the conference of the contact; aside that of a consult.
func (c *call) room() string { return string(c.id) }

func aside(party contact.OfferID) string { return "consult-" + string(party) }

// layout brings the legs to what the talk says, as far as it has changed since a
// version, and calls who is still to be called.
func (s *Service) layout(ctx context.Context, c *call, con *contact.Contact, t *contact.Talk, since int64) (sma.Response, error) {
	gone, err := s.strays(ctx, c, con, t)
	if err != nil {
		return sma.Response{}, err
	}
	list := hangUp(gone...)
	if t.Held >= since {
		list = append(list, s.customerPart(c, con)...)
	}
	if t.Moved >= since {
		list = append(list, s.agentPart(c, con, t)...)
	}
	for _, p := range t.Parties {
		if leg, live := c.LegByID(p.Leg); live && leg.Status == sma.Connected && (p.At >= since ||
			t.Moved >= since && (p.ID == t.Consult || p.Kind == contact.Supervisor)) {
			list = append(list, s.partyPart(c, con, t, p)...)
		}
	}
	for _, p := range t.Parties {
		dial, err := s.dialParty(ctx, c, p)
		if err != nil {
			return sma.Response{}, err
		}
		list = append(list, dial...)
	}
	if len(list) > sma.MaxActions {
		s.run.Log.ErrorContext(ctx, "too many changes of a talk at once", "contact", string(c.id), "actions", len(list))
		list = list[:sma.MaxActions]
	}
	return sma.Respond(list...), nil
}

// strays returns the legs that belong to nobody who takes part. A leg of whoever
// is being called is told apart by its device: it may have answered just now.
func (s *Service) strays(ctx context.Context, c *call, con *contact.Contact, t *contact.Talk) ([]sma.Participant, error) {
	called, err := s.called(ctx, c, con, t)
	if err != nil {
		return nil, err
	}
	var all []sma.Participant
	for _, p := range c.allOthers() {
		if p.CallID != con.AgentLeg && t.ByLeg(p.CallID) == nil && !slices.Contains(called, string(p.To)) {
			all = append(all, p)
		}
	}
	return all, nil
}

// called returns the devices and numbers that are being called.
func (s *Service) called(ctx context.Context, c *call, con *contact.Contact, t *contact.Talk) (all []string, err error) {
	add := func(agentID string, dial string) error {
		if dial != "" {
			all = append(all, dial)
			return nil
		}
		a, err := s.router.Agent(ctx, c.tenant, agentID)
		if err == nil {
			all = append(all, a.Device.User)
		}
		if fault.KindOf(err) == fault.NotFound {
			return nil // deleted meanwhile
		}
		return err
	}
	if con.State == contact.Offered || con.State == contact.Connecting && con.AgentLeg == "" {
		err = add(con.OfferAgent, con.Dial.Full())
	}
	for _, p := range t.Parties {
		if p.State != contact.PartyTalking && err == nil {
			err = add(p.Agent, p.Dial.Full())
		}
	}
	return all, err
}

// tidy hangs up who was left behind when others were joined.
func (s *Service) tidy(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	if len(c.others(con.AgentLeg)) == 0 {
		return sma.Keep(), nil
	}
	t, err := s.router.Talk(ctx, con)
	if err != nil {
		return sma.Response{}, err
	}
	list, err := s.strays(ctx, c, con, t)
	return sma.Respond(hangUp(list...)...), err
}

// customerPart puts the customer on hold or takes the customer back.
func (s *Service) customerPart(c *call, con *contact.Contact) []sma.Action {
	if con.Hold.Since.IsZero() {
		return sma.Do(&sma.ConferenceJoin{Target: sma.On(c.legA.CallID), ConferenceID: c.room(), Mode: sma.ModeTalk})
	}
	return sma.Do(&sma.ConferenceJoin{Target: sma.On(c.legA.CallID), ConferenceID: c.room(), Mode: sma.ModeHold}, s.holdMusic(c.legA.CallID))
}

// agentPart puts the agent where the talk says. While the other side rings the
// agent is aside alone and hears that it rings.
func (s *Service) agentPart(c *call, con *contact.Contact, t *contact.Talk) []sma.Action {
	if leg, live := c.LegByID(con.AgentLeg); !live || leg.Status != sma.Connected {
		return nil
	}
	in := c.room()
	if t.Aside {
		in = aside(t.Consult)
	}
	list := sma.Do(&sma.ConferenceJoin{Target: sma.On(con.AgentLeg), ConferenceID: in, Mode: sma.ModeTalk})
	if p := t.Party(t.Consult); t.Aside && p != nil && p.State != contact.PartyTalking {
		list = append(list, sma.Do(&sma.PlayLoop{Target: sma.On(con.AgentLeg), Messages: []sma.Message{{PromptID: s.cfg.Ringback}}})...)
	}
	return list
}

// partyPart puts a party where the talk says. A supervisor is where the agent is.
func (s *Service) partyPart(c *call, con *contact.Contact, t *contact.Talk, p contact.Party) []sma.Action {
	join := &sma.ConferenceJoin{Target: sma.On(p.Leg), ConferenceID: c.room(), Mode: sma.Mode(p.Mode)}
	switch {
	case p.ID == t.Consult:
		join.ConferenceID, join.Mode = aside(p.ID), sma.ModeTalk
		if !t.Aside {
			join.Mode = sma.ModeHold
		}
	case p.Kind == contact.Supervisor && t.Aside:
		join.ConferenceID = aside(t.Consult)
	}
	if p.Mode == contact.ModeWhisper {
		join.SpeakOnlyTo = []string{con.AgentLeg}
	}
	list := sma.Do(join)
	if join.Mode == sma.ModeHold {
		list = append(list, sma.Do(s.holdMusic(p.Leg))...)
	}
	return list
}

// dialParty calls the device of a party that is to be called and does not ring
// yet: a phone or a number at once, a softphone once its agent has accepted. A
// supervisor's device answers by itself.
func (s *Service) dialParty(ctx context.Context, c *call, p contact.Party) ([]sma.Action, error) {
	if p.State == contact.PartyTalking {
		return nil, nil
	}
	end := sma.Endpoint{BridgeEndpointType: sma.EndpointPSTN, URI: sma.Text(p.Dial.Full())}
	options := &sma.BridgeOptions{OfferID: string(p.ID), AgentID: p.Agent, AnswerConfirm: true, KeepAudio: true, Background: true}
	wait, from := contact.DialSeconds, c.system()
	if p.Kind != contact.NumberParty {
		a, err := s.router.Agent(ctx, c.tenant, p.Agent)
		if err != nil {
			if fault.KindOf(err) == fault.NotFound {
				return nil, nil // deleted meanwhile: the timer takes it out
			}
			return nil, err
		}
		phone := a.Device.Kind == agent.Phone
		if !phone && p.State == contact.PartyOffered && p.Kind != contact.Supervisor {
			return nil, nil
		}
		wait, from = contact.RingSeconds, c.customer()
		end = sma.Endpoint{BridgeEndpointType: sma.EndpointAWS, URI: sma.Text(a.Device.User), Arn: contact.ARN("agent", c.tenant, p.Agent)}
		options.AutoAnswer = sma.Bool(!phone)
	}
	if c.rings(string(end.URI)) {
		return nil, nil
	}
	return sma.Do(&sma.CallAndBridge{Target: sma.On(c.legA.CallID), CallTimeoutSeconds: sma.Int(wait), CallerIDNumber: cmp.Or(from, c.system()),
		Endpoints: []sma.Endpoint{end}, Huawu: options}), nil
}

// partyAnswered takes the device of a party picking up as its accept. What is
// over by now loses the leg.
func (s *Service) partyAnswered(ctx context.Context, c *call, party contact.OfferID, leg string) (sma.Response, error) {
	con, t, err := s.router.AnswerParty(ctx, c.tenant, c.id, party, leg)
	if errors.Is(err, acd.ErrOffer) || errors.Is(err, acd.ErrNoContact) {
		if p, live := c.LegByID(leg); live && p.Status != sma.Disconnected {
			return sma.Respond(hangUp(p)...), nil
		}
		return sma.Keep(), nil
	}
	if err != nil {
		return sma.Response{}, err
	}
	return s.afterEvent(ctx, c, con, t)
}

// partyGone takes a party out whose leg is gone, or never came.
func (s *Service) partyGone(ctx context.Context, c *call, party contact.OfferID, missed bool) (sma.Response, error) {
	con, t, err := s.router.DropParty(ctx, c.tenant, c.id, party, acd.Gone{Missed: missed, Told: true})
	if err != nil {
		return s.keepIfOver(err)
	}
	return s.afterEvent(ctx, c, con, t)
}

// otherLeft takes out the party whose leg is gone. A leg that is nobody's is one
// that was left behind.
func (s *Service) otherLeft(ctx context.Context, c *call, con *contact.Contact, leg string) (sma.Response, error) {
	t, err := s.router.Talk(ctx, con)
	if err != nil {
		return sma.Response{}, err
	}
	p := t.ByLeg(leg)
	if p == nil {
		return s.afterEvent(ctx, c, con, t) // asked again, perhaps
	}
	return s.partyGone(ctx, c, p.ID, false)
}

// afterEvent answers an event that has changed a talk, or had changed it when it
// was asked about before.
func (s *Service) afterEvent(ctx context.Context, c *call, con *contact.Contact, t *contact.Talk) (sma.Response, error) {
	switch {
	case con.State == contact.Connecting:
		return s.arrange(ctx, c, con)
	case con.State != contact.Connected:
		return sma.Keep(), nil
	}
	return s.layout(ctx, c, con, t, t.Version)
}

// successor lets whoever is to have the customer have it when the agent leaves;
// ok is false if the customer would be alone.
func (s *Service) successor(ctx context.Context, c *call, con *contact.Contact) (r sma.Response, ok bool, err error) {
	if !con.Talk || con.State != contact.Connected {
		return r, false, nil
	}
	now, _, err := s.router.LeaveTalk(ctx, con)
	switch {
	case errors.Is(err, acd.ErrAlone):
		return r, false, nil
	case err != nil:
		r, err = s.keepIfOver(err)
		return r, true, err
	}
	r, err = s.arrange(ctx, c, now)
	return r, true, err
}

// since is the version of the talk that a command is about.
func since(args sma.Attributes) int64 {
	n, err := strconv.ParseInt(args[sma.ArgSince], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
