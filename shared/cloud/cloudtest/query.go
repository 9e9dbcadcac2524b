package cloudtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// rows puts items with these sort keys into the partition of name.
func (r *run) rows(name string, sorts ...string) string {
	for _, s := range sorts {
		r.put(r.at(name, s), cloud.Item{"row": s})
	}
	return r.at(name, "x").Part
}

// page reads one page and returns its sort keys.
func (r *run) page(q cloud.Query) ([]string, cloud.Cursor) {
	items, next, err := r.Table.Query(r.ctx, q)
	r.ok(err)
	sorts := []string{}
	for _, i := range items {
		sorts = append(sorts, i.Key().Sort)
	}
	return sorts, next
}

// pages reads to the end and returns all sort keys and how many pages held any.
func (r *run) pages(q cloud.Query) (sorts []string, n int) {
	sorts = []string{}
	for range 1000 {
		page, next := r.page(q)
		if len(page) > 0 {
			n++
		}
		sorts = append(sorts, page...)
		if next == nil {
			return sorts, n
		}
		q.After = next
	}
	r.fatalf("the query has no end")
	return nil, 0
}

// rangeCases query the sort keys a to e and read all pages.
func rangeCases() []Case {
	tests := []struct {
		name string
		q    cloud.Query
		want string
	}{
		{"all in order", cloud.Query{}, "a b c d e"},
		{"all in falling order", cloud.Query{Descending: true}, "e d c b a"},
		{"from, inclusive", cloud.Query{From: "c"}, "c d e"},
		{"to, inclusive", cloud.Query{To: "c"}, "a b c"},
		{"from and to, inclusive", cloud.Query{From: "b", To: "d"}, "b c d"},
		{"from and to, falling", cloud.Query{From: "b", To: "d", Descending: true}, "d c b"},
		{"from equal to", cloud.Query{From: "c", To: "c"}, "c"},
		{"from between two keys", cloud.Query{From: "bb", To: "dd"}, "c d"},
		{"from between two keys, falling", cloud.Query{From: "bb", To: "dd", Descending: true}, "d c"},
		{"from behind all", cloud.Query{From: "f"}, ""},
		{"to before all", cloud.Query{To: "A"}, ""},
		{"pages of 1", cloud.Query{Limit: 1}, "a b c d e"},
		{"pages of 2", cloud.Query{Limit: 2}, "a b c d e"},
		{"pages of 2, falling", cloud.Query{Limit: 2, Descending: true}, "e d c b a"},
		{"pages of 5, the exact number", cloud.Query{Limit: 5}, "a b c d e"},
		{"a limit beyond the number", cloud.Query{Limit: 50}, "a b c d e"},
		{"pages of 2 in a range", cloud.Query{From: "b", To: "d", Limit: 2}, "b c d"},
		{"pages of 2 in a range, falling", cloud.Query{From: "b", To: "d", Limit: 2, Descending: true}, "d c b"},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"table: a query gives " + tt.name, hasTable, func(r *run) {
			q := tt.q
			q.Part, q.Strong = r.rows("1", "c", "a", "e", "b", "d"), true
			got, pages := r.pages(q)
			r.equal(strings.Join(got, " "), tt.want)
			if q.Limit > 0 && pages != (len(got)+q.Limit-1)/q.Limit {
				r.errorf("%d items in %d pages of %d", len(got), pages, q.Limit)
			}
		}})
	}
	return cases
}

func queryCases() []Case {
	return slices.Concat(rangeCases(), invalidQueryCases(), partitionCases(), pageCases(), movingCases())
}

func partitionCases() []Case {
	return []Case{
		{"table: a query of an empty partition is empty", hasTable, func(r *run) {
			got, next := r.page(cloud.Query{Part: r.tenant + "|none", Strong: true})
			r.equal(len(got), 0)
			r.equal(next, cloud.Cursor(nil))
		}},
		{"table: a query sees one partition, not those whose name goes on", hasTable, func(r *run) {
			part := r.rows("1", "a")
			r.rows("11", "b")
			r.rows("1#", "c")
			got, _ := r.pages(cloud.Query{Part: part, Strong: true})
			r.equal(got, []string{"a"})
		}},
		{"table: a query gives whole items", hasTable, func(r *run) {
			k := r.at("1", "a")
			want := r.put(k, cloud.Item{"n": 1, "m": map[string]any{"x": []string{"y"}}})
			items, _, err := r.Table.Query(r.ctx, cloud.Query{Part: k.Part, Strong: true})
			r.ok(err)
			r.equal(items, []cloud.Item{want})
		}},
		{"table: sort keys are in the order of their bytes", hasTable, func(r *run) {
			part := r.rows("1", "中", "é", "b", "B", "10", "9", "~", "a b", "a", "😀")
			got, _ := r.pages(cloud.Query{Part: part, Strong: true})
			r.equal(got, []string{"10", "9", "B", "a", "a b", "b", "~", "é", "中", "😀"})
		}},
		{"table: a prefix is a range", hasTable, func(r *run) {
			part := r.rows("1", "REC", "REC#", "REC#0", "REC#1", "REC#中", "RED", "W")
			got, _ := r.pages(cloud.Query{Part: part, From: "REC#", To: "REC#\uffff", Strong: true})
			r.equal(got, []string{"REC#", "REC#0", "REC#1", "REC#中"})
		}},
		{"table: a cursor goes through JSON", hasTable, func(r *run) {
			part := r.rows("1", "a", "b", "c")
			_, next := r.page(cloud.Query{Part: part, Limit: 2, Strong: true})
			b, err := json.Marshal(next)
			r.ok(err)
			var back cloud.Cursor
			r.ok(json.Unmarshal(b, &back))
			got, _ := r.page(cloud.Query{Part: part, Limit: 2, Strong: true, After: back})
			r.equal(got, []string{"c"})
		}},
	}
}

func pageCases() []Case {
	return []Case{
		{"table: a strong query sees what was written before it", hasTable, func(r *run) {
			for i := range 5 {
				part := r.rows("1", fmt.Sprint(i))
				if got, _ := r.pages(cloud.Query{Part: part, Strong: true}); len(got) != i+1 {
					r.errorf("%d items after %d puts", len(got), i+1)
				}
			}
		}},
		{"table: an eventual query sees what was written in the end", hasTable, func(r *run) {
			part := r.rows("1", "a", "b")
			r.eventually(func() error {
				if got, _ := r.pages(cloud.Query{Part: part}); len(got) != 2 {
					return fmt.Errorf("%d items", len(got))
				}
				return nil
			})
		}},
		{"table: a page holds at most 1 MB", hasTable, func(r *run) {
			for i := range 4 {
				r.put(r.at("1", fmt.Sprint(i)), cloud.Item{"s": strings.Repeat("x", 390<<10)})
			}
			first, next := r.page(cloud.Query{Part: r.key("1").Part, Strong: true})
			if next == nil || len(first) < 2 || len(first) > 3 {
				r.errorf("%d items of 390 KB in the first page", len(first))
			}
			got, _ := r.pages(cloud.Query{Part: r.key("1").Part, Strong: true})
			r.equal(got, []string{"0", "1", "2", "3"})
		}},
	}
}

// movingCases change the partition between two pages.
func movingCases() []Case {
	return []Case{
		{"table: a deleted item is not in the next query", hasTable, func(r *run) {
			part := r.rows("1", "a", "b")
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.at("1", "a"), Delete: true})
			r.ok(err)
			got, _ := r.pages(cloud.Query{Part: part, Strong: true})
			r.equal(got, []string{"b"})
		}},
		{"table: a cursor whose item is gone still goes on behind it", hasTable, func(r *run) {
			part := r.rows("1", "a", "b", "c", "d")
			_, next := r.page(cloud.Query{Part: part, Limit: 2, Strong: true})
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.at("1", "b"), Delete: true})
			r.ok(err)
			got, _ := r.page(cloud.Query{Part: part, Strong: true, After: next})
			r.equal(got, []string{"c", "d"})
		}},
		{"table: an item that comes behind the cursor is in the next page", hasTable, func(r *run) {
			part := r.rows("1", "a", "b", "d")
			_, next := r.page(cloud.Query{Part: part, Limit: 2, Strong: true})
			r.rows("1", "c")
			got, _ := r.page(cloud.Query{Part: part, Strong: true, After: next})
			r.equal(got, []string{"c", "d"})
		}},
		{"table: an item that comes before the cursor is in no later page", hasTable, func(r *run) {
			part := r.rows("1", "b", "c", "d")
			_, next := r.page(cloud.Query{Part: part, Limit: 2, Strong: true})
			r.rows("1", "a")
			got, _ := r.page(cloud.Query{Part: part, Strong: true, After: next})
			r.equal(got, []string{"d"})
		}},
		{"table: an item that moves across the page boundary is seen twice or never", hasTable, func(r *run) {
			part := r.rows("1", "a", "b", "c", "d")
			first, next := r.page(cloud.Query{Part: part, Limit: 2, Strong: true})
			r.move("a", "c2")
			r.move("d", "a2")
			second, _ := r.page(cloud.Query{Part: part, Strong: true, After: next})
			r.equal(first, []string{"a", "b"})
			r.equal(second, []string{"c", "c2"})
		}},
		{"table: items past their TTL are in pages", hasTable, func(r *run) {
			r.put(r.at("1", "a"), cloud.Item{cloud.AttrTTL: int64(1_600_000_000 + 1<<27)})
			part := r.rows("1", "b")
			if got, _ := r.pages(cloud.Query{Part: part, Strong: true}); !slices.Contains(got, "b") {
				r.errorf("got %v", got)
			}
		}},
	}
}

// move gives an item of partition 1 another sort key, in one transaction.
func (r *run) move(from, to string) {
	r.ok(r.Table.Transact(r.ctx, "",
		cloud.Write{Key: r.at("1", from), Delete: true},
		cloud.Write{Key: r.at("1", to), Put: cloud.Item{"row": from}}))
}

func invalidQueryCases() []Case {
	tests := []struct {
		name string
		q    cloud.Query
	}{
		{"without partition", cloud.Query{Part: ""}},
		{"of the index that is strong", cloud.Query{Part: "x", Index: true, Strong: true}},
		{"with a limit below zero", cloud.Query{Part: "x", Limit: -1}},
		{"from behind to", cloud.Query{Part: "x", From: "b", To: "a"}},
		{"with another partition's cursor", cloud.Query{Part: "x", After: cloud.Cursor{cloud.AttrPart: "y", cloud.AttrSort: "a"}}},
		{"with an empty cursor", cloud.Query{Part: "x", After: cloud.Cursor{}}},
		{"with a cursor of the wrong type", cloud.Query{Part: "x", After: cloud.Cursor{cloud.AttrPart: 1.0, cloud.AttrSort: "a"}}},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"table: a query " + tt.name + " is invalid", hasTable, func(r *run) {
			_, _, err := r.Table.Query(r.ctx, tt.q)
			r.kind(err, fault.Invalid)
		}})
	}
	return cases
}
