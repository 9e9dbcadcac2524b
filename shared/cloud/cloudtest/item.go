package cloudtest

import (
	"math"
	"strings"

	"huawu/shared/cloud"
)

type state string

// itemCases check that each value comes back as it was written.
func itemCases() []Case {
	tests := []struct {
		name     string
		in, want any
	}{
		{"a string", "waiting", "waiting"},
		{"an empty string", "", ""},
		{"a string in Chinese", "话务中心", "话务中心"},
		{"a string with quotes, tabs and new lines", "a\"b\\c\t\n", "a\"b\\c\t\n"},
		{"a string of 100 KB", strings.Repeat("x", 100<<10), strings.Repeat("x", 100<<10)},
		{"a string that looks like a number", "007", "007"},
		{"zero", int64(0), int64(0)},
		{"a negative number", int64(-17), int64(-17)},
		{"the greatest number", int64(math.MaxInt64), int64(math.MaxInt64)},
		{"the least number", int64(math.MinInt64), int64(math.MinInt64)},
		{"a number with trailing zeros", int64(1_700_000_000_000_000), int64(1_700_000_000_000_000)},
		{"true", true, true},
		{"false", false, false},
		{"bytes", []byte{0, 1, 255}, []byte{0, 1, 255}},
		{"no bytes", []byte{}, []byte{}},
		{"a list of strings in its order", []string{"b", "a", "b"}, []string{"b", "a", "b"}},
		{"a list of strings given as any", []any{"b", "a"}, []string{"b", "a"}},
		{"an empty list", []any{}, []string{}},
		{"a list of numbers", []any{int64(2), int64(1)}, []any{int64(2), int64(1)}},
		{"a mixed list", []any{"a", int64(1), true, []byte{7}}, []any{"a", int64(1), true, []byte{7}}},
		{"a list in a list", []any{[]any{int64(1)}, []string{"x"}}, []any{[]any{int64(1)}, []string{"x"}}},
		{"a map", map[string]any{"a": int64(1), "b": "c"}, map[string]any{"a": int64(1), "b": "c"}},
		{"an empty map", map[string]any{}, map[string]any{}},
		{"a map in a list in a map", map[string]any{"l": []any{map[string]any{"x": true}}}, map[string]any{"l": []any{map[string]any{"x": true}}}},
		{"an int as int64", 42, int64(42)},
		{"a named string as string", state("QUEUED"), "QUEUED"},
		{"an item as map", cloud.Item{"a": 1}, map[string]any{"a": int64(1)}},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"table: " + tt.name + " comes back", hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{"value": tt.in})
			r.equal(r.get(r.key("1"))["value"], tt.want)
		}})
	}
	for _, name := range []string{"status", "used.voice", "o:0190-a", "with space", "名", "#x", ":y", "a[0]"} {
		cases = append(cases, Case{"table: an attribute may be called " + name, hasTable, func(r *run) {
			r.put(r.key("1"), cloud.Item{name: "put"})
			got, err := r.Table.Write(r.ctx, cloud.Write{Key: r.key("1"), If: []cloud.Cond{{Attr: name, Op: "=", Value: "put"}}, Set: cloud.Item{name: "set"}})
			r.ok(err)
			r.equal(got.Str(name), "set")
		}})
	}
	return cases
}
