package model

// steps returns every state that may follow s by one step of one process.
func (sc Scenario) steps(s state) (out []state) {
	for i := range s.p {
		p := s.p[i]
		if p.kind == idle || p.pc >= crashed {
			continue
		}
		before := len(out)
		switch p.kind {
		case enqueues, overflows:
			out = sc.contactComes(out, s, i)
		case arrives:
			out = sc.contactArrives(out, s, i)
		case comes:
			out = sc.agentComes(out, s, i)
		case rounds:
			out = sc.round1(out, s, i)
		case expires, abandons:
			out = sc.offerEnds(out, s, i)
		case repairs:
			out = sc.repair(out, s, i)
		}
		if s.crash < sc.Crashes && p.kind != repairs && p.x != consume && p.pc > 0 && len(out) > before {
			n := s
			n.p[i], n.crash = process{kind: rounds, pc: crashed}, n.crash+1
			out = append(out, n)
		}
	}
	return out
}

// contactComes is enqueue, and the timer that adds the row of overflow.
func (sc Scenario) contactComes(out []state, s state, i int) []state {
	p := &s.p[i]
	c := p.x
	switch {
	case p.kind == overflows && p.pc == 0:
		if s.c[c].state != queued {
			return out // the timer is not yet due, or of no use
		}
		s.c[c].over, p.pc = 1, 1
	case p.pc == 0:
		s.c[c] = contact{state: queued, epoch: 1}
		p.pc = 1
	default:
		s.rowsOf(c)
		sc.round(p)
	}
	return append(out, s)
}

// contactArrives is enqueue where nobody waits and somebody is free: one look at
// the rows, then the claim, which the contact's own write is part of. What has
// changed since the look refuses it, and the contact waits as any other.
func (sc Scenario) contactArrives(out []state, s state, i int) []state {
	p := &s.p[i]
	c := p.x
	switch p.pc {
	case 0:
		if !sc.anyPair(s) {
			for a := range int8(maxAgents) {
				if s.f[a] != 0 && sc.serves(a, 0) {
					n := s
					q := &n.p[i]
					q.pc, q.agent, q.fEpoch = 1, a, s.f[a]
					out = append(out, n)
				}
			}
		}
		p.pc = 2 // the look may also have been spared
	case 1:
		if a := &s.a[p.agent]; sc.takes(*a, p.fEpoch) {
			s.next++
			slot := max(0, sc.room(*a))
			a.offer[slot], a.of[slot] = s.next, c
			s.c[c] = contact{state: offered, epoch: 1, offer: s.next, agent: p.agent}
			p.pc = 4
		} else {
			p.pc = 2
		}
	case 2:
		s.c[c] = contact{state: queued, epoch: 1}
		p.pc = 3
	case 3:
		s.rowsOf(c)
		if sc.round(p); sc.Bug == AtOnceOrNever {
			*p = process{kind: rounds, pc: over}
			s.told = 0
		}
	case 4:
		if s.f[p.agent] == p.fEpoch && !(sc.free(s.a[p.agent]) && s.a[p.agent].epoch == p.fEpoch) || sc.Bug == AtOnceAnyEpoch {
			s.f[p.agent] = 0
		}
		*p = process{kind: rounds, pc: over}
	}
	return append(out, s)
}

// takes reports whether a claim at once finds the agent as it was seen.
func (sc Scenario) takes(a agent, epoch int8) bool {
	return sc.Bug == AtOnceUnfenced && a.ready == 1 || sc.free(a) && a.epoch == epoch
}

// anyPair reports whether somebody waits whom a free agent could have.
func (sc Scenario) anyPair(s state) bool {
	for q := range int8(queues) {
		for c := range int8(maxContacts) {
			for a := range int8(maxAgents) {
				if s.w[q][c] != 0 && s.f[a] != 0 && sc.serves(a, q) {
					return true
				}
			}
		}
	}
	return false
}

func (sc Scenario) agentComes(out []state, s state, i int) []state {
	p := &s.p[i]
	a := p.x
	if p.pc == 0 {
		s.a[a].ready, s.a[a].epoch, p.pc = 1, s.a[a].epoch+1, 1
		p.fEpoch = s.a[a].epoch
		return append(out, s)
	}
	s.putF(a, p.fEpoch)
	sc.round(p)
	return append(out, s)
}

// round1 is one step of a round: scan both sides, claim, delete rows, scan again.
func (sc Scenario) round1(out []state, s state, i int) []state {
	p := &s.p[i]
	switch p.pc {
	case 0:
		return sc.scan(out, s, i)
	case 1:
		return sc.claim(out, s, i)
	case 2: // the second write of a split claim
		if c := &s.c[p.contact]; c.state == queued && c.epoch == p.wEpoch {
			c.state, c.offer, c.agent = offered, p.offer, p.agent
			p.pc = 3
		} else {
			p.pc = 5 // and the agent keeps the slot
		}
	case 3:
		for q := range int8(queues) {
			if sc.Bug == DeleteAnyEpoch || s.w[q][p.contact] == p.wEpoch {
				s.w[q][p.contact] = 0
			}
		}
		p.pc = 4
	case 4: // an agent with another slot stays in the rows
		if s.f[p.agent] == p.fEpoch && !(sc.free(s.a[p.agent]) && s.a[p.agent].epoch == p.fEpoch) {
			s.f[p.agent] = 0
		}
		*p = process{kind: rounds, x: p.x}
	case 5: // delete what truth has moved on from
		if c := s.c[p.contact]; !(c.state == queued && c.epoch == p.wEpoch) && s.w[p.queue][p.contact] == p.wEpoch {
			s.w[p.queue][p.contact] = 0
		}
		if a := s.a[p.agent]; !(sc.free(a) && a.epoch == p.fEpoch) && s.f[p.agent] == p.fEpoch {
			s.f[p.agent] = 0
		}
		*p = process{kind: rounds, x: p.x}
	}
	return append(out, s)
}

// scan takes any pair of rows that fits; which is first is another model's matter.
// The two sides are read one after the other in the product: a round whose second
// read sees less than its first only ends sooner, and the publication that it
// missed is followed by a round of its own.
func (sc Scenario) scan(out []state, s state, i int) []state {
	found := false
	for q := range int8(queues) {
		for c := range int8(maxContacts) {
			for a := range int8(maxAgents) {
				if s.w[q][c] == 0 || s.f[a] == 0 || !sc.serves(a, q) {
					continue
				}
				found = true
				n := s
				p := &n.p[i]
				p.pc, p.contact, p.queue, p.agent, p.wEpoch, p.fEpoch = 1, c, q, a, s.w[q][c], s.f[a]
				out = append(out, n)
			}
		}
	}
	if !found {
		s.p[i] = process{kind: rounds, pc: over}
		out = append(out, s)
	}
	return out
}

func (sc Scenario) claim(out []state, s state, i int) []state {
	p := &s.p[i]
	c, a := &s.c[p.contact], &s.a[p.agent]
	waits := c.state == queued && c.epoch == p.wEpoch
	slot := sc.room(*a)
	if sc.Bug == SlotsUnbounded && slot < 0 {
		slot = 0
	}
	has := a.ready == 1 && slot >= 0 && a.epoch == p.fEpoch
	if sc.Bug == SlotsUnbounded {
		has = a.ready == 1
	}
	if !has || !waits && sc.Bug != SplitClaim {
		p.pc = 5
		return append(out, s)
	}
	s.next++
	a.offer[slot], a.of[slot] = s.next, p.contact
	if sc.Bug == SplitClaim {
		p.offer, p.pc = s.next, 2
		return append(out, s)
	}
	c.state, c.offer, c.agent = offered, s.next, p.agent
	p.pc = 3
	return append(out, s)
}

// offerEnds is an offer that nobody takes, and a caller who gives up.
func (sc Scenario) offerEnds(out []state, s state, i int) []state {
	p := &s.p[i]
	c := &s.c[p.x]
	switch p.pc {
	case 0:
		if c.state != offered && !(p.kind == abandons && c.state == queued) {
			return out
		}
		p.offer, p.agent, p.pc = c.offer*b(c.state == offered), c.agent, 1
		if p.kind == abandons {
			c.state = ended
			p.wEpoch, p.pc = c.epoch, 2
		}
	case 1: // both in one transaction
		if c.state != offered || c.offer != p.offer {
			p.pc = over
			break
		}
		c.state, c.epoch, c.offer = queued, c.epoch+1, 0
		if sc.release(&s.a[p.agent], p.offer) {
			p.fEpoch = s.a[p.agent].epoch
		}
		p.pc = 4
	case 2:
		for q := range int8(queues) {
			if s.w[q][p.x] <= p.wEpoch {
				s.w[q][p.x] = 0
			}
		}
		p.pc = 3
	case 3:
		if p.offer == 0 || !sc.release(&s.a[p.agent], p.offer) {
			p.pc = over
			break
		}
		p.fEpoch, p.pc = s.a[p.agent].epoch, 5
	case 4:
		s.rowsOf(p.x)
		p.pc = 5
	case 5:
		s.putF(p.agent, p.fEpoch)
		sc.round(p)
	}
	if p.pc == over {
		*p = process{kind: rounds, pc: over}
	}
	return append(out, s)
}

func b(x bool) int8 {
	if x {
		return 1
	}
	return 0
}

// repair is the consumer of the stream: it puts rows that truth demands, frees the
// slots of offers that are over, and has a round follow what it was told.
func (sc Scenario) repair(out []state, s state, i int) []state {
	for c := range int8(maxContacts) {
		if s.lacks(c) {
			n := s
			n.rowsOf(c)
			out = append(out, n)
		}
	}
	for a := range int8(maxAgents) {
		x := s.a[a]
		if sc.free(x) && s.f[a] < x.epoch {
			n := s
			n.putF(a, x.epoch)
			out = append(out, n)
		}
		for slot, o := range x.offer {
			if o == 0 || s.c[x.of[slot]].offer == o && s.c[x.of[slot]].state == offered || s.pending(o) {
				continue
			}
			n := s
			sc.release(&n.a[a], o)
			out = append(out, n)
		}
	}
	if s.told == 0 || sc.Bug == AckWithoutRound && s.told == 1 {
		return out
	}
	for j := range s.p { // one batch of a shard at a time
		if s.p[j].x == consume && s.p[j].kind == rounds && s.p[j].pc < crashed {
			return out
		}
	}
	for j := range s.p {
		if j != i && (s.p[j].kind == idle || s.p[j].pc >= crashed) {
			n := s
			n.p[j], n.told = process{kind: rounds, x: consume}, 0
			return append(out, n)
		}
	}
	return out
}

// pending reports whether a claim in two writes is on its way: the consumer must
// not see it as over, as it could not in a store either.
func (s *state) pending(offer int8) bool {
	for _, p := range s.p {
		if p.kind == rounds && p.pc == 2 && p.offer == offer {
			return true
		}
	}
	return false
}
