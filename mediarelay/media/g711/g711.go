// Package g711 converts telephone audio: μ-law (PCMU) and A-law (PCMA) to and
// from 16-bit linear samples at 8 kHz, and one law to the other. It is pure: it
// decides nothing about packets, frames or which law a call uses.
// Source: ITU-T G.711 and the reference code of ITU-T G.191.
package g711

// The tables are filled once when the program starts and never written again.
// An encoder's index is the upper bits of a sample, which is all that the
// formula looks at.
var (
	muDecode     = decodeTable(muExpand)
	aDecode      = decodeTable(aExpand)
	muEncode     = muTable()
	aEncode      = aTable()
	muToA, aToMu = lawTables()
)

// Silence is the code of a zero sample.
const (
	MuSilence = 0xFF
	ASilence  = 0xD5
)

// DecodeMu returns the linear sample of a μ-law code.
func DecodeMu(c byte) int16 { return muDecode[c] }

// DecodeA returns the linear sample of an A-law code.
func DecodeA(c byte) int16 { return aDecode[c] }

// EncodeMu returns the μ-law code of a linear sample.
func EncodeMu(s int16) byte { return muEncode[uint16(s)>>2] }

// EncodeA returns the A-law code of a linear sample.
func EncodeA(s int16) byte { return aEncode[uint16(s)>>4] }

// MuToA changes μ-law codes to A-law codes in place.
func MuToA(b []byte) {
	for i, c := range b {
		b[i] = muToA[c]
	}
}

// AToMu changes A-law codes to μ-law codes in place.
func AToMu(b []byte) {
	for i, c := range b {
		b[i] = aToMu[c]
	}
}

// DecodeMuTo appends the samples of μ-law codes to dst.
func DecodeMuTo(dst []int16, b []byte) []int16 {
	for _, c := range b {
		dst = append(dst, muDecode[c])
	}
	return dst
}

// DecodeATo appends the samples of A-law codes to dst.
func DecodeATo(dst []int16, b []byte) []int16 {
	for _, c := range b {
		dst = append(dst, aDecode[c])
	}
	return dst
}

// EncodeMuTo appends the μ-law codes of samples to dst.
func EncodeMuTo(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		dst = append(dst, EncodeMu(s))
	}
	return dst
}

// EncodeATo appends the A-law codes of samples to dst.
func EncodeATo(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		dst = append(dst, EncodeA(s))
	}
	return dst
}

func decodeTable(expand func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = expand(byte(i))
	}
	return t
}

func muTable() (t [1 << 14]byte) {
	for i := range t {
		t[i] = muCompress(int16(uint16(i << 2)))
	}
	return t
}

func aTable() (t [1 << 12]byte) {
	for i := range t {
		t[i] = aCompress(int16(uint16(i << 4)))
	}
	return t
}

func lawTables() (toA, toMu [256]byte) {
	for i := range toA {
		toA[i] = aCompress(muExpand(byte(i)))
		toMu[i] = muCompress(aExpand(byte(i)))
	}
	return toA, toMu
}

// muCompress is ulaw_compress of G.191: one's complement for negative samples,
// a bias of 33 in 14-bit units, then segment and mantissa, all bits inverted.
func muCompress(s int16) byte {
	v := int(s)
	if s < 0 {
		v = ^v
	}
	v = min(v>>2+33, 0x1FFF)
	seg := 1
	for i := v >> 6; i != 0; i >>= 1 {
		seg++
	}
	c := byte(8-seg)<<4 | byte(0xF-(v>>seg)&0xF)
	if s >= 0 {
		c |= 0x80
	}
	return c
}

// muExpand is ulaw_expand of G.191.
func muExpand(c byte) int16 {
	m := ^c
	exp := m >> 4 & 7
	step := 4 << (exp + 1)
	v := 0x80<<exp + step*int(m&0xF) + step/2 - 4*33
	if c < 0x80 {
		v = -v
	}
	return int16(v)
}

// aCompress is alaw_compress of G.191: every second bit is inverted.
func aCompress(s int16) byte {
	v := int(s)
	if s < 0 {
		v = ^v
	}
	v >>= 4
	if v > 15 {
		exp := 1
		for v > 16+15 {
			v >>= 1
			exp++
		}
		v = v - 16 + exp<<4
	}
	if s >= 0 {
		v |= 0x80
	}
	return byte(v) ^ 0x55
}

// aExpand is alaw_expand of G.191.
func aExpand(c byte) int16 {
	x := c ^ 0x55
	exp, m := x>>4&7, int(x&0xF)
	if exp > 0 {
		m += 16
	}
	m = m<<4 + 8
	if exp > 1 {
		m <<= exp - 1
	}
	if x < 0x80 {
		m = -m
	}
	return int16(m)
}
