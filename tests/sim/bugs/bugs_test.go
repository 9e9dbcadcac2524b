package bugs

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var all = flag.Bool("all", false, "catch every bug, not only the quick ones")

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a test of the simulation over the product with a bug in it.
func run(t *testing.T, b Bug) (said string, failed bool) {
	t.Helper()
	dir := t.TempDir()
	replace, err := b.Apply(root(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(dir, "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", file, "-o", test, "./tests/sim")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("it does not build: %v\n%s", err, out)
	}
	args := []string{"-test.run", "^" + strings.ReplaceAll(b.Run, "/", "$/^") + "$"}
	for name, n := range map[string]int{"-seeds": b.Seeds, "-orders": b.Orders} {
		if n > 0 {
			args = append(args, name, strconv.Itoa(n))
		}
	}
	cmd := exec.CommandContext(t.Context(), test, args...)
	cmd.Dir = filepath.Join(root(t), "tests", "sim")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), err != nil
}

// TestEveryBugIsCaught wants each bug noticed, and by its name.
func TestEveryBugIsCaught(t *testing.T) {
	for _, b := range All() {
		t.Run(b.Name, func(t *testing.T) {
			if !b.Quick && !*all {
				t.Skip("make simulate catches all, every test run some")
			}
			said, failed := run(t, b)
			if !failed || !regexp.MustCompile(b.Caught).MatchString(said) {
				t.Errorf("not caught by %s; the simulation said:\n%.2000s", b.Caught, said)
			}
			t.Logf("%.300s", strings.TrimSpace(said))
		})
	}
}

// TestEveryBugStillFits fails loudly when the product's text has moved on, so that
// no bug is forgotten between two long runs.
func TestEveryBugStillFits(t *testing.T) {
	quick := 0
	for _, b := range All() {
		if _, err := b.Apply(root(t), t.TempDir()); err != nil {
			t.Error(err)
		}
		if b.Quick {
			quick++
		}
	}
	if n := len(All()); n < 12 || quick != 3 {
		t.Errorf("%d bugs, want 12 or more; %d in every test run, want 3", n, quick)
	}
}

// TestSmallPagesAreNoBug is the control: the change that lets a bug show is
// harmless alone.
func TestSmallPagesAreNoBug(t *testing.T) {
	if !*all {
		t.Skip("make simulate runs it")
	}
	if said, failed := run(t, Bug{Name: "small pages", Edits: smallPages(), Run: vanish, Seeds: 60}); failed {
		t.Errorf("%.2000s", said)
	}
}
