package cloudtest

import (
	"errors"
	"fmt"
	"slices"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// conditionCases check each operator on an item with attributes of all types.
func conditionCases() []Case {
	stored := cloud.Item{
		"n": int64(5), "s": "m", "empty": "", "yes": true, "no": false, "raw": []byte{1, 2},
		"list": []any{int64(1), "a"}, "words": []string{"b", "a"}, "map": map[string]any{"a": int64(1), "b": "c"},
	}
	tests := []struct {
		attr, op string
		value    any
		want     bool
	}{
		{"n", "present", nil, true}, {"zz", "present", nil, false}, {"empty", "present", nil, true},
		{"n", "absent", nil, false}, {"zz", "absent", nil, true}, {"empty", "absent", nil, false},
		{cloud.AttrPart, "present", nil, true}, {cloud.AttrPart, "absent", nil, false},
		{"n", "=", int64(5), true}, {"n", "=", int64(6), false}, {"n", "=", "5", false}, {"n", "=", 5, true},
		{"s", "=", "m", true}, {"s", "=", "M", false}, {"s", "=", state("m"), true}, {"empty", "=", "", true},
		{"yes", "=", true, true}, {"no", "=", false, true}, {"yes", "=", false, false},
		{"raw", "=", []byte{1, 2}, true}, {"raw", "=", []byte{1}, false},
		{"list", "=", []any{int64(1), "a"}, true}, {"list", "=", []any{"a", int64(1)}, false},
		{"words", "=", []string{"b", "a"}, true}, {"words", "=", []string{"a", "b"}, false},
		{"map", "=", map[string]any{"b": "c", "a": int64(1)}, true}, {"map", "=", map[string]any{"a": int64(1)}, false},
		{"zz", "=", int64(0), false}, {"zz", "=", "", false},
		{"n", "!=", int64(5), false}, {"n", "!=", int64(6), true}, {"n", "!=", "5", true},
		{"zz", "!=", int64(5), true}, {"zz", "!=", "", true}, {"s", "!=", "m", false}, {"map", "!=", map[string]any{}, true},
		{"n", "<", int64(6), true}, {"n", "<", int64(5), false}, {"n", "<", "6", false}, {"zz", "<", int64(6), false},
		{"n", "<=", int64(5), true}, {"n", "<=", int64(4), false},
		{"n", ">", int64(4), true}, {"n", ">", int64(5), false}, {"n", ">", int64(-5), true}, {"n", ">", "", false},
		{"n", ">=", int64(5), true}, {"n", ">=", int64(6), false}, {"zz", ">=", int64(0), false},
		{"n", "<", int64(10), true}, // as numbers, not as text
		{"s", "<", "n", true}, {"s", "<", "N", false}, {"s", ">", "", true}, {"s", ">=", "m", true}, {"s", "<", "中", true},
		{"s", ">", int64(0), false}, {"yes", ">", int64(0), false}, {"list", ">", "", false},
	}
	var cases []Case
	for _, tt := range tests {
		answer := map[bool]string{true: "holds", false: "does not hold"}[tt.want]
		name := fmt.Sprintf("table: condition %s %s %T %v %s", tt.attr, tt.op, tt.value, tt.value, answer)
		if tt.value == nil {
			name = fmt.Sprintf("table: condition %s %s %s", tt.attr, tt.op, answer)
		}
		cases = append(cases, Case{name, hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, stored)
			conds := []cloud.Cond{{Attr: tt.attr, Op: tt.op, Value: tt.value}}
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: conds, Set: cloud.Item{"done": true}})
			r.refusedUnless(tt.want, err)
			r.equal(r.get(k).Bool("done"), tt.want)
			_, err = r.Table.Write(r.ctx, cloud.Write{Key: k, If: conds})
			r.refusedUnless(tt.want, err)
		}})
	}
	return cases
}

func (r *run) refusedUnless(done bool, err error) {
	if done {
		r.ok(err)
		return
	}
	r.refusal(err)
}

// refusal wants a refusal by condition of one write and returns its reason.
func (r *run) refusal(err error) cloud.Reason {
	var refused *cloud.Refused
	if !errors.As(err, &refused) || len(refused.Each) != 1 {
		r.fatalf("want a refusal with one reason, got %v", err)
	}
	if refused.Each[0].Why != cloud.WhyCondition {
		r.errorf("refused because of %q", refused.Each[0].Why)
	}
	r.kind(err, fault.Conflict)
	return refused.Each[0]
}

func refusalCases() []Case {
	return slices.Concat(storedItemCases(), checkCases())
}

// storedItemCases check that a refusal returns what is stored.
func storedItemCases() []Case {
	return []Case{
		{"table: a refused put returns the stored item", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"by": "first", "list": []any{int64(1)}})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: isAbsent(), Put: cloud.Item{"by": "second"}})
			r.equal(r.refusal(err).Old, with(k, cloud.Item{"by": "first", "list": []any{int64(1)}}))
			r.equal(r.get(k).Str("by"), "first")
		}},
		{"table: a refused update returns the stored item", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "n", Op: "=", Value: 2}}, Add: map[string]int64{"n": 1}})
			r.equal(r.refusal(err).Old.Int("n"), int64(1))
		}},
		{"table: a refused delete returns the stored item and leaves it", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "n", Op: "=", Value: 2}}, Delete: true})
			r.equal(r.refusal(err).Old.Int("n"), int64(1))
			r.equal(r.get(k).Int("n"), int64(1))
		}},
		{"table: a refused check returns the stored item", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "n", Op: ">", Value: 2}}})
			r.equal(r.refusal(err).Old.Int("n"), int64(1))
		}},
		{"table: a refusal on an absent item returns no item", hasTable, func(r *run) {
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("none"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 1}}, Set: cloud.Item{"n": 2}})
			r.equal(r.refusal(err).Old, cloud.Item(nil))
			r.equal(r.get(r.key("none")), cloud.Item(nil))
		}},
		{"table: a conditional delete of an absent item is refused", hasTable, func(r *run) {
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("none"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "present"}}, Delete: true})
			r.refusal(err)
		}},
	}
}

// checkCases check writes that only check, and how conditions go together.
func checkCases() []Case {
	return []Case{
		{"table: one of two conditions that fails refuses the write", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1, "s": "a"})
			conds := []cloud.Cond{{Attr: "n", Op: "=", Value: 1}, {Attr: "s", Op: "=", Value: "b"}}
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: conds, Set: cloud.Item{"n": 2}})
			r.refusal(err)
		}},
		{"table: two conditions on one attribute make a range", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 5})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "n", Op: ">", Value: 1}, {Attr: "n", Op: "<", Value: 9}}, Set: cloud.Item{"n": 6}})
			r.ok(err)
		}},
		{"table: a check of an absent item that holds returns none", hasTable, func(r *run) {
			got, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("none"), If: isAbsent()})
			r.ok(err)
			r.equal(got, cloud.Item(nil))
			r.equal(r.get(r.key("none")), cloud.Item(nil))
		}},
		{"table: a check that holds returns the item and changes nothing", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1})
			got, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "n", Op: "=", Value: 1}}})
			r.ok(err)
			r.equal(got, with(k, cloud.Item{"n": int64(1)}))
			r.equal(r.get(k), got)
		}},
		{"table: absent on another attribute does not mean no item", hasTable, func(r *run) {
			k := r.key("1")
			r.put(k, cloud.Item{"n": 1})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: k, If: []cloud.Cond{{Attr: "deleted", Op: "absent"}}, Set: cloud.Item{"n": 2}})
			r.ok(err)
		}},
		{"table: a retry tells its own lost answer from a lost race", hasTable, func(r *run) {
			w := cloud.Write{Key: r.key("1"), If: isAbsent(), Put: cloud.Item{"by": "me"}}
			_, err := r.Table.Write(r.ctx, w)
			r.ok(err)
			_, err = r.Table.Write(r.ctx, w)
			r.equal(r.refusal(err).Old.Str("by"), "me")
		}},
		{"table: a refusal by condition is lost, so nobody retries it", hasTable, func(r *run) {
			r.put(r.key("1"), nil)
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: isAbsent(), Put: cloud.Item{}})
			var refused *cloud.Refused
			if !errors.As(err, &refused) || !refused.Lost() {
				r.errorf("not lost: %v", err)
			}
		}},
	}
}

// isAbsent means: there is no such item.
func isAbsent() []cloud.Cond { return []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}} }

func isPresent() []cloud.Cond { return []cloud.Cond{{Attr: cloud.AttrPart, Op: "present"}} }
