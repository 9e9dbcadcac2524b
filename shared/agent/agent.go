// Package agent is one who answers contacts: status, skills, devices and slots,
// and how they are kept in the table. It decides which step of an agent's state
// may follow which. It leaves who gets which contact to acd, and who may log in
// to auth.
package agent

import (
	"slices"
	"time"

	"huawu/shared/contact"
	"huawu/shared/fault"
)

// State is whether an agent wants contacts. Whether the agent is busy is no
// state of its own: the slots say so.
type State string

// The states.
const (
	Offline   State = "OFFLINE"   // not logged in, or the desk is gone
	Available State = "AVAILABLE" // wants contacts
	Away      State = "AWAY"      // a custom status, named in Status
	Missed    State = "MISSED"    // let an offer pass; gets nothing until the agent acts
)

// States lists every state.
func States() []State { return []State{Offline, Available, Away, Missed} }

// CanMove reports whether a step is allowed. An agent may choose any state but
// Missed, again or anew; only an offer that passed leads there, and only from
// where offers come.
func CanMove(from, to State) bool {
	switch to {
	case Missed:
		return from == Available
	case Offline, Available, Away:
		return slices.Contains(States(), from) || from == ""
	}
	return false
}

// ErrStep is the error of a step that the state does not allow.
var ErrStep = fault.New(fault.Conflict, "agent: step not allowed")

// DeviceKind is what rings at an agent.
type DeviceKind string

// The kinds of devices.
const (
	Phone     DeviceKind = "phone"     // a SIP phone that rings; picking it up is the accept
	Softphone DeviceKind = "softphone" // in the browser; accept is REST, then it answers by itself
)

// Device is where an agent talks.
type Device struct {
	Kind DeviceKind
	User string // SIP user that the relay's registrar knows
}

// Slots says how many contacts of a channel an agent takes at once, and has.
type Slots struct{ Max, Used int }

// Free returns how many more contacts fit.
func (s Slots) Free() int { return max(0, s.Max-s.Used) }

// Agent is one who answers. Invariants: State changes only through Move; Offers
// holds one entry per slot in use, and nothing else frees a slot than removing
// its entry in the same write; Epoch changes whenever availability does.
type Agent struct {
	Tenant  string
	ID      string
	Version int64 // +1 per write, never a condition
	State   State
	Since   time.Time // when State was entered
	Epoch   int64

	Username string
	Name     string
	Profile  string // routing profile
	Skills   map[string]int
	Device   Device

	Status     string // name of the custom status, in Away; in Offline why, if not by choice
	NextState  State  // asked for while busy; entered when the last slot is free
	NextStatus string

	Idle   time.Time // free since; the longest idle agent is served first
	Voice  Slots
	Chat   Slots
	Email  Slots
	Task   Slots
	Mixed  bool                                // takes contacts of different channels at the same time
	Offers map[contact.OfferID]contact.ID      // what holds each slot in use
	Other  map[contact.OfferID]contact.Channel // channels of those offers that are not voice

	Claimed time.Time     // when the first contact of those in Offers came; zero: not known
	Worked  time.Duration // on contacts, since From
	From    time.Time     // when the agent last came to work
}

// Move takes a to state to at time now, or returns ErrStep and leaves a as is.
func (a *Agent) Move(to State, now time.Time) error {
	if !CanMove(a.State, to) {
		return fault.Wrap(fault.Conflict, ErrStep, "%s %s→%s", a.ID, a.State, to)
	}
	a.State = to
	if to != Away {
		a.Status = ""
	}
	if now.After(a.Since) {
		a.Since = contact.Instant(now)
	}
	return nil
}

// Busy reports whether any slot is in use.
func (a *Agent) Busy() bool { return len(a.Offers) > 0 }

// Ready reports whether a contact of some channel may be offered: the agent wants
// one and has room.
func (a *Agent) Ready() bool {
	return a.State == Available && slices.ContainsFunc(Channels(), func(c contact.Channel) bool { return a.Room(c) > 0 })
}

// Release frees the slot that an offer holds and enters the next state, if one
// was asked for and this was the last slot. It reports whether the offer held a
// slot; without one nothing changes.
func (a *Agent) Release(o contact.OfferID, now time.Time) bool {
	if _, held := a.Offers[o]; !held {
		return false
	}
	slots := a.Slots(a.ChannelOf(o))
	slots.Used = max(0, slots.Used-1)
	delete(a.Offers, o)
	delete(a.Other, o)
	a.Epoch++
	a.Idle = contact.Instant(now)
	if !a.Claimed.IsZero() {
		a.Worked += max(0, a.Idle.Sub(a.Claimed))
		a.Claimed = time.Time{}
		if a.Busy() {
			a.Claimed = a.Idle
		}
	}
	if a.NextState != "" && !a.Busy() && CanMove(a.State, a.NextState) {
		next, status := a.NextState, a.NextStatus
		a.NextState, a.NextStatus = "", ""
		if a.Move(next, now) == nil {
			a.Status = status
		}
	}
	return true
}

// Clone returns a copy that shares nothing with a.
func (a *Agent) Clone() *Agent {
	b := *a
	b.Skills = cloneMap(a.Skills)
	b.Offers = cloneMap(a.Offers)
	b.Other = cloneMap(a.Other)
	return &b
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return nil
	}
	out := make(map[K]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
