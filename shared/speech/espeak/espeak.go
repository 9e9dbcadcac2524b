// Package espeak speaks by the program espeak-ng (Debian package espeak-ng). It
// decides which of its voices reads a language correctly, and refuses what none
// of them can read; keeping the result is left to speech.Cached.
package espeak

import (
	"bytes"
	"context"
	"encoding/binary"
	"os/exec"
	"strings"
	"unicode"

	"huawu/mediarelay/media/wav"
	"huawu/shared/fault"
	"huawu/shared/speech"
)

// Synthesizer is a speech.Synthesizer over one installed espeak-ng.
type Synthesizer struct {
	program string
}

// Find returns a synthesizer, or fault.Unavailable with the remedy where
// espeak-ng is not installed.
func Find() (*Synthesizer, error) {
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "espeak-ng is not installed (apt-get install espeak-ng)")
	}
	return &Synthesizer{program: program}, nil
}

// voice returns espeak-ng's voice for a language. Its plain "zh" and "cmn" read
// characters as English; the pinyin voice reads them as they are.
func voice(language string) (string, bool) {
	switch speech.Folder(language) {
	case "zh-CN":
		return "cmn-latn-pinyin", true
	case "en":
		if strings.EqualFold(language, "en-GB") {
			return "en-gb", true
		}
		return "en-us", true
	case "ja":
		return "ja", true
	case "ko":
		return "ko", true
	}
	return "", false
}

// Speak makes 8 kHz samples of a text. Japanese must be kana: espeak-ng reads a
// kanji as the words "Chinese letter", so a text with one is fault.Invalid.
func (s *Synthesizer) Speak(ctx context.Context, text string, v speech.Voice) ([]int16, error) {
	wave, err := s.run(ctx, text, v, "--stdout", "-s", "155")
	if err != nil {
		return nil, err
	}
	pcm, rate, err := samples(wave)
	if err != nil {
		return nil, err
	}
	return wav.Resample(pcm, rate, speech.Rate), nil
}

// Phonemes returns how espeak-ng would read a text, in its own notation. Tests
// compare it, since loudness says nothing of a wrong reading.
func (s *Synthesizer) Phonemes(ctx context.Context, text string, v speech.Voice) (string, error) {
	out, err := s.run(ctx, text, v, "-q", "-x")
	return strings.Join(strings.Fields(string(out)), " "), err
}

func (s *Synthesizer) run(ctx context.Context, text string, v speech.Voice, args ...string) ([]byte, error) {
	name, ok := voice(v.Language)
	if !ok {
		return nil, fault.New(fault.Invalid, "espeak-ng: no voice for language %q", v.Language)
	}
	if name == "ja" && strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return nil, fault.New(fault.Invalid, "espeak-ng: Japanese text holds kanji, which it cannot read; add its kana to the prompt list")
	}
	cmd := exec.CommandContext(ctx, s.program, append(args, "-v", name, "--stdin")...)
	cmd.Stdin = strings.NewReader(text)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "espeak-ng: %s", strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// samples reads the WAV that espeak-ng writes to a pipe: 16-bit, one channel,
// with a data size that means nothing because it was written before the end.
func samples(wave []byte) (pcm []int16, rate int, err error) {
	const header = 44
	if len(wave) < header || string(wave[:4]) != "RIFF" || string(wave[36:40]) != "data" || binary.LittleEndian.Uint16(wave[34:]) != 16 {
		return nil, 0, fault.New(fault.Internal, "espeak-ng: output is not the WAV it used to be")
	}
	rate = int(binary.LittleEndian.Uint32(wave[24:]))
	if rate < 1000 || rate > 192000 {
		return nil, 0, fault.New(fault.Internal, "espeak-ng: sample rate %d", rate)
	}
	data := wave[header:]
	pcm = make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm, rate, nil
}
