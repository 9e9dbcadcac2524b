package sipleg

import (
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/sipleg/offer"
	"huawu/shared/fault"
)

// Timers of RFC 3261 §17.1.1.1.
const (
	t1     = 500 * time.Millisecond
	t2     = 4 * time.Second
	giveUp = 64 * t1
)

// Ring tells the caller that the call is being offered.
func (l *Leg) Ring() error {
	l.mu.Lock()
	defer l.unlock()
	if !l.inbound || l.state != setup || l.reliable != nil {
		return nil
	}
	res := l.s.response(l.invite, 180, "", l.s.contact(l.id, l.d.transport))
	if lists(l.invite, "require", "100rel") {
		return l.sendReliably(res)
	}
	return l.onInvite(res)
}

// onInvite sends a response to the leg's first INVITE. If a CANCEL was faster,
// sipgo has sent 487 but would repeat ours instead of it until the ACK, so it is
// given the 487 once more.
func (l *Leg) onInvite(res *sip.Response) error {
	err := l.s.respond(l.tx, res)
	if errors.Is(err, sip.ErrTransactionCanceled) {
		_ = l.tx.Respond(l.s.response(l.invite, 487, "")) // fails with the same error
	}
	return err
}

// Answer accepts the call: 200 with our description, repeated until the ACK.
func (l *Leg) Answer() error {
	l.mu.Lock()
	defer l.unlock()
	if !l.inbound || l.state != setup {
		return nil
	}
	sdp, delayed := l.ready, false
	if sdp == nil {
		sdp, delayed = l.sdp.Offer(), true
	}
	headers := append(l.s.abilities(), l.s.contact(l.id, l.d.transport))
	headers = append(headers, l.agreeSession(l.invite)...)
	res := l.s.response(l.invite, 200, "", headers...)
	withSDP(res, sdp)
	if err := l.onInvite(res); err != nil {
		l.finish(call.Ended, 0, "200 not sent") // the CANCEL was first, or the socket is gone
		return err
	}
	l.state = up
	l.await(l.tx, res, l.invite.CSeq().SeqNo, delayed)
	l.unacked.initial = true
	if !delayed {
		l.apply(l.agreed)
	}
	return nil
}

// Reject refuses the call.
func (l *Leg) Reject(code int, reason string) error {
	if code < 400 || code > 699 {
		return fault.New(fault.Invalid, "sipleg: %d is no status to refuse with", code)
	}
	l.mu.Lock()
	defer l.unlock()
	if !l.inbound || l.state != setup {
		return nil
	}
	var headers []sip.Header
	if code == 503 {
		headers = append(headers, sip.NewHeader("Retry-After", retryAfter))
	}
	l.refuse(code, reason, headers...)
	l.finish(call.Ended, code, reason)
	return nil
}

// refuse sends a final error on the INVITE.
func (l *Leg) refuse(code int, reason string, headers ...sip.Header) {
	l.s.answer(l.invite, l.tx, code, reason, headers...)
}

// cancelled ends a leg whose caller gave up; sipgo has answered 487. c is the
// CANCEL, nil if it came before the leg was there.
func (l *Leg) cancelled(c *sip.Request) {
	l.mu.Lock()
	defer l.unlock()
	if l.state != setup {
		return // our 200 was first: the caller sends BYE
	}
	reason := "cancelled"
	if c != nil {
		if r := reasonOf(c); r != "" {
			reason = r
		}
	}
	l.finish(call.Ended, 487, reason)
}

// unacked is a 2xx to an INVITE that is repeated until its ACK comes: after 0.5,
// 1, 2, 4, 4 … seconds, 32 in all (RFC 3261 §13.3.1.4). sipgo's own spacing is
// too slow to heal a lost ACK.
type unacked struct {
	seq     uint32 // of the INVITE, which the ACK repeats
	tx      *sip.ServerTx
	res     *sip.Response
	delayed bool // the offer was ours: the answer comes in the ACK
	initial bool // the leg's first INVITE
	waited  time.Duration
	pause   time.Duration
	timer   *time.Timer
}

// await begins to wait for the ACK of a 2xx that was sent. One that waited
// before counts as acknowledged: its sender has gone on.
func (l *Leg) await(tx *sip.ServerTx, res *sip.Response, seq uint32, delayed bool) {
	if old := l.unacked; old != nil {
		old.timer.Stop()
		if old.initial {
			l.emit(call.Answered, 0, "")
		}
	}
	u := &unacked{seq: seq, tx: tx, res: res, delayed: delayed, pause: t1}
	l.unacked = u
	u.timer = time.AfterFunc(u.pause, func() { l.repeat(u) })
}

func (l *Leg) repeat(u *unacked) {
	defer l.s.recovered("repeat 200")
	l.mu.Lock()
	defer l.unlock()
	if l.unacked != u || l.state != up {
		return
	}
	u.waited += u.pause
	if u.waited >= giveUp {
		l.s.log.Warn("sipleg: no ACK", "leg", l.id)
		l.unacked = nil
		l.sayBye(0, "no ACK")
		return
	}
	_ = l.s.respond(u.tx, u.res) // the next one may get through
	u.pause = min(2*u.pause, t2, giveUp-u.waited)
	u.timer.Reset(u.pause)
}

// onAck ends the wait. An ACK belongs to the INVITE whose number it has,
// whatever came between (RFC 3261 §13.2.2.4).
func (l *Leg) onAck(req *sip.Request) {
	l.mu.Lock()
	defer l.unlock()
	u := l.unacked
	if u == nil || u.seq != req.CSeq().SeqNo || l.state != up || req.From().Params.GetOr("tag", "") != l.d.remote.tag {
		return
	}
	u.timer.Stop()
	l.unacked = nil
	if u.delayed {
		if err := l.acceptIn(req); err != nil {
			l.s.log.Warn("sipleg: answer in ACK unusable", "leg", l.id, "error", err)
			l.sayBye(488, "answer unusable")
			return
		}
	}
	if u.initial {
		l.emit(call.Answered, 0, "")
	}
	if b := l.bye; b != nil {
		l.sayBye(b.code, b.reason)
	}
}

// acceptIn reads the answer to our offer out of a message.
func (l *Leg) acceptIn(m sip.Message) error {
	kind := ""
	if h, ok := m.(interface{ ContentType() *sip.ContentTypeHeader }); ok && h.ContentType() != nil {
		kind = h.ContentType().Value()
	}
	sdp, err := offer.Find(kind, m.Body())
	if err != nil {
		return err
	}
	if sdp == nil {
		return offer.ErrMalformed
	}
	a, err := l.sdp.Accept(sdp)
	if err != nil {
		return err
	}
	l.apply(a)
	return nil
}
