// Package param walks the parameters of a flow's actions: it finds every text
// with the path of the field it stands in, and changes texts without touching a
// byte beside them.
//
// It decides where texts are. What they mean is left to lint, bind and diff.
package param

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"huawu/shared/flow"
)

// Text is one string within the parameters of an action.
type Text struct {
	Field string // path below Parameters: "Attributes.name", "Messages[0].Text"
	Key   string // the last name of the path, without an index: "Text"
	Value string
	IsKey bool // it is the name of a member, not a value
}

// frame is an object or a list that is being read.
type frame struct {
	list  bool
	key   string // of an object: the member that is being read
	isKey bool   // of an object: the next text is a name
	index int    // of a list
}

// Texts returns every string within a JSON value, in order; numbers and
// booleans count as their text. A value that is not JSON has none after the fault.
func Texts(raw json.RawMessage) []Text {
	var list []Text
	walk(raw, func(t Text, _, _ int) { list = append(list, t) })
	return list
}

// Replace changes texts that are values: change returns the new text, or false
// to leave it. Everything else stays byte for byte.
func Replace(raw json.RawMessage, change func(Text) (string, bool)) json.RawMessage {
	var out []byte
	done := 0
	walk(raw, func(t Text, from, to int) {
		if t.IsKey {
			return
		}
		text, ok := change(t)
		if !ok || text == t.Value {
			return
		}
		out = append(append(out, raw[done:from]...), quote(text)...)
		done = to
	})
	if out == nil {
		return raw
	}
	return append(out, raw[done:]...)
}

func quote(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string cannot fail
	return bytes.TrimSpace(b.Bytes())
}

// walk visits every text with the bytes it stands in.
func walk(raw json.RawMessage, visit func(t Text, from, to int)) {
	if len(raw) == 0 {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var stack []frame
	for {
		before := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return
		}
		after := int(d.InputOffset())
		from := before + len(raw[before:after]) - len(bytes.TrimLeft(raw[before:after], " \t\r\n,:"))
		top := len(stack) - 1
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				stack = append(stack, frame{list: v == '[', isKey: v == '{'})
				continue
			}
			stack = stack[:top]
		case string:
			if top >= 0 && !stack[top].list && stack[top].isKey {
				stack[top].key, stack[top].isKey = v, false
				visit(at(stack, v, true), from, after)
				continue
			}
			visit(at(stack, v, false), from, after)
		case json.Number:
			visit(at(stack, v.String(), false), from, after)
		case bool:
			visit(at(stack, map[bool]string{true: "True", false: "False"}[v], false), from, after)
		}
		if top = len(stack) - 1; top >= 0 { // a value has ended
			stack[top].isKey = !stack[top].list
			stack[top].index++
		}
	}
}

// at names the place of a text.
func at(stack []frame, value string, isKey bool) Text {
	t := Text{Value: value, IsKey: isKey}
	var b strings.Builder
	for _, f := range stack {
		switch {
		case f.list:
			b.WriteString("[" + strconv.Itoa(f.index) + "]")
		case b.Len() > 0:
			b.WriteString("." + f.key)
		default:
			b.WriteString(f.key)
		}
		if !f.list {
			t.Key = f.key
		}
	}
	t.Field = b.String()
	return t
}

// Get returns the text of a field of an action, "" if it is absent.
func Get(a *flow.Action, field string) string {
	for _, t := range Texts(a.Parameters) {
		if !t.IsKey && t.Field == field {
			return t.Value
		}
	}
	return ""
}
