package guard

import (
	"bytes"
	"strings"
)

// spaced are the headers whose values have parts that may be set apart by blanks.
var spaced = map[string]bool{
	"via": true, "v": true, "from": true, "f": true, "to": true, "t": true, "contact": true, "m": true,
	"route": true, "record-route": true, "cseq": true,
}

// Tidy joins folded headers and takes out the blanks that RFC 3261 §25.1 allows
// around separators, with which sipgo finds no tag and no branch. A message that
// has none is returned as it is; another one gets shorter.
func Tidy(data []byte) []byte {
	head, body, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if !found || !untidy(head) {
		return data
	}
	lines := unfold(head)
	out := append(make([]byte, 0, len(data)), lines[0]...)
	for _, line := range lines[1:] {
		out = append(out, "\r\n"...)
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !spaced[strings.ToLower(string(bytes.TrimSpace(name)))] {
			out = append(out, line...)
			continue
		}
		out = append(append(out, bytes.TrimSpace(name)...), ": "...)
		out = squeeze(out, value)
	}
	out = append(append(out, "\r\n\r\n"...), body...)
	if len(out) > len(data) { // "Via:x" became "Via: x" and nothing else was gained
		return data
	}
	return out
}

// untidy reports whether there may be something to do: a blank beside a separator,
// or at the start of a line.
func untidy(head []byte) bool {
	for i, c := range head {
		if c != ' ' && c != '\t' || i == 0 {
			continue
		}
		before := head[i-1]
		if before == '\n' || separator(before) || before == ' ' || i+1 < len(head) && separator(head[i+1]) {
			return true
		}
	}
	return false
}

// squeeze appends a value without blanks around separators, and with one blank
// where there were several; quoted strings and URIs in brackets stay as they are.
func squeeze(out, value []byte) []byte {
	start := len(out)
	quoted, bracketed, escaped := false, false, false
	for _, c := range bytes.TrimSpace(value) {
		blank := c == ' ' || c == '\t'
		last := byte(0)
		if len(out) > start {
			last = out[len(out)-1]
		}
		switch {
		case escaped:
			escaped = false
		case quoted:
			quoted, escaped = c != '"', c == '\\'
		case c == '"':
			quoted = true
		case bracketed:
			bracketed = c != '>'
		case c == '<':
			bracketed = true
		case blank && (last == ' ' || separator(last)):
			continue
		case blank:
			c = ' '
		case separator(c) && last == ' ':
			out = out[:len(out)-1]
		}
		out = append(out, c)
	}
	return out
}

func separator(c byte) bool { return c == ';' || c == '=' || c == ',' || c == '/' }
