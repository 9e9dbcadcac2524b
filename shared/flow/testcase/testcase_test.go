package testcase

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

var update = flag.Bool("update", false, "write what came out as golden files")

// world is what the cases of testdata run in: our demo and the flows of testdata.
func world(t testing.TB) World {
	t.Helper()
	w := World{Language: "zh-CN", Flows: map[string]*interp.Program{}, Start: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC),
		Queues:    map[string]interp.Queue{"service": {ID: "service", Name: "客服 Service"}, "tests": {ID: "tests", Name: "Test queue"}},
		Functions: map[string]json.RawMessage{"find-customer-test": json.RawMessage(`{"name":"Mr Wu","level":"1"}`)},
		Understand: func(bot, text string) (json.RawMessage, bool) {
			return json.RawMessage(`{"SessionState":{"Intent":{"Name":"Noise"}}}`), strings.HasSuffix(bot, "/TEST") && strings.Contains(text, "noise")
		}}
	paths, err := filepath.Glob("testdata/flows/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../../../flows/demo.json", "../../../flows/queue.json") {
		f, err := flow.Parse(read(t, path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		id := strings.TrimSuffix(filepath.Base(path), ".json")
		if w.Flows[id], err = interp.Compile(id, f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return w
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with testdata/golden/<name>.
func golden(t *testing.T, name, have string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, path)); have != want {
		t.Errorf("%s: have\n%s\nwant\n%s", name, have, want)
	}
}

// TestCases runs every case of testdata; those that have to fail are named so.
func TestCases(t *testing.T) {
	w := world(t)
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			data := read(t, path)
			if !Looks(data) {
				t.Error("it does not look like a test case")
			}
			c, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			r := c.Run("", w)
			if r.Passed == strings.HasPrefix(name, "fails-") {
				t.Errorf("passed is %t: %s", r.Passed, r.Failures())
			}
			golden(t, name+".txt", r.String())
		})
	}
}

// TestBad refuses what is wrong, by observation, action and field.
func TestBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	var b strings.Builder
	for _, path := range paths {
		_, err := Parse(read(t, path))
		if err == nil {
			t.Errorf("%s is not refused", path)
			continue
		}
		b.WriteString(strings.TrimSuffix(filepath.Base(path), ".json") + ": " + err.Error() + "\n")
	}
	golden(t, "bad.txt", b.String())
}

func TestLikeness(t *testing.T) {
	tests := []struct {
		name, a, b string
		alike      bool
	}{
		{"the same words with other punctuation", "Press 1, for sales!", "press 1 for Sales", true},
		{"a part of it", "repair service", "Welcome to the repair service.", true},
		{"another order of words", "For repairs, press two", "Press two for repairs", true},
		{"markup does not count", "<speak>Good <break/>morning</speak>", "Good morning", true},
		{"Chinese", "人工服务请按1", "人工服务请按一", true},
		{"other words", "Your order has been shipped", "All lines are busy", false},
		{"a short text within a long one", "no", "not now", false},
		{"nothing", "", "Hello", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := likeness(tt.a, tt.b); got >= likeEnough != tt.alike {
				t.Errorf("likeness is %.2f", got)
			}
		})
	}
}

func TestAFlowThatIsNotThere(t *testing.T) {
	c, err := Parse(read(t, "testdata/cases/demo-queue.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Run("demos", world(t))
	if got := strings.Join(r.Failures(), "\n"); r.Passed || !strings.HasPrefix(got, `there is no flow "demos"; did you mean "demo"?`) {
		t.Errorf("failures: %s", got)
	}
}

// TestRunTwice keeps a case and a world as they are.
func TestRunTwice(t *testing.T) {
	w := world(t)
	c, err := Parse(read(t, "testdata/cases/whole-call.json"))
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.Run("", w), c.Run("", w)
	if first.String() != second.String() {
		t.Errorf("first\n%s\nsecond\n%s", first.String(), second.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/cases/*.json", "testdata/bad/*.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			f.Add(read(f, path))
		}
	}
	w := world(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		if r := c.Run("repair", w); r.End == "" || len(r.Observations) != len(c.Observations) {
			t.Errorf("%+v", r)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	w := world(b)
	c, err := Parse(read(b, "testdata/cases/whole-call.json"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r := c.Run("", w); !r.Passed {
			b.Fatal(r.Failures())
		}
	}
}

func TestLooks(t *testing.T) {
	tests := []struct {
		name, path string
		want       bool
	}{
		{"a test case", "testdata/cases/closed.json", true},
		{"a test case in text", "testdata/cases/described.json", true},
		{"a flow", "testdata/flows/repair.json", false},
		{"our demo", "../../../flows/demo.json", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Looks(read(t, tt.path)); got != tt.want {
				t.Errorf("Looks = %t", got)
			}
		})
	}
}

func TestChat(t *testing.T) {
	c, err := Parse([]byte(`{"Version": "2019-10-30", "Name": "by chat", "EntryPoint": {"Type": "CHAT", "ChatEntryPointParameters": {"FlowId": "repair"}},
		"Observations": [{"Identifier": "any", "Event": {"Type": "MessageReceived"}, "Usage": {"Type": "ANY"}, "Actions": [
			{"Id": "channel", "Type": "Assert", "Parameters": {"Namespace": "$.Channel", "Operator": "Equals", "Operand": "CHAT"}},
			{"Id": "end", "Type": "TestControl", "Parameters": {"Command": {"Type": "EndTest"}}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Run("", world(t)); !r.Passed || r.Name != "by chat" || r.Observations[0].Times != 1 {
		t.Errorf("result: %s", r.String())
	}
}
