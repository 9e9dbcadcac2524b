package wav

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"huawu/mediarelay/media/g711"
	"huawu/shared/fault"
)

func sine(hertz float64, rate, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(12000 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return pcm
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	a, b := sine(440, 8000, 100), sine(1000, 8000, 100)
	for _, tt := range []struct {
		name string
		s    Sound
	}{
		{"mono", Sound{8000, [][]int16{a}}},
		{"stereo", Sound{16000, [][]int16{a, b}}},
		{"empty", Sound{8000, [][]int16{{}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(Encode(tt.s))
			if err != nil {
				t.Fatal(err)
			}
			if got.Rate != tt.s.Rate || !slices.EqualFunc(got.Channels, tt.s.Channels, slices.Equal[[]int16]) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestCodings(t *testing.T) {
	pcm := sine(440, 8000, 50)
	file := func(c Coding, bits int, data []byte) []byte {
		b := append(Header(c, 8000, 1, uint32(len(data))), data...)
		if c == PCM { // Header writes 16 bits
			binary.LittleEndian.PutUint16(b[32:], uint16(bits/8))
			binary.LittleEndian.PutUint16(b[34:], uint16(bits))
		}
		return b
	}
	var b8, b24 []byte
	for _, s := range pcm {
		b8 = append(b8, byte(s>>8+128))
		b24 = append(b24, 0x55, byte(s), byte(uint16(s)>>8))
	}
	ext := make([]byte, 0, 100)
	ext = append(ext, "RIFF\x00\x00\x00\x00WAVEfmt \x28\x00\x00\x00\xFE\xFF\x01\x00\x40\x1F\x00\x00\x80\x3E\x00\x00\x02\x00\x10\x00\x16\x00\x10\x00\x04\x00\x00\x00"...)
	ext = append(ext, "\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71junk\x01\x00\x00\x00x\x00data\x04\x00\x00\x00\x01\x00\x02\x00"...)
	for _, tt := range []struct {
		name string
		file []byte
		want []int16
	}{
		{"μ-law", file(MuLaw, 8, g711.EncodeMuTo(nil, pcm)), g711.DecodeMuTo(nil, g711.EncodeMuTo(nil, pcm))},
		{"A-law", file(ALaw, 8, g711.EncodeATo(nil, pcm)), g711.DecodeATo(nil, g711.EncodeATo(nil, pcm))},
		{"8 bits", file(PCM, 8, b8), func() (o []int16) {
			for _, s := range pcm {
				o = append(o, s>>8<<8)
			}
			return o
		}()},
		{"24 bits", file(PCM, 24, b24), pcm},
		{"extensible, and an odd chunk before the data", ext, []int16{1, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Channels[0], tt.want) {
				t.Errorf("got %v, want %v", got.Channels[0], tt.want)
			}
		})
	}
}

func TestAFileFromAPipeHasNoLength(t *testing.T) {
	b := Encode(Sound{8000, [][]int16{{1, 2, 3}}})
	binary.LittleEndian.PutUint32(b[4:], 0x7FFFF024)
	binary.LittleEndian.PutUint32(b[40:], 0x7FFFF000) // as espeak-ng --stdout writes it
	if got, err := Decode(b); err != nil || !slices.Equal(got.Channels[0], []int16{1, 2, 3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadFilesAreInvalid(t *testing.T) {
	good := Encode(Sound{8000, [][]int16{{1, 2, 3}}})
	with := func(at int, b ...byte) []byte {
		return append(append(bytes.Clone(good[:at]), b...), good[at+len(b):]...)
	}
	for name, b := range map[string][]byte{
		"nothing":                   nil,
		"text":                      []byte("hello, this is no sound at all"),
		"no chunks":                 good[:12],
		"no data":                   good[:36],
		"data cut short":            good[:46],
		"format cut short":          good[:20],
		"format too small":          with(16, 4, 0, 0, 0),
		"no channels":               with(22, 0),
		"99 channels":               with(22, 99),
		"rate 1":                    with(24, 1, 0, 0, 0),
		"rate 4 GHz":                with(24, 255, 255, 255, 255),
		"MP3 inside":                with(20, 0x55),
		"13 bits":                   with(34, 13),
		"block size wrong":          with(32, 9),
		"extensible without a GUID": with(20, 0xFE, 0xFF),
		"data before format":        append([]byte("RIFF\x00\x00\x00\x00WAVE"), good[36:]...),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode(b); fault.KindOf(err) != fault.Invalid {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestHeaderSizes(t *testing.T) {
	for _, c := range []Coding{PCM, ALaw, MuLaw} {
		b := append(Header(c, 8000, 2, 5), make([]byte, 6)...) // odd data has a pad byte
		if got := binary.LittleEndian.Uint32(b[4:]); int(got) != len(b)-8 {
			t.Errorf("coding %d: RIFF size %d, want %d", c, got, len(b)-8)
		}
		if s, err := Decode(b); err != nil || len(s.Channels) != 2 {
			t.Errorf("coding %d: %v", c, err)
		}
	}
}

// What is above the telephone's band goes, what is inside stays.
func TestTelephone(t *testing.T) {
	power := func(pcm []int16) (p float64) {
		pcm = pcm[200 : len(pcm)-200]
		for _, s := range pcm {
			p += float64(s) * float64(s)
		}
		return math.Sqrt(2 * p / float64(len(pcm)))
	}
	for _, tt := range []struct {
		rate  int
		hertz float64
		want  float64
	}{{22050, 1000, 12000}, {22050, 3000, 12000}, {22050, 6000, 0}, {16000, 1000, 12000}, {16000, 7000, 0}, {8000, 1000, 12000}, {44100, 300, 12000}, {11025, 3000, 12000}} {
		pcm := Sound{tt.rate, [][]int16{sine(tt.hertz, tt.rate, tt.rate)}}.Telephone()
		if len(pcm) != 8000 {
			t.Errorf("%d Hz: %d samples", tt.rate, len(pcm))
		}
		if got := power(pcm); math.Abs(got-tt.want) > 300 {
			t.Errorf("%g Hz at %d: amplitude %.0f, want %.0f", tt.hertz, tt.rate, got, tt.want)
		}
	}
	if got := (Sound{8000, [][]int16{{100, 200}, {300, -200}}}).Mono(); !slices.Equal(got, []int16{200, 0}) {
		t.Errorf("Mono = %v", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(Sound{8000, [][]int16{{1, 2, 3}, {4, 5, 6}}}))
	f.Add(append(Header(MuLaw, 8000, 1, 3), 1, 2, 3, 0))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		if len(s.Channels) == 0 || s.Rate < minRate {
			t.Fatalf("decoded %+v without an error", s)
		}
		for _, c := range s.Channels {
			if len(c) != len(s.Channels[0]) || len(c) > len(b) {
				t.Fatal("channels of different or impossible length")
			}
		}
	})
}
