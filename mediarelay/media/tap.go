package media

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// tapBytes is the room of one channel: 3.6 s of 20 ms packets.
const tapBytes = 32 << 10

// tapHead is what stands before each payload in a ring: length 2, law 1, flags
// 1, RTP timestamp 4, arrival in Unix nanoseconds 8.
const tapHead = 16

// Frame is one received packet of audio, and where it belongs in time.
type Frame struct {
	Channel int
	At      time.Time // arrival, to the millisecond
	RTP     uint32    // the party's timestamp, 8,000 a second, from a random start
	Law     Law
	Payload []byte // one byte is one sample; valid until the next Read into this Frame
	// Restart is set when RTP bears no relation to the frame before: the party's
	// stream changed. The first frame has it too.
	Restart bool
	// Gap is set when frames before this one were dropped because nobody read
	// the tap in time.
	Gap bool
}

// Tap carries copies of received audio from the workers to one reader. It never
// blocks a worker: what does not fit is dropped, counted and flagged.
type Tap struct {
	rings   []tapRing
	pending []Frame // the oldest frame of each channel, once looked at
	have    []bool
}

// NewTap makes a tap with a number of channels, one for each port that feeds it.
func NewTap(channels int) *Tap {
	t := &Tap{rings: make([]tapRing, channels), pending: make([]Frame, channels), have: make([]bool, channels)}
	for i := range t.rings {
		t.rings[i].buf = make([]byte, tapBytes)
	}
	return t
}

// Read fills f with the oldest waiting frame of all channels and reports
// whether there was one. Only one goroutine may read. A reader that polls every
// second or oftener loses nothing.
func (t *Tap) Read(f *Frame) bool {
	oldest := -1
	for i := range t.rings {
		if !t.have[i] {
			t.have[i] = t.rings[i].get(&t.pending[i])
		}
		if t.have[i] && (oldest < 0 || t.pending[i].At.Before(t.pending[oldest].At)) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	t.have[oldest] = false
	payload := append(f.Payload[:0], t.pending[oldest].Payload...)
	*f = t.pending[oldest]
	f.Channel, f.Payload = oldest, payload
	return true
}

// Dropped is how many frames were lost because nobody read in time.
func (t *Tap) Dropped() uint64 {
	var n uint64
	for i := range t.rings {
		n += t.rings[i].dropped.Load()
	}
	return n
}

// ring returns a channel's ring, or nil if there is none.
func (t *Tap) ring(channel int) *tapRing {
	if t == nil || channel < 0 || channel >= len(t.rings) {
		return nil
	}
	return &t.rings[channel]
}

// tapRing is a byte ring with one writer (a worker) and one reader. head and
// tail only grow; their difference is what waits.
type tapRing struct {
	buf     []byte
	tail    atomic.Uint64 // written by the worker
	head    atomic.Uint64 // written by the reader
	dropped atomic.Uint64
	gap     bool // the worker's: the last frame was dropped …
	restart bool // … and it or one before it began a new stream
}

const (
	flagGap = 1 << iota
	flagRestart
)

// put copies a frame in, or drops it.
func (r *tapRing) put(at int64, rtp uint32, law Law, restart bool, payload []byte) {
	tail := r.tail.Load()
	need := uint64(tapHead + len(payload))
	if need > uint64(len(r.buf))-(tail-r.head.Load()) {
		r.dropped.Add(1)
		r.gap, r.restart = true, r.restart || restart
		return
	}
	var h [tapHead]byte
	binary.LittleEndian.PutUint16(h[0:], uint16(len(payload)))
	h[2] = byte(law)
	if r.gap {
		h[3] |= flagGap
	}
	if restart || r.restart {
		h[3] |= flagRestart
	}
	r.gap, r.restart = false, false
	binary.LittleEndian.PutUint32(h[4:], rtp)
	binary.LittleEndian.PutUint64(h[8:], uint64(at))
	r.copyIn(tail, h[:])
	r.copyIn(tail+tapHead, payload)
	r.tail.Store(tail + need)
}

func (r *tapRing) copyIn(at uint64, b []byte) {
	n := copy(r.buf[at%uint64(len(r.buf)):], b)
	copy(r.buf, b[n:])
}

func (r *tapRing) copyOut(b []byte, at uint64) {
	n := copy(b, r.buf[at%uint64(len(r.buf)):])
	copy(b[n:], r.buf)
}

// get takes the oldest frame out.
func (r *tapRing) get(f *Frame) bool {
	head := r.head.Load()
	if head == r.tail.Load() {
		return false
	}
	var h [tapHead]byte
	r.copyOut(h[:], head)
	n := int(binary.LittleEndian.Uint16(h[0:]))
	if cap(f.Payload) < n {
		f.Payload = make([]byte, n)
	}
	f.Payload = f.Payload[:n]
	r.copyOut(f.Payload, head+tapHead)
	f.Law = Law(h[2])
	f.Gap, f.Restart = h[3]&flagGap != 0, h[3]&flagRestart != 0
	f.RTP = binary.LittleEndian.Uint32(h[4:])
	f.At = time.Unix(0, int64(binary.LittleEndian.Uint64(h[8:]))).UTC()
	r.head.Store(head + uint64(tapHead+n))
	return true
}
