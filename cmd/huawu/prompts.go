package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"huawu/mediarelay/media/g711"
	"huawu/mediarelay/media/wav"
	"huawu/shared/speech"
	"huawu/shared/speech/espeak"
)

// promptsMake speaks every text of the lists in a folder that has no audio yet.
func promptsMake(ctx context.Context, out io.Writer, args []string) error {
	f := flags("prompts make", "[--force] DIR")
	force := f.Bool("force", false, "speak those that have audio already, too")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	dir := f.Arg(0)
	list, err := speech.ReadCatalogue(os.DirFS(dir))
	if err != nil {
		return err
	}
	voice, err := espeak.Find()
	if err != nil {
		return err
	}
	made := 0
	for _, p := range list.All() {
		name := filepath.Join(dir, filepath.FromSlash(p.Path()))
		if !*force && exists(name) {
			continue
		}
		pcm, err := p.Make(ctx, voice)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path(), err)
		}
		if err := writePrompt(name, pcm); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s  %.1f s  %s\n", p.Path(), float64(len(pcm))/speech.Rate, p.Text)
		made++
	}
	common := map[string][]int16{"queue-music": music(1), "hold-music": music(0.75), "ringback": ringback(), "beep": beep()}
	for id, pcm := range common {
		name := filepath.Join(dir, "common", id+".wav")
		if !*force && exists(name) {
			continue
		}
		if err := writePrompt(name, pcm); err != nil {
			return err
		}
		made++
	}
	fmt.Fprintf(out, "%d of %d prompts made\n", made, len(list.All())+len(common))
	return nil
}

// ringback is what a caller hears while it rings at the other end: 450 Hz, one
// second on and four off (YD/T 1071, China).
func ringback() []int16 {
	pcm := make([]int16, 5*speech.Rate)
	for n := range pcm[:speech.Rate] {
		pcm[n] = int16(3000 * math.Sin(2*math.Pi*450*float64(n)/speech.Rate))
	}
	return pcm
}

// beep is after what somebody is to speak: 1,000 Hz for most of a second.
func beep() []int16 {
	pcm := make([]int16, speech.Rate*8/10)
	for n := range pcm {
		pcm[n] = int16(6000 * math.Sin(2*math.Pi*1000*float64(n)/speech.Rate))
	}
	return pcm
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// writePrompt stores samples as μ-law, half the size and all a telephone carries.
func writePrompt(name string, pcm []int16) error {
	data := g711.EncodeMuTo(nil, pcm)
	file := append(wav.Header(wav.MuLaw, speech.Rate, 1, uint32(len(data))), data...)
	if len(data)%2 == 1 {
		file = append(file, 0)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, file, 0o644)
}
