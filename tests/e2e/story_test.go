// Package e2e plays whole stories: telephones and carriers that are not ours
// (baresip, sipp) call through a running centre, and what they hear, what is
// stored and what is told to others is checked. A story is a file in testdata;
// its words are the functions of words_test.go.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/tests/peers"
)

// atOnce is how many stories are played at one time. They wait more than they
// work: more than processors, but so few that audio comes in time.
const atOnce = 7

var keep = flag.String("keep", "", "folder for what the phones of failed stories heard")

func TestStories(t *testing.T) {
	peers.Play(t, "testdata/*.txtar", atOnce, play)
}

// line is one line of a story.
type line struct {
	at    string // file:line
	words []string
}

// story is one file while it is played.
type story struct {
	*testing.T
	files   map[string][]byte // sections behind the script
	setup   setup
	centre  *centre // nil until the first word that needs it
	callers map[string]*caller
	who     string // the caller that words without a name mean
	agents  map[string]*desk
	outside map[string]*caller // telephones that are called
	shops   map[string]*shop
	ended   []<-chan error // sipps
	broken  *broken
	killed  time.Time
	message string // contact of the message that a caller has left
	at      string // file:line of what is played
}

func play(t *testing.T, name string) {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	script, files := sections(raw)
	s := &story{T: t, files: files, setup: setup{ring: 20, acw: 1}, callers: map[string]*caller{}, agents: map[string]*desk{}, outside: map[string]*caller{}, shops: map[string]*shop{}, who: "caller"}
	lines, err := parse(filepath.Base(name), script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s failed", s.at)
		}
	})
	began := time.Now()
	for _, l := range lines {
		s.at = l.at
		t.Logf("%5.1f s  %s  %s", time.Since(began).Seconds(), l.at, strings.Join(l.words, " "))
		s.do(l.words)
	}
}

// do plays one line.
func (s *story) do(line []string) {
	s.Helper()
	w, ok := words()[line[0]]
	if !ok {
		s.Fatalf("%s: no word %q", s.at, line[0])
	}
	if !w.before {
		s.start()
	}
	w.do(s, line[1:])
}

// wait waits until check returns nil.
func (s *story) wait(what string, check func() error) {
	s.Helper()
	peers.Eventually(s.T, s.at+": "+what, check)
}

// sections splits a txtar archive into the script and the files behind it.
func sections(raw []byte) (script string, files map[string][]byte) {
	files = map[string][]byte{}
	name, body := "", []string{}
	keep := func() {
		if text := strings.Join(body, ""); name == "" {
			script = text
		} else {
			files[name] = []byte(text)
		}
	}
	for l := range strings.Lines(string(raw)) {
		if inner, ok := strings.CutPrefix(strings.TrimSpace(l), "-- "); ok && strings.HasSuffix(inner, " --") {
			keep()
			name, body = strings.TrimSuffix(inner, " --"), nil
			continue
		}
		body = append(body, l)
	}
	keep()
	return script, files
}

// parse reads a script: a line is words with blanks between them, "" keeps
// blanks, # begins a comment.
func parse(file, script string) ([]line, error) {
	var lines []line
	n := 0
	for text := range strings.Lines(script) {
		n++
		l := line{at: fmt.Sprintf("%s:%d", file, n)}
		word, open, quoted := "", false, false
		end := func() {
			if word != "" || quoted {
				l.words = append(l.words, word)
			}
			word, quoted = "", false
		}
	scan:
		for _, r := range text {
			switch {
			case r == '"':
				open, quoted = !open, true
			case open:
				word += string(r)
			case r == '#' && word == "":
				break scan
			case r == ' ' || r == '\t' || r == '\r' || r == '\n':
				end()
			default:
				word += string(r)
			}
		}
		if end(); open {
			return nil, fmt.Errorf("%s: quote not closed", l.at)
		}
		if len(l.words) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// options are the name=value words of a line.
type options map[string]string

// read splits words into plain ones and options, of which only some are known.
func (s *story) read(words []string, known ...string) (plain []string, o options) {
	s.Helper()
	o = options{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			plain = append(plain, w)
			continue
		}
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			s.Fatalf("%s: no option %q; known are %v", s.at, name, known)
		}
		o[name] = value
	}
	return plain, o
}

// want returns exactly so many plain words.
func (s *story) want(words []string, n int, usage string) []string {
	s.Helper()
	if len(words) != n {
		s.Fatalf("%s: want %s", s.at, usage)
	}
	return words
}
