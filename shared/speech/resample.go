package speech

import "math"

// taps is the half-width of the low-pass filter, in input samples at the lower rate.
const taps = 16

// Resample converts samples from one rate to another by a Hann-windowed sinc
// filter, cutting what the lower rate cannot carry. Rates are in samples per
// second and positive; equal rates return the samples as they are.
func Resample(in []int16, from, to int) []int16 {
	if from == to || len(in) == 0 {
		return in
	}
	ratio := float64(from) / float64(to)
	cutoff := min(1, 1/ratio) * 0.94 // of the input's Nyquist frequency; leaves room for the filter's slope
	half := taps / cutoff
	out := make([]int16, int(float64(len(in))/ratio))
	for i := range out {
		centre := float64(i) * ratio
		out[i] = clip(filterAt(in, centre, cutoff, half))
	}
	return out
}

// filterAt is the filter's output at a position between input samples.
func filterAt(in []int16, centre, cutoff, half float64) float64 {
	sum, weight := 0.0, 0.0
	for j := max(0, int(math.Ceil(centre-half))); j <= min(len(in)-1, int(centre+half)); j++ {
		x := float64(j) - centre
		w := 0.5 + 0.5*math.Cos(math.Pi*x/half)
		if x != 0 {
			w *= math.Sin(math.Pi*x*cutoff) / (math.Pi * x * cutoff)
		}
		sum += w * float64(in[j])
		weight += w
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

func clip(x float64) int16 {
	return int16(math.Round(max(math.MinInt16, min(math.MaxInt16, x))))
}
