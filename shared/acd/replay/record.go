package replay

import (
	"cmp"
	"slices"
	"time"

	"huawu/shared/contact"
)

// FromRecords makes a day of what remains of its contacts: each comes when it was
// enqueued, talks and is worked on as long as it was, and leaves when it left. Of
// one who got an agent it is not known how long it would have waited, so it waits
// for ever. Agents are on shift from their first contact to their last.
func FromRecords(all []contact.Record) (d Day) {
	shifts := map[string]*Shift{}
	for _, r := range all {
		if r.Enqueued.IsZero() {
			continue // never queued
		}
		a := Arrival{ID: string(r.ID), At: r.Enqueued, Queue: r.Queue, Priority: r.Priority, Needs: r.Needs}
		if !r.Handled() {
			a.Patience = max(time.Millisecond, r.Disconnected.Sub(r.Enqueued))
			d.Arrivals = append(d.Arrivals, a)
			continue
		}
		a.Talk, a.Work = max(0, r.Disconnected.Sub(r.AgentJoined)), max(0, r.Since.Sub(r.Disconnected))
		d.Arrivals = append(d.Arrivals, a)
		s := shifts[r.OfferAgent]
		if s == nil {
			s = &Shift{Agent: r.OfferAgent, Profile: r.Profile, From: r.AgentJoined, To: r.Since}
			shifts[r.OfferAgent] = s
		}
		if r.AgentJoined.Before(s.From) {
			s.From = r.AgentJoined
		}
		if r.Since.After(s.To) {
			s.To = r.Since
		}
	}
	for _, s := range shifts {
		d.Shifts = append(d.Shifts, *s)
	}
	slices.SortFunc(d.Shifts, func(a, b Shift) int { return cmp.Compare(a.Agent, b.Agent) })
	slices.SortFunc(d.Arrivals, func(a, b Arrival) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return d
}
