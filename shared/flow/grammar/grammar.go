// Package grammar understands what a caller says or types by keywords: the bot
// that works without any service. A grammar is a small JSON file of intents with
// phrases per language, keys for those who cannot or will not speak, and slots.
//
// It decides which intent a text means and what it names. Turning audio into
// text is left to shared/speech/understand, and what an intent leads to to the
// flow.
package grammar

import (
	"encoding/json"
	"slices"
	"strings"

	"huawu/shared/fault"
)

// Limits of a grammar.
const (
	MaxBytes   = 256 << 10
	MaxIntents = 200
	MaxPhrases = 200 // of an intent in a language
	maxText    = 1000
)

// Fallback is the intent of a text that means none of them, as Amazon Lex V2
// names it.
const Fallback = "FallbackIntent"

// Grammar is a bot's intents. It never changes and may be shared.
type Grammar struct {
	Name    string   `json:"name,omitempty"`
	Intents []Intent `json:"intents"`
}

// Intent is one thing a caller may want.
type Intent struct {
	Name    string              `json:"name"`
	Keys    []string            `json:"keys,omitempty"`    // digits that mean it
	Phrases map[string][]string `json:"phrases,omitempty"` // by language (zh-CN, or zh for all of it): words that all have to occur, apart by spaces
	Slots   []Slot              `json:"slots,omitempty"`
}

// Slot is something an intent's text may name.
type Slot struct {
	Name   string              `json:"name"`
	Digits int                 `json:"digits,omitempty"` // at least so many digits in a row
	Values map[string][]string `json:"values,omitempty"` // words by the value they stand for
}

// Heard is what a caller said or typed.
type Heard struct {
	Language string // BCP 47
	Text     string
	Keys     string // of the telephone, in place of a text
}

// Meaning is what a text means.
type Meaning struct {
	Intent string            // Fallback if none
	Slots  map[string]string // those that were named
	Score  int               // how much of the text was understood, 0 to 100
	Others []Meaning         // what else it may mean, the likelier first; without others of their own
}

// Read reads a grammar and refuses one that cannot work.
func Read(data []byte) (*Grammar, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Invalid, "grammar: %d bytes, at most %d are allowed", len(data), MaxBytes)
	}
	var g Grammar
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "grammar")
	}
	return &g, g.check()
}

func (g *Grammar) check() error {
	if len(g.Intents) == 0 || len(g.Intents) > MaxIntents {
		return fault.New(fault.Invalid, "grammar: %d intents, want 1 to %d", len(g.Intents), MaxIntents)
	}
	keys, names := map[string]string{}, map[string]bool{}
	for n := range g.Intents {
		i := &g.Intents[n]
		if i.Name == "" || names[i.Name] || i.Name == Fallback {
			return fault.New(fault.Invalid, "grammar: intents[%d].name %.40q: missing, used twice or reserved", n, i.Name)
		}
		names[i.Name] = true
		for _, key := range i.Keys {
			if key == "" || len(key) > 20 || strings.Trim(key, "0123456789*#") != "" {
				return fault.New(fault.Invalid, "grammar: intent %.40q: keys: %.20q is not of 0-9 * #", i.Name, key)
			}
			if other := keys[key]; other != "" {
				return fault.New(fault.Invalid, "grammar: intents %.40q and %.40q have the same keys %s", other, i.Name, key)
			}
			keys[key] = i.Name
		}
		for language, list := range i.Phrases {
			if len(list) > MaxPhrases || slices.ContainsFunc(list, func(p string) bool { return len(words(p)) == 0 }) {
				return fault.New(fault.Invalid, "grammar: intent %.40q: phrases.%.20s: one is empty, or more than %d", i.Name, language, MaxPhrases)
			}
		}
		if len(i.Keys) == 0 && len(i.Phrases) == 0 {
			return fault.New(fault.Invalid, "grammar: intent %.40q: neither phrases nor keys", i.Name)
		}
		for _, s := range i.Slots {
			if s.Name == "" || s.Digits < 0 || (s.Digits > 0) == (len(s.Values) > 0) {
				return fault.New(fault.Invalid, "grammar: intent %.40q: slot %.40q: want a name, and either digits or values", i.Name, s.Name)
			}
		}
	}
	return nil
}

// Keys returns the length of the longest keys that mean an intent, 0 if none do.
func (g *Grammar) Keys() int {
	longest := 0
	for _, i := range g.Intents {
		for _, k := range i.Keys {
			longest = max(longest, len(k))
		}
	}
	return longest
}

// Understand says what a caller means. Of two intents the one that accounts for
// more of the text is meant; of equal ones the first.
func (g *Grammar) Understand(h Heard) Meaning {
	if h.Keys != "" {
		for _, i := range g.Intents {
			if slices.Contains(i.Keys, h.Keys) {
				return Meaning{Intent: i.Name, Slots: map[string]string{}, Score: 100}
			}
		}
		return Meaning{Intent: Fallback, Slots: map[string]string{}}
	}
	text := normal(h.Text)
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText])
	}
	all := len([]rune(strings.ReplaceAll(text, " ", "")))
	var list []Meaning
	for n := range g.Intents {
		i := &g.Intents[n]
		best := 0
		for _, phrase := range i.phrases(h.Language) {
			best = max(best, matched(text, phrase))
		}
		if best > 0 {
			list = append(list, Meaning{Intent: i.Name, Slots: i.slots(text), Score: min(100, 100*best/max(all, 1))})
		}
	}
	slices.SortStableFunc(list, func(a, b Meaning) int { return b.Score - a.Score })
	if len(list) == 0 {
		return Meaning{Intent: Fallback, Slots: map[string]string{}}
	}
	meaning := list[0]
	if len(list) > 1 {
		meaning.Others = list[1:]
	}
	return meaning
}

// phrases are those of a language: zh-CN first, then zh; without either all.
func (i *Intent) phrases(language string) []string {
	base, _, _ := strings.Cut(language, "-")
	var list, all []string
	for name, phrases := range i.Phrases {
		all = append(all, phrases...)
		if own, _, _ := strings.Cut(name, "-"); strings.EqualFold(name, language) || strings.EqualFold(name, base) || strings.EqualFold(own, base) && base != "" {
			list = append(list, phrases...)
		}
	}
	if list == nil && base == "" {
		return all
	}
	return list
}

// matched returns how many characters of a text a phrase accounts for, 0 if one
// of its words does not occur.
func matched(text, phrase string) int {
	n := 0
	for _, w := range words(phrase) {
		if !occurs(text, w) {
			return 0
		}
		n += len([]rune(w))
	}
	return n
}

// occurs reports whether a word occurs in a text. In scripts with spaces it has
// to be a whole word.
func occurs(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		if edge(text[:at], word, true) && edge(text[at+len(word):], word, false) {
			return true
		}
		from = at + 1
	}
}

// edge reports whether a word ends where the rest of a text begins.
func edge(rest, word string, before bool) bool {
	if rest == "" {
		return true
	}
	r, w := []rune(rest), []rune(word)
	inside, outer := w[len(w)-1], r[0]
	if before {
		inside, outer = w[0], r[len(r)-1]
	}
	return !spaced(inside) || !spaced(outer)
}

func (i *Intent) slots(text string) map[string]string {
	found := map[string]string{}
	for _, s := range i.Slots {
		if s.Digits > 0 {
			if d := digits(text); len(d) >= s.Digits {
				found[s.Name] = d
			}
			continue
		}
		longest := 0
		for _, value := range sortedKeys(s.Values) {
			for _, word := range append([]string{value}, s.Values[value]...) {
				if w := normal(word); w != "" && len(w) > longest && occurs(text, w) {
					found[s.Name], longest = value, len(w)
				}
			}
		}
	}
	return found
}
