package acd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// SweepEvery is how often a tenant in which something happens is swept.
const SweepEvery = 5 * time.Second

// Bounds of one sweep.
const (
	sweepRows  = 20               // waiting rows whose owners are read
	sweepAll   = 500              // agents; the next sweep goes on with the next ones
	oldRow     = 30 * time.Second // before that a row is its owner's business
	leakGrace  = 5 * time.Second  // how long a completed contact may still hold its agent
	clocksDiff = 10 * time.Minute // more than two clocks may differ
	keptAtMost = time.Hour        // what sweeps that fail remember of each other
	roster     = "AGENT#"         // people of a tenant, by whom its agents are known
)

// swept is what a router remembers of the sweeps of one tenant. A round of sweeps
// is over when all agents were looked at, which in most tenants is one sweep.
type swept struct {
	first  map[string]time.Time // what was found wrong or unfinished in this round, since when
	before map[string]time.Time // the same of the round before
	from   int                  // waiting row to go on with
	call   int                  // live call to go on with
	people cloud.Cursor         // agent to go on with; nil: from the first
	live   bool                 // somebody was busy in this round …
	was    bool                 // … or in the one before
}

func newSwept() swept { return swept{first: map[string]time.Time{}} }

// next returns what the next sweep begins with.
func (w swept) next() swept {
	if w.people != nil {
		return swept{first: maps.Clone(w.first), before: w.before, live: w.live, was: w.was}
	}
	return swept{first: map[string]time.Time{}, before: w.first, was: w.live}
}

// keep takes over what the sweeps before have seen: one that could not read all has
// not seen all that still is so, and would let it begin anew.
func (w *swept) keep(last swept, now time.Time) {
	for _, all := range []map[string]time.Time{last.first, last.before} { // the earlier one last
		for what, since := range all {
			if now.Sub(since) < keptAtMost {
				w.first[what] = since
			}
		}
	}
}

// Sweep is the last layer under the stream and the timers of queues: it does what
// both have left undone. Timers that are due are handled; offers, leases and
// after-contact work that ran over are ended; agents of contacts that are over
// are freed; a free agent gets a missing row, and rows whose owners have moved on
// are deleted; then each group is matched. Durations count from when a sweep
// first saw their begin, unless both clocks tell the same. It reports whether
// anybody waits or is busy, so that it is worth to sweep again soon.
//
// A waiting contact whose row is missing it knows by its call, which the relay's
// lease lists; one that waits without a call, for a callback, is the stream's alone.
func (r *Router) Sweep(ctx context.Context, tenant string) (live bool, err error) {
	routing, err := r.Routing(ctx, tenant)
	if err != nil {
		return false, err
	}
	s := &sweeper{r: r, tenant: tenant, routing: routing, now: r.run.Now(), agents: map[string]*agent.Agent{}}
	r.mu.Lock()
	s.last = r.sweeps[tenant]
	r.mu.Unlock()
	s.next = s.last.next()
	errs := []error{s.timers(ctx), s.people(ctx), s.liveCalls(ctx)}
	for _, group := range routing.groups() {
		errs = append(errs, s.group(ctx, group))
	}
	if err = errors.Join(errs...); err != nil {
		s.next.keep(s.last, s.now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweeps[tenant] = s.next
	return s.live, err
}

// groups returns the ids of all groups that queues or profiles name.
func (r *Routing) groups() []string {
	var all []string
	seen := map[string]bool{"": true}
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	for _, id := range sorted(r.Queues) {
		add(r.Queues[id].Group)
	}
	for _, id := range sorted(r.Profiles) {
		add(r.Profiles[id].Group)
	}
	return all
}

// sweeper is one sweep under way.
type sweeper struct {
	r       *Router
	tenant  string
	routing *Routing
	now     time.Time
	agents  map[string]*agent.Agent // all of the tenant
	last    swept
	next    swept
	live    bool
}

// since returns when a sweep first saw something.
func (s *sweeper) since(what string) time.Time {
	first := cmp.Or(s.next.first[what], s.next.before[what], s.now)
	s.next.first[what] = first
	return first
}

// pages hands the items of a range to do. The read may be stale: the next sweep
// sees what this one does not.
func (s *sweeper) pages(ctx context.Context, q cloud.Query, do func(cloud.Item) error) error {
	var errs []error
	for {
		page, next, err := s.r.table.Query(ctx, q)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, i := range page {
			errs = append(errs, do(i))
		}
		if q.After = next; next == nil {
			return errors.Join(errs...)
		}
	}
}

// Roster hands every agent of a tenant to do. The reads may be stale.
func (r *Router) Roster(ctx context.Context, tenant string, do func(*agent.Agent) error) error {
	s := &sweeper{r: r, tenant: tenant}
	return s.pages(ctx, rosterOf(tenant), s.each(ctx, do))
}

func rosterOf(tenant string) cloud.Query {
	return cloud.Query{Part: tenant + "|CFG", From: roster, To: roster + "\uffff"}
}

// each hands the agent of an item of the roster to do.
func (s *sweeper) each(ctx context.Context, do func(*agent.Agent) error) func(cloud.Item) error {
	return func(i cloud.Item) error {
		id := cmp.Or(i.Str("agent"), strings.TrimPrefix(i.Str(cloud.AttrSort), roster))
		i, err := s.r.read(ctx, agent.Key(s.tenant, id), false)
		a := agent.FromItem(i)
		if err != nil || a == nil {
			return err
		}
		return do(a)
	}
}

// people reads some of the tenant's agents and ends what has run over at each.
func (s *sweeper) people(ctx context.Context) error {
	q := rosterOf(s.tenant)
	q.Limit, q.After = sweepAll, s.last.people
	page, next, err := s.r.table.Query(ctx, q)
	if err != nil {
		s.next.people = s.last.people
		return err
	}
	check := s.each(ctx, func(a *agent.Agent) error {
		s.agents[a.ID] = a
		s.next.live = s.next.live || a.Busy()
		var errs []error
		for _, offer := range sorted(a.Offers) {
			errs = append(errs, s.offer(ctx, a.Offers[offer], offer))
		}
		return errors.Join(errs...)
	})
	var errs []error
	for _, i := range page {
		errs = append(errs, check(i))
	}
	s.next.people = next
	s.live = s.live || s.next.live || s.next.was && next != nil
	return errors.Join(errs...)
}

// offer ends what an agent's slot is held by, if it has run over.
func (s *sweeper) offer(ctx context.Context, id contact.ID, offer contact.OfferID) error {
	c, err := s.r.Glance(ctx, s.tenant, id, func(c *contact.Contact) bool { return c.Offer == offer })
	if err != nil {
		return ignoreMissing(err)
	}
	t := Timer{Tenant: s.tenant, Contact: id, Offer: offer, Again: maxAgain}
	if c.Offer != offer {
		left, err := s.r.Left(ctx, s.tenant, id, offer)
		if err != nil {
			return err
		}
		if left == nil {
			return s.party(ctx, c, offer)
		}
		c, t.Left = left, true
	}
	return s.runsOver(ctx, c, t)
}

// runsOver ends what a contact, or a segment that was left, is in for too long.
func (s *sweeper) runsOver(ctx context.Context, c *contact.Contact, t Timer) error {
	id, offer := c.ID, c.Offer
	var limit time.Duration
	switch c.State {
	case contact.Offered:
		t.Kind, limit = TimerOffer, time.Duration(c.RingSeconds)*time.Second+2*ringGrace
	case contact.Connecting:
		t.Kind, limit = TimerConnect, connectTime(c)+ringGrace
		if told := string(offer) + "told"; cmp.Or(s.next.first[told], s.next.before[told]) != (time.Time{}) {
			t.Told = true
		}
	case contact.Ended:
		t.Kind, limit = TimerACW, c.WrapTime()+ringGrace
	case contact.Completed:
		limit = leakGrace
	default:
		return nil
	}
	if !s.over(c, offer, limit) {
		return nil
	}
	s.r.run.Log.WarnContext(ctx, "left to the sweep", "tenant", s.tenant, "contact", string(id), "state", string(c.State))
	if c.State == contact.Completed {
		return s.r.afterCompletion(ctx, c, false)
	}
	if t.Kind == TimerConnect && !t.Told {
		s.since(string(offer) + "told") // the next sweep ends it
	}
	return s.r.due(ctx, t)
}

// maxAgain marks a timer that is not set again for being early.
const maxAgain = 1 << 20

// over reports whether a contact is in its state for longer than limit.
func (s *sweeper) over(c *contact.Contact, offer contact.OfferID, limit time.Duration) bool {
	begin := s.since(string(offer) + string(c.State))
	if apart := begin.Sub(c.Since); apart >= 0 && apart <= SweepEvery+time.Second {
		begin = c.Since // the clocks agree
	}
	return s.now.Sub(begin) >= limit || s.now.Sub(c.Since) >= limit+clocksDiff
}

// group puts and deletes rows of a group that its owners' crashes left wrong, and
// matches it.
func (s *sweeper) group(ctx context.Context, group string) error {
	v, err := s.r.look(ctx, s.tenant, group, s.routing)
	if err != nil {
		return err
	}
	s.live = s.live || v.due(ctx, s.tenant, s.now)
	errs := []error{s.freeRows(ctx, group, v), s.waitingRows(ctx, v), s.calls(ctx, v), s.orphanQueues(ctx, group, v)}
	_, err = s.r.match(ctx, s.tenant, group, s.routing, v, false)
	return errors.Join(append(errs, err)...)
}

// freeRows puts rows that are missing since the sweep before, and deletes those
// of agents who are gone.
func (s *sweeper) freeRows(ctx context.Context, group string, v *view) error {
	var errs []error
	shards := s.routing.shards(group)
	for _, f := range v.free {
		if a := s.agents[f.Agent]; a != nil && (a.Epoch > f.Epoch || a.Epoch == f.Epoch && !a.Ready()) {
			errs = append(errs, s.r.deleteRow(ctx, f.key, f.Epoch))
		}
	}
	for _, id := range sorted(s.agents) {
		a := s.agents[id]
		if !a.Ready() || s.routing.Profiles[a.Profile].Group != group || v.hasFree(a.ID, a.Epoch) {
			continue
		}
		row, err := s.r.get(ctx, freeKey(a, group, shards)) // a big group is read by its heads
		if err != nil || row != nil {
			errs = append(errs, err)
			continue
		}
		if s.since(fmt.Sprintf("row %s %d", a.ID, a.Epoch)) == s.now {
			continue // its writer may be about to put it
		}
		stands, err := s.r.Agent(ctx, s.tenant, a.ID)
		if err == nil && stands.Ready() && stands.Epoch == a.Epoch {
			err = s.r.putRow(ctx, freeWrite(stands, group, shards))
			if f, ok := readFree(withKey(freeWrite(stands, group, shards))); ok {
				v.addFree(f)
			}
		}
		errs = append(errs, ignoreMissing(err))
	}
	return errors.Join(errs...)
}

// withKey returns the item that a put makes.
func withKey(w cloud.Write) cloud.Item {
	i := cloud.Item{cloud.AttrPart: w.Key.Part, cloud.AttrSort: w.Key.Sort}
	for k, x := range w.Put {
		i[k] = x
	}
	return i
}

// waitingRows deletes rows of contacts that wait no more: some in each sweep, the
// next ones in the next.
func (s *sweeper) waitingRows(ctx context.Context, v *view) error {
	var errs []error
	n := min(sweepRows, len(v.waiting))
	for k := range n {
		w := v.waiting[(s.last.from+k)%len(v.waiting)]
		if s.now.Sub(w.Enqueued) < oldRow {
			continue
		}
		c, err := s.r.Glance(ctx, s.tenant, w.Contact, func(c *contact.Contact) bool { return c.State == contact.Queued && c.Epoch == w.Epoch })
		if err == nil && c.Epoch >= w.Epoch && !(c.State == contact.Queued && c.Epoch == w.Epoch) || errors.Is(err, ErrNoContact) {
			err = s.r.deleteRow(ctx, w.key, w.Epoch)
		}
		errs = append(errs, err)
	}
	s.next.from = s.last.from + n
	return errors.Join(errs...)
}
