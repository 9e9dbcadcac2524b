package flows

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"huawu/mediarelay/prompts"
	"huawu/shared/flow"
	"huawu/shared/speech"
)

func catalogue(t *testing.T) (fs.FS, *speech.Catalogue) {
	t.Helper()
	files, err := fs.Sub(Prompts, "prompts")
	if err != nil {
		t.Fatal(err)
	}
	c, err := speech.ReadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	return files, c
}

// A newcomer without espeak-ng hears the whole demo.
func TestEveryTextOfTheDemoFlowsIsAStoredPrompt(t *testing.T) {
	_, c := catalogue(t)
	found, seen := false, 0
	for _, f := range Demo() {
		parsed, err := flow.Parse(f.Document)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range parsed.Actions {
			var parameters any
			if err := json.Unmarshal(a.Parameters, &parameters); a.Parameters != nil && err != nil {
				t.Fatal(err)
			}
			for _, text := range texts(parameters) {
				found, seen = false, seen+1
				for _, language := range []string{"zh-CN", "en"} {
					_, ok := c.ByText(language, text)
					found = found || ok
				}
				if !found {
					t.Errorf("%s: action %s says %q, which is no stored prompt: add it to a list and run make prompts", f.ID, a.Identifier, text)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d texts were looked at", seen)
	}
}

// texts returns every "Text" of an action's parameters, however deep.
func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if s, ok := value.(string); ok && key == "Text" {
				all = append(all, s)
				continue
			}
			all = append(all, texts(value)...)
		}
	case []any:
		for _, value := range v {
			all = append(all, texts(value)...)
		}
	}
	return all
}

func TestEveryPromptHasAudioInEveryLanguage(t *testing.T) {
	files, c := catalogue(t)
	byLanguage := map[string][]string{}
	for _, p := range c.All() {
		if p.ID != "hint" { // said in English to everybody
			byLanguage[p.Language] = append(byLanguage[p.Language], p.ID)
		}
		raw, err := fs.ReadFile(files, p.Path())
		if err != nil {
			t.Errorf("%s: %v; run make prompts", p.Path(), err)
			continue
		}
		pcm, err := prompts.Decode(raw)
		if err != nil || len(pcm) < speech.Rate/2 {
			t.Errorf("%s: %d samples, %v", p.Path(), len(pcm), err)
		}
	}
	for language, ids := range byLanguage {
		slices.Sort(ids)
		want := byLanguage["zh-CN"]
		slices.Sort(want)
		if !slices.Equal(ids, want) {
			t.Errorf("%s has prompts %s, zh-CN has %s", language, strings.Join(ids, " "), strings.Join(want, " "))
		}
	}
	if len(byLanguage) != len(speech.Supported()) {
		t.Errorf("prompts in %d languages, want %d", len(byLanguage), len(speech.Supported()))
	}
}
