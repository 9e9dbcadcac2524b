// Package model explores every interleaving of the protocol by which contacts,
// agents and the rows that point at them are written: truth first, rows follow,
// claims in one transaction, a round after each publication, a consumer of the
// stream that makes good what a crash left. Agents may have several slots, and a
// contact a second row in the queue that it overflows to. It decides what a step
// is and what must hold in every state; that the product takes these steps is for
// tests/sim.
package model

// Sizes of the arrays; a scenario may use less.
const (
	maxContacts = 2
	maxAgents   = 2
	maxSlots    = 2
	maxProcs    = 6
	queues      = 2 // 0: where a contact waits; 1: where it overflows to
	maxOffers   = 4 // bounds the model
)

// States of a contact.
const (
	none int8 = iota
	queued
	offered
	ended
)

type contact struct{ state, epoch, offer, agent, over int8 }

// agent is ready at an epoch; each slot has an offer and its contact.
type agent struct {
	ready, epoch int8
	offer, of    [maxSlots]int8
}

// process is one operation under way: kind, program counter, whose, and what it
// has seen.
type process struct{ kind, pc, x, contact, queue, agent, wEpoch, fEpoch, offer int8 }

// state is all there is.
type state struct {
	c     [maxContacts]contact
	w     [queues][maxContacts]int8 // epoch of the row, 0 = none
	a     [maxAgents]agent
	f     [maxAgents]int8
	p     [maxProcs]process
	next  int8 // last offer
	crash int8
	told  int8 // the stream has records that nobody has handled
}

// Kinds of processes.
const (
	idle int8 = iota
	enqueues
	overflows
	comes // an agent becomes available
	rounds
	expires
	abandons
	repairs
	arrives // a contact that is claimed at once if nobody waits, and else enqueues
)

const (
	over    int8 = 99
	crashed int8 = 98
	consume int8 = 9 // x of a round that the stream's consumer runs
)

// Scenario is what happens at once, and what is wrong with the protocol, if
// anything is.
type Scenario struct {
	Name     string
	Slots    int8     // of each agent
	Overflow bool     // agent 1 serves the queue that contacts overflow to alone
	Procs    []int8   // kinds; the n-th of a kind is about the n-th contact or agent
	Crashes  int8     // at most
	Bug      Mutation // "" = none
}

// Mutation is a bug of the protocol.
type Mutation string

// The mutations.
const (
	DeleteAnyEpoch  Mutation = "a row is deleted whatever its epoch"
	SplitClaim      Mutation = "a claim is two writes without a fence"
	NoRoundAfter    Mutation = "no round follows a publication"
	SlotsUnbounded  Mutation = "a claim does not look whether a slot is free"
	ReleaseByAgent  Mutation = "a slot is freed by agent, not by offer"
	AckWithoutRound Mutation = "the consumer acknowledges without a round"
	AtOnceUnfenced  Mutation = "a claim at once does not look at the agent's epoch and slot"
	AtOnceOrNever   Mutation = "a contact whose claim at once was refused gets its row and no round"
	AtOnceAnyEpoch  Mutation = "after a claim at once the agent's row is deleted whatever its epoch"
)

// start is the first state of a scenario.
func (sc Scenario) start() (s state) {
	count := map[int8]int8{}
	for n, kind := range sc.Procs {
		of := kind
		if kind == arrives {
			of = enqueues // both bring a contact
		}
		s.p[n] = process{kind: kind, x: count[of]}
		count[of]++
	}
	return s
}

// serves reports whether an agent takes contacts of a queue.
func (sc Scenario) serves(agent, queue int8) bool {
	return !sc.Overflow || agent == queue
}

// room returns a free slot of an agent, -1 if there is none.
func (sc Scenario) room(a agent) int8 {
	for n := range sc.Slots {
		if a.offer[n] == 0 {
			return n
		}
	}
	return -1
}

func (sc Scenario) free(a agent) bool { return a.ready == 1 && sc.room(a) >= 0 }

// holds returns the slot that an offer has at an agent, -1 if none.
func holds(a agent, offer int8) int8 {
	for n, o := range a.offer {
		if o == offer && offer != 0 {
			return int8(n)
		}
	}
	return -1
}

// release frees the slot of an offer, and makes the agent available anew.
func (sc Scenario) release(a *agent, offer int8) bool {
	n := holds(*a, offer)
	if sc.Bug == ReleaseByAgent && n < 0 {
		n = 0
	}
	if n < 0 {
		return false
	}
	a.offer[n], a.of[n] = 0, 0
	a.ready, a.epoch = 1, a.epoch+1
	return true
}

// putW and putF put a row unless one of its epoch or a later one is there.
func (s *state) putW(queue, c, epoch int8) {
	if s.w[queue][c] < epoch {
		s.w[queue][c], s.told = epoch, 1
	}
}

func (s *state) putF(a, epoch int8) {
	if s.f[a] < epoch {
		s.f[a], s.told = epoch, 1
	}
}

// rowsOf puts the rows that a waiting contact should have.
func (s *state) rowsOf(c int8) {
	x := s.c[c]
	if x.state != queued {
		return
	}
	s.putW(0, c, x.epoch)
	if x.over == 1 {
		s.putW(1, c, x.epoch)
	}
}

// lacks reports whether a waiting contact has no row where it should.
func (s *state) lacks(c int8) bool {
	x := s.c[c]
	return x.state == queued && (s.w[0][c] < x.epoch || x.over == 1 && s.w[1][c] < x.epoch)
}

// round turns a process into a round.
func (sc Scenario) round(p *process) {
	if sc.Bug == NoRoundAfter {
		*p = process{kind: rounds, pc: over}
		return
	}
	*p = process{kind: rounds}
}
