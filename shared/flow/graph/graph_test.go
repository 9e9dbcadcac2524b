package graph

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"huawu/shared/flow"
)

var update = flag.Bool("update", false, "write the golden files")

func hotline(t testing.TB) *flow.Flow {
	t.Helper()
	data, err := os.ReadFile("../lint/testdata/hotline.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, have []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, have, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Errorf("%s is another; run with -update and look at the difference", name)
	}
}

func TestDrawings(t *testing.T) {
	golden(t, "hotline.mmd", []byte(Mermaid(hotline(t), nil)))
	golden(t, "hotline.svg", SVG(hotline(t), nil))
}

// wellFormed reads an SVG to its end.
func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("SVG: %v", err)
		}
	}
}

func TestNoTwoBlocksStandOnEachOther(t *testing.T) {
	f := hotline(t)
	l := arrange(f, links(f))
	seen := map[[2]int]string{}
	width, height := l.size()
	for i, a := range f.Actions {
		x, y := l.corner(i)
		if other, ok := seen[[2]int{x, y}]; ok {
			t.Errorf("%s stands on %s", a.Identifier, other)
		}
		seen[[2]int{x, y}] = a.Identifier
		if x < 0 || y < 0 || x+boxWidth > width || y+boxHeight > height {
			t.Errorf("%s stands outside", a.Identifier)
		}
	}
	for i, k := range links(f) {
		if !l.back[i] && !k.failure && len(l.via[i]) != l.layer[k.to]-l.layer[k.from]-1 {
			t.Errorf("%s to %s passes %d points", f.Actions[k.from].Identifier, f.Actions[k.to].Identifier, len(l.via[i]))
		}
		if !l.back[i] && l.layer[k.to] <= l.layer[k.from] {
			t.Errorf("%s leads up to %s", f.Actions[k.from].Identifier, f.Actions[k.to].Identifier)
		}
	}
}

func TestHostileNamesAreText(t *testing.T) {
	f := hotline(t)
	f.Name = `</title><script>alert(1)</script>`
	f.Actions[0].Identifier = `"]; click n0 "javascript:x" <b>`
	f.StartAction = f.Actions[0].Identifier
	svg := SVG(f, nil)
	wellFormed(t, svg)
	if strings.Contains(string(svg), "<script") {
		t.Error("a name became a script")
	}
	if m := Mermaid(f, nil); strings.Contains(m, `<b>`) || strings.Contains(m, `"]; click`) {
		t.Error("a name became mermaid")
	}
}

func FuzzDraw(f *testing.F) {
	f.Add([]byte(`{"StartAction":"a","Actions":[{"Identifier":"a","Type":"Compare","Transitions":{"Conditions":[{"NextAction":"c","Condition":{"Operator":"Equals","Operands":["1"]}}],"Errors":[{"NextAction":"b","ErrorType":"NoMatchingCondition"}]}},{"Identifier":"b","Transitions":{"NextAction":"c"}},{"Identifier":"c"}]}`))
	f.Add([]byte(`{"Actions":[{"Identifier":"a","Transitions":{"NextAction":"a"}},{"Identifier":"a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		flow, err := flow.Parse(data)
		if err != nil {
			return
		}
		wellFormed(t, SVG(flow, nil))
		Mermaid(flow, nil)
	})
}

func TestTrafficIsDrawn(t *testing.T) {
	f := &flow.Flow{StartAction: "a", Actions: []flow.Action{
		{Identifier: "a", Type: "MessageParticipant", Transitions: flow.Transitions{NextAction: "b", Errors: []flow.ErrorBranch{{NextAction: "c", ErrorType: flow.NoMatchingError}}}},
		{Identifier: "b", Type: "DisconnectParticipant"}, {Identifier: "c", Type: "EndFlowExecution"}}}
	traffic := &Traffic{Blocks: map[string]string{"a": "12 in, 3 hung up, 4.5 s"}, Taken: map[[2]string]int{{"a", "b"}: 9}, Calls: 12}
	svg := SVG(f, traffic)
	wellFormed(t, svg)
	for _, want := range []string{"12 in, 3 hung up, 4.5 s", "9 ×", `stroke-width="4.8"`} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the picture has no %q", want)
		}
	}
	text := Mermaid(f, traffic)
	for _, want := range []string{"<b>12 in, 3 hung up, 4.5 s</b>", `n0 ==>|"9 ×"| n1`, "n0 -.->"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nhas no %q", text, want)
		}
	}
}
