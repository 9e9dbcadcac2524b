package recording

import (
	"encoding/binary"
	"errors"
	"io"

	"huawu/mediarelay/media/g711"
	"huawu/mediarelay/media/wav"
	"huawu/shared/fault"
)

// wavHead is the size of a canonical WAV header.
const wavHead = 44

// WAVSize returns the bytes of a WAV file of a recording that is samples long.
func WAVSize(samples int64, channels int) int64 {
	return wavHead + samples*int64(channels)*2
}

// WAV reads a recording as a WAV file: 16-bit PCM at 8 kHz, one channel per
// party. What was not recorded (pause, gap) is silence, so that time is kept.
//
// A WAV file names its length first, so samples must be known: it is what the
// index item says. A recording of another length is an error at its end, and a
// torn one ErrTorn after the last authentic sample.
type WAV struct {
	src     *Reader
	samples int64
	at      int64  // samples given out or in out
	out     []byte // ready to be read
	buf     []byte
	held    *Segment // read, but silence goes before it
	done    error
}

// NewWAV returns the WAV form of what r reads.
func NewWAV(r *Reader, samples int64) *WAV {
	return &WAV{src: r, samples: samples, out: wavHeader(samples, r.header.Channels)}
}

func wavHeader(samples int64, channels int) []byte {
	size := min(WAVSize(samples, channels)-wavHead, 1<<32-1-wavHead) // the format has 32 bits
	return wav.Header(wav.PCM, Rate, channels, uint32(size))
}

// Read implements io.Reader.
func (w *WAV) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		if w.done != nil {
			return 0, w.done
		}
		w.fill()
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

// fill makes the next stretch: silence up to the next segment, or the segment.
func (w *WAV) fill() {
	if w.held == nil {
		s, err := w.src.Next()
		if err != nil {
			w.end(err)
			return
		}
		w.held = &s
	}
	if missing := w.held.Start - w.at; missing > 0 {
		w.silence(min(missing, MaxSamples))
		return
	}
	s := w.held
	w.held = nil
	w.size(s.Samples)
	n := len(s.Channels)
	for c, ch := range s.Channels {
		for i, b := range ch.Data {
			binary.LittleEndian.PutUint16(w.out[(i*n+c)*2:], uint16(decode(ch.Law, b)))
		}
	}
	w.at += int64(s.Samples)
}

func (w *WAV) end(err error) {
	w.done = err
	if errors.Is(err, io.EOF) && w.at != w.samples {
		w.done = fault.New(fault.Invalid, "recording: %d samples, index says %d", w.at, w.samples)
	}
}

func (w *WAV) silence(samples int64) {
	w.size(int(samples))
	w.at += samples
}

// size makes out a stretch of silence.
func (w *WAV) size(samples int) {
	n := samples * w.src.header.Channels * 2
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	w.out = w.buf[:n]
	clear(w.out)
}

// decode returns the linear value of one byte.
func decode(law, b byte) int16 {
	if law == PCMA {
		return g711.DecodeA(b)
	}
	return g711.DecodeMu(b)
}
