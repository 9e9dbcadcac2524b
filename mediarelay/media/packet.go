package media

import "encoding/binary"

const (
	headLen    = 12  // RTP header without contributing sources or extension
	maxPayload = 960 // 120 ms
)

// packet is one received RTP packet. Its payload lies in the receive buffer
// with room for a plain header before it, so it is sent on in place.
type packet struct {
	b        []byte // from headLen before the payload to its end
	kind     kind
	pt       uint8
	marker   bool
	seq      uint16
	ts, ssrc uint32
}

// kind is what a payload type means on a leg.
type kind uint8

const (
	unknown kind = iota
	muAudio      // PCMU
	aAudio       // PCMA
	digit        // telephone-event, RFC 4733
	comfort      // comfort noise, RFC 3389
)

func (k *packet) payload() []byte { return k.b[headLen:] }

func (k *packet) audio() bool { return k.kind == muAudio || k.kind == aAudio }

func (k *packet) law() Law {
	if k.kind == aAudio {
		return PCMA
	}
	return PCMU
}

// parse reads a datagram and reports whether it is RTP (RFC 3550 §5.1).
func (k *packet) parse(b []byte) bool {
	if len(b) < headLen || b[0]>>6 != 2 {
		return false
	}
	at, end := headLen+4*int(b[0]&0x0F), len(b)
	if b[0]&0x10 != 0 { // extension
		if at+4 > end {
			return false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	if b[0]&0x20 != 0 { // padding, counted by its last octet
		pad := int(b[end-1])
		if pad == 0 {
			return false
		}
		end -= pad
	}
	if at > end || end-at > maxPayload {
		return false
	}
	k.pt, k.marker = b[1]&0x7F, b[1]&0x80 != 0
	k.seq = binary.BigEndian.Uint16(b[2:])
	k.ts = binary.BigEndian.Uint32(b[4:])
	k.ssrc = binary.BigEndian.Uint32(b[8:])
	k.b = b[at-headLen : end]
	return true
}

// isRTCP tells RTCP from RTP on one port (RFC 5761 §4).
func isRTCP(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// putHead writes a plain RTP header.
func putHead(b []byte, pt uint8, marker bool, seq uint16, ts, ssrc uint32) {
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
}
