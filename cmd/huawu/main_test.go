package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"strings"
	"testing"

	"huawu/localstack/onebox"
)

func TestWrongUsageIsToldAndEndsWithTwo(t *testing.T) {
	tests := []struct {
		name string
		args []string
	}{
		{"an unknown command", []string{"dance"}},
		{"half a command", []string{"call"}},
		{"an unknown flag", []string{"contact", "list", "--nope"}},
		{"too few arguments", []string{"recording", "export", "id"}},
		{"too many arguments", []string{"up", "now"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := dispatch(t.Context(), &bytes.Buffer{}, tt.args); !errors.Is(err, errUsage) {
				t.Errorf("err = %v, want wrong usage", err)
			}
		})
	}
}

func TestHelpListsEveryCommandAndIsNoError(t *testing.T) {
	var out bytes.Buffer
	if err := dispatch(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		if !strings.Contains(out.String(), "huawu "+joined(c.words)) {
			t.Errorf("help does not name %q", joined(c.words))
		}
		if err := c.run(t.Context(), &out, []string{"-h"}); err != nil && !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s -h: %v", joined(c.words), err)
		}
	}
}

func TestUpNamesEveryWrongFlagAtOnce(t *testing.T) {
	err := dispatch(t.Context(), &bytes.Buffer{}, []string{"up", "--http", "8080", "--rtp", "9-8", "--ports", "some", "-o", "xml", "--durability", "hope", "--ring-seconds", "0"})
	if err == nil {
		t.Fatal("want an error")
	}
	for _, name := range []string{"--http", "--rtp", "--ports", "-o", "--durability", "--ring-seconds"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

func TestCommandsSayWhereNoCentreRuns(t *testing.T) {
	for _, args := range [][]string{
		{"call", "demo", "--data", t.TempDir()}, {"contact", "list", "--data", t.TempDir()}, {"recording", "export", "--data", t.TempDir(), "x", "y.wav"},
	} {
		if err := dispatch(t.Context(), &bytes.Buffer{}, args); !errors.Is(err, onebox.ErrNotRunning) {
			t.Errorf("%v: err = %v, want that no centre runs", args, err)
		}
	}
}

func TestNumbersOnATerminalAreMasked(t *testing.T) {
	if got := masked("+8613800135678"); got != "+86138****5678" {
		t.Errorf("masked = %q", got)
	}
}

func TestMusicLoopsWithoutASeam(t *testing.T) {
	pcm := music(1)
	step := func(a, b int16) int { return max(int(a)-int(b), int(b)-int(a)) }
	most := 0
	for i := 1; i < len(pcm); i++ {
		most = max(most, step(pcm[i-1], pcm[i]))
	}
	if seam := step(pcm[len(pcm)-1], pcm[0]); seam > most {
		t.Errorf("step at the seam %d, elsewhere at most %d", seam, most)
	}
}

func TestAProblemNamesEveryWrongField(t *testing.T) {
	var p problem
	if err := json.Unmarshal([]byte(`{"detail":"validation failed","errors":[{"location":"path.id","message":"expected a UUID","value":"nope"}]}`), &p); err != nil {
		t.Fatal(err)
	}
	if got, want := p.text(), "validation failed; path.id: expected a UUID"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
