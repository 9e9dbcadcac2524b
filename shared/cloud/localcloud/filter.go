package localcloud

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

// filter is a pattern of an event source mapping's FilterCriteria: a record that
// it refuses is passed over, and the function is not called for it. It sees
// eventName and the keys; of the operators it has exact text, prefix and
// anything-but of a prefix or of texts.
// Source: AWS Lambda, "Filter rule syntax".
type filter map[string]any

// parseFilter reads a pattern. What the cloud would take and this does not know
// is fault.Invalid too, as it would silently let all or nothing through.
func parseFilter(pattern string) (filter, error) {
	var f filter
	if pattern == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(pattern), &f); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "filter pattern")
	}
	return f, known(f, filterView(events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: keyForm}}))
}

// keyForm has the shape of every record's keys.
var keyForm = map[string]events.DynamoDBAttributeValue{"PK": events.NewStringAttribute(""), "SK": events.NewStringAttribute("")}

// known checks that a pattern names only what records show, with known operators.
func known(pattern, view map[string]any) error {
	for name, want := range pattern {
		have, ok := view[name]
		if !ok {
			return fault.New(fault.Invalid, "filter: nothing is called %q", name)
		}
		switch want := want.(type) {
		case map[string]any:
			below, ok := have.(map[string]any)
			if !ok {
				return fault.New(fault.Invalid, "filter: %q is a text", name)
			}
			if err := known(want, below); err != nil {
				return err
			}
		case []any:
			if _, isText := have.(string); !isText {
				return fault.New(fault.Invalid, "filter: %q is no text", name)
			}
			for _, rule := range want {
				if _, err := holdsRule(rule, ""); err != nil {
					return err
				}
			}
		default:
			return fault.New(fault.Invalid, "filter: %q wants a list of rules", name)
		}
	}
	return nil
}

// takes reports whether a record goes to the function.
func (f filter) takes(r events.DynamoDBEventRecord) bool {
	return f == nil || fits(f, filterView(r))
}

func filterView(r events.DynamoDBEventRecord) map[string]any {
	keys := map[string]any{}
	for name, v := range r.Change.Keys {
		keys[name] = map[string]any{"S": v.String()}
	}
	return map[string]any{"eventName": r.EventName, "dynamodb": map[string]any{"Keys": keys}}
}

// fits compares a known pattern with what a record shows: all names must fit,
// and of each list one rule.
func fits(pattern, view map[string]any) bool {
	for name, want := range pattern {
		switch want := want.(type) {
		case map[string]any:
			if below, ok := view[name].(map[string]any); !ok || !fits(want, below) {
				return false
			}
		case []any:
			have, isText := view[name].(string)
			one := false
			for _, rule := range want {
				ok, _ := holdsRule(rule, have)
				one = one || ok
			}
			if !isText || !one {
				return false
			}
		}
	}
	return true
}

// holdsRule applies one rule to a text.
func holdsRule(rule any, have string) (bool, error) {
	switch rule := rule.(type) {
	case string:
		return rule == have, nil
	case map[string]any:
		if prefix, ok := rule["prefix"].(string); ok && len(rule) == 1 {
			return strings.HasPrefix(have, prefix), nil
		}
		if but, ok := rule["anything-but"]; ok && len(rule) == 1 {
			return holdsNone(but, have)
		}
	}
	return false, fault.New(fault.Invalid, "filter: rule %v is not known here", rule)
}

// holdsNone is anything-but: of one rule, or of each in a list.
func holdsNone(but any, have string) (bool, error) {
	rules, many := but.([]any)
	if !many {
		rules = []any{but}
	}
	none := true
	for _, rule := range rules {
		ok, err := holdsRule(rule, have)
		if err != nil {
			return false, err
		}
		none = none && !ok
	}
	return none, nil
}
