package ivr

import (
	"context"

	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// enterFlow takes a customer who was sent to a flow from everybody who was there,
// and begins the flow, once for each time the contact is sent to one. What flows
// before have set stays. The flow's first words are an answer of their own, so that
// they fit behind what parts the legs.
func (s *Service) enterFlow(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	var list []sma.Action
	if late := c.allOthers(); len(late) > 0 {
		list = append(s.stopRecording(c, con), sma.Do(&sma.ConferenceLeave{Target: sma.On(c.legA.CallID), ConferenceID: c.room()})...)
		list = append(list, hangUp(late[:min(len(late), sma.MaxActions-len(list)-2)]...)...)
	}
	var said sma.Response
	switch {
	case m.answered(c):
		said, err = m.answer()
	case m.segment == con.Segment:
	default:
		if m.version == 0 { // an agent has called, so no flow has run
			m.state = interp.Start(string(c.id), con.Flow, nil)
		}
		m.state, m.segment, m.remains = m.state.Restart(con.Flow), con.Segment, false
		said, err = s.stepApart(ctx, c, m, interp.Begin{})
	}
	if err != nil {
		return sma.Response{}, err
	}
	return sma.Respond(append(list, said.Actions...)...), nil
}
