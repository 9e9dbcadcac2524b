package lint

import (
	"os"
	"path/filepath"
	"testing"

	"huawu/shared/flow"
)

// corpus is the folder of real exports beside the project; a clone has none.
const corpus = "../../../../shared/data/flows"

// TestRealFlowsHaveNoErrors lints exports of other teams: what Amazon Connect
// has published must not be refused, and the one broken file must be.
func TestRealFlowsHaveNoErrors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "F*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no real flows beside the project: see docs of `huawu flow lint` for pointing it at your own")
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		found := Lint([]Source{{Name: name, Data: data}}, Options{})
		errors, _ := Count(found)
		if broken := name == "F050.json"; (errors > 0) != broken {
			t.Errorf("%s has %d errors", name, errors)
		}
		for _, f := range found {
			t.Log(f)
			if f.Field == "" || f.Severity != flow.Error && f.Severity != flow.Warning {
				t.Errorf("%s: a finding without a field", f)
			}
		}
	}
}
