// Package bugs holds known bugs, as small changes of the product's text, and the
// simulation against each: a checker that lets one pass checks nothing. The changes
// are made to copies that only the compiler of one test run sees (go test
// -overlay); no file of the product knows of them. It decides which bugs there are
// and by which word each must be caught; the catching is for tests/sim.
package bugs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bug is one bug.
type Bug struct {
	Name   string // what is wrong, as a sentence
	Edits  []Edit
	Run    string // test of tests/sim that meets it, as go test -run takes it
	Seeds  int    // of each weather; 0 = as many as the test has by itself
	Orders int    // of requests, for operations in turn; 0 the same
	Caught string // what the test must say
	Quick  bool   // every test run catches it
}

// Edit replaces a text that a file has once. With an empty Old, New is added at
// the file's end.
type Edit struct{ File, Old, New string }

// Weathers, as go test -run takes them.
const (
	fair        = "TestManyCalls/fair"
	yields      = "TestManyCalls/functions_run_into_each_other"
	aborts      = "TestManyCalls/functions_end_in_the_middle"
	lost        = "TestManyCalls/lost_answers_and_outages"
	repeated    = "TestManyCalls/repeated_and_reordered_events"
	timers      = "TestManyCalls/timers_early,_late_and_twice"
	vanish      = "TestManyCalls/agents_vanish_and_press_twice"
	inTurn      = "TestOperationsInTurn/one_machine_is_lost_false"
	lostMachine = "TestOperationsInTurn/one_machine_is_lost_true"
	histories   = "TestEveryHistoryHasAnOrder"
)

// All returns the bugs. First come mutations of the protocol.
func All() []Bug {
	return slices.Concat(protocol(), rounds(), careless(), talks())
}

// Apply writes the files of root as the bug leaves them into dir and returns what
// replaces what, for go test -overlay.
func (b Bug) Apply(root, dir string) (replace map[string]string, err error) {
	replace = map[string]string{}
	for _, e := range b.Edits {
		path := filepath.Join(root, filepath.FromSlash(e.File))
		from := path
		if replace[path] != "" {
			from = replace[path] // another edit of the same file
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		changed, err := e.apply(string(text))
		if err != nil {
			return nil, fmt.Errorf("%q no longer fits: %w", b.Name, err)
		}
		to := filepath.Join(dir, strings.ReplaceAll(e.File, "/", "_"))
		if err := os.WriteFile(to, []byte(changed), 0o600); err != nil {
			return nil, err
		}
		replace[path] = to
	}
	return replace, nil
}

func (e Edit) apply(text string) (string, error) {
	if e.Old == "" {
		return text + "\n" + e.New, nil
	}
	if n := strings.Count(text, e.Old); n != 1 {
		return "", fmt.Errorf("%s has %d times, want once:\n%s", e.File, n, e.Old)
	}
	return strings.Replace(text, e.Old, e.New, 1), nil
}
