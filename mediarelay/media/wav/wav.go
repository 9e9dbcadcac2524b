// Package wav reads and writes WAV files of speech: linear samples of 8, 16 or
// 24 bits, μ-law and A-law, one or more channels. It is pure and works on whole
// files in memory; it decides nothing about what is recorded or played.
// Source: Microsoft Multimedia Programming Interface 1.0 (RIFF WAVE) and the
// WAVEFORMATEXTENSIBLE form.
package wav

import (
	"encoding/binary"
	"math"

	"huawu/mediarelay/media/g711"
	"huawu/shared/fault"
)

// Coding is how samples are stored; its value is the file's format tag.
type Coding uint16

// The codings.
const (
	PCM   Coding = 1 // 16 bits signed when written; 8 unsigned, 16 or 24 signed when read
	ALaw  Coding = 6
	MuLaw Coding = 7

	extensible Coding = 0xFFFE
)

const (
	maxChannels = 8
	minRate     = 4000
	maxRate     = 192000
	// streamed is the least data size that means "unknown" in files that were
	// written to a pipe; theirs is all that follows.
	streamed = 0x7FFFF000
)

// Sound is decoded audio. All channels have the same length.
type Sound struct {
	Rate     int // samples a second
	Channels [][]int16
}

// format is the part of a fmt chunk that matters.
type format struct {
	coding   Coding
	channels int
	rate     int
	bits     int
}

// Decode reads a whole file. What does not follow the format exactly is Invalid.
func Decode(b []byte) (Sound, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return Sound{}, fault.New(fault.Invalid, "wav: not a RIFF WAVE file")
	}
	var f format
	for rest := b[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if name == "data" && size >= streamed && size > uint64(len(rest)) {
			size = uint64(len(rest))
		}
		if size > uint64(len(rest)) {
			return Sound{}, fault.New(fault.Invalid, "wav: chunk of %d bytes, but only %d follow", size, len(rest))
		}
		body := rest[:size]
		switch name {
		case "fmt ":
			var err error
			if f, err = parseFormat(body); err != nil {
				return Sound{}, err
			}
		case "data":
			if f.rate == 0 {
				return Sound{}, fault.New(fault.Invalid, "wav: data before its format")
			}
			return f.decode(body), nil
		}
		rest = rest[min(size+size&1, uint64(len(rest))):]
	}
	return Sound{}, fault.New(fault.Invalid, "wav: no data")
}

func parseFormat(b []byte) (f format, err error) {
	if len(b) < 16 {
		return f, fault.New(fault.Invalid, "wav: format of %d bytes", len(b))
	}
	le := binary.LittleEndian
	f = format{Coding(le.Uint16(b)), int(le.Uint16(b[2:])), 0, int(le.Uint16(b[14:]))}
	rate, align := le.Uint32(b[4:]), int(le.Uint16(b[12:]))
	if f.coding == extensible {
		if len(b) < 40 {
			return f, fault.New(fault.Invalid, "wav: extensible format of %d bytes", len(b))
		}
		f.coding = Coding(le.Uint16(b[24:])) // the sub-format's first two bytes
	}
	switch {
	case f.channels < 1 || f.channels > maxChannels:
		err = fault.New(fault.Invalid, "wav: %d channels", f.channels)
	case rate < minRate || rate > maxRate:
		err = fault.New(fault.Invalid, "wav: %d samples a second", rate)
	case f.coding == PCM && f.bits != 8 && f.bits != 16 && f.bits != 24,
		(f.coding == ALaw || f.coding == MuLaw) && f.bits != 8,
		f.coding != PCM && f.coding != ALaw && f.coding != MuLaw:
		err = fault.New(fault.Invalid, "wav: coding %d with %d bits is not supported", f.coding, f.bits)
	case align != f.channels*f.bits/8:
		err = fault.New(fault.Invalid, "wav: blocks of %d bytes for %d channels of %d bits", align, f.channels, f.bits)
	}
	f.rate = int(rate)
	return f, err
}

// decode takes whole blocks; a rest is cut off.
func (f format) decode(b []byte) Sound {
	step := f.bits / 8
	n := len(b) / (step * f.channels)
	s := Sound{Rate: f.rate, Channels: make([][]int16, f.channels)}
	for c := range s.Channels {
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = f.sample(b[(i*f.channels+c)*step:])
		}
		s.Channels[c] = pcm
	}
	return s
}

func (f format) sample(b []byte) int16 {
	switch {
	case f.coding == MuLaw:
		return g711.DecodeMu(b[0])
	case f.coding == ALaw:
		return g711.DecodeA(b[0])
	case f.bits == 8:
		return (int16(b[0]) - 128) << 8
	case f.bits == 16:
		return int16(binary.LittleEndian.Uint16(b))
	}
	return int16(binary.LittleEndian.Uint16(b[1:])) // the upper 16 of 24 bits
}

// Header returns what stands before dataBytes bytes of samples. dataBytes is
// even or the writer adds one zero byte after the data.
func Header(c Coding, rate, channels int, dataBytes uint32) []byte {
	le, size := binary.LittleEndian, 1
	if c == PCM {
		size = 2
	}
	b := append(make([]byte, 0, 58), "RIFF????WAVEfmt "...)
	fmtBytes := uint32(16)
	if c != PCM {
		fmtBytes = 18
	}
	b = le.AppendUint32(b, fmtBytes)
	b = le.AppendUint16(b, uint16(c))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*size))
	b = le.AppendUint16(b, uint16(channels*size))
	b = le.AppendUint16(b, uint16(size*8))
	if c != PCM { // the extension's length, and the fact chunk that goes with it
		b = le.AppendUint16(b, 0)
		b = append(b, "fact"...)
		b = le.AppendUint32(b, 4)
		b = le.AppendUint32(b, dataBytes/uint32(max(1, channels)))
	}
	b = append(b, "data"...)
	b = le.AppendUint32(b, dataBytes)
	le.PutUint32(b[4:], uint32(len(b))-8+dataBytes+dataBytes&1)
	return b
}

// Encode returns a file of 16-bit samples. Channels shorter than the longest end
// in silence.
func Encode(s Sound) []byte {
	n := 0
	for _, c := range s.Channels {
		n = max(n, len(c))
	}
	data := n * len(s.Channels) * 2
	b := append(make([]byte, 0, 44+data), Header(PCM, s.Rate, len(s.Channels), uint32(data))...)
	for i := range n {
		for _, c := range s.Channels {
			v := int16(0)
			if i < len(c) {
				v = c[i]
			}
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	return b
}

// Mono returns the mean of all channels.
func (s Sound) Mono() []int16 {
	if len(s.Channels) == 0 {
		return nil
	}
	out := make([]int16, len(s.Channels[0]))
	for i := range out {
		sum := 0
		for _, c := range s.Channels {
			sum += int(c[i])
		}
		out[i] = int16(sum / len(s.Channels))
	}
	return out
}

// Telephone returns the sound as one channel at 8 kHz. What a telephone cannot
// carry is filtered out first, or it would come back as noise.
func (s Sound) Telephone() []int16 { return Resample(s.Mono(), s.Rate, 8000) }

// Resample changes the rate of samples, by a windowed-sinc filter that passes up
// to 90 % of the lower rate's band.
func Resample(pcm []int16, from, to int) []int16 {
	if from == to || from <= 0 || to <= 0 || len(pcm) == 0 {
		return append([]int16(nil), pcm...)
	}
	cut := 0.45 * math.Min(1, float64(to)/float64(from)) // of the source's rate
	half := int(math.Ceil(12 / cut / 2))
	out := make([]int16, int(int64(len(pcm))*int64(to)/int64(from)))
	for i := range out {
		at := float64(i) * float64(from) / float64(to)
		mid := int(at)
		sum, weight := 0.0, 0.0
		for j := mid - half + 1; j <= mid+half; j++ {
			x := at - float64(j)
			w := 2 * cut * sinc(2*cut*x) * (0.5 + 0.5*math.Cos(math.Pi*x/float64(half)))
			weight += w
			if j >= 0 && j < len(pcm) {
				sum += w * float64(pcm[j])
			}
		}
		out[i] = int16(math.Round(math.Max(math.MinInt16, math.Min(math.MaxInt16, sum/weight))))
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
