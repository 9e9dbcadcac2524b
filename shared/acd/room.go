package acd

import (
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// Room is how many contacts of a channel an agent takes at once, and has room for.
type Room struct{ Max, Free int }

// room returns how many more contacts of a channel fit.
func (f *Free) room(c contact.Channel) int {
	if f.Rooms == nil {
		if c == contact.Voice {
			return 1
		}
		return 0
	}
	return f.Rooms[c].Free
}

// channels lists the channels that have queues.
func channels() [4]contact.Channel {
	return [...]contact.Channel{contact.Voice, contact.Chat, contact.Email, contact.Task}
}

// roomsOf returns the rooms of an agent; nil for one who takes one call at a time
// and nothing else, as most do.
func roomsOf(a *agent.Agent) map[contact.Channel]Room {
	rooms := map[contact.Channel]Room{}
	for _, c := range channels() {
		if n := a.Slots(c).Max; n > 0 {
			rooms[c] = Room{n, a.Room(c)}
		}
	}
	if len(rooms) == 1 && rooms[contact.Voice].Max == 1 {
		return nil
	}
	return rooms
}

func roomsItem(rooms map[contact.Channel]Room) map[string]any {
	m := map[string]any{}
	for c, r := range rooms {
		m[string(c)] = []any{int64(r.Max), int64(r.Free)}
	}
	return m
}

func roomsFrom(v any) map[contact.Channel]Room {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	rooms := map[contact.Channel]Room{}
	for c, v := range m {
		if pair, _ := v.([]any); len(pair) == 2 {
			most, _ := pair[0].(int64)
			free, _ := pair[1].(int64)
			rooms[contact.Channel(c)] = Room{int(most), int(free)}
		}
	}
	return rooms
}

// with returns f's rooms once it has one more contact of a channel, nil if there
// is none left.
func (f *Free) with(c contact.Channel) map[contact.Channel]Room {
	left := map[contact.Channel]Room{}
	some := false
	for other, r := range f.Rooms {
		switch {
		case other == c:
			r.Free--
		case !f.Mixed:
			r.Free = 0
		}
		left[other] = r
		some = some || r.Free > 0
	}
	if !some {
		return nil
	}
	return left
}

// idle reports whether f has no contact at all.
func (f *Free) idle() bool {
	for _, r := range f.Rooms {
		if r.Free < r.Max {
			return false
		}
	}
	return true
}

// slotConds are the conditions under which an agent has room for a contact of a
// channel.
func (f *Free) slotConds(c contact.Channel) []cloud.Cond {
	if f.Rooms == nil {
		return []cloud.Cond{{Attr: agent.AttrVoiceUsed, Op: "<", Value: int64(f.Slots)}}
	}
	conds := []cloud.Cond{{Attr: agent.AttrUsed(c), Op: "<", Value: int64(f.Rooms[c].Max)}}
	if f.Mixed {
		return conds
	}
	for _, other := range sorted(f.Rooms) {
		if other != c {
			conds = append(conds, cloud.Cond{Attr: agent.AttrUsed(other), Op: "=", Value: int64(0)})
		}
	}
	return conds
}

// roomsWrite returns the write that notes in an agent's row what room is left.
func (f *Free) roomsWrite(rooms map[contact.Channel]Room) cloud.Write {
	return cloud.Write{Key: f.key, If: []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: f.Epoch}},
		Set: cloud.Item{"rooms": roomsItem(rooms)}, Add: map[string]int64{contact.AttrVersion: 1}}
}
