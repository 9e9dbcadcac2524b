package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"huawu/shared/flow/grammar"
	"huawu/shared/flow/interp"
	stories "huawu/shared/flow/story"
	"huawu/shared/flow/testcase"
	"huawu/shared/hours"
)

// worldFile is what the test cases of a folder find around them.
const worldFile = "world.json"

// world is that file: everything a test case of Amazon Connect cannot say
// itself, because there it is in the instance.
type world struct {
	Queues    map[string]string          `json:"queues"`    // names by id
	Functions map[string]json.RawMessage `json:"functions"` // replies by name or ARN
	Data      map[string]json.RawMessage `json:"data"`      // replies by action type, such as CreateTask
	Hours     map[string]string          `json:"hours"`     // open or closed, by id
	Metrics   map[string]struct {
		Available     int `json:"available"`
		Online        int `json:"online"`
		Staffed       int `json:"staffed"`
		Size          int `json:"size"`
		OldestSeconds int `json:"oldestSeconds"`
	} `json:"metrics"` // by queue
	Language string `json:"language"`
}

// grammarEnding ends the names of files that say what a bot understands.
const grammarEnding = ".grammar.json"

// readBots reads the grammars of a folder, each under its file's name; nil if
// there are none.
func readBots(folder string) (stories.Bots, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*"+grammarEnding))
	var bots stories.Bots
	for _, path := range paths {
		d, err := readDocument(path)
		if err != nil {
			return nil, err
		}
		g, err := grammar.Read(d.data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if bots == nil {
			bots = stories.Bots{}
		}
		bots[strings.TrimSuffix(filepath.Base(path), grammarEnding)] = g
	}
	return bots, err
}

// isCase reports whether a file is a test case in Amazon Connect's language.
func isCase(path string) bool {
	if !strings.HasSuffix(path, ".json") {
		return false
	}
	d, err := readDocument(path)
	return err == nil && testcase.Looks(d.data)
}

// readCase reads a test case, to be played with the flows beside it; with is
// the one to begin with, "" is the one that the case names.
func (f *storyFile) readCase(data []byte, beside map[string]*interp.Program, with string) error {
	c, err := testcase.Parse(data)
	if err != nil {
		return err
	}
	w, err := readWorld(f.folder, beside)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = flowID(f.path)
	}
	f.plays = append(f.plays, play{name, func() stories.Result {
		r := c.Run(with, w)
		result := stories.Result{Name: name, Visits: r.Visits, Invocations: r.Invocations, Elapsed: time.Duration(r.Seconds * float64(time.Second))}
		if !r.Passed {
			result.Err = errors.New(strings.Join(r.Failures(), "; "))
		}
		return result
	}})
	return nil
}

// readWorld reads what lies around the test cases of a folder; without a file
// there is nothing but the flows.
func readWorld(folder string, beside map[string]*interp.Program) (testcase.World, error) {
	w := testcase.World{Flows: beside, Queues: map[string]interp.Queue{}, Hours: map[string]hours.Hours{}, Metrics: map[string]interp.MetricsAnswer{}}
	path := filepath.Join(folder, worldFile)
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return w, nil
	}
	if err != nil {
		return w, err
	}
	var in world
	if err := json.Unmarshal(data, &in); err != nil {
		return w, fmt.Errorf("%s: %w", path, err)
	}
	w.Functions, w.Data, w.Language = in.Functions, in.Data, in.Language
	for id, name := range in.Queues {
		w.Queues[id] = interp.Queue{ID: id, Name: name}
	}
	for _, id := range slices.Sorted(maps.Keys(in.Hours)) {
		switch in.Hours[id] {
		case "open":
			w.Hours[id] = hours.Always()
		case "closed":
			w.Hours[id] = hours.Hours{Name: id, TimeZone: "UTC"}
		default:
			return w, fmt.Errorf("%s: hours.%s is %q, want open or closed", path, id, in.Hours[id])
		}
	}
	for id, m := range in.Metrics {
		w.Metrics[id] = interp.MetricsAnswer{QueueName: in.Queues[id], Available: m.Available, Online: m.Online, Staffed: m.Staffed, Size: m.Size,
			OldestAge: time.Duration(m.OldestSeconds) * time.Second}
	}
	return w, nil
}
