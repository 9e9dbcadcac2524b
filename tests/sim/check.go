package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// checker sees every change of the table and holds it against the invariants
// I-1 to I-5, I-7 and I-9 of the product.
type checker struct {
	w        *World
	contacts map[contact.ID]*contact.Contact
	agents   map[string]*agent.Agent
	offers   map[contact.OfferID]*offer
	records  map[contact.ID]int
	order    []*offer
	pairs    map[string]time.Time // contact and agent that fit and are apart, since when
	faults   []error
	Offers   int // made
	Taken    int // that led to a talk
}

// offer is the history of one offer.
type offer struct {
	id       contact.OfferID
	contact  contact.ID
	agent    string
	rank     string
	enqueued time.Time
	at       time.Time // when it was made
	first    bool      // of the contact
	held     int       // how often an agent's slot took it
	freed    bool
}

func newChecker(w *World) *checker {
	return &checker{w: w, contacts: map[contact.ID]*contact.Contact{}, agents: map[string]*agent.Agent{}, offers: map[contact.OfferID]*offer{},
		records: map[contact.ID]int{}, pairs: map[string]time.Time{}}
}

// fault notes a violation.
func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf("at %s: "+format, append([]any{k.w.clock.Now().Sub(k.w.start)}, args...)...))
}

func (k *checker) failed() error { return errors.Join(k.faults...) }

// stream takes the table's changes, each once and in order of its item.
func (k *checker) stream(ctx context.Context, e events.DynamoDBEvent) {
	_, err := each(ctx, e, func(c lambdaevent.Change) error {
		if r := contact.RecordFromItem(c.New); r != nil && c.Old == nil {
			k.record(r, c)
		}
		if now := contact.FromItem(c.New); now != nil {
			k.contactChanged(now)
		}
		if now := agent.FromItem(c.New); now != nil {
			k.agentChanged(now)
		}
		return nil
	})
	if err != nil {
		k.fault("stream: %v", err)
	}
}

func (k *checker) record(r *contact.Record, c lambdaevent.Change) {
	if r.Version != 1 {
		k.fault("I-7: record of %s is written over", r.ID)
	}
	if k.records[r.ID] == 0 {
		k.records[r.ID]++
	}
	for _, pair := range [][2]time.Time{{r.Contact.Initiated, r.Disconnected}, {r.Enqueued, r.AgentJoined}, {r.AgentJoined, r.Disconnected}, {r.Disconnected, r.Since}} {
		if !pair[0].IsZero() && !pair[1].IsZero() && pair[1].Before(pair[0]) {
			k.fault("I-7: times of the record of %s go back", r.ID)
		}
	}
}

// contactChanged follows the offers of a contact.
func (k *checker) contactChanged(c *contact.Contact) {
	was := k.contacts[c.ID]
	if was == nil {
		was = &contact.Contact{}
	}
	if c.Version <= was.Version {
		return // seen before
	}
	k.contacts[c.ID] = c
	if was.State != "" && was.State != c.State && !contact.CanMove(was.State, c.State) && c.Version == was.Version+1 {
		k.fault("contact %s went %s→%s", c.ID, was.State, c.State)
	}
	if was.State == contact.Completed {
		k.fault("contact %s changed after its end", c.ID)
	}
	if c.State == contact.Offered && was.Offer != c.Offer {
		k.offered(c)
	}
	if was.State == contact.Connecting && c.State == contact.Connected {
		k.Taken++
	}
	if who := k.person(c.OfferAgent); who != nil {
		who.seesContact(was, c)
	}
}

func (k *checker) offered(c *contact.Contact) {
	o := k.offer(c.Offer)
	if o.contact != "" && o.contact != c.ID || o.agent != "" && o.agent != c.OfferAgent {
		k.fault("I-3: offer %s is used twice", c.Offer)
	}
	o.contact, o.agent, o.rank, o.enqueued, o.at, o.first = c.ID, c.OfferAgent, c.Rank, c.Enqueued, c.Since, c.Attempts == 1
	k.order = append(k.order, o)
	k.Offers++
}

func (k *checker) offer(id contact.OfferID) *offer {
	if k.offers[id] == nil {
		k.offers[id] = &offer{id: id}
	}
	return k.offers[id]
}

// longest is I-9: how long a contact may be in a state that a timer ends.
func (k *checker) longest(s contact.State) (limit time.Duration, bounded bool) {
	switch s {
	case contact.Offered:
		return (ringSeconds+3)*time.Second + k.slack(), true
	case contact.Connecting:
		return acd.ConnectLease*3/2 + k.slack(), true
	case contact.Ended:
		return acwSeconds*time.Second + k.slack(), true
	}
	return 0, false
}

// slack is how late a timer may be: what the run's faults add.
func (k *checker) slack() time.Duration {
	if k.w.opt.Timers || k.w.deaths > 0 || k.w.opt.Yields > 0 || k.w.opt.Faults.RepeatEvents > 0 {
		return 100 * time.Second
	}
	return 3 * time.Second
}

// agentChanged checks I-2: the slots of an agent, offer by offer.
func (k *checker) agentChanged(a *agent.Agent) {
	was := k.agents[a.ID]
	if was != nil && a.Version <= was.Version {
		return
	}
	k.agents[a.ID] = a
	if len(a.Offers) > a.Voice.Max || len(a.Offers) != a.Voice.Used {
		k.fault("I-2: agent %s holds %d contacts, %d slots in use", a.ID, len(a.Offers), a.Voice.Used)
	}
	for o, c := range a.Offers {
		if was == nil || was.Offers[o] == "" {
			h := k.offer(o)
			if h.held++; h.held > 1 || h.freed {
				k.fault("I-2: offer %s was taken twice", o)
			}
			if h.agent != "" && h.agent != a.ID || h.contact != "" && h.contact != c {
				k.fault("I-2: offer %s is of %s and %s", o, h.agent, a.ID)
			}
			h.agent, h.contact = a.ID, c
		}
	}
	if was != nil {
		for o := range was.Offers {
			if a.Offers[o] == "" {
				k.offer(o).freed = true
			}
		}
	}
	if who := k.person(a.ID); who != nil {
		who.sees(was, a)
	}
}

func (k *checker) person(id string) *person {
	for _, p := range k.w.agents {
		if p.id == id {
			return p
		}
	}
	return nil
}

// talks checks I-3 where it counts: who is joined by the relay has the contact.
func (k *checker) talks(id, agentID string) {
	if c := k.contacts[contact.ID(id)]; c != nil && c.OfferAgent != "" && c.OfferAgent != agentID && c.State != contact.Offered {
		k.fault("I-3: %s talks to %s and belongs to %s", id, agentID, c.OfferAgent)
	}
}

// quiet checks I-4 whenever nothing can happen at this instant: no contact and
// agent that fit stay apart for longer than it takes to repair what went wrong.
func (k *checker) quiet() error {
	var waiting []acd.Waiting
	var free []acd.Free
	now := k.w.clock.Now()
	for _, c := range k.contacts {
		if limit, bounded := k.longest(c.State); bounded && now.Sub(c.Since) > limit {
			k.fault("I-9: contact %s is %s since %s", c.ID, c.State, c.Since.Sub(k.w.start))
		}
		if c.State == contact.Queued {
			waiting = append(waiting, acd.Waiting{Contact: c.ID, Queue: c.Queue, Rank: c.Rank, Enqueued: c.Enqueued, Excluded: c.Excluded})
		}
	}
	for _, a := range k.agents {
		if a.Ready() {
			free = append(free, acd.Free{Agent: a.ID, Profile: a.Profile, Idle: a.Idle})
		}
	}
	profiles := map[string]acd.Profile{"loans": {Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}}
	pairs, _ := acd.Match(now, waiting, free, profiles)
	apart := map[string]time.Time{}
	for _, p := range pairs {
		key := string(p.Waiting.Contact) + " " + p.Free.Agent
		since, known := k.pairs[key]
		if !known {
			since = now
		}
		apart[key] = since
		if now.Sub(since) > k.patience() {
			k.fault("I-4: %s are apart since %s", key, since.Sub(k.w.start))
		}
	}
	k.pairs = apart
	return k.failed()
}

// patience is how long a pair may be apart: two seconds, and what the stream
// needs to try again where requests fail.
func (k *checker) patience() time.Duration {
	f := k.w.opt.Faults
	switch {
	case k.w.opt.Timers: // an exclusion's end is such a timer
		return 60 * time.Second
	case f.Conflict+f.Throttle+f.Down+f.Lost+k.w.opt.Aborts > 0:
		return 20 * time.Second
	case k.w.opt.Pauses > 0:
		return 8 * time.Second
	}
	return 2*time.Second + 100*time.Millisecond // one retry of the stream after a crash
}

// End checks what must hold when all calls are over and time has passed.
func (w *World) End() error {
	k := w.checker
	w.cloud.SetFaults(localcloud.Faults{})
	for _, id := range slices.Sorted(maps.Keys(w.callers)) {
		k.over(w.callers[id])
	}
	for _, id := range slices.Sorted(maps.Keys(k.agents)) {
		if a := k.agents[id]; a.Busy() {
			k.fault("I-2: agent %s is stuck with %v", id, a.Offers)
		}
	}
	for id, o := range k.offers {
		if o.held != 1 || o.contact == "" {
			k.fault("I-2: offer %s was held %d times", id, o.held)
		}
	}
	k.inOrder()
	k.rows()
	return k.failed()
}

// over checks I-1 and I-7 for one caller: one end, the true reason, one record,
// one webhook.
func (k *checker) over(c *caller) {
	con := k.contacts[contact.ID(c.id)]
	switch {
	case con == nil:
		k.fault("I-1: contact %s was never known", c.id)
		return
	case con.State != contact.Completed:
		k.fault("I-1: contact %s is still %s", c.id, con.State)
	case con.Reason != c.why && !c.anyReason:
		k.fault("I-1: contact %s ended by %q, recorded is %q", c.id, c.why, con.Reason)
	}
	if n := k.records[con.ID]; n != 1 {
		k.fault("I-7: contact %s has %d records", c.id, n)
	}
	if got := k.w.outside.got[c.id]; len(got) != 1 {
		k.fault("I-10: contact %s has webhooks %v", c.id, got)
	}
}

// inOrder checks I-5 where nothing went wrong: the first offers of contacts come
// in the order of their ranks.
func (k *checker) inOrder() {
	f := k.w.opt.Faults
	if k.w.deaths > 0 || k.w.opt.Yields > 0 || f.Conflict+f.Throttle+f.Down+f.Lost > 0 {
		return
	}
	for n, later := range k.order {
		for _, earlier := range k.order[:n] {
			if later.first && earlier.first && later.rank < earlier.rank && later.enqueued.Before(earlier.at) && earlier.at.Before(later.at) {
				k.fault("I-5: %s was served before %s", earlier.contact, later.contact)
			}
		}
	}
}

// rows checks that the rows of the group tell the truth.
func (k *checker) rows() {
	page, _, err := k.w.cloud.Table().Query(k.w.ctx, cloud.Query{Part: Tenant + "|G#main#0", Strong: true})
	if err != nil {
		k.fault("rows: %v", err)
		return
	}
	want := 0
	for _, a := range k.agents {
		if a.Ready() {
			want++
		}
	}
	free := 0
	for _, i := range page {
		if i.Str(cloud.AttrSort)[0] == 'F' {
			free++
		}
	}
	if free < want {
		k.fault("I-4: %d agents are free and %d have a row", want, free)
	}
}
