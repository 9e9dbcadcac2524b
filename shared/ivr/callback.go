package ivr

import (
	"context"
	"errors"
	"strconv"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/flow/interp"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// callBack lets the caller be called back: by whoever is free then, or before
// that, if the queue calls customers first. The callback takes over what the flow
// has set. What cannot be called takes the flow's error branch, as do callbacks by
// one certain agent.
func (s *Service) callBack(ctx context.Context, c *call, m *memory, a interp.CreateCallback) (interp.Event, error) {
	if a.QueueID == "" {
		return s.refuse(ctx, c, m, errUnserved), nil
	}
	to, err := phone.Parse(a.Number)
	if err != nil {
		return s.refuse(ctx, c, m, acd.ErrCallback), nil
	}
	con, err := s.router.Contact(ctx, c.tenant, c.id)
	if err != nil {
		return nil, err
	}
	back, err := s.router.CallBack(ctx, con, acd.CallBack{To: to, Queue: a.QueueID, Delay: a.Delay,
		Tries: contact.Tries{Max: a.MaxAttempts, Pause: a.RetryDelay}})
	switch fault.KindOf(err) {
	case "":
		return interp.Done{}, s.handOn(ctx, c, m, back, a.FlowID)
	case fault.Invalid, fault.NotFound, fault.Conflict:
		return s.refuse(ctx, c, m, err), nil
	}
	return nil, err
}

// handOn puts the flow item of a callback: what the caller's flow has set, and
// which flow a customer who is called first is to hear.
func (s *Service) handOn(ctx context.Context, c *call, m *memory, back *contact.Contact, flowID string) error {
	routing, err := s.router.Routing(ctx, c.tenant)
	if err != nil {
		return err
	}
	q, err := routing.Queue(back.Queue)
	if err != nil {
		return nil // deleted this moment: nobody will hear anything
	}
	queue := interp.Queue{ID: q.ID, ARN: contact.ARN("queue", c.tenant, q.ID), Name: q.Name, HoursID: q.Hours}
	state := m.state.Wait(queue, "", "")
	if back.CustomerFirst && flowID != "" {
		p, err := s.flows.program(ctx, c.tenant, flowID, string(back.ID))
		if err != nil {
			return err
		}
		if p != nil { // else the log says so
			state = m.state.Wait(queue, flowID, p.Type)
		}
	}
	state.Ended = ""
	i, err := (&memory{state: state}).item(&call{Event: &sma.Event{}}, sma.Keep())
	if err != nil {
		return err
	}
	_, err = s.table.Write(ctx, cloud.Write{Key: contact.FlowKey(c.tenant, back.ID), Put: i, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}})
	var refused *cloud.Refused
	if errors.As(err, &refused) && refused.Lost() {
		return nil // asked again
	}
	return fault.Wrap(fault.KindOf(err), err, "ivr: hand on to a callback")
}

// customerCall is the call of a customer who is called first that an event is
// about; ok is false if it is none.
func (c *call) customerCall() (call int64, ok bool) {
	call, err := strconv.ParseInt(c.CallDetails.TransactionAttributes[sma.AttrCall], 10, 64)
	return call, err == nil
}

// onCustomerPlaced lets a relay call a customer, or keeps it from it.
func (s *Service) onCustomerPlaced(ctx context.Context, c *call, call int64) (sma.Response, error) {
	_, err := s.router.CustomerPlaced(ctx, c.tenant, c.id, call, c.relay())
	if errors.Is(err, acd.ErrElsewhere) || errors.Is(err, acd.ErrNoContact) {
		s.run.Log.InfoContext(ctx, "call is not placed", "contact", string(c.id), "why", string(fault.KindOf(err)))
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
	return sma.Keep(), err
}

// onCustomerAnswered lets a customer who was called first wait on the line, and
// begins the flow that is heard then.
func (s *Service) onCustomerAnswered(ctx context.Context, c *call, call int64) (sma.Response, error) {
	con, err := s.router.CustomerAnswered(ctx, c.tenant, c.id, call)
	if errors.Is(err, acd.ErrElsewhere) || errors.Is(err, acd.ErrNoContact) {
		return sma.Respond(hangUp(c.Live()...)...), nil
	}
	if err != nil {
		return sma.Response{}, err
	}
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	switch {
	case m.answered(c):
		return m.answer()
	case m.sequence > 0:
		return sma.Keep(), nil // its flow runs
	case m.version == 0: // nobody's flow has asked for it
		m.state = interp.Start(string(c.id), "", nil).Wait(interp.Queue{ID: con.Queue}, "", "")
		m.state.Language = con.Language
	}
	return s.step(ctx, c, m, interp.Begin{})
}

// onCustomerGone ends a call of a customer that nobody has answered.
func (s *Service) onCustomerGone(ctx context.Context, c *call, con *contact.Contact, lost bool) (sma.Response, error) {
	call, ok := c.customerCall()
	why := contact.TelecomFailed
	if !ok || c.ActionData == nil {
		return sma.Keep(), nil
	}
	if p, known := c.ActionData.Parameters.(*sma.HangUp); known {
		why = contact.Unreached(int(p.SipResponseCode))
	}
	if lost {
		why = contact.RelayLost
	}
	if err := s.router.CustomerUnreached(ctx, c.tenant, con.ID, call, why); err != nil {
		return sma.Response{}, err
	}
	return sma.Respond(hangUp(c.Live()...)...), nil
}
