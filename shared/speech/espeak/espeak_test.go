package espeak

import (
	"strings"
	"testing"

	"huawu/shared/fault"
	"huawu/shared/speech"
)

// What a prompt sounds like is compared by phonemes: a wrong reading is as loud
// as a right one.
func TestReadsEachLanguageAsItsOwn(t *testing.T) {
	s, err := Find()
	if err != nil {
		t.Fatalf("%v; run make deps", err)
	}
	tests := []struct {
		name, language, text string
		want                 []string // sounds in order
		never                string
	}{
		{"hanzi are read as pinyin", "zh-CN", "您好，按一", []string{"n'i", "X'Au", "'a", "j'i"}, "(en)"},
		{"hanzi as English are what the plain voice would do", "zh-CN", "你好", []string{"n'i", "X'Au"}, "Tr'i:"},
		{"English", "en-US", "hello", []string{"h@l'oU"}, ""},
		{"kana", "ja-JP", "こんにちは", []string{"k,on", "it"}, "tS'aIn"},
		{"hangul", "ko-KR", "안녕", []string{"'ann", "j@N"}, "(en)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.Phonemes(t.Context(), tt.text, speech.Voice{Language: tt.language})
			if err != nil {
				t.Fatal(err)
			}
			rest := got
			for _, sound := range tt.want {
				_, after, ok := strings.Cut(rest, sound)
				if !ok {
					t.Fatalf("%q is read %q: no %q", tt.text, got, sound)
				}
				rest = after
			}
			if tt.never != "" && strings.Contains(got, tt.never) {
				t.Errorf("%q is read %q", tt.text, got)
			}
		})
	}
}

func TestRefusesWhatItCannotRead(t *testing.T) {
	s, err := Find()
	if err != nil {
		t.Fatalf("%v; run make deps", err)
	}
	for name, v := range map[string][2]string{"kanji": {"ja-JP", "東京へ"}, "a language without a voice": {"xx", "hello"}} {
		if _, err := s.Speak(t.Context(), v[1], speech.Voice{Language: v[0]}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: err = %v, want invalid", name, err)
		}
	}
}

func TestSpeaksAtTheTelephonesRate(t *testing.T) {
	s, err := Find()
	if err != nil {
		t.Fatalf("%v; run make deps", err)
	}
	pcm, err := s.Speak(t.Context(), "one two three four five", speech.Voice{Language: "en-US"})
	if err != nil {
		t.Fatal(err)
	}
	if seconds := float64(len(pcm)) / speech.Rate; seconds < 0.8 || seconds > 4 {
		t.Errorf("five words take %.1f s", seconds)
	}
}
