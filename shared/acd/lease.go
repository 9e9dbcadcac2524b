package acd

import (
	"context"
	"errors"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Rounds of a group run side by side as long as their claims succeed. Once one is
// refused, two look at the same rows, and each claim of one costs the other one:
// so from then on one of them, the owner of the group's lease, goes on for all.
// The others count the lease's dirty counter up, which the owner must have seen
// unchanged before it lets go. The lease is no lock: every claim stands on its
// own conditions, and two owners cost refused claims, nothing else.
//
// Who hands over does not wait for the owner. An owner that dies is made good by
// the stream consumer of each publication, whose rounds never hand over.

// leaseStands is how long a lease that shows no beat is left to its owner, by the
// clock of the one who looks.
const leaseStands = 2 * time.Second

// Bounds of an owner's work.
const (
	maxTurns  = 16  // rounds before it leaves the rest to the timer queue
	maxClaims = 200 // claims of a round between two beats
)

// Attributes of a lease.
const (
	attrDirty = "dirty" // +1 per round that was handed over, or wanted to be
	attrOwner = "owner" // absent: nobody
	attrBeat  = "beat"
)

// lease is what an owner knows of its lease.
type lease struct {
	tenant, group string
	owner         string
	epoch         int64 // +1 per owner
}

func (l lease) key() cloud.Key {
	return cloud.Key{Part: l.tenant + "|M#" + l.group, Sort: "LEASE"}
}

// sighting is a lease of another one as it was last seen.
type sighting struct {
	epoch, beat int64
	at          time.Time
}

// contend goes on with a group's rounds alone, or leaves them to who owns the
// lease.
func (r *Router) contend(ctx context.Context, tenant, group string, routing *Routing) error {
	l := lease{tenant: tenant, group: group, owner: r.run.NewID()}
	mine, err := r.wake(ctx, &l)
	if err != nil || !mine {
		return err
	}
	if err = r.turns(ctx, l, routing); err != nil {
		_, e := r.write(ctx, l.release(nil))
		_, e = lostTo(e)
		return errors.Join(err, e)
	}
	return nil
}

// wake counts the dirty counter up first and then looks who owns the lease: the
// other way round an owner could let go in between, and nobody would go on.
func (r *Router) wake(ctx context.Context, l *lease) (mine bool, err error) {
	i, err := r.write(ctx, cloud.Write{Key: l.key(), Add: map[string]int64{attrDirty: 1, contact.AttrVersion: 1}})
	if err != nil {
		return false, err
	}
	free := []cloud.Cond{{Attr: attrOwner, Op: "absent"}}
	if i.Str(attrOwner) != "" {
		if !r.stalled(l.key(), i) {
			return false, nil
		}
		free = []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: i.Int(contact.AttrEpoch)}, {Attr: attrBeat, Op: "=", Value: i.Int(attrBeat)}}
	}
	i, err = r.write(ctx, cloud.Write{Key: l.key(), If: free, Set: cloud.Item{attrOwner: l.owner, attrBeat: int64(0)},
		Add: map[string]int64{contact.AttrEpoch: 1, contact.AttrVersion: 1}})
	if err != nil {
		if i, err = lostTo(err); err != nil || i.Str(attrOwner) != l.owner { // else the answer was lost
			return false, err
		}
	}
	l.epoch = i.Int(contact.AttrEpoch)
	return true, nil
}

// stalled reports whether a lease has shown no beat for as long as it may.
func (r *Router) stalled(k cloud.Key, i cloud.Item) bool {
	now := sighting{i.Int(contact.AttrEpoch), i.Int(attrBeat), r.run.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	before, seen := r.sightings[k]
	if seen && before.epoch == now.epoch && before.beat == now.beat {
		return now.at.Sub(before.at) >= leaseStands
	}
	r.sightings[k] = now
	return false
}

// turns runs rounds until nobody has handed one over meanwhile.
func (r *Router) turns(ctx context.Context, l lease, routing *Routing) error {
	for range maxTurns {
		i, err := r.get(ctx, l.key())
		if err != nil || i.Int(contact.AttrEpoch) != l.epoch {
			return err // another one took the lease, and goes on
		}
		dirty := i.Int(attrDirty)
		v, err := r.look(ctx, l.tenant, l.group, routing)
		if err != nil {
			return err
		}
		v.beat = func(ctx context.Context) error { return r.beat(ctx, l) }
		if _, err := r.match(ctx, l.tenant, l.group, routing, v, false); err != nil {
			return err
		}
		_, err = r.write(ctx, l.release(&dirty))
		if err == nil {
			return nil
		}
		if i, err = lostTo(err); err != nil {
			return err
		}
		if i.Int(contact.AttrEpoch) != l.epoch || i.Str(attrOwner) != l.owner {
			return nil // taken, or released by a write whose answer was lost
		}
	}
	return errors.Join(r.arm(ctx, Timer{Kind: TimerGroup, Tenant: l.tenant, Group: l.group}, 0),
		fault.New(fault.Conflict, "acd: group %s is never quiet", l.group))
}

// release returns the write that gives a lease back, if nothing was handed over
// since dirty was read; nil: in any case.
func (l lease) release(dirty *int64) cloud.Write {
	w := cloud.Write{Key: l.key(), If: []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: l.epoch}, {Attr: attrOwner, Op: "=", Value: l.owner}},
		Remove: []string{attrOwner}, Add: map[string]int64{contact.AttrVersion: 1}}
	if dirty != nil {
		w.If = append(w.If, cloud.Cond{Attr: attrDirty, Op: "=", Value: *dirty})
	}
	return w
}

// beat shows that an owner lives. That another one took the lease is no fault:
// this round goes on to its end.
func (r *Router) beat(ctx context.Context, l lease) error {
	_, err := r.write(ctx, cloud.Write{Key: l.key(), If: []cloud.Cond{{Attr: contact.AttrEpoch, Op: "=", Value: l.epoch}},
		Add: map[string]int64{attrBeat: 1, contact.AttrVersion: 1}})
	_, err = lostTo(err)
	return err
}
