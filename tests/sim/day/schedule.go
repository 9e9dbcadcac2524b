package main

import "time"

// schedule is what will happen, the earliest first; of the same instant in the
// order in which it was added.
type schedule struct {
	heap  []timed
	order uint64
}

type timed struct {
	at    int64 // Unix nanoseconds
	order uint64
	do    func()
}

func (t timed) before(o timed) bool { return t.at < o.at || t.at == o.at && t.order < o.order }

func (s *schedule) add(at time.Time, do func()) {
	s.order++
	s.heap = append(s.heap, timed{at.UnixNano(), s.order, do})
	for n := len(s.heap) - 1; n > 0; {
		up := (n - 1) / 2
		if !s.heap[n].before(s.heap[up]) {
			return
		}
		s.heap[n], s.heap[up] = s.heap[up], s.heap[n]
		n = up
	}
}

// next returns what happens next, without taking it.
func (s *schedule) next() (at time.Time, do func(), ok bool) {
	if len(s.heap) == 0 {
		return time.Time{}, nil, false
	}
	return time.Unix(0, s.heap[0].at).UTC(), s.heap[0].do, true
}

// pop takes what happens next.
func (s *schedule) pop() {
	last := len(s.heap) - 1
	s.heap[0], s.heap[last] = s.heap[last], timed{}
	s.heap = s.heap[:last]
	for n := 0; ; {
		least := n
		for _, down := range [2]int{2*n + 1, 2*n + 2} {
			if down < last && s.heap[down].before(s.heap[least]) {
				least = down
			}
		}
		if least == n {
			return
		}
		s.heap[n], s.heap[least] = s.heap[least], s.heap[n]
		n = least
	}
}
