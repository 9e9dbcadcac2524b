package g711

import (
	"bytes"
	"math"
	"testing"
)

// The tables hold what the formulas of G.191 say, for every sample and code.
func TestTablesAgreeWithTheFormulas(t *testing.T) {
	for s := math.MinInt16; s <= math.MaxInt16; s++ {
		if got, want := EncodeMu(int16(s)), muCompress(int16(s)); got != want {
			t.Fatalf("EncodeMu(%d) = %#x, want %#x", s, got, want)
		}
		if got, want := EncodeA(int16(s)), aCompress(int16(s)); got != want {
			t.Fatalf("EncodeA(%d) = %#x, want %#x", s, got, want)
		}
	}
	for c := range 256 {
		if DecodeMu(byte(c)) != muExpand(byte(c)) || DecodeA(byte(c)) != aExpand(byte(c)) {
			t.Fatalf("decoding of %#x differs from its formula", c)
		}
	}
}

// Values of ITU-T G.711 tables 1a, 1b, 2a and 2b: the decoder outputs of the
// segments' first and last codes, scaled to 16 bits (μ: ×4, A: ×8).
func TestValuesOfTheRecommendation(t *testing.T) {
	mu := map[byte]int{0x80: 8031, 0x8F: 4191, 0x90: 3999, 0x9F: 2079, 0xA0: 1983, 0xBF: 495, 0xC0: 471, 0xDF: 99, 0xEF: 33, 0xF0: 30, 0xFE: 2, 0xFF: 0}
	for c, v := range mu {
		if got := int(DecodeMu(c)); got != 4*v {
			t.Errorf("μ-law %#x = %d, want %d", c, got, 4*v)
		}
		if got := int(DecodeMu(c &^ 0x80)); got != -4*v {
			t.Errorf("μ-law %#x = %d, want %d", c&^0x80, got, -4*v)
		}
	}
	a := map[byte]int{0xFF: 4032, 0xF0: 2112, 0xEF: 2016, 0xE0: 1056, 0xD0: 528, 0xC0: 264, 0xB0: 132, 0xA0: 66, 0x90: 33, 0x80: 1}
	for c, v := range a {
		if got := int(DecodeA(c ^ 0x55)); got != 8*v {
			t.Errorf("A-law %#x = %d, want %d", c, got, 8*v)
		}
		if got := int(DecodeA(c ^ 0x55 ^ 0x80)); got != -8*v {
			t.Errorf("A-law %#x = %d, want %d", c^0x80, got, -8*v)
		}
	}
}

func TestACodeSurvivesDecodingAndEncoding(t *testing.T) {
	for c := range 256 {
		if got := EncodeA(DecodeA(byte(c))); got != byte(c) {
			t.Errorf("A-law %#x became %#x", c, got)
		}
		want := byte(c)
		if c == 0x7F { // negative zero is heard as zero
			want = MuSilence
		}
		if got := EncodeMu(DecodeMu(byte(c))); got != want {
			t.Errorf("μ-law %#x became %#x", c, got)
		}
	}
	if EncodeMu(0) != MuSilence || EncodeA(0) != ASilence {
		t.Error("silence is not the code of zero")
	}
}

// The error of a law is bounded by half a step: 1/32 of the sample, or the
// smallest step.
func TestErrorIsHalfAStep(t *testing.T) {
	for s := -32124; s <= 32124; s++ {
		bound := max(math.Abs(float64(s))/32, 8) + 8
		if d := math.Abs(float64(int(DecodeMu(EncodeMu(int16(s)))) - s)); d > bound {
			t.Fatalf("μ-law: %d is off by %g", s, d)
		}
		if d := math.Abs(float64(int(DecodeA(EncodeA(int16(s)))) - s)); d > bound+8 {
			t.Fatalf("A-law: %d is off by %g", s, d)
		}
	}
}

// One law becomes the other as if decoded and encoded, and back again is off
// by one step at most.
func TestOneLawBecomesTheOther(t *testing.T) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	b := bytes.Clone(all[:])
	MuToA(b)
	for i, c := range b {
		if c != EncodeA(DecodeMu(byte(i))) {
			t.Errorf("μ-law %#x became A-law %#x", i, c)
		}
	}
	AToMu(b)
	for i, c := range b {
		was, is := float64(DecodeMu(byte(i))), float64(DecodeMu(c))
		if math.Abs(was-is) > max(math.Abs(was)/16, 8) {
			t.Errorf("μ-law %#x (%g) came back as %g", i, was, is)
		}
	}
}

func TestSlices(t *testing.T) {
	pcm := []int16{0, 1000, -1000, 32767, -32768}
	if got := DecodeMuTo(nil, EncodeMuTo(nil, pcm)); len(got) != len(pcm) || got[3] != 32124 || got[4] != -32124 {
		t.Errorf("μ-law: %v", got)
	}
	if got := DecodeATo(nil, EncodeATo(nil, pcm)); len(got) != len(pcm) || got[3] != 32256 || got[4] != -32256 {
		t.Errorf("A-law: %v", got)
	}
}

func BenchmarkMuToA(b *testing.B) {
	var frame [160]byte
	for b.Loop() {
		MuToA(frame[:])
	}
}

func BenchmarkDecodeMuFrame(b *testing.B) {
	var frame [160]byte
	out := make([]int16, 0, 160)
	for b.Loop() {
		out = DecodeMuTo(out[:0], frame[:])
	}
}

func BenchmarkEncodeMuFrame(b *testing.B) {
	var pcm [160]int16
	out := make([]byte, 0, 160)
	for b.Loop() {
		out = EncodeMuTo(out[:0], pcm[:])
	}
}
