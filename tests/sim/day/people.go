package main

import (
	"encoding/json"
	"time"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// person is an agent's desk. Who sits there changes with the shifts.
type person struct {
	id      string
	profile *profile
	level   int     // of the skill "tech"
	rank    float64 // 0 to 1: who has a low one is called in first
	wants   agent.State
	rung    contact.OfferID // the last offer that reached the desk …
	reached time.Time       // … and when
	ghost   bool            // the socket is lost

	// What the table says, as the checker saw it.
	state agent.State
	offer contact.OfferID
	room  time.Time // since when a contact may be offered; zero: none may
	place int       // in profile.free
}

// Habits of agents.
const (
	declines = 0.005
	misses   = 0.01
	acw      = 42 * time.Second
	forgets  = 0.05 // of the agents let the time for after-contact work run out
	shift    = 8 * time.Hour
	works    = 3*time.Hour + 40*time.Minute // between two breaks
	rests    = 10 * time.Minute
)

// hire adds the n-th agent, with a plan for the day.
func (w *world) hire(n int) *person {
	p := &person{id: agentID(n), profile: w.centre.profileOf(n, w.Agents), level: n % (levels + 1), rank: w.rand.Float64(), wants: agent.Offline, state: agent.Offline, place: -1}
	w.agents = append(w.agents, p)
	w.byID[p.id] = p
	if staffed(w.hourOf(w.start)) > p.rank {
		w.after(w.between(0, 8*time.Minute), func() { w.want(p, agent.Available, "") })
	}
	for at := w.start.Truncate(time.Hour).Add(time.Hour); at.Before(w.end); at = at.Add(time.Hour) {
		w.due.add(at.Add(w.between(-20*time.Minute, 20*time.Minute)), func() { w.callIn(p, at) })
	}
	for at := w.begin.Add(6 * time.Hour); at.Before(w.end); at = at.Add(shift) {
		if w.start.Before(at.Add(-30 * time.Minute)) {
			w.due.add(at.Add(w.between(-30*time.Minute, 30*time.Minute)), func() { w.handOver(p) })
		}
	}
	w.after(w.between(0, works), func() { w.rest(p) })
	return p
}

// skills are what the agent's item says.
func (p *person) skills() map[string]int {
	if p.level == 0 {
		return nil
	}
	return map[string]int{"tech": p.level}
}

// want sets the status that an agent wants; the desk asks until it is answered.
func (w *world) want(p *person, to agent.State, status string) {
	p.wants = to
	w.try(func() error {
		if p.wants != to || p.ghost {
			return nil // changed meanwhile, or there is no desk to ask with
		}
		_, err := w.desk.SetStatus(w.ctx, tenant, p.id, to, status)
		return err
	})
}

// callIn lets an agent come or go as the load of an hour asks.
func (w *world) callIn(p *person, at time.Time) {
	switch needed := staffed(w.hourOf(at)) > p.rank; {
	case needed && p.wants == agent.Offline:
		w.want(p, agent.Available, "")
	case !needed && p.wants == agent.Available:
		w.want(p, agent.Offline, "")
	}
}

// handOver lets another one sit down at a desk.
func (w *world) handOver(p *person) {
	if p.wants != agent.Available {
		return
	}
	w.want(p, agent.Offline, "")
	w.after(w.between(time.Minute, 4*time.Minute), func() {
		if p.wants == agent.Offline {
			w.want(p, agent.Available, "")
		}
	})
}

// rest is a break, and the next one after it.
func (w *world) rest(p *person) {
	if w.now().After(w.end) {
		return
	}
	w.after(w.between(works-20*time.Minute, works+20*time.Minute), func() { w.rest(p) })
	if p.wants != agent.Available {
		return
	}
	w.want(p, agent.Away, "break")
	w.after(w.between(rests-2*time.Minute, rests+2*time.Minute), func() {
		if p.wants == agent.Away {
			w.want(p, agent.Available, "")
		}
	})
}

// missed is an agent who let an offer pass and sees it some time later.
func (w *world) missed(p *person) {
	w.after(w.between(8*time.Second, 90*time.Second), func() {
		if p.state == agent.Missed && p.wants == agent.Available {
			w.want(p, agent.Available, "")
		}
	})
}

// The loss of all sockets: row T-17 of the test matrix.
const (
	foundWithin = 12 * time.Second // by the relay
	backWithin  = 55 * time.Second
)

// loseSockets lets the sockets of all agents break at one instant. The relay
// finds it out within seconds and tells routing; the browsers come back by and by
// and set the status that their agents want.
func (w *world) loseSockets() {
	w.lostAt = w.now()
	for _, p := range w.agents {
		if p.wants == agent.Offline {
			continue
		}
		w.day.Lost++
		p.ghost = true
		found := w.between(time.Second, foundWithin)
		w.after(found, func() {
			w.try(func() error {
				body, err := json.Marshal(sma.DeviceLost{Kind: sma.DeviceLostKind, Tenant: tenant, Agent: p.id, User: p.id, At: w.lostAt})
				if err != nil {
					return err
				}
				return w.cloud.Queue().Send(w.ctx, acd.TimerQueue, cloud.Message{Body: body})
			})
		})
		w.after(w.between(found+2*time.Second, backWithin), func() {
			p.ghost = false
			if p.wants == agent.Available {
				w.want(p, agent.Available, "")
			}
		})
	}
	w.after(time.Minute, w.checker.back)
}
