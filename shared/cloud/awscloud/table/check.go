package table

import (
	"cmp"
	"reflect"

	"huawu/shared/cloud"
)

// holds reports whether all conditions hold on item, as DynamoDB would say.
func holds(conds []cloud.Cond, item cloud.Item) bool {
	for _, c := range conds {
		have, there := item[c.Attr]
		if !meets(c, have, there) {
			return false
		}
	}
	return true
}

func meets(c cloud.Cond, have any, there bool) bool {
	switch c.Op {
	case "absent":
		return !there
	case "present":
		return there
	case "=":
		return there && reflect.DeepEqual(have, c.Value)
	case "!=":
		return !there || !reflect.DeepEqual(have, c.Value)
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
