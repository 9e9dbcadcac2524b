package recording

import (
	"bytes"
	"encoding/binary"
	"time"

	"huawu/shared/fault"
)

// Header opens a sealed recording. It is readable without a key and holds
// nothing secret: not whose it is, and no digest of the audio.
type Header struct {
	Started  time.Time // place 0, UTC, whole milliseconds
	Channels int       // 1 to MaxChannels; by custom 0 is the customer, 1 the agent
}

// HeaderSize is the size of a header in bytes.
const HeaderSize = 4 + 4 + 8 + saltSize + commitSize

const (
	saltSize   = 32
	commitSize = 32
	magic      = "HWR\x01" // the last byte is the version
)

// The form of a header, big endian:
//
//	magic 4 · channels u8 · 0 u8 · rate u16 · started ms i64 · salt 32 · commitment 32
func appendHeader(dst []byte, h Header, salt, commit []byte) []byte {
	dst = append(dst, magic...)
	dst = append(dst, byte(h.Channels), 0)
	dst = binary.BigEndian.AppendUint16(dst, Rate)
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.Started.UnixMilli()))
	dst = append(dst, salt...)
	return append(dst, commit...)
}

// ParseHeader reads a header without checking it: only opening with the key
// tells whether it is authentic.
func ParseHeader(b []byte) (Header, error) {
	h, _, _, err := parseHeader(b)
	return h, err
}

func parseHeader(b []byte) (h Header, salt, commit []byte, err error) {
	bad := func(what string) (Header, []byte, []byte, error) {
		return Header{}, nil, nil, fault.Wrap(fault.Invalid, ErrTampered, "header: %s", what)
	}
	if len(b) < HeaderSize {
		return bad("too short")
	}
	if !bytes.Equal(b[:4], []byte(magic)) {
		return bad("unknown format or version")
	}
	h.Channels = int(b[4])
	if h.Channels < 1 || h.Channels > MaxChannels || b[5] != 0 {
		return bad("channels")
	}
	if binary.BigEndian.Uint16(b[6:]) != Rate {
		return bad("sample rate")
	}
	h.Started = time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))).UTC()
	return h, b[16 : 16+saltSize], b[16+saltSize : HeaderSize], nil
}
