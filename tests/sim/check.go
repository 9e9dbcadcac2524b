package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// checker sees every change of the table and holds it against the invariants
// I-1 to I-5, I-7 and I-9 of the product.
type checker struct {
	w         *World
	contacts  map[contact.ID]*contact.Contact
	agents    map[string]*agent.Agent
	offers    map[contact.OfferID]*offer
	left      map[contact.OfferID]*contact.Contact // segments that their agents have left
	leftSince map[contact.OfferID]time.Time
	talks     map[contact.ID]*contact.Talk
	records   map[segment]int
	order     []*offer
	since     map[contact.ID]time.Time // when a contact was seen to enter its state: clocks of functions may be wrong
	enqueued  map[contact.ID]time.Time // when it was seen to wait for the first time
	pairs     map[pair]time.Time       // contact and agent that fit and are apart, since when
	faults    []error
	Offers    int // made
	Taken     int // that led to a talk
	Parties   int // who was asked to take part besides
}

// pair is a contact and an agent.
type pair struct {
	contact contact.ID
	agent   string
}

// segment is a part of a contact that has a record.
type segment struct {
	contact contact.ID
	number  int
}

// offer is the history of one offer.
type offer struct {
	id       contact.OfferID
	contact  contact.ID
	agent    string
	queue    string
	rank     string
	enqueued time.Time
	at       time.Time // when it was made
	first    bool      // of the contact
	held     int       // how often an agent's slot took it
	freed    bool
	excused  bool // something other than time may end it
	outside  bool // of a number: no agent holds it
}

func newChecker(w *World) *checker {
	return &checker{w: w, contacts: map[contact.ID]*contact.Contact{}, agents: map[string]*agent.Agent{}, offers: map[contact.OfferID]*offer{},
		left: map[contact.OfferID]*contact.Contact{}, leftSince: map[contact.OfferID]time.Time{}, talks: map[contact.ID]*contact.Talk{}, records: map[segment]int{}, pairs: map[pair]time.Time{}, since: map[contact.ID]time.Time{}, enqueued: map[contact.ID]time.Time{}}
}

// fault notes a violation.
func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf("at %s: "+format, append([]any{k.w.clock.Now().Sub(k.w.start)}, args...)...))
}

func (k *checker) failed() error { return errors.Join(k.faults...) }

// stream takes the table's changes, each once and in order of its item.
func (k *checker) stream(ctx context.Context, e events.DynamoDBEvent) {
	_, err := each(ctx, ours(e), func(_ context.Context, c lambdaevent.Change) error {
		k.w.digest.change(k.w.clock.Now().Sub(k.w.start).Microseconds(), c)
		if r := contact.RecordFromItem(c.New); r != nil {
			k.record(r)
		}
		if now := contact.FromItem(c.New); now != nil {
			k.contactChanged(now)
		}
		if now := agent.FromItem(c.New); now != nil {
			k.agentChanged(now)
		}
		if now := contact.LeftFromItem(c.New); now != nil {
			k.leftChanged(now)
		}
		if now := contact.TalkFromItem(c.New); now != nil {
			k.talkChanged(now)
		}
		return nil
	})
	if err != nil {
		k.fault("stream: %v", err)
	}
}

// ours leaves of an event what the checker looks at.
func ours(e events.DynamoDBEvent) (left events.DynamoDBEvent) {
	for _, r := range e.Records {
		if sort := r.Change.Keys[cloud.AttrSort].String(); sort == contact.SortMeta || sort == contact.SortTalk ||
			strings.HasPrefix(sort, contact.SortRecord) || strings.HasPrefix(sort, contact.SortLeft) {
			left.Records = append(left.Records, r)
		}
	}
	return left
}

func (k *checker) record(r *contact.Record) {
	if r.Version != 1 {
		k.fault("I-7: record of %s is written over", r.ID)
	}
	k.records[segment{r.ID, r.Segment}] = 1 // the stream may tell twice, and a second one is of version 2
	if k.w.opt.Skew > 0 {
		return // instants that different machines wrote
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
	k.timed(was, c)
	if was.State != "" && was.State != c.State && !contact.CanMove(was.State, c.State) && c.Version == was.Version+1 {
		k.fault("contact %s went %s→%s", c.ID, was.State, c.State)
	}
	if was.State == contact.Completed {
		k.fault("contact %s changed after its end", c.ID)
	}
	if c.State == contact.Offered && was.Offer != c.Offer {
		k.offered(was, c)
	}
	if was.State == contact.Connecting && c.State == contact.Connected {
		k.Taken++
	}
	if k.w.callers[string(c.ID)] == nil {
		k.w.adopt(c)
	}
	if who := k.person(c.OfferAgent); who != nil {
		who.seesContact(was, c)
	}
}

// timed notes when a contact entered its state, and checks that no clock alone
// ended an offer before its time (I-9), and that who was offered in vain keeps
// the place (I-5).
func (k *checker) timed(was, c *contact.Contact) {
	now := k.w.clock.Now()
	entered := k.since[c.ID]
	if was.State != c.State || was.Epoch != c.Epoch || was.Offer != c.Offer {
		k.since[c.ID] = now
	}
	if (c.State == contact.Queued || c.State == contact.Offered) && (k.enqueued[c.ID].IsZero() || !was.Enqueued.Equal(c.Enqueued)) { // Offered: it never had to wait
		k.enqueued[c.ID] = now
	}
	if was.State != contact.Offered && was.State != contact.Connecting || c.State != contact.Queued {
		return
	}
	if was.Rank != c.Rank || c.Segment == 0 && !was.Enqueued.Equal(c.Enqueued) {
		k.fault("I-5: contact %s lost its place %s, has %s", c.ID, was.Rank, c.Rank)
	}
	if o := k.offer(was.Offer); was.State == contact.Offered && c.Version == was.Version+1 && !o.excused && now.Sub(entered) < ringSeconds*time.Second-time.Second {
		k.fault("I-9: offer %s was over after %s", o.id, now.Sub(entered))
	}
}

// excuse notes that an offer may end before its time: it was declined, the
// device was, or the relay gave it up.
func (k *checker) excuse(o contact.OfferID) {
	if o != "" {
		k.offer(o).excused = true
	}
}

// excuseCall is excuse for the offer that a call's contact has.
func (k *checker) excuseCall(id contact.ID) {
	for _, o := range k.offers {
		if o.contact == id {
			o.excused = true
		}
	}
}

// came reports whether a contact waits where it came to wait.
func (k *checker) came(c *contact.Contact) bool {
	return c.Segment == 0 && c.Method == contact.Inbound && len(c.Steps) == 0 && !k.w.callers[string(c.ID)].plan.moves
}

func (k *checker) offered(was, c *contact.Contact) {
	o := k.offer(c.Offer)
	if o.contact != "" && o.contact != c.ID || o.agent != "" && o.agent != c.OfferAgent {
		k.fault("I-3: offer %s is used twice", c.Offer)
	}
	o.contact, o.agent, o.outside = c.ID, c.OfferAgent, c.OfferAgent == ""
	k.Offers++
	if was.State == contact.Connected || was.State == contact.Offered { // handed over, not claimed
		o.excused = true
		return
	}
	o.queue, o.rank, o.enqueued, o.at, o.first = c.Queue, c.Rank, k.enqueued[c.ID], k.w.clock.Now(), c.Attempts == 1 && k.came(c)
	k.order = append(k.order, o)
}

func (k *checker) offer(id contact.OfferID) *offer {
	if k.offers[id] == nil {
		k.offers[id] = &offer{id: id}
	}
	return k.offers[id]
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
		if held := !o.outside; o.contact == "" || held && o.held != 1 || !held && o.held > 0 {
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
	case con.Reason != c.why && !c.anyReason && !c.mayEnd(con):
		k.fault("I-1: contact %s ended by %q, recorded is %q", c.id, c.why, con.Reason)
	}
	segments := []*contact.Contact{con}
	for _, l := range k.left {
		if l.ID == con.ID {
			segments = append(segments, l)
		}
	}
	for _, s := range segments {
		if s.State != contact.Completed {
			k.fault("I-1: segment %d of %s is still %s", s.Segment, c.id, s.State)
		}
		if k.records[segment{s.ID, s.Segment}] != 1 {
			k.fault("I-7: segment %d of contact %s has no record", s.Segment, c.id)
		}
	}
	records := 0
	for s := range k.records {
		if s.contact == con.ID {
			records++
		}
	}
	if records != len(segments) {
		k.fault("I-7: contact %s has %d records of %d segments", c.id, records, len(segments))
	}
	if got := k.w.outside.got[c.id]; len(got) != records {
		k.fault("I-10: contact %s has %d records and webhooks %v", c.id, records, got)
	}
}

// inOrder checks I-5 where nothing went wrong: of two who wait in one queue, and
// who both were never offered before, no agent gets the one behind while the one
// before fits as well.
func (k *checker) inOrder() {
	f := k.w.opt.Faults
	if k.w.deaths > 0 || k.w.opt.Yields > 0 || k.w.opt.Skew > 0 || f.Conflict+f.Throttle+f.Down+f.Lost > 0 {
		return
	}
	for n, later := range k.order {
		for _, earlier := range k.order[max(0, n-50):n] {
			if !later.first || !earlier.first || later.queue != earlier.queue || later.rank >= earlier.rank || !earlier.at.Before(later.at) {
				continue
			}
			delay, _ := servedBy(later.queue, k.agents[earlier.agent].Profile)
			if later.enqueued.Add(delay).Before(earlier.at) {
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
