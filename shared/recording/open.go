package recording

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"

	"huawu/shared/fault"
)

// Reader opens a sealed recording from its first byte. What it returns is
// authentic and in its place; it never returns audio it has not checked.
type Reader struct {
	src      io.Reader
	header   Header
	box      box
	end      int64
	offset   int64 // bytes of header and whole authentic frames read
	flags    Flag
	complete bool
	failed   error
	buf      []byte
}

// NewReader reads the header and checks that k is this recording's key and s
// its subject, else ErrTampered. A source that ends inside the header is
// ErrTorn.
func NewReader(src io.Reader, k Key, s Subject) (*Reader, error) {
	head := make([]byte, HeaderSize)
	if _, err := io.ReadFull(src, head); err != nil {
		return nil, short(err, "header")
	}
	h, salt, commit, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	seal, want, err := derive(k, salt, s)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(commit, want) != 1 {
		return nil, fault.Wrap(fault.Invalid, ErrTampered, "header: key or contact does not match")
	}
	b, err := newBox(seal, head)
	if err != nil {
		return nil, err
	}
	return &Reader{src: src, header: h, box: b, offset: HeaderSize}, nil
}

// Header returns the checked header. It is authentic once one segment was read.
func (r *Reader) Header() Header { return r.header }

// Next returns the next segment, whose data lasts until the next call. After
// the final one it returns io.EOF. ErrTorn means that the source ended
// earlier, ErrTampered that the bytes are not what was sealed; both stay.
func (r *Reader) Next() (Segment, error) {
	if r.failed != nil {
		return Segment{}, r.failed
	}
	s, err := r.next()
	if err != nil {
		r.failed = err
		return Segment{}, err
	}
	return s, nil
}

func (r *Reader) next() (Segment, error) {
	var head [frameHead]byte
	n, err := io.ReadFull(r.src, head[:])
	if r.complete {
		if n > 0 {
			return Segment{}, fault.Wrap(fault.Invalid, ErrTampered, "bytes after the final frame")
		}
		if errors.Is(err, io.EOF) {
			return Segment{}, io.EOF
		}
	}
	if err != nil {
		return Segment{}, short(err, "frame head")
	}
	size := int(binary.BigEndian.Uint32(head[:]) & 0xffffff)
	kind := head[0]
	if size < segmentHead+tagSize || size > maxSealed || kind != kindMore && kind != kindFinal && kind != kindRecovered {
		return Segment{}, fault.Wrap(fault.Invalid, ErrTampered, "frame head")
	}
	if cap(r.buf) < size {
		r.buf = make([]byte, maxSealed)
	}
	if _, err := io.ReadFull(r.src, r.buf[:size]); err != nil {
		return Segment{}, short(err, "frame")
	}
	nonce, data := r.box.bind(head)
	plain, err := r.box.aead.Open(r.buf[:0], nonce[:], r.buf[:size], data[:])
	if err != nil {
		return Segment{}, fault.Wrap(fault.Invalid, ErrTampered, "frame %d", r.box.next)
	}
	s, err := parseSegment(plain, r.header.Channels)
	if err != nil {
		return Segment{}, err
	}
	if s.Start < r.end {
		return Segment{}, fault.Wrap(fault.Invalid, ErrTampered, "frame %d goes back in time", r.box.next)
	}
	r.box.next++
	r.end = s.End()
	r.offset += int64(frameHead + size)
	r.flags |= s.Flags
	r.complete = kind != kindMore
	return s, nil
}

// Complete reports whether the final frame was read.
func (r *Reader) Complete() bool { return r.complete }

// Samples returns the place up to which segments were read.
func (r *Reader) Samples() int64 { return r.end }

// Offset returns how many bytes the header and the segments read so far take.
func (r *Reader) Offset() int64 { return r.offset }

// Flags returns the flags of all segments read so far.
func (r *Reader) Flags() Flag { return r.flags }

// SealEnd appends the final frame of a torn recording to dst: it ends after the
// last segment read and is flagged Torn. The frame must be stored at Offset,
// over whatever stands there.
func (r *Reader) SealEnd(dst []byte) ([]byte, error) {
	if r.complete || !errors.Is(r.failed, ErrTorn) {
		return dst, fault.New(fault.Invalid, "recording: not torn")
	}
	w := Sealer{box: r.box, channels: r.header.Channels, end: r.end}
	s := Segment{Start: r.end, Flags: Torn, Channels: make([]Channel, r.header.Channels)}
	return w.seal(dst, s, kindRecovered)
}

// short tells a source that ended from one that failed.
func short(err error, step string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Wrap(fault.Invalid, ErrTorn, "%s", step)
	}
	return fault.Wrap(fault.Unavailable, err, "recording: read %s", step)
}
