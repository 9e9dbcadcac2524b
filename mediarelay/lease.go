package relay

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Times of a lease. A challenger takes an id whose beat it has seen standing
// still for leaseExpiry by its own clock: no two machines' clocks are compared.
const (
	beatEvery   = 3 * time.Second
	leaseExpiry = 12 * time.Second
	leaseLook   = 2 * time.Second
)

// maxListed is how many live calls a heartbeat lists: 36 bytes each.
const maxListed = 4000

// errLost is why a relay ends when another process has taken its id.
var errLost = fault.New(fault.Conflict, "relay: the id was taken by another process")

// lease is the right to one relay id, and so to its queue of commands. Its item
// is _|R#<id>/META: owner (the process), beat (grows with each heartbeat), calls
// and live (what it holds), drains.
type lease struct {
	table cloud.Table
	id    string
	owner string
	beat  int64
	log   *slog.Logger
}

func leaseKey(id string) cloud.Key { return cloud.Key{Part: "_|R#" + id, Sort: "META"} }

// takeLease takes a fixed id at once, whoever held it: the operator has said so.
// Without one it takes the first free id of the pool, or waits for one whose
// owner is dead.
func takeLease(ctx context.Context, t cloud.Table, fixed string, pool []string, owner string, log *slog.Logger) (*lease, error) {
	if fixed != "" {
		l := &lease{table: t, id: fixed, owner: owner, log: log}
		return l, l.take(ctx, nil)
	}
	type sight struct {
		owner string
		beat  int64
		since time.Time
	}
	seen := map[string]sight{}
	for {
		for _, id := range pool {
			item, err := t.Get(ctx, leaseKey(id), true)
			if err != nil {
				return nil, fault.Wrap(fault.KindOf(err), err, "relay: read lease %s", id)
			}
			now := sight{item.Str("owner"), item.Int("beat"), time.Now()}
			if was, ok := seen[id]; ok && was.owner == now.owner && was.beat == now.beat {
				now.since = was.since
			}
			seen[id] = now
			if now.owner != "" && time.Since(now.since) < leaseExpiry {
				continue
			}
			l := &lease{table: t, id: id, owner: owner, beat: now.beat, log: log}
			err = l.take(ctx, item)
			if err == nil {
				return l, nil
			}
			if lostRace(err) {
				continue
			}
			return nil, err
		}
		log.Warn("no relay id is free, waiting", "pool", pool)
		if err := wait(ctx, leaseLook); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "relay: no id of the pool is free")
		}
	}
}

// take writes the owner, if the item is still what was seen.
func (l *lease) take(ctx context.Context, seen cloud.Item) error {
	w := cloud.Write{Key: leaseKey(l.id), Set: cloud.Item{"owner": l.owner}, Add: map[string]int64{"v": 1, "beat": 1}}
	switch {
	case seen == nil: // not there, or taken by order
	case seen.Str("owner") == "":
		w.If = []cloud.Cond{{Attr: "owner", Op: "absent"}}
	default:
		w.If = []cloud.Cond{{Attr: "owner", Op: "=", Value: seen.Str("owner")}, {Attr: "beat", Op: "=", Value: seen.Int("beat")}}
	}
	item, err := l.table.Write(ctx, w)
	if err != nil {
		return fault.Wrap(fault.KindOf(err), err, "relay: take lease %s", l.id)
	}
	l.beat = item.Int("beat")
	l.log.Info("relay id taken", "relay", l.id)
	return nil
}

// renew shows that the owner lives, and what it holds. It returns errLost if
// another process has the id.
func (l *lease) renew(ctx context.Context, live []string, drains bool) error {
	calls := int64(len(live))
	if len(live) > maxListed {
		live = live[:maxListed]
	}
	_, err := l.table.Write(ctx, cloud.Write{
		Key: leaseKey(l.id), If: []cloud.Cond{{Attr: "owner", Op: "=", Value: l.owner}},
		Set: cloud.Item{"live": append([]string{}, live...), "calls": calls, "drains": drains},
		Add: map[string]int64{"v": 1, "beat": 1},
	})
	if lostRace(err) {
		return errLost
	}
	return fault.Wrap(fault.KindOf(err), err, "relay: heartbeat")
}

// release gives the id back.
func (l *lease) release(ctx context.Context) error {
	_, err := l.table.Write(ctx, cloud.Write{
		Key: leaseKey(l.id), If: []cloud.Cond{{Attr: "owner", Op: "=", Value: l.owner}},
		Remove: []string{"owner", "live"}, Set: cloud.Item{"calls": int64(0)}, Add: map[string]int64{"v": 1},
	})
	if lostRace(err) {
		return nil
	}
	return fault.Wrap(fault.KindOf(err), err, "relay: give lease %s back", l.id)
}

// lostRace reports whether a condition did not hold.
func lostRace(err error) bool {
	var r *cloud.Refused
	return errors.As(err, &r) && r.Lost()
}

// wait waits for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
