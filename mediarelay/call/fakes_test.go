package call

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/fault"
)

// stage is a world without network for one call, on virtual time: legs, audio,
// prompts, recorders, a dialer and a journal that write down what is done to
// them.
type stage struct {
	mu      sync.Mutex
	start   time.Time
	lines   []string
	legs    map[string]*fakeLeg
	order   []*fakeLeg // A first
	names   map[time.Duration]string
	refuse  map[string]error // Dial errors by URI
	quick   map[string]bool  // URIs that answer before Dial returns
	journal map[string]Entry
	saves   int
	dead    bool // journal writes fail
	open    int  // recordings that run
	mates   map[string]string
	hears   map[string][]string
	silent  func()
}

func newStage() *stage {
	return &stage{
		start: time.Now(), legs: map[string]*fakeLeg{}, names: map[time.Duration]string{},
		refuse: map[string]error{}, quick: map[string]bool{}, journal: map[string]Entry{}, mates: map[string]string{}, hears: map[string][]string{},
	}
}

func (st *stage) say(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	at := time.Since(st.start).Truncate(time.Millisecond)
	st.lines = append(st.lines, fmt.Sprintf("%7.3f ", at.Seconds())+fmt.Sprintf(format, args...))
}

func (st *stage) leg(name string) *fakeLeg {
	st.mu.Lock()
	defer st.mu.Unlock()
	n := int(name[0] - 'A')
	if n >= len(st.order) {
		return nil
	}
	return st.order[n]
}

// fakeLeg is a party that does what a story says.
type fakeLeg struct {
	st      *stage
	name    string
	id      string
	notify  Notify
	ready   chan struct{} // closed when notify is set
	inbound bool
	mute    atomic.Bool // hang-ups are never confirmed

	mu     sync.Mutex
	up     bool
	over   bool
	timer  *time.Timer
	sender *time.Timer
}

func (st *stage) newLeg(id string, inbound bool, tell Notify) *fakeLeg {
	st.mu.Lock()
	defer st.mu.Unlock()
	l := &fakeLeg{st: st, id: id, name: string(rune('A' + len(st.order))), inbound: inbound, ready: make(chan struct{})}
	if tell != nil {
		l.use(tell)
	}
	st.order = append(st.order, l)
	st.legs[id] = l
	return l
}

// use sets whom the leg tells; what it has to tell waits for it.
func (l *fakeLeg) use(n Notify) {
	l.notify = n
	close(l.ready)
}

func (l *fakeLeg) tell(e LegEvent) {
	<-l.ready
	l.notify(e)
}

func (l *fakeLeg) ID() string                 { return l.id }
func (l *fakeLeg) Headers() map[string]string { return map[string]string{"X-Test": "1"} }
func (l *fakeLeg) Port() *media.Port          { return nil }
func (l *fakeLeg) Ring() error                { l.st.say("%s 180", l.name); return nil }

func (l *fakeLeg) Answer() error {
	l.st.say("%s 200", l.name)
	l.mu.Lock()
	l.up = true
	l.mu.Unlock()
	return nil
}

func (l *fakeLeg) Reject(code int, reason string) error {
	l.st.say("%s %d %s", l.name, code, reason)
	l.end(LegEvent{Kind: Ended, Code: code})
	return nil
}

func (l *fakeLeg) Hangup(reason string) error {
	l.st.say("%s hung up: %s", l.name, reason)
	if l.mute.Load() {
		return nil
	}
	l.mu.Lock()
	failed := !l.inbound && !l.up
	l.mu.Unlock()
	if failed {
		l.end(LegEvent{Kind: Failed, Code: 487})
	} else {
		l.end(LegEvent{Kind: Ended})
	}
	return nil
}

// end ends the leg once, as its peer or as the call asked for.
func (l *fakeLeg) end(e LegEvent) {
	l.mu.Lock()
	was := l.over
	l.over = true
	for _, t := range []*time.Timer{l.timer, l.sender} {
		if t != nil {
			t.Stop()
		}
	}
	l.mu.Unlock()
	if !was {
		e.LegID = l.id
		l.tell(e)
	}
}

func (l *fakeLeg) answered() {
	l.mu.Lock()
	l.up = true
	l.mu.Unlock()
	l.tell(LegEvent{LegID: l.id, Kind: Answered})
}

func (l *fakeLeg) hear(e media.Event) {
	e.At = time.Now()
	l.tell(LegEvent{LegID: l.id, Kind: Heard, Media: e})
}

// The leg's own audio: playlists end in virtual time.

func (l *fakeLeg) Play(p media.Playlist) {
	var whole time.Duration
	var what []string
	l.st.mu.Lock()
	for _, c := range p.Clips {
		whole += c.Duration()
		name := l.st.names[c.Duration()]
		if name == "" {
			name = "tone " + c.Duration().String()
		}
		what = append(what, name)
	}
	l.st.mu.Unlock()
	text := strings.Join(what, "+")
	if len(what) > 4 {
		text = fmt.Sprintf("%s x%d", what[0], len(what))
	}
	if p.Loop {
		text = "loop " + text
	}
	l.st.say("%s hears %s", l.name, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	if !p.Loop && !l.over {
		l.timer = time.AfterFunc(whole, func() { l.hear(media.Event{Kind: media.PlayDone, ID: p.ID}) })
	}
}

func (l *fakeLeg) Stop() {
	l.st.say("%s hears silence", l.name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *fakeLeg) Tap(t *media.Tap, channel int) {
	if t == nil {
		l.st.say("%s tap off", l.name)
		return
	}
	l.st.say("%s tap channel %d", l.name, channel)
}

func (l *fakeLeg) TapHeard(t *media.Tap, channel int) {
	if t == nil {
		l.st.say("%s tap of what it hears off", l.name)
		return
	}
	l.st.say("%s tap of what it hears channel %d", l.name, channel)
}

func (l *fakeLeg) SendDigits(id uint64, digits string, tone time.Duration) {
	l.st.say("%s is sent digits %s (%v)", l.name, digits, tone)
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasPrefix(digits, "DDD") { // a port without audio
		return
	}
	l.sender = time.AfterFunc(time.Duration(len(digits))*tone, func() { l.hear(media.Event{Kind: media.DigitsSent, ID: id}) })
}

// fakeMixer is the Mixer of fake legs. It keeps whom each leg hears, as the
// media engine would.
type fakeMixer struct{ st *stage }

func (m fakeMixer) set(a *fakeLeg, others ...string) {
	m.st.mu.Lock()
	defer m.st.mu.Unlock()
	for name, mate := range m.st.mates {
		if mate == a.name || name == a.name {
			delete(m.st.mates, name)
			delete(m.st.hears, name)
		}
	}
	if m.st.hears[a.name] = others; len(others) == 0 {
		delete(m.st.hears, a.name)
	}
}

func (m fakeMixer) Audio(l Leg) Audio { return l.(*fakeLeg) }

func (m fakeMixer) Bridge(a, b Leg) {
	one, _ := a.(*fakeLeg)
	m.set(one)
	if other, ok := b.(*fakeLeg); ok {
		m.set(other)
		m.st.mu.Lock()
		m.st.mates[one.name], m.st.mates[other.name] = other.name, one.name
		m.st.hears[one.name], m.st.hears[other.name] = []string{other.name}, []string{one.name}
		m.st.mu.Unlock()
	}
	if b == nil {
		m.st.say("%s joined with nobody", a.(*fakeLeg).name)
		return
	}
	m.st.say("%s joined with %s", a.(*fakeLeg).name, b.(*fakeLeg).name)
}

func (m fakeMixer) Hear(a Leg, others []Leg) error {
	var names []string
	for _, l := range others {
		names = append(names, l.(*fakeLeg).name)
	}
	m.set(a.(*fakeLeg), names...)
	if len(names) == 0 {
		names = []string{"nobody"}
	}
	m.st.say("%s hears the mix of %s", a.(*fakeLeg).name, strings.Join(names, "+"))
	return nil
}

// Clip makes silence of the length that a text ends with: "menu:2s". A text
// without one is unknown, "slow:…" takes a second to be found, others a
// millisecond, so that a trace has one order.
func (st *stage) Clip(ctx context.Context, p Prompt) (media.Clip, error) {
	name := p.Message.Text + p.Message.PromptID
	if p.Message.AudioSource != nil {
		name = p.Message.AudioSource.Key
	}
	wait := time.Millisecond
	if strings.HasPrefix(name, "slow") {
		wait = time.Second
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return media.Clip{}, ctx.Err()
	}
	_, length, _ := strings.Cut(name, ":")
	d, err := time.ParseDuration(length)
	if err != nil {
		return media.Clip{}, fault.New(fault.NotFound, "no prompt %q", name)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	for other, n := range st.names {
		if n == name {
			d = other
		}
	}
	for st.names[d] != "" && st.names[d] != name {
		d += time.Second / toneRate
	}
	st.names[d] = name
	return media.NewClip(make([]int16, samples(d))), nil
}

// Dial makes a leg that waits for the story, or refuses.
func (st *stage) Dial(_ context.Context, to Target, tell Notify) (Leg, error) {
	err, quick := st.refuse[to.URI], st.quick[to.URI]
	l := st.newLeg(to.LegID, false, tell)
	auto := ""
	if to.AutoAnswer {
		auto = " auto-answer"
	}
	st.say("%s is called: %s %s%s%s as %s%s", l.name, to.Kind, to.URI, prefixed(" by ", to.TrunkID), prefixed(" headers ", headerText(to.Headers)), to.CallerID, auto)
	if err != nil {
		l.over = true
		return nil, err
	}
	if quick {
		l.answered()
	}
	return l, nil
}

func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func headerText(h map[string]string) string {
	var list []string
	for k := range maps.Keys(h) {
		list = append(list, k+"="+h[k])
	}
	return strings.Join(list, ",")
}

// fakeRecording is a Recording that only tells.
type fakeRecording struct {
	st   *stage
	name string
	tap  *media.Tap
}

// Start begins a recording.
func (st *stage) Start(spec RecordingSpec) (Recording, error) {
	r := &fakeRecording{st: st, name: "recording#" + strconv.Itoa(spec.Segment), tap: media.NewTap(2)}
	st.say("%s begins, %d channels", r.name, spec.Channels)
	st.mu.Lock()
	st.open++
	st.silent = spec.Silent
	st.mu.Unlock()
	return r, nil
}

func (r *fakeRecording) Tap() *media.Tap { return r.tap }
func (r *fakeRecording) Object() string  { return r.name }
func (r *fakeRecording) Pause()          { r.st.say("%s pauses", r.name) }
func (r *fakeRecording) Resume()         { r.st.say("%s goes on", r.name) }
func (r *fakeRecording) Stop() {
	r.st.say("%s ends", r.name)
	r.st.mu.Lock()
	r.st.open--
	r.st.mu.Unlock()
}

// Save and Remove keep the journal in memory.
func (st *stage) Save(e Entry) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.dead {
		return fault.New(fault.Unavailable, "disk full")
	}
	st.saves++
	st.journal[e.TransactionID] = e
	return nil
}

// Remove forgets a call.
func (st *stage) Remove(id string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.journal, id)
	return nil
}
