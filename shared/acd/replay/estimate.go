package replay

import (
	"slices"
	"strings"
	"time"

	"huawu/shared/acd"
)

// enough is how many contacts of a queue make a mean of how long they bind agents.
const enough = 5

// recent is how many of the last contacts count for it.
const recent = 250

// paced is what has been seen of a queue so far.
type paced struct {
	bound    []time.Duration // agents by the last contacts
	waited   time.Duration   // of all
	left     int
	promised map[string]acd.Wait // to those who wait, as they came
	held     acd.Calibration
}

func (r *run) paceOf(queue string) *paced {
	p := r.paced[queue]
	if p == nil {
		p = &paced{promised: map[string]acd.Wait{}}
		r.paced[queue] = p
	}
	return p
}

// expect estimates the wait of one who comes, as the product would: by who waits
// before in the queue, who serves it now, and how it was served so far.
func (r *run) expect(w acd.Waiting) {
	p := r.paceOf(w.Queue)
	f := acd.Figures{}
	for _, o := range r.waiting {
		if o.Queue != w.Queue || strings.Compare(o.Rank, w.Rank) > 0 {
			continue
		}
		if f.Waiting++; f.Oldest.IsZero() || o.Enqueued.Before(f.Oldest) {
			f.Oldest = o.Enqueued
		}
	}
	for _, a := range r.free {
		if r.serves(a.Profile, w.Queue) && acd.Skilled(a.Skills, w.Needs) {
			f.Free++
		}
	}
	pace := acd.Pace{Agents: r.staffed(w)}
	if len(p.bound) >= enough {
		pace.Handle, pace.Vary = moments(p.bound)
	}
	if p.left >= enough {
		pace.Patience = p.waited / time.Duration(p.left)
	}
	p.promised[string(w.Contact)] = f.Newcomer(pace, r.now)
}

// moments returns the mean, and the variance over its square.
func moments(all []time.Duration) (mean time.Duration, vary float64) {
	var sum, squares float64
	for _, d := range all {
		sum += d.Seconds()
		squares += d.Seconds() * d.Seconds()
	}
	n := float64(len(all))
	if sum == 0 {
		return 0, 0
	}
	return time.Duration(sum / n * float64(time.Second)), max(0, squares*n/(sum*sum)-1)
}

// staffed counts who is on shift and could serve a contact, busy ones too.
func (r *run) staffed(w acd.Waiting) int {
	agents := map[string]bool{}
	for _, s := range r.shifts {
		if r.on[s.Agent] > 0 && !s.From.After(r.now) && s.To.After(r.now) && r.serves(s.Profile, w.Queue) && acd.Skilled(s.Skills, w.Needs) {
			agents[s.Agent] = true
		}
	}
	return len(agents)
}

func (r *run) serves(profile, queue string) bool {
	return slices.ContainsFunc(r.profiles[profile].Queues, func(q acd.ProfileQueue) bool { return q.Queue == queue })
}

// came notes how long one waited who now gets an agent, or leaves.
func (r *run) came(w acd.Waiting, served bool) {
	p, waited := r.paceOf(w.Queue), r.now.Sub(w.Enqueued)
	p.waited += waited
	if served {
		p.held.Add(p.promised[string(w.Contact)], waited)
	} else {
		p.left++
	}
	delete(p.promised, string(w.Contact))
}

// freed notes how long a contact has bound its agent.
func (r *run) freed(queue string, bound time.Duration) {
	p := r.paceOf(queue)
	if p.bound = append(p.bound, bound); len(p.bound) > recent {
		p.bound = p.bound[1:]
	}
}
