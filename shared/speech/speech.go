// Package speech turns text into audio for the telephone. It decides which
// words are spoken from a stored prompt and keeps what a synthesizer made, by
// the hash of its text; how a synthesizer works is left to its own room
// (shared/speech/espeak on a laptop, Polly in the cloud).
package speech

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Rate is the sample rate of all audio here, in samples per second: that of G.711.
const Rate = 8000

// Voice says how to speak. Language is a BCP 47 tag such as "zh-CN"; ID names a
// provider's voice ("Zhiyu") and may be empty.
type Voice struct {
	Language string `json:"language"`
	ID       string `json:"id,omitempty"`
}

// Synthesizer speaks a text as 16-bit samples at Rate, one channel. A text that
// it cannot read aloud correctly is fault.Invalid, a provider that is not there
// fault.Unavailable.
type Synthesizer interface {
	Speak(ctx context.Context, text string, v Voice) ([]int16, error)
}

// Hash names a spoken text: the same text in the same voice has the same hash,
// other white space included. It is 32 hexadecimal digits.
func Hash(text string, v Voice) string {
	sum := sha256.Sum256([]byte(strings.ToLower(v.Language) + "\x00" + v.ID + "\x00" + strings.Join(strings.Fields(text), " ")))
	return hex.EncodeToString(sum[:16])
}

// Supported lists the languages that every part of the product speaks, the
// first one first.
func Supported() []string { return []string{"zh-CN", "en-US", "ja-JP", "ko-KR"} }

// Folder returns the folder of prompts for a language tag: "zh-CN", "en", "ja"
// or "ko", and "" for a language that has none.
func Folder(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "zh", "cmn":
		return "zh-CN"
	case "en", "ja", "ko":
		return base
	}
	return ""
}
