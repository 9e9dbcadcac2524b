package acd

import "time"

const (
	// enoughServed is how many contacts make a mean.
	enoughServed = 5
	// leastVary is how much is taken to vary at least: a few that were alike may be
	// by chance.
	leastVary = 0.1
)

// Served sums how contacts that waited were served: what a pace is made of. The
// zero value has seen nobody.
type Served struct {
	handled, left int
	bound, waited time.Duration // agents by the handled; all, until they were or gave up
	squares       float64       // of bound, in seconds
}

// Handled counts one who got an agent after a wait, and how long that bound the agent.
func (s *Served) Handled(waited, bound time.Duration) {
	s.handled++
	s.waited += waited
	s.bound += bound
	s.squares += bound.Seconds() * bound.Seconds()
}

// GaveUp counts one who waited and did not want to any longer.
func (s *Served) GaveUp(waited time.Duration) {
	s.left++
	s.waited += waited
}

// Pace returns the pace of a queue. Where too few were handled to make a mean, it is
// that of all queues; where too few gave up, nobody is taken to. Agents are left to
// who knows them.
func (s Served) Pace(all Served) Pace {
	p := Pace{Patience: s.patience()}
	if s.handled < enoughServed {
		s = all
	}
	p.Handle, p.Vary = s.handle(), s.vary()
	return p
}

func (s Served) handle() time.Duration {
	if s.handled == 0 {
		return 0
	}
	return s.bound / time.Duration(s.handled)
}

// vary is the variance of the time that agents are bound, over its mean's square.
func (s Served) vary() float64 {
	mean := s.handle().Seconds()
	if s.handled < enoughServed || mean == 0 {
		return 0
	}
	return max(leastVary, s.squares/float64(s.handled)/(mean*mean)-1)
}

// patience is the mean time until one gives up, where most got an agent before:
// all time waited, over those who gave up.
func (s Served) patience() time.Duration {
	if s.left < enoughServed {
		return 0
	}
	return s.waited / time.Duration(s.left)
}
