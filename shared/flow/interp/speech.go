package interp

import (
	"strings"
	"unicode/utf8"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// voice is a voice with its language, as the relay's synthesiser knows them.
type voice struct {
	id       string
	language string // BCP 47
}

// voices returns the known voice names of flows and the language each speaks.
// Source: Amazon Polly, "Available voices".
func voiceLanguage(id string) string {
	switch id {
	case "Zhiyu":
		return "cmn-CN"
	case "Hiujin":
		return "yue-CN"
	case "Mizuki", "Takumi", "Kazuha", "Tomoko":
		return "ja-JP"
	case "Seoyeon", "Jihye":
		return "ko-KR"
	case "Joanna", "Matthew", "Ivy", "Justin", "Kendra", "Kimberly", "Salli", "Joey", "Kevin", "Ruth", "Stephen", "Danielle", "Gregory", "Patrick":
		return "en-US"
	case "Amy", "Emma", "Brian", "Arthur":
		return "en-GB"
	case "Nicole", "Russell", "Olivia":
		return "en-AU"
	case "Aditi", "Raveena", "Kajal":
		return "en-IN"
	case "Penelope", "Miguel", "Lupe", "Pedro":
		return "es-US"
	case "Conchita", "Enrique", "Lucia", "Sergio":
		return "es-ES"
	case "Mia", "Andres":
		return "es-MX"
	case "Chantal", "Gabrielle", "Liam":
		return "fr-CA"
	case "Celine", "Mathieu", "Lea", "Remi":
		return "fr-FR"
	case "Marlene", "Hans", "Vicki", "Daniel":
		return "de-DE"
	case "Carla", "Giorgio", "Bianca", "Adriano":
		return "it-IT"
	case "Vitoria", "Ricardo", "Camila", "Thiago":
		return "pt-BR"
	}
	return ""
}

// languageVoice returns the voice of a language when a flow has set none.
func languageVoice(language string) voice {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "zh", "cmn":
		return voice{"Zhiyu", "cmn-CN"}
	case "yue":
		return voice{"Hiujin", "yue-CN"}
	case "ja":
		return voice{"Takumi", "ja-JP"}
	case "ko":
		return voice{"Seoyeon", "ko-KR"}
	case "es":
		return voice{"Lupe", "es-US"}
	case "fr":
		return voice{"Lea", "fr-FR"}
	case "de":
		return voice{"Vicki", "de-DE"}
	}
	return voice{"Joanna", "en-US"}
}

// voice returns what the contact is spoken to with.
func (r *run) voice() voice {
	if id := r.s.Voice.ID; id != "" {
		return voice{id, orElse(voiceLanguage(id), orElse(r.s.Language, r.env.Language))}
	}
	return languageVoice(orElse(r.s.Language, r.env.Language))
}

// language returns the contact's language as BCP 47 writes it.
func (r *run) language() string {
	if r.s.Language != "" {
		return r.s.Language
	}
	if l := r.voice().language; l != "cmn-CN" {
		return l
	}
	return "zh-CN"
}

// prompts are the parameters of every action that plays something: exactly one
// of them is set.
type prompts struct {
	PromptID flow.Template `json:"PromptId"`
	Text     flow.Template
	SSML     flow.Template
	Media    *media
}

// media is a sound in a bucket.
type media struct {
	URI        flow.Template `json:"Uri"`
	SourceType flow.Template
	MediaType  flow.Template
}

// said is a prompt with its references resolved.
type said struct {
	speech   sma.Speech
	promptID string
	source   sma.AudioSource
}

// say resolves a prompt. It is empty if there is nothing to play, and ok is
// false if it cannot be played.
func (r *run) say(p *prompts) (s said, ok bool) {
	switch {
	case !p.PromptID.Absent():
		id := flow.ResourceID(r.expand(p.PromptID))
		if id == "" || r.env.PromptBucket == "" && !r.can(sma.CanMediaOptions) {
			return said{}, false
		}
		s.promptID = id
		if r.env.PromptBucket != "" {
			s.source = sma.AudioSource{Type: "S3", BucketName: r.env.PromptBucket, Key: "prompts/" + id + ".wav"}
		}
		return s, true
	case p.Media != nil:
		return r.sayMedia(p.Media)
	case !p.SSML.Absent():
		return said{speech: r.speech(r.expand(p.SSML), true)}, true
	}
	return said{speech: r.speech(r.expand(p.Text), false)}, true
}

// sayMedia reads s3://bucket/key and https://bucket.s3.region.amazonaws.com/key.
func (r *run) sayMedia(m *media) (said, bool) {
	uri := r.expand(m.URI)
	if rest, ok := strings.CutPrefix(uri, "s3://"); ok {
		bucket, key, ok := strings.Cut(rest, "/")
		return said{source: sma.AudioSource{Type: "S3", BucketName: bucket, Key: key}}, ok && bucket != "" && key != ""
	}
	rest, ok := strings.CutPrefix(uri, "https://")
	host, key, _ := strings.Cut(rest, "/")
	if bucket, _, virtual := strings.Cut(host, ".s3"); ok && virtual && key != "" {
		return said{source: sma.AudioSource{Type: "S3", BucketName: bucket, Key: key}}, true
	}
	return said{}, false
}

// speech is a text in the contact's voice. SSML that is no markup is plain text.
func (r *run) speech(text string, ssml bool) sma.Speech {
	v := r.voice()
	s := sma.Speech{Text: text, LanguageCode: v.language, VoiceID: v.id}
	if ssml && strings.HasPrefix(strings.TrimSpace(text), "<speak") {
		s.TextType = "ssml"
	}
	switch r.s.Voice.Engine {
	case "Neural", "neural":
		s.Engine = "neural"
	case "Standard", "standard":
		s.Engine = "standard"
	}
	return s
}

func (s said) empty() bool {
	return s.promptID == "" && s.source.Key == "" && strings.TrimSpace(s.speech.Text) == ""
}

// options returns the extension part of a played prompt.
func (r *run) options(s said) *sma.MediaOptions {
	if s.promptID == "" || !r.can(sma.CanMediaOptions) {
		return nil
	}
	return &sma.MediaOptions{PromptID: s.promptID}
}

// actions returns the call control actions that play s once.
func (r *run) actions(s said) []sma.Parameters {
	if s.promptID != "" || s.source.Key != "" {
		return []sma.Parameters{&sma.PlayAudio{Target: r.leg(), AudioSource: s.source, Huawu: r.options(s)}}
	}
	var list []sma.Parameters
	for _, part := range splitSpeech(s.speech) {
		list = append(list, &sma.Speak{Target: r.leg(), Speech: part})
	}
	return list
}

// messages returns s as items of a playlist.
func (s said) messages() []sma.Message {
	switch {
	case s.promptID != "":
		return []sma.Message{{PromptID: s.promptID}}
	case s.source.Key != "":
		return []sma.Message{{AudioSource: &s.source}}
	}
	var list []sma.Message
	for _, part := range splitSpeech(s.speech) {
		list = append(list, sma.Message{Speech: part})
	}
	return list
}

// splitSpeech cuts a text that is too long for one action at the ends of
// sentences. Markup is not cut: the relay refuses it, which is the error branch.
func splitSpeech(s sma.Speech) []sma.Speech {
	if s.TextType == "ssml" || utf8.RuneCountInString(s.Text) <= sma.MaxSpeechCharacters {
		return []sma.Speech{s}
	}
	var list []sma.Speech
	rest := []rune(s.Text)
	for len(rest) > 0 && len(list) < sma.MaxActions-1 {
		n := min(len(rest), sma.MaxSpeechCharacters)
		if n < len(rest) {
			for cut := n; cut > n/2; cut-- {
				if strings.ContainsRune("。！？.!?;；\n", rest[cut-1]) {
					n = cut
					break
				}
			}
		}
		part := s
		part.Text = string(rest[:n])
		list, rest = append(list, part), rest[n:]
	}
	return list
}
