package interp_test

import (
	"os"
	"path/filepath"
	"testing"

	"huawu/shared/flow/interp"
	"huawu/shared/flow/story"
)

// TestEveryActionHasCases runs the stories in testdata/<ActionType>. An action
// without a folder of its own fails the build.
func TestEveryActionHasCases(t *testing.T) {
	for _, kind := range interp.ActionTypes() {
		t.Run(kind, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no cases in testdata/%s: %v", kind, err)
			}
			for _, file := range files {
				runStories(t, file)
			}
		})
	}
}

// TestScenarios runs the stories about more than one action.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		runStories(t, file)
	}
}

func runStories(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := story.Parse(data, nil)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, s := range d.Stories {
		t.Run(s.Name, func(t *testing.T) {
			if r := d.Run(s); r.Err != nil {
				t.Errorf("%s: %v", file, r.Err)
			}
		})
	}
}
