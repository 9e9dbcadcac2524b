package story_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/legacy"
	"huawu/shared/flow/story"
)

// corpus is the folder of real exports. They stay outside the project; without
// them the tests over them are skipped.
func corpus(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("HUAWU_FLOWS_DIR")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "data", "flows")
	}
	if _, err := os.Stat(filepath.Join(folder, "MANIFEST.csv")); err != nil {
		t.Skip("no folder of real flows (MANIFEST.csv and exports): set HUAWU_FLOWS_DIR to one")
	}
	return folder
}

// export is one line of the manifest.
type export struct {
	file, valid string // valid is yes, no or legacy
	data        []byte
}

func exports(t *testing.T) []export {
	t.Helper()
	folder := corpus(t)
	text, err := os.ReadFile(filepath.Join(folder, "MANIFEST.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("MANIFEST.csv: %v", err)
	}
	file, valid := slices.Index(rows[0], "file"), slices.Index(rows[0], "valid")
	var list []export
	for _, row := range rows[1:] {
		data, err := os.ReadFile(filepath.Join(folder, row[file]))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, export{row[file], row[valid], data})
	}
	return list
}

func TestRealFlowsLoadAndComeBack(t *testing.T) {
	for _, e := range exports(t) {
		t.Run(e.file, func(t *testing.T) {
			f, err := flow.Parse(e.data)
			switch e.valid {
			case "legacy":
				if !errors.Is(err, flow.ErrLegacy) {
					t.Fatalf("Parse = %v", err)
				}
				if f, err = legacy.Convert(e.data); err != nil {
					t.Fatal(err)
				}
			case "no":
				if err == nil {
					err = flow.Errors(flow.Check(f))
				}
				if err == nil || !strings.Contains(err.Error(), "StartAction") {
					t.Fatalf("an invalid flow: %v", err)
				}
				return
			default:
				if err != nil {
					t.Fatal(err)
				}
				sameAfterExport(t, f, e.data)
			}
			p, err := interp.Compile(e.file, f)
			if err != nil {
				t.Fatal(err)
			}
			passes(t, p)
		})
	}
}

func sameAfterExport(t *testing.T, f *flow.Flow, data []byte) {
	t.Helper()
	out, err := flow.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	have, err := flow.Normalize(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := flow.Normalize(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

// passes runs a program on every way and wants all of its branches passed.
func passes(t *testing.T, p *interp.Program) []story.Path {
	t.Helper()
	paths := story.Explore(p, 2000)
	var results []story.Result
	for _, path := range paths {
		results = append(results, path.Result)
		if path.Err != nil && !t.Failed() {
			t.Errorf("%v, on the way %v", path.Err, path.Branches)
		}
	}
	if c := story.Cover(p, results); len(c.Missed) > 0 {
		t.Error(c)
	}
	return paths
}

// ours returns the flows of the project.
func ours(t *testing.T) map[string]*interp.Program {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "flows", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no flows: %v", err)
	}
	list := map[string]*interp.Program{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := flow.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(file), ".json")
		if list[id], err = interp.Compile(id, f); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestFewFunctionCallsPerPath(t *testing.T) {
	var calls, alone, sizes []int
	flows := 0
	count := func(p *interp.Program) {
		flows++
		for _, path := range story.Explore(p, 200) {
			calls, alone, sizes = append(calls, path.Invocations), append(alone, max(path.Actions, 1)), append(sizes, path.StateBytes)
		}
	}
	for _, p := range ours(t) {
		count(p)
	}
	t.Run("own and real flows of today's format", func(t *testing.T) {
		for _, e := range exports(t) {
			if e.valid != "yes" {
				continue
			}
			f, err := flow.Parse(e.data)
			if err != nil {
				t.Fatal(err)
			}
			p, err := interp.Compile(e.file, f)
			if err != nil {
				t.Fatal(err)
			}
			count(p)
		}
	})
	for _, list := range [][]int{calls, alone, sizes} {
		slices.Sort(list)
	}
	at := func(list []int, percent int) int { return list[(len(list)-1)*percent/100] }
	t.Logf("%d flows, %d paths: function calls median %d, p90 %d, max %d (one action each: median %d, p90 %d); state median %d bytes, max %d",
		flows, len(calls), at(calls, 50), at(calls, 90), at(calls, 100), at(alone, 50), at(alone, 90), at(sizes, 50), at(sizes, 100))
	if at(calls, 50) > 2 || at(calls, 90) > 3 {
		t.Errorf("median %d, p90 %d function calls per path; want at most 2 and 3", at(calls, 50), at(calls, 90))
	}
	if at(sizes, 50) > 1024 {
		t.Errorf("median state of %d bytes, want at most 1024", at(sizes, 50))
	}
}
