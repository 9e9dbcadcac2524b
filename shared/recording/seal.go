package recording

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"huawu/shared/fault"
)

// A frame is a head of four bytes (kind, and the length of what follows) and a
// sealed segment. Kind, number, length and the header's hash are additional
// data; kind and number are the nonce. So a frame opens in its own place only.
const (
	frameHead = 4
	tagSize   = 16
	maxSealed = MaxFrame + tagSize
)

// The kinds of frames. A recovered end has a kind of its own, so that no nonce
// is used twice where the writer died while it wrote its own end.
const (
	kindMore      = 0
	kindFinal     = 1
	kindRecovered = 3
)

// TailSize is the size of a sealed recording's last bytes that its index item
// keeps: the authentication tag of the final frame.
const TailSize = tagSize

// Sealer seals segments in order. It keeps no audio.
type Sealer struct {
	box      box
	channels int
	end      int64 // where the last segment ended
	closed   bool
	plain    []byte // reused, wiped by each Seal
}

// box seals and opens frames of one file.
type box struct {
	aead cipher.AEAD
	hash [sha256.Size]byte // of the header
	next uint64            // number of the next frame
}

// NewSealer returns a sealer for a new recording and its header, which goes
// before the frames. The salt is from random.
func NewSealer(k Key, s Subject, h Header, random io.Reader) (*Sealer, []byte, error) {
	if h.Channels < 1 || h.Channels > MaxChannels {
		return nil, nil, fault.New(fault.Invalid, "recording: %d channels", h.Channels)
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "recording: salt")
	}
	seal, commit, err := derive(k, salt, s)
	if err != nil {
		return nil, nil, err
	}
	head := appendHeader(nil, h, salt, commit)
	b, err := newBox(seal, head)
	if err != nil {
		return nil, nil, err
	}
	return &Sealer{box: b, channels: h.Channels}, head, nil
}

func newBox(seal, header []byte) (box, error) {
	aead, err := newGCM(seal)
	if err != nil {
		return box{}, err
	}
	return box{aead: aead, hash: sha256.Sum256(header)}, nil
}

// Seal appends the frame of segment s to dst; final ends the recording. A
// segment must not begin before the last one's end. Each frame returned must
// be stored, in order: there is no way back, since a nonce serves once.
func (w *Sealer) Seal(dst []byte, s Segment, final bool) ([]byte, error) {
	kind := byte(kindMore)
	if final {
		kind = kindFinal
	}
	return w.seal(dst, s, kind)
}

func (w *Sealer) seal(dst []byte, s Segment, kind byte) ([]byte, error) {
	if err := w.check(s); err != nil {
		return dst, err
	}
	w.plain = appendSegment(w.plain[:0], s)
	if len(w.plain) > MaxFrame {
		return dst, fault.New(fault.Invalid, "recording: segment of %d bytes", len(w.plain))
	}
	n := len(w.plain) + tagSize
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, uint32(kind)<<24|uint32(n))
	var head [frameHead]byte
	copy(head[:], dst[at:])
	nonce, data := w.box.bind(head)
	dst = w.box.aead.Seal(dst, nonce[:], w.plain, data[:])
	clear(w.plain)
	w.box.next++
	w.end = s.End()
	w.closed = kind != kindMore
	return dst, nil
}

func (w *Sealer) check(s Segment) error {
	switch {
	case w.closed:
		return fault.New(fault.Invalid, "recording: sealed after its end")
	case s.Start < w.end:
		return fault.New(fault.Invalid, "recording: segment at %d begins before %d", s.Start, w.end)
	case s.Samples < 0 || s.Samples > MaxSamples:
		return fault.New(fault.Invalid, "recording: segment of %d samples", s.Samples)
	case len(s.Channels) != w.channels:
		return fault.New(fault.Invalid, "recording: segment of %d channels", len(s.Channels))
	}
	for _, c := range s.Channels {
		if c.Law != PCMU && c.Law != PCMA {
			return fault.New(fault.Invalid, "recording: unknown law %d", c.Law)
		}
		if c.Data != nil && len(c.Data) != s.Samples {
			return fault.New(fault.Invalid, "recording: channel of %d bytes, want %d", len(c.Data), s.Samples)
		}
	}
	return nil
}

// bind returns nonce and additional data of the next frame with this head.
func (b *box) bind(head [frameHead]byte) (nonce [12]byte, data [sha256.Size + 8 + frameHead]byte) {
	nonce[0] = head[0]
	binary.BigEndian.PutUint64(nonce[4:], b.next)
	copy(data[:], b.hash[:])
	binary.BigEndian.PutUint64(data[sha256.Size:], b.next)
	copy(data[sha256.Size+8:], head[:])
	return nonce, data
}
