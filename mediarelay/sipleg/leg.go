package sipleg

import (
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg/offer"
)

// state is how far a leg is.
type state uint8

const (
	setup  state = iota // INVITE without a final response
	up                  // 2xx sent or received
	ending              // our BYE is under way
	over
)

// Leg is one SIP dialog as a call uses it; it is a call.Leg. One lock guards it,
// so that requests of both sides are handled one after the other and each of
// ours has its own number. Nothing waits for the network under the lock.
type Leg struct {
	s       *Server
	id      string
	inbound bool
	isPhone bool // its media, too, comes from where its signalling comes from
	port    Port
	headers map[string]string
	release func() // leaves the trunk's gate
	events  events

	mu     sync.Mutex
	state  state
	d      dialog
	sdp    Session
	held   bool
	creds  credentials
	hosts  []netip.Addr // counted in Server.hosts
	keys   []string     // in Server.legs
	digits digits

	invite   *sip.Request // inbound: what is to be answered
	tx       *sip.ServerTx
	merge    string        // key in Server.merged
	ready    []byte        // answer to the INVITE's offer; nil: the offer goes into our 200
	agreed   offer.Agreed  // with ready
	unacked  *unacked      // 2xx that waits for its ACK
	reliable *reliable     // 18x that waits for its PRACK
	bye      *goodbye      // to be said once the ACK is there
	attempts []*attempt    // outbound: INVITEs under way
	rang     bool          // outbound: Ringing was told
	early    bool          // … with audio
	byed     bool          // outbound: the peer's BYE overtook its 200
	offering bool          // an INVITE or UPDATE of ours within the dialog is under way
	updates  bool          // the peer takes UPDATE
	session  *time.Timer   // refresh or expiry (RFC 4028)
	interval time.Duration // of the session; 0: none agreed
	refresh  bool          // we refresh it
}

// goodbye is a BYE that has to wait.
type goodbye struct {
	code   int
	reason string
}

// ID is the leg's CallId.
func (l *Leg) ID() string { return l.id }

// Headers are the peer's headers that a function may see.
func (l *Leg) Headers() map[string]string { return l.headers }

// Port is the leg's audio, nil if the server does not use a media engine.
func (l *Leg) Port() *media.Port {
	p, _ := l.port.(*media.Port)
	return p
}

// Audio is the leg's audio end as it was opened.
func (l *Leg) Audio() Port { return l.port }

// unlock ends a step and tells the call what happened in it. Events leave
// without the lock, in order.
func (l *Leg) unlock() {
	l.mu.Unlock()
	l.events.flush()
}

// emit notes an event; unlock delivers it.
func (l *Leg) emit(kind call.LegEventKind, code int, reason string) {
	l.events.add(call.LegEvent{LegID: l.id, Kind: kind, Code: code, Reason: reason})
}

// onMedia passes on what the port heard. The media worker calls it, so it must
// not wait for the leg's lock.
func (l *Leg) onMedia(e media.Event) {
	if e.Kind == media.Digit && !l.digits.first(byRTP, e.Digit, e.At) {
		return
	}
	l.events.add(call.LegEvent{LegID: l.id, Kind: call.Heard, Media: e})
	l.events.flush()
	if e.Kind == media.MediaLost {
		l.s.background(func() { l.hangup(0, "media lost") })
	}
}

// apply makes media do what offer and answer agreed.
func (l *Leg) apply(a offer.Agreed) {
	r := a.Remote
	if from := l.d.flow.Addr(); l.isPhone || r.Addr.IsValid() && hidden(r.Addr.Addr(), from) {
		r.Via = from
	}
	l.port.SetRemote(r)
	if a.Held == l.held {
		return
	}
	l.held = a.Held
	if a.Held {
		l.emit(call.Held, 0, "")
	} else {
		l.emit(call.Resumed, 0, "")
	}
}

// finish ends the leg, once: nothing of it is left, and its last event is noted.
func (l *Leg) finish(kind call.LegEventKind, code int, reason string) {
	if l.state == over {
		return
	}
	l.state = over
	l.stopTimers()
	l.port.Close()
	l.release()
	l.s.forget(l)
	l.emit(kind, code, reason)
}

func (l *Leg) stopTimers() {
	if l.session != nil {
		l.session.Stop()
	}
	if l.unacked != nil {
		l.unacked.timer.Stop()
		l.unacked = nil
	}
	if l.reliable != nil {
		l.reliable.timer.Stop()
		l.reliable = nil
	}
}

// Hangup ends the leg: BYE, or before the answer CANCEL or 480.
func (l *Leg) Hangup(reason string) error {
	l.hangup(0, reason)
	return nil
}

func (l *Leg) hangup(code int, reason string) {
	l.mu.Lock()
	defer l.unlock()
	switch {
	case l.state == setup && l.inbound:
		l.refuse(480, "", reasonHeader(code, reason))
		l.finish(call.Ended, 0, reason)
	case l.state == setup:
		for _, a := range l.attempts {
			a.cancel(reason)
		}
		l.finish(call.Ended, 0, reason)
	case l.state == up && l.unacked != nil && l.unacked.initial:
		l.bye = &goodbye{code, reason} // RFC 3261 §15: the callee waits for the ACK
	case l.state == up:
		l.sayBye(code, reason)
	}
}

// sayBye sends BYE and ends the leg when it is answered, whatever the answer, or
// when there is none for a second; the transaction goes on without us.
func (l *Leg) sayBye(code int, reason string) {
	l.state = ending
	l.stopTimers()
	l.port.Close()
	req := l.d.request(sip.BYE, 0)
	l.s.dress(req, "")
	req.AppendHeader(reasonHeader(code, reason))
	to := l.d.nextHop()
	l.s.background(func() {
		late := time.AfterFunc(time.Second, func() { l.ended(reason) })
		defer late.Stop()
		if _, err := l.s.exchange(l.s.ctx, req, to, l.creds); err != nil {
			l.s.log.Debug("sipleg: BYE not answered", "leg", l.id, "error", err)
		}
		l.ended(reason)
	})
}

func (l *Leg) ended(reason string) {
	l.mu.Lock()
	defer l.unlock()
	l.finish(call.Ended, 0, reason)
}

// keep registers a dialog's key and the hosts that may send for it.
func (s *Server) keep(l *Leg, key string, hosts ...netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.legs[key] != nil && s.legs[key] != l {
		return false
	}
	if s.legs[key] == nil {
		s.legs[key] = l
		l.keys = append(l.keys, key)
	}
	for _, h := range hosts {
		if h = h.Unmap(); h.IsValid() {
			s.hosts[h]++
			l.hosts = append(l.hosts, h)
		}
	}
	return true
}

// forget takes a leg out of every table.
func (s *Server) forget(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range l.keys {
		delete(s.legs, k)
	}
	delete(s.merged, l.merge)
	for _, h := range l.hosts {
		if s.hosts[h]--; s.hosts[h] <= 0 {
			delete(s.hosts, h)
		}
	}
	l.keys, l.hosts = nil, nil
}

// events delivers what happens to a leg in order and without a lock held, and
// keeps it until someone listens.
type events struct {
	mu   sync.Mutex
	tell call.Notify
	wait []call.LegEvent
	busy bool // someone delivers
	last bool // Ended or Failed was noted: nothing follows
}

// maxWaiting bounds what is kept before the call listens.
const maxWaiting = 256

func (e *events) add(ev call.LegEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last {
		return
	}
	e.last = ev.Kind == call.Ended || ev.Kind == call.Failed
	if len(e.wait) < maxWaiting || e.last {
		e.wait = append(e.wait, ev)
	}
}

func (e *events) attach(tell call.Notify) {
	e.mu.Lock()
	e.tell = tell
	e.mu.Unlock()
	e.flush()
}

func (e *events) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy || e.tell == nil {
		return
	}
	e.busy = true
	for len(e.wait) > 0 {
		ev := e.wait[0]
		e.wait = e.wait[1:]
		e.mu.Unlock()
		e.tell(ev)
		e.mu.Lock()
	}
	e.busy = false
}
