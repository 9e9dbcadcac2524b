package webtest

import "strings"

// Dialog is what the browser remembers of its call.
type Dialog struct {
	CallID, Local, Remote, Target string
	Seq                           int
}

// Message is a SIP message, split.
type Message struct {
	First   string
	Headers []string // "name: value"
	Body    string
}

// Get returns the first header of a name.
func (m *Message) Get(name string) string {
	for _, h := range m.Headers {
		n, v, _ := strings.Cut(h, ":")
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// All returns all headers of a name as they stand.
func (m *Message) All(name string) (all []string) {
	for _, h := range m.Headers {
		if n, _, _ := strings.Cut(h, ":"); strings.EqualFold(strings.TrimSpace(n), name) {
			all = append(all, h)
		}
	}
	return all
}

func split(b []byte) *Message {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	return &Message{First: lines[0], Headers: lines[1:], Body: body}
}

func tagOf(h string) string {
	_, tag, _ := strings.Cut(h, "tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

func uriOf(h string) string {
	_, uri, _ := strings.Cut(h, "<")
	uri, _, _ = strings.Cut(uri, ">")
	return uri
}
