package acd

import (
	"context"
	"slices"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// tellApart bounds the free agents that a claim explains one by one; of more it
// only says how many there were.
const tellApart = 64

// choose says why a pair was made, for the contact's item: it is written by the
// claim itself and costs nothing more.
func choose(now time.Time, p Pair, free []Free, profiles map[string]Profile) contact.Choice {
	w, f := p.Waiting, p.Free
	c := contact.Choice{Agent: f.Agent, At: now, Free: len(free), Fits: -1, Unserved: -1, Skills: -1, Excluded: -1, Delayed: -1}
	c.Step = w.step(now)
	needs, _, _ := w.asks(now)
	for skill := range needs {
		c.Level += f.Skills[skill]
	}
	c.Cause, c.Since = contact.CauseNone, w.Enqueued
	latest := func(cause contact.Cause, at time.Time) {
		if at.After(c.Since) {
			c.Cause, c.Since = cause, at
		}
	}
	latest(contact.CauseAgent, f.Idle)
	latest(contact.CauseNotBefore, w.From)
	if s, ok := w.serves(now, f, profiles); ok {
		c.Priority = s.priority
		if s.delay > 0 {
			latest(contact.CauseDelay, w.Enqueued.Add(s.delay))
		}
		if s.queue != w.Queue {
			c.Via = s.queue
			latest(contact.CauseOverflow, w.Enqueued.Add(s.after))
		}
	}
	latest(contact.CauseCriteria, w.relaxed(now, f))
	for _, e := range w.Excluded {
		if e.Agent == f.Agent {
			latest(contact.CauseExclusion, e.Until)
		}
	}
	if len(free) <= tellApart {
		c.Fits, c.Unserved, c.Skills, c.Excluded, c.Delayed = 0, 0, 0, 0, 0
		for _, other := range free {
			if other.Agent != f.Agent {
				*w.verdict(now, other, profiles, &c)++
			}
		}
	}
	return c
}

// step returns which of its steps a contact is in at a time, from 1; 0 for none.
func (w *Waiting) step(now time.Time) int {
	end := w.Enqueued
	for n, s := range w.Steps {
		if s.For == 0 {
			return n + 1
		}
		if end = end.Add(s.For); end.After(now) {
			return n + 1
		}
	}
	return 0
}

// relaxed returns when the last step ended that kept f from w, zero if none did.
func (w *Waiting) relaxed(now time.Time, f Free) (at time.Time) {
	end := w.Enqueued
	for _, s := range w.Steps {
		if s.For == 0 {
			return at
		}
		if end = end.Add(s.For); end.After(now) {
			return at
		}
		if !Skilled(f.Skills, s.Needs) || len(s.Agents) > 0 && !slices.Contains(s.Agents, f.Agent) {
			at = end
		}
	}
	return at
}

// service is how a profile serves a contact.
type service struct {
	queue    string
	after    time.Duration // since when its agents help, if it is not the contact's own
	priority int
	delay    time.Duration
}

// serves returns the best service that f's profile gives w by now.
func (w *Waiting) serves(now time.Time, f Free, profiles map[string]Profile) (best service, ok bool) {
	for _, o := range append([]Overflow{{Queue: w.Queue}}, w.Overflow...) {
		if w.Enqueued.Add(o.After).After(now) {
			continue
		}
		for _, q := range profiles[f.Profile].Queues {
			if q.Queue == o.Queue && !w.Enqueued.Add(q.Delay).After(now) && (!ok || q.Priority < best.priority) {
				best, ok = service{q.Queue, o.After, q.Priority, q.Delay}, true
			}
		}
	}
	return best, ok
}

// verdict returns the count that an agent who was not chosen belongs to.
func (w *Waiting) verdict(now time.Time, f Free, profiles map[string]Profile, c *contact.Choice) *int {
	needs, only, _ := w.asks(now)
	_, serves := w.serves(now, f, profiles)
	_, later := w.serves(now.Add(24*time.Hour), f, profiles)
	switch {
	case f.room(w.channel()) == 0 || !serves && !later:
		return &c.Unserved
	case !serves:
		return &c.Delayed
	case !Skilled(f.Skills, needs) || len(only) > 0 && !slices.Contains(only, f.Agent):
		return &c.Skills
	case excludedUntil(w.Excluded, f.Agent).After(now):
		return &c.Excluded
	}
	return &c.Fits
}

func excludedUntil(all []contact.Excluded, agent string) time.Time {
	for _, e := range all {
		if e.Agent == agent {
			return e.Until
		}
	}
	return time.Time{}
}

// Obstacle is why an agent does not get a contact that waits.
type Obstacle struct {
	Agent   string    `json:"agent"`
	Why     string    `json:"why" enum:"offline,away,missed,busy,queue,channel,delay,skills,criteria,excluded,time,customer,none"`
	Detail  string    `json:"detail,omitempty"` // skills that are missing, or the contact the agent has
	Expires time.Time `json:"expires,omitzero"` // when the obstacle is gone by itself
}

// Explanation is why a contact got whom it got, and waited as long as it did.
type Explanation struct {
	Contact  string           `json:"contactId"`
	State    string           `json:"state"`
	Queue    string           `json:"queue,omitempty"`
	Enqueued time.Time        `json:"enqueued,omitzero"`
	Attempts int              `json:"attempts"` // offers so far, of which Choices are the last
	Choices  []contact.Choice `json:"choices"`
	Agent    string           `json:"agent,omitempty"` // who has it, or had it
	Reason   string           `json:"reason,omitempty"`
	Ahead    int              `json:"ahead"`  // of one who waits: contacts of the queue before it
	Agents   []Obstacle       `json:"agents"` // of one who waits: why each agent has not got it
}

// Explain tells why a contact was offered to whom it was, and of one who waits
// why nobody has it yet.
func (r *Router) Explain(ctx context.Context, tenant string, id contact.ID) (*Explanation, error) {
	c, err := r.Contact(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Contact: string(c.ID), State: string(c.State), Queue: c.Queue, Enqueued: c.Enqueued, Attempts: c.Attempts,
		Choices: c.Choices(), Agent: c.OfferAgent, Reason: string(c.Reason), Agents: []Obstacle{}}
	if out.Choices == nil {
		out.Choices = []contact.Choice{}
	}
	if c.State != contact.Queued {
		return out, nil
	}
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if out.Ahead, _, err = r.ahead(ctx, routing, c); err != nil {
		return nil, err
	}
	w, ok := readWaiting(withKey(waitingWrite(c, routing)))
	if !ok {
		return out, nil
	}
	if err := r.waitForHours(ctx, tenant, &w, r.run.Now()); err != nil {
		return nil, err
	}
	err = r.Roster(ctx, tenant, func(a *agent.Agent) error {
		out.Agents = append(out.Agents, r.obstacle(w, a, routing))
		return nil
	})
	slices.SortFunc(out.Agents, func(a, b Obstacle) int { return strings.Compare(a.Agent, b.Agent) })
	return out, err
}

// obstacle returns what keeps an agent from a contact that waits.
func (r *Router) obstacle(w Waiting, a *agent.Agent, routing *Routing) Obstacle {
	now := r.run.Now()
	o := Obstacle{Agent: a.ID}
	f, _ := readFree(withKey(freeWrite(a, w.Queue, 1)))
	needs, only, until := w.asks(now)
	_, serves := w.serves(now, f, routing.Profiles)
	later, serveLater := w.serves(now.Add(24*time.Hour), f, routing.Profiles)
	switch {
	case !serves && !serveLater:
		o.Why = "queue"
	case a.Slots(w.channel()).Max == 0:
		o.Why = "channel"
	case a.State == agent.Offline:
		o.Why = "offline"
	case a.State == agent.Away:
		o.Why, o.Detail = "away", a.Status
	case a.State == agent.Missed:
		o.Why = "missed"
	case a.Room(w.channel()) == 0:
		o.Why = "busy"
	case !serves:
		o.Why, o.Expires = "delay", w.Enqueued.Add(max(later.delay, later.after))
	case len(only) > 0 && !slices.Contains(only, a.ID):
		o.Why, o.Expires = "criteria", until
	case !Skilled(a.Skills, needs):
		o.Why, o.Detail, o.Expires = "skills", missing(a.Skills, needs), until
	case excludedUntil(w.Excluded, a.ID).After(now):
		o.Why, o.Expires = "excluded", excludedUntil(w.Excluded, a.ID)
	case w.From.After(now):
		o.Why, o.Expires = "time", w.From
	case w.CallFirst:
		o.Why = "customer"
	default:
		o.Why = "none"
	}
	return o
}

// missing names the skills that are not enough.
func missing(has, needs map[string]int) string {
	var all []string
	for _, skill := range sorted(needs) {
		if has[skill] < needs[skill] {
			all = append(all, skill)
		}
	}
	return strings.Join(all, ", ")
}

// ahead counts the contacts of a queue that are served before one who waits in
// it, and tells when the one came who has waited longest of them.
func (r *Router) ahead(ctx context.Context, routing *Routing, c *contact.Contact) (n int, first time.Time, err error) {
	prefix := rowWaiting + c.Queue + "#"
	v := &view{router: r}
	for shard := range routing.shards(c.Group) {
		s := &stream{query: cloud.Query{Part: shardPart(c.Tenant, c.Group, shard), From: prefix, To: prefix + c.Rank, Strong: true}}
		for !s.done && len(v.waiting) < maxFigures {
			s.query.Limit = maxFigures
			if err := v.read(ctx, s); err != nil {
				return 0, time.Time{}, err
			}
		}
	}
	for _, w := range v.waiting {
		if first.IsZero() || w.Enqueued.Before(first) {
			first = w.Enqueued
		}
	}
	return len(v.waiting), first, nil
}
