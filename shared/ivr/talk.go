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
		if c.rings(args[sma.ArgURI]) {
			return sma.Keep(), nil // the command came twice
		}
		return sma.Respond(s.dial(c, con, args, true)...), nil
	case verb == sma.VerbJoin && current && con.State == contact.Connecting:
		if agent, live := c.agentOf(con); live && agent.Status == sma.Connected {
			return s.join(ctx, c, con, agent)
		}
	case verb == sma.VerbTalk:
		return s.arrange(ctx, c, con)
	case verb == sma.VerbUnring && !current:
		return s.withdraw(ctx, c, con)
	case verb == sma.VerbHold && current && con.State == contact.Connected:
		return s.hold(ctx, c)
	case verb == sma.VerbResume && current && con.State == contact.Connected:
		return s.resume(ctx, c)
	case verb == sma.VerbDigits && current && con.State == contact.Connected:
		return sma.Respond(sma.Do(&sma.SendDigits{Target: sma.On(c.legA.CallID), Digits: sma.Text(args[sma.ArgDigits])})...), nil
	case verb == sma.VerbHangup && current:
		return s.agentLeaves(ctx, c, con)
	case verb == sma.VerbHangup && offer == "" && con.State == contact.Completed:
		return sma.Respond(hangUp(c.Live()...)...), nil // its queue has given it up
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
		CallerIDNumber:     cmp.Or(c.customer(), c.system()), // a caller may withhold it, the action needs one
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
// legs; an offer that is over loses the agent's leg and the music goes on. It may
// be the device of another who is to take part.
func (s *Service) onAnswer(ctx context.Context, c *call) (sma.Response, error) {
	agent, live := c.answered()
	con, err := s.router.Answered(ctx, c.tenant, c.id, offerOf(c), agent.CallID)
	switch {
	case errors.Is(err, acd.ErrOffer) && con != nil && con.Talk:
		return s.partyAnswered(ctx, c, offerOf(c), agent.CallID)
	case errors.Is(err, acd.ErrOffer):
		return s.dropOthers(c, con), nil
	case errors.Is(err, acd.ErrNoContact):
		return s.dropAgent(c), nil
	case err != nil:
		return sma.Response{}, err
	case !live: // gone again: its HANGUP or failure follows
		return sma.Keep(), nil
	}
	return s.joinAfterWhispers(ctx, c, con, agent)
}

// answered returns the leg that answered, and whether it is still there.
func (c *call) answered() (sma.Participant, bool) {
	o := c.ActionData.Huawu
	if o == nil || o.LegID == "" {
		return c.agentLeg()
	}
	p, known := c.LegByID(o.LegID)
	return p, known && p.Status != sma.Disconnected
}

// join brings the legs of caller and agent together, and records them. Who had
// the caller before is parted from them first, and hung up when they talk.
func (s *Service) join(ctx context.Context, c *call, con *contact.Contact, agent sma.Participant) (sma.Response, error) {
	t, err := s.router.Talk(ctx, con)
	if err != nil {
		return sma.Response{}, err
	}
	var list []sma.Action
	for _, p := range c.others(agent.CallID) {
		if t.ByLeg(p.CallID) != nil {
			continue
		}
		if len(list) == 0 {
			list = s.stopRecording(c, con) // a recording for each agent
		}
		list = append(list, sma.Do(&sma.ConferenceLeave{Target: sma.On(p.CallID), ConferenceID: c.room()})...)
	}
	list = append(list, sma.Do(
		&sma.ConferenceJoin{Target: sma.On(c.legA.CallID), ConferenceID: c.room(), Mode: sma.ModeTalk},
		&sma.ConferenceJoin{Target: sma.On(agent.CallID), ConferenceID: c.room(), Mode: sma.ModeTalk},
	)...)
	if con.Record && con.Dial.IsZero() {
		list = append(list, sma.Do(&sma.StartCallRecording{Target: sma.On(c.legA.CallID), Track: "BOTH",
			Destination: sma.Destination{Type: "S3", Location: s.cfg.RecordingLocation}})...)
	}
	return sma.Respond(list...), nil
}

// withdraw takes back an offer that is over: what rings for it stops, and a leg
// that was joined for it goes; the caller then hears the music again. The leg of
// the next agent, who has the contact by now, stays.
func (s *Service) withdraw(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	if con.ToCall() && !con.CallFirst() { // this call was in vain: nobody waits on its line
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
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
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err == nil && con.Talk && con.Offer != offer {
		return s.partyGone(ctx, c, offer, true)
	}
	if err == nil {
		err = s.router.Expire(ctx, c.tenant, c.id, offer)
	}
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
	if con.State == contact.Connected {
		return s.tidy(ctx, c, con)
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
	agent, _ := c.agentOf(con)
	if con.ToCall() {
		con, err = s.router.JoinedSeen(ctx, con, agent.CallID, recording)
	} else {
		con, err = s.router.JoinedLeg(ctx, c.tenant, c.id, con.Offer, agent.CallID, recording)
	}
	if errors.Is(err, acd.ErrOffer) { // the lease was over in this moment
		return s.dropAgent(c), nil
	}
	if err != nil {
		return sma.Response{}, err
	}
	return s.tidy(ctx, c, con)
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
	con, err := s.router.Hold(ctx, c.tenant, c.id, true)
	if err != nil {
		return s.keepIfOver(err)
	}
	held := sma.Do(&sma.ConferenceUpdate{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id), Mode: sma.ModeHold})
	list, err := s.heldWith(ctx, c, con)
	return sma.Respond(append(held, list...)...), err
}

func (s *Service) resume(ctx context.Context, c *call) (sma.Response, error) {
	if _, err := s.router.Hold(ctx, c.tenant, c.id, false); err != nil {
		return s.keepIfOver(err)
	}
	return sma.Respond(sma.Do(
		&sma.ConferenceUpdate{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id), Mode: sma.ModeTalk},
	)...), nil
}
