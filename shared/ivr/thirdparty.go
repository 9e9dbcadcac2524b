package ivr

import (
	"context"
	"strings"

	"huawu/shared/contact"
	"huawu/shared/flow/interp"
	"huawu/shared/sma"
)

// A flow may bridge the caller with a number outside. The contact stays in its
// flow meanwhile: no agent has it and none is offered it. What becomes of the
// call is an event of the flow; if the caller hangs up first, both legs end as
// after any other hang-up.

// onBridged takes the end of a CallAndBridge: an agent's device was called for
// an offer, else the flow has called somebody outside.
func (s *Service) onBridged(ctx context.Context, c *call) (sma.Response, error) {
	switch {
	case offerOf(c) == "":
		return s.onFlow(ctx, c)
	case c.fromAgent():
		return s.onCustomerCalled(ctx, c)
	case c.InvocationEventType == sma.ActionFailed:
		return s.onNoAnswer(ctx, c)
	}
	return s.onAnswer(ctx, c)
}

// otherGone handles a leg that hung up while the customer is there: an agent's,
// or that of somebody a flow has called.
func (s *Service) otherGone(ctx context.Context, c *call, con *contact.Contact, leg string) (sma.Response, error) {
	if con.State != contact.InFlow {
		return s.agentGone(ctx, c, con, leg)
	}
	m, err := s.remember(ctx, c)
	if err != nil {
		return sma.Response{}, err
	}
	if con.Flow != "" && m.segment != con.Segment { // the word of the transfer is still on its way
		return s.enterFlow(ctx, c, con)
	}
	if !m.answered(c) && !bridges(m.state) { // the flow has gone on without it
		return sma.Keep(), nil
	}
	return s.runFlow(ctx, c, m)
}

// bridges reports whether a flow waits for somebody it has called: nothing was
// sent since but digits for them.
func bridges(state interp.State) bool {
	for _, kind := range []sma.ActionType{sma.TypeCallAndBridge, sma.TypeSendDigits} {
		if strings.HasPrefix(string(state.Last), string(kind)+".") {
			return state.Phase == interp.Media
		}
	}
	return false
}

// keepPlace refuses a call outside by the flow of one who waits: an agent may be
// free at any moment, and the contact cannot leave the queue for it. It returns
// what was to be played before, and the event by which the flow takes its error
// branch; nil if there is nothing to refuse.
func keepPlace(c *call, state interp.State, list []sma.Action) (before []sma.Action, refused interp.Event) {
	n := len(list) - 1 // a flow waits for a call outside, so nothing follows it
	if !state.Queued || n < 0 || list[n].Type != sma.TypeCallAndBridge {
		return nil, nil
	}
	return list[:n:n], interp.Call{Event: &sma.Event{InvocationEventType: sma.ActionFailed, CallDetails: c.CallDetails,
		ActionData: &sma.ActionData{Type: sma.TypeCallAndBridge, Parameters: list[n].Parameters, ErrorType: sma.InvalidActionParameter,
			ErrorMessage: errPlace.Error()}}}
}
