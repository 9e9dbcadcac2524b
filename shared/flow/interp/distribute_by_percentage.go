package interp

import "strconv"

// distributeByPercentage is DistributeByPercentage: it draws a number from 1
// to 100 and holds it against a chain of NumberLessThan. What a contact draws
// follows from its id, so that a step that is made twice takes the same way.
// Source: Amazon Connect flow language, "DistributeByPercentage".
type distributeByPercentage struct{}

func (a *distributeByPercentage) execute(r *run) result {
	r.s.Draws++
	return r.value(strconv.Itoa(int(draw(r.s.Seed, r.s.Draws)%100) + 1))
}

// draw returns the n-th random number of a seed. Source: SplitMix64 (Steele,
// Lea, Flood 2014), with its constants.
func draw(seed, n uint32) uint64 {
	z := uint64(seed)<<32 | uint64(seed)
	z += uint64(n) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
