package recorder

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"huawu/mediarelay/media"
	"huawu/shared/recording"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// packet is 20 ms of the byte b that arrived at ms, with an RTP time in ms.
func packet(channel int, ms, rtpMS int, b byte) *media.Frame {
	return &media.Frame{Channel: channel, At: noon.Add(time.Duration(ms) * time.Millisecond), RTP: uint32(rtpMS*perMS) + 0xffff0000,
		Law: media.PCMA, Payload: bytes.Repeat([]byte{b}, 20*perMS)}
}

// places returns where each byte other than silence begins, in ms.
func places(data []byte) map[byte]int {
	at := map[byte]int{}
	for i, b := range data {
		if _, seen := at[b]; !seen && b != 0xd5 && b != 0xff {
			at[b] = i / perMS
		}
	}
	return at
}

func TestAudioComesToItsPlaceInTime(t *testing.T) {
	tests := []struct {
		name   string
		frames []*media.Frame
		want   map[byte]int // ms at which each byte begins
	}{
		{"steady", []*media.Frame{packet(0, 20, 0, 1), packet(0, 40, 20, 2), packet(0, 60, 40, 3)}, map[byte]int{1: 0, 2: 20, 3: 40}},
		{"jitter is taken out", []*media.Frame{packet(0, 20, 0, 1), packet(0, 75, 20, 2), packet(0, 76, 40, 3)}, map[byte]int{1: 0, 2: 20, 3: 40}},
		{"out of order", []*media.Frame{packet(0, 20, 0, 1), packet(0, 60, 40, 3), packet(0, 61, 20, 2)}, map[byte]int{1: 0, 2: 20, 3: 40}},
		{"silence is kept", []*media.Frame{packet(0, 20, 0, 1), packet(0, 520, 500, 2)}, map[byte]int{1: 0, 2: 500}},
		{"a party that comes later", []*media.Frame{packet(0, 820, 0, 1)}, map[byte]int{1: 800}},
		{"a restarted stream", []*media.Frame{packet(0, 20, 0, 1), {Channel: 0, At: noon.Add(120 * time.Millisecond), RTP: 5, Law: media.PCMA, Restart: true,
			Payload: bytes.Repeat([]byte{2}, 160)}}, map[byte]int{1: 0, 2: 100}},
		{"a jump without a flag", []*media.Frame{packet(0, 20, 0, 1), packet(0, 40, 9_000_000, 2), packet(0, 60, 9_000_020, 3)}, map[byte]int{1: 0, 2: 20, 3: 40}},
		{"spoken before its time: the party's clock is fast", []*media.Frame{packet(0, 20, 0, 1), packet(0, 120, 200, 2)}, map[byte]int{1: 0, 2: 100}},
		{"nothing", nil, map[byte]int{}},
		{"a channel that is none", []*media.Frame{packet(7, 20, 0, 1), {Channel: 0}}, map[byte]int{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := newTimeline(noon, 2)
			for _, f := range tt.frames {
				line.add(f)
			}
			s := line.take(step)
			if s.Channels[1].Data != nil {
				t.Error("the other channel is not silent")
			}
			got := places(s.Channels[0].Data)
			if len(got) != len(tt.want) {
				t.Fatalf("places %v, want %v", got, tt.want)
			}
			for b, ms := range tt.want {
				if got[b] != ms {
					t.Errorf("byte %d begins at %d ms, want %d", b, got[b], ms)
				}
			}
		})
	}
}

func TestLateAudioIsFlaggedAndOverlapsAreCut(t *testing.T) {
	line := newTimeline(noon, 2)
	line.add(packet(0, 20, 0, 1))
	if s := line.take(30 * perMS); s.Flags != 0 || len(s.Channels[0].Data) != 30*perMS {
		t.Fatalf("first segment %v", s.Flags)
	}
	line.add(packet(0, 45, 20, 2)) // its first half was taken as silence
	line.add(packet(0, 46, 0, 9))  // all of it was
	s := line.take(30 * perMS)
	if s.Start != 30*perMS || s.Flags != recording.Lost {
		t.Errorf("start %d, flags %v", s.Start, s.Flags)
	}
	if d := s.Channels[0].Data; d[0] != 2 || d[10*perMS-1] != 2 || d[10*perMS] != 0xd5 {
		t.Errorf("overlap not cut: %v", places(d))
	}
	f := packet(0, 70, 60, 3)
	f.Gap = true
	line.add(f)
	if s := line.take(step); s.Flags != recording.Lost {
		t.Error("a gap of the tap is not flagged")
	}
}

func TestAPartysClockIsFollowed(t *testing.T) {
	for name, ppm := range map[string]int{"slow": -300, "fast": 300, "right": 0} {
		line := newTimeline(noon, 2)
		worst := int64(0)
		for i := range 50 * 600 { // ten minutes
			sent := time.Duration(i) * 20 * time.Millisecond
			real := sent - sent*time.Duration(ppm)/1_000_000 // when a clock that is off says so
			f := packet(0, 0, i*20, 1)
			jitter := time.Duration(i*7919%31) * time.Millisecond
			f.At = noon.Add(real + 20*time.Millisecond + jitter)
			line.add(f)
			off := line.tracks[0].place + int64(int32(f.RTP-line.tracks[0].rtp)) - line.at(noon.Add(real))
			worst = max(worst, off, -off)
			if line.at(f.At)-line.base > step+margin {
				line.take(step)
			}
		}
		if worst > tolerance+40*perMS {
			t.Errorf("%s clock: audio is up to %d ms off", name, worst/perMS)
		}
	}
}

func TestAChangeOfLawIsHeardInBoth(t *testing.T) {
	line := newTimeline(noon, 2)
	line.add(packet(0, 20, 0, 0xd5^0x55)) // loud
	mu := packet(0, 40, 20, 0x80)         // loudest
	mu.Law = media.PCMU
	line.add(mu)
	s := line.take(30 * perMS)
	if s.Channels[0].Law != recording.PCMA || s.Channels[0].Data[25*perMS] != 0xaa {
		t.Errorf("law %d, byte %#x: not converted", s.Channels[0].Law, s.Channels[0].Data[25*perMS])
	}
	if s = line.take(30 * perMS); s.Channels[0].Law != recording.PCMU || s.Channels[0].Data[0] != 0x80 {
		t.Errorf("law %d, byte %#x: the new law is not kept", s.Channels[0].Law, s.Channels[0].Data[0])
	}
}

func TestSkipAndForget(t *testing.T) {
	line := newTimeline(noon, 2)
	line.add(packet(0, 20, 0, 1))
	line.add(packet(0, 40, 20, 2))
	line.skip(20 * perMS)
	if s := line.take(20 * perMS); s.Start != 20*perMS || s.Channels[0].Data[0] != 2 {
		t.Error("skip took more or less")
	}
	line.add(packet(0, 60, 40, 3))
	line.forget()
	if s := line.take(step); s.Channels[0].Data != nil && slices.Contains(s.Channels[0].Data, 3) {
		t.Error("forgotten audio was kept")
	}
}

// One second of a call: 100 packets put in time and sealed.
func BenchmarkOneSecondOfACall(b *testing.B) {
	key, err := recording.NewKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	w, _, err := recording.NewSealer(key, recording.Subject{Tenant: "demo", Contact: "c1"}, recording.Header{Started: noon, Channels: 2}, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	line, dst := newTimeline(noon, 2), []byte(nil)
	f := packet(0, 0, 0, 1)
	ms := 0
	b.ReportAllocs()
	for b.Loop() {
		for range 50 {
			ms += 20
			for f.Channel = range 2 {
				f.At, f.RTP = noon.Add(time.Duration(ms)*time.Millisecond), uint32(ms*perMS)
				line.add(f)
			}
		}
		if dst, err = w.Seal(dst[:0], line.take(step), false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/packet")
}
