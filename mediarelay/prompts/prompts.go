// Package prompts finds the audio of what a call is to say or play: stored
// prompts by name or text, synthesized speech, and sound files in the cloud's
// store. It decides where to look and keeps what it found; when and to whom
// audio is played is left to mediarelay/call.
package prompts

import (
	"context"
	"encoding/xml"
	"io"
	"io/fs"
	"strings"
	"sync"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/mediarelay/media/wav"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/sma"
	"huawu/shared/speech"
)

// Bounds of what one prompt may be.
const (
	maxSound = 50 << 20 // bytes of a sound file; the limit of the SIP media application contract
	maxKept  = 512      // clips in memory
)

// Prompts is a call.Prompts. It is safe for use by all calls.
type Prompts struct {
	library *speech.Library
	blobs   cloud.Blobs

	mu   sync.Mutex
	kept map[string]media.Clip
}

// New returns prompts that speak by library and read sound files from blobs.
func New(library *speech.Library, blobs cloud.Blobs) *Prompts {
	return &Prompts{library: library, blobs: blobs, kept: map[string]media.Clip{}}
}

// Decode reads a WAV file into samples at 8 kHz, one channel.
func Decode(raw []byte) ([]int16, error) {
	sound, err := wav.Decode(raw)
	if err != nil {
		return nil, err
	}
	return sound.Telephone(), nil
}

// Clip returns the audio of a prompt.
func (p *Prompts) Clip(ctx context.Context, want call.Prompt) (media.Clip, error) {
	key, find := p.source(want)
	p.mu.Lock()
	clip, ok := p.kept[key]
	p.mu.Unlock()
	if ok {
		return clip, nil
	}
	pcm, err := find(ctx)
	if err != nil {
		return media.Clip{}, err
	}
	clip = media.NewClip(pcm)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= maxKept { // rare: texts with names or numbers in them
		clear(p.kept)
	}
	p.kept[key] = clip
	return clip, nil
}

// source says under which name a prompt is kept, and how it is found. What one
// tenant stores is never played to another.
func (p *Prompts) source(want call.Prompt) (key string, find func(context.Context) ([]int16, error)) {
	m := want.Message
	language := want.Language
	if m.LanguageCode != "" {
		language = m.LanguageCode
	}
	switch {
	case m.PromptID != "":
		return "prompt\x00" + language + "\x00" + m.PromptID, func(context.Context) ([]int16, error) {
			return p.library.Prompt(m.PromptID, language)
		}
	case m.AudioSource != nil:
		return "sound\x00" + want.Tenant + "\x00" + m.AudioSource.BucketName + "\x00" + m.AudioSource.Key, func(ctx context.Context) ([]int16, error) {
			return p.sound(ctx, want.Tenant, *m.AudioSource)
		}
	}
	voice := speech.Voice{Language: language, ID: m.VoiceID}
	return "text\x00" + speech.Hash(m.Text, voice), func(ctx context.Context) ([]int16, error) {
		text, err := words(m.Speech)
		if err != nil {
			return nil, err
		}
		return p.library.Speak(ctx, text, voice)
	}
}

// words returns what a Speak action says, without markup.
func words(s sma.Speech) (string, error) {
	text := s.Text
	if strings.EqualFold(string(s.TextType), "ssml") {
		plain, err := plainText(text)
		if err != nil {
			return "", err
		}
		text = plain
	}
	if strings.TrimSpace(text) == "" {
		return "", fault.New(fault.Invalid, "nothing to say")
	}
	return text, nil
}

// plainText takes the words out of SSML; an alias (<sub alias="…">) is said
// instead of what it stands for.
func plainText(ssml string) (string, error) {
	in := xml.NewDecoder(strings.NewReader(ssml))
	var out strings.Builder
	skip := 0
	for {
		token, err := in.Token()
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return "", fault.Wrap(fault.Invalid, err, "read SSML")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if skip > 0 {
				skip++
				continue
			}
			for _, a := range t.Attr {
				if t.Name.Local == "sub" && a.Name.Local == "alias" {
					out.WriteString(a.Value)
					skip = 1
				}
			}
		case xml.EndElement:
			skip = max(0, skip-1)
			out.WriteByte(' ')
		case xml.CharData:
			if skip == 0 {
				out.Write(t)
			}
		}
	}
}

// sound reads a WAV file of a tenant from the store.
func (p *Prompts) sound(ctx context.Context, tenant string, from sma.AudioSource) ([]int16, error) {
	key := strings.TrimPrefix(from.Key, "/")
	if !fs.ValidPath(key) { // no way out of the tenant's folder
		return nil, fault.New(fault.Invalid, "sound without a plain key")
	}
	body, info, err := p.blobs.Get(ctx, "prompts/"+tenant+"/"+key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if info.Size > maxSound {
		return nil, fault.New(fault.Invalid, "sound is larger than 50 MB")
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxSound))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "read sound")
	}
	return Decode(raw)
}
