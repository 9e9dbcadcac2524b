package acd

import (
	"context"
	"errors"
	"strconv"
	"time"

	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/sma"
)

// HandleChange completes what a change of a contact or an agent asks for,
// whoever made it and however far it came: it puts a missing row and matches,
// sets the timer of an offer and lets it ring, sends the command to join, frees
// the agent of a contact that is over and puts its record. Records come at
// least once, late, and in order for one item only, so every step looks at what
// stands now or says what it relied on. Items of other things are ignored.
func (r *Router) HandleChange(ctx context.Context, old, now cloud.Item) error {
	if c := contact.FromItem(now); c != nil {
		return r.contactChanged(ctx, contact.FromItem(old), c)
	}
	if a := agent.FromItem(now); a != nil {
		return r.agentChanged(ctx, agent.FromItem(old), a)
	}
	if left := contact.LeftFromItem(now); left != nil {
		return r.leftChanged(ctx, old, left)
	}
	if t := contact.TalkFromItem(now); t != nil {
		return r.talkChanged(ctx, old, t)
	}
	return nil
}

func (r *Router) contactChanged(ctx context.Context, was, c *contact.Contact) error {
	if was == nil {
		was = &contact.Contact{}
	}
	if was.State == c.State && was.Epoch == c.Epoch && was.Offer == c.Offer {
		return nil // attributes, hold
	}
	errs := []error{r.passed(ctx, was, c)}
	if c.Talk {
		errs = append(errs, r.endTalk(ctx, c))
	}
	if was.State == contact.Offered || was.State == contact.Connecting {
		if c.State == contact.Queued {
			errs = append(errs, r.command(ctx, was, was.Offer, sma.VerbUnring, nil, ConnectLease)) // was: another relay may have it next
		}
	}
	switch c.State {
	case contact.Queued:
		errs = append(errs, r.repairContact(ctx, c))
		if !c.Calling.IsZero() && !c.Calling.Equal(was.Calling) {
			errs = append(errs, r.placeCustomer(ctx, c))
		}
	case contact.Offered:
		ring := time.Duration(c.RingSeconds) * time.Second
		errs = append(errs, r.arm(ctx, timerOf(c, TimerOffer), ring+ringGrace), r.ring(ctx, c, ring))
	case contact.Connecting:
		errs = append(errs, r.arm(ctx, timerOf(c, TimerConnect), connectTime(c)), r.connect(ctx, c))
	case contact.Ended:
		errs = append(errs, r.arm(ctx, timerOf(c, TimerACW), c.WrapTime()))
	case contact.Completed:
		errs = append(errs, r.repairCompleted(ctx, was, c))
		if c.Reason == contact.QueueTimeout || c.Reason == contact.QueueDeleted || c.ToCall() {
			errs = append(errs, r.command(ctx, c, "", sma.VerbHangup, nil, ConnectLease))
		}
	}
	return errors.Join(errs...)
}

// repairContact puts the row of a waiting contact if a crash left none, and
// matches. What the record says may be over: the row is put only if the contact
// still waits so.
func (r *Router) repairContact(ctx context.Context, c *contact.Contact) error {
	routing, err := r.Routing(ctx, c.Tenant)
	if err != nil {
		return err
	}
	v, err := r.look(ctx, c.Tenant, c.Group, routing)
	if err != nil {
		return err
	}
	if has, err := v.hasWaiting(ctx, c, routing.shards(c.Group)); err != nil {
		return err
	} else if has {
		return r.finishRound(ctx, c.Tenant, c.Group, routing, v)
	}
	stands, err := r.Contact(ctx, c.Tenant, c.ID)
	if err != nil {
		return err
	}
	if stands.State != contact.Queued {
		return r.finishRound(ctx, c.Tenant, c.Group, routing, v)
	}
	if err := r.putRow(ctx, waitingWrite(stands, routing)); err != nil {
		return err
	}
	return r.whole(ctx, c.Tenant, stands.Group, routing)
}

func (r *Router) agentChanged(ctx context.Context, was, a *agent.Agent) error {
	if !a.Ready() || was != nil && was.Epoch == a.Epoch {
		return nil
	}
	routing, err := r.Routing(ctx, a.Tenant)
	if err != nil {
		return err
	}
	group := routing.Profiles[a.Profile].Group
	if group == "" {
		return nil // no profile: serves nobody
	}
	i, err := r.read(ctx, agent.Key(a.Tenant, a.ID), false)
	if err != nil {
		return err
	}
	if now := agent.FromItem(i); now != nil && now.Version > a.Version && !(now.Epoch == a.Epoch && now.Ready()) {
		return nil // got a contact, or has another row by now: a stale read cannot show that too early
	}
	v, err := r.look(ctx, a.Tenant, group, routing)
	if err != nil {
		return err
	}
	if v.hasFree(a.ID, a.Epoch) {
		return r.finishRound(ctx, a.Tenant, group, routing, v)
	}
	if has, err := v.hasRow(ctx, freeKey(a, group, routing.shards(group)), a.Epoch); err != nil {
		return err
	} else if has {
		return r.finishRound(ctx, a.Tenant, group, routing, v)
	}
	stands, err := r.Agent(ctx, a.Tenant, a.ID)
	if err != nil {
		return ignoreMissing(err)
	}
	if !stands.Ready() {
		return r.finishRound(ctx, a.Tenant, group, routing, v)
	}
	if err := r.putRow(ctx, freeWrite(stands, group, routing.shards(group))); err != nil {
		return err
	}
	return r.whole(ctx, a.Tenant, group, routing)
}

// finishRound is whole with what has been read.
func (r *Router) finishRound(ctx context.Context, tenant, group string, routing *Routing, v *view) error {
	_, err := r.match(ctx, tenant, group, routing, v, false)
	return err
}

// repairCompleted does what a crash left undone of a completed contact. Nearly
// always nothing is: the record, which is put last, is there.
func (r *Router) repairCompleted(ctx context.Context, was, c *contact.Contact) error {
	rec, err := r.read(ctx, contact.RecordKey(c.Tenant, c.ID, c.Segment), false)
	if err != nil || rec != nil {
		return err
	}
	return r.afterCompletion(ctx, c, was.State == contact.Queued)
}

func timerOf(c *contact.Contact, kind TimerKind) Timer {
	return Timer{Kind: kind, Tenant: c.Tenant, Contact: c.ID, Offer: c.Offer}
}

// ring lets an agent's phone ring. A softphone rings by itself: its browser
// gets the offer from the desk, and a message needs no device.
func (r *Router) ring(ctx context.Context, c *contact.Contact, ring time.Duration) error {
	if c.Channel == contact.Task {
		return nil
	}
	d, err := r.device(ctx, c)
	if err != nil || d.Kind != agent.Phone {
		return err
	}
	if c.ToCall() {
		return r.place(ctx, c)
	}
	return r.command(ctx, c, c.Offer, sma.VerbRing, sma.Attributes{sma.ArgAgentID: c.OfferAgent, sma.ArgURI: d.User,
		sma.ArgRingSeconds: strconv.Itoa(c.RingSeconds)}, ring)
}

// connect lets the relay call the softphone of an agent who has accepted. Whose
// leg is known has picked up a phone.
func (r *Router) connect(ctx context.Context, c *contact.Contact) error {
	if c.AgentLeg != "" {
		return nil
	}
	if c.Channel == contact.Task {
		_, err := r.JoinedSeen(ctx, c, "", c.Recording)
		if errors.Is(err, ErrOffer) {
			return nil
		}
		return ignoreMissing(err)
	}
	if c.ToCall() {
		return errors.Join(r.place(ctx, c), r.arm(ctx, timerOf(c, TimerPlace), contact.PlaceWait+ringGrace))
	}
	d, err := r.device(ctx, c)
	if err != nil || d.Kind == agent.Phone || d.User == "" {
		return err
	}
	return r.command(ctx, c, c.Offer, sma.VerbConnect, sma.Attributes{sma.ArgAgentID: c.OfferAgent, sma.ArgURI: d.User}, ConnectLease)
}

// device reads where the agent of an offer talks, nothing if the agent was
// deleted. It was set long ago, so a read that may be a moment old will do.
func (r *Router) device(ctx context.Context, c *contact.Contact) (agent.Device, error) {
	i, err := r.read(ctx, agent.Key(c.Tenant, c.OfferAgent), false)
	if a := agent.FromItem(i); a != nil && err == nil {
		return a.Device, nil
	}
	return agent.Device{}, err
}

// Command sends a command for a contact to the relay that holds its call:
// sma.VerbHold, VerbResume or VerbHangup. Anything but a talk is contact.ErrStep. A
// message has no relay: to hang up is to have done with it.
func (r *Router) Command(ctx context.Context, c *contact.Contact, verb string) error {
	if c.State != contact.Connected {
		return contact.ErrStep
	}
	if c.Channel == contact.Task {
		if verb != sma.VerbHangup {
			return ErrNoCall
		}
		_, err := r.EndTalk(ctx, c, contact.AgentLeft)
		return err
	}
	return r.command(ctx, c, c.Offer, verb, nil, ConnectLease)
}

// command sends a command about an offer to the relay that holds a call; it is
// void once valid is over.
func (r *Router) command(ctx context.Context, c *contact.Contact, offer contact.OfferID, verb string, args sma.Attributes, valid time.Duration) error {
	if c.Relay == "" {
		return nil // no relay, nothing to command
	}
	all := sma.Attributes{sma.ArgVerb: verb, sma.ArgOfferID: string(offer)}
	for k, v := range args {
		all[k] = v
	}
	return r.send(ctx, c.Relay, 0, sma.Update{TransactionID: string(c.ID), Sequence: c.Version, ID: r.run.NewID(), ValidSeconds: int(valid / time.Second), Arguments: all})
}
