package acd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// Sizes of the reads of a round. They bound what one read costs; they never
// end a scan: what is beyond them is read when what was read gave no pair.
const (
	wholePage = 64 // rows of a partition, or of those who wait, that are read as a whole
	headPage  = 20 // rows of one queue or profile that are read at a time
)

// bigFor is how long a partition is taken for a big one that was found to be.
const bigFor = 30 * time.Second

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

// look reads the rows of a group: whole if there are few. Of a big group it reads
// who waits, and who is free only where more finds that somebody wants them: most
// rounds of a big group follow an agent's becoming free, and nobody waits. Reads
// are strongly consistent: a row that was acknowledged before is seen.
func (r *Router) look(ctx context.Context, tenant, group string, routing *Routing) (*view, error) {
	v := &view{router: r}
	for shard := range routing.shards(group) {
		part := shardPart(tenant, group, shard)
		size := r.sizeOf(part)
		if !size.big {
			whole := &stream{query: cloud.Query{Part: part, From: rowFree, To: rowWaiting + "\uffff", Strong: true, Limit: wholePage}}
			if err := v.readAll(ctx, whole); err != nil {
				return nil, err
			}
			if whole.done {
				continue
			}
			size = partSize{big: true, at: r.run.Now()}
		}
		if err := v.lookBig(ctx, part, routing.prefixes(group), &size); err != nil {
			return nil, err
		}
		r.noteSize(part, size)
	}
	return v, nil
}

// lookBig is look at a big partition. Where many wait, it reads the heads of each
// queue, to keep the order of service.
func (v *view) lookBig(ctx context.Context, part string, prefixes []string, size *partSize) error {
	span := func(from string, limit int) *stream {
		return &stream{query: cloud.Query{Part: part, From: from, To: from + "\uffff", Strong: true, Limit: limit}}
	}
	if !size.long {
		waiting := span(rowWaiting, wholePage)
		if err := v.readAll(ctx, waiting); err != nil {
			return err
		}
		size.long = !waiting.done
	}
	free := span(rowFree, headPage)
	if size.long { // then few are free
		before := len(v.waiting)
		var heads []*stream
		for _, prefix := range prefixes {
			if !strings.HasPrefix(prefix, rowWaiting) {
				continue
			}
			heads = append(heads, span(prefix, headPage))
		}
		v.rest = append(v.rest, heads...)
		if err := v.readEach(ctx, heads); err != nil {
			return err
		}
		long := slices.ContainsFunc(heads, func(s *stream) bool { return !s.done })
		size.long = long || len(v.waiting)-before > wholePage/2
		if err := v.readAll(ctx, free); err != nil {
			return err
		}
	}
	for _, prefix := range prefixes {
		if !free.done && strings.HasPrefix(prefix, rowFree) {
			v.rest = append(v.rest, span(prefix, headPage))
		}
	}
	return nil
}

// readAll reads a range and keeps what it read only if that is all.
func (v *view) readAll(ctx context.Context, s *stream) error {
	page, next, err := v.page(ctx, s)
	if s.done = err == nil && next == nil; s.done {
		v.add(page)
	}
	return err
}

// partSize is what a router remembers of a partition of rows, to read it as it is
// likely to be. What it has read it knows for sure.
type partSize struct {
	at   time.Time // when it was found to be big
	big  bool
	long bool // many wait
}

func (r *Router) sizeOf(part string) partSize {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := r.sizes[part]
	if age := r.run.Now().Sub(size.at); age < 0 || age >= bigFor {
		return partSize{}
	}
	return size
}

func (r *Router) noteSize(part string, size partSize) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sizes[part] = size
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
	var first, next []*stream
	for _, s := range v.rest {
		switch {
		case s.done || !useful[s.query.From]:
		case s.query.After == nil:
			first = append(first, s)
		default:
			next = append(next, s)
		}
	}
	if len(first) > 0 {
		next = first // who is at the head at all, before who comes behind
	}
	return len(next) > 0, v.readEach(ctx, next)
}

// agentsFor reads agents who are free for one more who waits.
func (v *view) agentsFor(ctx context.Context, routing *Routing, w Waiting) error {
	if !v.noneLeft(rowWaiting, 0) {
		return nil // it waits behind others
	}
	v.waiting = append(v.waiting, w)
	_, err := v.more(ctx, routing)
	v.waiting = v.waiting[:len(v.waiting)-1]
	return err
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

// read reads the next page of a range.
func (v *view) read(ctx context.Context, s *stream) error { return v.readEach(ctx, []*stream{s}) }

// readEach reads the next page of each range; what is read does not depend on what
// comes first.
func (v *view) readEach(ctx context.Context, all []*stream) error {
	type answer struct {
		page []cloud.Item
		next cloud.Cursor
		err  error
	}
	got := make([]answer, len(all))
	v.router.each(len(all), func(n int) { got[n].page, got[n].next, got[n].err = v.page(ctx, all[n]) })
	for n, s := range all {
		if got[n].err != nil {
			return got[n].err
		}
		v.add(got[n].page)
		s.query.After, s.done = got[n].next, got[n].next == nil
	}
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
	if v.free[n].key == f.key {
		return // read once more
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
	if v.waiting[n].key == w.key {
		return // read once more
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

// hasWaiting reports whether a contact has its row: of a long queue not all were
// read.
func (v *view) hasWaiting(ctx context.Context, c *contact.Contact, shards int) (bool, error) {
	for _, w := range v.waiting {
		if w.Contact == c.ID && w.Epoch >= c.Epoch {
			return true, nil
		}
	}
	return v.hasRow(ctx, waitingKey(c, shards), c.Epoch)
}

// hasRow reports whether a row of an epoch or a later one stands where reading did
// not come to.
func (v *view) hasRow(ctx context.Context, k cloud.Key, epoch int64) (bool, error) {
	for _, s := range v.rest {
		if !s.done && s.query.Part == k.Part && strings.HasPrefix(k.Sort, s.query.From) {
			row, err := v.router.get(ctx, k)
			return row != nil && row.Int(contact.AttrEpoch) >= epoch, err
		}
	}
	return false, nil
}

func (v *view) hasFree(agent string, epoch int64) bool {
	for _, f := range v.free {
		if f.Agent == agent && f.Epoch >= epoch {
			return true
		}
	}
	return false
}
