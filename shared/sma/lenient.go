package sma

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Int is a whole number that handlers write as a JSON number or as a string.
// An empty string and null count as absent, which is 0. It is written as a number.
type Int int

// UnmarshalJSON reads 5, "5", "" and null.
func (n *Int) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(unquote(data))
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	if v, err := strconv.Atoi(text); err == nil {
		*n = Int(v)
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return fmt.Errorf("want a whole number, have %.40s", data)
	}
	*n = Int(f)
	return nil
}

// Bool is a truth value that handlers write as a JSON boolean or as a string.
type Bool bool

// UnmarshalJSON reads true, "true", "True", "" and null.
func (b *Bool) UnmarshalJSON(data []byte) error {
	switch text := strings.ToLower(strings.TrimSpace(unquote(data))); text {
	case "true":
		*b = true
	case "false", "", "null":
		*b = false
	default:
		return fmt.Errorf("want true or false, have %.40s", data)
	}
	return nil
}

// Text is a string that some handlers write as a number or a boolean.
type Text string

// UnmarshalJSON reads "5", 5 and true as text; null is empty.
func (t *Text) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	*t = Text(text)
	return err
}

// UnmarshalJSON reads a leg's tag in any case: "Leg-A" is LEG-A.
func (t *Tag) UnmarshalJSON(data []byte) error {
	text, err := scalar(data)
	*t = Tag(strings.ToUpper(text))
	return err
}

// Digits is a set of telephone keys, such as terminators. It is written as a
// list of one-character strings; a plain string "#*" and numbers are read too.
type Digits []string

// UnmarshalJSON reads ["#","1"], [1,2], "#*", "" and null. The last two are nil,
// absent; [] is a set without keys.
func (d *Digits) UnmarshalJSON(data []byte) error {
	*d = nil
	if data[0] != '[' {
		text, err := scalar(data)
		for _, key := range text {
			*d = append(*d, string(key))
		}
		return err
	}
	var list []Text
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*d = Digits{}
	for _, key := range list {
		if key != "" {
			*d = append(*d, string(key))
		}
	}
	return nil
}

// Attributes are pairs of strings. Numbers and booleans are read as their text,
// null values are dropped. A nil map is absent, an empty one is {}: for
// Response.TransactionAttributes the first keeps and the second clears.
type Attributes map[string]string

// UnmarshalJSON reads an object; null leaves the map nil.
func (a *Attributes) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*a = nil
	if raw == nil {
		return nil
	}
	*a = make(Attributes, len(raw))
	for name, value := range raw {
		if string(value) == "null" {
			continue
		}
		text, err := scalar(value)
		if err != nil { // an object or a list keeps its meaning as JSON text
			var compact bytes.Buffer
			if err := json.Compact(&compact, value); err != nil {
				return err
			}
			text = compact.String()
		}
		(*a)[name] = text
	}
	return nil
}

// scalar returns a JSON string, number, boolean or null as text.
func scalar(data []byte) (string, error) {
	switch data[0] {
	case '"':
		var s string
		err := json.Unmarshal(data, &s)
		return s, err
	case '{', '[':
		return "", fmt.Errorf("want text, have %.40s", data)
	case 'n':
		return "", nil
	}
	return string(data), nil
}

// unquote returns the content of a JSON string, or data as it is.
func unquote(data []byte) string {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if json.Unmarshal(data, &s) == nil {
			return s
		}
	}
	return string(data)
}
