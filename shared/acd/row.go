package acd

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Waiting is a contact that waits, as its row tells it.
type Waiting struct {
	Contact  contact.ID
	Epoch    int64
	Queue    string
	Rank     string
	Enqueued time.Time
	Needs    map[string]int // least level of each skill
	Excluded []contact.Excluded

	Channel   contact.Channel // "" = voice
	Steps     []contact.Step  // what it asks for besides, and for how long
	Overflow  []Overflow      // whose agents help, and from when
	LeastBusy bool            // of agents who fit alike the least occupied, not the longest idle
	From      time.Time       // not before; zero = at once
	Until     time.Time       // it may wait so long; zero = for ever
	Away      string          // queue of another group that it is taken to …
	AwayAt    time.Time       // … then
	Attempts  int             // offers before
	CallFirst bool            // its customer is to be called before it can be offered
	Calling   time.Time       // since when the customer is being called for that; zero: not now
	Window    string          // hours outside which the customer is not called; "" = none
	key       cloud.Key
}

func (w *Waiting) channel() contact.Channel { return cmpOr(w.Channel, contact.Voice) }

// Free is an agent with room, as its row tells it.
type Free struct {
	Agent   string
	Epoch   int64
	Profile string
	Idle    time.Time
	Skills  map[string]int
	Slots   int // voice contacts at once

	Rooms    map[contact.Channel]Room // of an agent who takes more than one voice contact; nil: room for that one
	Mixed    bool                     // takes contacts of different channels at the same time
	Occupied int                      // part of the time that was spent on contacts, in thousandths
	key      cloud.Key
}

// Prefixes of the sort keys of rows. All F sort before all W.
const (
	rowFree    = "F#"
	rowWaiting = "W#"
)

// shardPart returns the partition of a routing group's shard.
func shardPart(tenant, group string, shard int) string {
	return fmt.Sprintf("%s|G#%s#%d", tenant, group, shard)
}

func shardOf(id string, shards int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(shards))
}

// waitingWrite returns the row of a waiting contact, put if there is none. What
// its queue says of those who wait it gets from the queue as it is now.
func waitingWrite(c *contact.Contact, routing *Routing) cloud.Write {
	i := cloud.Item{contact.AttrVersion: int64(1), contact.AttrEpoch: c.Epoch, "enq": contact.Micros(c.Enqueued)}
	if len(c.Needs) > 0 {
		i["needs"] = contact.LevelsItem(c.Needs)
	}
	if len(c.Excluded) > 0 {
		i["excl"] = contact.ExcludedItem(c.Excluded)
	}
	if len(c.Steps) > 0 {
		i["steps"] = contact.StepsItem(c.Steps)
	}
	if c.Channel != "" && c.Channel != contact.Voice {
		i["channel"] = string(c.Channel)
	}
	if !c.NotBefore.IsZero() {
		i["from"] = contact.Micros(c.NotBefore)
	}
	if c.Attempts > 0 {
		i[contact.AttrAttempts] = int64(c.Attempts)
	}
	q := routing.Queues[c.Queue]
	if c.Method == contact.Callback && c.ToCall() {
		callItem(i, c, q)
	}
	if q.LeastBusy {
		i["least"] = true
	}
	if over := routing.overflow(q); len(over) > 0 {
		i["over"] = overflowItem(over)
	}
	if until := waitsUntil(c, q); !until.IsZero() {
		i["until"] = contact.Micros(until)
	}
	if to, after := routing.away(q); to != "" && !slices.Contains(c.Passed, to) {
		i["away"], i["awayAt"] = to, contact.Micros(maxTime(c.Enqueued, c.Moved).Add(after))
	}
	return cloud.Write{Key: waitingKey(c, routing.shards(c.Group)), Put: i, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}
}

// waitsUntil returns how long a contact may wait: those on the line as their queue
// says, from when they came or were called back; a callback or a message for its life.
func waitsUntil(c *contact.Contact, q Queue) time.Time {
	from := c.Enqueued
	if c.Channel == contact.Task {
		return from.Add(callbackLife)
	}
	if c.Method == contact.Callback {
		if c.ToCall() {
			return from.Add(callbackLife)
		}
		from = c.ToSystem
	}
	if q.MaxWaitSeconds <= 0 {
		return time.Time{}
	}
	return from.Add(time.Duration(q.MaxWaitSeconds) * time.Second)
}

// callItem notes in a row how the customer of a callback is called.
func callItem(i cloud.Item, c *contact.Contact, q Queue) {
	if window := cmpOr(c.Window, q.Hours); window != "" {
		i["window"] = window
	}
	if c.CustomerFirst {
		i["first"] = true
	}
	if !c.Calling.IsZero() {
		i["calling"] = contact.Micros(c.Calling)
	}
}

func waitingKey(c *contact.Contact, shards int) cloud.Key {
	return cloud.Key{
		Part: shardPart(c.Tenant, c.Group, shardOf(string(c.ID), shards)),
		Sort: rowWaiting + c.Queue + "#" + c.Rank + "#" + string(c.ID),
	}
}

// freeWrite returns the row of an agent with room, put if there is none.
func freeWrite(a *agent.Agent, group string, shards int) cloud.Write {
	i := cloud.Item{contact.AttrVersion: int64(1), contact.AttrEpoch: a.Epoch, "slots": int64(a.Voice.Max)}
	if len(a.Skills) > 0 {
		i["skills"] = contact.LevelsItem(a.Skills)
	}
	if rooms := roomsOf(a); rooms != nil {
		i["rooms"] = roomsItem(rooms)
	}
	if a.Mixed {
		i["mixed"] = true
	}
	if n := a.Occupied(a.Idle); n > 0 {
		i["occupied"] = int64(n)
	}
	return cloud.Write{Key: freeKey(a, group, shards), Put: i, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}
}

func freeKey(a *agent.Agent, group string, shards int) cloud.Key {
	return cloud.Key{
		Part: shardPart(a.Tenant, group, shardOf(a.ID, shards)),
		Sort: fmt.Sprintf("%s%s#%016d#%s", rowFree, a.Profile, contact.Micros(a.Idle), a.ID),
	}
}

// readWaiting reads a W row; ok is false for what is none.
func readWaiting(i cloud.Item) (w Waiting, ok bool) {
	k := i.Key()
	parts := strings.Split(strings.TrimPrefix(k.Sort, rowWaiting), "#")
	if !strings.HasPrefix(k.Sort, rowWaiting) || len(parts) != 3 {
		return Waiting{}, false
	}
	return Waiting{Contact: contact.ID(parts[2]), Epoch: i.Int(contact.AttrEpoch), Queue: parts[0], Rank: parts[1],
		Enqueued: contact.FromMicros(i.Int("enq")), Needs: contact.LevelsFrom(i["needs"]), Excluded: contact.ExcludedFrom(i["excl"]), key: k,
		Channel: contact.Channel(i.Str("channel")), Steps: contact.StepsFrom(i["steps"]), Overflow: overflowFrom(i["over"]), LeastBusy: i.Bool("least"),
		From: contact.FromMicros(i.Int("from")), Until: contact.FromMicros(i.Int("until")), Attempts: int(i.Int(contact.AttrAttempts)),
		CallFirst: i.Bool("first"), Calling: contact.FromMicros(i.Int("calling")), Window: i.Str("window"),
		Away: i.Str("away"), AwayAt: contact.FromMicros(i.Int("awayAt"))}, true
}

// readFree reads an F row; ok is false for what is none.
func readFree(i cloud.Item) (f Free, ok bool) {
	k := i.Key()
	rest, free := strings.CutPrefix(k.Sort, rowFree)
	profile, rest, two := strings.Cut(rest, "#")
	since, id, three := strings.Cut(rest, "#")
	idle, err := strconv.ParseInt(since, 10, 64)
	if !free || !two || !three || strings.Contains(id, "#") || err != nil {
		return Free{}, false
	}
	return Free{Agent: id, Epoch: i.Int(contact.AttrEpoch), Profile: profile, Idle: contact.FromMicros(idle),
		Skills: contact.LevelsFrom(i["skills"]), Slots: int(i.Int("slots")), key: k,
		Rooms: roomsFrom(i["rooms"]), Mixed: i.Bool("mixed"), Occupied: int(i.Int("occupied"))}, true
}

// putRow puts a row unless one of its epoch or a later one stands there. A late
// writer must not replace the row of a later epoch, nor fail to replace that of
// an older one.
func (r *Router) putRow(ctx context.Context, w cloud.Write) error {
	epoch := w.Put.Int(contact.AttrEpoch)
	for range maxTries {
		_, err := r.write(ctx, w)
		if err == nil {
			return nil
		}
		old, err := lostTo(err)
		if err != nil {
			return err
		}
		switch {
		case old == nil: // it was there and is gone again
			w.If = []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}
		case old.Int(contact.AttrEpoch) >= epoch:
			return nil
		default:
			w.If = []cloud.Cond{{Attr: contact.AttrEpoch, Op: "<", Value: epoch}}
		}
	}
	return fault.New(fault.Conflict, "acd: a row changes all the time")
}

// deleteRow deletes a row if it still has the epoch that is over.
func (r *Router) deleteRow(ctx context.Context, k cloud.Key, epoch int64) error {
	_, err := r.write(ctx, cloud.Write{Key: k, Delete: true, If: []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: epoch}}})
	if _, lost := lostTo(err); lost == nil {
		return nil // another row stands there, or none
	}
	return err
}
