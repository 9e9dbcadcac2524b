package flow

import (
	"slices"
	"strings"
)

// Path is a reference to an attribute: $.Queue.Name is {"Queue", "Name"}.
type Path []string

// String returns the path as it is written in a flow.
func (p Path) String() string {
	var b strings.Builder
	b.WriteByte('$')
	for _, name := range p {
		if plainName(name) {
			b.WriteByte('.')
			b.WriteString(name)
		} else {
			b.WriteString("['")
			b.WriteString(name)
			b.WriteString("']")
		}
	}
	return b.String()
}

const maxPath = 16 // names in a path; deeper ones are text

// Namespaces returns the first names a path can have.
// Source: spec, contracts/attribute-paths.csv.
func Namespaces() []string {
	return []string{
		"Agent", "Attributes", "AwsRegion", "Case", "Channel", "ContactId", "Customer",
		"CustomerCallBackPhoneNumber", "CustomerCallbackNumber", "CustomerEndpoint", "CustomerId",
		"Description", "External", "FlowAttributes", "InitialContactId", "InitiationMethod",
		"InstanceARN", "LambdaInvocation", "LanguageCode", "Lex", "Media", "MediaStreams",
		"Metrics", "Modules", "Name", "PreviousContactId", "Queue", "References",
		"RelatedContactId", "SegmentAttributes", "StoredCustomerInput", "SystemEndpoint",
		"Tags", "Task", "TextToSpeechVoiceId", "Views", "Wisdom",
	}
}

// KnownNamespace reports whether paths can begin with a name.
func KnownNamespace(name string) bool { return slices.Contains(Namespaces(), name) }

// ParsePath reads text that is exactly one path.
func ParsePath(text string) (Path, bool) {
	p, n := scanPath(text)
	return p, n > 0 && n == len(text)
}

// scanPath reads the path that text begins with and returns its length, 0 if
// there is none. A dot or hyphen at the end belongs to the sentence around it.
func scanPath(text string) (Path, int) {
	if len(text) < 3 || text[0] != '$' {
		return nil, 0
	}
	var p Path
	at := 1
	for at < len(text) && len(p) < maxPath {
		name, n := scanName(text[at:])
		if n == 0 {
			break
		}
		p = append(p, name)
		at += n
	}
	if len(p) == 0 {
		return nil, 0
	}
	return p, at
}

// scanName reads .Name, ['Name'], ["Name"] or [0].
func scanName(text string) (name string, n int) {
	switch {
	case len(text) > 1 && text[0] == '.' && nameByte(text[1]) && text[1] != '-':
		end := 1
		for end < len(text) && nameByte(text[end]) {
			end++
		}
		for text[end-1] == '-' {
			end--
		}
		return text[1:end], end
	case len(text) > 3 && text[0] == '[' && (text[1] == '\'' || text[1] == '"'):
		end := strings.IndexByte(text[2:min(len(text), 260)], text[1])
		if end <= 0 || len(text) < end+4 || text[end+3] != ']' {
			return "", 0
		}
		return text[2 : end+2], end + 4
	case len(text) > 2 && text[0] == '[' && text[1] >= '0' && text[1] <= '9':
		end := strings.IndexByte(text[:min(len(text), 8)], ']')
		if end < 0 || strings.Trim(text[1:end], "0123456789") != "" {
			return "", 0
		}
		return text[1:end], end + 1
	}
	return "", 0
}

// nameByte reports whether c can be in a name without quotes. Names are ASCII,
// so a path ends where Chinese text goes on.
func nameByte(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func plainName(name string) bool {
	if name == "" || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for i := range len(name) {
		if !nameByte(name[i]) {
			return false
		}
	}
	return true
}
