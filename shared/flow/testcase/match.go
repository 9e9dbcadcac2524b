package testcase

import (
	"strings"
	"unicode"

	"huawu/shared/flow"
	"huawu/shared/sma"
)

// likeEnough is the share of letter pairs that two texts must have in common to
// be similar. The service compares meanings; offline it is the words that count.
const likeEnough = 0.6

// sound is one message to the caller.
type sound struct {
	text   string
	prompt string // id
	media  string // bucket/key
}

// String says what the caller hears.
func (s sound) String() string {
	switch {
	case s.prompt != "":
		return "prompt " + s.prompt
	case s.media != "":
		return "sound " + s.media
	}
	return `"` + s.text + `"`
}

// sounds are the messages of a batch, in order. The parts of a text that is too
// long for one action are one message.
func sounds(batch []sma.Action) []sound {
	var list []sound
	spoken := false // the last one is a text of the same flow action
	say := func(text string) {
		if spoken {
			list[len(list)-1].text += text
		} else if strings.TrimSpace(withoutTags(text)) != "" {
			list, spoken = append(list, sound{text: text}), true
		}
	}
	play := func(s sma.AudioSource, o *sma.MediaOptions) {
		spoken = false
		list = append(list, recorded(s, o))
	}
	message := func(m sma.Message) {
		spoken = false
		switch {
		case m.PromptID != "":
			list = append(list, sound{prompt: m.PromptID})
		case m.AudioSource != nil:
			list = append(list, recorded(*m.AudioSource, nil))
		case strings.TrimSpace(withoutTags(m.Text)) != "":
			list = append(list, sound{text: m.Text})
		}
	}
	for i := range batch {
		switch a := batch[i].Parameters.(type) {
		case *sma.Speak:
			say(a.Text)
		case *sma.SpeakAndGetDigits:
			say(a.SpeechParameters.Text)
		case *sma.PlayAudio:
			play(a.AudioSource, a.Huawu)
		case *sma.PlayAudioAndGetDigits:
			play(a.AudioSource, a.Huawu)
		case *sma.CollectDigits:
			for _, m := range a.Prompts {
				message(m)
			}
		case *sma.PlayLoop:
			for _, m := range a.Messages {
				message(m)
			}
		case *sma.StartBotConversation:
			if a.Configuration != nil {
				for _, m := range a.Configuration.WelcomeMessages {
					message(sma.Message{Speech: sma.Speech{Text: m.Content}})
				}
			}
		}
	}
	return list
}

func recorded(s sma.AudioSource, o *sma.MediaOptions) sound {
	if o != nil && o.PromptID != "" {
		return sound{prompt: o.PromptID}
	}
	return sound{media: s.BucketName + "/" + s.Key}
}

// hears reports whether a message is the one that is wanted. expand resolves
// references of the test case.
func (m Message) hears(s sound, expand func(flow.Template) string) bool {
	switch {
	case !m.PromptID.Absent():
		return s.prompt != "" && s.prompt == flow.ResourceID(expand(m.PromptID))
	case !m.MediaURI.Absent():
		return s.media != "" && s.media == bucketKey(expand(m.MediaURI))
	}
	want := expand(m.wanted())
	switch {
	case want == "":
		return m.wanted().Absent()
	case s.text == "":
		return false
	case m.Inclusion:
		return strings.Contains(folded(s.text), folded(want))
	}
	return likeness(want, s.text) >= likeEnough
}

// wanted is the text of a message, absent if it is no text.
func (m Message) wanted() flow.Template {
	if m.Text.Absent() {
		return m.SSML
	}
	return m.Text
}

// bucketKey reads s3://bucket/key and https://bucket.s3.region.amazonaws.com/key.
func bucketKey(uri string) string {
	if rest, ok := strings.CutPrefix(uri, "s3://"); ok {
		return rest
	}
	host, key, _ := strings.Cut(strings.TrimPrefix(uri, "https://"), "/")
	bucket, _, _ := strings.Cut(host, ".s3")
	return bucket + "/" + key
}

// withoutTags takes the markup out of SSML.
func withoutTags(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	var b strings.Builder
	in := false
	for _, c := range text {
		switch {
		case c == '<':
			in = true
		case c == '>' && in:
			in = false
		case !in:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// folded is text without markup, in lower case, with single blanks.
func folded(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(withoutTags(text)), " "))
}

// likeness is how much two texts are alike, 0 to 1: the share of pairs of
// letters they have in common (Dice's coefficient), whatever punctuation says. A
// text of at least two words' length that the other one holds is alike too.
func likeness(a, b string) float64 {
	x, y := letters(a), letters(b)
	if string(x) == string(y) {
		return 1
	}
	if len(x) >= 8 && strings.Contains(string(y), string(x)) || len(y) >= 8 && strings.Contains(string(x), string(y)) {
		return 1
	}
	if len(x) < 2 || len(y) < 2 {
		return 0
	}
	pairs := map[[2]rune]int{}
	for i := range len(x) - 1 {
		pairs[[2]rune{x[i], x[i+1]}]++
	}
	shared := 0
	for i := range len(y) - 1 {
		if p := [2]rune{y[i], y[i+1]}; pairs[p] > 0 {
			pairs[p]--
			shared++
		}
	}
	return 2 * float64(shared) / float64(len(x)+len(y)-2)
}

// letters are the letters and digits of a text in lower case.
func letters(text string) []rune {
	var list []rune
	for _, c := range strings.ToLower(withoutTags(text)) {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			list = append(list, c)
		}
	}
	return list
}
