package contact

import (
	"time"

	"huawu/shared/cloud"
	"huawu/shared/phone"
)

// A contact that is transferred goes on, and the agent who had it does
// after-contact work of a segment that is over. So the segment that was left
// gets an item of its own, named by the offer by which the agent had it, in the
// form of a contact that has Ended: it is finished, and recorded, like one.

// LeftKey returns the key of the segment that the agent of an offer has left.
func LeftKey(tenant string, id ID, offer OfferID) cloud.Key {
	return cloud.Key{Part: part(tenant, id), Sort: SortLeft + string(offer)}
}

// key returns where c stands.
func (c *Contact) key() cloud.Key {
	if c.Left {
		return LeftKey(c.Tenant, c.ID, c.Offer)
	}
	return Key(c.Tenant, c.ID)
}

// LeftFromItem reads a segment that was left; nil for an absent item or one of
// another thing.
func LeftFromItem(i cloud.Item) *Contact {
	tenant, id, ok := ParseKey(i.Key())
	if sort := i.Str(cloud.AttrSort); !ok || len(sort) <= len(SortLeft) || sort[:len(SortLeft)] != SortLeft {
		return nil
	}
	c := decode(i)
	c.Tenant, c.ID, c.Left = tenant, id, true
	return c
}

func (c *Contact) segmentItem(w writer) {
	w.num("prevSeg", int64(c.Previous))
	w.num("nextSeg", int64(c.Next))
	w.num("lastSeg", int64(c.Last))
	w.str("from", c.From)
	w.str("fromOffer", string(c.FromOffer))
	w.str("dial", c.Dial.Full())
	w.str("flow", c.Flow)
	w.time("moved", c.Moved)
	if len(c.Passed) > 0 {
		w["passed"] = c.Passed
	}
	w.flag("talk", c.Talk)
	w.num("tries", int64(c.Tries.Made))
	w.num("maxTries", int64(c.Tries.Max))
	w.num("retrySeconds", int64(c.Tries.Pause/time.Second))
	w.flag("customerFirst", c.CustomerFirst)
	w.time("calling", c.Calling)
	w.str("window", c.Window)
	w.str("related", string(c.Related))
}

func (c *Contact) readSegment(i cloud.Item) {
	c.Previous, c.Next, c.Last = int(i.Int("prevSeg")), int(i.Int("nextSeg")), int(i.Int("lastSeg"))
	c.From, c.FromOffer, c.Dial, c.Talk = i.Str("from"), OfferID(i.Str("fromOffer")), number(i.Str("dial")), i.Bool("talk")
	c.Tries = Tries{int(i.Int("tries")), int(i.Int("maxTries")), time.Duration(i.Int("retrySeconds")) * time.Second}
	c.Flow, c.Moved = i.Str("flow"), FromMicros(i.Int("moved"))
	c.Passed, _ = i["passed"].([]string)
	c.CustomerFirst, c.Calling, c.Window = i.Bool("customerFirst"), FromMicros(i.Int("calling")), i.Str("window")
	c.Related = ID(i.Str("related"))
}

// NewSegment gives out the number of a new segment.
func (c *Contact) NewSegment() int {
	c.Last = max(c.Segment, c.Last) + 1
	return c.Last
}

// Leave parts c from its agent while the customer stays. It returns the segment
// that is over, with the agent's after-contact work, and makes c the segment
// with the number next, which nobody has yet: the caller moves it on. The
// customer is not on hold after it, and keeps the place in the queue.
func (c *Contact) Leave(why Reason, next int, now time.Time) *Contact {
	now = Instant(now)
	c.StopHold(now)
	left := *c
	left.Left, left.Talk, left.Last, left.From, left.FromOffer, left.Excluded = true, false, 0, "", "", nil
	left.Next, left.Reason, left.Disconnected, left.Version = next, why, now, 1
	left.close(now)
	c.Last = max(c.Last, c.Segment)
	c.Previous, c.Segment, c.Method, c.Initiated, c.ToSystem = c.Segment, next, Transfer, now, now
	if c.Last <= next {
		c.Last = 0
	}
	c.Enqueued, c.Dequeued, c.AgentJoined, c.Hold, c.Recording, c.Attempts = time.Time{}, time.Time{}, time.Time{}, Hold{}, "", 0
	c.Offer, c.OfferAgent, c.AgentLeg, c.RingSeconds, c.Moved, c.Passed = "", "", "", 0, time.Time{}, nil
	c.From, c.FromOffer, c.Dial, c.Flow = left.OfferAgent, "", phone.Number{}, ""
	return &left
}

// close ends a segment: with time for after-contact work, if an agent had it and
// there is any, else for good.
func (c *Contact) close(now time.Time) {
	c.State = Completed
	if c.WrapsUp() {
		c.State = Ended
		c.WrapUp(now)
	}
	if now.After(c.Since) {
		c.Since = now
	}
}

// MaxWrapUp is when after-contact work ends of which its agent never says so: one
// who is gone for good must not have the contact for ever.
const MaxWrapUp = 8 * time.Hour

// WrapsUp reports whether there is after-contact work when the call is over.
func (c *Contact) WrapsUp() bool { return (c.ACWSeconds > 0 || c.ACWManual) && c.OfferAgent != "" }

// WrapUp begins after-contact work.
func (c *Contact) WrapUp(now time.Time) {
	if c.ACWSeconds > 0 {
		c.ACWUntil = Instant(now.Add(time.Duration(c.ACWSeconds) * time.Second))
	}
}

// WrapTime is when after-contact work ends by itself.
func (c *Contact) WrapTime() time.Duration {
	if c.ACWManual {
		return MaxWrapUp
	}
	return time.Duration(c.ACWSeconds) * time.Second
}

// unsend makes a contact that was sent to one agent or number wait for anybody,
// from now on if it did not wait in this segment before.
func (c *Contact) unsend(now time.Time) {
	c.FromOffer, c.Dial = "", phone.Number{}
	if c.Method == External {
		c.Method = Transfer
	}
	if c.Enqueued.IsZero() {
		c.Enqueued = Instant(now)
	}
}

// GiveBack makes c, which was sent to one agent or number in vain, an offer to
// the agent who sent it.
func (c *Contact) GiveBack(offer OfferID, now time.Time) {
	sender := c.From
	c.unsend(now)
	c.Offer, c.OfferAgent, c.AgentLeg = offer, sender, ""
	c.Attempts++
}
