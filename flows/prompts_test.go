package flows

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

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
			for _, text := range spoken(parameters) {
				found, seen = false, seen+1
				for _, language := range speech.Supported() {
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

// spoken returns every "Text" and "SSML" of an action's parameters, however deep.
func spoken(v any) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if s, ok := value.(string); ok && (key == "Text" || key == "SSML") {
				all = append(all, s)
				continue
			}
			all = append(all, spoken(value)...)
		}
	case []any:
		for _, value := range v {
			all = append(all, spoken(value)...)
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

// textLists reads the lists of texts that the synthesizer speaks; they are
// written like those of the stored prompts.
func textLists(t *testing.T) *speech.Catalogue {
	t.Helper()
	lists, err := filepath.Glob("prompts/*/texts.txt")
	if err != nil || len(lists) != len(speech.Supported()) {
		t.Fatalf("texts in %d languages, want %d: %v", len(lists), len(speech.Supported()), err)
	}
	files := fstest.MapFS{}
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		files[path.Join(filepath.Base(filepath.Dir(list)), speech.CatalogueFile)] = &fstest.MapFile{Data: data}
	}
	c, err := speech.ReadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// saysAny returns what the flows of the folder say.
func saysAny(t *testing.T) map[string][]string {
	t.Helper()
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{} // text → where
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := flow.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range f.Actions {
			var parameters any
			if err := json.Unmarshal(a.Parameters, &parameters); a.Parameters != nil && err != nil {
				t.Fatal(err)
			}
			for _, text := range spoken(parameters) {
				said[text] = append(said[text], name+": action "+a.Identifier)
			}
		}
	}
	return said
}

// Who wants a flow in another language finds each of its texts translated.
func TestEveryTextOfEveryFlowIsInTheLists(t *testing.T) {
	_, stored := catalogue(t)
	said, list := saysAny(t), textLists(t)
	listed, byLanguage := map[string]bool{}, map[string][]string{}
	for _, p := range append(stored.All(), list.All()...) {
		listed[p.Text] = true
	}
	for text, where := range said {
		if !listed[text] {
			t.Errorf("%s says %q, which is in no list", where[0], text)
		}
	}
	for _, p := range list.All() {
		if (p.Language == "zh-CN" || p.Language == "en") && said[p.Text] == nil {
			t.Errorf("%s: no flow says %s", p.Language, p.ID)
		}
		if p.ID != "hotline-hint" { // said to all callers, by each language for itself
			byLanguage[p.Language] = append(byLanguage[p.Language], p.ID)
		}
	}
	for language, ids := range byLanguage {
		if !slices.Equal(ids, byLanguage["zh-CN"]) {
			t.Errorf("%s has texts %s, zh-CN has %s", language, strings.Join(ids, " "), strings.Join(byLanguage["zh-CN"], " "))
		}
	}
}
