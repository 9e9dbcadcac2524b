package interp

import (
	"cmp"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// transferParticipantToThirdParty is TransferParticipantToThirdParty: it calls
// a number and bridges it with the caller. With ContinueFlowExecution the flow
// goes on when the other party hangs up first, or was not reached; otherwise
// the call ends then.
// Source: Amazon Connect flow language, "TransferParticipantToThirdParty";
// exports for ThirdPartyConnectionTimeLimitSeconds.
type transferParticipantToThirdParty struct {
	ThirdPartyPhoneNumber                flow.Template
	ThirdPartyConnectionTimeLimitSeconds flow.Template
	ThirdPartyConnectionTimeoutSeconds   flow.Template // the reference's name of it
	ContinueFlowExecution                flow.Template
	ThirdPartyDTMFDigits                 flow.Template
	CallerID                             struct {
		Number flow.Template
		Name   flow.Template
	} `json:"CallerId"`
}

func (a *transferParticipantToThirdParty) execute(r *run) result {
	if call, ok := r.answer.(Call); ok {
		return a.ended(r, call.Event)
	}
	number, err := phone.Parse(r.expand(a.ThirdPartyPhoneNumber))
	limit := a.ThirdPartyConnectionTimeLimitSeconds
	if limit.Absent() {
		limit = a.ThirdPartyConnectionTimeoutSeconds
	}
	seconds, ok := r.number(limit, sma.DefaultCallTimeout)
	if err != nil || number.Full() == "" || !ok || seconds < 0 || seconds > 600 {
		return r.failed(flow.NoMatchingError)
	}
	return r.do(&sma.CallAndBridge{
		Target:             r.leg(),
		CallTimeoutSeconds: sma.Int(min(max(seconds, 1), sma.MaxCallTimeoutSeconds)),
		CallerIDNumber:     sma.Text(cmp.Or(r.expand(a.CallerID.Number), r.s.Queue.Caller, r.env.Contact.System.Address, r.env.Contact.Customer.Address)),
		Endpoints:          []sma.Endpoint{{BridgeEndpointType: sma.EndpointPSTN, URI: sma.Text(number.Full())}},
	})
}

func (a *transferParticipantToThirdParty) goesOn() bool {
	return isTrue(a.ContinueFlowExecution.String())
}

// last reports that the call ends with the other party.
func (a *transferParticipantToThirdParty) last() bool { return !a.goesOn() }

// ended follows the call to the other party: it failed, it is answered, its
// digits are sent, it hung up.
func (a *transferParticipantToThirdParty) ended(r *run, e *sma.Event) result {
	dialled := e.ActionData != nil && e.ActionData.Type == sma.TypeCallAndBridge
	switch {
	case e.InvocationEventType == sma.Hangup && a.goesOn():
		return r.next()
	case e.InvocationEventType == sma.Hangup:
		return r.hangUp()
	case e.InvocationEventType == sma.ActionFailed && dialled:
		if !a.goesOn() {
			return r.failed(flow.NoMatchingError)
		}
		if e.ActionData.ErrorType == sma.CallNotAnswered {
			return r.failed(flow.ConnectionTimeLimitExceeded)
		}
		return r.failed(flow.CallFailed)
	case e.InvocationEventType == sma.ActionSuccessful && dialled:
		if digits := r.expand(a.ThirdPartyDTMFDigits); digits != "" {
			other := sma.OnTag(sma.LegB)
			if leg, ok := e.Leg(sma.LegB); ok {
				other = sma.On(leg.CallID)
			}
			return r.do(&sma.SendDigits{Target: other, Digits: sma.Text(digits)})
		}
	}
	return r.wait()
}

func (a *transferParticipantToThirdParty) check(*flow.Transitions) (field, wrong string) {
	if t := a.ThirdPartyDTMFDigits; t.Static() && (len(t.String()) > sma.MaxSentDigits || strings.Trim(t.String(), "0123456789*#,") != "") {
		return "Parameters.ThirdPartyDTMFDigits", "want at most 50 of 0-9 , * #"
	}
	return "", ""
}
