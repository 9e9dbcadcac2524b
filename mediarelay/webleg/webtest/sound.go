package webtest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"huawu/mediarelay/media/g711"
)

// Mouth is a microphone: a webrtc.TrackLocal that sends a tone, and digits with
// the payload type of telephone-event.
type Mouth struct {
	mu    sync.Mutex
	out   webrtc.TrackLocalWriter
	ssrc  uint32
	pt    uint8
	seq   uint16
	ts    uint32
	hertz float64
	at    int
	off   bool
	stop  chan struct{}
	done  sync.WaitGroup
}

func newMouth(hertz float64) *Mouth {
	m := &Mouth{hertz: hertz, stop: make(chan struct{}), seq: uint16(rand.Uint32()), ts: rand.Uint32()}
	m.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.frame()
			case <-m.stop:
				return
			}
		}
	})
	return m
}

func (m *Mouth) close() {
	close(m.stop)
	m.done.Wait()
}

// Bind begins to send. It is called by webrtc.
func (m *Mouth) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	codec := c.CodecParameters()[0]
	m.out, m.ssrc, m.pt = c.WriteStream(), uint32(c.SSRC()), uint8(codec.PayloadType)
	return codec, nil
}

// Unbind ends that.
func (m *Mouth) Unbind(webrtc.TrackLocalContext) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out = nil
	return nil
}

// ID names the track.
func (m *Mouth) ID() string { return "audio" }

// RID is empty: there is one layer.
func (m *Mouth) RID() string { return "" }

// StreamID names the stream.
func (m *Mouth) StreamID() string { return "mic" }

// Kind is audio.
func (m *Mouth) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }

func (m *Mouth) frame() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out == nil || m.off {
		return
	}
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*m.hertz*float64(m.at+i)/8000))
	}
	m.at += 160
	payload := g711.EncodeMuTo(nil, pcm)
	if m.pt == 8 {
		payload = g711.EncodeATo(nil, pcm)
	}
	m.put(m.pt, m.ts, payload)
	m.ts += 160
}

func (m *Mouth) put(pt uint8, ts uint32, payload []byte) {
	b := make([]byte, 12, 200)
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], m.seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], m.ssrc)
	m.seq++
	_, _ = m.out.Write(append(b, payload...))
}

// Press sends one digit.
func (m *Mouth) Press(digit byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ts := m.ts
	for i := 1; i <= 8; i++ {
		end := byte(10)
		if i > 5 {
			end |= 0x80
		}
		m.put(126, ts, []byte{digit, end, byte(i * 160 >> 8), byte(i * 160)})
	}
	m.ts += 1280
}

// Ear keeps what the browser hears.
type Ear struct {
	mu  sync.Mutex
	pcm []int16
	n   int
}

func (e *Ear) listen(r *webrtc.TrackRemote) {
	for {
		pkt, _, err := r.ReadRTP()
		if err != nil {
			return
		}
		switch pkt.PayloadType {
		case 0:
			e.Add(g711.DecodeMuTo(nil, pkt.Payload))
		case 8:
			e.Add(g711.DecodeATo(nil, pkt.Payload))
		}
	}
}

// memory is how many samples an ear keeps at least.
const memory = 5 * 60 * 8000

// Add takes what was heard; at most ten minutes are kept.
func (e *Ear) Add(pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = append(e.pcm, pcm...)
	e.n++
	if n := len(e.pcm); n > 2*memory {
		e.pcm = slices.Clone(e.pcm[n-memory:])
	}
}

// Hears reports whether the last 0.2 s are a tone.
func (e *Ear) Hears(hertz float64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.pcm)
	return n >= 1600 && strength(e.pcm[n-1600:], hertz) > 5000
}

// All is what was heard since Clear, or its last ten minutes.
func (e *Ear) All() []int16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.pcm)
}

// Heard is how many packets of sound came.
func (e *Ear) Heard() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n
}

// Clear forgets what was heard.
func (e *Ear) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = nil
}

// strength is the amplitude of a frequency in pcm, by a Goertzel filter.
func strength(pcm []int16, hertz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hertz/8000)
	var a, b float64
	for _, s := range pcm {
		a, b = c*a-b+float64(s), a
	}
	return 2 * math.Sqrt(math.Max(0, a*a+b*b-c*a*b)) / float64(len(pcm))
}
