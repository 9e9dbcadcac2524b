package agent

import (
	"time"

	"huawu/shared/contact"
)

// Channels lists the channels that agents have slots for.
func Channels() []contact.Channel {
	return []contact.Channel{contact.Voice, contact.Chat, contact.Email, contact.Task}
}

// Slots returns the slots of a channel; those of voice for one that has none.
func (a *Agent) Slots(c contact.Channel) *Slots {
	switch c {
	case contact.Chat:
		return &a.Chat
	case contact.Email:
		return &a.Email
	case contact.Task:
		return &a.Task
	}
	return &a.Voice
}

// ChannelOf returns the channel of an offer that holds a slot.
func (a *Agent) ChannelOf(o contact.OfferID) contact.Channel {
	if c, ok := a.Other[o]; ok {
		return c
	}
	return contact.Voice
}

// Room returns how many more contacts of a channel the agent takes. Unless it is
// Mixed, one channel at a time: who talks gets no chats, and who chats gets more
// chats but no call.
func (a *Agent) Room(c contact.Channel) int {
	if !a.Mixed {
		for _, other := range Channels() {
			if other != c && a.Slots(other).Used > 0 {
				return 0
			}
		}
	}
	return a.Slots(c).Free()
}

// CanCall reports whether the agent may call somebody: one who has a message to
// deal with may, whatever else is offered meanwhile.
func (a *Agent) CanCall() bool {
	return a.Voice.Free() > 0 && (a.Mixed || a.Chat.Used == 0 && a.Email.Used == 0)
}

// Come notes that the agent has come to work: the part of the time that is spent
// on contacts is counted anew.
func (a *Agent) Come(now time.Time) { a.From, a.Worked = contact.Instant(now), 0 }

// Occupied returns the part of the time since the agent came that was spent on
// contacts, in thousandths, as at a time.
func (a *Agent) Occupied(now time.Time) int {
	total := now.Sub(a.From)
	if a.From.IsZero() || total <= 0 {
		return 0
	}
	return int(min(1000, a.Worked*1000/total))
}
