package ivr

import (
	"context"

	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// enterFlow takes a customer who was sent to a flow from everybody who was there,
// and begins the flow, once for each time the contact is sent to one. What flows
// before have set stays.
func (s *Service) enterFlow(ctx context.Context, c *call, con *contact.Contact) (sma.Response, error) {
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	if m.answered(c) {
		return m.answer()
	}
	if m.segment == con.Segment {
		return sma.Keep(), nil // the command came twice; the flow may have called somebody by now
	}
	late := c.allOthers()
	list := append(s.stopRecording(c, con), sma.Do(&sma.ConferenceLeave{Target: sma.On(c.legA.CallID), ConferenceID: c.room()})...)
	list = append(list, hangUp(late[:min(len(late), sma.MaxActions-len(list)-2)]...)...)
	if m.version == 0 { // an agent has called, so no flow has run
		m.state = interp.Start(string(c.id), con.Flow, nil)
	}
	m.state, m.segment, m.remains = m.state.Restart(con.Flow), con.Segment, false
	return s.stepAfter(ctx, c, m, interp.Begin{}, list)
}
