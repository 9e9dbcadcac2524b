package agent

import (
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// Names of attributes that conditions and blind writes of other rooms use.
const (
	AttrState     = "state"
	AttrSince     = "since"
	AttrEpoch     = "epoch"
	AttrVoiceUsed = "used.voice"
	AttrNext      = "next"
	AttrVersion   = "v"
)

// OfferPrefix begins the attribute of each live offer; its value is the contact.
const OfferPrefix = "o:"

// AttrClaimed is when the first contact of those that the agent has came.
const AttrClaimed = "claimed"

// AttrUsed and AttrMax name the counts of the slots of a channel.
func AttrUsed(c contact.Channel) string { return "used." + strings.ToLower(string(c)) }

// AttrMax is AttrUsed for how many there are.
func AttrMax(c contact.Channel) string { return "max." + strings.ToLower(string(c)) }

// OfferValue is the value of a live offer's attribute: the contact, behind its
// channel if that is not voice.
func OfferValue(c contact.Channel, id contact.ID) string {
	if c == contact.Voice || c == "" {
		return string(id)
	}
	return string(c) + "|" + string(id)
}

// AttrOffer names the attribute of a live offer.
func AttrOffer(o contact.OfferID) string { return OfferPrefix + string(o) }

// Key returns the key of an agent.
func Key(tenant, id string) cloud.Key {
	return cloud.Key{Part: tenant + "|A#" + id, Sort: contact.SortMeta}
}

// ParseKey returns the agent that an item belongs to; ok is false for items of
// other things.
func ParseKey(k cloud.Key) (tenant, id string, ok bool) {
	tenant, rest, found := strings.Cut(k.Part, "|")
	id, isAgent := strings.CutPrefix(rest, "A#")
	if !found || !isAgent || tenant == "" || id == "" || k.Sort != contact.SortMeta {
		return "", "", false
	}
	return tenant, id, true
}

// Item returns a as the table keeps it, without its key.
func (a *Agent) Item() cloud.Item {
	i := cloud.Item{AttrState: string(a.State), AttrEpoch: a.Epoch, AttrVersion: max(1, a.Version), "username": a.Username,
		"max.voice": int64(a.Voice.Max), AttrVoiceUsed: int64(a.Voice.Used),
		"max.chat": int64(a.Chat.Max), "used.chat": int64(a.Chat.Used),
		"max.email": int64(a.Email.Max), "used.email": int64(a.Email.Used)}
	for name, s := range map[string]string{"name": a.Name, "profile": a.Profile, "status": a.Status, AttrNext: string(a.NextState),
		"nextStatus": a.NextStatus, "device": string(a.Device.Kind), "user": a.Device.User} {
		if s != "" {
			i[name] = s
		}
	}
	if len(a.Skills) > 0 {
		i["skills"] = contact.LevelsItem(a.Skills)
	}
	if !a.Idle.IsZero() {
		i["idle"] = contact.Micros(a.Idle)
	}
	if !a.Since.IsZero() {
		i[AttrSince] = contact.Micros(a.Since)
	}
	if a.Task.Max > 0 || a.Task.Used > 0 {
		i[AttrMax(contact.Task)], i[AttrUsed(contact.Task)] = int64(a.Task.Max), int64(a.Task.Used)
	}
	if a.Mixed {
		i["mixed"] = true
	}
	for name, t := range map[string]time.Time{AttrClaimed: a.Claimed, "from": a.From} {
		if !t.IsZero() {
			i[name] = contact.Micros(t)
		}
	}
	if a.Worked > 0 {
		i["workedUs"] = a.Worked.Microseconds()
	}
	for o, c := range a.Offers {
		i[AttrOffer(o)] = OfferValue(a.ChannelOf(o), c)
	}
	return i
}

// FromItem reads an agent back; nil for an absent item or one of another thing.
func FromItem(i cloud.Item) *Agent {
	tenant, id, ok := ParseKey(i.Key())
	if !ok {
		return nil
	}
	slots := func(channel string) Slots {
		return Slots{Max: int(i.Int("max." + channel)), Used: int(i.Int("used." + channel))}
	}
	a := &Agent{
		Tenant: tenant, ID: id, Version: i.Int(AttrVersion), State: State(i.Str(AttrState)), Epoch: i.Int(AttrEpoch),
		Since: contact.FromMicros(i.Int(AttrSince)), Username: i.Str("username"), Name: i.Str("name"), Profile: i.Str("profile"),
		Skills: contact.LevelsFrom(i["skills"]), Device: Device{Kind: DeviceKind(i.Str("device")), User: i.Str("user")},
		Status: i.Str("status"), NextState: State(i.Str(AttrNext)), NextStatus: i.Str("nextStatus"),
		Idle: contact.FromMicros(i.Int("idle")), Voice: slots("voice"), Chat: slots("chat"), Email: slots("email"), Task: slots("task"),
		Mixed: i.Bool("mixed"), Claimed: contact.FromMicros(i.Int(AttrClaimed)), From: contact.FromMicros(i.Int("from")),
		Worked: time.Duration(i.Int("workedUs")) * time.Microsecond,
	}
	for name, v := range i {
		if o, isOffer := strings.CutPrefix(name, OfferPrefix); isOffer {
			if a.Offers == nil {
				a.Offers = map[contact.OfferID]contact.ID{}
			}
			c, _ := v.(string)
			if channel, id, other := strings.Cut(c, "|"); other {
				if a.Other == nil {
					a.Other = map[contact.OfferID]contact.Channel{}
				}
				a.Other[contact.OfferID(o)], c = contact.Channel(channel), id
			}
			a.Offers[contact.OfferID(o)] = contact.ID(c)
		}
	}
	return a
}

// Put returns the write that stores a new agent; one that is there stays.
func (a *Agent) Put() cloud.Write {
	return cloud.Write{Key: Key(a.Tenant, a.ID), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: a.Item()}
}

// Update returns the write that takes the stored agent from old to a. It relies
// on the state, the epoch, the slots and the next state that old was read with.
// A slot is freed or taken by adding to the count together with its entry.
func (a *Agent) Update(old *Agent) cloud.Write {
	w := contact.Diff(old.Item(), a.Item())
	w.Key = Key(a.Tenant, a.ID)
	next := cloud.Cond{Attr: AttrNext, Op: "absent"}
	if old.NextState != "" {
		next = cloud.Cond{Attr: AttrNext, Op: "=", Value: string(old.NextState)}
	}
	w.If = []cloud.Cond{{Attr: AttrState, Op: "=", Value: string(old.State)}, {Attr: AttrEpoch, Op: "=", Value: old.Epoch}, next}
	for _, c := range Channels() {
		was := *old.Slots(c)
		if c != contact.Voice && was == (Slots{}) {
			continue // it may have no attributes
		}
		w.If = append(w.If, cloud.Cond{Attr: AttrUsed(c), Op: "=", Value: int64(was.Used)})
		delete(w.Set, AttrUsed(c))
		if n := a.Slots(c).Used - was.Used; n != 0 {
			w.Add[AttrUsed(c)] = int64(n)
		}
	}
	for o := range old.Offers {
		if _, kept := a.Offers[o]; !kept {
			w.If = append(w.If, cloud.Cond{Attr: AttrOffer(o), Op: "present"})
		}
	}
	return w
}
