package table

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// expression collects placeholders: every name and value goes by one, because
// 573 words are reserved and values must never be read as syntax.
type expression struct {
	names  map[string]string
	values attributes
}

func (x *expression) name(attr string) string {
	if x.names == nil {
		x.names = map[string]string{}
	}
	p := "#" + strconv.Itoa(len(x.names))
	for have, a := range x.names {
		if a == attr {
			return have
		}
	}
	x.names[p] = attr
	return p
}

func (x *expression) value(av types.AttributeValue) string {
	if x.values == nil {
		x.values = attributes{}
	}
	p := ":" + strconv.Itoa(len(x.values))
	x.values[p] = av
	return p
}

func (x *expression) text(s string) string { return x.value(&types.AttributeValueMemberS{Value: s}) }

// condition returns nil if there is none.
func (x *expression) condition(conds []cloud.Cond) (*string, error) {
	if len(conds) == 0 {
		return nil, nil
	}
	terms := make([]string, len(conds))
	for i, c := range conds {
		switch c.Op {
		case "absent":
			terms[i] = "attribute_not_exists(" + x.name(c.Attr) + ")"
			continue
		case "present":
			terms[i] = "attribute_exists(" + x.name(c.Attr) + ")"
			continue
		}
		av, err := fromValue(c.Value)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "condition on %q", c.Attr)
		}
		op := c.Op
		if op == "!=" {
			op = "<>"
		}
		terms[i] = x.name(c.Attr) + " " + op + " " + x.value(av)
	}
	all := strings.Join(terms, " AND ")
	return &all, nil
}

// update returns the expression of Set, Add and Remove, in a fixed order so that
// a transaction sent again under its token is the same.
func (x *expression) update(w cloud.Write) (*string, error) {
	var sets, adds, removes []string
	for _, name := range sorted(w.Set) {
		av, err := fromValue(w.Set[name])
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attribute %q", name)
		}
		sets = append(sets, x.name(name)+" = "+x.value(av))
	}
	for _, name := range sorted(w.Add) {
		adds = append(adds, x.name(name)+" "+x.value(number(w.Add[name])))
	}
	for _, name := range slices.Sorted(slices.Values(w.Remove)) {
		removes = append(removes, x.name(name))
	}
	var clauses []string
	for _, c := range []struct {
		word  string
		terms []string
	}{{"SET ", sets}, {"ADD ", adds}, {"REMOVE ", removes}} {
		if len(c.terms) > 0 {
			clauses = append(clauses, c.word+strings.Join(c.terms, ", "))
		}
	}
	all := strings.Join(clauses, " ")
	return &all, nil
}

func sorted[M ~map[string]V, V any](m M) []string { return slices.Sorted(maps.Keys(m)) }
