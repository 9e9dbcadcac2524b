package localcloud_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
)

func TestUnitsAreDynamoDBs(t *testing.T) {
	text := func(bytes int) cloud.Item { return cloud.Item{"s": strings.Repeat("x", bytes)} }
	small, big := key(1), key(2)
	tests := []struct {
		name        string
		do          func(*world) error
		write, read float64
	}{
		{"a put of a small item", func(w *world) error { return w.write(cloud.Write{Key: small, Put: text(10)}) }, 1, 0},
		{"a put of 2.5 KB", func(w *world) error { return w.write(cloud.Write{Key: small, Put: text(2500)}) }, 3, 0},
		{"a put of a small item over 5 KB", func(w *world) error { return w.write(cloud.Write{Key: big, Put: text(1)}) }, 5, 0},
		{"an update of one attribute of 5 KB", func(w *world) error { return w.write(cloud.Write{Key: big, Set: cloud.Item{"n": 1}}) }, 5, 0},
		{"a delete of 5 KB", func(w *world) error { return w.write(cloud.Write{Key: big, Delete: true}) }, 5, 0},
		{"a delete of nothing", func(w *world) error { return w.write(cloud.Write{Key: small, Delete: true}) }, 1, 0},
		{"a write that changes nothing", func(w *world) error { return w.write(cloud.Write{Key: big, Put: text(4900)}) }, 5, 0},
		{"a condition that fails on 5 KB", func(w *world) error {
			err := w.write(cloud.Write{Key: big, If: []cloud.Cond{{Attr: "n", Op: "present"}}, Delete: true})
			return unless[*cloud.Refused](err)
		}, 5, 0},
		{"a transaction of two", func(w *world) error {
			return w.Table().Transact(w.Context(), "", cloud.Write{Key: small, Put: text(1)}, cloud.Write{Key: key(3), Put: text(1500)})
		}, 2 + 4, 0},
		{"a check in a transaction", func(w *world) error {
			return w.Table().Transact(w.Context(), "", cloud.Write{Key: small, If: []cloud.Cond{{Attr: "n", Op: "absent"}}})
		}, 2, 0},
		{"a refused transaction", func(w *world) error {
			err := w.Table().Transact(w.Context(), "", cloud.Write{Key: small, Put: text(1)}, cloud.Write{Key: key(3), If: []cloud.Cond{{Attr: "n", Op: "present"}}})
			return unless[*cloud.Refused](err)
		}, 4, 0},
		{"a check alone is a strong read", func(w *world) error {
			return w.write(cloud.Write{Key: big, If: []cloud.Cond{{Attr: "s", Op: "present"}}})
		}, 0, 2},
		{"an item in the index", func(w *world) error {
			return w.write(cloud.Write{Key: small, Put: cloud.Item{cloud.AttrIndexPart: "t|I", cloud.AttrIndexSort: "x"}})
		}, 2, 0},
		{"a strong get of 5 KB", func(w *world) error { _, err := w.Table().Get(w.Context(), big, true); return err }, 0, 2},
		{"an eventual get of 5 KB", func(w *world) error { _, err := w.Table().Get(w.Context(), big, false); return err }, 0, 1},
		{"a get of nothing", func(w *world) error { _, err := w.Table().Get(w.Context(), small, true); return err }, 0, 1},
		{"a strong query of 20 small items", func(w *world) error {
			_, _, err := w.Table().Query(w.Context(), cloud.Query{Part: "t|many", Strong: true})
			return err
		}, 0, 1},
		{"an eventual query of nothing", func(w *world) error {
			_, _, err := w.Table().Query(w.Context(), cloud.Query{Part: "t|none"})
			return err
		}, 0, 0.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(big, text(4900))
			for n := range 20 {
				w.put(cloud.Key{Part: "t|many", Sort: fmt.Sprint(n)}, text(100))
			}
			w.ResetCounters()
			w.ok(tt.do(w))
			c := w.Counters()
			if got := localcloud.Sum(c.Writes); got != tt.write {
				t.Errorf("%g write units, want %g: %v", got, tt.write, c.Writes)
			}
			if got := localcloud.Sum(c.Reads); got != tt.read {
				t.Errorf("%g read units, want %g: %v", got, tt.read, c.Reads)
			}
		})
	}
}

func (w *world) write(r cloud.Write) error {
	_, err := w.Table().Write(w.Context(), r)
	return err
}

// unless wants an error of a type.
func unless[E error](err error) error {
	var want E
	if errors.As(err, &want) {
		return nil
	}
	return fmt.Errorf("want %T, got %w", want, err)
}

func TestKindsOfItemsHaveNames(t *testing.T) {
	tests := []struct{ part, sort, want string }{
		{"t|C#0190", "META", "C/META"}, {"t|C#0190", "FLOW", "C/FLOW"}, {"t|C#0190", "REC#0", "REC"}, {"t|C#0190", "RECORDING#1", "RECORDING"},
		{"t|G#1#0", "W#q#01.5#c", "W"}, {"t|G#1#0", "F#p#1#a", "F"}, {"t|G#1#0", "", "G"}, {"t|A#1", "META", "A"}, {"t|L#agent#1#2026-11-21", "1#c", "L"},
		{"t|H#e#c", "3", "H"}, {"t|T#0", "5", "T"}, {"t|CFG", "QUEUE#1", "CFG"}, {"_|R#relay-1", "META", "R"}, {"plain", "x", "plain"},
	}
	for _, tt := range tests {
		if got := localcloud.KindOf(cloud.Key{Part: tt.part, Sort: tt.sort}); got != tt.want {
			t.Errorf("KindOf(%s, %s) = %s, want %s", tt.part, tt.sort, got, tt.want)
		}
	}
}

func TestCountersTellWhatWasUsed(t *testing.T) {
	w := newWorld(t)
	w.watch("event", func(string) {})
	w.put(key(1), nil)
	w.put(cloud.Key{Part: "t|G#1#0", Sort: "W#q#1"}, nil)
	w.get(key(1))
	w.drain()
	want := "write units 2: C/META 1 W 1\nread units 1: C/META 1\ncalls: event 2"
	if got := w.Counters().String(); got != want {
		t.Errorf("counters:\n%s\nwant:\n%s", got, want)
	}
	if got := localcloud.Sum(w.Counters().Writes, "W"); got != 1 {
		t.Errorf("%g units without W", got)
	}
}
