package peers

import (
	"fmt"
	"slices"
)

// Ear tells what one phone heard, in order: what was found once lies behind it,
// so that nothing is found twice. A check looks at what has come since, and is
// asked again until it returns nil.
type Ear struct {
	hear func() Audio
	at   int // first sample that may be looked at
}

// NewEar returns an ear that begins now.
func NewEar(b *Baresip) *Ear { return NewEarOf(b.Heard) }

// NewEarOf returns an ear for whatever tells all that it has heard.
func NewEarOf(hear func() Audio) *Ear {
	e := &Ear{hear: hear}
	e.Skip()
	return e
}

// Skip passes over what has come so far.
func (e *Ear) Skip() { e.at = len(e.hear()) }

// part is a short piece of a clip by which the clip is known.
type part struct {
	pcm  Audio
	from int // in the clip
	done int // so far was looked at
	hits []int
}

const (
	partLength = rate * 3 / 10
	partSpan   = 3 * rate // a clip is known by its first seconds: a caller may not hear the rest
	sameClip   = rate / 4 // parts that lie further off were not of one playing
)

// parts returns the loudest 300 ms of each quarter of a clip's beginning.
func (a Audio) parts() []*part {
	a = a[:min(len(a), partSpan)]
	quarter := len(a) / 4
	if quarter < partLength {
		return []*part{{pcm: a}}
	}
	var all []*part
	for q := range 4 {
		best := &part{}
		for i := q * quarter; i+partLength <= (q+1)*quarter; i += partLength / 8 {
			if p := a[i : i+partLength]; best.pcm == nil || p.Level() > best.pcm.Level() {
				best = &part{pcm: p, from: i}
			}
		}
		all = append(all, best)
	}
	return all
}

// look finds where the part lies in what is new of heard, beginning at from.
func (p *part) look(heard Audio, from int) {
	n := len(p.pcm)
	for i := max(from, p.done); i+n <= len(heard); i++ {
		p.done = i + 1
		if coarse(p.pcm, heard[i:i+n]) < 0.6 || correlation(p.pcm, heard[i:i+n]) < 0.8 {
			continue
		}
		if k := len(p.hits); k == 0 || i-p.hits[k-1] > 80 { // not the same place once more
			p.hits = append(p.hits, i)
		}
	}
}

// Clip returns a check that a clip was heard: at least half of its parts, in
// their distances. So neither a lost packet nor a word in common with another
// clip misleads it.
func (e *Ear) Clip(clip Audio) func() error {
	parts := clip.parts()
	from := e.at
	return func() error {
		heard := e.hear()
		var starts []int
		for _, p := range parts {
			p.look(heard, from)
			for _, hit := range p.hits {
				starts = append(starts, hit-p.from)
			}
		}
		for _, start := range starts {
			found, end := 0, 0
			for _, p := range parts {
				if i := slices.IndexFunc(p.hits, func(hit int) bool { return abs(hit-p.from-start) < sameClip }); i >= 0 {
					found, end = found+1, max(end, p.hits[i]+len(p.pcm))
				}
			}
			if 2*found >= len(parts) {
				e.at = end
				return nil
			}
		}
		return fmt.Errorf("not in the %.1f s since; level %.0f", float64(len(heard)-from)/rate, heard[min(from, len(heard)):].Level())
	}
}

// Tone returns a check that a tone was the loudest thing for half a second.
func (e *Ear) Tone(hz float64) func() error {
	return e.run(func(a Audio) bool { return a.Level() > 300 && a.Share(hz) > 0.6 })
}

// Tones returns a check that for half a second these tones were heard at once,
// each loud enough and nothing besides.
func (e *Ear) Tones(hz ...float64) func() error {
	return e.run(func(a Audio) bool {
		sum := 0.0
		for _, f := range hz {
			share := a.Share(f)
			if share < 0.5/float64(len(hz)) {
				return false
			}
			sum += share
		}
		return a.Level() > 300 && sum > 0.75
	})
}

// Silence returns a check that for half a second there was nothing to be heard.
func (e *Ear) Silence() func() error {
	return e.run(func(a Audio) bool { return a.Level() < 60 })
}

// run checks that five pieces of 100 ms in a row are as wanted.
func (e *Ear) run(wanted func(Audio) bool) func() error {
	const piece, row = rate / 10, 5
	at, in, from := e.at, 0, e.at
	return func() error {
		heard := e.hear()
		for ; at+piece <= len(heard); at += piece {
			if !wanted(heard[at : at+piece]) {
				in = 0
				continue
			}
			if in++; in == row {
				e.at = at + piece
				return nil
			}
		}
		return fmt.Errorf("not in the %.1f s since; level %.0f", float64(len(heard)-from)/rate, heard[min(from, len(heard)):].Level())
	}
}

func abs(n int) int { return max(n, -n) }
