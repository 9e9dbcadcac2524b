package sim

import (
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/contact"
)

// longest is I-9: how long a contact may be in a state that a timer ends.
func (k *checker) longest(c *contact.Contact) (limit time.Duration, bounded bool) {
	switch c.State {
	case contact.Offered:
		return time.Duration(c.RingSeconds+3)*time.Second + k.slack(), true
	case contact.Connecting:
		if c.ToCall() { // the device, then the customer
			return contact.PlaceWait + (contact.DeviceSeconds+contact.DialSeconds)*time.Second + acd.ConnectLease + k.slack(), true
		}
		return acd.ConnectLease*3/2 + k.slack(), true
	case contact.Ended:
		return acwSeconds*time.Second + k.slack(), true
	}
	return 0, false
}

// slack is how late a timer may be: what the run's faults add.
func (k *checker) slack() time.Duration {
	if k.w.opt.Aborts > 0 {
		return 10 * timerVisible // its message is lost with the function, again and again
	}
	if k.w.opt.Timers || k.w.crash.at > 0 || k.w.opt.Skew > 0 || k.w.deaths > 0 || k.w.opt.Yields > 0 || k.w.opt.Faults.RepeatEvents > 0 {
		return 100 * time.Second
	}
	return 3 * time.Second
}

// quiet checks I-4 whenever nothing can happen at this instant: no contact and
// agent that fit stay apart for longer than it takes to repair what went wrong.
func (k *checker) quiet() error {
	var waiting []*contact.Contact
	var free []*agent.Agent
	now := k.w.clock.Now()
	for _, c := range k.contacts {
		if limit, bounded := k.longest(c); bounded && now.Sub(k.since[c.ID]) > limit {
			k.fault("I-9: contact %s is %s since %s", c.ID, c.State, k.since[c.ID].Sub(k.w.start))
		}
		if c.State == contact.Queued {
			waiting = append(waiting, c)
		}
	}
	for o, l := range k.left {
		if limit, bounded := k.longest(l); bounded && now.Sub(k.leftSince[o]) > limit {
			k.fault("I-9: segment %d of %s is %s since %s", l.Segment, l.ID, l.State, k.leftSince[o].Sub(k.w.start))
		}
	}
	for _, a := range k.agents {
		if len(waiting) > 0 && a.Ready() {
			free = append(free, a)
		}
	}
	apart := map[pair]time.Time{}
	for _, c := range waiting {
		for _, a := range free {
			if !k.fits(c, a, now) {
				continue
			}
			p := pair{c.ID, a.ID}
			since, known := k.pairs[p]
			if !known {
				since = now
			}
			apart[p] = since
			if now.Sub(since) > k.patience(k.byTime(c, a)) {
				k.fault("I-4: contact %s and %s are apart since %s", c.ID, a.ID, since.Sub(k.w.start))
			}
		}
	}
	k.pairs = apart
	return k.failed()
}

// fits is what a pair must fulfil, written down a second time: a checker that
// asked the product would share its mistakes. Where clocks disagree, only what
// fits by each of them counts.
func (k *checker) fits(c *contact.Contact, a *agent.Agent, now time.Time) bool {
	now = now.Add(-2 * k.w.opt.Skew)
	delay, ok := servedBy(c.Queue, a.Profile)
	if !ok || k.enqueued[c.ID].Add(delay).After(now) || c.NotBefore.After(now) || c.Queue == "old" && k.w.deleted {
		return false
	}
	if !able(a, c.Needs) || !k.meets(c, a, now) {
		return false
	}
	for _, e := range c.Excluded {
		if e.Agent == a.ID && e.Until.After(now) {
			return false
		}
	}
	return true
}

func able(a *agent.Agent, needs map[string]int) bool {
	for skill, level := range needs {
		if a.Skills[skill] < level {
			return false
		}
	}
	return true
}

// meets reports whether an agent meets the criteria of a contact, as far as they
// have relaxed by now. Where clocks disagree any step may hold.
func (k *checker) meets(c *contact.Contact, a *agent.Agent, now time.Time) bool {
	ends, skew := k.enqueued[c.ID], 2*k.w.opt.Skew
	for _, s := range c.Steps {
		fits := able(a, s.Needs) && (len(s.Agents) == 0 || slices.Contains(s.Agents, a.ID))
		if ends = ends.Add(s.For); s.For == 0 || ends.After(now) || skew > 0 && ends.Add(2*skew).After(now) {
			return fits
		}
	}
	return true
}

// byTime reports whether time alone made a pair fit: a delay, the end of an
// exclusion or of a step of criteria, of which no write tells.
func (k *checker) byTime(c *contact.Contact, a *agent.Agent) bool {
	delay, _ := servedBy(c.Queue, a.Profile)
	return delay > 0 || len(c.Steps) > 0 || !c.NotBefore.IsZero() || slices.ContainsFunc(c.Excluded, func(e contact.Excluded) bool { return e.Agent == a.ID })
}

// patience is how long a pair may be apart: two seconds, and what it takes to try
// again where requests fail. A pair that time alone has made fit has a timer only,
// and a timer's message that was not handled comes again after half a minute.
func (k *checker) patience(byTime bool) time.Duration {
	f := k.w.opt.Faults
	fails := f.Conflict + f.Throttle + f.Down + f.Lost
	switch {
	case fails > 0.2, k.w.opt.Deaf > 0, byTime && (k.w.opt.Timers || k.w.opt.Aborts > 0):
		return 2*timerVisible + 10*time.Second
	case fails > 0, k.w.opt.Timers, byTime && k.w.crash.at > 0:
		return timerVisible + 5*time.Second
	case k.w.opt.Aborts > 0:
		return 15 * time.Second
	case k.w.opt.Pauses > 0, byTime && k.w.opt.Never > 0:
		return 8 * time.Second
	}
	return 2*time.Second + 100*time.Millisecond // one retry of the stream after a crash
}
