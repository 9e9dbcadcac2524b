// Package story tests flows offline: it reads what a caller does and hears, one
// line each, and plays it against flow/interp on virtual time. It is the relay,
// the queues, the functions and the clock at once, all in memory.
//
// It decides whether a story came true and which branches were passed. It
// leaves whether a flow is valid to flow and to interp.Compile.
//
// A document is a txtar archive: files named <id>.json are flows, files named
// <id>.grammar are what bots understand (see flow/grammar), every other file is a
// story named by its sentence, and the comment on top is the beginning
// of every story. The words a line can begin with are in words.go.
package story

import (
	"fmt"
	"strings"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/grammar"
	"huawu/shared/flow/interp"
)

// Document is a set of stories with the flows they need.
type Document struct {
	Flows   map[string]*interp.Program
	Bots    Bots // with any, bots are understood by grammars and not by the relay
	Stories []Story
}

// Story is one scripted call.
type Story struct {
	Name  string
	lines []line
}

// line is one line of a story.
type line struct {
	where string // part of the document and line number
	words []string
}

// Parse reads a document. flows are programs it may use besides its own; they
// are not changed.
func Parse(data []byte, flows map[string]*interp.Program) (*Document, error) {
	parts := readArchive(string(data))
	d := &Document{Flows: map[string]*interp.Program{}}
	for id, p := range flows {
		d.Flows[id] = p
	}
	setup, err := readLines("top", parts[0].text)
	if err != nil {
		return nil, err
	}
	for _, file := range parts[1:] {
		if id, ok := strings.CutSuffix(file.name, ".grammar"); ok {
			if d.Bots == nil {
				d.Bots = Bots{}
			}
			if d.Bots[id], err = grammar.Read([]byte(file.text)); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s", file.name)
			}
			continue
		}
		if id, ok := strings.CutSuffix(file.name, ".json"); ok {
			f, err := flow.Parse([]byte(file.text))
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s", file.name)
			}
			if d.Flows[id], err = interp.Compile(id, f); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s", file.name)
			}
			continue
		}
		own, err := readLines(file.name, file.text)
		if err != nil {
			return nil, err
		}
		d.Stories = append(d.Stories, Story{file.name, append(setup[:len(setup):len(setup)], own...)})
	}
	if len(d.Stories) == 0 {
		d.Stories = []Story{{"story", setup}}
	}
	return d, nil
}

// readLines splits text into lines of words; # at the start of a line is a
// comment, "" holds a word together.
func readLines(part, text string) ([]line, error) {
	var list []line
	for i, raw := range strings.Split(text, "\n") {
		words, err := split(raw)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s:%d: %s", part, i+1, err)
		}
		if len(words) > 0 {
			list = append(list, line{fmt.Sprintf("%s:%d", part, i+1), words})
		}
	}
	return list, nil
}

// split cuts a line into words. Within "" a backslash takes the next character as it is.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, inQuote := false, false
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		c := runes[i]
		switch {
		case inQuote && c == '\\' && i+1 < len(runes):
			i++
			word.WriteRune(runes[i])
		case c == '"':
			inWord, inQuote = true, !inQuote
		case !inQuote && (c == ' ' || c == '\t' || c == '\r'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case c == '#' && !inQuote && !inWord && len(words) == 0:
			i = len(runes)
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	if inQuote {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// options splits words into those with a = and the rest.
func options(words []string) (rest []string, set map[string]string) {
	set = map[string]string{}
	for _, w := range words {
		if name, value, ok := strings.Cut(w, "="); ok && name != "" && !strings.ContainsAny(name, " {\"") {
			set[name] = value
		} else {
			rest = append(rest, w)
		}
	}
	return rest, set
}
