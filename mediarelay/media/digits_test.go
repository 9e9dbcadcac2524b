package media

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// press is the packets of one digit as a phone sends them: one each 20 ms, then
// the End twice more.
func press(d byte, ts uint32, packets int) (out []packet) {
	key := byte(strings.IndexByte(keys, d))
	add := func(end bool, dur int) {
		b := append(make([]byte, headLen), event(key, end, dur)...)
		out = append(out, packet{b: b, kind: digit, ssrc: 1, ts: ts, marker: dur == 0})
	}
	for i := range packets {
		add(i == packets-1, 160*i)
	}
	add(true, 160*(packets-1))
	add(true, 160*(packets-1))
	return out
}

func TestEachDigitFiresOnce(t *testing.T) {
	five, six := press('5', 1000, 6), press('6', 5000, 6)
	fiveAgain := press('5', 3000, 6)
	long1, long2 := press('9', 1000, 2)[:1], press('9', 1000+longest, 3)
	long1 = append(long1, packet{b: append(make([]byte, headLen), event(9, false, longest)...), ssrc: 1, ts: 1000})
	other := press('5', 1000, 4)
	for i := range other {
		other[i].ssrc = 2
	}
	short := packet{b: make([]byte, headLen+3), ssrc: 1, ts: 9}
	flash := packet{b: append(make([]byte, headLen), event(16, true, 800)...), ssrc: 1, ts: 9}
	zero := press('1', 77, 5)
	for i := range zero {
		zero[i].b[headLen+2], zero[i].b[headLen+3] = 0, 0
	}
	for _, tt := range []struct {
		name    string
		packets []packet
		want    string
	}{
		{"as it should be", five, "5"},
		{"two digits", append(five[:len(five):len(five)], six...), "56"},
		{"the same digit twice", append(five[:len(five):len(five)], fiveAgain...), "55"},
		{"all Ends lost", append(five[:5:5], six...), "56"},
		{"only one packet came, the next digit proves it", append(five[:1:1], six...), "56"},
		{"only one packet came, then nothing", five[:1], "5"},
		{"only an End came", five[len(five)-1:], "5"},
		{"every packet doubled", double(five), "5"},
		{"marker lost", five[1:], "5"},
		{"a late packet of the digit before", append(append(five[:7:7], six[:3]...), append(five[7:8:8], six[3:]...)...), "56"},
		{"late packets after the End", append(five, five[2], five[3]), "5"},
		{"duration stays 0", zero, "1"},
		{"held longer than a segment", append(long1, long2...), "9"},
		{"the same numbers in another stream", append(five[:len(five):len(five)], other...), "55"},
		{"too short, and no digit", []packet{short, flash}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r digitReader
			got, now := "", int64(0)
			for i := range tt.packets {
				now += 20 * ms
				for _, d := range r.read(&tt.packets[i], now) {
					if d != 0 {
						got += string(d)
					}
				}
			}
			for range 6 {
				now += 100 * ms
				if d := r.timeout(now); d != 0 {
					got += string(d)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func double(in []packet) (out []packet) {
	for _, k := range in {
		out = append(out, k, k)
	}
	return out
}

// Digits fire early: at 40 ms of a long one, not at its end.
func TestALongDigitFiresAtOnce(t *testing.T) {
	var r digitReader
	now := int64(0)
	for i, k := range press('8', 5, 100) {
		now += 20 * ms
		if d := r.read(&k, now); d[1] != 0 {
			if i != 2 {
				t.Errorf("fired at packet %d", i)
			}
			return
		}
	}
	t.Error("did not fire")
}

// Whatever the network does within reason, a number arrives as it was dialled.
func TestDigitsSurviveTheNetwork(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		want := ""
		var line []packet
		ts := rnd.Uint32()
		for range 8 {
			d := keys[rnd.IntN(len(keys))]
			want += string(d)
			n := 4 + rnd.IntN(6)
			line = append(line, press(d, ts, n)...)
			ts += uint32(n+5) * 160
		}
		var r digitReader
		got, now := "", int64(0)
		for i := range line {
			if i+1 < len(line) && rnd.IntN(10) == 0 { // reordered
				line[i], line[i+1] = line[i+1], line[i]
			}
			if rnd.IntN(10) == 0 && i > 0 && i+1 < len(line) && line[i-1].ts == line[i].ts { // lost, but not all of it
				continue
			}
			for range 1 + rnd.IntN(8)/7 { // doubled
				now += 15 * ms
				for _, d := range r.read(&line[i], now) {
					if d != 0 {
						got += string(d)
					}
				}
			}
		}
		if d := r.timeout(now + 1000*ms); d != 0 {
			got += string(d)
		}
		if got != want {
			t.Fatalf("round %d: got %s, want %s", round, got, want)
		}
	}
}

// A digit crosses a bridge with the other side's payload type, and both the
// relay and the other party get it once.
func TestDigitsThroughABridge(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob := newPeer(t, PCMU), newPeer(t, PCMU)
	var log, dials eventLog
	a := open(t, e, PortOptions{CallID: "c", Events: log.add})
	b := open(t, e, PortOptions{CallID: "c", Events: dials.add})
	a.SetRemote(talk(alice))
	rb := talk(bob)
	rb.EventType = 96
	b.SetRemote(rb)
	a.Bridge(b)
	bob.sing(b.Local(), 1000)
	for i := range 10 {
		alice.say(a.Local(), 0, make([]byte, 160))
		if i == 4 {
			for _, k := range press('7', alice.ts, 8) {
				alice.mu.Lock()
				raw := rtp(101, false, alice.seq, k.ts, alice.ssrc, k.payload())
				alice.seq++
				alice.mu.Unlock()
				alice.send(a.Local(), raw)
			}
			alice.mu.Lock()
			alice.ts += 1600
			alice.mu.Unlock()
		}
	}
	eventually(t, "the relay hears the digit", func() bool { return log.digits() == "7" })
	var ts map[uint32]int
	eventually(t, "bob gets the digit", func() bool {
		ts = map[uint32]int{}
		for _, h := range bob.packets() {
			if h.pt == 96 {
				ts[h.ts]++
			}
		}
		return len(ts) > 0
	})
	eventually(t, "all packets come", func() bool {
		n := 0
		for _, h := range bob.packets() {
			if h.pt == 96 {
				n++
			}
		}
		return n == 10
	})
	if len(ts) != 1 {
		t.Errorf("the digit has %d timestamps", len(ts))
	}
	unbroken(t, bob.packets())

	// And out: what SendDigits sends, the same reader reads.
	bob.clear()
	b.SendDigits(42, "1,2#", 0)
	eventually(t, "digits are sent", func() bool { return dials.count(DigitsSent) == 1 })
	eventually(t, "bob reads them", func() bool { return dialled(bob.packets(), 96) == "12#" })
	ends, steps := 0, map[uint32][]int{}
	for _, h := range bob.packets() {
		if h.pt == 96 {
			p := h.payload()
			steps[h.ts] = append(steps[h.ts], int(p[2])<<8|int(p[3]))
			if p[1]&0x80 != 0 {
				ends++
			}
		}
	}
	if ends != 9 || len(steps) != 3 {
		t.Errorf("%d Ends and %d timestamps of 3 digits", ends, len(steps))
	}
	for _, s := range steps {
		if len(s) != 7 || s[0] != 160 || s[4] != 800 || s[6] != 800 {
			t.Errorf("durations %v", s)
		}
	}
	unbroken(t, bob.packets())
}

// dialled reads the telephone-events among packets.
func dialled(in []heard, pt uint8) string {
	var r digitReader
	got, now := "", int64(0)
	for _, h := range in {
		now += 20 * ms
		if h.pt != pt {
			continue
		}
		h.kind = digit
		for _, d := range r.read(&h.packet, now) {
			if d != 0 {
				got += string(d)
			}
		}
	}
	return got
}

// A party without telephone-events hears tones, and its tones are read.
func TestDigitsInBand(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{})
	alice, bob := newPeer(t, PCMA), newPeer(t, PCMU)
	var log eventLog
	a := open(t, e, PortOptions{CallID: "c"})
	b := open(t, e, PortOptions{CallID: "c", Events: log.add, InbandDigits: true})
	ra, rb := talk(alice), talk(bob)
	ra.EventType, rb.EventType = 0, 0
	a.SetRemote(ra)
	b.SetRemote(rb)
	eventually(t, "alice hears the port", func() bool { return len(alice.packets()) > 0 })
	// Bob's phone is a wire to what alice hears.
	a.SendDigits(1, "159D", 80*time.Millisecond)
	done := 0
	eventually(t, "the tones come back", func() bool {
		in := alice.packets()
		for ; done < len(in); done++ {
			bob.say(b.Local(), in[done].pt, in[done].payload())
		}
		return log.digits() == "159D"
	})
}

// Speech-like sound is no digit, and tones are read at any level and twist that
// a line may have.
func TestToneReader(t *testing.T) {
	mix := func(key int, low, high float64, n int) []int16 {
		x, y := tone(toneRows[keyRow[key]], n, low), tone(toneColumns[keyColumn[key]], n, high)
		for i := range x {
			x[i] += y[i]
		}
		return x
	}
	read := func(pcm []int16) string {
		r, got := newToneReader(), ""
		for i := 0; i+160 <= len(pcm); i += 160 {
			if d := r.read(code(pcm[i:i+160], PCMU), PCMU); d != 0 {
				got += string(d)
			}
		}
		return got
	}
	quiet := make([]int16, 480)
	var all, two []int16
	for key := range keys {
		all = append(append(all, mix(key, 5000, 6000, 480)...), quiet...)
	}
	two = append(append(mix(5, 3000, 3000, 400), quiet...), mix(5, 3000, 3000, 400)...)
	noise := make([]int16, 80000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = int16(r.IntN(20000) - 10000)
	}
	for _, tt := range []struct {
		name string
		pcm  []int16
		want string
	}{
		{"every key", append(all, quiet...), keys},
		{"the same key twice", append(two, quiet...), "55"},
		{"faint", mix(8, 700, 700, 800), "8"},
		{"high tone 7 dB stronger", mix(1, 3000, 6700, 800), "1"},
		{"low tone 3 dB stronger", mix(1, 4200, 3000, 800), "1"},
		{"low tone 9 dB stronger", mix(1, 8500, 3000, 800), ""},
		{"one tone alone", tone(697, 1600, 8000), ""},
		{"a ring tone", tone(450, 1600, 8000), ""},
		{"too short", append(mix(3, 5000, 5000, 150), make([]int16, 800)...), ""},
		{"noise", noise, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(tt.pcm); got != tt.want {
				t.Errorf("read %q, want %q", got, tt.want)
			}
		})
	}
}
