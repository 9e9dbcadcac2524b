package media

import (
	"math"

	"huawu/mediarelay/media/g711"
)

// Frequencies of the digits' tones in hertz (ITU-T Q.23), and where each key of
// "0123456789*#ABCD" stands.
var (
	toneRows    = [4]float64{697, 770, 852, 941}
	toneColumns = [4]float64{1209, 1336, 1477, 1633}
	keyRow      = [16]uint8{3, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 0, 1, 2, 3}
	keyColumn   = [16]uint8{1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 3, 3, 3, 3}
	keyAt       = [4][4]byte{{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'}}
)

const (
	blockLen  = 102 // samples of a decision, 12.75 ms
	hitsOn    = 2   // blocks that agree make a digit: it lasts 25 ms at least
	missesOff = 2   // blocks without it end it
	// Thresholds are in the unit of power of a Goertzel filter over a block.
	leastPower = 4e8  // a tone of about −32 dBm0
	twist      = 6.3  // high group over low group: 8 dB
	backTwist  = 2.5  // low group over high group: 4 dB
	apart      = 6.3  // the best of a group over the others: 8 dB
	share      = 0.82 // of all power that the two tones must have: talk has more beside
)

// toneReader finds the tones of digits in speech. It is for parties that have no
// telephone-events.
type toneReader struct {
	coef   [8]float32 // 2·cos(2πf/8000)
	a, b   [8]float32 // filters
	energy float32
	n      int // samples of the block

	candidate byte
	hits      int
	current   byte // the digit that sounds
	misses    int
}

func newToneReader() *toneReader {
	t := &toneReader{}
	for i := range 4 {
		t.coef[i], t.coef[i+4] = coefficient(toneRows[i]), coefficient(toneColumns[i])
	}
	return t
}

// read takes a packet's codes and returns a digit when one begins.
func (t *toneReader) read(codes []byte, law Law) (digit byte) {
	for _, c := range codes {
		s := float32(g711.DecodeMu(c))
		if law == PCMA {
			s = float32(g711.DecodeA(c))
		}
		t.energy += s * s
		for i := range t.coef {
			q := t.coef[i]*t.a[i] - t.b[i] + s
			t.b[i], t.a[i] = t.a[i], q
		}
		if t.n++; t.n == blockLen {
			if d := t.decide(t.block()); d != 0 {
				digit = d
			}
			t.a, t.b, t.energy, t.n = [8]float32{}, [8]float32{}, 0, 0
		}
	}
	return digit
}

// block returns the digit of a whole block, or 0.
func (t *toneReader) block() byte {
	var power [8]float32
	for i, c := range t.coef {
		power[i] = t.a[i]*t.a[i] + t.b[i]*t.b[i] - c*t.a[i]*t.b[i]
	}
	row, low := best(power[:4])
	column, high := best(power[4:])
	switch {
	case row < 0 || column < 0, low < leastPower || high < leastPower, high > low*twist, low > high*backTwist:
		return 0
	// A pure tone of amplitude A has power A²N²/4 and adds A²N/2 to the energy.
	case low+high < share*t.energy*blockLen/2:
		return 0
	}
	return keyAt[row][column]
}

// best returns the strongest filter of a group if it is clear of the others.
func best(p []float32) (int, float32) {
	at := 0
	for i := range p {
		if p[i] > p[at] {
			at = i
		}
	}
	for i := range p {
		if i != at && p[i]*apart > p[at] {
			return -1, 0
		}
	}
	return at, p[at]
}

// decide follows blocks and returns a digit when it has begun for certain.
func (t *toneReader) decide(d byte) byte {
	if t.current != 0 {
		if d == t.current {
			t.misses = 0
			return 0
		}
		if t.misses++; t.misses < missesOff {
			return 0
		}
		t.current, t.misses, t.hits = 0, 0, 0
	}
	if d == 0 || d != t.candidate {
		t.candidate, t.hits = d, 0
	}
	if d == 0 {
		return 0
	}
	if t.hits++; t.hits < hitsOn {
		return 0
	}
	t.current = d
	return d
}

func coefficient(hertz float64) float32 { return float32(2 * math.Cos(2*math.Pi*hertz/8000)) }
