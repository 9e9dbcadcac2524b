package sipleg

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// purpose is why we send an INVITE or UPDATE within the dialog.
type purpose uint8

const (
	refreshing purpose = iota // a sign of life: nothing changes
	changing                  // a new offer
)

// Hold puts the peer on hold with a re-INVITE (sendonly), or takes it back. It
// waits for the answer. Calls do not need it, as the relay plays the music
// itself; phones do.
func (l *Leg) Hold(ctx context.Context, on bool) error {
	set := func(on bool) {
		l.mu.Lock()
		l.sdp.Hold(on)
		l.unlock()
	}
	set(on)
	err := l.reoffer(ctx, changing)
	if err != nil {
		set(!on) // it stays as it was
	}
	return err
}

// reoffer sends our INVITE or UPDATE and repeats it when both sides offered at
// once (RFC 3261 §14.1).
func (l *Leg) reoffer(ctx context.Context, why purpose) error {
	const tries = 4
	for i := 0; ; i++ {
		res, err := l.offerOnce(ctx, why)
		switch {
		case err != nil:
			return err
		case res.IsSuccess():
			return nil
		case res.StatusCode == 491 && i+1 < tries:
			if err := l.pause(ctx, l.backOff()); err != nil {
				return err
			}
		default:
			return fault.New(fault.Conflict, "sipleg: peer answered %d", res.StatusCode)
		}
	}
}

// backOff is how long the owner of the Call-ID and the other side wait after a 491.
func (l *Leg) backOff() time.Duration {
	if l.inbound {
		return time.Duration(rand.IntN(201)) * 10 * time.Millisecond
	}
	return 2100*time.Millisecond + time.Duration(rand.IntN(191))*10*time.Millisecond
}

func (l *Leg) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, ctx.Err(), "sipleg: wait")
	case <-l.s.ctx.Done():
		return fault.New(fault.Gone, "sipleg: shutting down")
	}
}

// offerOnce makes one exchange and takes over what it brought.
func (l *Leg) offerOnce(ctx context.Context, why purpose) (*sip.Response, error) {
	l.mu.Lock()
	if l.state != up || l.offering || l.unacked != nil {
		l.unlock()
		return nil, fault.New(fault.Conflict, "sipleg: not up, or an offer is under way")
	}
	method, body := sip.INVITE, []byte(nil)
	switch {
	case why == changing:
		body = l.sdp.Offer()
	case l.updates:
		method = sip.UPDATE
	default:
		body = l.sdp.Again()
	}
	req := l.d.request(method, 0)
	l.s.dress(req, l.id)
	for _, h := range l.s.abilities() {
		req.AppendHeader(h)
	}
	if l.interval > 0 {
		who := "uas"
		if l.refresh {
			who = "uac"
		}
		req.AppendHeader(sip.NewHeader("Session-Expires", seconds(l.interval)+";refresher="+who))
		req.AppendHeader(sip.NewHeader("Min-SE", seconds(minSession)))
	}
	if body != nil {
		withSDP(req, body)
	}
	to, creds := l.d.nextHop(), l.creds
	l.offering = true
	l.unlock()

	var res *sip.Response
	var err error
	if method == sip.INVITE {
		res, req, err = l.s.inviteAgain(ctx, l, req, creds)
	} else {
		res, err = l.s.exchange(ctx, req, to, creds)
	}
	l.mu.Lock()
	defer l.unlock()
	l.offering = false
	return res, l.settle(req, res, err)
}

// settle takes over the result of an exchange within the dialog.
func (l *Leg) settle(req *sip.Request, res *sip.Response, err error) error {
	if l.state != up {
		return fault.New(fault.Gone, "sipleg: the leg ended")
	}
	if err != nil {
		if fault.KindOf(err) == fault.Timeout && l.s.ctx.Err() == nil {
			l.sayBye(408, "no answer")
		}
		return err
	}
	if l.d.localSeq < req.CSeq().SeqNo {
		l.d.localSeq = req.CSeq().SeqNo // a challenge took a number
	}
	switch {
	case res.StatusCode == 481 || res.StatusCode == 408: // RFC 5057: the dialog is gone
		l.sayBye(res.StatusCode, "dialog lost")
		return fault.New(fault.Gone, "sipleg: peer answered %d", res.StatusCode)
	case !res.IsSuccess():
		return nil
	}
	l.d.refresh(res.Contact())
	l.adoptSession(res)
	if len(res.Body()) == 0 {
		return nil
	}
	if err := l.acceptIn(res); err != nil {
		l.sayBye(488, "answer unusable")
		return err
	}
	return nil
}

// inviteAgain sends a re-INVITE, acknowledges its 2xx and each repetition of it.
// It returns the request that was answered.
func (s *Server) inviteAgain(ctx context.Context, l *Leg, req *sip.Request, c credentials) (*sip.Response, *sip.Request, error) {
	for tries := 0; ; tries++ {
		l.mu.Lock()
		to := l.d.nextHop()
		l.mu.Unlock()
		tx, err := s.send(ctx, req, to)
		if err != nil {
			return nil, req, err
		}
		ack := func(res *sip.Response) {
			if !res.IsSuccess() {
				return
			}
			l.mu.Lock()
			l.d.refresh(res.Contact())
			a := l.d.request(sip.ACK, req.CSeq().SeqNo)
			hop := l.d.nextHop()
			l.mu.Unlock()
			s.dress(a, "")
			if err := s.sendAck(a, hop); err != nil {
				s.log.Debug("sipleg: ACK not sent", "leg", l.id, "error", err)
			}
		}
		tx.OnRetransmission(ack)
		res, err := final(ctx, tx)
		if err != nil {
			return nil, req, err
		}
		ack(res)
		if (res.StatusCode != 401 && res.StatusCode != 407) || tries > 0 {
			return res, req, nil
		}
		next := s.again(req)
		if c.authorize(next, res) != nil {
			return res, req, nil
		}
		req = next
	}
}
