package media

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"huawu/mediarelay/media/g711"
)

func TestWhatIsRTP(t *testing.T) {
	head := rtp(8, true, 7, 9, 11, []byte{1, 2, 3})
	with := func(at int, v byte) []byte {
		b := append([]byte(nil), head...)
		b[at] = v
		return b
	}
	ext := rtp(0, false, 1, 1, 1, []byte{0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 42})
	ext[0] |= 0x10
	for _, tt := range []struct {
		name string
		b    []byte
		want int // length of the payload; -1: no RTP
	}{
		{"plain", head, 3},
		{"empty payload", head[:12], 0},
		{"short", head[:11], -1},
		{"nothing", nil, -1},
		{"version 1", with(0, 0x40), -1},
		{"STUN", append([]byte{0, 1, 0, 8}, make([]byte, 20)...), -1},
		{"more sources than bytes", with(0, 0x8F), -1},
		{"padding of 3 bytes", with(0, 0xA0), 0},
		{"padding of no bytes", func() []byte { b := with(0, 0xA0); b[14] = 0; return b }(), -1},
		{"padding longer than all", func() []byte { b := with(0, 0xA0); b[14] = 200; return b }(), -1},
		{"extension", ext, 1},
		{"extension cut short", with(0, 0x90), -1},
		{"a second of audio in one packet", rtp(0, false, 1, 1, 1, make([]byte, 1000)), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k packet
			got := -1
			if k.parse(tt.b) {
				got = len(k.payload())
			}
			if got != tt.want {
				t.Errorf("payload %d, want %d", got, tt.want)
			}
		})
	}
	var k packet
	k.parse(head)
	if k.pt != 8 || !k.marker || k.seq != 7 || k.ts != 9 || k.ssrc != 11 || k.payload()[0] != 1 {
		t.Errorf("%+v", k)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rtp(0, true, 1, 2, 3, make([]byte, 160)))
	f.Add([]byte{0xB0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		var k packet
		if k.parse(b) && (len(k.payload()) > maxPayload || len(k.payload()) > len(b)-headLen) {
			t.Fatal("payload is longer than the packet")
		}
	})
}

// Whatever a party sends, the engine lives, and what it sends on is RTP.
func FuzzParty(f *testing.F) {
	_, a, b := bench(f, true)
	from := netip.MustParseAddrPort("127.0.0.1:9")
	for i, p := range []*Port{a, b} {
		p.setRemote(Remote{Addr: from, Law: Law(8 * i), EventType: 101, Send: true, Receive: true})
		p.source.from = from
		p.tones = newToneReader()
	}
	a.join(b)
	a.tap = NewTap(1).ring(0)
	f.Add(rtp(0, true, 1, 2, 3, make([]byte, 160)), rtp(101, false, 2, 2, 3, event(5, true, 800)))
	f.Add(rtp(13, true, 1, 2, 3, []byte{70}), rtp(8, false, 9000, 2e9, 3, make([]byte, 960)))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		for _, raw := range [][]byte{one, two, one, two} {
			a.onRTP(append([]byte(nil), raw...), from)
			b.frame()
			discard(b.rtp.c)
		}
		if r := a.tap; r.tail.Load()-r.head.Load() > tapBytes {
			t.Fatal("the tap holds more than its room")
		}
	})
}

func TestLossDuplicatesAndStreams(t *testing.T) {
	type in struct {
		seq  uint16
		ssrc uint32
		want verdict
	}
	for _, tt := range []struct {
		name string
		in   []in
		lost uint64
	}{
		{"in order over the wrap", []in{{65534, 1, restarted}, {65535, 1, taken}, {0, 1, taken}, {1, 1, taken}}, 0},
		{"two lost", []in{{10, 1, restarted}, {13, 1, taken}}, 2},
		{"reordered, then doubled", []in{{10, 1, restarted}, {12, 1, taken}, {11, 1, taken}, {11, 1, duplicate}, {12, 1, duplicate}}, 0},
		{"one before the first", []in{{10, 1, restarted}, {9, 1, taken}, {11, 1, taken}}, 0},
		{"a foreign packet", []in{{10, 1, restarted}, {500, 2, foreign}, {11, 1, taken}, {501, 2, foreign}, {12, 1, taken}}, 0},
		{"a new stream", []in{{10, 1, restarted}, {12, 1, taken}, {500, 2, foreign}, {501, 2, restarted}, {502, 2, taken}}, 1},
		{"a wild packet", []in{{10, 1, restarted}, {40000, 1, foreign}, {11, 1, taken}}, 0},
		{"a jump", []in{{10, 1, restarted}, {40000, 1, foreign}, {40001, 1, restarted}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s ingress
			for i, p := range tt.in {
				if got := s.accept(&packet{seq: p.seq, ssrc: p.ssrc}); got != p.want {
					t.Errorf("packet %d: verdict %d, want %d", i, got, p.want)
				}
			}
			if s.missing() != tt.lost {
				t.Errorf("lost %d, want %d", s.missing(), tt.lost)
			}
		})
	}
}

// Jitter is the mean of the difference of transit times (RFC 3550 §6.4.1).
func TestJitter(t *testing.T) {
	var s ingress
	now := int64(0)
	for i := range 2000 {
		now = int64(i)*20*ms + int64(i%2)*10*ms // every second packet 10 ms late
		s.time(&packet{ts: uint32(i * 160)}, now)
	}
	if got := float64(s.jitter>>4) / 8; math.Abs(got-10) > 0.5 {
		t.Errorf("jitter %.1f ms, want 10", got)
	}
}

// place and fill drive an egress as forward and frame do.
type track struct {
	t *testing.T
	e egress
}

func (c *track) forward(seq uint16, ts uint32) (uint16, uint32, bool) {
	q, ts, ok := c.e.place(&packet{kind: muAudio, seq: seq, ts: ts, ssrc: 9})
	if ok {
		if int16(q-c.e.seq) > 0 {
			c.e.seq = q
		}
		if int32(ts+160-c.e.next) > 0 {
			c.e.next = ts + 160
		}
	}
	return q, ts, ok
}

func (c *track) fill(n int) {
	for range n {
		c.e.seq++
		c.e.next += 160
		c.e.filled = true
	}
}

func TestPlaceInTheStream(t *testing.T) {
	start := func(t *testing.T) *track {
		c := &track{t: t}
		c.e.begin()
		c.e.seq, c.e.next = 100, 16000
		c.forward(5000, 777) // anchors: 101, 16000
		c.forward(5001, 777+160)
		return c
	}
	check := func(c *track, seq uint16, ts uint32, wantSeq uint16, wantTS uint32, wantOK bool) {
		c.t.Helper()
		q, s, ok := c.forward(seq, ts)
		if ok != wantOK || ok && (q != wantSeq || s != wantTS) {
			c.t.Errorf("packet %d at %d: placed %d, %d, %v; want %d, %d, %v", seq, ts, q, s, ok, wantSeq, wantTS, wantOK)
		}
	}
	t.Run("the first follows what was sent", func(t *testing.T) {
		c := start(t)
		if c.e.seq != 102 || c.e.next != 16320 {
			t.Errorf("at %d, %d", c.e.seq, c.e.next)
		}
	})
	t.Run("a loss stays a loss, and reordering stays", func(t *testing.T) {
		c := start(t)
		check(c, 5003, 777+480, 104, 16480, true)
		check(c, 5002, 777+320, 103, 16320, true)
	})
	t.Run("a packet from before the bridge is left out", func(t *testing.T) {
		c := start(t)
		check(c, 4999, 777-160, 0, 0, false)
	})
	t.Run("after two filled frames, late packets are left out and the rest is in time", func(t *testing.T) {
		c := start(t)
		c.fill(2)
		check(c, 5002, 777+320, 0, 0, false)
		check(c, 5003, 777+480, 0, 0, false)
		check(c, 5004, 777+640, 105, 16000+640, true)
	})
	t.Run("a delay that grew for good moves the stream", func(t *testing.T) {
		c := start(t)
		c.fill(10)
		for i := range uint16(maxBehind) {
			check(c, 5002+i, 777+320+160*uint32(i), 0, 0, false)
		}
		check(c, 5005, 777+800, 113, 16320+1600, true)
	})
	t.Run("speech after silence keeps its time", func(t *testing.T) {
		c := start(t)
		c.fill(50)
		check(c, 5002, 777+320+8000+40, 153, 16320+8000+40, true)
	})
	t.Run("a jump of the other side is none here", func(t *testing.T) {
		c := start(t)
		check(c, 20000, 4e9, 103, 16320, true)
	})
	t.Run("a swallowed packet leaves no hole", func(t *testing.T) {
		c := start(t)
		c.e.swallow(&packet{kind: comfort, seq: 5002, ts: 777 + 320, ssrc: 9})
		check(c, 5003, 777+480, 103, 16480, true)
		check(c, 5001, 777+160, 0, 0, false)
	})
	t.Run("a digit keeps its timestamp whatever is filled in between", func(t *testing.T) {
		c := start(t)
		k := packet{kind: digit, seq: 5002, ts: 777 + 320, ssrc: 9}
		q, ts, _ := c.e.place(&k)
		c.e.seq, c.e.event, c.e.eventIn, c.e.eventOut = q, true, k.ts, ts
		c.fill(3)
		k.seq++
		if q, again, ok := c.e.place(&k); !ok || again != ts || q != c.e.seq+1 {
			t.Errorf("placed %d at %d, was at %d", q, again, ts)
		}
	})
}

func TestPlaylist(t *testing.T) {
	clip := func(v int16, n int) Clip {
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = v
		}
		return NewClip(pcm)
	}
	one, two := g711.EncodeMu(1000), g711.EncodeMu(2000)
	run := func(l Playlist, frames int) (out []byte, done int) {
		pl := player{on: true, list: l}
		done = -1
		for i := range frames {
			f := make([]byte, 160)
			if pl.fill(f, PCMU) {
				return out, i
			}
			out = append(out, f...)
		}
		return out, done
	}
	count := func(b []byte, c byte) (n int) {
		for _, x := range b {
			if x == c {
				n++
			}
		}
		return n
	}
	t.Run("clips with a gap, then done", func(t *testing.T) {
		out, done := run(Playlist{Clips: []Clip{clip(1000, 200), clip(2000, 100)}, Gap: 10 * time.Millisecond}, 10)
		if done != 3 || count(out, one) != 200 || count(out, two) != 100 || out[279] != 0 || out[280] != two {
			t.Errorf("done after %d frames, %d and %d samples", done, count(out, one), count(out, two))
		}
	})
	t.Run("a loop goes on without a jump", func(t *testing.T) {
		pcm := tone(800, 1000, 8000) // 100 periods of 10 samples
		out, _ := run(Playlist{Clips: []Clip{NewClip(pcm)}, Loop: true}, 100)
		for i, c := range out {
			if c != g711.EncodeMu(pcm[i%1000]) {
				t.Fatalf("sample %d differs", i)
			}
		}
	})
	t.Run("nothing to play is done at once, looped or not", func(t *testing.T) {
		for _, loop := range []bool{false, true} {
			if _, done := run(Playlist{Loop: loop, Clips: []Clip{{}}, Gap: time.Second}, 60); done < 0 {
				t.Errorf("loop %v: never done", loop)
			}
		}
	})
	if d := clip(0, 8000).Duration(); d != time.Second {
		t.Errorf("duration %v", d)
	}
}

// The table of docs and of ITU-T G.107 with G.113's values for G.711.
func TestMOS(t *testing.T) {
	for _, tt := range []struct {
		loss      float64
		ms        int
		concealed bool
		want      float64
	}{
		{0, 20, true, 4.40}, {0, 100, true, 4.36}, {0, 200, true, 4.23}, {0, 300, true, 3.71}, {0, 100, false, 4.36},
		{1, 20, true, 4.32}, {1, 100, true, 4.26}, {1, 200, true, 4.11}, {1, 300, true, 3.54}, {1, 100, false, 3.73},
		{2, 20, true, 4.22}, {2, 100, true, 4.16}, {2, 200, true, 3.98}, {2, 300, true, 3.38}, {2, 100, false, 3.13},
		{5, 20, true, 3.90}, {5, 100, true, 3.82}, {5, 200, true, 3.60}, {5, 300, true, 2.93}, {5, 100, false, 2.05},
		{10, 20, true, 3.39}, {10, 100, true, 3.29}, {10, 200, true, 3.04}, {10, 300, true, 2.34}, {10, 100, false, 1.39},
		{100, 900, false, 1},
	} {
		if got := MOS(time.Duration(tt.ms)*time.Millisecond, tt.loss/100, tt.concealed); math.Abs(got-tt.want) > 0.005 {
			t.Errorf("loss %g %%, %d ms, concealed %v: %.3f, want %.2f", tt.loss, tt.ms, tt.concealed, got, tt.want)
		}
	}
}
