package relaytest

import (
	"context"
	"os"
	"strings"
	"sync"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media/wav"
	"huawu/mediarelay/sipleg"
	"huawu/shared/fault"
)

// Call is one call of an endpoint.
type Call struct {
	From, To string

	mu       sync.Mutex
	leg      *sipleg.Leg
	audio    *audio
	code     int // of a failure
	held     bool
	ringing  chan struct{}
	answered chan struct{}
	ended    chan struct{} // failed or over
	attached chan struct{}
}

func newCall(l *sipleg.Leg, from, to string) *Call {
	c := &Call{From: from, To: to, ringing: make(chan struct{}), answered: make(chan struct{}), ended: make(chan struct{}), attached: make(chan struct{})}
	if l != nil {
		c.attach(l)
	}
	return c
}

func (c *Call) attach(l *sipleg.Leg) {
	c.leg, c.audio = l, l.Audio().(*audio)
	close(c.attached)
}

// tell takes the leg's events.
func (c *Call) tell(e call.LegEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	once := func(ch chan struct{}) {
		select {
		case <-ch:
		default:
			close(ch)
		}
	}
	switch e.Kind {
	case call.Ringing:
		once(c.ringing)
	case call.Answered:
		once(c.answered)
	case call.Held, call.Resumed:
		c.held = e.Kind == call.Held
	case call.Failed, call.Ended:
		c.code = e.Code
		once(c.ended)
	}
}

// Header returns a header of the INVITE that came in.
func (c *Call) Header(name string) string { return c.leg.Headers()[name] }

// Ringing waits until the other side rings.
func (c *Call) Ringing(ctx context.Context) error { return c.await(ctx, "ringing", c.ringing) }

// Answered waits until the call is answered, by either side.
func (c *Call) Answered(ctx context.Context) error { return c.await(ctx, "answer", c.answered) }

// Ended waits until the call is over.
func (c *Call) Ended(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, ctx.Err(), "relaytest: wait for the end")
	}
}

// Over reports whether the call has ended.
func (c *Call) Over() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// Status is the SIP status of a call that failed, 0 of one that did not.
func (c *Call) Status() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// OnHold reports whether the other side has put this call on hold by SIP.
func (c *Call) OnHold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

func (c *Call) await(ctx context.Context, what string, ch chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-c.ended:
		select {
		case <-ch: // both, and it was first
			return nil
		default:
		}
		return fault.New(fault.Gone, "relaytest: the call ended (%d) before %s", c.Status(), what)
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, ctx.Err(), "relaytest: wait for %s", what)
	}
}

// Answer answers a call that rings.
func (c *Call) Answer() error { return c.leg.Answer() }

// Decline refuses a call that rings.
func (c *Call) Decline(code int) error { return c.leg.Reject(code, "") }

// Hangup ends the call.
func (c *Call) Hangup() error { return c.leg.Hangup("") }

// Hold puts the other side on hold by re-INVITE, or takes it back.
func (c *Call) Hold(ctx context.Context, on bool) error { return c.leg.Hold(ctx, on) }

// SendDigits presses keys and waits until they are sent (RFC 4733).
func (c *Call) SendDigits(ctx context.Context, digits string) error {
	var keys []key
	for _, d := range strings.ToUpper(digits) {
		code := strings.IndexRune(digitCodes, d)
		if code < 0 {
			return fault.New(fault.Invalid, "relaytest: %q is no key", d)
		}
		keys = append(keys, key{code: byte(code), pause: int(digitGap / (20 * time.Millisecond))})
	}
	c.audio.mu.Lock()
	if c.audio.remote.EventType == 0 {
		c.audio.mu.Unlock()
		return fault.New(fault.Conflict, "relaytest: no telephone-event was agreed")
	}
	c.audio.mu.Unlock()
	return c.out(ctx, func(a *audio) { a.keys = append(a.keys, keys...) })
}

// Say speaks samples and waits until they are sent.
func (c *Call) Say(ctx context.Context, pcm []int16) error {
	return c.out(ctx, func(a *audio) { a.queue = append(a.queue, pcm...) })
}

// Speak begins to speak samples and returns at once.
func (c *Call) Speak(pcm []int16) {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	c.audio.queue = append(c.audio.queue, pcm...)
}

// SayFile speaks a WAV file.
func (c *Call) SayFile(ctx context.Context, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "relaytest: read sound")
	}
	sound, err := wav.Decode(raw)
	if err != nil {
		return err
	}
	return c.Say(ctx, sound.Telephone())
}

// out queues something and waits until all is sent.
func (c *Call) out(ctx context.Context, queue func(*audio)) error {
	c.audio.mu.Lock()
	queue(c.audio)
	if c.audio.said == nil {
		c.audio.said = make(chan struct{})
	}
	said := c.audio.said
	c.audio.mu.Unlock()
	select {
	case <-said:
		return nil
	case <-c.ended:
		return fault.New(fault.Gone, "relaytest: the call ended while speaking")
	case <-ctx.Done():
		return fault.Wrap(fault.Timeout, ctx.Err(), "relaytest: speak")
	}
}

// HearTone waits until the last 200 ms that were heard are one tone.
func (c *Call) HearTone(ctx context.Context, hz float64) error {
	return c.audio.until(ctx, "a tone", func() bool {
		last := c.audio.last(rate / 5)
		return len(last) == rate/5 && Loudness(last) > 300 && Share(last, hz) > 0.7
	})
}

// HearSound waits until something is heard: the last 200 ms are not silent.
func (c *Call) HearSound(ctx context.Context) error {
	return c.audio.until(ctx, "a sound", func() bool { return Loudness(c.audio.last(rate/5)) > 300 })
}

// HearSilence waits until packets come but nothing is in the last 400 ms of them.
func (c *Call) HearSilence(ctx context.Context) error {
	return c.audio.until(ctx, "silence", func() bool {
		last := c.audio.last(rate * 2 / 5)
		return len(last) == rate*2/5 && Loudness(last) < 60
	})
}

// last returns the last samples that were heard. a.mu is held.
func (a *audio) last(n int) []int16 { return a.heard[max(0, len(a.heard)-n):] }

// Heard returns all that was heard so far, up to ten minutes.
func (c *Call) Heard() []int16 {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	return append([]int16(nil), c.audio.heard...)
}

// Forget drops what was heard so far, digits included.
func (c *Call) Forget() {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	c.audio.heard, c.audio.digits = c.audio.heard[:0], nil
}

// Digits returns the keys that the other side pressed.
func (c *Call) Digits() string {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	return string(c.audio.digits)
}

// Record writes all that was heard so far to a WAV file.
func (c *Call) Record(path string) error {
	heard := c.Heard()
	raw := wav.Encode(wav.Sound{Rate: rate, Channels: [][]int16{heard}})
	return fault.Wrap(fault.Unavailable, os.WriteFile(path, raw, 0o600), "relaytest: write recording")
}

// Stats is what the call's audio saw.
func (c *Call) Stats() Stats {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	return c.audio.stats
}
