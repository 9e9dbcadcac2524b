// Package attr writes items as bytes and reads them back, and tells their size
// as DynamoDB bills it. One item has one form: equal items are equal bytes. It
// takes values that cloud.Value has checked.
package attr

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"huawu/shared/cloud"
)

// ErrForm is returned for bytes that Encode did not write.
var ErrForm = errors.New("attr: bytes are no item")

const (
	tagText   = 's'
	tagNumber = 'n'
	tagBytes  = 'b'
	tagTrue   = 't'
	tagFalse  = 'f'
	tagTexts  = 'S'
	tagList   = 'l'
	tagMap    = 'm'
)

// Encode returns item as bytes.
func Encode(item cloud.Item) []byte { return appendMap(make([]byte, 0, 256), item) }

// Decode reads what Encode wrote. The item shares nothing with b.
func Decode(b []byte) (cloud.Item, error) {
	r := reader{b: b}
	m := r.object(0)
	if r.bad || len(r.b) > 0 {
		return nil, ErrForm
	}
	return m, nil
}

func appendMap(b []byte, m map[string]any) []byte {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		b = appendText(b, name)
		b = appendValue(b, m[name])
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(append(b, tagText), v)
	case int64:
		return binary.AppendVarint(append(b, tagNumber), v)
	case []byte:
		b = binary.AppendUvarint(append(b, tagBytes), uint64(len(v)))
		return append(b, v...)
	case bool:
		if v {
			return append(b, tagTrue)
		}
		return append(b, tagFalse)
	case []string:
		b = binary.AppendUvarint(append(b, tagTexts), uint64(len(v)))
		for _, s := range v {
			b = appendText(b, s)
		}
		return b
	case []any:
		b = binary.AppendUvarint(append(b, tagList), uint64(len(v)))
		for _, e := range v {
			b = appendValue(b, e)
		}
		return b
	case map[string]any:
		return appendMap(append(b, tagMap), v)
	}
	panic("attr: value not checked")
}

// reader reads values; bad is set by the first thing that does not fit.
type reader struct {
	b   []byte
	bad bool
}

// count reads a number that is at most what is left, so that it bounds memory.
func (r *reader) count() int {
	n, used := binary.Uvarint(r.b)
	if used <= 0 || n > uint64(len(r.b)-used) {
		r.bad = true
		return 0
	}
	r.b = r.b[used:]
	return int(n)
}

func (r *reader) bytes() []byte {
	n := r.count()
	if r.bad {
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) object(depth int) map[string]any {
	n := r.count()
	m := make(map[string]any, min(n, 64))
	for range n {
		name := string(r.bytes())
		v := r.value(depth)
		if r.bad {
			return nil
		}
		m[name] = v
	}
	return m
}

func (r *reader) value(depth int) any {
	if len(r.b) == 0 || depth > cloud.MaxDepth+1 {
		r.bad = true
		return nil
	}
	tag := r.b[0]
	r.b = r.b[1:]
	switch tag {
	case tagText:
		return string(r.bytes())
	case tagNumber:
		n, used := binary.Varint(r.b)
		if used <= 0 {
			r.bad = true
			return nil
		}
		r.b = r.b[used:]
		return n
	case tagBytes:
		return append([]byte{}, r.bytes()...)
	case tagTrue:
		return true
	case tagFalse:
		return false
	case tagTexts:
		return r.texts()
	case tagList:
		return r.list(depth + 1)
	case tagMap:
		return r.object(depth + 1)
	}
	r.bad = true
	return nil
}

func (r *reader) texts() any {
	n := r.count()
	out := make([]string, 0, min(n, 1024))
	for range n {
		out = append(out, string(r.bytes()))
		if r.bad {
			return nil
		}
	}
	return out
}

func (r *reader) list(depth int) any {
	n := r.count()
	out := make([]any, 0, min(n, 1024))
	for range n {
		out = append(out, r.value(depth))
		if r.bad {
			return nil
		}
	}
	return out
}

// Size returns the size of an item in bytes as DynamoDB counts it: names and
// text in UTF-8, a number one byte per two digits and one more, 3 bytes for each
// list or map and one for each of its elements.
func Size(item cloud.Item) int {
	n := 0
	for name, v := range item {
		n += len(name) + size(v)
	}
	return n
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case int64:
		return numberSize(v)
	case []byte:
		return len(v)
	case []string:
		n := 3
		for _, s := range v {
			n += 1 + len(s)
		}
		return n
	case []any:
		n := 3
		for _, e := range v {
			n += 1 + size(e)
		}
		return n
	case map[string]any:
		n := 3
		for name, e := range v {
			n += 1 + len(name) + size(e)
		}
		return n
	}
	return 1 // bool
}

func numberSize(v int64) int {
	if v == 0 {
		return 1
	}
	n := 1
	if v < 0 {
		n++
	}
	for v%10 == 0 { // trailing zeros are not stored
		v /= 10
	}
	digits := int(math.Log10(math.Abs(float64(v)))) + 1
	return n + (digits+1)/2
}
