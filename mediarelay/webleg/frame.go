package webleg

import (
	"bytes"
	"strconv"
)

// frameKind is what a WebSocket message holds.
type frameKind uint8

const (
	notSIP    frameKind = iota
	message             // exactly one SIP message
	keepAlive           // CRLF CRLF, which wants a CRLF (RFC 5626 §4.4.1)
	idle                // nothing, or the CRLF that answers a keep-alive
)

// unwrap reads a WebSocket message: it must hold one SIP message and nothing
// else (RFC 7118 §5). What it returns says its length itself, so that it stays
// one message in a stream. Line folding and bare line ends, which readers take
// for different things, are no SIP here.
func unwrap(b []byte) ([]byte, frameKind) {
	switch string(b) {
	case "", "\r\n":
		return nil, idle
	case "\r\n\r\n":
		return nil, keepAlive
	}
	head, body, found := bytes.Cut(b, []byte("\r\n\r\n"))
	if !found || !startsSIP(head) {
		return nil, notSIP
	}
	length, ok := contentLength(head)
	switch {
	case !ok, length >= 0 && length != len(body):
		return nil, notSIP
	case length >= 0:
		return b, message
	}
	whole := make([]byte, 0, len(b)+32)
	whole = append(whole, head...)
	whole = append(whole, "\r\nContent-Length: "...)
	whole = strconv.AppendInt(whole, int64(len(body)), 10)
	whole = append(whole, "\r\n\r\n"...)
	return append(whole, body...), message
}

// startsSIP reports whether the first line is that of a SIP message.
func startsSIP(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	if bytes.HasPrefix(line, []byte("SIP/2.0 ")) {
		return true
	}
	method, _, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(method) == 0 || len(method) > 32 || !bytes.HasSuffix(line, []byte(" SIP/2.0")) {
		return false
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// contentLength returns what the headers say, -1 if nothing; ok is false if
// they could be read in more than one way.
func contentLength(head []byte) (length int, ok bool) {
	length = -1
	for i, line := range bytes.Split(head, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n\x00") {
			return 0, false
		}
		if i == 0 {
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || len(line) == 0 || line[0] == ' ' || line[0] == '\t' {
			return 0, false
		}
		name = bytes.TrimRight(name, " \t")
		if !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
		if err != nil || length >= 0 {
			return 0, false
		}
		length = int(n)
	}
	return length, true
}
