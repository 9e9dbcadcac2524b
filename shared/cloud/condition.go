package cloud

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
)

// Holds reports whether all conditions hold on a stored item (nil: there is
// none), as DynamoDB would say. Values are in the form that Value gives them.
// Each side that looks at conditions itself asks here.
func Holds(conds []Cond, item Item) bool {
	for _, c := range conds {
		have, there := item[c.Attr]
		if !c.meets(have, there) {
			return false
		}
	}
	return true
}

func (c Cond) meets(have any, there bool) bool {
	switch c.Op {
	case "absent":
		return !there
	case "present":
		return there
	case "=":
		return there && same(have, c.Value)
	case "!=":
		return !there || !same(have, c.Value)
	}
	order, ordered := compare(have, c.Value)
	if !ordered {
		return false
	}
	switch c.Op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// same reports whether two values are the same in type and content; an empty
// one is the same however it was made.
func same(a, b any) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	}
	return reflect.DeepEqual(a, b)
}

// compare orders two numbers or two strings.
func compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case int64:
		b, ok := b.(int64)
		return cmp.Compare(a, b), ok
	case string:
		b, ok := b.(string)
		return cmp.Compare(a, b), ok
	}
	return 0, false
}
