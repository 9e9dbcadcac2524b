package sipleg

import (
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
)

// way is how a digit came.
type way uint8

const (
	byRTP way = iota + 1
	byInfo
)

// sameDigit is within what time one press may come by both ways.
const sameDigit = 500 * time.Millisecond

// digits drops what came by INFO as well as in RTP: some phones send both.
type digits struct {
	mu    sync.Mutex
	digit byte
	way   way
	at    time.Time
}

// first reports whether a digit is not the echo of the last one by another way.
func (d *digits) first(w way, digit byte, at time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.way != 0 && d.way != w && d.digit == digit && at.Sub(d.at) < sameDigit {
		d.way = 0 // a third one is a new press
		return false
	}
	d.digit, d.way, d.at = digit, w, at
	return true
}

// onInfo reads a digit out of an INFO. It is answered 200 whatever is in it: an
// error would end calls at some gateways.
func (l *Leg) onInfo(req *sip.Request, tx *sip.ServerTx) {
	l.s.answer(req, tx, 200, "")
	kind := ""
	if h := req.ContentType(); h != nil {
		kind, _, _ = strings.Cut(strings.ToLower(h.Value()), ";")
	}
	digit, ok := infoDigit(strings.TrimSpace(kind), string(req.Body()))
	now := time.Now()
	if ok && l.digits.first(byInfo, digit, now) {
		l.events.add(call.LegEvent{LegID: l.id, Kind: call.Heard, Media: media.Event{Kind: media.Digit, Digit: digit, At: now}})
	}
}

// infoDigit reads application/dtmf-relay ("Signal=5", "Duration=160") and
// application/dtmf ("5").
func infoDigit(kind, body string) (byte, bool) {
	signal := ""
	switch kind {
	case "application/dtmf":
		signal = body
	case "application/dtmf-relay":
		for line := range strings.Lines(body) {
			name, v, _ := strings.Cut(line, "=")
			if strings.EqualFold(strings.TrimSpace(name), "signal") {
				signal = v
				break
			}
		}
	}
	signal = strings.ToUpper(strings.TrimSpace(signal))
	switch signal {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(signal) == 1 && strings.Contains("0123456789*#ABCD", signal) {
		return signal[0], true
	}
	return 0, false
}
