package cloudtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"huawu/shared/cloud"
)

// indexed puts an item into the index under the case's own index partition.
func (r *run) indexed(name, sort string) cloud.Item {
	return r.put(r.key(name), cloud.Item{cloud.AttrIndexPart: r.tenant + "|I", cloud.AttrIndexSort: sort, "name": name})
}

// finds waits until the index gives these names in this order.
func (r *run) finds(q cloud.Query, want ...string) {
	q.Index = true
	if q.Part == "" {
		q.Part = r.tenant + "|I"
	}
	r.eventually(func() error {
		var got []string
		for at := q; ; {
			items, next, err := r.Table.Query(r.ctx, at)
			if err != nil {
				return err
			}
			for _, i := range items {
				got = append(got, i.Str("name"))
			}
			if next == nil {
				break
			}
			at.After = next
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("index gives %v, want %v", got, want)
		}
		return nil
	})
}

func (r *run) update(name string, set cloud.Item, remove ...string) {
	_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key(name), Set: set, Remove: remove})
	r.ok(err)
}

func indexCases() []Case {
	return slices.Concat(indexOrderCases(), indexPageCases(), sparseCases(), indexMoveCases())
}

func indexOrderCases() []Case {
	return []Case{
		{"index: an item with both index keys is found", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.finds(cloud.Query{}, "1")
		}},
		{"index: it gives whole items", hasTable, func(r *run) {
			want := r.indexed("1", "a")
			r.eventually(func() error {
				items, _, err := r.Table.Query(r.ctx, cloud.Query{Index: true, Part: r.tenant + "|I"})
				if err == nil && !reflect.DeepEqual(items, []cloud.Item{want}) {
					err = fmt.Errorf("index gives %v, want %v", items, want)
				}
				return err
			})
		}},
		{"index: items come in the order of the index sort key", hasTable, func(r *run) {
			r.indexed("1", "c")
			r.indexed("2", "a")
			r.indexed("3", "b")
			r.finds(cloud.Query{}, "2", "3", "1")
		}},
		{"index: falling order", hasTable, func(r *run) {
			r.indexed("1", "c")
			r.indexed("2", "a")
			r.finds(cloud.Query{Descending: true}, "1", "2")
		}},
		{"index: a range is inclusive", hasTable, func(r *run) {
			for _, s := range []string{"a", "b", "c", "d"} {
				r.indexed(s, s)
			}
			r.finds(cloud.Query{From: "b", To: "c"}, "b", "c")
			r.finds(cloud.Query{From: "b", To: "c", Descending: true}, "c", "b")
		}},
	}
}

func indexPageCases() []Case {
	return []Case{
		{"index: pages of 2 give each item once", hasTable, func(r *run) {
			for _, s := range []string{"a", "b", "c", "d", "e"} {
				r.indexed(s, s)
			}
			r.finds(cloud.Query{Limit: 2}, "a", "b", "c", "d", "e")
			r.finds(cloud.Query{Limit: 2, Descending: true}, "e", "d", "c", "b", "a")
		}},
		{"index: items with equal index keys are all found, page by page", hasTable, func(r *run) {
			for _, name := range []string{"1", "2", "3"} {
				r.indexed(name, "same")
			}
			r.eventually(func() error {
				seen := map[string]bool{}
				q := cloud.Query{Index: true, Part: r.tenant + "|I", Limit: 1}
				for range 10 {
					items, next, err := r.Table.Query(r.ctx, q)
					if err != nil {
						return err
					}
					for _, i := range items {
						seen[i.Str("name")] = true
					}
					if next == nil {
						break
					}
					q.After = next
				}
				if len(seen) != 3 {
					return fmt.Errorf("%d of 3 seen", len(seen))
				}
				return nil
			})
		}},
	}
}

func sparseCases() []Case {
	return []Case{
		{"index: an item without index keys is not in it", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"name": "1"})
			r.indexed("2", "a")
			r.finds(cloud.Query{}, "2")
		}},
		{"index: an item with only one index key is not in it", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{cloud.AttrIndexPart: r.tenant + "|I", "name": "1"})
			r.indexed("2", "a")
			r.finds(cloud.Query{}, "2")
		}},
		{"index: a changed index key moves the item", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.indexed("2", "b")
			r.update("1", cloud.Item{cloud.AttrIndexSort: "c"})
			r.finds(cloud.Query{}, "2", "1")
		}},
		{"index: another partition takes the item along", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.update("1", cloud.Item{cloud.AttrIndexPart: r.tenant + "|J"})
			r.finds(cloud.Query{Part: r.tenant + "|J"}, "1")
			r.finds(cloud.Query{})
		}},
	}
}

func indexMoveCases() []Case {
	return []Case{
		{"index: removing an index key takes the item out", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.finds(cloud.Query{}, "1")
			r.update("1", nil, cloud.AttrIndexPart)
			r.finds(cloud.Query{})
			if r.get(r.key("1")) == nil {
				r.errorf("the item itself is gone")
			}
		}},
		{"index: a put without index keys takes the item out", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.put(r.key("1"), cloud.Item{"name": "1"})
			r.finds(cloud.Query{})
		}},
		{"index: a deleted item leaves it", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.finds(cloud.Query{}, "1")
			_, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), Delete: true})
			r.ok(err)
			r.finds(cloud.Query{})
		}},
		{"index: it shows changed attributes in the end", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.update("1", cloud.Item{"n": 2})
			r.eventually(func() error {
				items, _, err := r.Table.Query(r.ctx, cloud.Query{Index: true, Part: r.tenant + "|I"})
				if err == nil && (len(items) != 1 || items[0].Int("n") != 2) {
					err = errors.New("still the old item")
				}
				return err
			})
		}},
		{"index: transactions change it too", hasTable, func(r *run) {
			r.indexed("1", "a")
			r.ok(r.Table.Transact(r.ctx, "",
				cloud.Write{Key: r.key("1"), Delete: true},
				cloud.Write{Key: r.key("2"), Put: cloud.Item{cloud.AttrIndexPart: r.tenant + "|I", cloud.AttrIndexSort: "b", "name": "2"}}))
			r.finds(cloud.Query{}, "2")
		}},
	}
}
