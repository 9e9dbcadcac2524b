package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
)

// centre is the configuration: routing groups as a big tenant has them, one for
// each language, with four queues and three routing profiles each.
type centre struct {
	groups   []*group
	queues   []*queue
	profiles []*profile
}

type group struct {
	id    string
	share float64 // of calls and of agents
}

type queue struct {
	id       string
	group    *group
	share    float64 // of the group's calls
	level    int     // of the skill that it needs; 0 = none
	overflow string  // queue whose agents help after overflowAfter
	servers  []server
	bands    map[int][]*call // who waits, by priority, in order; over ones are dropped late
}

// server is a profile that serves a queue, its own or by overflow.
type server struct {
	profile *profile
	after   time.Duration // a contact has waited
}

type profile struct {
	id     string
	group  *group
	share  float64 // of the group's agents
	serves []acd.ProfileQueue
	free   [levels + 1][]*person // agents with room, by the level of their skill
}

// Shape of the centre.
const (
	levels        = 5 // of the skill "tech"
	overflowAfter = time.Minute
	longestWait   = 15 * time.Minute
	ringSeconds   = 20
	acwSeconds    = 90
	vip           = 3 // priority of one caller in twenty
)

func newCentre() *centre {
	c := &centre{}
	for _, g := range []group{{"zh", 0.40}, {"en", 0.25}, {"ja", 0.15}, {"ko", 0.10}, {"de", 0.10}} {
		c.addGroup(&g)
	}
	for _, q := range c.queues {
		for _, p := range c.profiles {
			for _, s := range p.serves {
				if s.Queue == q.id {
					q.servers = append(q.servers, server{p, s.Delay})
				} else if s.Queue == q.overflow {
					q.servers = append(q.servers, server{p, max(s.Delay, overflowAfter)})
				}
			}
		}
	}
	return c
}

func (c *centre) addGroup(g *group) {
	c.groups = append(c.groups, g)
	name := func(of string) string { return g.id + "-" + of }
	sales, service, billing, tech := name("sales"), name("service"), name("billing"), name("tech")
	for _, q := range []queue{{id: sales, share: 0.3, overflow: service}, {id: service, share: 0.4}, {id: billing, share: 0.2, overflow: service}, {id: tech, share: 0.1, level: 3}} {
		q.group, q.bands = g, map[int][]*call{}
		c.queues = append(c.queues, &q)
	}
	for _, p := range []profile{
		{id: name("front"), share: 0.4, serves: []acd.ProfileQueue{{Queue: sales, Priority: 1}, {Queue: service, Priority: 1}, {Queue: billing, Priority: 2, Delay: 20 * time.Second}}},
		{id: name("back"), share: 0.3, serves: []acd.ProfileQueue{{Queue: billing, Priority: 1}, {Queue: tech, Priority: 1}, {Queue: service, Priority: 2, Delay: 30 * time.Second}}},
		{id: name("all"), share: 0.3, serves: []acd.ProfileQueue{{Queue: sales, Priority: 1}, {Queue: service, Priority: 1}, {Queue: billing, Priority: 1}, {Queue: tech, Priority: 1}}},
	} {
		p.group = g
		c.profiles = append(c.profiles, &p)
	}
}

// configuration returns the writes that make the centre.
func (c *centre) configuration() (all []cloud.Write) {
	for _, g := range c.groups {
		all = append(all, acd.Group{ID: g.id, Shards: 1}.Put(tenant))
	}
	for _, q := range c.queues {
		is := acd.Queue{ID: q.id, Group: q.group.id, RingSeconds: ringSeconds, ACWSeconds: acwSeconds, MaxWaitSeconds: int(longestWait / time.Second)}
		if q.overflow != "" {
			is.Overflow, is.OverflowSeconds = q.overflow, int(overflowAfter/time.Second)
		}
		if q.level > 0 {
			is.Needs = map[string]int{"tech": q.level}
		}
		all = append(all, is.Put(tenant))
	}
	for _, p := range c.profiles {
		all = append(all, acd.Profile{ID: p.id, Group: p.group.id, Queues: p.serves}.Put(tenant))
	}
	return all
}

// queue returns a queue by chance, as callers choose it.
func (c *centre) queue(r *rand.Rand) *queue {
	x := r.Float64()
	for _, q := range c.queues {
		if x -= q.share * q.group.share; x < 0 {
			return q
		}
	}
	return c.queues[0]
}

// profileOf returns the profile of the n-th of so many agents.
func (c *centre) profileOf(n, of int) *profile {
	x := (float64(n) + 0.5) / float64(of)
	for _, p := range c.profiles {
		if x -= p.share * p.group.share; x < 0 {
			return p
		}
	}
	return c.profiles[len(c.profiles)-1]
}

// load is how many calls come at an hour of the day, as a part of the mean.
func load(hour float64) float64 {
	shape := [...]float64{.74, .72, .71, .71, .73, .78, .86, .97, 1.09, 1.19, 1.23, 1.20, 1.12, 1.12, 1.19, 1.22, 1.19, 1.13, 1.09, 1.07, 1.04, .98, .89, .80}
	const sum = 23.77
	n := int(hour)
	part := hour - float64(n)
	return (shape[n%24]*(1-part) + shape[(n+1)%24]*part) * 24 / sum
}

// staffed is the part of the agents who are to be at their desks at an hour.
func staffed(hour float64) float64 { return math.Min(1, 0.93*load(hour)+0.03) }

// hourOf is the hour of the day of an instant.
func (w *world) hourOf(at time.Time) float64 {
	return math.Mod(at.Sub(w.begin).Hours()+48, 24)
}

// logNormal is a duration by chance with a mean and a long tail.
func (w *world) logNormal(mean time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(mean) * math.Exp(sigma*w.rand.NormFloat64()-sigma*sigma/2))
}

func agentID(n int) string { return fmt.Sprintf("agent-%05d", n) }
