package localcloud

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/attr"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

type table Cloud

// Get implements cloud.Table.
func (t *table) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	c := (*Cloud)(t)
	v, err := c.begin(ctx, Call{Op: OpGet, Key: k})
	if err != nil {
		return nil, err
	}
	if v == Throttle || !c.readable(k.Part) {
		return nil, throttled(OpGet)
	}
	item, err := c.read(k, strong)
	if err != nil {
		return nil, err
	}
	n := readUnits(attr.Size(item), strong)
	c.countRead(c.opt.Kind(k), n)
	c.spend(k.Part, 0, n)
	return item, cmp.Or(lost(OpGet, v), c.alive())
}

// read returns an item as it is, or for a read that is not strong as it was.
func (c *Cloud) read(k cloud.Key, strong bool) (cloud.Item, error) {
	key := itemKey(k)
	var item cloud.Item
	err := c.store.View(func(tx kv.Tx) error {
		b := tx.Get(spaceItem, key)
		if !strong {
			if old, ok := c.past(spaceItem, key)[string(key)]; ok {
				b = old
			}
		}
		var err error
		item, err = decode(b)
		return err
	})
	return item, storeError(err)
}

func decode(b []byte) (cloud.Item, error) {
	if b == nil {
		return nil, nil
	}
	return attr.Decode(b)
}

// storeError gives an error of the store itself a kind.
func storeError(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "localcloud: store")
}

// change is a write that is decided but not yet done.
type change struct {
	key        cloud.Key
	old, next  cloud.Item // nil: no item
	was, is    []byte     // the same as bytes
	checks     bool       // writes nothing
	expired    bool       // a removal by TTL
	writeUnits []units
}

// Write implements cloud.Table.
func (t *table) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	w, err := w.Normal()
	if err != nil {
		return nil, err
	}
	c := (*Cloud)(t)
	v, err := c.begin(ctx, Call{Op: OpWrite, Key: w.Key})
	if err != nil {
		return nil, err
	}
	if why := c.hindered(v, w.Key.Part); why != cloud.WhyNone {
		return nil, &cloud.Refused{Each: []cloud.Reason{{Why: why}}}
	}
	if w.Checks() {
		return c.check(w, v)
	}
	var ch change
	var marks []mark
	err = c.store.Update(func(tx kv.Tx) error {
		var r cloud.Reason
		if ch, r, err = c.decide(tx, w, false); err != nil {
			return err
		}
		c.bill(ch)
		if r.Why == cloud.WhyInvalid {
			return fault.New(fault.Invalid, "write: type of an attribute or size of the item")
		}
		if r.Why != cloud.WhyNone {
			return &cloud.Refused{Each: []cloud.Reason{r}}
		}
		marks = c.apply(tx, c.now(), []change{ch})
		return nil
	})
	if err != nil {
		return nil, storeError(err)
	}
	c.publish(marks)
	return ch.next, c.ack(OpWrite, v, w.Key)
}

// check is a write that only checks: a strong read.
func (c *Cloud) check(w cloud.Write, v Verdict) (cloud.Item, error) {
	item, err := c.read(w.Key, true)
	if err != nil {
		return nil, err
	}
	c.countRead(c.opt.Kind(w.Key), readUnits(attr.Size(item), true))
	if !cloud.Holds(w.If, item) {
		return nil, &cloud.Refused{Each: []cloud.Reason{{Why: cloud.WhyCondition, Old: item}}}
	}
	return item, cmp.Or(lost(OpWrite, v), c.alive())
}

// hindered returns why a write is refused before anything is looked at.
func (c *Cloud) hindered(v Verdict, part string) cloud.Why {
	switch {
	case v == Conflict:
		return cloud.WhyConflict
	case v == Throttle, !c.writable(part):
		return cloud.WhyThrottled
	}
	return cloud.WhyNone
}

// decide reads the stored item, checks w's conditions on it and returns the
// change that w makes, or the reason why not.
func (c *Cloud) decide(tx kv.Tx, w cloud.Write, inTransaction bool) (change, cloud.Reason, error) {
	was := tx.Get(spaceItem, itemKey(w.Key))
	old, err := decode(was)
	if err != nil {
		return change{}, cloud.Reason{}, err
	}
	ch := change{key: w.Key, old: old, was: was, checks: w.Checks()}
	before := attr.Size(old)
	ch.writeUnits = []units{{c.opt.Kind(w.Key), writeUnits(before, inTransaction)}}
	if !cloud.Holds(w.If, old) {
		return ch, cloud.Reason{Why: cloud.WhyCondition, Old: old}, nil
	}
	if ch.checks {
		return ch, cloud.Reason{}, nil
	}
	next, ok := result(w, old)
	after := attr.Size(next)
	if !ok || after > cloud.MaxItemBytes {
		return ch, cloud.Reason{Why: cloud.WhyInvalid}, nil
	}
	ch.next = next
	if next != nil {
		ch.is = attr.Encode(next)
	}
	ch.writeUnits[0].count = writeUnits(max(before, after), inTransaction)
	return ch, cloud.Reason{}, nil
}

func (c *Cloud) bill(changes ...change) {
	for _, ch := range changes {
		c.countWrites(ch.writeUnits)
		c.spend(ch.key.Part, ch.writeUnits[0].count, 0)
	}
}

// result returns the item that w leaves, nil for none. It is false where w does
// not fit the types of what is stored.
func result(w cloud.Write, old cloud.Item) (cloud.Item, bool) {
	switch {
	case w.Delete:
		return nil, true
	case w.Put != nil:
		return w.Put, true
	}
	next := make(cloud.Item, len(old)+len(w.Set)+len(w.Add)+2)
	for name, v := range old {
		next[name] = v
	}
	next[cloud.AttrPart], next[cloud.AttrSort] = w.Key.Part, w.Key.Sort
	for _, name := range w.Remove {
		delete(next, name)
	}
	for name, v := range w.Set {
		next[name] = v
	}
	for name, n := range w.Add {
		have, isNumber := next[name].(int64)
		if _, there := next[name]; there && !isNumber {
			return nil, false
		}
		if (n > 0 && have > math.MaxInt64-n) || (n < 0 && have < math.MinInt64-n) {
			return nil, false
		}
		next[name] = have + n
	}
	return next, true
}

// apply does decided changes: item, index, expiry, stream record. A change that
// leaves the item as it is leaves no record. The marks of the records are to be
// published after the commit.
func (c *Cloud) apply(tx kv.Tx, at time.Time, changes []change) []mark {
	changes = slices.DeleteFunc(slices.Clone(changes), func(ch change) bool {
		return ch.checks || (string(ch.was) == string(ch.is) && (ch.was == nil) == (ch.is == nil))
	})
	c.shuffleIfAsked(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	marks := make([]mark, len(changes))
	for i, ch := range changes {
		key := itemKey(ch.key)
		c.set(tx, at, spaceItem, key, ch.was, ch.is)
		c.applyIndex(tx, at, ch)
		if before, after := ttlKey(ch.old), ttlKey(ch.next); string(before) != string(after) {
			if before != nil {
				tx.Delete(spaceTTL, before)
			}
			if after != nil {
				tx.Put(spaceTTL, after, []byte{})
			}
		}
		marks[i] = c.record(tx, at, key, ch)
	}
	return marks
}

func (c *Cloud) applyIndex(tx kv.Tx, at time.Time, ch change) {
	before, after := indexKey(ch.old), indexKey(ch.next)
	var count float64
	if before != nil && string(before) != string(after) {
		c.set(tx, at, spaceIndex, before, ch.was, nil)
		count += writeUnits(attr.Size(ch.old), false)
	}
	if after != nil {
		var was []byte
		if string(before) == string(after) {
			was = ch.was
		}
		c.set(tx, at, spaceIndex, after, was, ch.is)
		count += writeUnits(attr.Size(ch.next), false)
	}
	if count > 0 {
		c.countWrites([]units{{kindIndex, count}})
	}
}

// set puts or deletes and remembers what was, for reads that are behind.
func (c *Cloud) set(tx kv.Tx, at time.Time, s kv.Space, key, was, is []byte) {
	c.remember(at, s, key, was)
	if is == nil {
		tx.Delete(s, key)
		return
	}
	tx.Put(s, key, is)
}

func (c *Cloud) shuffleIfAsked(n int, swap func(i, j int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.faults.Reorder {
		c.rand.Shuffle(n, swap)
	}
}

// shardOf returns the shard of an item: all its records go through one.
func (c *Cloud) shardOf(key []byte) int {
	h := fnv.New32a()
	_, _ = h.Write(key)
	return int(h.Sum32()) % c.shards
}

// digest identifies the writes of a transaction.
func digest(writes []cloud.Write) []byte {
	h := sha256.New()
	add := func(b []byte) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(b))))
		_, _ = h.Write(b)
	}
	for _, w := range writes {
		add(itemKey(w.Key))
		for _, c := range w.If {
			add([]byte(c.Attr + " " + c.Op))
			if c.Value != nil {
				add(attr.Encode(cloud.Item{"": c.Value}))
			}
		}
		sums := cloud.Item{}
		for name, n := range w.Add {
			sums[name] = n
		}
		add(attr.Encode(w.Put))
		add(attr.Encode(w.Set))
		add(attr.Encode(sums))
		add(attr.Encode(cloud.Item{"remove": slices.Sorted(slices.Values(w.Remove)), "put": w.Put != nil, "delete": w.Delete}))
	}
	return h.Sum(nil)
}
