package relaytest

import (
	"math"
	"time"
)

// Find returns when a part of a known clip begins in what was heard (8 kHz both),
// or false if it is not there. The part is the clip's loudest second, as shorter
// ones recur in synthesized speech; it is found by correlation, so loudness and
// law do not matter.
func Find(heard, clip []int16) (time.Duration, bool) {
	n := min(8000, len(clip))
	if n < 800 || len(heard) < n {
		return 0, false
	}
	from := loudest(clip, n)
	part := clip[from : from+n]
	at, best := 0, 0.0
	for i := 0; i+n <= len(heard); i++ {
		if c := correlation(part[:n/4], heard[i:i+n/4], 5); c > 0.6 {
			if c = correlation(part, heard[i:i+n], 1); c > best {
				at, best = i, c
			}
		}
	}
	return time.Duration(at-from) * time.Second / 8000, best > 0.8
}

// loudest returns where the loudest n samples begin, to a quarter of n.
func loudest(clip []int16, n int) int {
	from, most := 0, 0.0
	for i := 0; i+n <= len(clip); i += n / 4 {
		if l := Loudness(clip[i : i+n]); l > most {
			from, most = i, l
		}
	}
	return from
}

// correlation is that of two pieces of one length, over every step-th sample.
func correlation(a, b []int16, step int) float64 {
	var ab, aa, bb float64
	for i := 0; i < len(a); i += step {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
