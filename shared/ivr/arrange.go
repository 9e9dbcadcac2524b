package ivr

import (
	"context"
	"slices"

	"huawu/shared/acd"
	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// After a transfer the relay is told only that something has changed. What the
// legs are to do follows from where the contact stands by then, so a command that
// comes late, twice or out of order does no harm.

// arrange lets the legs talk as the contact says.
func (s *Service) arrange(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	switch {
	case acd.Over(con):
		return sma.Respond(hangUp(c.Live()...)...), nil
	case con.State == contact.Queued || con.State == contact.Offered:
		called, err := s.called(ctx, c, con, &contact.Talk{})
		if err != nil {
			return sma.Response{}, err
		}
		list, err := s.part(ctx, c, con, called...)
		return sma.Respond(list...), err
	case con.State == contact.InFlow && con.Flow != "":
		return s.enterFlow(ctx, c, con)
	case con.State == contact.Connecting:
		if agent, ok := c.LegByID(con.AgentLeg); ok && agent.Status == sma.Connected {
			return s.join(ctx, c, con, agent)
		}
	case con.State == contact.Connected && con.Talk:
		t, err := s.router.Talk(ctx, con)
		if err != nil {
			return sma.Response{}, err
		}
		return s.layout(ctx, c, con, t, since(c.Arguments()))
	}
	return sma.Keep(), nil
}

// agentOf returns the leg of the contact's agent.
func (c *call) agentOf(con *contact.Contact) (sma.Participant, bool) {
	if p, known := c.LegByID(con.AgentLeg); known {
		return p, p.Status != sma.Disconnected
	}
	return c.agentLeg()
}

// part takes the caller from everybody who was there: their legs go, the
// recording ends with them, and the caller hears what the queue plays. A leg of
// whoever is being called stays: it may have answered just now.
func (s *Service) part(ctx context.Context, c *call, con *contact.Contact, called ...string) ([]sma.Action, error) {
	late := slices.DeleteFunc(c.others(con.AgentLeg), func(p sma.Participant) bool { return slices.Contains(called, string(p.To)) })
	if len(late) == 0 || c.legA.Status == sma.Disconnected {
		return nil, nil
	}
	list := append(s.stopRecording(c, con), sma.Do(&sma.ConferenceLeave{Target: sma.On(c.legA.CallID), ConferenceID: string(c.id)})...)
	list = append(list, hangUp(late...)...)
	music, err := s.stepOnce(ctx, c, interp.Resume{})
	if err == nil && len(music) == 0 {
		music = sma.Do(s.holdMusic(c.legA.CallID))
	}
	return append(list, music...), err
}

func (s *Service) holdMusic(leg string) *sma.PlayLoop {
	return &sma.PlayLoop{Target: sma.On(leg), Messages: []sma.Message{{PromptID: s.cfg.HoldMusic}}}
}

// stopRecording ends the recording of a segment, if there may be one.
func (s *Service) stopRecording(c *call, con *contact.Contact) []sma.Action {
	if !con.Record {
		return nil
	}
	return sma.Do(&sma.StopCallRecording{Target: sma.On(c.legA.CallID)})
}

// others returns the legs that were picked up and are neither the caller's nor
// the agent's.
func (c *call) others(agent string) []sma.Participant {
	var late []sma.Participant
	for _, p := range c.Live() {
		if p.CallID != c.legA.CallID && p.CallID != agent && p.Status == sma.Connected {
			late = append(late, p)
		}
	}
	return late
}

// allOthers returns every leg but the caller's.
func (c *call) allOthers() []sma.Participant {
	return slices.DeleteFunc(c.Live(), func(p sma.Participant) bool { return p.CallID == c.legA.CallID })
}

// ringing returns the legs that ring.
func (c *call) ringing() []sma.Participant {
	var all []sma.Participant
	for _, p := range c.Live() {
		if p.CallID != c.legA.CallID && p.Status == "" {
			all = append(all, p)
		}
	}
	return all
}

// rings reports whether a device or number is being called, or has answered.
func (c *call) rings(to string) bool {
	return slices.ContainsFunc(c.allOthers(), func(p sma.Participant) bool { return string(p.To) == to })
}

// ring calls who is offered the contact: an agent's phone, or a number outside.
// Who rang before, or is still there from a talk before, goes; a device that
// rings already does so for this offer.
func (s *Service) ring(ctx context.Context, c *call, con *contact.Contact, args sma.Attributes) (sma.Response, error) {
	to := args[sma.ArgURI]
	if !con.Dial.IsZero() {
		to = con.Dial.Full()
	}
	if c.rings(to) {
		return sma.Keep(), nil
	}
	list := hangUp(c.ringing()...)
	parted, err := s.part(ctx, c, con)
	if err != nil {
		return sma.Response{}, err
	}
	list = append(list, parted...)
	if con.Dial.IsZero() {
		return sma.Respond(append(list, s.dial(c, con, args, false)...)...), nil
	}
	return sma.Respond(append(list, sma.Do(&sma.CallAndBridge{
		CallTimeoutSeconds: sma.Int(min(max(con.RingSeconds, 1), 120)), CallerIDNumber: c.system(),
		Endpoints: []sma.Endpoint{{BridgeEndpointType: sma.EndpointPSTN, URI: sma.Text(to)}},
		Huawu:     &sma.BridgeOptions{OfferID: string(con.Offer), AnswerConfirm: true, KeepAudio: true},
	})...)...), nil
}
