package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"huawu/shared/fault"
)

// table is a worker on virtual time and the parties around it, each with a tone
// of its own. Their packets go by links, so nothing depends on the machine.
type table struct {
	t      *testing.T
	w      *worker
	now    int64
	chance *rand.Rand
	guests []*guest
}

// guest is one party of a table.
type guest struct {
	*Port
	law       Law
	hertz     float64
	amplitude float64
	silent    bool
	loss      float64       // share of its packets that never come
	jitter    time.Duration // by which packets come later, at most
	clock     float64       // of its clock to ours; 1

	ssrc  uint32
	seq   uint16
	said  int     // samples
	next  float64 // when the next packet is sent, in ns
	onWay []onWay
	heard []int16
	in    []heard
}

type onWay struct {
	at int64
	b  []byte
}

// toneOf are tones of which none is a multiple of another; 100 ms hold a whole
// number of periods of each.
func toneOf(i int) float64 { return []float64{440, 530, 610, 730, 830, 970}[i] }

func newTable(t *testing.T, n int) *table {
	w, _, _ := bench(t, false)
	tb := &table{t: t, w: w, now: w.now, chance: rand.New(rand.NewPCG(3, 4))}
	for i := range n {
		law := PCMU
		if i%2 == 1 {
			law = PCMA
		}
		tb.add(law, toneOf(i))
	}
	return tb
}

func (tb *table) add(law Law, hertz float64) *guest {
	ports := make(chan *Port)
	go func() {
		p, err := tb.w.openLink(PortOptions{Link: NewLink(make(chan struct{}, 1))})
		if err != nil {
			tb.t.Error(err)
		}
		ports <- p
	}()
	g := &guest{law: law, hertz: hertz, amplitude: 5000, clock: 1, ssrc: random(), seq: uint16(random()), said: tb.chance.IntN(1 << 20)}
	for g.Port == nil {
		tb.w.commands()
		select {
		case g.Port = <-ports:
		case <-time.After(time.Millisecond):
		}
	}
	g.next = float64(tb.now) + tb.chance.Float64()*20*float64(time.Millisecond)
	g.SetRemote(Remote{Law: law, EventType: 101, Send: true, Receive: true})
	tb.guests = append(tb.guests, g)
	return g
}

// hear sets whom each of the first guests hears: "12" are guests 1 and 2.
func (tb *table) hear(matrix ...string) {
	for i, row := range matrix {
		var sources []*Port
		for _, c := range row {
			sources = append(sources, tb.guests[c-'0'].Port)
		}
		if err := tb.guests[i].Hear(sources...); err != nil {
			tb.t.Fatal(err)
		}
	}
}

// all lets everyone hear everyone else.
func (tb *table) all() {
	for _, g := range tb.guests {
		var sources []*Port
		for _, other := range tb.guests {
			sources = append(sources, other.Port)
		}
		if err := g.Hear(sources...); err != nil {
			tb.t.Fatal(err)
		}
	}
}

// run lets virtual time pass.
func (tb *table) run(d time.Duration) {
	for end := tb.now + int64(d); tb.now < end; {
		tb.now += tick
		for _, g := range tb.guests {
			tb.say(g)
		}
		tb.w.step(tb.now)
		for _, g := range tb.guests {
			g.link.Take(func(b []byte) {
				h := heard{at: time.Unix(0, tb.now)}
				if !isRTCP(b) && h.parse(slices.Clone(b)) {
					g.in = append(g.in, h)
					if h.pt == uint8(g.law) {
						g.heard = append(g.heard, decode(h.payload(), g.law)...)
					}
				}
			})
		}
	}
}

// say sends what a guest's phone sends by now.
func (tb *table) say(g *guest) {
	for g.next <= float64(tb.now) {
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = int16(g.amplitude * math.Sin(2*math.Pi*g.hertz*float64(g.said+i)/8000))
		}
		b := rtp(uint8(g.law), false, g.seq, uint32(g.said), g.ssrc, code(pcm, g.law))
		g.seq++
		g.said += 160
		g.next += 20 * float64(time.Millisecond) * g.clock
		if g.silent || tb.chance.Float64() < g.loss {
			continue
		}
		at := tb.now
		if g.jitter > 0 {
			at += tb.chance.Int64N(int64(g.jitter))
		}
		g.onWay = append(g.onWay, onWay{at, b})
	}
	g.onWay = slices.DeleteFunc(g.onWay, func(o onWay) bool {
		if o.at <= tb.now {
			g.link.Put(o.b)
		}
		return o.at <= tb.now
	})
}

// hears checks which guests' tones are in the last 400 ms that a guest heard,
// and that there is nothing else.
func (tb *table) hears(who int, want string) {
	tb.t.Helper()
	g := tb.guests[who]
	if len(g.heard) < 3200 {
		tb.t.Fatalf("guest %d has heard %d samples", who, len(g.heard))
	}
	pcm := g.heard[len(g.heard)-3200:]
	got := ""
	for i, other := range tb.guests {
		if s := strength(pcm, other.hertz); s > 0.5*other.amplitude {
			got += fmt.Sprint(i)
		} else if s > 0.05*other.amplitude {
			got += fmt.Sprintf("(%d faintly)", i)
		}
	}
	if got != want {
		tb.t.Errorf("guest %d hears %q, want %q", who, got, want)
	}
}

// noise is the share of power in samples that is none of the tones.
func noise(pcm []int16, tones ...float64) float64 {
	var whole, tonal float64
	for _, s := range pcm {
		whole += float64(s) * float64(s)
	}
	for _, h := range tones {
		a := strength(pcm, h)
		tonal += a * a / 2 * float64(len(pcm))
	}
	return 1 - tonal/whole
}

// hole is the longest time in which samples were near silence.
func hole(pcm []int16) time.Duration {
	longest, run := 0, 0
	for _, s := range pcm {
		if run++; s > 300 || s < -300 {
			run = 0
		}
		longest = max(longest, run)
	}
	return sampleTime(longest)
}

func TestEachHearsAllOthersAndNotItself(t *testing.T) {
	for _, n := range []int{3, 4, 6} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			tb := newTable(t, n)
			tb.all()
			tb.run(time.Second)
			everyone := "012345"[:n]
			for i := range tb.guests {
				want := everyone[:i] + everyone[i+1:]
				tb.hears(i, want)
				var others []float64
				for j, g := range tb.guests {
					if j != i {
						others = append(others, g.hertz)
					}
				}
				g := tb.guests[i]
				if x := noise(g.heard[len(g.heard)-3200:], others...); x > 0.003 {
					t.Errorf("guest %d: %.4f of the power is none of the others' tones", i, x)
				}
				unbroken(t, g.in)
			}
		})
	}
}

func TestMatrix(t *testing.T) {
	for _, tt := range []struct {
		name   string
		matrix []string // whom each hears: customer, agent, third
		want   []string
	}{
		{"two talk, third listens: hears both, nobody hears it", []string{"1", "0", "01"}, []string{"1", "0", "01"}},
		{"third whispers to the agent: only the agent hears it", []string{"1", "02", "01"}, []string{"1", "02", "01"}},
		{"third barges in: all hear each other", []string{"12", "02", "01"}, []string{"12", "02", "01"}},
		{"customer on hold: neither hears nor is heard", []string{"", "2", "1"}, []string{"", "2", "1"}},
		{"who is named as its own source is left out", []string{"01", "01", ""}, []string{"1", "0", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tb := newTable(t, 3)
			tb.hear(tt.matrix...)
			tb.run(time.Second)
			for i, want := range tt.want {
				tb.hears(i, want)
			}
		})
	}
}

// A party on hold hears its music and is heard by none; who talks hears a
// prompt alone while it plays, and is heard meanwhile.
func TestMusicAndPromptsInAMix(t *testing.T) {
	tb := newTable(t, 4)
	tb.hear("", "23", "13", "12")
	tb.guests[0].Play(Playlist{Clips: []Clip{NewClip(tone(350, 8000, 5000))}, Loop: true})
	tb.run(time.Second)
	tb.hears(0, "")
	if s := strength(tb.guests[0].heard[len(tb.guests[0].heard)-3200:], 350); s < 4000 {
		t.Errorf("music at %.0f", s)
	}
	tb.hears(1, "23")
	tb.guests[1].Play(Playlist{Clips: []Clip{NewClip(tone(350, 8000, 5000))}})
	tb.run(600 * time.Millisecond)
	tb.hears(1, "")
	tb.hears(2, "13")
	tb.run(time.Second)
	tb.hears(1, "23")
	unbroken(t, tb.guests[1].in)
}

// Three who shout are turned down, not cut off.
func TestLoudVoicesAreNotClipped(t *testing.T) {
	tb := newTable(t, 4)
	for _, g := range tb.guests[:3] {
		g.amplitude = 20000
	}
	tb.guests[3].silent = true
	tb.all()
	tb.run(2 * time.Second)
	pcm := tb.guests[3].heard[len(tb.guests[3].heard)-8000:]
	if x := noise(pcm, 440, 530, 610); x > 0.01 {
		t.Errorf("%.4f of the power is distortion", x)
	}
	for i, a := range []float64{strength(pcm, 440), strength(pcm, 530), strength(pcm, 610)} {
		if a < 9000 {
			t.Errorf("voice %d is heard at %.0f only", i, a)
		}
	}
	// What is left alone is as loud as before in a second or two.
	tb.guests[0].silent, tb.guests[1].silent = true, true
	tb.run(3 * time.Second)
	if s := strength(tb.guests[3].heard[len(tb.guests[3].heard)-3200:], 610); s < 19000 {
		t.Errorf("the one who goes on is heard at %.0f, says 20000", s)
	}
}

// A third party joins two, one whispers, one leaves: who is heard throughout is
// heard without a hole of more than a frame.
func TestChangesDuringATalk(t *testing.T) {
	tb := newTable(t, 3)
	a, b, c := tb.guests[0], tb.guests[1], tb.guests[2]
	a.Bridge(b.Port)
	tb.run(time.Second)
	for i, change := range []func(){
		func() { tb.hear("1", "0", "01") },   // bridge to mix: listening
		func() { tb.hear("1", "02", "01") },  // whisper
		func() { tb.hear("12", "02", "01") }, // barge
		func() { tb.hear("1", "0", "") },     // it leaves …
		func() { a.Bridge(b.Port) },          // … and the two are bridged again
		func() { tb.hear("12", "02", "01") }, // back to the mix
		func() { c.Close() },                 // the third hangs up
	} {
		for _, g := range tb.guests {
			g.heard = nil
		}
		tb.run(300 * time.Millisecond)
		change()
		tb.run(700 * time.Millisecond)
		tb.hears(0, []string{"1", "1", "12", "1", "1", "12", "1"}[i])
		tb.hears(1, []string{"0", "02", "02", "0", "0", "02", "0"}[i])
		for j, g := range tb.guests[:2] {
			if h := hole(g.heard); h > 20*time.Millisecond {
				t.Errorf("change %d: guest %d hears nothing for %v", i, j, h)
			}
		}
	}
	unbroken(t, a.in)
	unbroken(t, b.in)
	if a.mix.sources[1].voice != nil {
		t.Error("who has left is still kept")
	}
}

// A fifth of the packets is lost and the others come up to 40 ms late: every
// tone is still heard, at its time, and what is sent is one unbroken stream.
func TestLossAndJitter(t *testing.T) {
	tb := newTable(t, 4)
	for _, g := range tb.guests {
		g.loss, g.jitter = 0.2, 40*time.Millisecond
	}
	tb.all()
	tb.run(8 * time.Second)
	for i, g := range tb.guests {
		everyone := "0123"
		tb.hears(i, everyone[:i]+everyone[i+1:])
		unbroken(t, g.in)
		if h := hole(g.heard[8000:]); h > 20*time.Millisecond {
			t.Errorf("guest %d hears nothing for %v", i, h)
		}
		if d := g.voice.place - sampleAt(tb.now); d > maxDelay {
			t.Errorf("guest %d is heard %d samples late", i, d)
		}
	}
}

// Who stops sending fades out and leaves comfort noise; who begins again is
// heard at once.
func TestASourceFallsSilent(t *testing.T) {
	tb := newTable(t, 3)
	tb.hear("12", "0", "")
	tb.run(time.Second)
	tb.guests[1].silent = true
	tb.run(time.Second)
	tb.hears(0, "2")
	tb.guests[2].silent = true
	tb.run(time.Second)
	for _, s := range tb.guests[0].heard[len(tb.guests[0].heard)-3200:] {
		if s > 200 || s < -200 {
			t.Fatalf("sample %d where nobody speaks", s)
		}
	}
	tb.guests[1].silent = false
	tb.run(500 * time.Millisecond)
	tb.hears(0, "1")
	unbroken(t, tb.guests[0].in)
}

// Phones' clocks differ by some hundred parts in a million. The delay of a voice
// stays where it is.
func TestClocksThatDiffer(t *testing.T) {
	tb := newTable(t, 3)
	tb.guests[1].clock, tb.guests[2].clock = 1.0005, 0.9995
	tb.all()
	tb.run(90 * time.Second)
	tb.hears(0, "12")
	for _, g := range tb.guests {
		if slack := g.voice.end - sampleAt(tb.now); slack < 0 || slack > 160+minDelay+400 {
			t.Errorf("voice ends %d samples from now", slack)
		}
		if h := hole(g.heard); h > 60*time.Millisecond {
			t.Errorf("nothing is heard for %v", h)
		}
	}
}

// What a customer hears of all others is copied in one channel, also while a
// prompt plays; what it says itself in the other.
func TestTapOfAMix(t *testing.T) {
	tb := newTable(t, 3)
	tap := NewTap(2)
	tb.guests[0].Tap(tap, 0)
	tb.guests[0].TapHeard(tap, 1)
	tb.all()
	tb.run(time.Second)
	tb.guests[0].Play(Playlist{Clips: []Clip{NewClip(tone(350, 80000, 5000))}})
	tb.run(time.Second)
	var channels [2][]int16
	var f Frame
	for tap.Read(&f) {
		channels[f.Channel] = append(channels[f.Channel], decode(f.Payload, f.Law)...)
	}
	for c, want := range []string{"0", "12"} {
		tb.guests[0].heard = channels[c]
		tb.hears(0, want)
	}
	if tap.Dropped() != 0 || len(channels[1]) < 15000 {
		t.Errorf("%d dropped, %d samples", tap.Dropped(), len(channels[1]))
	}
	tb.guests[0].TapHeard(nil, 1)
	tb.run(100 * time.Millisecond)
	for tap.Read(&f) {
		if f.Channel == 1 {
			t.Fatal("copied although the tap is off")
		}
	}
}

// Digits of a party in a mix reach its owner and nobody else.
func TestDigitsInAMix(t *testing.T) {
	tb := newTable(t, 3)
	var log eventLog
	tb.guests[0].options.Events = log.add
	tb.all()
	tb.run(200 * time.Millisecond)
	g := tb.guests[0]
	g.link.Put(rtp(101, true, g.seq, uint32(g.said), g.ssrc, event(5, true, 800)))
	g.seq++
	tb.guests[1].SendDigits(1, "7", 0)
	tb.run(time.Second)
	if log.digits() != "5" {
		t.Errorf("digits %q", log.digits())
	}
	for i, want := range []int{0, 1, 0} {
		n := 0
		for _, h := range tb.guests[i].in {
			if h.pt == 101 && h.marker {
				n++
			}
		}
		if n != want {
			t.Errorf("guest %d got %d digits, want %d", i, n, want)
		}
	}
	tb.hears(1, "02")
}

func TestWhatIsNotMixed(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Workers: 2})
	ports := []*Port{open(t, e, PortOptions{CallID: "one"})}
	for i := 0; len(ports) < 2; i++ {
		if p := open(t, e, PortOptions{CallID: fmt.Sprint(i)}); p.w != ports[0].w {
			ports = append(ports, p)
		}
	}
	if err := ports[0].Hear(ports[1]); fault.KindOf(err) != fault.Invalid {
		t.Errorf("ports of two workers: %v", err)
	}
	many := make([]*Port, 0, MaxSources+1)
	for range MaxSources + 1 {
		many = append(many, open(t, e, PortOptions{CallID: "one"}))
	}
	if err := ports[0].Hear(many...); fault.KindOf(err) != fault.Invalid {
		t.Errorf("too many: %v", err)
	}
	if err := ports[0].Hear(many[1:]...); err != nil {
		t.Error(err)
	}
}

// Neither a packet that is taken into a mix nor a frame that is mixed allocates.
func TestMixingAllocatesNothing(t *testing.T) {
	w, ports, say := conference(t, 6)
	now := w.now
	step := func() {
		now += 20 * ms
		w.now = now
		say()
		for _, p := range ports {
			w.due[p.slot] = now
			p.frame()
			p.link.Take(func([]byte) {})
		}
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(500, step); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
	if w.count.Mixed < 3000 {
		t.Errorf("%d frames mixed", w.count.Mixed)
	}
}

// Parties may want frames of any length; each hears the others without a hole.
func TestFramesOfAnyLengthInAMix(t *testing.T) {
	tb := newTable(t, 4)
	for i, ptime := range []time.Duration{10, 20, 30, 60} {
		g := tb.guests[i]
		g.SetRemote(Remote{Law: g.law, EventType: 101, Send: true, Receive: true, PTime: ptime * time.Millisecond})
	}
	tb.all()
	tb.run(2 * time.Second)
	for i, want := range []string{"123", "023", "013", "012"} {
		tb.hears(i, want)
		if h := hole(tb.guests[i].heard[4000:]); h > 5*time.Millisecond {
			t.Errorf("guest %d hears nothing for %v", i, h)
		}
		unbroken(t, tb.guests[i].in)
	}
}

// Whatever a peer sends and whenever, a voice takes it and no listener fails.
func TestAVoiceOfAnyPackets(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	sum := make([]int32, 480)
	for range 200 {
		v := voice{}
		now, ts, ssrc := sampleAt(chance.Int64N(1e12)), chance.Uint32(), uint32(1)
		for range 500 {
			now += chance.Int64N(200)
			switch chance.IntN(12) {
			case 0:
				ts = chance.Uint32()
			case 1:
				ts += uint32(chance.IntN(8000))
			case 2:
				ts -= uint32(chance.IntN(8000))
			case 3:
				ssrc = uint32(chance.IntN(2))
			case 4:
				now += chance.Int64N(20000)
			}
			n := chance.IntN(maxPayload + 1)
			k := packet{b: make([]byte, headLen+n), kind: muAudio + kind(chance.IntN(2)), ts: ts, ssrc: ssrc}
			v.put(&k, now, chance.Int64N(3000))
			ts += uint32(n)
			if v.end > now+voiceLen || v.real > v.end {
				t.Fatalf("it ends %d samples from now, %d received", v.end-now, v.real-now)
			}
			clear(sum)
			v.add(sum[:1+chance.IntN(len(sum))], now-chance.Int64N(2*voiceLen))
		}
	}
}
