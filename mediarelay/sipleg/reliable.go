package sipleg

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
)

// reliable is an 18x that is repeated until its PRACK comes (RFC 3262 §3). We
// send one only to a peer that requires it, and never with a description.
type reliable struct {
	seq    uint32
	res    *sip.Response
	waited time.Duration
	pause  time.Duration
	timer  *time.Timer
}

// firstRSeq may be any number below 2^31; a fixed one is as good in a leg of its own.
const firstRSeq = 1

func (l *Leg) sendReliably(res *sip.Response) error {
	r := &reliable{seq: firstRSeq, res: res, pause: t1}
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.Itoa(firstRSeq)))
	if err := l.onInvite(res); err != nil {
		return err
	}
	l.reliable = r
	r.timer = time.AfterFunc(r.pause, func() { l.repeatRinging(r) })
	return nil
}

func (l *Leg) repeatRinging(r *reliable) {
	defer l.s.recovered("repeat 18x")
	l.mu.Lock()
	defer l.unlock()
	if l.reliable != r || l.state != setup {
		return
	}
	r.waited += r.pause
	if r.waited >= giveUp {
		l.refuse(504, "No PRACK")
		l.finish(call.Ended, 504, "no PRACK")
		return
	}
	_ = l.s.respond(l.tx, r.res) // the next one may get through
	r.pause = min(2*r.pause, giveUp-r.waited)
	r.timer.Reset(r.pause)
}

// onPrack ends the repetition if it names the 18x. l.mu is held.
func (l *Leg) onPrack(req *sip.Request, tx *sip.ServerTx) {
	r := l.reliable
	f := strings.Fields(value(req, "RAck"))
	if r == nil || len(f) != 3 || f[0] != strconv.FormatUint(uint64(r.seq), 10) ||
		f[1] != strconv.FormatUint(uint64(l.invite.CSeq().SeqNo), 10) || f[2] != string(sip.INVITE) {
		l.s.answer(req, tx, 481, "")
		return
	}
	r.timer.Stop()
	l.reliable = nil
	l.s.answer(req, tx, 200, "")
}

// prack acknowledges an 18x that the peer sends reliably, though we did not say
// that we support it; some carriers do so all the same. Once for each number.
func (a *attempt) prack(req *sip.Request, res *sip.Response) {
	seq := strings.TrimSpace(value(res, "RSeq"))
	if n, err := strconv.ParseUint(seq, 10, 32); err != nil || n == 0 {
		return
	}
	d, err := clientDialog(req, res, a.to, a.viaFlow)
	if err != nil {
		return
	}
	key := d.remote.tag + " " + seq
	a.mu.Lock()
	done := a.pracked[key] || len(a.pracked) > 64
	if a.pracked == nil {
		a.pracked = map[string]bool{}
	}
	a.pracked[key] = true
	a.seq++
	next := a.seq
	a.mu.Unlock()
	if done {
		return
	}
	prack := d.request(sip.PRACK, next)
	a.s.dress(prack, "")
	prack.AppendHeader(sip.NewHeader("RAck", seq+" "+req.CSeq().Value()))
	a.s.background(func() {
		if _, err := a.s.exchange(a.s.ctx, prack, d.nextHop(), a.creds); err != nil {
			a.s.log.Debug("sipleg: PRACK not answered", "leg", a.l.id, "error", err)
		}
	})
}
