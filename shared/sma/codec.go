package sma

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Extra holds the members of a JSON object that its Go type has no field for,
// so that what a newer peer adds survives decoding and encoding.
type Extra map[string]json.RawMessage

// take removes a member and decodes it into v if it is there.
func (x Extra) take(name string, v any) error {
	raw, ok := x[name]
	if !ok {
		return nil
	}
	delete(x, name)
	return json.Unmarshal(raw, v)
}

// rest returns x, or nil if nothing is left in it.
func (x Extra) rest() Extra {
	if len(x) == 0 {
		return nil
	}
	return x
}

// decode reads data, a JSON object, into the struct that v points to and
// returns the members that the struct has no field for, nil if there are none.
// v's type must not have an UnmarshalJSON of its own.
func decode(data []byte, v any) (Extra, error) {
	if err := json.Unmarshal(data, v); err != nil {
		return nil, err
	}
	var all Extra
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	known := fieldNames(reflect.TypeOf(v).Elem(), nil)
	for name := range all {
		if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			delete(all, name)
		}
	}
	return all.rest(), nil
}

// encode writes v, a struct without MarshalJSON, and then extra in the order of its names.
func encode(v any, extra Extra) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil || len(extra) == 0 {
		return out, err
	}
	names := make([]string, 0, len(extra))
	for name := range extra {
		names = append(names, name)
	}
	slices.Sort(names)
	buf := bytes.NewBuffer(bytes.TrimSuffix(out, []byte("}")))
	for _, name := range names {
		if buf.Len() > 1 {
			buf.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		buf.Write(key)
		buf.WriteByte(':')
		if raw := extra[name]; len(raw) > 0 {
			buf.Write(raw)
		} else {
			buf.WriteString("null")
		}
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// fieldNames appends the JSON names of a struct's fields, embedded ones included.
func fieldNames(t reflect.Type, names []string) []string {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			names = fieldNames(f.Type, names)
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	return names
}
