package acd

import (
	"context"
	"errors"
	"slices"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Sizes of the reads of a round. They bound what one read costs; they never
// end a scan: what is beyond them is read when what was read gave no pair.
const (
	wholePage = 256 // rows of a partition that are read as a whole
	headPage  = 20  // rows of one queue or profile that are read at a time
)

// view is what a round has read of a group's rows.
type view struct {
	router  *Router
	waiting []Waiting
	free    []Free
	rest    []*stream                   // what was not read to its end
	orphans []orphan                    // rows of an owner who has a later row
	special bool                        // there are callbacks among those who wait: see sides
	beat    func(context.Context) error // shows that the round goes on; nil: to nobody
}

// orphan is a row that is over: its owner has moved on.
type orphan struct {
	key   cloud.Key
	epoch int64
}

// stream is a range of rows with the place where reading it goes on.
type stream struct {
	query cloud.Query
	done  bool
}

// look reads the rows of a group: whole if there are few, else the heads of each
// queue and of each profile, which more then goes on from. Reads are strongly
// consistent: a row that was acknowledged before is seen.
func (r *Router) look(ctx context.Context, tenant, group string, routing *Routing) (*view, error) {
	v := &view{router: r}
	for shard := range routing.shards(group) {
		part := shardPart(tenant, group, shard)
		whole := &stream{query: cloud.Query{Part: part, From: rowFree, To: rowWaiting + "\uffff", Strong: true, Limit: wholePage}}
		page, next, err := v.page(ctx, whole)
		if err != nil {
			return nil, err
		}
		if next == nil {
			v.add(page)
			continue
		}
		for _, prefix := range routing.prefixes(group) { // big: heads only, to keep the order of service
			s := &stream{query: cloud.Query{Part: part, From: prefix, To: prefix + "\uffff", Strong: true, Limit: headPage}}
			v.rest = append(v.rest, s)
			if err := v.read(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// prefixes returns the beginnings of the sort keys of a group's rows, always in
// one order: a simulation that is run again must read as it did.
func (r *Routing) prefixes(group string) []string {
	var all []string
	for _, id := range sorted(r.Profiles) {
		if r.Profiles[id].Group == group {
			all = append(all, rowFree+id+"#")
		}
	}
	for _, id := range sorted(r.Queues) {
		if r.Queues[id].Group == group {
			all = append(all, rowWaiting+id+"#")
		}
	}
	return all
}

// more reads on where a scan was cut, and reports false at the end of all that
// could make a pair: not of a queue that no profile with a free agent serves, nor
// of a profile that serves no queue in which anybody waits. So a long queue costs
// nothing to a round of agents who are not its own.
func (v *view) more(ctx context.Context, routing *Routing) (bool, error) {
	if v.noneLeft(rowFree, len(v.free)) || v.noneLeft(rowWaiting, len(v.waiting)) {
		return false, nil
	}
	useful := v.useful(routing)
	read := false
	for _, s := range v.rest {
		if s.done || !useful[s.query.From] {
			continue
		}
		read = true
		if err := v.read(ctx, s); err != nil {
			return false, err
		}
	}
	return read, nil
}

// useful returns the beginnings of those rows, read or to be read, that may stand
// in a pair with others.
func (v *view) useful(routing *Routing) map[string]bool {
	profiles, queues := map[string]bool{}, map[string][]string{} // queues: with those whose agents help
	for _, f := range v.free {
		profiles[f.Profile] = true
	}
	for _, w := range v.waiting {
		if _, known := queues[w.Queue]; !known || len(w.Overflow) > 0 {
			for _, o := range w.Overflow {
				queues[w.Queue] = append(queues[w.Queue], o.Queue)
			}
			queues[w.Queue] = append(queues[w.Queue], w.Queue)
		}
	}
	for _, s := range v.rest {
		if id, ok := strings.CutPrefix(strings.TrimSuffix(s.query.From, "#"), rowFree); ok && !s.done {
			profiles[id] = true
		} else if id, ok := strings.CutPrefix(strings.TrimSuffix(s.query.From, "#"), rowWaiting); ok && !s.done {
			queues[id] = append(queues[id], id)
			for _, o := range routing.overflow(routing.Queues[id]) {
				queues[id] = append(queues[id], o.Queue)
			}
		}
	}
	out := map[string]bool{}
	for profile := range profiles {
		for _, q := range routing.Profiles[profile].Queues {
			for queue, reach := range queues {
				if slices.Contains(reach, q.Queue) {
					out[rowFree+profile+"#"], out[rowWaiting+queue+"#"] = true, true
				}
			}
		}
	}
	return out
}

// noneLeft reports whether there are no rows of a kind, read or to be read.
func (v *view) noneLeft(kind string, have int) bool {
	if have > 0 {
		return false
	}
	for _, s := range v.rest {
		if !s.done && s.query.From[:len(kind)] == kind {
			return false
		}
	}
	return true
}

func (v *view) read(ctx context.Context, s *stream) error {
	page, next, err := v.page(ctx, s)
	if err != nil {
		return err
	}
	v.add(page)
	s.query.After, s.done = next, next == nil
	return nil
}

func (v *view) page(ctx context.Context, s *stream) (page []cloud.Item, next cloud.Cursor, err error) {
	err = v.router.retry(ctx, func() error {
		page, next, err = v.router.table.Query(ctx, s.query)
		return err
	})
	return page, next, fault.Wrap(fault.KindOf(err), err, "acd: read rows")
}

// add takes rows into the view. An owner may have two rows at different places,
// when a late writer or a crash left an older one: the later epoch is the truth,
// the other an orphan.
func (v *view) add(page []cloud.Item) {
	for _, i := range page {
		if f, ok := readFree(i); ok {
			v.addFree(f)
		} else if w, ok := readWaiting(i); ok {
			v.addWaiting(w)
		}
	}
}

func (v *view) addFree(f Free) {
	n := slices.IndexFunc(v.free, func(o Free) bool { return o.Agent == f.Agent })
	if n < 0 {
		v.free = append(v.free, f)
		return
	}
	if v.free[n].Epoch < f.Epoch {
		v.free[n], f = f, v.free[n]
	}
	v.orphans = append(v.orphans, orphan{f.key, f.Epoch})
}

func (v *view) addWaiting(w Waiting) {
	v.special = v.special || w.CallFirst || w.Window != ""
	n := slices.IndexFunc(v.waiting, func(o Waiting) bool { return o.Contact == w.Contact })
	if n < 0 {
		v.waiting = append(v.waiting, w)
		return
	}
	if v.waiting[n].Epoch < w.Epoch {
		v.waiting[n], w = w, v.waiting[n]
	}
	v.orphans = append(v.orphans, orphan{w.key, w.Epoch})
}

// drop takes rows out of the view by their keys: another row of the same owner
// may still be read.
func (v *view) drop(gone map[cloud.Key]bool) {
	v.waiting = slices.DeleteFunc(v.waiting, func(w Waiting) bool { return gone[w.key] })
	v.free = slices.DeleteFunc(v.free, func(f Free) bool { return gone[f.key] })
}

// setRooms notes what room is left of an agent whose row stays.
func (v *view) setRooms(k cloud.Key, rooms map[contact.Channel]Room) {
	for n := range v.free {
		if v.free[n].key == k {
			v.free[n].Rooms = rooms
		}
	}
}

// sweep deletes the orphans that were met.
func (v *view) sweep(ctx context.Context) error {
	var errs []error
	for _, o := range v.orphans {
		errs = append(errs, v.router.deleteRow(ctx, o.key, o.epoch))
	}
	v.orphans = nil
	return errors.Join(errs...)
}

func (v *view) hasWaiting(c *contact.Contact) bool {
	for _, w := range v.waiting {
		if w.Contact == c.ID && w.Epoch >= c.Epoch {
			return true
		}
	}
	return false
}

func (v *view) hasFree(agent string, epoch int64) bool {
	for _, f := range v.free {
		if f.Agent == agent && f.Epoch >= epoch {
			return true
		}
	}
	return false
}
