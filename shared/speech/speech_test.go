package speech

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"huawu/shared/fault"
)

func TestCatalogueNamesTheWrongLine(t *testing.T) {
	tests := []struct{ name, list, want string }{
		{"a line without a colon", "welcome hello", "zh-CN/prompts.txt:1"},
		{"a line without a text", "# list\nwelcome:", "zh-CN/prompts.txt:2"},
		{"an empty spoken form", "welcome: a |", "zh-CN/prompts.txt:1"},
		{"a name with a slash", "../etc: a", "zh-CN/prompts.txt:1"},
		{"the same name twice", "a: x\na: y", "zh-CN/prompts.txt:2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadCatalogue(fstest.MapFS{"zh-CN/prompts.txt": {Data: []byte(tt.list)}})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want invalid naming %s", err, tt.want)
			}
		})
	}
}

type fake struct{ said []string }

func (f *fake) Speak(_ context.Context, text string, _ Voice) ([]int16, error) {
	f.said = append(f.said, text)
	return []int16{1, 2, 3}, nil
}

func TestLibrarySpeaksFromStoreThenBySynthesizer(t *testing.T) {
	files := fstest.MapFS{
		"ja/prompts.txt":  {Data: []byte("welcome: 日本語 | にほんご\nlater: 後で | あとで\n")},
		"ja/welcome.wav":  {Data: []byte("7")},
		"common/hold.wav": {Data: []byte("9")},
	}
	decode := func(b []byte) ([]int16, error) { return []int16{int16(b[0])}, nil }
	synth := &fake{}
	lib, err := NewLibrary(files, decode, synth)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := lib.Speak(t.Context(), " 日本語\n", Voice{Language: "ja-JP"})
	if err != nil || len(pcm) != 1 || pcm[0] != '7' || synth.said != nil {
		t.Errorf("stored prompt: %v %v, synthesizer said %v", pcm, err, synth.said)
	}
	if _, err := lib.Speak(t.Context(), "後で", Voice{Language: "ja-JP"}); err != nil || synth.said[0] != "あとで" {
		t.Errorf("a prompt without audio must be spoken by its kana; said %v, %v", synth.said, err)
	}
	if pcm, err := lib.Prompt("hold", "ja-JP"); err != nil || pcm[0] != '9' {
		t.Errorf("shared prompt: %v %v", pcm, err)
	}
	if _, err := lib.Prompt("../../etc/passwd", "ja-JP"); err == nil {
		t.Error("a prompt name must not leave the folder")
	}
}

func TestCachedAsksOnce(t *testing.T) {
	synth := &fake{}
	c := Cached{From: synth, Dir: t.TempDir()}
	for range 3 {
		pcm, err := c.Speak(t.Context(), "hello", Voice{Language: "en-US"})
		if err != nil || len(pcm) != 3 || pcm[2] != 3 {
			t.Fatalf("Speak = %v, %v", pcm, err)
		}
	}
	if len(synth.said) != 1 {
		t.Errorf("synthesizer was asked %d times, want 1", len(synth.said))
	}
}
