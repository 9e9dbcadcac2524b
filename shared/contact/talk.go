package contact

import (
	"slices"
	"time"

	"huawu/shared/fault"
	"huawu/shared/phone"
)

// PartyKind is what a party is to the contact.
type PartyKind string

// The kinds.
const (
	AgentParty  PartyKind = "agent"
	NumberParty PartyKind = "number"     // somebody outside
	Supervisor  PartyKind = "supervisor" // listens, whispers or talks
)

// PartyState is how far a party has come.
type PartyState string

// The states: the same steps as an offer to a contact's own agent takes.
const (
	PartyOffered    PartyState = "OFFERED"    // its device rings, or is to be asked
	PartyConnecting PartyState = "CONNECTING" // accepted at a desk; its device is called
	PartyTalking    PartyState = "TALKING"    // its leg is there
)

// Mode is how a party takes part.
type Mode string

// The modes.
const (
	ModeTalk    Mode = "talk"
	ModeHold    Mode = "hold"
	ModeListen  Mode = "listen"
	ModeWhisper Mode = "whisper" // only the agent hears it
	ModeBarge   Mode = "barge"   // a supervisor whom all hear
)

// Party is one more who takes part in a contact.
type Party struct {
	ID      OfferID // fences it; holds its agent's slot
	Kind    PartyKind
	Agent   string       // of an agent or a supervisor
	Dial    phone.Number // of a number
	State   PartyState
	Mode    Mode      // once it talks, and is not aside
	Leg     string    // CallId
	Since   time.Time // when State was entered
	Asked   time.Time // when it was asked
	Joined  time.Time // when it answered
	Segment int       // number of its segment; a supervisor gets one by a take-over
	Over    bool      // a supervisor who has the contact once the leg is there
	At      int64     // version of the talk at which its place last changed
}

// Talk is who takes part in a contact beside its customer and its agent. There
// is an item of it only once somebody did, so a call of two costs nothing for it.
// Invariants: see Check.
type Talk struct {
	Tenant  string
	ID      ID
	Version int64
	Offer   OfferID // of the contact's agent: whoever gets the contact next gets the talk too, or it is over
	// Consult is the party that the agent consults; Aside says that the agent is
	// with it, or waits for it to answer, and so not with the customer.
	Consult OfferID
	Aside   bool
	Parties []Party
	Moved   int64 // version at which the place of agent or customer last changed
	Held    int64 // version at which the customer's hold last changed
	Told    bool  // the relay was told with the answer to its own event
}

// RingSeconds is how long a party's device rings, DialSeconds a number outside.
const (
	RingSeconds = 20
	DialSeconds = 45
)

// maxTalkers is how many may talk, customer and agent among them, and
// maxListeners how many supervisors may be there besides.
const (
	maxTalkers   = 6
	maxListeners = 5
)

// Faults of commands to a talk; each says what helps.
var (
	ErrNotTalking = fault.New(fault.Conflict, "the customer is not connected to you")
	ErrConsults   = fault.New(fault.Conflict, "a consult is under way: complete, join or cancel it first")
	ErrNoConsult  = fault.New(fault.Conflict, "there is no consult")
	ErrRings      = fault.New(fault.Conflict, "the other side has not answered yet: wait, complete or cancel")
	ErrFull       = fault.New(fault.Conflict, "nobody more fits into the conference: drop somebody first")
	ErrNoParty    = fault.New(fault.NotFound, "no such party")
	ErrTwice      = fault.New(fault.Conflict, "that one takes part already")
)

// Party returns the party with an id; nil if there is none.
func (t *Talk) Party(id OfferID) *Party {
	for n := range t.Parties {
		if t.Parties[n].ID == id {
			return &t.Parties[n]
		}
	}
	return nil
}

// ByLeg returns the party with a leg; nil if there is none.
func (t *Talk) ByLeg(leg string) *Party {
	for n := range t.Parties {
		if t.Parties[n].Leg == leg && leg != "" {
			return &t.Parties[n]
		}
	}
	return nil
}

// Talkers returns the parties that have joined customer and agent to talk.
func (t *Talk) Talkers() []Party {
	return slices.DeleteFunc(slices.Clone(t.Parties), func(p Party) bool {
		return p.Kind == Supervisor || p.ID == t.Consult || p.State != PartyTalking
	})
}

// Alone reports whether nobody talks but customer and agent.
func (t *Talk) Alone() bool {
	return !slices.ContainsFunc(t.Parties, func(p Party) bool { return p.Kind != Supervisor })
}

// Ask adds a party that is to be called: a consulted one, or a supervisor. The
// customer is on hold while the agent consults, unless others talk.
func (t *Talk) Ask(c *Contact, p Party, now time.Time) error {
	if c.State != Connected {
		return ErrNotTalking
	}
	if slices.ContainsFunc(t.Parties, func(q Party) bool { return q.Agent == p.Agent && q.Dial == p.Dial }) || p.Agent != "" && p.Agent == c.OfferAgent {
		return ErrTwice
	}
	there := 0
	for _, q := range t.Parties {
		if (q.Kind == Supervisor) == (p.Kind == Supervisor) {
			there++
		}
	}
	if p.Kind == Supervisor && there >= maxListeners || p.Kind != Supervisor && there+2 >= maxTalkers {
		return ErrFull
	}
	if p.Kind != Supervisor {
		if t.Consult != "" {
			return ErrConsults
		}
		t.Consult, t.Aside, t.Moved = p.ID, true, t.next()
		t.hold(c, now)
	}
	p.State, p.Since, p.Asked, p.At, c.Talk = PartyOffered, Instant(now), Instant(now), t.next(), true
	if p.Kind != Supervisor {
		p.Segment = c.NewSegment()
	}
	t.Offer, t.Parties = c.Offer, append(t.Parties, p)
	return nil
}

// next is the version that the talk will have once it is written.
func (t *Talk) next() int64 { return t.Version + 1 }

// hold puts the customer on hold, or takes it back, as the agent is aside or not.
func (t *Talk) hold(c *Contact, now time.Time) {
	was := c.Hold.Since.IsZero()
	if t.Aside && len(t.Talkers()) == 0 {
		c.StartHold(now)
	} else {
		c.StopHold(now)
	}
	if c.Hold.Since.IsZero() != was {
		t.Held = t.next()
	}
}

// Accept notes that a party has accepted at its desk; its device is called now.
// It reports whether that is new.
func (t *Talk) Accept(id OfferID, now time.Time) (bool, error) {
	p := t.Party(id)
	if p == nil {
		return false, ErrNoParty
	}
	if p.State != PartyOffered {
		return false, nil
	}
	p.State, p.Since, p.At = PartyConnecting, Instant(now), t.next()
	return true, nil
}

// Answer notes that a party is there, on a leg. It reports whether that is new.
func (t *Talk) Answer(id OfferID, leg string, now time.Time) (bool, error) {
	p := t.Party(id)
	if p == nil {
		return false, ErrNoParty
	}
	if p.State == PartyTalking {
		if p.Leg != leg {
			return false, ErrNoParty // another device of it was first
		}
		return false, nil
	}
	p.State, p.Leg, p.Since, p.Joined, p.At = PartyTalking, leg, Instant(now), Instant(now), t.next()
	if p.Mode == "" {
		p.Mode = ModeTalk
	}
	if id == t.Consult {
		t.Moved = t.next()
	}
	return true, nil
}

// Drop takes a party out and returns it. The agent is with the customer again if
// it was the consulted one.
func (t *Talk) Drop(c *Contact, id OfferID, now time.Time) (Party, error) {
	p := t.Party(id)
	if p == nil {
		return Party{}, ErrNoParty
	}
	gone := *p
	t.Parties = slices.DeleteFunc(t.Parties, func(q Party) bool { return q.ID == id })
	aside := t.Aside
	if id == t.Consult {
		t.Consult, t.Aside, t.Moved = "", false, t.next()
		aside = true
	}
	if aside && c.State == Connected { // the customer may be alone by now
		t.hold(c, now)
	}
	return gone, nil
}

// Join makes a conference of a consult.
func (t *Talk) Join(c *Contact, now time.Time) error {
	p, err := t.consulted()
	if err != nil {
		return err
	}
	p.Mode, p.At, p.Since = ModeTalk, t.next(), Instant(now)
	t.Consult, t.Aside, t.Moved = "", false, t.next()
	t.hold(c, now)
	return nil
}

// Swap brings the agent from the consulted to the customer, or back.
func (t *Talk) Swap(c *Contact, now time.Time) error {
	if _, err := t.consulted(); err != nil {
		return err
	}
	t.Aside, t.Moved = !t.Aside, t.next()
	t.hold(c, now)
	return nil
}

// consulted returns the party that is consulted, if it has answered.
func (t *Talk) consulted() (*Party, error) {
	p := t.Party(t.Consult)
	switch {
	case t.Consult == "" || p == nil:
		return nil, ErrNoConsult
	case p.State != PartyTalking:
		return nil, ErrRings
	}
	return p, nil
}

// Set changes how a party takes part: hold or talk, for a supervisor listen,
// whisper or barge. It reports whether that is new.
func (t *Talk) Set(id OfferID, m Mode, now time.Time) (bool, error) {
	p := t.Party(id)
	switch {
	case p == nil:
		return false, ErrNoParty
	case id == t.Consult:
		return false, ErrConsults
	case p.Mode == m:
		return false, nil
	}
	p.Mode, p.At, p.Since = m, t.next(), Instant(now)
	return true, nil
}

// Successor is the party that has the customer when the agent leaves: the one
// the agent is aside with, else whoever joined first. It is nil if the customer
// is alone then.
func (t *Talk) Successor() *Party {
	if t.Consult != "" && t.Aside {
		return t.Party(t.Consult)
	}
	for n := range t.Parties {
		if p := &t.Parties[n]; p.Kind == AgentParty && p.State == PartyTalking && p.ID != t.Consult {
			return p
		}
	}
	if list := t.Talkers(); len(list) > 0 {
		return t.Party(list[0].ID)
	}
	return nil
}

// HandOver gives the contact to a party: its agent leaves, with why as the
// reason, and the party has the customer, or is still called for it. It returns
// the segment that is over. Whoever else takes part stays.
func (t *Talk) HandOver(c *Contact, id OfferID, why Reason, now time.Time) (*Contact, error) {
	if c.State != Connected {
		return nil, ErrNotTalking
	}
	found := t.Party(id)
	if found == nil {
		return nil, ErrNoParty
	}
	p := *found
	if p.Kind == Supervisor {
		p.Segment = c.NewSegment()
	}
	left := c.Leave(why, p.Segment, now)
	asked := t.Consult // belonged to the agent who leaves
	t.Parties = slices.DeleteFunc(t.Parties, func(q Party) bool { return q.ID == id || q.ID == asked })
	t.Consult, t.Aside = "", false
	t.Offer, t.Moved = p.ID, t.next()
	c.Offer, c.OfferAgent, c.AgentLeg, c.Attempts = p.ID, p.Agent, p.Leg, 1
	if p.Kind == NumberParty {
		c.Dial, left.Dial, c.Method = p.Dial, p.Dial, External
	}
	to := Connecting
	if p.State == PartyOffered {
		to, c.RingSeconds, c.FromOffer = Offered, ringOf(p), left.Offer
	}
	return left, c.Move(to, now)
}

// ringOf is how long a party that rings already rings on for the customer: as
// long as any other offer.
func ringOf(p Party) int {
	if p.Kind == NumberParty {
		return DialSeconds
	}
	return RingSeconds
}

// Segmented returns the segment of a party that talked and has left, with the
// party's after-contact work.
func (t *Talk) Segmented(c *Contact, p Party, why Reason, now time.Time) *Contact {
	s := *c
	s.Left, s.Talk, s.Last, s.From, s.FromOffer, s.Excluded, s.Dial = true, false, 0, "", "", nil, phone.Number{}
	s.Version, s.Offer, s.OfferAgent, s.AgentLeg, s.RingSeconds, s.Attempts = 1, p.ID, p.Agent, p.Leg, 0, 1
	s.Segment, s.Previous, s.Next, s.Method = p.Segment, c.Segment, 0, Transfer
	s.Initiated, s.ToSystem, s.AgentJoined, s.Enqueued, s.Dequeued = p.Asked, p.Asked, p.Joined, time.Time{}, time.Time{}
	s.Hold, s.Recording, s.Reason, s.Disconnected, s.Disposition, s.ACWUntil, s.Since = Hold{}, "", why, Instant(now), "", time.Time{}, p.Joined
	s.close(Instant(now))
	return &s
}

// Check returns what is wrong with t, nil for a talk as it has to be.
func (t *Talk) Check() error {
	seen, talkers, listeners := map[OfferID]bool{}, 2, 0
	for _, p := range t.Parties {
		if seen[p.ID] || p.ID == "" || p.ID == t.Offer {
			return fault.New(fault.Internal, "talk: party %s twice", p.ID)
		}
		seen[p.ID] = true
		if (p.State == PartyTalking) != (p.Leg != "") {
			return fault.New(fault.Internal, "talk: party %s is %s with leg %q", p.ID, p.State, p.Leg)
		}
		if p.Kind == Supervisor {
			listeners++
		} else {
			talkers++
		}
		if p.Kind != Supervisor && p.State != PartyTalking && p.ID != t.Consult {
			return fault.New(fault.Internal, "talk: party %s rings and is not consulted", p.ID)
		}
	}
	switch {
	case t.Consult != "" && !seen[t.Consult]:
		return fault.New(fault.Internal, "talk: consult of nobody")
	case t.Aside && t.Consult == "":
		return fault.New(fault.Internal, "talk: the agent is aside with nobody")
	case talkers > maxTalkers || listeners > maxListeners:
		return fault.New(fault.Internal, "talk: %d talk and %d listen", talkers, listeners)
	}
	return nil
}
