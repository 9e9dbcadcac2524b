package acd

import (
	"context"
	"errors"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/contact"
)

// queueStands is how long a queue may be missing from the configuration before
// those who wait in it are given up: longer than any process believes an old one.
const queueStands = 2 * configAge

// orphanQueues moves contacts whose queue was deleted while they waited, once it is
// missing for a while, to the queue that their wait would have led to: nobody would
// ever get them otherwise. Without one, or if that takes nobody, they are given up:
// the call is hung up, and the record says why.
func (s *sweeper) orphanQueues(ctx context.Context, group string, v *view) error {
	rows := v.waiting
	if len(v.rest) > 0 { // a big group is read by its queues' heads
		var err error
		if rows, err = s.unknownRows(ctx, group); err != nil {
			return err
		}
	}
	var errs []error
	gone := map[cloud.Key]bool{}
	for _, w := range rows {
		if _, stands := s.routing.Queues[w.Queue]; stands || s.now.Sub(s.since("queue "+w.Queue)) < queueStands {
			continue
		}
		gone[w.key] = true
		moved, err := s.rescue(ctx, w)
		if err == nil && !moved {
			err = s.r.giveUp(ctx, s.tenant, w, contact.QueueDeleted)
		}
		errs = append(errs, err)
	}
	if len(gone) > 0 {
		v.drop(gone)
	}
	return errors.Join(errs...)
}

// rescue lets a contact of a deleted queue wait in the next one of its overflow
// that stands.
func (s *sweeper) rescue(ctx context.Context, w Waiting) (moved bool, err error) {
	all := make([]string, 0, len(w.Overflow)+1)
	for _, o := range w.Overflow {
		all = append(all, o.Queue)
	}
	for _, to := range append(all, w.Away) {
		if moved, err = s.r.takeAway(ctx, s.tenant, s.routing, w, to); moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// unknownRows reads the first rows of each queue of a group that is not
// configured: one look per queue that anybody waits in.
func (s *sweeper) unknownRows(ctx context.Context, group string) ([]Waiting, error) {
	found := &view{router: s.r}
	for shard := range s.routing.shards(group) {
		part := shardPart(s.tenant, group, shard)
		for from := rowWaiting; ; {
			page, _, err := s.r.table.Query(ctx, cloud.Query{Part: part, From: from, To: rowWaiting + "\uffff", Limit: 1})
			if err != nil || len(page) == 0 {
				if err != nil {
					return nil, err
				}
				break
			}
			queue, _, _ := strings.Cut(strings.TrimPrefix(page[0].Str(cloud.AttrSort), rowWaiting), "#")
			prefix := rowWaiting + queue + "#"
			from = prefix + "\uffff"
			if _, stands := s.routing.Queues[queue]; stands {
				continue
			}
			some, _, err := s.r.table.Query(ctx, cloud.Query{Part: part, From: prefix, To: from, Limit: sweepRows})
			if err != nil {
				return nil, err
			}
			found.add(some)
		}
	}
	return found.waiting, nil
}
