package ivr

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// onUpdate carries out a command, if what it was made for still stands.
func (s *Service) onUpdate(ctx context.Context, c *call) (sma.Response, error) {
	args := c.Arguments()
	verb, offer := args[sma.ArgVerb], contact.OfferID(args[sma.ArgOfferID])
	con, err := s.commanded(ctx, c, verb, offer)
	if err != nil {
		return s.keepIfOver(err)
	}
	current := con.Offer == offer && offer != ""
	switch {
	case verb == sma.VerbRing && current && con.State == contact.Offered:
		return s.ring(ctx, c, con, args)
	case verb == sma.VerbConnect && current && con.State == contact.Connecting:
		if _, rings := c.agentLeg(); rings {
			return sma.Keep(), nil // the command came twice
		}
		return sma.Respond(s.dial(c, con, args, true)...), nil
	case verb == sma.VerbJoin && current && con.State == contact.Connecting:
		if agent, live := c.agentLeg(); live && agent.Status == sma.Connected {
			return s.join(c, con, agent), nil
		}
	case verb == sma.VerbTalk:
		return s.arrange(ctx, c, con)
	case verb == sma.VerbUnring && !current:
		return s.withdraw(ctx, c, con)
	case verb == sma.VerbHold && current && con.State == contact.Connected:
		return s.hold(ctx, c)
	case verb == sma.VerbResume && current && con.State == contact.Connected:
		return s.resume(ctx, c)
	case verb == sma.VerbHangup && current:
		return s.agentLeft(ctx, c, con, contact.AgentLeft)
	}
	s.run.Log.InfoContext(ctx, "command is over", "contact", string(c.id), "verb", verb, "state", string(con.State))
	return sma.Keep(), nil
}

// commanded reads the contact that a command is for. To ring for an offer that
// was just withdrawn does no harm: the command that takes it back is on its way.
func (s *Service) commanded(ctx context.Context, c *call, verb string, offer contact.OfferID) (*contact.Contact, error) {
	if verb == sma.VerbRing {
		return s.router.Glance(ctx, c.tenant, c.id, acd.Has(offer, contact.Offered))
	}
	return s.router.Contact(ctx, c.tenant, c.id)
}

// keepIfOver lets a call go on whose contact is not known any more, or has gone
// on meanwhile.
func (s *Service) keepIfOver(err error) (sma.Response, error) {
	if errors.Is(err, acd.ErrNoContact) || errors.Is(err, contact.ErrStep) || errors.Is(err, acd.ErrOffer) {
		return sma.Keep(), nil
	}
	return sma.Response{}, err
}

// dial calls the device of the agent who has an offer. The caller goes on
// hearing music, and nobody is joined before the offer was accepted by answering.
func (s *Service) dial(c *call, con *contact.Contact, args sma.Attributes, autoAnswer bool) []sma.Action {
	wait := con.RingSeconds
	if n, err := strconv.Atoi(args[sma.ArgRingSeconds]); err == nil && n > 0 {
		wait = n
	}
	if autoAnswer {
		wait = int(acd.ConnectLease.Seconds())
	}
	return sma.Do(&sma.CallAndBridge{
		CallTimeoutSeconds: sma.Int(min(max(wait, 1), 120)),
		CallerIDNumber:     cmp.Or(c.legA.From, c.legA.To), // a caller may withhold it, the action needs one
		Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointAWS, URI: sma.Text(args[sma.ArgURI]),
			Arn: contact.ARN("agent", c.tenant, con.OfferAgent)}},
		Huawu: &sma.BridgeOptions{OfferID: string(con.Offer), AgentID: con.OfferAgent, AnswerConfirm: true, KeepAudio: true, AutoAnswer: sma.Bool(autoAnswer)},
	})
}

// offerOf returns the offer that a CallAndBridge was for.
func offerOf(c *call) contact.OfferID {
	if o := c.ActionData.Huawu; o != nil && o.OfferID != "" {
		return contact.OfferID(o.OfferID)
	}
	if p, ok := c.ActionData.Parameters.(*sma.CallAndBridge); ok && p.Huawu != nil {
		return contact.OfferID(p.Huawu.OfferID)
	}
	return ""
}

// onAnswer takes the agent's device picking up as the accept, and joins the
// legs; an offer that is over loses the agent's leg and the music goes on.
func (s *Service) onAnswer(ctx context.Context, c *call) (sma.Response, error) {
	agent, live := c.agentLeg()
	con, err := s.router.Answered(ctx, c.tenant, c.id, offerOf(c), agent.CallID)
	switch {
	case errors.Is(err, acd.ErrOffer):
		return s.dropOthers(c, con), nil
	case errors.Is(err, acd.ErrNoContact):
		return s.dropAgent(c), nil
	case err != nil:
		return sma.Response{}, err
	case !live: // gone again: its HANGUP or failure follows
		return sma.Keep(), nil
	}
	return s.join(c, con, agent), nil
}

// join brings the legs of caller and agent together, and records them.
func (s *Service) join(c *call, con *contact.Contact, agent sma.Participant) sma.Response {
	late := c.others(agent.CallID)
	var before []sma.Action
	if len(late) > 0 { // handed over: a recording for each agent
		before = append(s.stopRecording(c, con), hangUp(late...)...)
	}
	list := []sma.Parameters{
		&sma.ConferenceJoin{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id), Mode: sma.ModeTalk},
		&sma.ConferenceJoin{Target: sma.On(agent.CallID), ConferenceID: string(c.id), Mode: sma.ModeTalk},
	}
	if con.Record && con.Dial.IsZero() {
		list = append(list, &sma.StartCallRecording{Target: sma.On(c.legA.CallID), Track: "BOTH",
			Destination: sma.Destination{Type: "S3", Location: s.cfg.RecordingLocation}})
	}
	return sma.Respond(append(before, sma.Do(list...)...)...)
}

// withdraw takes back an offer that is over: what rings for it stops, and a leg
// that was joined for it goes; the caller then hears the music again. The leg of
// the next agent, who has the contact by now, stays.
func (s *Service) withdraw(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	if _, live := c.agentLeg(); !live {
		return sma.Keep(), nil
	}
	out := s.dropOthers(c, con)
	if len(out.Actions) == 0 {
		if con.Live() {
			return sma.Keep(), nil
		}
		return s.dropAgent(c), nil // it rings
	}
	if con.State == contact.Queued || con.State == contact.Offered {
		music, err := s.stepOnce(ctx, c, interp.Resume{})
		if err != nil {
			return sma.Response{}, err
		}
		out.Actions = append(out.Actions, music...)
	}
	return out, nil
}

// onNoAnswer ends the offer of an agent whose device did not pick up.
func (s *Service) onNoAnswer(ctx context.Context, c *call) (sma.Response, error) {
	offer := offerOf(c)
	err := s.router.Expire(ctx, c.tenant, c.id, offer)
	if err == nil {
		err = s.router.Unjoin(ctx, c.tenant, c.id, offer) // a softphone had accepted before
	}
	if err != nil {
		return s.keepIfOver(err)
	}
	return sma.Keep(), nil
}

// onJoined takes the end of the last action of a join as the relay's word that
// agent and customer talk. A recording that could not be started does not cost
// them the talk; legs that could not be joined wait again.
func (s *Service) onJoined(ctx context.Context, c *call, failed bool) (sma.Response, error) {
	con, err := s.router.Glance(ctx, c.tenant, c.id, func(c *contact.Contact) bool { return c.State == contact.Connecting })
	if err != nil {
		return s.keepIfOver(err)
	}
	if con.State != contact.Connecting {
		return sma.Keep(), nil
	}
	if failed && c.ActionData.Type == sma.TypeConferenceJoin {
		s.run.Log.ErrorContext(ctx, "join failed", "contact", string(c.id), "error", string(c.ActionData.ErrorType))
		return s.partAndWait(ctx, c, con)
	}
	recording := ""
	if d := c.ActionData.CallRecordingDestination; d != nil && !failed {
		recording = d.Location
	}
	if failed {
		s.run.Log.ErrorContext(ctx, "recording failed to start", "contact", string(c.id), "error", string(c.ActionData.ErrorType))
	}
	agent, _ := c.agentLeg()
	_, err = s.router.JoinedLeg(ctx, c.tenant, c.id, con.Offer, agent.CallID, recording)
	if errors.Is(err, acd.ErrOffer) { // the lease was over in this moment
		return s.dropAgent(c), nil
	}
	if err != nil {
		return sma.Response{}, err
	}
	return sma.Keep(), nil
}

// partAndWait gives up a join: the agent's leg goes, the contact waits again and
// hears its music.
func (s *Service) partAndWait(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	if err := s.router.Unjoin(ctx, c.tenant, c.id, con.Offer); err != nil {
		return sma.Response{}, err
	}
	out := s.dropAgent(c)
	music, err := s.stepOnce(ctx, c, interp.Resume{})
	if err != nil {
		return sma.Response{}, err
	}
	out.Actions = append(out.Actions, music...)
	return out, nil
}

// dropAgent hangs up the agent's leg, if there is one.
func (s *Service) dropAgent(c *call) sma.Response {
	agent, live := c.agentLeg()
	if !live {
		return sma.Keep()
	}
	return sma.Respond(hangUp(agent)...)
}

// dropOthers hangs up every agent's leg that was picked up and is not the one
// that the contact's agent talks on: not the next agent's, whose device rings.
func (s *Service) dropOthers(c *call, con *contact.Contact) sma.Response {
	return sma.Respond(hangUp(c.others(con.AgentLeg)...)...)
}

func hangUp(legs ...sma.Participant) []sma.Action {
	var all []sma.Parameters
	for _, p := range legs {
		all = append(all, &sma.HangUp{Target: sma.On(p.CallID)})
	}
	return sma.Do(all...)
}

func (s *Service) hold(ctx context.Context, c *call) (sma.Response, error) {
	if _, err := s.router.Hold(ctx, c.tenant, c.id, true); err != nil {
		return s.keepIfOver(err)
	}
	return sma.Respond(sma.Do(
		&sma.ConferenceUpdate{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id), Mode: sma.ModeHold},
		s.holdMusic(c.legA.CallID),
	)...), nil
}

func (s *Service) resume(ctx context.Context, c *call) (sma.Response, error) {
	if _, err := s.router.Hold(ctx, c.tenant, c.id, false); err != nil {
		return s.keepIfOver(err)
	}
	return sma.Respond(sma.Do(
		&sma.ConferenceUpdate{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id), Mode: sma.ModeTalk},
	)...), nil
}

// onHangup ends what a leg that is gone was part of.
func (s *Service) onHangup(ctx context.Context, c *call) (sma.Response, error) {
	lost := c.ActionData != nil && c.ActionData.Huawu != nil && c.ActionData.Huawu.Reason == sma.ReasonRelayLost
	con, err := s.router.Glance(ctx, c.tenant, c.id, sureEnd)
	if errors.Is(err, acd.ErrNoContact) { // the function was gone while the call lived
		if _, err = s.begin(ctx, c); err == nil {
			con, err = s.router.Contact(ctx, c.tenant, c.id)
		}
	}
	if err != nil {
		return sma.Response{}, err
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

// sureEnd reports of a contact that a stale read of it will do at a hang-up: the
// end of a talk is the same whoever else ends it, and what is over stays so.
func sureEnd(c *contact.Contact) bool { return c.State == contact.Connected || acd.Over(c) }

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

// whoEnded tells a flow that hung up from a caller who did.
func (s *Service) whoEnded(ctx context.Context, c *call) (contact.Reason, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
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
	_, another := c.agentLeg()
	if con.AgentLeg != "" && con.AgentLeg != leg || con.AgentLeg == "" && another {
		return sma.Keep(), nil
	}
	switch con.State {
	case contact.Connected:
		return s.agentLeft(ctx, c, con, leaver(con))
	case contact.Connecting:
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
