package sipleg

import (
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
)

// attempt is one INVITE of a call out: to one contact of a phone, or to one
// address of a trunk. A leg may make several; the first 2xx wins.
type attempt struct {
	l       *Leg
	s       *Server
	uri     sip.Uri
	to      netip.AddrPort
	udp     string // transport, "UDP" or "TCP"
	viaFlow bool
	from    party
	headers []sip.Header
	creds   credentials
	sdp     Session
	refresh time.Duration

	callID string
	seq    uint32

	stop     chan struct{} // closed: the call does not want it any more
	stopOnce sync.Once
	why      string // set before stop is closed

	mu      sync.Mutex
	first   string       // To-tag of the 2xx that counts
	ack     *sip.Request // of it
	ackTo   netip.AddrPort
	pracked map[string]bool
}

// outcome is how an attempt ended.
type outcome struct {
	won    bool
	code   int
	reason string
	silent bool // no answer at all, or 503: another address may do
}

// cancel gives the attempt up.
func (a *attempt) cancel(why string) {
	a.stopOnce.Do(func() {
		a.why = why
		close(a.stop)
	})
}

// invite writes the INVITE.
func (a *attempt) invite() *sip.Request {
	req := sip.NewRequest(sip.INVITE, *a.uri.Clone())
	req.SetTransport(a.udp)
	from := &sip.FromHeader{DisplayName: a.from.name, Address: *a.from.uri.Clone()}
	from.Params.Add("tag", a.from.tag)
	req.AppendHeader(from)
	to := &sip.ToHeader{Address: *a.uri.Clone()}
	to.Address.UriParams, to.Address.Headers, to.Address.Port = nil, nil, 0
	req.AppendHeader(to)
	id := sip.CallIDHeader(a.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: a.seq, MethodName: sip.INVITE})
	a.s.dress(req, a.l.id)
	req.AppendHeader(sip.NewHeader("Allow", allow))
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	req.AppendHeader(sip.NewHeader("Session-Expires", seconds(a.refresh)))
	req.AppendHeader(sip.NewHeader("Min-SE", seconds(minSession)))
	for _, h := range a.headers {
		req.AppendHeader(h)
	}
	withSDP(req, a.sdp.Offer())
	return req
}

// run sends the INVITE and waits for its end. With patience, an address that
// says nothing for so long is given up.
func (a *attempt) run(patience time.Duration) outcome {
	select {
	case <-a.stop:
		return outcome{code: 487, reason: a.why}
	default:
	}
	req := a.invite()
	for tries := 0; ; tries++ {
		tx, err := a.s.send(a.s.ctx, req, a.to)
		if err != nil {
			a.s.log.Warn("sipleg: INVITE not sent", "leg", a.l.id, "to", a.to, "error", err)
			return outcome{code: 503, reason: "not sent", silent: true}
		}
		tx.OnRetransmission(a.repeated(req))
		res, out := a.wait(tx, req, patience)
		if res == nil {
			return out
		}
		next := a.s.again(req)
		switch {
		case res.StatusCode == 401 || res.StatusCode == 407:
			if err := a.creds.authorize(next, res); err != nil || tries > 1 || tries == 1 && !stale(res) {
				return outcome{code: res.StatusCode, reason: "credentials refused"}
			}
		case res.StatusCode == 422 && tries < 2: // RFC 4028 §7.4
			least, _ := expires(asSession{res})
			a.refresh = max(a.refresh, least)
			next.ReplaceHeader(sip.NewHeader("Session-Expires", seconds(a.refresh)))
			next.ReplaceHeader(sip.NewHeader("Min-SE", seconds(max(least, minSession))))
		default:
			return outcome{code: res.StatusCode, reason: failure(res), silent: res.StatusCode == 503}
		}
		req = next
	}
}

// asSession lets Min-SE be read like Session-Expires.
type asSession struct{ res *sip.Response }

func (m asSession) GetHeader(string) sip.Header { return m.res.GetHeader("Min-SE") }

// failure is a response's Reason header, else its phrase.
func failure(res *sip.Response) string {
	if r := reasonOf(res); r != "" {
		return r
	}
	return reasons[res.StatusCode]
}

// wait follows one transaction. It returns a final error response, or how the
// attempt ended.
func (a *attempt) wait(tx *sip.ClientTx, req *sip.Request, patience time.Duration) (*sip.Response, outcome) {
	var silent <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		silent = t.C
	}
	heard := false
	for {
		select {
		case res := <-tx.Responses():
			heard, silent = true, nil
			switch {
			case res.IsProvisional():
				a.onProvisional(req, res)
			case res.IsSuccess():
				a.mu.Lock()
				a.first = res.To().Params.GetOr("tag", "")
				a.mu.Unlock()
				return nil, outcome{won: a.l.accepted(a, req, res)}
			default:
				return res, outcome{}
			}
		case <-tx.Done():
			if silence(tx) == errSilent {
				return nil, outcome{code: 408, reason: "no answer", silent: true}
			}
			return nil, outcome{code: 503, reason: "transport failed", silent: true}
		case <-silent:
			a.s.background(func() { a.abandon(tx, req, false) })
			return nil, outcome{code: 408, reason: "no answer", silent: true}
		case <-a.stop:
			a.s.background(func() { a.abandon(tx, req, heard) })
			return nil, outcome{code: 487, reason: a.why}
		case <-a.s.ctx.Done():
			tx.Terminate()
			return nil, outcome{code: 503, reason: "shutting down"}
		}
	}
}

// abandon ends an INVITE that nobody wants any more: CANCEL as soon as it has
// got a provisional response, and a 2xx that was faster is acknowledged and
// ended (RFC 3261 §9.1).
func (a *attempt) abandon(tx *sip.ClientTx, req *sip.Request, heard bool) {
	defer tx.Terminate()
	late := time.NewTimer(giveUp)
	defer late.Stop()
	if heard {
		a.sendCancel(req)
	}
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional() && !heard:
				heard = true
				a.sendCancel(req)
			case res.IsSuccess():
				a.discard(req, res)
				return
			case !res.IsProvisional():
				return
			}
		case <-tx.Done():
			return
		case <-late.C:
			return
		case <-a.s.ctx.Done():
			return
		}
	}
}

// sendCancel cancels an INVITE: same branch, same number (RFC 3261 §9.1).
func (a *attempt) sendCancel(req *sip.Request) {
	c := sip.NewRequest(sip.CANCEL, *req.Recipient.Clone())
	c.SetTransport(req.Transport())
	c.AppendHeader(sip.HeaderClone(req.Via()))
	hops := sip.MaxForwardsHeader(70)
	c.AppendHeader(&hops)
	c.AppendHeader(sip.HeaderClone(req.From()))
	c.AppendHeader(sip.HeaderClone(req.To()))
	id := *req.CallID()
	c.AppendHeader(&id)
	c.AppendHeader(&sip.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: sip.CANCEL})
	if a.why != "" {
		c.AppendHeader(reasonHeader(0, a.why))
	}
	a.s.background(func() {
		if _, err := a.s.exchange(a.s.ctx, c, a.to, credentials{}); err != nil {
			a.s.log.Debug("sipleg: CANCEL not answered", "leg", a.l.id, "error", err)
		}
	})
}

// onProvisional passes ringing and early audio on. Any number may come.
func (a *attempt) onProvisional(req *sip.Request, res *sip.Response) {
	if res.StatusCode == 100 {
		return
	}
	if lists(res, "require", "100rel") {
		a.prack(req, res)
	}
	a.l.ringing(a, res)
}

// discard ends a dialog that nobody wants: ACK, then BYE.
func (a *attempt) discard(req *sip.Request, res *sip.Response) {
	d, err := clientDialog(req, res, a.to, a.viaFlow)
	if err != nil {
		return // it cannot be told: its own timer ends it
	}
	ack := d.request(sip.ACK, req.CSeq().SeqNo)
	a.s.dress(ack, "")
	_ = a.s.sendAck(ack, d.nextHop()) // the BYE says the same
	bye := d.request(sip.BYE, 0)
	a.s.dress(bye, "")
	a.s.background(func() {
		if _, err := a.s.exchange(a.s.ctx, bye, d.nextHop(), a.creds); err != nil {
			a.s.log.Debug("sipleg: extra dialog not ended", "leg", a.l.id, "error", err)
		}
	})
}

// repeated handles every 2xx after the first one: the same again gets its ACK
// again, one of another fork is ended.
func (a *attempt) repeated(req *sip.Request) func(*sip.Response) {
	return func(res *sip.Response) {
		defer a.s.recovered("repeated 200")
		tag := res.To().Params.GetOr("tag", "")
		a.mu.Lock()
		first, ack, to := a.first, a.ack, a.ackTo
		a.mu.Unlock()
		switch {
		case first == "":
		case tag != first:
			a.discard(req, res)
		case ack != nil:
			_ = a.s.sendAck(ack, to) // the peer repeats until one arrives
		}
	}
}

// accepted takes a 2xx: the first one makes the leg's dialog, another is ended.
func (l *Leg) accepted(a *attempt, req *sip.Request, res *sip.Response) bool {
	l.mu.Lock()
	defer l.unlock()
	d, err := clientDialog(req, res, a.to, a.viaFlow)
	if l.state != setup || err != nil {
		a.discard(req, res)
		return false
	}
	l.d, l.sdp, l.creds, l.state = d, a.sdp, a.creds, up
	l.updates = lists(res, "allow", "UPDATE")
	l.s.keep(l, dialogKey(d.callID, d.local.tag), d.nextHop().Addr())
	ack := l.d.request(sip.ACK, req.CSeq().SeqNo)
	l.s.dress(ack, "")
	for _, name := range []string{"Authorization", "Proxy-Authorization"} { // RFC 3261 §13.2.2.4
		if h := req.GetHeader(name); h != nil {
			ack.AppendHeader(sip.HeaderClone(h))
		}
	}
	if err := l.s.sendAck(ack, l.d.nextHop()); err != nil {
		l.s.log.Debug("sipleg: ACK not sent", "leg", l.id, "error", err)
	}
	a.mu.Lock()
	a.ack, a.ackTo = ack, l.d.nextHop()
	a.mu.Unlock()
	for _, other := range l.attempts {
		if other != a {
			other.cancel("answered elsewhere")
		}
	}
	if err := l.acceptIn(res); err != nil {
		l.s.log.Warn("sipleg: answer unusable", "leg", l.id, "error", err)
		l.emit(call.Failed, 488, "answer unusable")
		l.sayBye(488, "answer unusable")
		return true
	}
	l.emit(call.Answered, 0, "")
	if l.byed {
		l.finish(call.Ended, 0, "bye")
		return true
	}
	l.adoptSession(res)
	return true
}
