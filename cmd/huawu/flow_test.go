package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// inFlows runs the rest of a test where its flows lie, so that what is printed
// names them shortly.
func inFlows(t testing.TB) {
	t.Helper()
	t.Chdir("testdata/flow")
}

// golden compares with a file; times are not compared.
func golden(t *testing.T, name, have string) {
	t.Helper()
	have = regexp.MustCompile(`\d+ ms\n$`).ReplaceAllString(have, "N ms\n")
	path := filepath.Join("golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if have != string(want) {
		t.Errorf("%s is another; run with -update and look at the difference. Have\n%s", path, have)
	}
}

func TestFlowCommands(t *testing.T) {
	inFlows(t)
	tests := []struct {
		golden string
		args   string
		want   error
	}{
		{"lint-good.txt", "lint good", nil},
		{"lint-bad.txt", "lint bad", errFound},
		{"lint-bad.json", "lint bad/broken.json -o json", errFound},
		{"lint-old.txt", "lint old", nil},
		{"lint-strict.txt", "lint old --strict", errFound},
		{"lint-ignore.txt", "lint old --strict --ignore legacy", nil},
		{"lint-rules.txt", "lint --rules", nil},
		{"lint-map.txt", "lint --bind map.json good", nil},
		{"test-good.txt", "test good -v", nil},
		{"test-bad.txt", "test bad", errFound},
		{"test-thin.txt", "test good/menu.json --min-coverage 100 --run order", errFound},
		{"test-case.txt", "test cases/three.json -v", nil},
		{"test-cases.txt", "test cases -v", errFound},
		{"lint-cases.txt", "lint cases", nil}, // test cases are no flows
		{"fmt.json", "fmt good/menu.json", nil},
		{"fmt-list.txt", "fmt -l good bad", nil},
		{"diff.txt", "diff good/menu.json bad/broken.json", nil},
		{"diff.json", "diff -o json good/menu.json bad/broken.json", nil},
		{"diff-none.txt", "diff --exit-code good/menu.json bad/menu.json", nil},
		{"graph.mmd", "graph good/menu.json", nil},
		{"graph.svg", "graph -o svg good/menu.json", nil},
		{"convert.json", "convert old/old.json", nil},
		{"bind-list.json", "bind --list good", nil},
		{"bind-arns.json", "bind --map map.json --to arns good/menu.json", nil},
		{"price.txt", "price good/menu.json", nil},
		{"price.json", "price -o json --function-ms 300 good/menu.json", nil},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			var out bytes.Buffer
			if err := dispatch(t.Context(), &out, append([]string{"flow"}, strings.Fields(tt.args)...)); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
			golden(t, tt.golden, out.String())
			if strings.HasSuffix(tt.golden, ".json") && !json.Valid(out.Bytes()) {
				t.Error("it is no JSON")
			}
			if strings.Contains(out.String(), "\x1b") {
				t.Error("a flow paints the terminal")
			}
		})
	}
}

func TestFlowCommandsCalledWrongly(t *testing.T) {
	inFlows(t)
	for _, args := range []string{
		"lint", "lint -o xml good", "lint --consent maybe good", "lint --ignore language good", "lint --ignore nope good", "test", "test --run ( good", "run", "run good bad", "diff good/menu.json", "diff good bad good",
		"fmt", "fmt --nope good", "graph -o png good/menu.json", "convert", "convert old/old.json old/old.json", "bind good/menu.json",
		"bind --list --map map.json good", "bind --map map.json good bad", "price", "price --ways 0 good/menu.json", "price --function-ms 0 good/menu.json",
	} {
		t.Run(args, func(t *testing.T) {
			if err := dispatch(t.Context(), &bytes.Buffer{}, append([]string{"flow"}, strings.Fields(args)...)); !errors.Is(err, errUsage) {
				t.Errorf("err = %v, want wrong usage", err)
			}
		})
	}
}

func TestFlowCommandsOfWhatIsNotThere(t *testing.T) {
	inFlows(t)
	for _, args := range []string{"lint nowhere.json", "lint golden/nothing", "test old", "run nowhere.json", "fmt nowhere", "price bad/broken.json", "graph nowhere.json",
		"convert good/menu.json", "bind --map nowhere.json good/menu.json", "bind --map map.json --strict bad/broken.json"} {
		t.Run(args, func(t *testing.T) {
			err := dispatch(t.Context(), &bytes.Buffer{}, append([]string{"flow"}, strings.Fields(args)...))
			if err == nil || errors.Is(err, errUsage) {
				t.Errorf("err = %v, want what is wrong", err)
			}
		})
	}
}

func TestAFormattedFlowStaysAsItIs(t *testing.T) {
	inFlows(t)
	dir := t.TempDir()
	data, err := os.ReadFile("good/menu.json")
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"bare.json":   compact.String(),
		"object.json": `{"Name":"menu","Content":` + compact.String() + `}`,
		"string.json": fmt.Sprintf(`{"Content":%q,"Name":"menu"}`, compact.String()),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{path + "\n", ""} {
			var out bytes.Buffer
			if err := dispatch(t.Context(), &out, []string{"flow", "fmt", "-l", "-w", path}); err != nil || out.String() != want {
				t.Errorf("%s, round %d: %q, %v", name, i, out.String(), err)
			}
		}
		var out bytes.Buffer
		if err := dispatch(t.Context(), &out, []string{"flow", "diff", "--exit-code", "good/menu.json", path}); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file's mode is another: %v", name, err)
		}
	}
	if have, err := os.ReadFile(filepath.Join(dir, "bare.json")); err != nil || !bytes.Equal(have, data) {
		t.Errorf("a flow that is written once more is another: %v", err)
	}
}

func TestACallInTheTerminal(t *testing.T) {
	inFlows(t)
	tests := []struct {
		golden, typed string
		args          []string
	}{
		{"run-queue.txt", "x\n1\n{\"days\":\"3\"}\n:vars\n\n", []string{"--language", "zh-CN", "good/menu.json"}},
		{"run-reply.txt", "1\n", []string{"--trace", "--function", `order-status={"days":"9"}`, "good/menu.json"}},
		{"run-hangup.txt", ":hangup\n", []string{"good/menu.json"}},
		{"run-wrong.txt", "7\n", []string{"good/menu.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			var out bytes.Buffer
			if err := runInTerminal(t.Context(), strings.NewReader(tt.typed), &out, tt.args); err != nil {
				t.Error(err)
			}
			golden(t, tt.golden, out.String())
		})
	}
}

// BenchmarkLintAndTest reads, lints and plays the stories of at least 130 flows,
// which are copies of the product's own.
func BenchmarkLintAndTest(b *testing.B) {
	const copies = 130
	dir := b.TempDir()
	flows, err := filepath.Glob("../../flows/*.json")
	if err != nil || len(flows) == 0 {
		b.Fatalf("no flows: %v", err)
	}
	stories, err := filepath.Glob("../../flows/*.txtar")
	if err != nil {
		b.Fatal(err)
	}
	made := 0
	for ; made < copies; made += len(flows) { // whole folders, as flows lead to each other
		folder := filepath.Join(dir, fmt.Sprintf("copy-%03d", made))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
		for _, path := range append(slices.Clone(flows), stories...) {
			data, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), data, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		began := time.Now()
		var out bytes.Buffer
		if err := dispatch(b.Context(), &out, []string{"flow", "lint", dir}); err != nil {
			b.Fatalf("%v\n%s", err, out.String())
		}
		linted := time.Now()
		if err := dispatch(b.Context(), &out, []string{"flow", "test", dir}); err != nil {
			b.Fatalf("%v\n%s", err, out.String())
		}
		b.ReportMetric(float64(made), "flows")
		b.ReportMetric(float64(linted.Sub(began).Milliseconds()), "lint-ms")
		b.ReportMetric(float64(time.Since(linted).Milliseconds()), "test-ms")
	}
}

// An exported test case names its flow by an ARN that means nothing here.
func TestAnExportedCaseIsPlayedWithTheFlowThatIsNamed(t *testing.T) {
	inFlows(t)
	folder := t.TempDir()
	for _, name := range []string{"menu.json", "three.json", "world.json"} {
		data, err := os.ReadFile(filepath.Join("cases", name))
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.Replace(data, []byte(`"FlowId": "menu"`), []byte(`"FlowId": "arn:aws:connect:eu-west-2:111122223333:instance/i/contact-flow/0f1e2d3c"`), 1)
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "three.json")
	if err := dispatch(t.Context(), &bytes.Buffer{}, []string{"flow", "test", path}); !errors.Is(err, errFound) {
		t.Errorf("without --flow: %v", err)
	}
	if err := dispatch(t.Context(), &bytes.Buffer{}, []string{"flow", "test", "--flow", "menu", path}); err != nil {
		t.Errorf("with --flow: %v", err)
	}
}
