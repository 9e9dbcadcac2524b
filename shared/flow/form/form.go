// Package form writes flows in one form, so that versions can be compared and a
// changed action is a changed line.
//
// It decides white space and the order of members, never what a flow means.
package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"huawu/shared/flow"
)

// Write writes a flow in its wrapper: members in the language's order, an
// action on each line, a line feed at the end.
func Write(f *flow.Flow) ([]byte, error) {
	raw, err := flow.Export(f)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeMembers(&b, raw, ""); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// writeMembers writes an object with a member on each line.
func writeMembers(b *bytes.Buffer, raw json.RawMessage, indent string) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(err, errors.New("want an object"))
	}
	b.WriteString("{\n")
	for first := true; d.More(); first = false {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if !first {
			b.WriteString(",\n")
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s  %s: ", indent, key)
		switch {
		case name == "Actions" && value[0] == '[':
			err = writeLines(b, value, indent+"  ")
		case name == "Content" && value[0] == '{' && indent == "":
			err = writeMembers(b, value, indent+"  ")
		default:
			b.Write(spaced(value))
		}
		if err != nil {
			return err
		}
	}
	b.WriteString("\n" + indent + "}")
	return nil
}

// writeLines writes a list with a value on each line.
func writeLines(b *bytes.Buffer, raw json.RawMessage, indent string) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		b.WriteString("[]")
		return nil
	}
	lines := make([]string, 0, len(list))
	for _, value := range list {
		lines = append(lines, indent+"  "+string(spaced(value)))
	}
	fmt.Fprintf(b, "[\n%s\n%s]", strings.Join(lines, ",\n"), indent)
	return nil
}

// spaced is JSON on one line with a space after each comma and colon.
func spaced(raw json.RawMessage) []byte {
	out := make([]byte, 0, len(raw)+len(raw)/8)
	inString := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\' && i+1 < len(raw):
			out = append(out, c, raw[i+1])
			i++
		case c == '"':
			inString = !inString
			out = append(out, c)
		case inString:
			out = append(out, c)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		case c == ',' || c == ':':
			out = append(out, c, ' ')
		default:
			out = append(out, c)
		}
	}
	return out
}
