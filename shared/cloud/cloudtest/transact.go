package cloudtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

func (r *run) add(name string, n int64) cloud.Write {
	return cloud.Write{Key: r.key(name), Add: map[string]int64{"n": n}}
}

// reasons wants a refusal of these reasons and returns it.
func (r *run) reasons(err error, want ...cloud.Why) *cloud.Refused {
	var refused *cloud.Refused
	if !errors.As(err, &refused) {
		r.fatalf("want a refusal, got %v", err)
	}
	var got []cloud.Why
	for _, each := range refused.Each {
		got = append(got, each.Why)
	}
	r.equal(got, want)
	return refused
}

// many returns n puts to items of their own.
func (r *run) many(n, bytes int) []cloud.Write {
	writes := make([]cloud.Write, n)
	for i := range writes {
		writes[i] = cloud.Write{Key: r.at("many", fmt.Sprintf("%03d", i)), Put: cloud.Item{"s": strings.Repeat("x", bytes)}}
	}
	return writes
}

func transactCases() []Case {
	return append(append(transactDone(), transactRefused()...), tokenCases()...)
}

func transactDone() []Case {
	return slices.Concat(transactKindCases(), transactClaimCases())
}

func transactKindCases() []Case {
	return []Case{
		{"table: a transaction of puts writes all", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, "", r.many(3, 1)...))
			got, _ := r.pages(cloud.Query{Part: r.at("many", "x").Part, Strong: true})
			r.equal(len(got), 3)
		}},
		{"table: a transaction puts, updates, deletes and checks", hasTable, func(r *run) {
			r.put(r.key("u"), cloud.Item{"n": 1})
			r.put(r.key("d"), nil)
			r.put(r.key("c"), cloud.Item{"n": 5})
			r.ok(r.Table.Transact(r.ctx, "",
				cloud.Write{Key: r.key("p"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"n": 9}},
				cloud.Write{Key: r.key("u"), Add: map[string]int64{"n": 1}, Set: cloud.Item{"s": "x"}},
				cloud.Write{Key: r.key("d"), Delete: true},
				cloud.Write{Key: r.key("c"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 5}}}))
			r.equal(r.get(r.key("p")).Int("n"), int64(9))
			r.equal(r.get(r.key("u")), with(r.key("u"), cloud.Item{"n": int64(2), "s": "x"}))
			r.equal(r.get(r.key("d")), cloud.Item(nil))
			r.equal(r.get(r.key("c")).Int("n"), int64(5))
		}},
		{"table: a transaction of one write is one", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, "", r.add("1", 4)))
			r.equal(r.get(r.key("1")).Int("n"), int64(4))
		}},
		{"table: a transaction may have 100 writes", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, "", r.many(100, 10)...))
			got, _ := r.pages(cloud.Query{Part: r.at("many", "x").Part, Strong: true})
			r.equal(len(got), 100)
		}},
	}
}

func transactClaimCases() []Case {
	return []Case{
		{"table: a transaction only of checks may hold", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": 1})
			r.ok(r.Table.Transact(r.ctx, "",
				cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: "n", Op: "=", Value: 1}}},
				cloud.Write{Key: r.key("2"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}))
			r.equal(r.get(r.key("2")), cloud.Item(nil))
		}},
		{"table: a transaction may delete an absent item", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, "", cloud.Write{Key: r.key("none"), Delete: true}, r.add("1", 1)))
			r.equal(r.get(r.key("1")).Int("n"), int64(1))
		}},
		{"table: a transaction writes items of two tenants' partitions", hasTable, func(r *run) {
			other := cloud.Key{Part: r.tenant + "b|C#1", Sort: "META"}
			r.ok(r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: other, Put: cloud.Item{}}))
			if r.get(other) == nil {
				r.errorf("one item is missing")
			}
		}},
		{"table: the claim of §5.3: contact and agent change together", hasTable, func(r *run) {
			r.put(r.key("c"), cloud.Item{"state": "QUEUED", "epoch": 3})
			r.put(r.key("a"), cloud.Item{"state": "AVAILABLE", "used.voice": 0, "max": 1})
			claim := []cloud.Write{
				{Key: r.key("c"), If: []cloud.Cond{{Attr: "state", Op: "=", Value: "QUEUED"}, {Attr: "epoch", Op: "=", Value: 3}}, Set: cloud.Item{"state": "OFFERED", "offer": "o1"}},
				{Key: r.key("a"), If: []cloud.Cond{{Attr: "used.voice", Op: "<", Value: 1}}, Add: map[string]int64{"used.voice": 1}, Set: cloud.Item{"o:o1": "c"}},
			}
			r.ok(r.Table.Transact(r.ctx, uuid.NewString(), claim...))
			r.equal(r.get(r.key("c")).Str("offer"), "o1")
			r.equal(r.get(r.key("a")).Int("used.voice"), int64(1))
			refused := r.reasons(r.Table.Transact(r.ctx, uuid.NewString(), claim...), cloud.WhyCondition, cloud.WhyCondition)
			r.equal(refused.Each[0].Old.Str("offer"), "o1")
			r.equal(refused.Each[1].Old.Str("o:o1"), "c")
		}},
	}
}

func transactRefused() []Case {

	return slices.Concat(reasonCases(), transactInvalidCases(), contentionCases())
}

func reasonCases() []Case {
	return []Case{
		{"table: one failed condition leaves nothing of a transaction", hasTable, func(r *run) {
			err := r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: r.key("2"), If: isPresent(), Put: cloud.Item{}}, r.add("3", 1))
			r.reasons(err, cloud.WhyNone, cloud.WhyCondition, cloud.WhyNone)
			r.kind(err, fault.Conflict)
			for _, name := range []string{"1", "2", "3"} {
				r.equal(r.get(r.key(name)), cloud.Item(nil))
			}
		}},
		{"table: a failed check leaves nothing of a transaction", hasTable, func(r *run) {
			err := r.Table.Transact(r.ctx, "", cloud.Write{Key: r.key("2"), If: isPresent()}, r.add("1", 1))
			r.reasons(err, cloud.WhyCondition, cloud.WhyNone)
			r.equal(r.get(r.key("1")), cloud.Item(nil))
		}},
		{"table: each failed condition is named, with its stored item", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": 1})
			r.put(r.key("3"), cloud.Item{"n": 3})
			err := r.Table.Transact(r.ctx, "",
				cloud.Write{Key: r.key("1"), If: isAbsent(), Put: cloud.Item{}},
				r.add("2", 1),
				cloud.Write{Key: r.key("3"), If: isAbsent(), Delete: true},
				cloud.Write{Key: r.key("4"), If: isPresent()})
			refused := r.reasons(err, cloud.WhyCondition, cloud.WhyNone, cloud.WhyCondition, cloud.WhyCondition)
			r.equal(refused.Each[0].Old, with(r.key("1"), cloud.Item{"n": int64(1)}))
			r.equal(refused.Each[1].Old, cloud.Item(nil))
			r.equal(refused.Each[2].Old.Int("n"), int64(3))
			r.equal(refused.Each[3].Old, cloud.Item(nil))
			if !refused.Lost() {
				r.errorf("a failed condition is not lost")
			}
		}},
		{"table: conditions are checked on what was before the transaction", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": 1})
			err := r.Table.Transact(r.ctx, "",
				cloud.Write{Key: r.key("1"), Set: cloud.Item{"n": 2}},
				cloud.Write{Key: r.key("2"), If: isPresent(), Set: cloud.Item{"n": 2}})
			r.reasons(err, cloud.WhyNone, cloud.WhyCondition)
			r.equal(r.get(r.key("1")).Int("n"), int64(1))
		}},
	}
}

func transactInvalidCases() []Case {
	return []Case{
		{"table: an add to a string makes a transaction invalid", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": "text"})
			r.kind(r.Table.Transact(r.ctx, "", r.add("2", 1), r.add("1", 1)), fault.Invalid)
			r.equal(r.get(r.key("2")), cloud.Item(nil))
		}},
		{"table: a transaction with the same item twice is invalid", hasTable, func(r *run) {
			err := r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: r.key("1"), If: isAbsent()})
			r.kind(err, fault.Invalid)
			r.equal(r.get(r.key("1")), cloud.Item(nil))
		}},
		{"table: a transaction of 101 writes is invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, "", r.many(101, 1)...), fault.Invalid)
		}},
		{"table: a transaction of no writes is invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, ""), fault.Invalid)
		}},
		{"table: a transaction beyond 4 MB is invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, "", r.many(13, 350<<10)...), fault.Invalid)
			got, _ := r.pages(cloud.Query{Part: r.at("many", "x").Part, Strong: true})
			r.equal(len(got), 0)
		}},
		{"table: an invalid write makes its transaction invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: r.key("2"), Put: cloud.Item{"a": 1.5}}), fault.Invalid)
			r.equal(r.get(r.key("1")), cloud.Item(nil))
		}},
		{"table: a check without condition makes a transaction invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, "", r.add("1", 1), cloud.Write{Key: r.key("2")}), fault.Invalid)
		}},
	}
}

// contentionCases run transactions at one time.
func contentionCases() []Case {
	return []Case{
		{"table: of 8 transactions at one time one wins, five times over", hasTable, func(r *run) {
			for round := range 5 {
				agent := fmt.Sprint("agent", round)
				r.put(r.key(agent), cloud.Item{"state": "READY"})
				won := r.race(8, func(i int) error {
					return r.Table.Transact(r.ctx, uuid.NewString(),
						cloud.Write{Key: r.key(agent), If: []cloud.Cond{{Attr: "state", Op: "=", Value: "READY"}}, Set: cloud.Item{"state": "BUSY", "by": i}},
						cloud.Write{Key: r.at(agent, fmt.Sprint("call", i)), Put: cloud.Item{"by": i}})
				})
				calls, _ := r.pages(cloud.Query{Part: r.key(agent).Part, From: "call", To: "call\uffff", Strong: true})
				if won > 1 || len(calls) != won {
					r.errorf("%d winners, %d calls", won, len(calls))
				}
			}
		}},
		{"table: transactions that move between two items keep the sum", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"n": 100})
			r.put(r.key("2"), cloud.Item{"n": 100})
			r.race(10, func(i int) error {
				return r.Table.Transact(r.ctx, "", r.add("1", int64(i)), r.add("2", -int64(i)))
			})
			r.equal(r.get(r.key("1")).Int("n")+r.get(r.key("2")).Int("n"), int64(200))
		}},
	}
}

func tokenCases() []Case {
	return []Case{
		{"table: a token repeats nothing", hasTable, func(r *run) {
			token := uuid.NewString()
			for range 3 {
				r.ok(r.Table.Transact(r.ctx, token, r.add("1", 1), r.add("2", 5)))
			}
			r.equal(r.get(r.key("1")).Int("n"), int64(1))
			r.equal(r.get(r.key("2")).Int("n"), int64(5))
		}},
		{"table: a token repeats nothing even if the condition no longer holds", hasTable, func(r *run) {
			token := uuid.NewString()
			w := cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}, Put: cloud.Item{"n": 1}}
			r.ok(r.Table.Transact(r.ctx, token, w))
			r.ok(r.Table.Transact(r.ctx, token, w))
		}},
		{"table: a token with another value is invalid", hasTable, func(r *run) {
			token := uuid.NewString()
			r.ok(r.Table.Transact(r.ctx, token, r.add("1", 1)))
			r.kind(r.Table.Transact(r.ctx, token, r.add("1", 2)), fault.Invalid)
			r.equal(r.get(r.key("1")).Int("n"), int64(1))
		}},
		{"table: a token with another item is invalid", hasTable, func(r *run) {
			token := uuid.NewString()
			r.ok(r.Table.Transact(r.ctx, token, r.add("1", 1)))
			r.kind(r.Table.Transact(r.ctx, token, r.add("2", 1)), fault.Invalid)
			r.equal(r.get(r.key("2")), cloud.Item(nil))
		}},
		{"table: a token with one write more is invalid", hasTable, func(r *run) {
			token := uuid.NewString()
			r.ok(r.Table.Transact(r.ctx, token, r.add("1", 1)))
			r.kind(r.Table.Transact(r.ctx, token, r.add("1", 1), r.add("2", 1)), fault.Invalid)
		}},
		{"table: two tokens are two transactions", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, uuid.NewString(), r.add("1", 1)))
			r.ok(r.Table.Transact(r.ctx, uuid.NewString(), r.add("1", 1)))
			r.equal(r.get(r.key("1")).Int("n"), int64(2))
		}},
		{"table: no token is a new transaction each time", hasTable, func(r *run) {
			r.ok(r.Table.Transact(r.ctx, "", r.add("1", 1)))
			r.ok(r.Table.Transact(r.ctx, "", r.add("1", 1)))
			r.equal(r.get(r.key("1")).Int("n"), int64(2))
		}},
		{"table: the token of a refused transaction may be used again", hasTable, func(r *run) {
			token := uuid.NewString()
			w := cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "present"}}, Set: cloud.Item{"done": true}}
			r.reasons(r.Table.Transact(r.ctx, token, w), cloud.WhyCondition)
			r.put(r.key("1"), nil)
			r.ok(r.Table.Transact(r.ctx, token, w))
			r.equal(r.get(r.key("1")).Bool("done"), true)
		}},
		{"table: a token longer than 36 bytes is invalid", hasTable, func(r *run) {
			r.kind(r.Table.Transact(r.ctx, uuid.NewString()+"x", r.add("1", 1)), fault.Invalid)
			r.equal(r.get(r.key("1")), cloud.Item(nil))
		}},
	}
}
