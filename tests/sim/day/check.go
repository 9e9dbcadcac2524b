package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// watched is the table as functions and desks use it. What was acknowledged the
// checker sees at once, in the order in which it was done.
type watched struct {
	cloud.Table
	w *world
}

// Write is the table's.
func (t *watched) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	i, err := t.Table.Write(ctx, w)
	if err == nil {
		t.w.checker.wrote(w, i)
	}
	return i, err
}

// Transact is the table's.
func (t *watched) Transact(ctx context.Context, token string, all ...cloud.Write) error {
	err := t.Table.Transact(ctx, token, all...)
	if err != nil {
		t.w.day.Refused++
		return err
	}
	for _, w := range all {
		t.w.checker.wrote(w, w.Set)
	}
	return nil
}

// checker holds what happens against the invariants.
type checker struct {
	w      *world
	digest hash.Hash
}

func newChecker(w *world) *checker { return &checker{w, sha256.New()} }

// told bounds the violations that are told in full; all are counted.
const told = 20

// fault notes a violation.
func (k *checker) fault(format string, args ...any) {
	d := k.w.day
	if d.Violations++; len(d.Faults) < told {
		d.Faults = append(d.Faults, fmt.Sprintf("at %s: ", k.w.now().Format("15:04:05.000"))+fmt.Sprintf(format, args...))
	}
}

// wrote takes a write and the attributes that it set, or all that are stored.
func (k *checker) wrote(w cloud.Write, i cloud.Item) {
	switch _, rest, _ := strings.Cut(w.Key.Part, "|"); {
	case strings.HasPrefix(rest, "C#"):
		c := k.w.calls[contact.ID(rest[2:])]
		if c == nil {
			k.fault("I-1: a write to %s, which is gone", rest)
			return
		}
		if w.Key.Sort == contact.SortMeta {
			k.contact(c, i)
		} else if strings.HasPrefix(w.Key.Sort, contact.SortRecord) {
			k.record(c, w.Key.Sort)
		}
	case strings.HasPrefix(rest, "A#") && w.Key.Sort == contact.SortMeta:
		if p := k.w.byID[rest[2:]]; p != nil {
			k.person(p, w, i)
		}
	}
}

// contact follows a contact through its states.
func (k *checker) contact(c *call, i cloud.Item) {
	state := contact.State(i.Str(contact.AttrState))
	if state == "" || state == c.state {
		return
	}
	was := c.state
	c.state = state
	if was == contact.Completed {
		k.fault("I-1: %s was completed and is %s", c.id, state)
	}
	if was != contact.Queued && state == contact.Offered { // nobody waited, so it had not to
		k.queued(c, i)
	}
	if !c.waits.IsZero() {
		k.inOrder(c, state, k.w.byID[i.Str(contact.AttrOfferAgent)])
		c.waits = time.Time{}
	}
	switch state {
	case contact.Queued:
		k.queued(c, i)
	case contact.Offered:
		k.offered(c, contact.OfferID(i.Str(contact.AttrOffer)), k.w.byID[i.Str(contact.AttrOfferAgent)])
	case contact.Completed:
		k.completed(c, contact.Reason(i.Str("reason")))
	}
}

// queued puts a contact in line, or back to its place.
func (k *checker) queued(c *call, i cloud.Item) {
	c.waits, c.offer = k.w.now(), ""
	if c.rank == "" {
		c.rank, c.enqueued = i.Str("rank"), k.w.now()
		k.w.day.Queued++
	} else if c.offers == 0 {
		k.fault("I-3: %s is queued twice", c.id)
	}
	if all, ok := i["excl"].([]string); ok {
		c.excluded = contact.ExcludedFrom(all)
	}
	line := c.queue.bands[c.priority]
	at, _ := slices.BinarySearchFunc(line, c, func(a, b *call) int { return strings.Compare(a.rank, b.rank) })
	c.queue.bands[c.priority] = slices.Insert(line, at, c)
}

// waiting returns who waits in a band, in order.
func (q *queue) waiting(priority int) []*call {
	line := q.bands[priority]
	over := 0
	for over < len(line) && line[over].waits.IsZero() {
		over++
	}
	if over > 0 {
		q.bands[priority] = line[over:]
	}
	return line[over:]
}

// inOrder checks I-5: who gets an agent is the first of the band, but for those
// who may not have that agent.
func (k *checker) inOrder(c *call, to contact.State, p *person) {
	if to != contact.Offered || p == nil || k.catchingUp() {
		return
	}
	for _, first := range c.queue.waiting(c.priority) {
		if first == c || first.rank >= c.rank {
			return
		}
		if !first.waits.IsZero() && !first.excludes(p.id, k.w.now()) {
			k.fault("I-5: %s waits in %s since %s, and %s is served before", first.id, c.queue.id, k.w.now().Sub(first.enqueued), c.id)
			return
		}
	}
}

func (c *call) excludes(agent string, now time.Time) bool {
	return slices.ContainsFunc(c.excluded, func(e contact.Excluded) bool { return e.Agent == agent && e.Until.After(now) })
}

// catchingUp reports whether the process died a moment ago: what it left undone is
// made good by the stream.
func (k *checker) catchingUp() bool {
	return !k.w.died.IsZero() && k.w.now().Before(k.w.died.Add(settled))
}

func (k *checker) offered(c *call, offer contact.OfferID, p *person) {
	if p == nil || offer == "" || c.offer != "" {
		k.fault("I-3: %s is offered %q while it has %q", c.id, offer, c.offer)
		return
	}
	c.offer = offer
	c.offers++
	k.w.day.Offers++
	fmt.Fprintf(k.digest, "%d %s %s %s\n", k.w.now().UnixMicro(), offer, c.id, p.id)
	if p.ghost {
		k.w.day.Ghosts++
		since := k.w.now()
		k.w.after(15*time.Second, func() {
			if c.offer == offer && c.state == contact.Offered && p.rung == offer && !k.catchingUp() {
				k.fault("T-17: %s is offered to a ghost since %s", c.id, k.w.now().Sub(since))
			}
		})
	}
}

// completed is the end of a contact.
func (k *checker) completed(c *call, why contact.Reason) {
	c.completed++
	fmt.Fprintf(k.digest, "%d %s %s\n", k.w.now().UnixMicro(), c.id, why)
	d := k.w.day
	switch {
	case !c.over && why == contact.QueueTimeout:
		c.over, c.why = true, why
		d.TimedOut++
	case c.agent != nil:
		d.Talks++
	case why == contact.CustomerLeft:
		d.Abandoned++
	case why == contact.FlowEnded:
		d.SelfServed++
	}
	if why != c.why {
		k.fault("I-1: %s ended by %q, recorded is %q", c.id, c.why, why)
	}
}

// record is the record of a contact; some time after it the contact is deleted.
func (k *checker) record(c *call, sort string) {
	if c.records = append(c.records, sort); len(c.records) > 1 {
		k.fault("I-7: %s has records %v", c.id, c.records)
	}
	if !c.leaves {
		c.leaves = true
		k.w.after(keptFor, func() { k.forget(c) })
	}
}

// forget deletes a contact that is over, as an archive does, and checks I-1 of it.
func (k *checker) forget(c *call) {
	if c.completed != 1 || c.state != contact.Completed {
		k.fault("I-1: %s has a record and is %s", c.id, c.state)
	}
	for _, sort := range append(c.records, contact.SortMeta) {
		key := contact.Key(tenant, c.id)
		key.Sort = sort
		if k.w.dead {
			k.w.after(time.Minute, func() { k.forget(c) })
			return
		}
		_, _ = k.w.cloud.Table().Write(k.w.ctx, cloud.Write{Key: key, Delete: true})
		k.w.day.archive++
	}
	delete(k.w.calls, c.id)
}

// person follows an agent's slot and state.
func (k *checker) person(p *person, w cloud.Write, i cloud.Item) {
	for name := range w.Set {
		if o, ok := strings.CutPrefix(name, agent.OfferPrefix); ok {
			if p.offer != "" {
				k.fault("I-2: %s holds %s and gets %s", p.id, p.offer, o)
			}
			p.offer = contact.OfferID(o)
		}
	}
	for _, name := range w.Remove {
		if o, ok := strings.CutPrefix(name, agent.OfferPrefix); ok {
			if p.offer != contact.OfferID(o) {
				k.fault("I-2: %s holds %s and is freed of %s", p.id, p.offer, o)
			}
			p.offer = ""
		}
	}
	if used, ok := i[agent.AttrVoiceUsed].(int64); ok && (used == 1) != (p.offer != "") {
		k.fault("I-2: %s holds %q, %d slots in use", p.id, p.offer, used)
	}
	if state := agent.State(i.Str(agent.AttrState)); state != "" && state != p.state {
		p.state = state
		if state == agent.Missed {
			k.w.missed(p)
		}
	}
	k.free(p, p.state == agent.Available && p.offer == "")
}

// free notes whether an agent has room.
func (k *checker) free(p *person, yes bool) {
	if yes == !p.room.IsZero() {
		return
	}
	line := &p.profile.free[p.level]
	if yes {
		p.room, p.place = k.w.now(), len(*line)
		*line = append(*line, p)
		return
	}
	last := len(*line) - 1
	(*line)[p.place] = (*line)[last]
	(*line)[p.place].place = p.place
	*line, p.room = (*line)[:last], time.Time{}
}
