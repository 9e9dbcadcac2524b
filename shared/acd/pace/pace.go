// Package pace tells how a queue is served of late, and so how long one who waits
// in it will have to: how many agents serve it, how long a contact binds one, and
// how patient its callers are. It reads what others have written down anyway, the
// lines of the day and of the staff, so that an estimate costs a call no write.
// What an estimate is made of a pace is decided by acd.
package pace

import (
	"context"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/event"
)

const (
	// recentAge is how old the times of the latest contacts may be: means move
	// slowly.
	recentAge = 30 * time.Second
	// staffAge is how old the count of who serves may be.
	staffAge = 2 * time.Second
	// perShard bounds what is read of the latest contacts: about 300 bytes each.
	perShard = 250
)

// Paces reads paces. It keeps what it has read for a short while and owns no
// other state.
type Paces struct {
	router *acd.Router
	lists  event.Lists
	now    func() time.Time
	mu     sync.Mutex
	recent map[string]held[map[string]acd.Served] // by tenant, then queue
	staff  map[[2]string]held[[]event.Staffed]    // by tenant and profile
}

type held[T any] struct {
	at    time.Time
	value T
}

// New returns the paces of a router's queues.
func New(t cloud.Table, r *acd.Router, now func() time.Time) *Paces {
	return &Paces{router: r, lists: event.Lists{Table: t}, now: now, recent: map[string]held[map[string]acd.Served]{}, staff: map[[2]string]held[[]event.Staffed]{}}
}

// Staff counts the agents whose profile serves a queue and who have the skills it
// asks for, by status; busy ones too.
type Staff struct {
	Available, Away, Missed int
	At                      time.Time // when the oldest of the counts was made
}

// Online counts who is logged in.
func (s Staff) Online() int { return s.Available + s.Away + s.Missed }

// Of returns how a queue is served of late, and by whom. Who is free, and how long
// the next has waited, is left to who knows it of this moment.
func (p *Paces) Of(ctx context.Context, tenant string, q acd.Queue) (acd.Pace, Staff, error) {
	staff, err := p.staffOf(ctx, tenant, q)
	if err != nil {
		return acd.Pace{}, Staff{}, err
	}
	queues, _, err := get(p, p.recent, tenant, recentAge, func() (map[string]acd.Served, error) {
		rows, err := p.lists.Recent(ctx, tenant, p.now(), perShard)
		return count(rows), err
	})
	if err != nil {
		return acd.Pace{}, Staff{}, err
	}
	pace := queues[q.ID].Pace(queues[everyQueue])
	pace.Agents = staff.Available
	return pace, staff, nil
}

// staffOf counts who serves a queue.
func (p *Paces) staffOf(ctx context.Context, tenant string, q acd.Queue) (s Staff, err error) {
	now := p.now().UTC()
	routing, err := p.router.Routing(ctx, tenant)
	if err != nil {
		return s, err
	}
	for _, profile := range routing.Serving(q) {
		lines, at, err := get(p, p.staff, [2]string{tenant, profile}, staffAge, func() ([]event.Staffed, error) { return p.lists.Staff(ctx, tenant, profile) })
		if err != nil {
			return s, err
		}
		if s.At.IsZero() || at.Before(s.At) {
			s.At = at
		}
		for _, l := range lines {
			if !acd.Skilled(l.Skills, q.Needs) {
				continue
			}
			switch l.State {
			case agent.Available:
				s.Available++
			case agent.Away:
				s.Away++
			case agent.Missed:
				s.Missed++
			}
		}
	}
	if s.At.IsZero() { // no profile serves it, as is known just now
		s.At = now
	}
	return s, nil
}

// get returns what is held, or reads it anew when it is too old. What cannot be
// read anew is taken as it was.
func get[K comparable, T any](p *Paces, all map[K]held[T], key K, age time.Duration, read func() (T, error)) (T, time.Time, error) {
	now := p.now().UTC()
	p.mu.Lock()
	h, ok := all[key]
	p.mu.Unlock()
	if old := now.Sub(h.at); ok && old >= 0 && old < age {
		return h.value, h.at, nil
	}
	fresh, err := read()
	if err != nil && !ok {
		return fresh, now, err
	}
	if err != nil {
		return h.value, h.at, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all[key] = held[T]{now, fresh}
	return fresh, now, nil
}

// everyQueue stands for all queues together.
const everyQueue = ""

// count sums contacts by queue, and all of them under everyQueue.
func count(rows []event.Row) map[string]acd.Served {
	sums := map[string]acd.Served{}
	for _, r := range rows {
		if r.Queue == "" || r.Message {
			continue // nobody waited
		}
		for _, id := range []string{r.Queue, everyQueue} {
			t, waited := sums[id], time.Duration(r.Waited)*time.Second
			switch {
			case r.Handled:
				t.Handled(waited, time.Duration(r.Bound)*time.Second)
			case r.Reason == contact.CustomerLeft:
				t.GaveUp(waited)
			}
			sums[id] = t
		}
	}
	return sums
}
