package attr

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"huawu/shared/cloud"
)

var every = cloud.Item{
	"text": "话务", "empty": "", "n": int64(-17), "big": int64(math.MaxInt64), "least": int64(math.MinInt64),
	"raw": []byte{0, 255}, "none": []byte{}, "yes": true, "no": false,
	"words": []string{"b", "a", ""}, "nowords": []string{},
	"list": []any{int64(1), []any{true}, map[string]any{"x": []string{"y"}}}, "map": map[string]any{"a": map[string]any{}},
}

func TestItemsComeBack(t *testing.T) {
	for _, item := range []cloud.Item{every, {}, {"a": "b"}} {
		got, err := Decode(Encode(item))
		if err != nil || !reflect.DeepEqual(got, item) {
			t.Errorf("Decode = %v, %v, want %v", got, err, item)
		}
	}
}

func TestEqualItemsAreEqualBytes(t *testing.T) {
	first := Encode(every)
	for range 20 { // maps iterate in another order each time
		copied := cloud.Item{}
		for k, v := range every {
			copied[k] = v
		}
		if !bytes.Equal(Encode(copied), first) {
			t.Fatal("two forms of one item")
		}
	}
}

func TestWhatWasCutIsNoItem(t *testing.T) {
	b := Encode(every)
	for n := range b {
		if _, err := Decode(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for an item", n, len(b))
		}
	}
	if _, err := Decode(append(b, 0)); err == nil {
		t.Error("a byte too many is taken")
	}
}

func TestSizeIsDynamoDBs(t *testing.T) {
	tests := []struct {
		name string
		item cloud.Item
		want int
	}{
		{"nothing", nil, 0},
		{"name and text in bytes of UTF-8", cloud.Item{"名": "话务"}, 3 + 6},
		{"a small number", cloud.Item{"n": int64(7)}, 1 + 2},
		{"zero", cloud.Item{"n": int64(0)}, 1 + 1},
		{"a number of five digits", cloud.Item{"n": int64(12345)}, 1 + 4},
		{"a negative number", cloud.Item{"n": int64(-12)}, 1 + 3},
		{"zeros at the end do not count", cloud.Item{"n": int64(1_000_000)}, 1 + 2},
		{"bytes", cloud.Item{"b": make([]byte, 10)}, 1 + 10},
		{"a boolean", cloud.Item{"b": true}, 1 + 1},
		{"a list of strings", cloud.Item{"l": []string{"ab", "c"}}, 1 + 3 + 2 + 3},
		{"a list", cloud.Item{"l": []any{"ab", true}}, 1 + 3 + 2 + 3},
		{"a map", cloud.Item{"m": map[string]any{"k": "v"}}, 1 + 3 + 1 + 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Size(tt.item); got != tt.want {
				t.Errorf("Size = %d, want %d", got, tt.want)
			}
		})
	}
}

// Bytes that are damaged on disk must not crash or eat memory; what decodes has
// to encode to something that decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(Encode(every))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte(strings.Repeat("\x01\x01ml", 200)))
	f.Fuzz(func(t *testing.T, b []byte) {
		item, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(Encode(item))
		if err != nil || !reflect.DeepEqual(item, again) {
			t.Fatalf("%v became %v, %v", item, again, err)
		}
	})
}
