package localcloud

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// Query implements cloud.Table.
func (t *table) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	if err := q.Check(); err != nil {
		return nil, nil, err
	}
	r, err := rangeOf(q)
	if err != nil {
		return nil, nil, err
	}
	c := (*Cloud)(t)
	v, err := c.begin(ctx, Call{Op: OpQuery, Key: cloud.Key{Part: q.Part}})
	if err != nil {
		return nil, nil, err
	}
	if v == Throttle || !c.readable(q.Part) {
		return nil, nil, throttled(OpQuery)
	}
	p := page{q: q}
	err = c.store.View(func(tx kv.Tx) error {
		c.scan(tx, r, q, p.add)
		return p.err
	})
	if err != nil {
		return nil, nil, storeError(err)
	}
	n := readUnits(p.bytes, q.Strong)
	c.countRead(c.kindOfQuery(q), n)
	c.spend(q.Part, 0, n)
	if err := cmp.Or(lost(OpQuery, v), c.alive()); err != nil {
		return nil, nil, err
	}
	return p.items, p.next, nil
}

// kindOfQuery names the kind of item that a query is after by the start of its
// range.
func (c *Cloud) kindOfQuery(q cloud.Query) string {
	if q.Index {
		return kindIndex
	}
	return c.opt.Kind(cloud.Key{Part: q.Part, Sort: cmp.Or(q.From, q.To)})
}

// page collects the items of one page.
type page struct {
	q     cloud.Query
	items []cloud.Item
	bytes int
	next  cloud.Cursor
	err   error
}

// add takes one item; it reports false when the page is full. As with DynamoDB
// a page that ends by its limit has a cursor even if nothing follows.
func (p *page) add(b []byte) bool {
	item, err := decode(b)
	if err != nil {
		p.err = err
		return false
	}
	size := attr.Size(item)
	if len(p.items) > 0 && p.bytes+size > cloud.MaxPageBytes {
		p.next = cursorOf(p.q, p.items[len(p.items)-1])
		return false
	}
	p.items = append(p.items, item)
	p.bytes += size
	if p.q.Limit > 0 && len(p.items) == p.q.Limit {
		p.next = cursorOf(p.q, item)
		return false
	}
	return true
}

func cursorOf(q cloud.Query, last cloud.Item) cloud.Cursor {
	names := []string{cloud.AttrPart, cloud.AttrSort}
	if q.Index {
		names = append(names, cloud.AttrIndexPart, cloud.AttrIndexSort)
	}
	next := make(cloud.Cursor, len(names))
	for _, name := range names {
		next[name] = last[name]
	}
	return next
}

// span is a range of stored keys. Bounds are inclusive but for after.
type span struct {
	space      kv.Space
	prefix     []byte // of all keys of the partition
	low, high  []byte
	after      []byte // nil = from the start
	descending bool
}

// rangeOf returns where the items of q are. A cursor of another query is
// fault.Invalid.
func rangeOf(q cloud.Query) (span, error) {
	r := span{space: spaceItem, prefix: appendPart(nil, q.Part), descending: q.Descending}
	r.low = append(bytes.Clone(r.prefix), q.From...)
	r.high = append(bytes.Clone(r.prefix), q.To...)
	if q.Index {
		r.space = spaceIndex
		r.low = appendOrdered(bytes.Clone(r.prefix), q.From)
		r.high = append(appendEnd(appendOrdered(bytes.Clone(r.prefix), q.To)), 0xff) // behind all items with that sort key
	}
	if q.To == "" {
		r.high = append(bytes.Clone(r.prefix), 0xff, 0xff) // no UTF-8 text begins so
	}
	if q.After == nil {
		return r, nil
	}
	last := cloud.Item(q.After)
	bad := fault.New(fault.Invalid, "query: the cursor is of another query")
	if last.Key().Check() != nil {
		return r, bad
	}
	r.after = itemKey(last.Key())
	if q.Index {
		r.after = indexKey(last)
	}
	if !bytes.HasPrefix(r.after, r.prefix) || bytes.Compare(r.after, r.low) < 0 || bytes.Compare(r.after, r.high) > 0 {
		return r, bad
	}
	return r, nil
}

// holds reports whether a key is in the range and behind the cursor.
func (r span) holds(k []byte) bool {
	if bytes.Compare(k, r.low) < 0 || bytes.Compare(k, r.high) > 0 {
		return false
	}
	if r.after == nil {
		return true
	}
	if r.descending {
		return bytes.Compare(k, r.after) < 0
	}
	return bytes.Compare(k, r.after) > 0
}

// scan gives the values of a range in order until add reports false, as they
// are or, for a read that is not strong, as they were.
func (c *Cloud) scan(tx kv.Tx, r span, q cloud.Query, add func([]byte) bool) {
	if !q.Strong {
		if old := c.past(r.space, r.prefix); len(old) > 0 {
			scanPast(tx, r, old, add)
			return
		}
	}
	r.walk(tx, func(k, v []byte) bool {
		if !r.holds(k) {
			return string(k) == string(r.after) // the cursor's own item is passed over
		}
		return add(v)
	})
}

func (r span) walk(tx kv.Tx, fn func(k, v []byte) bool) {
	from := r.low
	if r.descending {
		from = r.high
	}
	if r.after != nil {
		from = r.after
	}
	if r.descending {
		tx.Descend(r.space, from, fn)
		return
	}
	tx.Ascend(r.space, from, fn)
}

// scanPast is scan with some values replaced by what they were.
func scanPast(tx kv.Tx, r span, old map[string][]byte, add func([]byte) bool) {
	found := map[string][]byte{}
	r.walk(tx, func(k, v []byte) bool {
		if r.holds(k) {
			found[string(k)] = v
			return true
		}
		return string(k) == string(r.after)
	})
	for k, v := range old {
		if !r.holds([]byte(k)) {
			continue
		}
		if v == nil {
			delete(found, k)
		} else {
			found[k] = v
		}
	}
	keys := slices.Sorted(maps.Keys(found))
	if r.descending {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		if !add(found[k]) {
			return
		}
	}
}
