package story

import "strings"

// part is one file of an archive.
type part struct {
	name string
	text string
}

// readArchive splits text in the txtar form: a line "-- name --" begins a file.
// The first part, without a name, is the comment on top.
func readArchive(text string) []part {
	parts := []part{{}}
	var b strings.Builder
	for text := range strings.Lines(text) {
		name, ok := marker(text)
		if !ok {
			b.WriteString(text)
			continue
		}
		parts[len(parts)-1].text = b.String()
		b.Reset()
		parts = append(parts, part{name: name})
	}
	parts[len(parts)-1].text = b.String()
	return parts
}

// marker reads "-- name --".
func marker(text string) (name string, ok bool) {
	text = strings.TrimRight(text, "\r\n")
	if len(text) < 7 || !strings.HasPrefix(text, "-- ") || !strings.HasSuffix(text, " --") {
		return "", false
	}
	name = strings.TrimSpace(text[3 : len(text)-3])
	return name, name != ""
}
