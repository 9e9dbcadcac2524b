package view

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

const (
	// levelAge is how old the service level on a floor may be: it is read from
	// all contacts of the day.
	levelAge = 30 * time.Second
	// shortAbandon is a wait so short that who hung up was hardly a customer.
	shortAbandon = 5 * time.Second
	// parallel bounds how many items are read at once.
	parallel = 16
)

// Floor is how a tenant's agents and queues stand.
type Floor struct {
	Agents   []FloorAgent `json:"agents"`
	Queues   []FloorQueue `json:"queues"`
	Statuses []Choice     `json:"statuses" doc:"Names of custom statuses"`
	TS       time.Time    `json:"ts" doc:"When it was read"`
	AsOf     AsOf         `json:"asOf" doc:"From when the oldest number of each source is"`
}

// AsOf are the instants of which a floor is, by source: a page tells by them how
// old a number is, and greys out one that is too old.
type AsOf struct {
	Agents *time.Time `json:"agents,omitempty" doc:"Agents and their contacts"`
	Queues *time.Time `json:"queues,omitempty" doc:"Who waits, and who is free"`
	Staff  *time.Time `json:"staff,omitempty" doc:"Who serves a queue: what estimated waits are made of"`
	Levels *time.Time `json:"serviceLevels,omitempty" doc:"Counts of the day: by design up to 30 s old"`
}

// FloorAgent is one agent on the floor.
type FloorAgent struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Username string         `json:"username"`
	Status   Status         `json:"status"`
	Next     *Next          `json:"next,omitempty"`
	Device   string         `json:"device" enum:"phone,softphone"`
	Profile  string         `json:"profile"`
	Contacts []FloorContact `json:"contacts" doc:"A live update of an agent leaves them out: what was known stays"`
}

// FloorContact is a contact that an agent is offered or has.
type FloorContact struct {
	Contact string    `json:"contactId" format:"uuid"`
	Agent   string    `json:"agentId"`
	State   string    `json:"state" enum:"OFFERED,CONNECTING,CONNECTED,ENDED" doc:"ENDED: after-contact work"`
	Since   time.Time `json:"since"`
	Queue   string    `json:"queue"`
	OnHold  bool      `json:"onHold"`
	Left    string    `json:"leftOffer,omitempty" doc:"The agent has handed the contact over, and does after-contact work"`
}

// FloorQueue is one queue on the floor.
type FloorQueue struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Waiting      int          `json:"waiting" doc:"Without an offer; 1000 means as many or more"`
	OldestSince  *time.Time   `json:"oldestSince,omitempty" doc:"When the one that waits longest came"`
	Free         int          `json:"free" doc:"Agents who may get a contact of the queue now"`
	At           time.Time    `json:"at" doc:"When these were counted"`
	Staffed      int          `json:"staffed" doc:"Agents who serve the queue, busy ones too; offline, away and missed ones not"`
	StaffedAt    time.Time    `json:"staffedAt" doc:"When these were counted"`
	Wait         *Estimate    `json:"wait" doc:"How long one would wait who came now; null: not known"`
	ServiceLevel ServiceLevel `json:"serviceLevel"`
}

// Estimate is how long one would have to wait, as a range: half of those in this
// place wait no longer than low, nine in ten no longer than high.
type Estimate struct {
	Low  int `json:"lowSeconds"`
	Mean int `json:"meanSeconds"`
	High int `json:"highSeconds"`
}

func estimateOf(w acd.Wait) *Estimate {
	if !w.Known {
		return nil
	}
	return &Estimate{int(w.Low / time.Second), int(w.Mean / time.Second), int(w.High / time.Second)}
}

// Version orders the counts of a queue: a later one has a higher version.
func (q FloorQueue) Version() int64 { return q.At.UnixMilli() }

// ServiceLevel is the share of a queue's calls that were answered in time, of
// the contacts that began today and are complete.
type ServiceLevel struct {
	Seconds       int       `json:"seconds" doc:"What counts as in time"`
	Within        int       `json:"within" doc:"Answered in time"`
	Answered      int       `json:"answered"`
	Abandoned     int       `json:"abandoned" doc:"Customers who hung up while they waited, after 5 s or more"`
	AbandonedLate int       `json:"abandonedLate" doc:"Of these, after the time in which they should have been answered"`
	Percent       *float64  `json:"percent" doc:"within of answered and abandonedLate; null while there are none"`
	Since         time.Time `json:"since" doc:"Begin of the day in the tenant's zone"`
	At            time.Time `json:"at" doc:"When it was counted"`
}

// person is one who may log in.
type person struct{ agent, username string }

// people lists who may log in, by user name, at most 30 s old.
func (v *Views) peopleOf(ctx context.Context, tenant string) ([]person, error) {
	return v.people.get(tenant, v.now(), settingsAge, func() ([]person, error) {
		var all []person
		prefix := login.UserKey(tenant, "")
		err := v.each(ctx, cloud.Query{Part: prefix.Part, From: prefix.Sort, To: prefix.Sort + "\uffff"}, func(i cloud.Item) {
			if u, ok := login.UserFrom(i); ok && !u.Disabled {
				all = append(all, person{u.Agent, u.Username})
			}
		})
		return all, fault.Wrap(fault.KindOf(err), err, "view: read people")
	})
}

// agents reads every agent who may log in, by user name.
func (v *Views) agents(ctx context.Context, tenant string) ([]*agent.Agent, error) {
	people, err := v.peopleOf(ctx, tenant)
	if err != nil {
		return nil, err
	}
	all := make([]*agent.Agent, len(people))
	err = inParallel(len(people), func(n int) error {
		a, err := v.router.Agent(ctx, tenant, people[n].agent)
		if fault.KindOf(err) == fault.NotFound {
			return nil // an administrator is no agent
		}
		all[n] = a
		return err
	})
	return slices.DeleteFunc(all, func(a *agent.Agent) bool { return a == nil }), err
}

// inParallel does n things, at most parallel at once, and returns the first error.
func inParallel(n int, do func(int) error) error {
	errs := make([]error, n)
	room := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for k := range n {
		room <- struct{}{}
		wg.Go(func() {
			errs[k] = do(k)
			<-room
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Floor reads how a tenant stands.
func (v *Views) Floor(ctx context.Context, tenant string) (*Floor, Versions, error) {
	at := v.now().UTC()
	s, err := v.Settings(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	agents, err := v.agents(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	f := &Floor{Agents: make([]FloorAgent, len(agents)), Statuses: s.Statuses, TS: at}
	bound := make([][]*contact.Contact, len(agents))
	err = inParallel(len(agents), func(n int) (err error) {
		bound[n], err = v.bound(ctx, agents[n])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	versions := Versions{}
	for n, a := range agents {
		f.Agents[n] = FloorAgentOf(a)
		versions[EntityAgent+"/"+a.ID] = a.Version
		for _, c := range bound[n] {
			if fc := FloorContactOf(c); fc != nil {
				f.Agents[n].Contacts = append(f.Agents[n].Contacts, *fc)
			}
			versions.note(c)
		}
	}
	if f.Queues, err = v.FloorQueues(ctx, tenant); err != nil {
		return nil, nil, err
	}
	f.AsOf.Agents = &at
	for _, q := range f.Queues {
		versions[EntityQueue+"/"+q.ID] = q.Version()
		f.AsOf.Queues, f.AsOf.Staff, f.AsOf.Levels = earlier(f.AsOf.Queues, q.At), earlier(f.AsOf.Staff, q.StaffedAt), earlier(f.AsOf.Levels, q.ServiceLevel.At)
	}
	return f, versions, nil
}

func earlier(a *time.Time, b time.Time) *time.Time {
	if a != nil && a.Before(b) {
		return a
	}
	return &b
}

// note keeps the version of a contact, or of a segment that was left.
func (v Versions) note(c *contact.Contact) {
	if c.Left {
		v[EntityLeft+"/"+string(c.Offer)] = c.Version
		return
	}
	v[EntityContact+"/"+string(c.ID)] = c.Version
}

// bound reads the contacts that an agent's slots point at, if they are its own.
func (v *Views) bound(ctx context.Context, a *agent.Agent) ([]*contact.Contact, error) {
	var all []*contact.Contact
	for offer, id := range a.Offers {
		c, err := v.router.Contact(ctx, a.Tenant, id)
		if err != nil {
			return nil, err
		}
		if c.Offer != offer || c.OfferAgent != a.ID {
			if c, err = v.router.Left(ctx, a.Tenant, id, offer); err != nil {
				return nil, err
			}
		}
		if c != nil {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *contact.Contact) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// FloorAgentOf returns an agent as the floor shows it, without contacts.
func FloorAgentOf(a *agent.Agent) FloorAgent {
	s := StandingOf(a)
	return FloorAgent{ID: a.ID, Name: a.Name, Username: a.Username, Status: s.Status, Next: s.Next, Device: s.Device, Profile: a.Profile, Contacts: []FloorContact{}}
}

// FloorContactOf returns a contact as the floor shows it, nil for one that no
// agent is bound to.
func FloorContactOf(c *contact.Contact) *FloorContact {
	if c.OfferAgent == "" || !c.Live() {
		return nil
	}
	f := &FloorContact{string(c.ID), c.OfferAgent, string(c.State), c.Since, c.Queue, !c.Hold.Since.IsZero(), ""}
	if c.Left {
		f.Left = string(c.Offer)
	}
	return f
}

// FloorQueues counts every queue of a tenant, by name.
func (v *Views) FloorQueues(ctx context.Context, tenant string) ([]FloorQueue, error) {
	routing, err := v.router.Routing(ctx, tenant)
	if err != nil {
		return nil, err
	}
	levels, err := v.ServiceLevels(ctx, tenant)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(routing.Queues))
	for id := range routing.Queues {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := make([]FloorQueue, len(ids))
	err = inParallel(len(ids), func(n int) error {
		at := v.now().UTC()
		f, err := v.router.Figures(ctx, tenant, ids[n])
		if err != nil {
			return err
		}
		p, staff, err := v.paces.Of(ctx, tenant, f.Queue)
		if err != nil {
			return err
		}
		all[n] = FloorQueue{ID: ids[n], Name: f.Queue.Name, Waiting: f.Waiting, OldestSince: Maybe(f.Oldest), Free: f.Free, At: at,
			Staffed: max(staff.Available, f.Free), StaffedAt: staff.At, Wait: estimateOf(f.Newcomer(p, at)), ServiceLevel: levels[ids[n]]}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b FloorQueue) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// ServiceLevels counts today's contacts of every queue, at most 30 s old.
func (v *Views) ServiceLevels(ctx context.Context, tenant string) (map[string]ServiceLevel, error) {
	return v.levels.get(tenant, v.now(), levelAge, func() (map[string]ServiceLevel, error) {
		routing, err := v.router.Routing(ctx, tenant)
		if err != nil {
			return nil, err
		}
		s, err := v.Settings(ctx, tenant)
		if err != nil {
			return nil, err
		}
		return v.countLevels(ctx, tenant, routing, s)
	})
}

func (v *Views) countLevels(ctx context.Context, tenant string, routing *acd.Routing, s *Settings) (map[string]ServiceLevel, error) {
	now := v.now()
	y, m, d := now.In(s.Zone).Date()
	since := time.Date(y, m, d, 0, 0, 0, 0, s.Zone).UTC()
	levels := map[string]ServiceLevel{}
	for id := range routing.Queues {
		levels[id] = ServiceLevel{Seconds: int(s.within(id) / time.Second), Since: since, At: now.UTC()}
	}
	rows, err := v.lists.Since(ctx, tenant, since, now)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		l, ok := levels[r.Queue]
		if !ok || r.Message {
			continue
		}
		switch waited := time.Duration(r.Waited) * time.Second; {
		case r.Handled:
			l.Answered++
			if r.Waited <= l.Seconds {
				l.Within++
			}
		case r.Reason == contact.CustomerLeft && waited >= shortAbandon:
			l.Abandoned++
			if r.Waited > l.Seconds {
				l.AbandonedLate++
			}
		}
		levels[r.Queue] = l
	}
	for id, l := range levels {
		if all := l.Answered + l.AbandonedLate; all > 0 {
			p := math.Round(float64(l.Within)*1000/float64(all)) / 10
			l.Percent = &p
			levels[id] = l
		}
	}
	return levels, nil
}
