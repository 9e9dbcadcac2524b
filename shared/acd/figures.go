package acd

import (
	"context"
	"slices"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// maxFigures bounds the rows that one look at a queue reads on either side.
const maxFigures = 1000

// Figures is how a queue stands now, as its group's rows tell it.
type Figures struct {
	Queue   Queue
	Waiting int       // contacts without an offer; maxFigures means as many or more
	Oldest  time.Time // when the one came who waits longest on the line, or for a call; zero if nobody does
	Free    int       // agents who may get a contact of the queue now; maxFigures means as many or more

	Messages int // of those that wait: they are served after callers
}

// Figures counts who waits in a queue and who is free for it. It reads strongly:
// who came or was free before is counted. Rows that outlived their owner's move
// may be counted until somebody meets them. Of agents who are busy or away there
// are no rows, so how many have logged in it cannot tell.
func (r *Router) Figures(ctx context.Context, tenant, queue string) (Figures, error) {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return Figures{}, err
	}
	q, err := routing.Queue(queue)
	if err != nil {
		return Figures{}, err
	}
	f := Figures{Queue: q}
	v := &view{router: r}
	waiting := []string{rowWaiting + q.ID + "#"}
	if err := v.count(ctx, tenant, q.Group, routing, waiting, func() int { return maxFigures - len(v.waiting) }); err != nil {
		return Figures{}, err
	}
	if err := v.count(ctx, tenant, q.Group, routing, routing.servers(q), func() int { return maxFigures - len(v.free) }); err != nil {
		return Figures{}, err
	}
	f.Waiting = len(v.waiting)
	for _, w := range v.waiting {
		if w.Channel == contact.Task {
			f.Messages++
			continue
		}
		if f.Oldest.IsZero() || w.Enqueued.Before(f.Oldest) {
			f.Oldest = w.Enqueued
		}
	}
	for _, a := range v.free {
		if Skilled(a.Skills, q.Needs) {
			f.Free++
		}
	}
	return f, nil
}

// Serving returns the profiles that serve q, sorted.
func (r *Routing) Serving(q Queue) []string {
	var all []string
	for id, p := range r.Profiles {
		if p.Group == q.Group && slices.ContainsFunc(p.Queues, func(s ProfileQueue) bool { return s.Queue == q.ID }) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// servers returns the beginnings of the rows of agents whose profile serves q.
func (r *Routing) servers(q Queue) []string {
	all := r.Serving(q)
	for n, id := range all {
		all[n] = rowFree + id + "#"
	}
	return all
}

// Skilled reports whether skills reach the levels that are needed.
func Skilled(skills, needs map[string]int) bool {
	for skill, level := range needs {
		if skills[skill] < level {
			return false
		}
	}
	return true
}

// count reads the rows that begin so, until none is left or room is full.
func (v *view) count(ctx context.Context, tenant, group string, routing *Routing, prefixes []string, room func() int) error {
	for shard := range routing.shards(group) {
		for _, prefix := range prefixes {
			s := &stream{query: cloud.Query{Part: shardPart(tenant, group, shard), From: prefix, To: prefix + "\uffff", Strong: true}}
			for !s.done && room() > 0 {
				s.query.Limit = room()
				if err := v.read(ctx, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
