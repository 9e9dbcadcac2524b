package recording

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"time"
)

var (
	started = time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)
	lin     = Subject{Tenant: "demo", Contact: "0195-a", Segment: 0}
)

func newKey(t testing.TB) Key {
	t.Helper()
	k, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// talk is a segment in which channel 0 speaks the byte b and channel 1 is silent.
func talk(start int64, samples int, b byte) Segment {
	return Segment{Start: start, Samples: samples, Channels: []Channel{
		{Law: PCMA, Data: bytes.Repeat([]byte{b}, samples)}, {Law: PCMU},
	}}
}

// sealed returns a whole file and the offsets at which its frames begin.
func sealed(t testing.TB, k Key, s Subject, segments ...Segment) (file []byte, frames []int) {
	t.Helper()
	w, file, err := NewSealer(k, s, Header{Started: started, Channels: 2}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i, seg := range segments {
		frames = append(frames, len(file))
		if file, err = w.Seal(file, seg, i == len(segments)-1); err != nil {
			t.Fatal(err)
		}
	}
	return file, frames
}

// readAll opens file and returns what it held up to the error.
func readAll(file []byte, k Key, s Subject) ([]Segment, error) {
	r, err := NewReader(bytes.NewReader(file), k, s)
	if err != nil {
		return nil, err
	}
	var all []Segment
	for {
		seg, err := r.Next()
		if err != nil {
			return all, err
		}
		for i := range seg.Channels {
			seg.Channels[i].Data = slices.Clone(seg.Channels[i].Data)
		}
		all = append(all, seg)
	}
}

func TestASealedRecordingOpensAsItWas(t *testing.T) {
	k := newKey(t)
	want := []Segment{talk(0, MaxSamples, 'a'), talk(MaxSamples, 800, 'b'), talk(40000, 10, 'c')}
	want[1].Flags = Paused | Lost
	file, _ := sealed(t, k, lin, want...)
	if bytes.Contains(file, bytes.Repeat([]byte{'a'}, 8)) {
		t.Error("the file holds audio in clear")
	}
	r, err := NewReader(bytes.NewReader(file), k, lin)
	if err != nil {
		t.Fatal(err)
	}
	if r.Header() != (Header{Started: started, Channels: 2}) {
		t.Errorf("header %+v", r.Header())
	}
	got, err := readAll(file, k, lin)
	if !errors.Is(err, io.EOF) {
		t.Fatalf("ended with %v", err)
	}
	for i := range want {
		if got[i].Start != want[i].Start || got[i].Flags != want[i].Flags || !bytes.Equal(got[i].Channels[0].Data, want[i].Channels[0].Data) || got[i].Channels[1].Data != nil {
			t.Errorf("segment %d differs", i)
		}
	}
}

func TestTamperingIsAlwaysRejected(t *testing.T) {
	k := newKey(t)
	segs := []Segment{talk(0, 160, 'a'), talk(160, 160, 'a'), talk(320, 160, 'c'), talk(480, 160, 'd')}
	file, at := sealed(t, k, lin, segs...)
	other, _ := sealed(t, k, lin, segs...) // same key and audio, another salt
	at = append(at, len(file))
	frame := func(i int) []byte { return file[at[i]:at[i+1]] }
	rejected := func(name string, b []byte, s Subject, k Key) {
		t.Helper()
		if _, err := readAll(b, k, s); errors.Is(err, io.EOF) || err == nil {
			t.Errorf("%s: opened as if whole", name)
		} else if !errors.Is(err, ErrTampered) && !errors.Is(err, ErrTorn) {
			t.Errorf("%s: error %v is of neither kind", name, err)
		}
	}
	for i := range file { // every bit of the file
		for bit := range 8 {
			b := slices.Clone(file)
			b[i] ^= 1 << bit
			rejected("flip", b, lin, k)
		}
	}
	for n := range file { // every length
		rejected("truncate", file[:n], lin, k)
	}
	rejected("append", append(slices.Clone(file), 0), lin, k)
	rejected("append a frame", append(slices.Clone(file), frame(3)...), lin, k)
	for i := range 4 {
		for j := range 4 {
			if i == j {
				continue
			}
			order := []int{0, 1, 2, 3}
			order[i], order[j] = order[j], order[i]
			b := slices.Clone(file[:at[0]])
			for _, f := range order {
				b = append(b, frame(f)...)
			}
			rejected("reorder", b, lin, k)
		}
		rejected("drop a frame", slices.Concat(file[:at[i]], file[at[i+1]:]), lin, k)
		rejected("repeat a frame", slices.Concat(file[:at[i+1]], file[at[i]:]), lin, k)
		b := slices.Clone(file)
		copy(b[at[i]:at[i+1]], other[at[i]:at[i+1]])
		rejected("swap a frame with another file", b, lin, k)
	}
	rejected("another header", slices.Concat(other[:HeaderSize], file[HeaderSize:]), lin, k)
	for _, s := range []Subject{{"demo", "0195-b", 0}, {"demo", "0195-a", 1}, {"dem", "o0195-a", 0}, {"other", "0195-a", 0}} {
		rejected("another contact", file, s, k)
	}
	rejected("another key", file, lin, newKey(t))
}

func TestATornRecordingOpensUpToItsLastWholeFrameAndSaysSo(t *testing.T) {
	k := newKey(t)
	file, at := sealed(t, k, lin, talk(0, 160, 'a'), talk(160, 160, 'b'), talk(320, 160, 'c'))
	for _, cut := range []int{at[2], at[2] + 1, at[2] + 40, len(file) - 1} {
		got, err := readAll(file[:cut], k, lin)
		if len(got) != 2 || !errors.Is(err, ErrTorn) {
			t.Fatalf("cut at %d: %d segments, %v", cut, len(got), err)
		}
		// Recovery: the end is sealed after the last whole frame, twice the same.
		recover := func() []byte {
			r, err := NewReader(bytes.NewReader(file[:cut]), k, lin)
			for err == nil {
				_, err = r.Next()
			}
			whole, err := r.SealEnd(slices.Clone(file[:r.Offset()]))
			if err != nil {
				t.Fatal(err)
			}
			return whole
		}
		whole := recover()
		if !bytes.Equal(whole, recover()) {
			t.Error("two recoveries differ: a nonce served twice")
		}
		got, err = readAll(whole, k, lin)
		if len(got) != 3 || !errors.Is(err, io.EOF) || got[2].Flags != Torn || got[2].Start != 320 {
			t.Fatalf("recovered: %d segments, %v", len(got), err)
		}
	}
	r, _ := NewReader(bytes.NewReader(file), k, lin)
	if _, err := r.SealEnd(nil); err == nil {
		t.Error("an end was sealed for a recording that is not torn")
	}
}

func TestAWrappedKeyOpensForItsContactOnly(t *testing.T) {
	data, other := newKey(t), newKey(t)
	k := newKey(t)
	wrapped, err := WrapKey(data[:], k, lin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := UnwrapKey(data[:], wrapped, lin); err != nil || got != k {
		t.Fatalf("UnwrapKey = %v", err)
	}
	if _, err := UnwrapKey(data[:], wrapped, Subject{"demo", "0195-b", 0}); !errors.Is(err, ErrTampered) {
		t.Errorf("another contact: %v", err)
	}
	if _, err := UnwrapKey(data[:], wrapped, Subject{"demo", "0195-a", 1}); !errors.Is(err, ErrTampered) {
		t.Errorf("another segment: %v", err)
	}
	if _, err := UnwrapKey(other[:], wrapped, lin); !errors.Is(err, ErrTampered) {
		t.Errorf("another data key: %v", err)
	}
	if _, err := UnwrapKey(data[:], wrapped[1:], lin); !errors.Is(err, ErrTampered) {
		t.Errorf("a short one: %v", err)
	}
	if _, err := UnwrapKey(data[:7], wrapped, lin); err == nil {
		t.Error("a data key of 7 bytes was taken")
	}
}

func TestTheSealerRefusesWhatCannotBeOpened(t *testing.T) {
	long := talk(0, 1, 'a')
	long.Samples = MaxSamples + 1
	odd := talk(0, 10, 'a')
	odd.Channels[0].Law = 9
	short := talk(0, 10, 'a')
	short.Channels[0].Data = []byte{1}
	for name, s := range map[string]Segment{
		"longer than two seconds": long, "unknown law": odd, "too few bytes": short,
		"missing channel": {Channels: []Channel{{}}}, "before the last": {Start: -1, Channels: make([]Channel, 2)},
	} {
		w, _, err := NewSealer(newKey(t), lin, Header{Started: started, Channels: 2}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Seal(nil, s, false); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	w, _, _ := NewSealer(newKey(t), lin, Header{Started: started, Channels: 2}, rand.Reader)
	if _, err := w.Seal(nil, talk(0, 8, 'x'), true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Seal(nil, talk(8, 8, 'x'), true); err == nil {
		t.Error("sealed after the end")
	}
	if _, _, err := NewSealer(newKey(t), lin, Header{Channels: 5}, rand.Reader); err == nil {
		t.Error("five channels were taken")
	}
}

func TestAWAVKeepsTimeAndChannels(t *testing.T) {
	k := newKey(t)
	file, _ := sealed(t, k, lin, talk(10, 20, 0x55^0x80), talk(100, 5, 0xd5)) // A-law: smallest values
	r, err := NewReader(bytes.NewReader(file), k, lin)
	if err != nil {
		t.Fatal(err)
	}
	wav, err := io.ReadAll(NewWAV(r, 105))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(wav)) != WAVSize(105, 2) || string(wav[:4]) != "RIFF" || binary.LittleEndian.Uint32(wav[40:]) != 105*4 {
		t.Fatalf("WAV of %d bytes: % x", len(wav), wav[:44])
	}
	for i := range 105 {
		left := int16(binary.LittleEndian.Uint16(wav[44+i*4:]))
		right := int16(binary.LittleEndian.Uint16(wav[46+i*4:]))
		want := int16(0)
		if i >= 10 && i < 30 || i >= 100 {
			want = 8
		}
		if left != want || right != 0 {
			t.Fatalf("sample %d is %d, %d, want %d, 0", i, left, right, want)
		}
	}
	r, _ = NewReader(bytes.NewReader(file), k, lin)
	if _, err := io.ReadAll(NewWAV(r, 104)); err == nil {
		t.Error("a recording longer than its index says was not noticed")
	}
}

func TestDecodeFollowsG711(t *testing.T) {
	for b, want := range map[byte]int16{0xff: 0, 0x7f: 0, 0x80: 32124, 0x00: -32124, 0xce: 988} {
		if got := decode(PCMU, b); got != want {
			t.Errorf("μ-law %#x is %d, want %d", b, got, want)
		}
	}
	for b, want := range map[byte]int16{0xd5: 8, 0x55: -8, 0xaa: 32256, 0x2a: -32256} {
		if got := decode(PCMA, b); got != want {
			t.Errorf("A-law %#x is %d, want %d", b, got, want)
		}
	}
	for _, law := range []byte{PCMU, PCMA} {
		for b := range 256 {
			if v := decode(law, byte(b)); math.Abs(float64(v)) > 32256 {
				t.Errorf("law %d: %#x is %d", law, b, v)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	var k Key
	file, _ := sealed(f, k, lin, talk(0, 160, 'a'), talk(160, 160, 'b'))
	f.Add(file)
	f.Add(file[:len(file)-3])
	f.Add(file[:HeaderSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readAll(b, k, lin)
		if errors.Is(err, io.EOF) && !bytes.Equal(b, file) && len(got) == 2 && bytes.Equal(b[:HeaderSize], file[:HeaderSize]) {
			t.Fatal("other bytes opened as this recording")
		}
	})
}

func FuzzParseSegment(f *testing.F) {
	f.Add(appendSegment(nil, talk(0, 8, 'a')), 2)
	f.Fuzz(func(t *testing.T, b []byte, channels int) {
		if channels < 1 || channels > MaxChannels {
			return
		}
		s, err := parseSegment(b, channels)
		if err == nil && !bytes.Equal(appendSegment(nil, s), b) {
			t.Fatal("a parsed segment has another form")
		}
	})
}

func FuzzParseObjectKey(f *testing.F) {
	f.Add(ObjectKey(lin, started))
	f.Fuzz(func(t *testing.T, key string) {
		if s, err := ParseObjectKey(key); err == nil && len(ObjectKey(s, started)) != len(key) {
			t.Fatalf("%q parses as %v", key, s)
		}
	})
}

func BenchmarkSealTwoSeconds(b *testing.B) {
	w, _, err := NewSealer(newKey(b), lin, Header{Started: started, Channels: 2}, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	audio := make([]byte, MaxSamples)
	s := Segment{Samples: MaxSamples, Channels: []Channel{{Data: audio}, {Data: audio}}}
	var dst []byte
	b.SetBytes(2 * MaxSamples)
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = w.Seal(dst[:0], s, false); err != nil {
			b.Fatal(err)
		}
		s.Start += MaxSamples
	}
}
