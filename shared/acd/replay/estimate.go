package replay

import (
	"slices"
	"strings"
	"time"

	"huawu/shared/acd"
)

// recent is how many of the last contacts make a queue's pace, as in the product.
const recent = 250

// everyQueue stands for all queues together.
const everyQueue = ""

// end is how one contact was served.
type end struct {
	waited, bound time.Duration
	handled       bool
}

// paced is what has been seen of a queue so far.
type paced struct {
	ends     []end
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

func (p *paced) served() (s acd.Served) {
	for _, e := range p.ends {
		if e.handled {
			s.Handled(e.waited, e.bound)
		} else {
			s.GaveUp(e.waited)
		}
	}
	return s
}

// ended notes how a contact was served.
func (r *run) ended(queue string, e end) {
	for _, id := range []string{queue, everyQueue} {
		p := r.paceOf(id)
		if p.ends = append(p.ends, e); len(p.ends) > recent {
			p.ends = p.ends[1:]
		}
	}
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
	pace := p.served().Pace(r.paceOf(everyQueue).served())
	pace.Agents = r.staffed(w)
	p.promised[string(w.Contact)] = f.Newcomer(pace, r.now)
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

// came notes how long one waited who now gets an agent, or gives up.
func (r *run) came(w acd.Waiting, served bool) {
	p, id, waited := r.paceOf(w.Queue), string(w.Contact), r.now.Sub(w.Enqueued)
	if served {
		p.held.Add(p.promised[id], waited)
		r.waited[id] = waited
	} else {
		r.ended(w.Queue, end{waited: waited})
	}
	delete(p.promised, id)
}

// freed notes how long a contact has bound its agent.
func (r *run) freed(id string) {
	r.ended(r.arrivals[id].Queue, end{waited: r.waited[id], bound: r.now.Sub(r.at[id]), handled: true})
	delete(r.waited, id)
}
