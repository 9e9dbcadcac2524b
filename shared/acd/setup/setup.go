// Package setup is how a tenant routes, as one document that a person can read,
// change, compare and put back: queues, routing profiles, routing groups and hours
// of operation. It decides what a document must hold and what changes it makes;
// what the rules then do is acd's, and who may change them the desk's.
package setup

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"huawu/shared/acd"
	"huawu/shared/hours"
)

// Document is the routing of a tenant.
type Document struct {
	Groups   []Group   `json:"groups,omitempty"`
	Queues   []Queue   `json:"queues"`
	Profiles []Profile `json:"profiles"`
	Hours    []Hours   `json:"hours,omitempty"`
}

// Group is a routing group: queues and profiles that are connected by agents. One
// that is not named needs no mention.
type Group struct {
	ID     string `json:"id" doc:"What queues and profiles call it"`
	Shards int    `json:"shards,omitempty" doc:"Partitions its rows are spread over: one for each 100 calls a second; 1 if absent"`
	Exact  bool   `json:"exact,omitempty" doc:"The longest idle agent always, even of very many"`
}

// Queue is acd.Queue as it is written down.
type Queue struct {
	ID    string `json:"id" doc:"What flows and profiles call it"`
	Name  string `json:"name,omitempty"`
	Group string `json:"group,omitempty" doc:"Routing group; main if absent"`

	RingSeconds         int      `json:"ringSeconds,omitempty" doc:"How long an agent is rung: 5 to 60; 20 if absent"`
	AfterContactSeconds int      `json:"afterContactSeconds,omitempty" doc:"Time for after-contact work: 0 to 3600"`
	WrapUp              string   `json:"wrapUp,omitempty" doc:"manual: only the agent ends after-contact work"`
	Required            []string `json:"required,omitempty" doc:"What an agent must set first: disposition, note"`
	Record              bool     `json:"record,omitempty"`

	Mode          string         `json:"mode,omitempty" doc:"strict: all of a priority before the next; credit: a priority counts as time waited"`
	CreditSeconds int            `json:"creditSeconds,omitempty" doc:"With credit: what one step of priority is worth"`
	Needs         map[string]int `json:"needs,omitempty" doc:"Least level of each skill: 1 to 5"`
	LeastOccupied bool           `json:"leastOccupied,omitempty" doc:"The least occupied agent, not the longest idle"`

	MaxWaiting      int    `json:"maxWaiting,omitempty" doc:"Contacts that may wait; any number if absent"`
	MaxWaitSeconds  int    `json:"maxWaitSeconds,omitempty" doc:"How long one may wait; for ever if absent"`
	Overflow        string `json:"overflow,omitempty" doc:"Queue whose agents help"`
	OverflowSeconds int    `json:"overflowSeconds,omitempty" doc:"They help one who has waited so long"`
	OverflowDepth   int    `json:"overflowDepth,omitempty" doc:"New contacts go there once so many wait"`
	Hours           string `json:"hours,omitempty" doc:"Hours of operation"`
	AfterHours      string `json:"afterHours,omitempty" doc:"New contacts outside the hours: refuse, or a queue; they wait if absent"`

	CallerID  string   `json:"callerId,omitempty" doc:"Number that calls out show"`
	Dials     []string `json:"dials,omitempty" doc:"What may be called: prefixes with +, local numbers, local prefixes that end in *"`
	CallFirst string   `json:"callFirst,omitempty" doc:"Who is called first in callbacks: agent or customer; the agent if absent"`
}

// Profile is a routing profile: which queues an agent serves, and how.
type Profile struct {
	ID     string         `json:"id"`
	Name   string         `json:"name,omitempty"`
	Group  string         `json:"group,omitempty" doc:"Routing group; main if absent"`
	Queues []ProfileQueue `json:"queues"`
}

// ProfileQueue is one queue that a profile serves.
type ProfileQueue struct {
	Queue        string `json:"queue"`
	Priority     int    `json:"priority,omitempty" doc:"1 to 99, the lower one first; 1 if absent"`
	DelaySeconds int    `json:"delaySeconds,omitempty" doc:"A contact must have waited so long: 0 to 9999"`
}

// Hours are hours of operation under an id.
type Hours struct {
	ID string `json:"id"`
	hours.Hours
}

// MainGroup is the routing group of what names none.
const MainGroup = "main"

// Rule returns q as acd routes by it.
func (q Queue) Rule() acd.Queue {
	return acd.Queue{ID: q.ID, Name: q.Name, Group: cmp.Or(q.Group, MainGroup), RingSeconds: q.RingSeconds, ACWSeconds: q.AfterContactSeconds,
		WrapUp: acd.WrapUp(q.WrapUp), Required: q.Required, Record: q.Record,
		Mode: acd.PriorityMode(cmp.Or(q.Mode, string(acd.Strict))), CreditSeconds: q.CreditSeconds, Needs: q.Needs, LeastBusy: q.LeastOccupied,
		MaxWaiting: q.MaxWaiting, MaxWaitSeconds: q.MaxWaitSeconds, Overflow: q.Overflow, OverflowSeconds: q.OverflowSeconds, OverflowDepth: q.OverflowDepth,
		Hours: q.Hours, AfterHours: q.AfterHours, CallerID: q.CallerID, Dials: q.Dials, CallFirst: q.CallFirst}
}

// Rule returns p as acd routes by it.
func (p Profile) Rule() acd.Profile {
	out := acd.Profile{ID: p.ID, Name: p.Name, Group: cmp.Or(p.Group, MainGroup)}
	for _, q := range p.Queues {
		out.Queues = append(out.Queues, acd.ProfileQueue{Queue: q.Queue, Priority: cmp.Or(q.Priority, 1), Delay: time.Duration(q.DelaySeconds) * time.Second})
	}
	return out
}

// of writes down what acd routes by; what is the default is left out.
func of(r *acd.Routing, all map[string]hours.Hours) Document {
	d := Document{Queues: []Queue{}, Profiles: []Profile{}}
	for _, id := range slices.Sorted(maps.Keys(r.Groups)) {
		d.Groups = append(d.Groups, Group{ID: id, Shards: r.Groups[id].Shards, Exact: r.Groups[id].Exact})
	}
	for _, id := range slices.Sorted(maps.Keys(r.Queues)) {
		q := r.Queues[id]
		d.Queues = append(d.Queues, Queue{ID: q.ID, Name: q.Name, Group: other(q.Group, MainGroup), RingSeconds: other(q.RingSeconds, 20), AfterContactSeconds: q.ACWSeconds,
			WrapUp: string(q.WrapUp), Required: q.Required, Record: q.Record,
			Mode: other(string(q.Mode), string(acd.Strict)), CreditSeconds: q.CreditSeconds, Needs: q.Needs, LeastOccupied: q.LeastBusy,
			MaxWaiting: q.MaxWaiting, MaxWaitSeconds: q.MaxWaitSeconds, Overflow: q.Overflow, OverflowSeconds: q.OverflowSeconds, OverflowDepth: q.OverflowDepth,
			Hours: q.Hours, AfterHours: q.AfterHours, CallerID: q.CallerID, Dials: q.Dials, CallFirst: q.CallFirst})
	}
	for _, id := range slices.Sorted(maps.Keys(r.Profiles)) {
		p := r.Profiles[id]
		out := Profile{ID: p.ID, Name: p.Name, Group: other(p.Group, MainGroup), Queues: []ProfileQueue{}}
		for _, q := range p.Queues {
			out.Queues = append(out.Queues, ProfileQueue{q.Queue, other(q.Priority, 1), int(q.Delay / time.Second)})
		}
		d.Profiles = append(d.Profiles, out)
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		d.Hours = append(d.Hours, Hours{id, all[id]})
	}
	return d
}

// other returns v, or nothing where it is the default.
func other[T comparable](v, usual T) T {
	var zero T
	if v == usual {
		return zero
	}
	return v
}
