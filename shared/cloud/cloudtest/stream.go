package cloudtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
)

// changes runs do and returns the changes of the case's items until the item
// "end" that it then puts appears (in a partition of its own, so nothing is
// known of its order to the others: it waits a little longer for the rest).
func (r *run) changes(do func()) []lambdaevent.Change {
	ctx, stop := context.WithCancel(r.ctx)
	defer stop()
	all, err := r.Stream(ctx)
	r.ok(err)
	do()
	r.put(r.key("end"), nil)
	var got []lambdaevent.Change
	seen := map[string]bool{}
	ended := false
	for waited := 0; waited < 100; {
		select {
		case c := <-all:
			if c.Key.Tenant() != r.tenant {
				continue
			}
			if c.Key == r.key("end") {
				ended = true
				waited = max(waited, 90) // the last second is for what is still on its way
			} else if id := fmt.Sprint(c.ID, c.Old, c.New); !seen[id] { // comes at least once
				seen[id] = true
				got = append(got, c)
			}
		case <-time.After(20 * time.Millisecond):
			r.sleep(80 * time.Millisecond)
			waited++
		}
	}
	if !ended {
		r.fatalf("the stream does not come to the end within 10 s")
	}
	return got
}

// shape tells old and new image of changes in short.
func shape(changes []lambdaevent.Change) []string {
	var out []string
	for _, c := range changes {
		s := ""
		if c.Old != nil {
			s = fmt.Sprint(c.Old["n"])
		}
		s += ">"
		if c.New != nil {
			s += fmt.Sprint(c.New["n"])
		}
		out = append(out, s)
	}
	return out
}

func (r *run) set(n int) {
	_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Set: cloud.Item{"n": n}})
	r.ok(err)
}

func (r *run) drop() {
	_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Delete: true})
	r.ok(err)
}

func streamCases() []Case {
	tests := []struct {
		name string
		do   func(*run)
		want []string
	}{
		{"insert, modify and remove have the images before and after", func(r *run) { r.set(1); r.set(2); r.drop() }, []string{">1", "1>2", "2>"}},
		{"a put that changes nothing leaves no record", func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": 1})
			r.put(r.key("1"), cloud.Item{"n": 1})
			r.put(r.key("1"), cloud.Item{"n": 2})
		}, []string{">1", "1>2"}},
		{"an update that changes nothing leaves no record", func(r *run) { r.set(1); r.set(1); r.set(2) }, []string{">1", "1>2"}},
		{"a delete of nothing leaves no record", func(r *run) { r.drop(); r.set(1) }, []string{">1"}},
		{"a refused write leaves no record", func(r *run) {
			r.set(1)
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 9}}, Set: cloud.Item{"n": 3}})
			r.refusal(err)
			r.set(2)
		}, []string{">1", "1>2"}},
		{"a check leaves no record", func(r *run) {
			r.set(1)
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 1}}})
			r.ok(err)
			r.ok(r.Table.Transact(r.ctx, "", cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 1}}}))
		}, []string{">1"}},
		{"a refused transaction leaves no record", func(r *run) {
			err := r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: r.key("2"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 9}}})
			r.reasons(err, cloud.WhyNone, cloud.WhyCondition)
			r.set(2)
		}, []string{">2"}},
		{"a repeated token leaves no record", func(r *run) {
			for range 2 {
				r.ok(r.Table.Transact(r.ctx, r.tenant, r.add("1", 1)))
			}
		}, []string{">1"}},
		{"a removed item that comes back is an insert", func(r *run) { r.set(1); r.drop(); r.set(2) }, []string{">1", "1>", ">2"}},
		{"the changes of one item come in their order", func(r *run) {
			for n := range 20 {
				r.set(n)
			}
		}, []string{">0", "0>1", "1>2", "2>3", "3>4", "4>5", "5>6", "6>7", "7>8", "8>9", "9>10", "10>11", "11>12", "12>13", "13>14", "14>15", "15>16", "16>17", "17>18", "18>19"}},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"stream: " + tt.name, hasStream, func(r *run) {
			r.equal(shape(r.changes(func() { tt.do(r) })), tt.want)
		}})
	}
	return slices.Concat(cases, imageCases(), changeIDCases())
}

func imageCases() []Case {
	return []Case{
		{"stream: images are whole items of all types", hasStream, func(r *run) {
			var put cloud.Item
			got := r.changes(func() {
				put = r.put(r.key("1"), cloud.Item{"s": "话", "n": -1, "b": []byte{0}, "t": true, "l": []string{"x"}, "m": map[string]any{"a": []any{int64(1)}}, "e": ""})
			})
			if len(got) != 1 {
				r.fatalf("%d records", len(got))
			}
			r.equal(got[0].New, put)
			r.equal(got[0].Old, cloud.Item(nil))
			r.equal(got[0].Key, r.key("1"))
		}},
		{"stream: a transaction leaves a record for each item that changes", hasStream, func(r *run) {
			got := r.changes(func() {
				r.put(r.key("same"), cloud.Item{"n": 1})
				r.ok(r.Table.Transact(r.ctx, "", r.add("1", 1), r.add("2", 1), cloud.Write{Key: r.key("same"), Put: cloud.Item{"n": 1}}))
			})
			seen := map[string]int{}
			for _, c := range got {
				seen[c.Key.Part]++
			}
			r.equal(seen, map[string]int{r.key("1").Part: 1, r.key("2").Part: 1, r.key("same").Part: 1})
		}},
	}
}

func changeIDCases() []Case {
	return []Case{
		{"stream: each change has an id of its own", hasStream, func(r *run) {
			ids := map[string]bool{}
			for _, c := range r.changes(func() { r.set(1); r.set(2); r.drop(); r.set(1) }) {
				ids[c.ID] = true
			}
			r.equal(len(ids), 4)
		}},
		{"stream: an expired item's removal tells who did it", func(s Side) bool { return hasStream(s) && hasExpiry(s) }, func(r *run) {
			got := r.changes(func() {
				r.put(r.key("1"), cloud.Item{cloud.AttrTTL: time.Now().Add(-time.Hour).Unix()})
				r.eventually(func() error {
					if err := r.Expire(r.ctx); err != nil {
						return err
					}
					if r.get(r.key("1")) != nil {
						return fmt.Errorf("still there")
					}
					return nil
				})
			})
			if len(got) != 2 || got[0].Expired || !got[1].Expired || got[1].New != nil {
				r.errorf("%d records, %+v", len(got), got)
			}
		}},
	}
}
