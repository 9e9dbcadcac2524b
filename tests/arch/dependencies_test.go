package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryDependencyIsExplained holds docs/adr/0006 to the imports and to the pins
// of go.mod: each module that our code imports has a row with its version there,
// and none has a row without being imported.
func TestEveryDependencyIsExplained(t *testing.T) {
	page := read(t, "docs", "adr", "0006-dependencies.md")
	pins := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)`).FindAllStringSubmatch(read(t, "go.mod"), -1) {
		pins[m[1]] = m[2]
	}
	used := map[string]bool{}
	for _, f := range load(t) {
		for _, imp := range f.imports() {
			if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
				continue // ours, or the standard library's
			}
			mod := ""
			for m := range pins {
				if below(imp, m) && len(m) > len(mod) {
					mod = m
				}
			}
			if mod == "" {
				t.Errorf("%s imports %s, which no module of go.mod has", f.path, imp)
			}
			used[mod] = true
		}
	}
	told := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (v\\S+) \\|").FindAllStringSubmatch(page, -1) {
		told[m[1]] = m[2]
	}
	for mod := range used {
		if told[mod] != pins[mod] {
			t.Errorf("docs/adr/0006-dependencies.md says %s %q, go.mod %s", mod, told[mod], pins[mod])
		}
	}
	for mod := range told {
		if !used[mod] {
			t.Errorf("docs/adr/0006-dependencies.md explains %s, which nothing imports", mod)
		}
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
