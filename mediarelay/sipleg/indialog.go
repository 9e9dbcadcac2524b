package sipleg

import (
	"math/rand/v2"
	"strconv"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/sipleg/offer"
	"huawu/shared/fault"
)

// onRequest handles a request of the peer within the dialog (RFC 3261 §12.2.2).
func (l *Leg) onRequest(req *sip.Request, tx *sip.ServerTx) {
	l.mu.Lock()
	defer l.unlock()
	switch {
	case !l.inbound && l.state == setup:
		l.onEarly(req, tx)
		return
	case l.state == over || req.From().Params.GetOr("tag", "") != l.d.remote.tag || req.CallID().Value() != l.d.callID:
		l.s.answer(req, tx, 481, "")
		return
	case req.Method == sip.CANCEL: // of an INVITE that has its final response
		l.s.answer(req, tx, 200, "")
		return
	case !l.d.sequence(req.CSeq().SeqNo):
		l.s.answer(req, tx, 500, "Out of Order")
		return
	}
	switch req.Method {
	case sip.BYE:
		l.onBye(req, tx)
	case sip.INVITE, sip.UPDATE:
		if err := l.onOffer(req, tx); err != nil {
			r := refusalOf(err)
			l.s.log.Info("sipleg: change refused", "leg", l.id, "method", req.Method, "status", r.code, "error", err)
			l.s.answer(req, tx, r.code, r.reason, r.headers...)
		}
	case sip.INFO:
		l.onInfo(req, tx)
	case sip.PRACK:
		l.onPrack(req, tx)
	case sip.OPTIONS:
		l.s.answer(req, tx, 200, "", l.s.abilities()...)
	case sip.REFER:
		l.s.answer(req, tx, 403, "Transfers are made at the desk")
	case sip.NOTIFY, sip.MESSAGE, sip.SUBSCRIBE, sip.PUBLISH, sip.REGISTER:
		l.s.answer(req, tx, 405, "", sip.NewHeader("Allow", allow))
	default:
		l.s.answer(req, tx, 501, "", sip.NewHeader("Allow", allow))
	}
}

// onEarly handles a request on a call out that we do not know to be answered: a
// BYE that overtook its 200.
func (l *Leg) onEarly(req *sip.Request, tx *sip.ServerTx) {
	if req.Method != sip.BYE {
		l.s.answer(req, tx, 481, "")
		return
	}
	l.s.answer(req, tx, 200, "")
	l.byed = true
}

// onBye ends the leg. A BYE of both sides at once is no error.
func (l *Leg) onBye(req *sip.Request, tx *sip.ServerTx) {
	l.s.answer(req, tx, 200, "")
	if l.inbound && l.state == setup {
		l.refuse(487, "")
	}
	reason := reasonOf(req)
	if reason == "" {
		reason = "bye"
	}
	l.finish(call.Ended, 0, reason)
}

// onOffer handles a re-INVITE or UPDATE: a new offer, a question for ours, or
// only a sign of life. On an error the session stays as it was.
func (l *Leg) onOffer(req *sip.Request, tx *sip.ServerTx) error {
	if l.state == ending {
		return &refusal{code: 481}
	}
	sdp, err := l.s.bodyOf(req)
	if err != nil {
		return err
	}
	if err := tooShort(req); err != nil {
		return err
	}
	asks := sdp == nil && req.Method == sip.INVITE
	if (sdp != nil || asks) && (l.offering || l.unacked != nil && l.unacked.delayed) {
		return &refusal{code: 491} // both sides offer (RFC 3261 §14.2, RFC 3311 §5.2)
	}
	if l.state == setup && (sdp != nil || asks) {
		return &refusal{code: 500, reason: "Not Answered Yet", headers: []sip.Header{sip.NewHeader("Retry-After", strconv.Itoa(rand.IntN(11)))}}
	}
	var body []byte
	var agreed offer.Agreed
	switch {
	case sdp != nil:
		if body, agreed, err = l.sdp.Answer(sdp); err != nil {
			return err
		}
	case asks:
		body = l.sdp.Offer()
	}
	l.d.refresh(req.Contact())
	l.updates = lists(req, "allow", "UPDATE") || l.updates
	headers := append(l.s.abilities(), l.s.contact(l.id, l.d.transport))
	res := l.s.response(req, 200, "", append(headers, l.agreeSession(req)...)...)
	if body != nil {
		withSDP(res, body)
	}
	if err := l.s.respond(tx, res); err != nil {
		return fault.Wrap(fault.Unavailable, err, "sipleg: answer offer")
	}
	if req.Method == sip.INVITE {
		l.await(tx, res, req.CSeq().SeqNo, asks)
	}
	if sdp != nil {
		l.apply(agreed)
	}
	return nil
}
