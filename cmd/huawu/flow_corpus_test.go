package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestRealFlowsGoThroughEveryCommand reads exports of other teams where they
// lie beside the project; a clone has none.
func TestRealFlowsGoThroughEveryCommand(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/flows/F*.json")
	if err != nil || len(files) == 0 {
		t.Skip("no real flows beside the project")
	}
	for _, path := range files {
		name := filepath.Base(path)
		if name == "F050.json" { // the one that is invalid
			continue
		}
		for _, args := range [][]string{{"graph"}, {"graph", "-o", "svg"}, {"price", "--ways", "50"}, {"bind", "--list"}, {"lint", "--ignore", "legacy"}} {
			var out bytes.Buffer
			if err := dispatch(t.Context(), &out, append(append([]string{"flow"}, args...), path)); err != nil || out.Len() == 0 {
				t.Errorf("%v %s: %v", args, name, err)
			}
		}
	}
}
