package recorder

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/recording"
)

const (
	// step is the audio of one frame. With margin and poll it bounds what a
	// kill loses: 1.6 s of the 2 s that are allowed.
	step = recording.Rate
	// margin is how long a late packet is waited for.
	margin = 300 * perMS
	// poll is how often a recording looks after its tap, which holds 3.6 s.
	poll = 250 * time.Millisecond
	// backlog is the most sealed audio that waits in memory for a full disk.
	maxBacklog = 256 << 10
)

// Recording is one running recording. Its methods never block and may be called
// from any goroutine.
type Recording struct {
	owner *Recorder
	log   *slog.Logger
	stem  string
	side  sidecar
	tap   *media.Tap
	from  frames // tap, but in tests
	wake  chan struct{}

	mu       sync.Mutex
	commands []command

	// Owned by the goroutine of run, then by the one that finishes.
	key     recording.Key
	keyed   bool // side holds the wrapped key …
	kept    bool // … and is on disk
	sealer  *recording.Sealer
	line    *timeline
	frame   media.Frame
	paused  bool
	hush    hush
	gap     bool // audio before the next segment was given up
	flags   recording.Flag
	file    spoolFile
	stopped bool
}

// frames is where received audio comes from.
type frames interface {
	Read(*media.Frame) bool
}

type command struct {
	kind commandKind
	at   time.Time
}

type commandKind int

const (
	doPause commandKind = iota
	doResume
	doStop
)

// Tap is where media puts the parties' audio.
func (r *Recording) Tap() *media.Tap { return r.tap }

// Object is the key under which the sealed recording will be found.
func (r *Recording) Object() string { return r.side.Object }

// Pause stops recording: what is said from now on is not kept anywhere, its
// time is. Again is no change.
func (r *Recording) Pause() { r.command(doPause) }

// Resume goes on after Pause. Without one it is no change.
func (r *Recording) Resume() { r.command(doResume) }

// Stop ends the recording; upload follows in the background. Again is no change.
func (r *Recording) Stop() { r.command(doStop) }

func (r *Recording) command(kind commandKind) {
	r.mu.Lock()
	r.commands = append(r.commands, command{kind, r.owner.Now()})
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Recording) take() []command {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.commands
	r.commands = nil
	return c
}

// run seals what arrives until Stop. It returns with the final frame sealed.
func (r *Recording) run() {
	// Calls that began together must not write together for ever.
	next := time.NewTimer(rand.N(poll))
	defer next.Stop()
	defer r.file.close()
	for !r.stopped {
		select {
		case <-next.C:
			next.Reset(poll)
		case <-r.wake:
		}
		r.listen()
		for _, c := range r.take() {
			r.obey(c)
		}
		if !r.stopped {
			r.seal(r.line.at(r.owner.Now())-margin, false)
		}
		r.keep()
	}
}

// listen takes all frames out of the tap. What was said during a pause goes
// nowhere.
func (r *Recording) listen() {
	for r.from.Read(&r.frame) {
		r.hush.hear(&r.frame)
		if !r.paused {
			r.line.add(&r.frame)
		}
		clear(r.frame.Payload)
	}
	r.hush.check(r.owner.Now())
}

func (r *Recording) obey(c command) {
	now := r.line.at(c.at)
	switch {
	case r.stopped:
	case c.kind == doPause && !r.paused:
		r.seal(now, true)
		r.line.forget()
		r.paused = true
	case c.kind == doResume && r.paused:
		r.seal(now, true)
		r.line.forget()
		r.paused = false
	case c.kind == doStop:
		r.seal(now, true)
		r.end()
	}
}

// seal seals all whole steps up to a place, and with all what is left, too.
func (r *Recording) seal(to int64, all bool) {
	for to-r.line.base >= step {
		r.sealOne(step)
	}
	if rest := to - r.line.base; all && rest > 0 {
		r.sealOne(int(rest))
	}
}

func (r *Recording) sealOne(samples int) {
	if len(r.file.backlog) > maxBacklog {
		if !r.gap {
			r.log.Error("recording has a gap: the spool takes no more", "at", r.line.base/recording.Rate, "error", r.file.failed)
		}
		r.gap = true
		r.line.skip(r.line.base + int64(samples))
		return
	}
	s := r.line.take(samples)
	if r.paused {
		s.Flags |= recording.Paused
	}
	if r.gap {
		s.Flags |= recording.Gap
		r.gap = false
		r.log.Warn("recording goes on after a gap", "at", s.Start/recording.Rate)
	}
	r.append(s, false)
	for _, c := range s.Channels {
		clear(c.Data)
	}
}

func (r *Recording) append(s recording.Segment, final bool) {
	sealed, err := r.sealer.Seal(r.file.backlog, s, final)
	if err != nil { // a bug: say so and keep what is sealed
		r.log.Error("recording: segment not sealed", "error", err)
		r.gap = true
		return
	}
	r.file.backlog = sealed
	r.flags |= s.Flags
}

// end seals the final frame.
func (r *Recording) end() {
	s := recording.Segment{Start: r.line.base, Channels: make([]recording.Channel, r.side.Channels)}
	if r.gap {
		s.Flags |= recording.Gap
	}
	r.append(s, true)
	r.stopped = true
}

// keep brings the sidecar and what is sealed to disk, as far as it can.
func (r *Recording) keep() {
	if !r.keyed {
		r.side.Wrapped, r.side.DataKey, r.keyed = r.owner.ring.wrap(r.key, r.side.subject(), &r.owner.options)
		if r.keyed {
			r.key = recording.Key{}
		}
	}
	if r.keyed && !r.kept {
		if err := writeSidecar(r.stem, r.side); err != nil {
			r.file.fail(r.log, err)
		} else {
			r.kept = true
		}
	}
	r.file.flush(r.log)
}
