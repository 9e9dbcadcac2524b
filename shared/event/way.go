package event

import (
	"context"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// addWay puts a contact's way through its flows into its line of the day, where
// the figures of a flow are read: no item and no write of its own. A segment
// after the first holds the way of those before it too.
func addWay(r *contact.Record, row cloud.Item) {
	if len(r.Path) == 0 {
		return
	}
	left := r.Disconnected
	if r.Handled() {
		left = r.AgentJoined
	}
	row[contact.AttrPath], row["left"] = r.Path, contact.Micros(left)
}

// EachOfDay calls do with every contact of a tenant that began on a day (UTC),
// in no order. It reads about a megabyte for each 3,000 contacts.
func (l Lists) EachOfDay(ctx context.Context, tenant string, at time.Time, do func(Row)) error {
	for shard := range DayShards {
		q := cloud.Query{Part: DayPart(tenant, at, shard)}
		for {
			page, next, err := l.Table.Query(ctx, q)
			if err != nil {
				return fault.Wrap(fault.KindOf(err), err, "event: read list")
			}
			for _, i := range page {
				do(rowFrom(i))
			}
			if next == nil {
				break
			}
			q.After = next
		}
	}
	return nil
}

// Recent returns contacts of a tenant that began last, today or the day before
// (UTC): up to so many of each of a day's shards, in no order.
func (l Lists) Recent(ctx context.Context, tenant string, now time.Time, perShard int) ([]Row, error) {
	var all []Row
	for back := range 2 {
		for shard := range DayShards {
			items, _, err := l.Table.Query(ctx, cloud.Query{Part: DayPart(tenant, now.AddDate(0, 0, -back), shard), Descending: true, Limit: perShard})
			if err != nil {
				return nil, fault.Wrap(fault.KindOf(err), err, "event: read list")
			}
			for _, i := range items {
				all = append(all, rowFrom(i))
			}
		}
		if len(all) >= perShard {
			break
		}
	}
	return all, nil
}
