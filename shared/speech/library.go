package speech

import (
	"context"
	"io/fs"
	"sync"

	"huawu/shared/fault"
)

// Library answers what a flow asks to be spoken: first from the stored prompts,
// then from a synthesizer. It is safe for use by several callers.
type Library struct {
	files     fs.FS
	catalogue *Catalogue
	decode    func([]byte) ([]int16, error)
	speak     Synthesizer

	mu     sync.Mutex
	loaded map[string][]int16 // by path below files
}

// NewLibrary reads the lists of prompts in files. decode turns a stored WAV
// into samples at Rate. speak may be nil: then only stored prompts are spoken.
func NewLibrary(files fs.FS, decode func([]byte) ([]int16, error), speak Synthesizer) (*Library, error) {
	catalogue, err := ReadCatalogue(files)
	if err != nil {
		return nil, err
	}
	return &Library{files: files, catalogue: catalogue, decode: decode, speak: speak, loaded: map[string][]int16{}}, nil
}

// Speak returns the samples of a text. A text that no prompt says, where there
// is no synthesizer, is fault.Unavailable with the remedy.
func (l *Library) Speak(ctx context.Context, text string, v Voice) ([]int16, error) {
	if p, ok := l.catalogue.ByText(v.Language, text); ok {
		if pcm, err := l.load(p.Path()); err == nil {
			return pcm, nil
		}
		text = p.Say
	}
	if l.speak == nil {
		return nil, fault.New(fault.Unavailable, "text is no stored prompt and no speech synthesizer is there (install espeak-ng)")
	}
	return l.speak.Speak(ctx, text, v)
}

// Prompt returns the samples of a stored prompt by its name: that of the
// language, else the one every language shares (folder "common": music, tones).
func (l *Library) Prompt(id, language string) ([]int16, error) {
	if p, ok := l.catalogue.ByID(language, id); ok {
		return l.load(p.Path())
	}
	shared := Prompt{ID: id, Language: "common"}.Path()
	if !fs.ValidPath(shared) {
		return nil, fault.New(fault.Invalid, "prompt name %q", id)
	}
	return l.load(shared)
}

func (l *Library) load(path string) ([]int16, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pcm, ok := l.loaded[path]; ok {
		return pcm, nil
	}
	raw, err := fs.ReadFile(l.files, path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "stored prompt")
	}
	pcm, err := l.decode(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "stored prompt %s", path)
	}
	l.loaded[path] = pcm
	return pcm, nil
}
