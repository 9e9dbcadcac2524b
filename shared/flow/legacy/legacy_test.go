package legacy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huawu/shared/fault"
	"huawu/shared/flow"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/legacy"
	"huawu/shared/flow/story"
)

var update = flag.Bool("update", false, "write the golden files")

// TestConvert compares what our own older flows become with golden files, and
// runs each of their branches.
func TestConvert(t *testing.T) {
	for _, name := range []string{"contact", "queue"} {
		t.Run(name, func(t *testing.T) {
			f, err := legacy.Convert(document(t, name))
			if err != nil {
				t.Fatal(err)
			}
			out, err := flow.Export(f)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden.json", out)
			p, err := interp.Compile(name, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range story.Explore(p, 300) {
				if path.Err != nil {
					t.Fatalf("%v, on the way %v", path.Err, path.Branches)
				}
			}
		})
	}
}

func document(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	var text bytes.Buffer
	if err := json.Indent(&text, have, "", " "); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("%s differs; run with -update to see how", file)
	}
}

func TestEveryModuleIsInADocument(t *testing.T) {
	all := string(document(t, "contact")) + string(document(t, "queue"))
	for _, module := range legacy.Modules() {
		kind, target, _ := strings.Cut(strings.TrimSuffix(module, ")"), " (")
		if !strings.Contains(all, `"type": "`+kind+`"`) || target != "" && !strings.Contains(all, `"target": "`+target+`"`) {
			t.Errorf("no document has a module %s", module)
		}
	}
}

func TestConvertReadsWrappers(t *testing.T) {
	doc := document(t, "queue")
	text, err := json.Marshal(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrapped := range []string{`{"Name":"x","Content":` + string(doc) + `}`, `{"Content":` + string(text) + `}`, "\xef\xbb\xbf" + string(doc)} {
		if f, err := legacy.Convert([]byte(wrapped)); err != nil || len(f.Actions) != 3 || f.Type != flow.CustomerQueue {
			t.Errorf("%v", err)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"today's format", `{"Version":"2019-10-30","Actions":[]}`, "today's format"},
		{"a module nobody knows", `{"modules":[{"id":"m1","type":"Dance"}]}`, `module 0 (m1): type: there is no module "Dance"`},
		{"a target nobody knows", `{"modules":[{"id":"m1","type":"Transfer","target":"Moon"}]}`, `there is no module "Transfer" with target "Moon"`},
		{"a condition nobody knows", `{"modules":[{"id":"m1","type":"Disconnect","branches":[{"condition":"Perhaps"}]}]}`, `branches: there is no condition "Perhaps"`},
		{"a comparison nobody knows", `{"modules":[{"id":"m1","type":"CheckAttribute","branches":[{"condition":"Evaluate","conditionType":"Like"}]}]}`, `branches: there is no conditionType "Like"`},
		{"broken", `{"modules":`, "line 1"},
		{"no list", `{"modules":5}`, "legacy flow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := legacy.Convert([]byte(tt.in)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("have %v\nwant %s", err, tt.want)
			}
		})
	}
}

// FuzzConvert checks that what is converted can be read again.
func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"modules":[{"id":"m1","type":"PlayPrompt","branches":[{"condition":"Success","transition":"m1"}],"parameters":[{"name":"Text","value":"x","namespace":"System"}]}],"start":"m1","metadata":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		one, err := legacy.Convert(data)
		if err != nil {
			return
		}
		out, err := flow.Export(one)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := flow.Parse(out); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	})
}
