package peers

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"huawu/mediarelay/media/g711"
)

// rate is the sample rate of the telephone.
const rate = 8000

// Audio is what somebody heard: samples at 8 kHz, one channel.
type Audio []int16

// Seconds returns the part from one time to another; it is shorter where there
// is less.
func (a Audio) Seconds(from, to float64) Audio {
	lo, hi := min(len(a), max(0, int(from*rate))), min(len(a), max(0, int(to*rate)))
	return a[lo:max(lo, hi)]
}

// Last returns the last seconds.
func (a Audio) Last(seconds float64) Audio { return a[max(0, len(a)-int(seconds*rate)):] }

// Level returns the root mean square.
func (a Audio) Level() float64 {
	if len(a) == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range a {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(len(a)))
}

// Share returns how much of the power lies at one frequency (Goertzel): 1 for
// that tone alone, about 0 without it.
func (a Audio) Share(hz float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*hz/rate)
	var s1, s2, power float64
	for _, x := range a {
		s := float64(x) + coefficient*s1 - s2
		s2, s1 = s1, s
		power += float64(x) * float64(x)
	}
	if power == 0 {
		return 0
	}
	at := s1*s1 + s2*s2 - coefficient*s1*s2
	return 2 * at / (power * float64(len(a)))
}

// HasTone reports whether a tone is the loudest thing for at least the given
// time, looked at in pieces of 100 ms.
func (a Audio) HasTone(hz, seconds float64) bool {
	const piece = rate / 10
	run, want := 0, int(seconds*10)
	for i := 0; i+piece <= len(a); i += piece {
		if p := a[i : i+piece]; p.Level() > 300 && p.Share(hz) > 0.6 {
			if run++; run >= want {
				return true
			}
			continue
		}
		run = 0
	}
	return false
}

// Find returns where a part of a known clip begins in what was heard, in
// seconds, or false if it is not there. The part is the clip's loudest 300 ms;
// it is found by correlation, so loudness and law do not matter.
func (a Audio) Find(clip Audio) (float64, bool) {
	const n = rate * 3 / 10
	if len(clip) < n || len(a) < n {
		return 0, false
	}
	from, best := 0, 0.0
	for i := 0; i+n <= len(clip); i += n / 4 {
		if l := clip[i : i+n].Level(); l > best {
			from, best = i, l
		}
	}
	part := clip[from : from+n]
	at, match := 0, 0.0
	for i := 0; i+n <= len(a); i++ {
		if c := coarse(part, a[i:i+n]); c > 0.6 {
			if c = correlation(part, a[i:i+n]); c > match {
				at, match = i, c
			}
		}
	}
	return float64(at-from) / rate, match > 0.8
}

// coarse is the correlation over every eighth sample.
func coarse(a, b Audio) float64 { return correlate(a, b, 8) }

func correlation(a, b Audio) float64 { return correlate(a, b, 1) }

func correlate(a, b Audio, step int) float64 {
	var ab, aa, bb float64
	for i := 0; i < len(a); i += step {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// Tone returns a sine of half the full scale.
func Tone(hz, seconds float64) Audio {
	a := make(Audio, int(seconds*rate))
	for i := range a {
		a[i] = int16(12000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	return a
}

// WriteTone writes a tone as a 16-bit WAV file, silence for 0 Hz.
func WriteTone(t testing.TB, name string, hz, seconds float64) {
	t.Helper()
	pcm := Tone(hz, seconds)
	data := make([]byte, 0, 44+2*len(pcm))
	data = append(data, "RIFF"...)
	data = binary.LittleEndian.AppendUint32(data, uint32(36+2*len(pcm)))
	data = append(data, "WAVEfmt "...)
	data = binary.LittleEndian.AppendUint32(data, 16)
	data = binary.LittleEndian.AppendUint32(data, 1|1<<16)
	data = binary.LittleEndian.AppendUint32(data, rate)
	data = binary.LittleEndian.AppendUint32(data, 2*rate)
	data = binary.LittleEndian.AppendUint32(data, 2|16<<16)
	data = append(data, "data"...)
	data = binary.LittleEndian.AppendUint32(data, uint32(2*len(pcm)))
	for _, s := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(s))
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// WriteMuLaw writes a tone as raw μ-law, as sipp's rtp_stream wants it.
func WriteMuLaw(t testing.TB, name string, hz, seconds float64) {
	t.Helper()
	pcm := Tone(hz, seconds)
	if err := os.WriteFile(name, g711.EncodeMuTo(nil, pcm), 0o600); err != nil {
		t.Fatal(err)
	}
}

// readDump reads the 16-bit WAV that baresip is still writing: its sizes are
// not yet right, so everything after the header counts.
func readDump(raw []byte) Audio {
	const header = 44
	if len(raw) <= header {
		return nil
	}
	raw = raw[header:]
	a := make(Audio, len(raw)/2)
	for i := range a {
		a[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return a
}
