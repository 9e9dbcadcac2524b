package interp

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"huawu/shared/flow"
)

// ActionTypes returns the action types that can run, in the order of the language's tiers.
func ActionTypes() []string {
	var list []string
	for _, f := range flow.AllFacts() {
		if newAction(f.Type) != nil {
			list = append(list, f.Type)
		}
	}
	return list
}

// checked is an action that checks its parameters beyond their JSON types.
type checked interface {
	// check returns the field below Parameters and what is wrong with it, or "".
	check(then *flow.Transitions) (field, wrong string)
}

// newStep makes the code of one action of a flow.
func newStep(a *flow.Action) (action, []flow.Problem) {
	var problems []flow.Problem
	add := func(s flow.Severity, field, message string) {
		problems = append(problems, flow.Problem{Severity: s, Action: a.Identifier, Type: a.Type, Field: field, Message: message})
	}
	code := newAction(a.Type)
	if code == nil {
		if facts, ok := flow.FactsOf(a.Type); ok && facts.Tier < 4 {
			add(flow.Error, "Type", a.Type+" is not bound here")
		}
		return nil, problems // unknown and refused types are flow.Check's
	}
	if d, ok := code.(*domainAction); ok {
		d.load(a.Parameters)
		return code, nil
	}
	for _, f := range readFields(a.Parameters, code) {
		add(f.severity, "Parameters."+f.field, f.wrong)
	}
	if problems == nil || flow.Errors(problems) == nil {
		if c, ok := code.(checked); ok {
			if field, wrong := c.check(&a.Transitions); wrong != "" {
				add(flow.Error, field, wrong)
			}
		}
	}
	return code, problems
}

// fieldFault is a parameter that cannot be read.
type fieldFault struct {
	severity flow.Severity
	field    string
	wrong    string
}

// readFields decodes parameters into a struct, each field by itself so that
// every fault is found and named. Names the struct does not have are warnings.
func readFields(raw json.RawMessage, into any) []fieldFault {
	if len(raw) == 0 {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil // reported by flow.Check
	}
	v := reflect.ValueOf(into).Elem()
	var faults []fieldFault
	var known []string
	for _, f := range fieldsOf(v) {
		known = append(known, f.name)
		value, ok := members[f.name]
		if !ok {
			continue
		}
		delete(members, f.name)
		faults = append(faults, readField(f.name, value, f.value)...)
	}
	rest := make([]string, 0, len(members))
	for name := range members {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	for _, name := range rest {
		wrong := "unknown parameter"
		if near := flow.Nearest(name, known); near != "" {
			wrong += "; did you mean " + near + "?"
		}
		faults = append(faults, fieldFault{flow.Warning, name, wrong})
	}
	return faults
}

// readField decodes one value; objects are read field by field.
func readField(name string, raw json.RawMessage, v reflect.Value) []fieldFault {
	target := v
	if v.Kind() == reflect.Pointer && string(raw) != "null" {
		v.Set(reflect.New(v.Type().Elem()))
		target = v.Elem()
	}
	_, own := target.Addr().Interface().(json.Unmarshaler)
	if target.Kind() == reflect.Struct && !own && raw[0] == '{' {
		faults := readFields(raw, target.Addr().Interface())
		for i := range faults {
			faults[i].field = name + "." + faults[i].field
		}
		return faults
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		message := strings.TrimPrefix(err.Error(), "json: ")
		if _, ok := err.(*json.UnmarshalTypeError); ok {
			message = fmt.Sprintf("has the wrong JSON type: %.60s", raw)
		}
		return []fieldFault{{flow.Error, name, message}}
	}
	return nil
}

// field is a field of a parameter struct under its JSON name.
type field struct {
	name  string
	value reflect.Value
}

func fieldsOf(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			list = append(list, fieldsOf(v.Field(i))...)
		case name == "-" || !f.IsExported():
		default:
			list = append(list, field{orElse(name, f.Name), v.Field(i)})
		}
	}
	return list
}
