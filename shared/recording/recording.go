// Package recording is the sealed form of a recorded conversation and its index.
// It decides how audio is encrypted, bound to its contact and found again, and
// what counts as complete. When to record, and moving the bytes, is left to
// mediarelay/recorder; who may listen is left to the desk.
//
// A sealed recording is a header and frames. Each frame is one stretch of at
// most two seconds of stereo G.711, sealed by AES-256-GCM under a key of this
// recording alone. The key is random, is wrapped by a data key of the tenant,
// and stands only in the index item: deleting that item erases the recording.
package recording

import (
	"encoding/binary"
	"strconv"

	"huawu/shared/fault"
)

// Rate is the number of samples per second and channel.
const Rate = 8000

// MaxSamples is the longest stretch of one segment: two seconds. It bounds what
// a kill may lose, and with MaxChannels the size of a frame.
const MaxSamples = 2 * Rate

// MaxChannels is the most channels that one recording has.
const MaxChannels = 4

// MaxFrame is the most plaintext bytes of one frame.
const MaxFrame = 64 << 10

// The laws of G.711, numbered as RTP payload types (RFC 3551 §6).
const (
	PCMU = 0
	PCMA = 8
)

// ErrTampered is returned for bytes that this recording's key did not seal in
// this place: changed, moved, foreign or surplus.
var ErrTampered = fault.New(fault.Invalid, "recording: not authentic")

// ErrTorn is returned after the last whole frame of a recording that has no
// final one. All that was read before it is authentic; more may be missing.
var ErrTorn = fault.New(fault.Invalid, "recording: ends without its final frame")

// Subject is what a recording belongs to. Its key opens for no other.
type Subject struct {
	Tenant  string
	Contact string // contact.ID
	Segment int    // 0 for the first recording of the contact
}

// String returns "tenant/contact/segment", for logs and errors.
func (s Subject) String() string {
	return s.Tenant + "/" + s.Contact + "/" + strconv.Itoa(s.Segment)
}

// bind returns the subject in a form in which no two subjects are alike.
func (s Subject) bind() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(s.Tenant)))
	b = append(b, s.Tenant...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Contact)))
	b = append(b, s.Contact...)
	return binary.BigEndian.AppendUint64(b, uint64(s.Segment))
}

// Flag marks what is special about a segment. Flags are sealed with the audio.
type Flag uint8

// The flags.
const (
	Paused Flag = 1 << iota // recording was paused: silence on purpose
	Gap                     // audio between the segment before and this one is missing
	Lost                    // within this segment packets were dropped on our side
	Torn                    // the writer died: this end was set at recovery
)

// Segment is one stretch of all channels.
type Segment struct {
	Start    int64 // first sample's place, in samples since Header.Started
	Samples  int   // per channel, 0 to MaxSamples
	Flags    Flag
	Channels []Channel // as many as the header says
}

// End is the place of the sample after the last.
func (s Segment) End() int64 { return s.Start + int64(s.Samples) }

// Channel is one party's part of a segment.
type Channel struct {
	Law  uint8  // PCMU or PCMA; it may change during a call
	Data []byte // one byte per sample; nil is silence
}

// The form of a segment inside a frame, big endian:
//
//	start u64 · samples u32 · flags u8 · channels × (law u8 · present u8 · data)
const segmentHead = 8 + 4 + 1

// appendSegment adds the plaintext form of s to dst.
func appendSegment(dst []byte, s Segment) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Start))
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.Samples))
	dst = append(dst, byte(s.Flags))
	for _, c := range s.Channels {
		if c.Data == nil {
			dst = append(dst, c.Law, 0)
			continue
		}
		dst = append(dst, c.Law, 1)
		dst = append(dst, c.Data...)
	}
	return dst
}

// parseSegment reads what appendSegment wrote. The data shares memory with b.
func parseSegment(b []byte, channels int) (Segment, error) {
	bad := func(what string) (Segment, error) {
		return Segment{}, fault.Wrap(fault.Invalid, ErrTampered, "segment: %s", what)
	}
	if len(b) < segmentHead {
		return bad("too short")
	}
	s := Segment{
		Start:    int64(binary.BigEndian.Uint64(b)),
		Samples:  int(binary.BigEndian.Uint32(b[8:])),
		Flags:    Flag(b[12]),
		Channels: make([]Channel, channels),
	}
	if s.Start < 0 || s.Samples > MaxSamples {
		return bad("out of range")
	}
	b = b[segmentHead:]
	for i := range s.Channels {
		if len(b) < 2 {
			return bad("channel missing")
		}
		law, present := b[0], b[1]
		b = b[2:]
		if law != PCMU && law != PCMA || present > 1 {
			return bad("unknown law")
		}
		s.Channels[i].Law = law
		if present == 0 {
			continue
		}
		if len(b) < s.Samples {
			return bad("audio missing")
		}
		s.Channels[i].Data, b = b[:s.Samples:s.Samples], b[s.Samples:]
	}
	if len(b) != 0 {
		return bad("surplus bytes")
	}
	return s, nil
}
