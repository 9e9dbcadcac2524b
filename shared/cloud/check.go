package cloud

import (
	"maps"
	"math"
	"reflect"
	"unicode/utf8"

	"huawu/shared/fault"
)

// Limits that every side keeps, as DynamoDB has them.
const (
	MaxPartBytes     = 2048      // partition key
	MaxSortBytes     = 1024      // sort key
	MaxItemBytes     = 400 << 10 // names and values of one item
	MaxPageBytes     = 1 << 20   // items of one page of Query
	MaxTransact      = 100       // writes of one transaction
	MaxTransactBytes = 4 << 20   // items of one transaction
	MaxTokenBytes    = 36        // transaction token, a UUID fits
	MaxDepth         = 32        // nested lists and maps
)

// Value returns v in the one form in which a table gives it back: string, int64,
// []byte, bool, []string, []any or map[string]any, as a copy. Named types and
// other integers are converted, so a State or an OfferID can be written as it
// is. A list of strings only, also an empty one, is []string. All else (nil,
// floats, structs, times) is fault.Invalid.
func Value(v any) (any, error) { return value(v, 0) }

func value(v any, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fault.New(fault.Invalid, "value nested deeper than %d", MaxDepth)
	}
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return nil, fault.New(fault.Invalid, "string is not UTF-8")
		}
		return v, nil
	case int64, bool:
		return v, nil
	case []byte:
		return append([]byte{}, v...), nil
	case []string:
		return texts(v)
	case []any:
		return list(v, depth)
	case map[string]any:
		return object(v, depth)
	case Item:
		return object(v, depth)
	}
	return named(v)
}

// named converts a value of a named or narrower scalar type.
func named(v any) (any, error) {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return value(r.String(), 0)
	case reflect.Bool:
		return r.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if r.Uint() > math.MaxInt64 {
			return nil, fault.New(fault.Invalid, "number beyond 64 bits")
		}
		return int64(r.Uint()), nil
	}
	return nil, fault.New(fault.Invalid, "value of type %T", v)
}

func texts(v []string) (any, error) {
	out := make([]string, len(v))
	for i, s := range v {
		if !utf8.ValidString(s) {
			return nil, fault.New(fault.Invalid, "string is not UTF-8")
		}
		out[i] = s
	}
	return out, nil
}

func list(v []any, depth int) (any, error) {
	out, words := make([]any, len(v)), make([]string, 0, len(v))
	for i, e := range v {
		n, err := value(e, depth+1)
		if err != nil {
			return nil, err
		}
		if s, ok := n.(string); ok {
			words = append(words, s)
		}
		out[i] = n
	}
	if len(words) == len(out) {
		return words, nil
	}
	return out, nil
}

func object(v map[string]any, depth int) (any, error) {
	out := make(map[string]any, len(v))
	for name, e := range v {
		n, err := value(e, depth+1)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attribute %q", name)
		}
		if name == "" || !utf8.ValidString(name) {
			return nil, fault.New(fault.Invalid, "attribute name %q", name)
		}
		out[name] = n
	}
	return out, nil
}

// Check is fault.Invalid for a key that no table takes.
func (k Key) Check() error {
	switch {
	case k.Part == "" || k.Sort == "":
		return fault.New(fault.Invalid, "key: empty %s or %s", AttrPart, AttrSort)
	case len(k.Part) > MaxPartBytes || len(k.Sort) > MaxSortBytes:
		return fault.New(fault.Invalid, "key: longer than %d and %d bytes", MaxPartBytes, MaxSortBytes)
	case !utf8.ValidString(k.Part) || !utf8.ValidString(k.Sort):
		return fault.New(fault.Invalid, "key: not UTF-8")
	}
	return nil
}

// Checks reports whether w writes nothing and only checks its conditions.
func (w Write) Checks() bool {
	return w.Put == nil && len(w.Set) == 0 && len(w.Add) == 0 && len(w.Remove) == 0 && !w.Delete
}

// Normal returns w with all values in the form that Value gives and the key
// attributes added to Put. A write that no table takes, whatever is stored, is
// fault.Invalid: both sides call it first, so they refuse the same.
func (w Write) Normal() (Write, error) {
	if err := w.Key.Check(); err != nil {
		return Write{}, err
	}
	if err := w.oneKind(); err != nil {
		return Write{}, err
	}
	var err error
	if w.If, err = normalConds(w.If); err != nil {
		return Write{}, err
	}
	if w.Put != nil {
		put := maps.Clone(w.Put)
		for name, want := range map[string]string{AttrPart: w.Key.Part, AttrSort: w.Key.Sort} {
			if have, ok := put[name]; ok && have != want {
				return Write{}, fault.New(fault.Invalid, "put: %s is not the key's", name)
			}
			put[name] = want
		}
		w.Put, err = normalItem(put)
	} else if len(w.Set) > 0 {
		w.Set, err = normalItem(w.Set)
	}
	return w, err
}

func normalItem(i Item) (Item, error) {
	v, err := object(i, 0)
	if err != nil {
		return nil, err
	}
	out := Item(v.(map[string]any))
	return out, checkIndex(out)
}

// checkIndex refuses index keys that are no string or empty, as DynamoDB does.
func checkIndex(i Item) error {
	for _, name := range [...]string{AttrIndexPart, AttrIndexSort} {
		v, ok := i[name]
		if !ok {
			continue
		}
		if s, isText := v.(string); !isText || s == "" || len(s) > MaxSortBytes {
			return fault.New(fault.Invalid, "attribute %s: not a string of 1 to %d bytes", name, MaxSortBytes)
		}
	}
	return nil
}

// oneKind checks that w is a put, an update, a delete or a check, and that an
// update names each attribute once and no key.
func (w Write) oneKind() error {
	update := len(w.Set)+len(w.Add)+len(w.Remove) > 0
	kinds := 0
	for _, is := range [...]bool{w.Put != nil, update, w.Delete} {
		if is {
			kinds++
		}
	}
	if kinds > 1 {
		return fault.New(fault.Invalid, "write: more than one of put, update and delete")
	}
	if kinds == 0 && len(w.If) == 0 {
		return fault.New(fault.Invalid, "write: nothing to write and nothing to check")
	}
	seen := map[string]bool{AttrPart: true, AttrSort: true}
	once := func(name string) error {
		if seen[name] || name == "" {
			return fault.New(fault.Invalid, "update: attribute %q is a key, empty or named twice", name)
		}
		seen[name] = true
		return nil
	}
	for name := range w.Set {
		if err := once(name); err != nil {
			return err
		}
	}
	for name := range w.Add {
		if err := once(name); err != nil {
			return err
		}
		if name == AttrIndexPart || name == AttrIndexSort {
			return fault.New(fault.Invalid, "update: %s is no number", name)
		}
	}
	for _, name := range w.Remove {
		if err := once(name); err != nil {
			return err
		}
	}
	return nil
}

func normalConds(conds []Cond) ([]Cond, error) {
	out := make([]Cond, len(conds))
	for i, c := range conds {
		if c.Attr == "" {
			return nil, fault.New(fault.Invalid, "condition without attribute")
		}
		switch c.Op {
		case "absent", "present":
			c.Value = nil
		case "=", "!=", "<", "<=", ">", ">=":
			v, err := Value(c.Value)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "condition on %q", c.Attr)
			}
			if c.Op != "=" && c.Op != "!=" && !ordered(v) {
				return nil, fault.New(fault.Invalid, "condition on %q: %s needs a number or a string", c.Attr, c.Op)
			}
			c.Value = v
		default:
			return nil, fault.New(fault.Invalid, "condition on %q: operator %q", c.Attr, c.Op)
		}
		out[i] = c
	}
	return out, nil
}

func ordered(v any) bool {
	switch v.(type) {
	case string, int64:
		return true
	}
	return false
}

// Check is fault.Invalid for a query that no table takes.
func (q Query) Check() error {
	switch {
	case q.Part == "" || len(q.Part) > MaxPartBytes:
		return fault.New(fault.Invalid, "query: partition empty or longer than %d bytes", MaxPartBytes)
	case q.Index && q.Strong:
		return fault.New(fault.Invalid, "query: the index is never strong")
	case q.Limit < 0:
		return fault.New(fault.Invalid, "query: limit %d", q.Limit)
	case q.From != "" && q.To != "" && q.From > q.To:
		return fault.New(fault.Invalid, "query: from is behind to")
	case len(q.From) > MaxSortBytes || len(q.To) > MaxSortBytes+4: // room for a prefix with "\uffff"
		return fault.New(fault.Invalid, "query: sort key longer than %d bytes", MaxSortBytes)
	}
	return nil
}
