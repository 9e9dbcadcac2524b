package main

import (
	"math"

	"huawu/shared/speech"
)

// The music while one waits: a bar of four chords, broken into quarter notes under a slow
// melody, at 80 beats a minute. It is our own, so that nobody owes royalties,
// stays between 200 and 1,400 Hz, where a telephone sounds best, and ends where
// it begins, so that it loops without a step.
var (
	chords = [][4]float64{ // Hz: C, A minor, F, G
		{261.63, 329.63, 392.00, 523.25},
		{220.00, 261.63, 329.63, 440.00},
		{349.23, 440.00, 523.25, 698.46},
		{392.00, 493.88, 587.33, 783.99},
	}
	melody = []float64{
		659.25, 783.99, 1046.50, 783.99, 880.00, 659.25, 1046.50, 880.00,
		1046.50, 880.00, 698.46, 880.00, 987.77, 783.99, 1174.66, 987.77,
	}
)

const beat = speech.Rate * 3 / 4 // samples of a quarter note

// music returns one round, about 12 s, with every note at pitch times its height:
// the queue's is as written, the hold music a fourth lower, so that a caller
// (and a test) can tell them apart.
func music(pitch float64) []int16 {
	mix := make([]float64, len(melody)*beat)
	for i, hz := range melody {
		chord := chords[i/4]
		strike(mix, i*beat, pitch*hz, 0.30)
		strike(mix, i*beat, pitch*chord[i%4], 0.22)
		strike(mix, i*beat+beat/2, pitch*chord[(i+2)%4], 0.16)
		if i%4 == 0 {
			strike(mix, i*beat, pitch*chord[0], 0.2)
		}
	}
	pcm := make([]int16, len(mix))
	for i, x := range mix {
		pcm[i] = int16(12000 * math.Tanh(1.2*x))
	}
	return pcm
}

// strike adds a plucked note that fades over two beats, running on into the
// beginning so that a loop has no seam.
func strike(mix []float64, at int, hz, loudness float64) {
	for i := range 2 * beat {
		t := float64(i) / speech.Rate
		attack := min(1, t/0.008)
		fade := math.Exp(-3.2*t) * (1 - float64(i)/(2*beat))
		tone := math.Sin(2*math.Pi*hz*t) + 0.35*math.Sin(4*math.Pi*hz*t)*math.Exp(-4*t) + 0.12*math.Sin(6*math.Pi*hz*t)*math.Exp(-7*t)
		mix[(at+i)%len(mix)] += loudness * attack * fade * tone
	}
}
