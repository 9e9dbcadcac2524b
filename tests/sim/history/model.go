package history

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// state is an item as it stands; text tells two states apart.
type state struct {
	item cloud.Item
	text string
}

func stateOf(i cloud.Item) *state {
	if i == nil {
		return &state{}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(i)) {
		fmt.Fprintf(&b, "%s=%v;", name, i[name])
	}
	return &state{i, b.String()}
}

// modelOf is the sequential specification of an item: a write is done if its
// conditions hold, and refused if not; a read tells what stands; and what a write
// leaves is a step that a contact, an agent or a record may take.
func modelOf(k cloud.Key) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{stateOf(nil)} },
		Step: func(s, in, out any) []any {
			return step(k, s.(*state), in.(Request), out.(Answer))
		},
		Equal: func(a, b any) bool { return a.(*state).text == b.(*state).text },
	}
	return m.ToModel()
}

// step returns the states that an operation may leave, none if it cannot have
// happened in s.
func step(k cloud.Key, s *state, in Request, out Answer) []any {
	if in.Read {
		if out.Told && !same(s.item, out.Item) {
			return nil
		}
		return []any{s}
	}
	holds := cloud.Holds(in.Write.If, s.item)
	switch out.Result {
	case Refused:
		if holds || out.Told && !same(s.item, out.Item) {
			return nil
		}
		return []any{s}
	case Unknown:
		if !holds {
			return []any{s}
		}
		next := stateOf(apply(k, s.item, in.Write))
		if !allowed(s.item, next.item) {
			return []any{s}
		}
		return []any{s, next}
	}
	if !holds {
		return nil
	}
	next := apply(k, s.item, in.Write)
	if !allowed(s.item, next) || out.Told && !same(next, out.Item) {
		return nil
	}
	return []any{stateOf(next)}
}

func same(a, b cloud.Item) bool { return (a == nil) == (b == nil) && reflect.DeepEqual(a, b) }

// apply does a write to an item.
func apply(k cloud.Key, was cloud.Item, w cloud.Write) cloud.Item {
	if w.Delete {
		return nil
	}
	if w.Put == nil && w.Set == nil && w.Remove == nil && w.Add == nil {
		return was // a check
	}
	now := cloud.Item{}
	if w.Put == nil {
		maps.Copy(now, was)
	}
	now[cloud.AttrPart], now[cloud.AttrSort] = k.Part, k.Sort
	for _, set := range []cloud.Item{w.Put, w.Set} {
		for name, v := range set {
			if v, err := cloud.Value(v); err == nil {
				now[name] = v
			}
		}
	}
	for _, name := range w.Remove {
		delete(now, name)
	}
	for name, n := range w.Add {
		now[name] = now.Int(name) + n
	}
	return now
}

// allowed reports whether an item may become another in one write.
func allowed(was, now cloud.Item) bool {
	if a := agent.FromItem(now); a != nil {
		return slotsHold(now, len(a.Offers))
	}
	if contact.RecordFromItem(now) != nil {
		return was == nil // a record is put once
	}
	c := contact.FromItem(now)
	if c == nil || was == nil {
		return true
	}
	old := contact.FromItem(was)
	switch {
	case old.State == contact.Completed && c.State != contact.Completed:
		return false
	case old.State != c.State && !contact.CanMove(old.State, c.State):
		return false
	case c.Offer != "" && c.Offer != old.Offer:
		return mayBeOffered(old, c)
	}
	return true
}

// mayBeOffered reports whether a contact may get a new offer: one who waits or comes
// may, and never one who has another, unless it is passed on, which begins a segment,
// or given back to who passed it on.
func mayBeOffered(old, c *contact.Contact) bool {
	switch {
	case c.Segment > old.Segment:
		return true
	case old.State == contact.Queued || old.State == contact.InFlow:
		return old.Offer == "" && c.State == contact.Offered
	}
	return old.State == contact.Offered && c.State == contact.Offered && old.FromOffer != ""
}

// slotsHold reports whether an agent has as many contacts as slots in use, and no
// more of them than there are.
func slotsHold(a cloud.Item, offers int) bool {
	used := int64(0)
	for name := range a {
		if channel, ok := strings.CutPrefix(name, "used."); ok {
			n := a.Int(name)
			if n < 0 || n > a.Int("max."+channel) {
				return false
			}
			used += n
		}
	}
	return used == int64(offers)
}
