package webleg

import (
	"sync"
	"sync/atomic"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/sipleg"
)

const (
	// grace is how long audio may be gone before the other party gets music: a
	// BYE that follows at once needs none.
	grace = 300 * time.Millisecond
	// endWait is when a leg that was hung up ends, whatever became of its dialog.
	endWait = 5 * time.Second
)

// Leg is a browser as a call uses it; it is a call.Leg. It outlives its dialog
// and its connection: when a page is reloaded, the leg waits for the agent's next
// one, calls it, and the call goes on. Its media port is the same all the time.
//
// No method of the dialog is called under the lock, as events of the dialog come
// in under the dialog's own.
type Leg struct {
	s       *Server
	id      string
	who     Identity
	callID  string // the TransactionId
	headers map[string]string
	target  call.Target // outbound: whom we called, for a page that comes back
	link    *media.Link
	port    *media.Port
	now     atomic.Pointer[audio] // the connection in use
	write   func([]byte)          // sends one packet by it; made once

	mu       sync.Mutex
	tell     call.Notify // nil: nobody listens yet
	begun    bool        // the call has it, so that it ends by an event
	dialog   *sipleg.Leg // nil: none now
	serial   int         // of the dialog: what older ones say does not count
	failed   int         // serial of the last dialog that failed
	page     string      // that the dialog is with
	answered bool
	held     bool        // the browser holds us
	gone     bool        // no audio
	music    bool        // Held was told because of that
	mercy    *time.Timer // until then the other party need not know
	patience *time.Timer // until then the page may come back
	over     bool
}

// newLeg opens the sound of a leg.
func (s *Server) newLeg(id, callID string, who Identity) (*Leg, error) {
	l := &Leg{s: s, id: id, callID: callID, who: who, link: media.NewLink(s.wake), failed: -1}
	l.write = func(b []byte) {
		if a := l.now.Load(); a != nil {
			a.send(b, s.sealed[:])
		}
	}
	var err error
	if l.port, err = s.cfg.Engine.Open(media.PortOptions{CallID: callID, Link: l.link, Events: l.onMedia}); err != nil {
		return nil, err
	}
	s.keep(l)
	return l, nil
}

// ID is the leg's CallId.
func (l *Leg) ID() string { return l.id }

// Headers are those of the browser's INVITE that a function may see.
func (l *Leg) Headers() map[string]string { return l.headers }

// Port is the leg's sound.
func (l *Leg) Port() *media.Port { return l.port }

// Ring tells a browser that calls that its call is being offered.
func (l *Leg) Ring() error { return l.with((*sipleg.Leg).Ring) }

// Answer accepts a browser's call.
func (l *Leg) Answer() error { return l.with((*sipleg.Leg).Answer) }

// Reject refuses a browser's call.
func (l *Leg) Reject(code int, reason string) error {
	return l.with(func(d *sipleg.Leg) error { return d.Reject(code, reason) })
}

// with does something with the leg's dialog, if there is one.
func (l *Leg) with(f func(*sipleg.Leg) error) error {
	l.mu.Lock()
	d := l.dialog
	l.mu.Unlock()
	if d == nil {
		return nil
	}
	return f(d)
}

// Hangup ends the leg. The browser learns it by SIP if it has a socket, and by
// the end of DTLS in any case.
func (l *Leg) Hangup(reason string) error {
	l.mu.Lock()
	d := l.dialog
	if l.over {
		l.mu.Unlock()
		return nil
	}
	if d == nil {
		l.end(call.LegEvent{Kind: call.Ended, Reason: reason})
		l.mu.Unlock()
		return nil
	}
	l.mu.Unlock()
	time.AfterFunc(endWait, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.end(call.LegEvent{Kind: call.Ended, Reason: reason})
	})
	return d.Hangup(reason)
}

// listener passes on what the n-th dialog says.
func (l *Leg) listener(n int) call.Notify {
	return func(e call.LegEvent) { l.onDialog(n, e) }
}

func (l *Leg) onDialog(n int, e call.LegEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || n != l.serial {
		return
	}
	switch e.Kind {
	case call.Failed:
		l.failed = n
		if l.dialog = nil; l.answered {
			return // the page may come again, until patience ends
		}
		l.end(e)
	case call.Ended:
		l.end(e)
	case call.Answered:
		if !l.answered {
			l.answered = true
			l.say(e)
		}
	case call.Held, call.Resumed:
		if l.held = e.Kind == call.Held; !l.music {
			l.say(e)
		}
	case call.Ringing:
		if !l.answered {
			l.say(e)
		}
	default:
		l.say(e)
	}
}

// say tells the call. l.mu is held; a Notify does not wait.
func (l *Leg) say(e call.LegEvent) {
	if e.LegID = l.id; l.tell != nil {
		l.tell(e)
	}
}

// end ends the leg, once. l.mu is held.
func (l *Leg) end(e call.LegEvent) {
	if l.over {
		return
	}
	l.over, l.dialog = true, nil
	l.calm()
	a := l.now.Swap(nil)
	l.s.background(func() {
		if a != nil {
			a.Close()
		}
		l.port.Close()
	})
	l.s.forget(l)
	l.say(e)
}

// calm stops waiting for the browser. l.mu is held.
func (l *Leg) calm() {
	for _, t := range []*time.Timer{l.mercy, l.patience} {
		if t != nil {
			t.Stop()
		}
	}
	l.mercy, l.patience = nil, nil
}

// onMedia passes on what the port heard. The media worker calls it. That no
// packets come is judged by ICE, which also knows browsers that only listen.
func (l *Leg) onMedia(e media.Event) {
	if e.Kind == media.MediaLost {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || e.Kind == media.Digit && l.dialog != nil && !l.dialog.Hear(e.Digit, e.At) {
		return
	}
	l.say(call.LegEvent{Kind: call.Heard, Media: e})
}

// setRemote takes what the dialog of connection a agreed.
func (l *Leg) setRemote(a *audio, r media.Remote) {
	if l.now.Load() == a {
		l.port.SetRemote(r)
	}
}

// audioClosed is told when a dialog lets its connection go. Before the call has
// the leg nobody else ends it.
func (l *Leg) audioClosed(a *audio) {
	l.now.CompareAndSwap(a, nil)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.end(call.LegEvent{Kind: call.Ended, Reason: "not begun"})
	}
}

// onAudio follows the connection.
func (l *Leg) onAudio(a *audio, e audioEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.now.Load() != a {
		return
	}
	switch {
	case e == audioUp:
		l.calm()
		if l.gone = false; l.music {
			if l.music = false; !l.held {
				l.say(call.LegEvent{Kind: call.Resumed, Reason: "browser is back"})
			}
		}
	case e == audioFailed && !l.gone:
		l.s.background(func() { _ = l.Hangup("no audio with the browser") })
	default:
		l.lose()
	}
}

// lose begins to wait for the browser. l.mu is held.
func (l *Leg) lose() {
	if l.gone {
		return
	}
	l.gone = true
	l.mercy = time.AfterFunc(grace, l.sayHeld)
	l.patience = time.AfterFunc(l.s.cfg.Patience, l.giveUp)
}

// sayHeld gives the other party music while the browser is away.
func (l *Leg) sayHeld() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || !l.gone || l.music || !l.answered {
		return
	}
	if l.music = true; !l.held {
		l.say(call.LegEvent{Kind: call.Held, Reason: "browser is away"})
	}
}

// giveUp ends a leg whose browser did not come back.
func (l *Leg) giveUp() {
	l.mu.Lock()
	lost := l.gone && !l.over
	l.mu.Unlock()
	if lost {
		l.s.count.lost.Add(1)
		_ = l.Hangup("browser lost")
	}
}
