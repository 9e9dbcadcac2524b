package flow

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Template is a parameter's value: text, or one path, or text with paths in
// it. The zero Template is absent.
type Template struct {
	text  string
	parts []part // nil if text has no path
}

// part is a piece of text or, if path is set, a reference.
type part struct {
	text string
	path Path
}

// ParseTemplate reads a parameter's value.
func ParseTemplate(text string) Template {
	t := Template{text: text}
	if !strings.Contains(text, "$.") && !strings.Contains(text, "$[") {
		return t
	}
	from := 0
	for at := 0; at < len(text); {
		next := strings.IndexByte(text[at:], '$')
		if next < 0 {
			break
		}
		at += next
		p, n := scanPath(text[at:])
		if n == 0 {
			at++
			continue
		}
		if at > from {
			t.parts = append(t.parts, part{text: text[from:at]})
		}
		t.parts = append(t.parts, part{path: p})
		at += n
		from = at
	}
	if t.parts != nil && from < len(text) {
		t.parts = append(t.parts, part{text: text[from:]})
	}
	return t
}

// UnmarshalJSON reads a string; hand-written flows use numbers and booleans
// too. Null is absent.
func (t *Template) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*t = ParseTemplate(s)
	case '{', '[':
		return fmt.Errorf("want text, have %s", kindOf(data))
	case 'n':
		*t = Template{}
	case 't':
		*t = Template{text: "True"}
	case 'f':
		*t = Template{text: "False"}
	default:
		*t = Template{text: string(data)}
	}
	return nil
}

// MarshalJSON writes the text as it was.
func (t Template) MarshalJSON() ([]byte, error) { return json.Marshal(t.text) }

// Absent reports whether there is no value.
func (t Template) Absent() bool { return t.text == "" }

// String returns the value as it is written in the flow.
func (t Template) String() string { return t.text }

// Static reports whether the value holds no path.
func (t Template) Static() bool { return t.parts == nil }

// Path returns the path if the value is exactly one.
func (t Template) Path() (Path, bool) {
	if len(t.parts) == 1 && t.parts[0].path != nil {
		return t.parts[0].path, true
	}
	return nil, false
}

// Paths returns every path in the value, in order.
func (t Template) Paths() []Path {
	var list []Path
	for _, p := range t.parts {
		if p.path != nil {
			list = append(list, p.path)
		}
	}
	return list
}

// Expand returns the value with each path replaced by what get returns for it.
func (t Template) Expand(get func(Path) string) string {
	switch {
	case t.parts == nil:
		return t.text
	case len(t.parts) == 1:
		return get(t.parts[0].path)
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.path == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(get(p.path))
		}
	}
	return b.String()
}

// kindOf names the JSON type of a value for messages.
func kindOf(data []byte) string {
	if len(data) == 0 {
		return "nothing"
	}
	switch data[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "text"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
