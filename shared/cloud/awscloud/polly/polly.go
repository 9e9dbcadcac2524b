// Package polly speaks text by Amazon Polly: one signed POST to SynthesizeSpeech,
// so that no second SDK client is linked. It decides which voice speaks where
// none is asked for; keeping what was spoken is the caller's business.
package polly

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// Rate is the sample rate of what is spoken, the telephone's.
const Rate = 8000

const (
	maxText  = 3000     // characters that Polly bills for one request
	maxAudio = 16 << 20 // bytes; 17 minutes at Rate
	attempts = 3
)

var patience = awscloud.Patience{Answer: 5 * time.Second}

// Polly speaks in one region. It is safe for use by many goroutines.
type Polly struct {
	polly    *awscloud.Signed
	endpoint string
}

// New returns a speaker in cfg.Region. Of the China regions only cn-northwest-1
// has Polly.
func New(cfg awscloud.Config) (*Polly, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	return &Polly{polly: cfg.Signed("polly", patience), endpoint: cfg.ServiceURL("polly")}, nil
}

// request is the body of SynthesizeSpeech.
// Source: Amazon Polly developer guide, "SynthesizeSpeech".
type request struct {
	Engine       string `json:"Engine"`
	LanguageCode string `json:"LanguageCode,omitempty"`
	OutputFormat string `json:"OutputFormat"`
	SampleRate   string `json:"SampleRate"`
	Text         string `json:"Text"`
	VoiceID      string `json:"VoiceId"`
}

// voice returns Polly's voice for a language (BCP 47), and its code there.
func voice(language string) (id, code string, ok bool) {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "zh", "cmn":
		return "Zhiyu", "cmn-CN", true
	case "en":
		return "Joanna", "en-US", true
	case "ja":
		return "Takumi", "ja-JP", true
	case "ko":
		return "Seoyeon", "ko-KR", true
	}
	return "", "", false
}

// Speak returns 16-bit samples at Rate, one channel. voiceID may be empty: then
// the language's usual voice speaks. A text longer than Polly takes, or a
// language without a voice, is fault.Invalid.
func (p *Polly) Speak(ctx context.Context, text, language, voiceID string) ([]int16, error) {
	usual, code, ok := voice(language)
	if !ok && voiceID == "" {
		return nil, fault.New(fault.Invalid, "polly: no voice for language %q", language)
	}
	if n := len([]rune(text)); n == 0 || n > maxText {
		return nil, fault.New(fault.Invalid, "polly: text of %d characters, want 1 to %d", n, maxText)
	}
	if voiceID == "" {
		voiceID = usual
	}
	body, err := json.Marshal(request{Engine: "neural", LanguageCode: code, OutputFormat: "pcm", SampleRate: "8000", Text: text, VoiceID: voiceID})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "polly: request")
	}
	for i := 1; ; i++ {
		pcm, err := p.post(ctx, body)
		kind := fault.KindOf(err)
		if i == attempts || kind != fault.Throttled && kind != fault.Unavailable {
			return pcm, err
		}
		select {
		case <-time.After(time.Duration(i) * 200 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (p *Polly) post(ctx context.Context, body []byte) ([]int16, error) {
	res, err := p.polly.Post(ctx, p.endpoint+"/v1/speech", body, "Content-Type", "application/json")
	if err != nil {
		return nil, awscloud.Wrap(err, "polly")
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAudio))
	if res.StatusCode != http.StatusOK {
		return nil, fault.New(awscloud.StatusKind(res.StatusCode), "polly: status %d %s", res.StatusCode, res.Header.Get("X-Amzn-Errortype"))
	}
	if err != nil {
		return nil, awscloud.Wrap(err, "polly: read audio")
	}
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return pcm, nil
}
