package sipleg

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/shared/fault"
)

// minSession is the shortest session interval (RFC 4028 §4).
const minSession = 90 * time.Second

// sessionID names a session in SDP.
func sessionID() uint64 { return rand.Uint64() }

// expires reads Session-Expires: the interval, and who refreshes ("uac", "uas" or "").
func expires(m interface{ GetHeader(string) sip.Header }) (interval time.Duration, refresher string) {
	v := value(m, "Session-Expires")
	if v == "" {
		v = value(m, "x")
	}
	number, params, _ := strings.Cut(v, ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	if err != nil || seconds == 0 {
		return 0, ""
	}
	for p := range strings.SplitSeq(params, ";") {
		name, who, _ := strings.Cut(strings.ToLower(strings.TrimSpace(p)), "=")
		if name == "refresher" && (who == "uac" || who == "uas") {
			refresher = who
		}
	}
	return min(time.Duration(seconds)*time.Second, 24*time.Hour), refresher
}

// tooShort refuses a session interval below the least one, if the peer knows
// what to do then.
func tooShort(req *sip.Request) error {
	if d, _ := expires(req); d > 0 && d < minSession && lists(req, "supported", "timer") {
		return &refusal{code: 422, headers: []sip.Header{sip.NewHeader("Min-SE", seconds(minSession))}, cause: fault.New(fault.Invalid, "sipleg: session interval too small")}
	}
	return nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// agreeSession answers the session timer of a peer's INVITE or UPDATE, starts
// ours, and returns the headers of the 2xx. A peer that asks for none but knows
// timers gets ours, so that a call whose peer died ends.
func (l *Leg) agreeSession(req *sip.Request) []sip.Header {
	interval, who := expires(req)
	knows := lists(req, "supported", "timer")
	switch {
	case interval > 0 && who == "" && knows:
		who = "uac"
	case interval > 0 && who == "":
		who = "uas"
	case interval == 0 && knows:
		interval, who = l.s.cfg.Refresh, "uas"
	case interval == 0:
		l.startSession(0, false)
		return nil
	}
	interval = max(interval, minSession)
	l.startSession(interval, who == "uas")
	headers := []sip.Header{sip.NewHeader("Session-Expires", seconds(interval)+";refresher="+who)}
	if knows && who == "uac" {
		headers = append(headers, sip.NewHeader("Require", "timer"))
	}
	return headers
}

// adoptSession takes the session timer of a 2xx to our request, asked for or not.
func (l *Leg) adoptSession(res *sip.Response) {
	interval, who := expires(res)
	if interval > 0 {
		interval = max(interval, minSession)
	}
	l.startSession(interval, who != "uas")
}

// startSession starts the timer anew: we refresh at half time, or end the call
// shortly before the interval is over if the peer should have and did not.
func (l *Leg) startSession(interval time.Duration, refresh bool) {
	if l.session != nil {
		l.session.Stop()
		l.session = nil
	}
	l.interval, l.refresh = interval, refresh
	if interval == 0 {
		return
	}
	if refresh {
		half := interval / 2
		early := time.Duration(rand.Int64N(int64(half) / 5)) // not all calls at once
		l.session = time.AfterFunc(half-early, l.refreshNow)
		return
	}
	l.session = time.AfterFunc(interval-lead(interval), l.expired)
}

// lead is how long before the end of the interval a call is ended (RFC 4028 §10).
func lead(interval time.Duration) time.Duration { return min(32*time.Second, interval/3) }

// refreshNow refreshes the session; success starts the timer anew, and without
// it the call ends with the interval.
func (l *Leg) refreshNow() {
	defer l.s.recovered("refresh")
	l.mu.Lock()
	defer l.unlock()
	if l.state != up {
		return
	}
	l.session = time.AfterFunc(l.interval/2-lead(l.interval), l.expired)
	l.s.background(func() {
		if err := l.reoffer(l.s.ctx, refreshing); err != nil {
			l.s.log.Info("sipleg: session not refreshed", "leg", l.id, "error", err)
		}
	})
}

func (l *Leg) expired() {
	defer l.s.recovered("expire")
	l.mu.Lock()
	defer l.unlock()
	if l.state == up {
		l.s.log.Warn("sipleg: session expired", "leg", l.id)
		l.sayBye(0, "session expired")
	}
}
