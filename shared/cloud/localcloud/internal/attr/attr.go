// Package attr writes items as bytes and reads them back, and tells their size
// as DynamoDB bills it. One item has one form: equal items are equal bytes. It
// takes values that cloud.Value has checked.
package attr

import (
	"encoding/binary"
	"errors"
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

// Decode reads what Encode wrote. The item shares nothing with b: its names and
// texts are parts of one copy.
func Decode(b []byte) (cloud.Item, error) {
	r := reader{b: string(b)}
	m := r.object(0)
	if r.bad || len(r.b) > 0 {
		return nil, ErrForm
	}
	return m, nil
}

func appendMap(b []byte, m map[string]any) []byte {
	var few [64]string // most items have fewer
	names := few[:0]
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
	b   string
	bad bool
}

// number reads a number as binary.AppendUvarint writes it.
func (r *reader) number() uint64 {
	var n uint64
	for i := 0; i < len(r.b) && i < binary.MaxVarintLen64; i++ {
		c := r.b[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				break // more than 64 bits
			}
			r.b = r.b[i+1:]
			return n | uint64(c)<<(7*i)
		}
		n |= uint64(c&0x7f) << (7 * i)
	}
	r.bad = true
	return 0
}

// count reads a number that is at most what is left, so that it bounds memory.
func (r *reader) count() int {
	n := r.number()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	if r.bad {
		return ""
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) object(depth int) map[string]any {
	n := r.count()
	m := make(map[string]any, min(n, 64))
	for range n {
		name := r.text()
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
		return r.text()
	case tagNumber:
		n := r.number()
		return int64(n>>1) ^ -int64(n&1) // as binary.AppendVarint writes it
	case tagBytes:
		return append([]byte{}, r.text()...)
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
		out = append(out, r.text())
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
	digits := 0
	for ; v != 0; v /= 10 {
		digits++
	}
	return n + (digits+1)/2
}
