package speech

import (
	"bufio"
	"context"
	"io/fs"
	"path"
	"strings"

	"huawu/shared/fault"
)

// CatalogueFile is the name of the list of prompts in a language's folder.
const CatalogueFile = "prompts.txt"

// Prompt is a text that is kept as audio. ID names it in flows ("welcome").
type Prompt struct {
	ID       string
	Language string // folder name: zh-CN, en, ja, ko
	Text     string // as shown and as flows say it
	Say      string // as spoken, where the synthesizer reads Text wrongly (kana for ja); else equal to Text
}

// Path returns where the prompt's audio lies below the prompts folder.
func (p Prompt) Path() string { return path.Join(p.Language, p.ID+".wav") }

// Catalogue finds prompts by what a flow says.
type Catalogue struct {
	prompts []Prompt
	byText  map[string]int // folder + hash of the text
	byID    map[string]int // folder/id
}

// ReadCatalogue reads <language>/prompts.txt of every folder in files. Each line is
// "id: text", or "id: text | spoken form"; blank lines and lines that start
// with "#" count for nothing. A wrong line is fault.Invalid and named.
func ReadCatalogue(files fs.FS) (*Catalogue, error) {
	c := &Catalogue{byText: map[string]int{}, byID: map[string]int{}}
	lists, err := fs.Glob(files, "*/"+CatalogueFile)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "find prompt lists")
	}
	for _, list := range lists {
		if err := c.read(files, list); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalogue) read(files fs.FS, list string) error {
	f, err := files.Open(list)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "open prompt list")
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, rest, ok := strings.Cut(line, ":")
		text, say, spoken := strings.Cut(rest, "|")
		p := Prompt{ID: strings.TrimSpace(id), Language: path.Dir(list), Text: strings.TrimSpace(text), Say: strings.TrimSpace(say)}
		if !spoken {
			p.Say = p.Text
		}
		if !ok || p.ID == "" || p.Text == "" || p.Say == "" || strings.ContainsAny(p.ID, `/\ `) {
			return fault.New(fault.Invalid, "%s:%d: want \"id: text\" or \"id: text | spoken form\"", list, n)
		}
		if _, twice := c.byID[p.Language+"/"+p.ID]; twice {
			return fault.New(fault.Invalid, "%s:%d: prompt %q is there twice", list, n, p.ID)
		}
		c.add(p)
	}
	return fault.Wrap(fault.Invalid, lines.Err(), "read %s", list)
}

func (c *Catalogue) add(p Prompt) {
	c.byID[p.Language+"/"+p.ID] = len(c.prompts)
	c.byText[p.Language+"/"+Hash(p.Text, Voice{})] = len(c.prompts)
	c.prompts = append(c.prompts, p)
}

// All returns every prompt in the order of its list.
func (c *Catalogue) All() []Prompt { return c.prompts }

// ByText finds the prompt that says text in a language ("zh-CN", "en-GB").
func (c *Catalogue) ByText(language, text string) (Prompt, bool) {
	return c.at(c.byText, Folder(language)+"/"+Hash(text, Voice{}))
}

// ByID finds a prompt by its name in a language.
func (c *Catalogue) ByID(language, id string) (Prompt, bool) {
	return c.at(c.byID, Folder(language)+"/"+id)
}

func (c *Catalogue) at(index map[string]int, key string) (Prompt, bool) {
	i, ok := index[key]
	if !ok {
		return Prompt{}, false
	}
	return c.prompts[i], true
}

// Make speaks one prompt by s.
func (p Prompt) Make(ctx context.Context, s Synthesizer) ([]int16, error) {
	return s.Speak(ctx, p.Say, Voice{Language: p.Language})
}
