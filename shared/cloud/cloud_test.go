package cloud

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"huawu/shared/fault"
)

type state string

func TestValuesHaveOneForm(t *testing.T) {
	tests := []struct {
		name     string
		in, want any // want nil: invalid
	}{
		{"a named string", state("x"), "x"},
		{"an int", 7, int64(7)},
		{"an unsigned number", uint32(7), int64(7)},
		{"a number beyond 64 bits with sign", uint64(1 << 63), nil},
		{"a named boolean in a list", []any{true, int8(1)}, []any{true, int64(1)}},
		{"strings in a list of any", []any{"a", state("b")}, []string{"a", "b"}},
		{"an empty list", []any{}, []string{}},
		{"an item in an item", Item{"a": Item{"b": 1}}, map[string]any{"a": map[string]any{"b": int64(1)}}},
		{"nil", nil, nil},
		{"a float", 1.0, nil},
		{"a pointer", new(int), nil},
		{"a list of ints", []int{1}, nil},
		{"broken UTF-8 in a list", []string{"\xff"}, nil},
		{"an empty name in a map", map[string]any{"": 1}, nil},
		{"lists 40 deep", nested(40), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Value(tt.in)
			if tt.want == nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("Value = %v, %v, want invalid", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Value = %#v, %v, want %#v", got, err, tt.want)
			}
		})
	}
}

func nested(depth int) any {
	if depth == 0 {
		return 1
	}
	return []any{nested(depth - 1)}
}

func TestAWriteInItsNormalFormSharesNothing(t *testing.T) {
	list := []any{int64(1)}
	w := Write{Key: Key{"t|x", "y"}, Put: Item{"l": list, "b": []byte{1}}}
	n, err := w.Normal()
	if err != nil {
		t.Fatal(err)
	}
	list[0] = int64(2)
	w.Put["b"].([]byte)[0] = 2
	want := Item{AttrPart: "t|x", AttrSort: "y", "l": []any{int64(1)}, "b": []byte{1}}
	if !reflect.DeepEqual(n.Put, want) {
		t.Errorf("normal form %v, want %v", n.Put, want)
	}
	if _, there := w.Put[AttrPart]; there {
		t.Error("the caller's item was changed")
	}
}

func TestARefusalHasTheKindOfItsWorstReason(t *testing.T) {
	tests := []struct {
		why  []Why
		kind fault.Kind
		lost bool
	}{
		{[]Why{WhyCondition}, fault.Conflict, true},
		{[]Why{WhyConflict}, fault.Conflict, false},
		{[]Why{WhyThrottled, WhyConflict}, fault.Throttled, false},
		{[]Why{WhyThrottled, WhyCondition}, fault.Conflict, true},
		{[]Why{WhyNone, WhyInvalid, WhyCondition}, fault.Invalid, true},
	}
	for _, tt := range tests {
		r := &Refused{}
		for _, why := range tt.why {
			r.Each = append(r.Each, Reason{Why: why})
		}
		err := fmt.Errorf("claim: %w", r)
		if fault.KindOf(err) != tt.kind || r.Lost() != tt.lost {
			t.Errorf("%v: kind %s, lost %v", tt.why, fault.KindOf(err), r.Lost())
		}
	}
	if got := (&Refused{Each: []Reason{{}, {Why: WhyCondition, Old: Item{"name": "secret"}}}}).Error(); got != "table: write refused (none, condition)" {
		t.Errorf("error %q", got)
	}
}

func TestItemsAndKeysAreReadLeniently(t *testing.T) {
	i := Item{AttrPart: "t1|C#1", AttrSort: "META", "n": int64(3), "s": 5, "b": true}
	if i.Key() != (Key{"t1|C#1", "META"}) || i.Key().Tenant() != "t1" || i.Int("n") != 3 || !i.Bool("b") || i.Str("s") != "" || i.Int("none") != 0 || Item(nil).Str("x") != "" {
		t.Errorf("item %v", i)
	}
	if got := (Key{Part: strings.Repeat("x", 3)}).Tenant(); got != "xxx" {
		t.Errorf("tenant %q", got)
	}
}

func TestAFunctionErrorIsToldApart(t *testing.T) {
	err := fmt.Errorf("hook: %w", &FunctionError{Function: "ivr", Type: "E", Message: "m"})
	if !IsFunctionError(err) || fault.KindOf(err) != fault.Internal || IsFunctionError(fault.New(fault.Timeout, "x")) {
		t.Errorf("error %v of kind %s", err, fault.KindOf(err))
	}
}
