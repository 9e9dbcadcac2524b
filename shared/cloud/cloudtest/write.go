package cloudtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// updateCases are single writes on an item {n: 5, s: "m"} and what they leave.
func updateCases() []Case {
	old := cloud.Item{"n": int64(5), "s": "m"}
	tests := []struct {
		name string
		w    cloud.Write
		want cloud.Item // nil: no item
	}{
		{"a put replaces the whole item", cloud.Write{Put: cloud.Item{"x": int64(1)}}, cloud.Item{"x": int64(1)}},
		{"a put of no attributes leaves the key", cloud.Write{Put: cloud.Item{}}, cloud.Item{}},
		{"a set adds an attribute and keeps the others", cloud.Write{Set: cloud.Item{"x": true}}, cloud.Item{"n": int64(5), "s": "m", "x": true}},
		{"a set changes the type", cloud.Write{Set: cloud.Item{"n": "five"}}, cloud.Item{"n": "five", "s": "m"}},
		{"a set replaces a map whole", cloud.Write{Set: cloud.Item{"s": map[string]any{"a": int64(1)}}}, cloud.Item{"n": int64(5), "s": map[string]any{"a": int64(1)}}},
		{"a remove takes an attribute away", cloud.Write{Remove: []string{"s"}}, cloud.Item{"n": int64(5)}},
		{"a remove of an absent attribute is no error", cloud.Write{Remove: []string{"zz"}}, cloud.Item{"n": int64(5), "s": "m"}},
		{"an add counts up", cloud.Write{Add: map[string]int64{"n": 3}}, cloud.Item{"n": int64(8), "s": "m"}},
		{"an add counts down below zero", cloud.Write{Add: map[string]int64{"n": -7}}, cloud.Item{"n": int64(-2), "s": "m"}},
		{"an add to an absent attribute counts from 0", cloud.Write{Add: map[string]int64{"k": -2}}, cloud.Item{"n": int64(5), "s": "m", "k": int64(-2)}},
		{"set, add and remove go together", cloud.Write{Set: cloud.Item{"x": "y"}, Add: map[string]int64{"n": 1}, Remove: []string{"s"}}, cloud.Item{"n": int64(6), "x": "y"}},
		{"two adds and two removes go together", cloud.Write{Add: map[string]int64{"a": 1, "b": 2}, Remove: []string{"n", "s"}}, cloud.Item{"a": int64(1), "b": int64(2)}},
		{"a delete removes the item", cloud.Write{Delete: true}, nil},
		{"a set under a condition that holds is done", cloud.Write{If: []cloud.Cond{{Attr: "n", Op: "=", Value: int64(5)}}, Set: cloud.Item{"n": int64(6)}}, cloud.Item{"n": int64(6), "s": "m"}},
		{"an attribute may be in the condition and in the update", cloud.Write{If: []cloud.Cond{{Attr: "n", Op: "<", Value: int64(6)}}, Add: map[string]int64{"n": 1}}, cloud.Item{"n": int64(6), "s": "m"}},
		{"a delete under a condition that holds is done", cloud.Write{If: []cloud.Cond{{Attr: "s", Op: "=", Value: "m"}}, Delete: true}, nil},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"table: " + tt.name, hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, old)
			w := tt.w
			w.Key = k
			got, err := r.Table.Write(r.ctx, w)
			r.ok(err)
			want := with(k, tt.want)
			if tt.want == nil {
				want = nil
			}
			r.equal(got, want)
			r.equal(r.get(k), want)
		}})
	}
	return cases
}

func writeCases() []Case {
	return slices.Concat(updateCases(), singleCases(), sizeCases(), expiryCases(), raceCases())
}

func singleCases() []Case {
	return []Case{
		{"table: an absent item is nil, read strongly", hasTable, func(r *run) {
			r.equal(r.get(r.key("none")), cloud.Item(nil))
		}},
		{"table: an absent item is nil, read eventually", hasTable, func(r *run) {
			i, err := r.Table.Get(r.ctx, r.key("none"), false)
			r.ok(err)
			r.equal(i, cloud.Item(nil))
		}},
		{"table: an eventual read sees a write in the end", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": int64(1)})
			r.eventually(func() error {
				i, err := r.Table.Get(r.ctx, r.key("1"), false)
				if err == nil && i.Int("n") != 1 {
					err = errors.New("stale")
				}
				return err
			})
		}},
		{"table: a put returns the item with its key", hasTable, func(r *run) {
			r.equal(r.put(r.key("1"), cloud.Item{"n": 7}), with(r.key("1"), cloud.Item{"n": int64(7)}))
		}},
		{"table: a put may name the key attributes", hasTable, func(r *run) {
			k := r.key("1")
			r.equal(r.put(k, with(k, cloud.Item{"n": int64(1)})), with(k, cloud.Item{"n": int64(1)}))
		}},
		{"table: an update of an absent item makes it", hasTable, func(r *run) {
			k := r.key("1")
			got, err := r.Table.Write(r.ctx, cloud.Write{Key: k, Set: cloud.Item{"s": "x"}, Add: map[string]int64{"v": 1}})
			r.ok(err)
			r.equal(got, with(k, cloud.Item{"s": "x", "v": int64(1)}))
			r.equal(r.get(k), got)
		}},
		{"table: a delete of an absent item is no error", hasTable, func(r *run) {
			got, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("none"), Delete: true})
			r.ok(err)
			r.equal(got, cloud.Item(nil))
		}},
	}
}

func sizeCases() []Case {
	return []Case{
		{"table: items of one partition are apart", hasTable, func(r *run) {
			r.put(r.at("1", "META"), cloud.Item{"n": 1})
			r.put(r.at("1", "FLOW"), cloud.Item{"n": 2})
			r.equal(r.get(r.at("1", "META")).Int("n"), int64(1))
		}},
		{"table: keys tell upper from lower case", hasTable, func(r *run) {
			r.put(r.at("a", "x"), nil)
			r.equal(r.get(r.at("A", "x")), cloud.Item(nil))
			r.equal(r.get(r.at("a", "X")), cloud.Item(nil))
		}},
		{"table: an item just below 400 KB is taken", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"s": strings.Repeat("x", 400<<10-200)})
			r.equal(len(r.get(r.key("1")).Str("s")), 400<<10-200)
		}},
		{"table: an item that an update makes too big stays as it was", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"s": strings.Repeat("x", 300<<10)})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Set: cloud.Item{"t": strings.Repeat("x", 110<<10)}})
			r.kind(err, fault.Invalid)
			r.equal(r.get(r.key("1")).Str("t"), "")
		}},
		{"table: an add to a string is invalid and changes nothing", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"s": "x"})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Add: map[string]int64{"s": 1}})
			r.kind(err, fault.Invalid)
			r.equal(r.get(r.key("1")).Str("s"), "x")
		}},
	}
}

func expiryCases() []Case {
	return []Case{
		{"table: an expired item is still returned", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{cloud.AttrTTL: time.Now().Add(-time.Hour).Unix()})
			if r.get(r.key("1")) == nil {
				r.errorf("gone at once")
			}
			page, _, err := r.Table.Query(r.ctx, cloud.Query{Part: r.key("1").Part, Strong: true})
			r.ok(err)
			r.equal(len(page), 1)
		}},
		{"table: an expired item can be written again", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{cloud.AttrTTL: time.Now().Add(-time.Hour).Unix()})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "present"}}, Remove: []string{cloud.AttrTTL}})
			r.ok(err)
		}},
		{"table: the sweep removes expired items and no others", hasExpiry, func(r *run) {
			r.put(r.key("old"), cloud.Item{cloud.AttrTTL: time.Now().Add(-time.Hour).Unix()})
			r.put(r.key("new"), cloud.Item{cloud.AttrTTL: time.Now().Add(time.Hour).Unix()})
			r.put(r.key("text"), cloud.Item{cloud.AttrTTL: "0"})
			r.eventually(func() error {
				if err := r.Expire(r.ctx); err != nil {
					return err
				}
				if r.get(r.key("old")) != nil {
					return errors.New("the expired item is still there")
				}
				return nil
			})
			if r.get(r.key("new")) == nil || r.get(r.key("text")) == nil {
				r.errorf("an item that has not expired is gone")
			}
		}},
		{"table: an expired item goes by itself", hasExpiry, func(r *run) {
			r.put(r.key("old"), cloud.Item{cloud.AttrTTL: time.Now().Add(-time.Hour).Unix()})
			r.eventually(func() error {
				if r.get(r.key("old")) != nil {
					return errors.New("the expired item is still there")
				}
				return nil
			})
		}},
	}
}

// raceCases write at one time.
func raceCases() []Case {
	return []Case{
		{"table: of 8 puts if absent at one time one wins", hasTable, func(r *run) {
			r.equal(r.race(8, func(i int) error {
				_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"by": i}})
				return err
			}), 1)
		}},
		{"table: adds at one time are all counted", hasTable, func(r *run) {
			won := r.race(40, func(int) error {
				_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Add: map[string]int64{"n": 1}})
				return err
			})
			r.equal(r.get(r.key("1")).Int("n"), int64(won))
		}},
		{"table: a write under a version loses no update", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"v": 0})
			r.race(5, func(int) error { return r.raiseVersion(r.key("1"), 5) })
			r.equal(r.get(r.key("1")).Int("v"), int64(25))
		}},
	}
}

// raiseVersion raises v by one, n times, each time from what it has read.
func (r *run) raiseVersion(k cloud.Key, n int) error {
	for done := 0; done < n; {
		i, err := r.Table.Get(r.ctx, k, true)
		if err != nil {
			return err
		}
		v := i.Int("v")
		_, err = r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "v", Op: "=", Value: v}}, Set: cloud.Item{"v": v + 1}})
		var refused *cloud.Refused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if err == nil {
			done++
		}
	}
	return nil
}

// race runs n calls at one time and returns how many succeeded. Those that did
// not must have been refused.
func (r *run) race(n int, do func(i int) error) int {
	var all sync.WaitGroup
	var won atomic.Int64
	errs := make([]error, n)
	for i := range n {
		all.Go(func() {
			if errs[i] = do(i); errs[i] == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		var refused *cloud.Refused
		if err != nil && !errors.As(err, &refused) && fault.KindOf(err) != fault.Conflict {
			r.errorf("neither done nor refused: %v", err)
		}
	}
	return int(won.Load())
}

// invalidCases are writes and reads that no table takes.
func invalidCases() []Case {
	long := strings.Repeat("k", 3000)
	ok := cloud.Item{"a": int64(1)}
	tests := []struct {
		name string
		w    cloud.Write
	}{
		{"a put and a set", cloud.Write{Put: ok, Set: ok}},
		{"a put and a delete", cloud.Write{Put: ok, Delete: true}},
		{"an add and a delete", cloud.Write{Add: map[string]int64{"a": 1}, Delete: true}},
		{"a put and a remove", cloud.Write{Put: ok, Remove: []string{"a"}}},
		{"neither write nor condition", cloud.Write{}},
		{"a set of the partition key", cloud.Write{Set: cloud.Item{cloud.AttrPart: "x"}}},
		{"a set of the sort key", cloud.Write{Set: cloud.Item{cloud.AttrSort: "x"}}},
		{"a remove of the sort key", cloud.Write{Remove: []string{cloud.AttrSort}}},
		{"an add to the partition key", cloud.Write{Add: map[string]int64{cloud.AttrPart: 1}}},
		{"a set and a remove of one attribute", cloud.Write{Set: ok, Remove: []string{"a"}}},
		{"a set and an add of one attribute", cloud.Write{Set: ok, Add: map[string]int64{"a": 1}}},
		{"a remove of one attribute twice", cloud.Write{Remove: []string{"a", "a"}}},
		{"a put under another key", cloud.Write{Put: cloud.Item{cloud.AttrSort: "other"}}},
		{"an unknown operator", cloud.Write{Put: ok, If: []cloud.Cond{{Attr: "a", Op: "~", Value: int64(1)}}}},
		{"a condition without attribute", cloud.Write{Put: ok, If: []cloud.Cond{{Op: "=", Value: int64(1)}}}},
		{"a condition without value", cloud.Write{Put: ok, If: []cloud.Cond{{Attr: "a", Op: "="}}}},
		{"an order by a boolean", cloud.Write{Put: ok, If: []cloud.Cond{{Attr: "a", Op: "<", Value: true}}}},
		{"an order by a list", cloud.Write{Put: ok, If: []cloud.Cond{{Attr: "a", Op: ">=", Value: []string{"x"}}}}},
		{"a nil value", cloud.Write{Put: cloud.Item{"a": nil}}},
		{"a nil in a list", cloud.Write{Put: cloud.Item{"a": []any{nil}}}},
		{"a float", cloud.Write{Put: cloud.Item{"a": 1.5}}},
		{"a float in a map", cloud.Write{Set: cloud.Item{"a": map[string]any{"b": 1.5}}}},
		{"a time", cloud.Write{Put: cloud.Item{"a": time.Now()}}},
		{"a struct", cloud.Write{Put: cloud.Item{"a": struct{ B int }{1}}}},
		{"text that is not UTF-8", cloud.Write{Put: cloud.Item{"a": "\xff\xfe"}}},
		{"an empty attribute name", cloud.Write{Put: cloud.Item{"": "x"}}},
		{"an index key that is a number", cloud.Write{Put: cloud.Item{cloud.AttrIndexPart: 1, cloud.AttrIndexSort: "x"}}},
		{"an index key that is empty", cloud.Write{Set: cloud.Item{cloud.AttrIndexPart: ""}}},
		{"an item beyond 400 KB", cloud.Write{Put: cloud.Item{"a": strings.Repeat("x", 410<<10)}}},
		{"an empty partition key", cloud.Write{Key: cloud.Key{Sort: "META"}, Put: ok}},
		{"an empty sort key", cloud.Write{Key: cloud.Key{Part: "t|x"}, Put: ok}},
		{"a partition key beyond 2 KB", cloud.Write{Key: cloud.Key{Part: long, Sort: "META"}, Put: ok}},
		{"a sort key beyond 1 KB", cloud.Write{Key: cloud.Key{Part: "t|x", Sort: long}, Put: ok}},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"table: " + tt.name + " is invalid", hasTable, func(r *run) {
			w := tt.w
			if w.Key == (cloud.Key{}) {
				w.Key = r.key("1")
			}
			_, err := r.Table.Write(r.ctx, w)
			r.kind(err, fault.Invalid)
			if w.Key == r.key("1") {
				r.equal(r.get(w.Key), cloud.Item(nil))
			}
		}})
	}
	return append(cases, invalidGetCases(long)...)
}

func invalidGetCases(long string) []Case {
	var cases []Case
	for _, k := range []cloud.Key{{Sort: "x"}, {Part: "x"}, {Part: long, Sort: "x"}} {
		cases = append(cases, Case{fmt.Sprintf("table: a get with a key of %d and %d bytes is invalid", len(k.Part), len(k.Sort)), hasTable, func(r *run) {
			_, err := r.Table.Get(r.ctx, k, true)
			r.kind(err, fault.Invalid)
		}})
	}
	return cases
}
